// SPDX-License-Identifier: Apache-2.0
// Multicast sends on whole packages: every byte at every die, signals behind the data, slots and grants
// checked at each destination, the source read once, and time against separate sends; copied at the source
// or by the routers.
#include <algorithm>
#include <cstring>
#include <functional>

#include "tests/support/child.h"
#include "tests/support/package_bench.h"

using namespace moesaic;
using namespace moesaic::test;
using firmware::Hal;

namespace {

constexpr std::uint32_t kBytes = 40'000;
constexpr std::uint16_t kReady = 1, kLoaded = 2, kArrived = 3, kGranted = 4;
constexpr std::uint32_t kSent = 100, kHere = 200;
constexpr std::uint64_t kFrom = 4096, kTo = 65536;

PackageParams mesh(unsigned rows, unsigned columns) {
  PackageParams p;
  p.rows = rows;
  p.columns = columns;
  return p;
}

// Die `source` loads from its memory and, when all `receivers` are ready, runs `send`.
void source_sends(PackageBench& bench, unsigned source, unsigned receivers,
                  const std::function<void(Hal&)>& send) {
  bench.on(source, [=](Hal& hal) {
    firmware::Queue& queue = hal.queue(0);
    queue.push(firmware::slot_allocate(0, kFrom, kBytes));
    queue.push(firmware::load(firmware::memory_address(source, 0), hal.sram(kFrom), firmware::block(kBytes))
                   .then_local(kLoaded));
    queue.push(firmware::fence().wait(kLoaded, 1));
    queue.push(firmware::fence().wait(kGranted, receivers));
    send(hal);
    queue.push(firmware::fence().interrupt(kSent));
    queue.ring();
  });
}

// Opens a slot to `source`, says so, and notes when `arrivals` transfers have signalled their arrival.
void receives(PackageBench& bench, unsigned die, unsigned source, std::uint16_t granted) {
  bench.on(die, [=](Hal& hal) {
    hal.queue(0).push(firmware::slot_allocate(0, kTo, kBytes, granted));
    hal.queue(0).push(firmware::fence().then_signal(static_cast<std::uint16_t>(source), kGranted));
    hal.queue(0).push(firmware::fence().wait(kArrived, 1).interrupt(kHere));
    hal.queue(0).ring();
  });
}

bool arrived_whole(PackageBench& bench, unsigned die, unsigned source) {
  const auto bytes = bench.sram(die, kTo, kBytes);
  for (std::uint32_t i = 0; i < kBytes; ++i) {
    if (bytes[i] != pattern(source, i)) return false;
  }
  return true;
}

struct Sent {
  std::uint64_t sent = 0;     // cycle at which the source was done
  std::uint64_t arrived = 0;  // cycle at which the last die had it
  std::uint64_t source_reads = 0;
  std::uint64_t link_bytes = 0;  // payload of streams, summed over links
};

enum class Way { apart, copied_at_source, copied_by_routers };

// From the middle of a 3x3 mesh to all others, in one command or in one for each.
Sent broadcast(Way way, std::uint32_t sram_port = 512) {
  PackageParams p = mesh(3, 3);
  const bool as_multicast = way != Way::apart;
  p.d2d.router.multicast = way == Way::copied_by_routers;
  p.chiplet.sram.port_bytes_per_cycle = sram_port;
  PackageBench bench(p);
  constexpr unsigned kCentre = 4;
  source_sends(bench, kCentre, 8, [&](Hal& hal) {
    if (as_multicast) {
      hal.queue(0).push(firmware::multicast(hal.sram(kFrom), 0x1EF, kTo, firmware::block(kBytes))
                            .then_signal(MOESAIC_ANY_NODE, kArrived));
      return;
    }
    for (std::uint16_t die = 0; die < 9; ++die) {
      if (die != kCentre)
        hal.queue(0).push(
            firmware::send(hal.sram(kFrom), firmware::sram_address(die, kTo), firmware::block(kBytes))
                .then_signal(die, kArrived));
    }
  });
  for (unsigned die = 0; die < 9; ++die) {
    if (die != kCentre) receives(bench, die, kCentre, kCentre);
  }
  bench.run();
  REQUIRE(bench.faults.empty());
  Sent outcome{bench.done_at(kCentre, kSent), 0, bench.die(kCentre).sram.stats().ports[1].bytes_read, 0};
  const Topology shape(p.d2d.topology, 3, 3);
  for (const FabricLink& link : shape.links())
    outcome.link_bytes += bench.package.fabric->stats(link.from, link.out)
                              .payload_bytes_by_class[static_cast<std::size_t>(PacketClass::stream)];
  for (unsigned die = 0; die < 9; ++die) {
    if (die == kCentre) continue;
    CHECK(arrived_whole(bench, die, kCentre));
    CHECK(bench.die(die).network->stats().signals == 1);
    outcome.arrived = std::max(outcome.arrived, bench.done_at(die, kHere));
  }
  const DmaStats& dma = bench.die(kCentre).dma.stats();
  CHECK(dma.sent_bytes == 8 * kBytes);
  CHECK(dma.copied_bytes == (as_multicast ? 7 * kBytes : 0));
  CHECK(dma.sends == (as_multicast ? 1 : 8));
  return outcome;
}

}  // namespace

TEST_CASE("a multicast brings every byte to every die, and its signal behind them, reading SRAM once") {
  const Sent sent = broadcast(Way::copied_at_source);
  CHECK(sent.source_reads == kBytes);
  // Four dies are a link away, four two.
  CHECK(sent.link_bytes == 12 * kBytes);
}
TEST_CASE("a multicast that routers copy does the same, and crosses each link of its tree once") {
  const Sent sent = broadcast(Way::copied_by_routers);
  CHECK(sent.source_reads == kBytes);
  CHECK(sent.link_bytes == 8 * kBytes);
}
TEST_CASE("separate sends read SRAM once for every die") {
  CHECK(broadcast(Way::apart).source_reads == 8 * kBytes);
}

TEST_CASE("a multicast is no slower than separate sends, and faster where the source's SRAM is the limit") {
  const auto cycles = [](Way way, std::uint32_t port) {
    return numbers_from_child([=] {
      const Sent o = broadcast(way, port);
      return std::vector<std::uint64_t>{o.sent, o.arrived};
    });
  };
  const auto wide_together = cycles(Way::copied_at_source, 512);
  const auto wide_apart = cycles(Way::apart, 512);
  CHECK(wide_together.at(1) <= wide_apart.at(1));
  // 16 bytes a cycle: 2500 cycles to read the rows once. The rest of the way takes less than 1200.
  const auto narrow_together = cycles(Way::copied_at_source, 16);
  const auto narrow_apart = cycles(Way::apart, 16);
  CHECK(narrow_apart.at(1) - narrow_together.at(1) >= 7 * (kBytes / 16) - 1200);
  CHECK(narrow_apart.at(0) - narrow_together.at(0) >= 7 * (kBytes / 16) - 1200);
}

TEST_CASE("routers that copy bring 40000 bytes to eight dies in little more than the time of one copy") {
  const auto arrived = [](Way way) {
    return numbers_from_child([=] { return std::vector<std::uint64_t>{broadcast(way).arrived}; }).at(0);
  };
  const std::uint64_t apart = arrived(Way::copied_at_source), together = arrived(Way::copied_by_routers);
  // At 256 bytes in four flit cycles of 0.251 ns a copy takes 157 ns: at 800 MHz 125 cycles. Seven are saved.
  CHECK(apart - together > 7 * 125 - 60);
  CHECK(apart - together < 7 * 125 + 60);
}

namespace {
void gathers_and_adds(bool routers_copy) {
  PackageParams p = mesh(1, 3);
  p.d2d.router.multicast = routers_copy;
  PackageBench bench(p);
  constexpr std::uint32_t kRow = 64;
  bench.on(0, [](Hal& hal) {
    hal.write_list(0, {{0, 2, 1, 0, 0}, {0, 0, 3, 0, 0}});
    firmware::Queue& queue = hal.queue(0);
    queue.push(firmware::slot_allocate(0, kFrom, 4 * kRow));
    queue.push(firmware::vector_fill(kFrom, kRow / 4, 1, 100).then_local(kLoaded));
    queue.push(firmware::vector_fill(kFrom + kRow, kRow / 4, 2, 7).then_local(kLoaded));
    queue.push(firmware::fence().wait(kLoaded, 2));
    queue.push(firmware::fence().wait(kGranted, 2));
    queue.push(firmware::multicast(hal.sram(kFrom), 0b110, kTo, firmware::listed(kRow, 2, 0)).accumulate());
    queue.ring();
  });
  for (unsigned die = 1; die < 3; ++die) {
    bench.on(die, [](Hal& hal) {
      firmware::Queue& queue = hal.queue(0);
      queue.push(firmware::slot_allocate(3, kTo, 4 * kRow, MOESAIC_ANY_NODE));
      queue.push(firmware::vector_fill(kTo, kRow / 4, 4, 1000));
      queue.push(firmware::fence().then_signal(0, kGranted));
      queue.ring();
    });
  }
  bench.run();
  REQUIRE(bench.faults.empty());
  for (unsigned die = 1; die < 3; ++die) {
    const auto bytes = bench.sram(die, kTo, 4 * kRow);
    const std::uint32_t want[4] = {1000, 1007, 1000, 1100};
    for (std::uint32_t i = 0; i < kRow; ++i) {
      std::uint32_t value = 0;
      std::memcpy(&value, &bytes[i * 4], 4);
      CHECK(value == want[i / (kRow / 4)]);
    }
  }
}

}  // namespace
TEST_CASE("a multicast with a list gathers and scatters at every die, and can add on arrival") {
  gathers_and_adds(false);
}
TEST_CASE("so does a multicast that routers copy") {
  gathers_and_adds(true);
}

namespace {
void checks_slots(bool routers_copy) {
  PackageParams p = mesh(1, 3);
  p.d2d.router.multicast = routers_copy;
  PackageBench bench(p);
  source_sends(bench, 0, 2, [](Hal& hal) {
    hal.queue(0).push(firmware::multicast(hal.sram(kFrom), 0b110, kTo, firmware::block(kBytes))
                          .then_signal(MOESAIC_ANY_NODE, kArrived)
                          .tag(77));
  });
  receives(bench, 1, 0, 0);
  receives(bench, 2, 0, 1);  // granted to die 1, not to the source
  bench.run();
  CHECK(arrived_whole(bench, 1, 0));
  CHECK(bench.die(1).network->stats().signals == 1);
  REQUIRE(!bench.faults.empty());
  for (const Fault& fault : bench.faults) {
    CHECK(fault.node == NodeId(2));
    CHECK(fault.unit == UnitId::sram);
    CHECK(fault.tag == 77);
    CHECK(fault.what.find("without a grant; it is granted to die 1") != std::string::npos);
  }
  CHECK(bench.sram(2, kTo, kBytes) == std::vector<std::uint8_t>(kBytes, 0));
}

}  // namespace
TEST_CASE("slots and grants are checked at every die of a multicast by itself") {
  checks_slots(false);
}
TEST_CASE("slots and grants are checked at every die of a multicast that routers copy") {
  checks_slots(true);
}

TEST_CASE("a multicast without rows signals at all its dies") {
  PackageBench bench(mesh(2, 2));
  bench.on(3, [](Hal& hal) {
    firmware::Rows none = firmware::block(64);
    none.count = 0;
    hal.queue(0).push(
        firmware::multicast(hal.sram(0), 0b111, 0, none).then_signal(MOESAIC_ANY_NODE, kArrived, 2));
    hal.queue(0).ring();
  });
  for (unsigned die = 0; die < 3; ++die) {
    bench.on(die, [](Hal& hal) {
      hal.queue(0).push(firmware::fence().wait(kArrived, 2).interrupt(kHere));
      hal.queue(0).ring();
    });
  }
  bench.run();
  for (unsigned die = 0; die < 3; ++die) CHECK(bench.done_at(die, kHere) > 0);
}

namespace {
void arrive_in_order(bool routers_copy) {
  PackageParams p = mesh(2, 2);
  p.d2d.router.multicast = routers_copy;
  PackageBench bench(p);
  source_sends(bench, 0, 3, [](Hal& hal) {
    // The second overwrites the first; both signal. Channels are separate, so a fence keeps the order.
    firmware::Queue& queue = hal.queue(0);
    queue.push(firmware::multicast(hal.sram(kFrom + 256), 0b1110, kTo, firmware::block(kBytes - 256)));
    queue.push(firmware::fence());
    queue.push(firmware::multicast(hal.sram(kFrom), 0b1110, kTo, firmware::block(kBytes))
                   .then_signal(MOESAIC_ANY_NODE, kArrived));
  });
  for (unsigned die = 1; die < 4; ++die) receives(bench, die, 0, 0);
  bench.run();
  REQUIRE(bench.faults.empty());
  for (unsigned die = 1; die < 4; ++die) CHECK(arrived_whole(bench, die, 0));
}
}  // namespace
TEST_CASE("two multicasts of one queue arrive in order at every die") {
  arrive_in_order(false);
}
TEST_CASE("two multicasts of one queue that routers copy arrive in order at every die") {
  arrive_in_order(true);
}
