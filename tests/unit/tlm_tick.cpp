// SPDX-License-Identifier: Apache-2.0
// Ticks, clocks, printed times, addresses and trains.
#include <random>

#include "tests/catch.h"
#include "tlm/address_map.h"
#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"
#include "tlm/tick.h"
#include "tlm/train.h"

namespace moesaic {

TEST_CASE("edge n of a 24 GT/s clock is computed from n without drift") {
  const Clock ui = Clock::from_hz(24'000'000'000);
  CHECK(ui.edge(0) == 0);
  CHECK(ui.edge(1) == 41'666);  // 41666.67 fs
  CHECK(ui.edge(2) == 83'333);
  CHECK(ui.edge(3) == 125'000);
  // After an hour of edges there is still not a femtosecond of drift.
  CHECK(ui.edge(24'000'000'000) == kSecond);
  CHECK(ui.edge(24'000'000'000ull * 3600) == 3600 * kSecond);
  CHECK(ui.edge(24'000'000'000ull * 3600 + 1) == 3600 * kSecond + 41'666);
}

TEST_CASE("a clock's period of whole femtoseconds gives equidistant edges") {
  const Clock clock = Clock::from_hz(800'000'000);
  for (std::uint64_t n = 0; n < 10; ++n) CHECK(clock.edge(n) == n * 1'250'000);
  CHECK(clock.hz() == 800e6);
  CHECK(Clock(125'000, 3).hz() == 24e9);
}

TEST_CASE("the cycle at or after a time changes exactly at the edge") {
  for (const std::uint64_t hz :
       {24'000'000'000ull, 800'000'000ull, 1'333'333'333ull, 1'000'000ull, 1'000'000'000'000'000ull}) {
    const Clock clock = Clock::from_hz(hz);
    for (const std::uint64_t n : {1ull, 2ull, 3ull, 1000ull, 123'456'789ull}) {
      const Tick t = clock.edge(n);
      INFO("hz " << hz << ", edge " << n << " at " << t);
      CHECK(clock.cycle_at_or_after(t) == n);
      CHECK(clock.cycle_at_or_after(t + 1) == n + 1);
      CHECK(clock.cycle_at_or_before(t) == n);
      CHECK(clock.cycle_at_or_before(t - 1) == n - 1);
      if (t - clock.edge(n - 1) > 1) CHECK(clock.cycle_at_or_after(t - 1) == n);
    }
  }
}

TEST_CASE("cycle lookups are the inverse of edges for random clocks and times") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t den = 1 + random() % 1'000'000;
    const std::uint64_t num = den * (1 + random() % 1'000'000) + random() % den;
    const Clock clock(num, den);
    const Tick t = random() >> (random() % 64);
    const std::uint64_t after = clock.cycle_at_or_after(t);
    const std::uint64_t before = clock.cycle_at_or_before(t);
    INFO(num << "/" << den << " at " << t);
    REQUIRE(clock.edge(before) <= t);
    if (t < kNever / 2) {
      REQUIRE(clock.edge(after) >= t);
      REQUIRE(clock.edge(before + 1) > t);
      REQUIRE((after == 0 || clock.edge(after - 1) < t));
      REQUIRE(clock.after(t, 3) == clock.edge(after + 3));
    }
  }
}

TEST_CASE("two clocks of one frequency given differently have the same edges") {
  const Clock a(125'000, 3);
  const Clock b = Clock::from_hz(24'000'000'000);
  for (std::uint64_t n = 0; n < 1000; ++n) REQUIRE(a.edge(n * 7919) == b.edge(n * 7919));
}

TEST_CASE("times are printed in the largest unit that they reach, with three decimals") {
  CHECK(format_time(0) == "0 fs");
  CHECK(format_time(999) == "999 fs");
  CHECK(format_time(1000) == "1.000 ps");
  CHECK(format_time(41'666) == "41.666 ps");
  CHECK(format_time(999'999) == "999.999 ps");
  CHECK(format_time(kNanosecond) == "1.000 ns");
  CHECK(format_time(1'234'567'890) == "1.234 us");
  CHECK(format_time(12 * kMillisecond + 5 * kMicrosecond) == "12.005 ms");
  CHECK(format_time(3 * kSecond) == "3.000 s");
}

TEST_CASE("ticks and sc_time agree") {
  CHECK(to_sc_time(41'666) == sc_core::sc_time(41'666, sc_core::SC_FS));
  CHECK(to_tick(sc_core::sc_time(1.25, sc_core::SC_NS)) == 1'250'000);
  CHECK(now_tick() == 0);
}

TEST_CASE("an address gives back what it was made of") {
  for (const unsigned package : {0u, 1u, 255u}) {
    for (const unsigned node : {0u, 1u, 63u, 4095u}) {
      for (const auto unit : {AddressUnit::registers, AddressUnit::sram, AddressUnit::memory}) {
        for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, Address::kOffsetMask}) {
          const std::uint64_t a = Address::make(NodeId(node), unit, offset, package);
          REQUIRE(Address::package(a) == package);
          REQUIRE(index_of(Address::node(a)) == node);
          REQUIRE(Address::unit(a) == unit);
          REQUIRE(Address::offset(a) == offset);
        }
      }
    }
  }
}

TEST_CASE("a field that is too large does not spill into its neighbour") {
  CHECK(Address::package(Address::make(kNoNode, AddressUnit::sram, 0)) == 0);
  CHECK(Address::unit(Address::make(NodeId(1), AddressUnit::sram, ~std::uint64_t{0})) == AddressUnit::sram);
}

TEST_CASE("component ids are unique and order dies before units of the next die") {
  CHECK(component_id(NodeId(0), UnitId::scheduler_core) < component_id(NodeId(1), UnitId::router));
  CHECK(component_id(NodeId(2), UnitId::router) < component_id(NodeId(2), UnitId::memory));
  CHECK(component_id(NodeId(4095), UnitId::scheduler_core) < component_id(NodeId(0), UnitId::router, 1));
  CHECK(static_cast<unsigned>(UnitId::count) <= kUnitsPerNode);
}

TEST_CASE("a train knows its accesses") {
  const Train strided{0x1000, 64, 4, 256, 10};
  CHECK(strided.bytes() == 256);
  CHECK(strided.address_of(0) == 0x1000);
  CHECK(strided.address_of(3) == 0x1300);
  CHECK_FALSE(strided.contiguous());
  CHECK(Train{0, 64, 4, 64, 0}.contiguous());
  CHECK(Train{0, 64, 1, 0, 0}.contiguous());
  const Train block = Train::block(0x40, 4096);
  CHECK(block.count == 1);
  CHECK(block.bytes() == 4096);
  CHECK(block.contiguous());
  // 32-bit count and size do not overflow the product.
  CHECK(Train{0, 1u << 20, 1u << 20, 1u << 20, 0}.bytes() == std::uint64_t{1} << 40);
}

TEST_CASE("the train extension is cloned, copied and reset as a whole") {
  TrainExtension a;
  a.train = {0x1000, 64, 4, 256, 10};
  a.requester = NodeId(3);
  a.accumulate = true;
  a.signal_event = 5;
  a.causes[2] = 77;
  std::unique_ptr<TrainExtension> b(static_cast<TrainExtension*>(a.clone()));
  CHECK(b->train.stride == 256);
  CHECK(b->requester == NodeId(3));
  CHECK(b->causes[2] == 77);
  TrainExtension c;
  c.copy_from(a);
  CHECK(c.signal_event == 5);
  c.reset();
  CHECK(c.signal_event == TrainExtension::kNoSignal);
  CHECK(c.requester == kNoNode);
  CHECK(c.causes[2] == 0);
  CHECK_FALSE(c.accumulate);
}

}  // namespace moesaic
