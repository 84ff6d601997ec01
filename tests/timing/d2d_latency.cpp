// SPDX-License-Identifier: Apache-2.0
// Latency of a packet through an empty fabric, against the closed form.
#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {
// From the offer: network interface, a cycle to the router, per router 12 flit cycles, per link 16, and the
// flits behind the first.
Tick zero_load(const D2dFormat& format, unsigned hops, std::uint32_t flits) {
  return format.ni_latency() + (1 + 12 * (hops + 1) + 16 * hops + flits - 1) * format.cycle();
}
}  // namespace

TEST_CASE("a packet crosses an empty mesh in the closed form of its hops") {
  const D2dParams params = round_params();
  Fabric f(4, 4, params);
  REQUIRE(f.format.cycle() == 256 * kPicosecond);
  Tick start = 1024 * kNanosecond;
  std::vector<Tick> expected(16, 0);
  for (unsigned to = 1; to < 16; ++to, start += 1024 * kNanosecond) {
    f.at(start, 0, [&f, to] {
      f.dies[0]->write(f.sram(to, 0), 256, 0, [](TrainExtension& e) { e.signal_event = 3; });
    });
    expected[to] = start + zero_load(f.format, f.mesh.hops(NodeId(0), NodeId(to)), 4);
  }
  f.run();
  for (unsigned to = 1; to < 16; ++to) {
    REQUIRE(f.srams[to]->accesses.size() == 1);
    CHECK(f.srams[to]->accesses[0].at == expected[to]);
    REQUIRE(f.dies[to]->signals.size() == 1);
    CHECK(f.dies[to]->signals[0].at == expected[to] + 10 * kNanosecond);
  }
  CHECK(f.settled());
}

TEST_CASE("the default link takes 4.02 ns to half a flit cycle, and a full packet 289 bytes of 288 GB/s") {
  const D2dParams params;
  Fabric f(1, 2, params);
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(1, 0), 256); });
  f.run();
  // Ready at the first flit cycle after 2 ns; then 1 + 2 routers + 1 link + 3 flits.
  const Tick cycle = 250'868;
  const Tick tail = (8 + 1 + 2 * 12 + 16 + 3) * cycle;
  REQUIRE(f.srams[1]->accesses.size() == 1);
  CHECK(f.srams[1]->accesses[0].at == tail);
  CHECK(f.link(0, 1).busy == 4 * cycle);
  CHECK(f.link(0, 1).wire_bytes == 289);
  CHECK(f.link(0, 1).peak_bytes_per_s == 288e9);
}

TEST_CASE("a remote read takes the way there, the memory, and the way back") {
  const D2dParams params = round_params();
  Fabric f(2, 2, params);
  const Tick start = 1024 * 100 * kPicosecond;
  f.at(start, 0, [&] { f.dies[0]->read(f.memory(3, 64), 256); });
  f.run();
  REQUIRE(f.dies[0]->responses.size() == 1);
  const FakeDie::Response& r = f.dies[0]->responses[0];
  const Tick there = zero_load(f.format, 2, 1);
  // The response is ready at the flit cycle that follows.
  const Tick ready =
      f.format.time_of(f.format.cycle_at_or_after(start + there + 10 * kNanosecond + f.format.ni_latency()));
  CHECK(r.at == ready + zero_load(f.format, 2, 4) - f.format.ni_latency());
  CHECK(f.causes_sum(r.causes) == r.at - r.offered);
  CHECK(r.causes[static_cast<std::size_t>(Cause::memory_transfer)] == 10 * kNanosecond);
  CHECK(r.causes[static_cast<std::size_t>(Cause::fabric_latency)] ==
        2 * (f.format.ni_latency() + (1 + 3 * 12 + 2 * 16) * f.format.cycle()));
  CHECK(r.causes[static_cast<std::size_t>(Cause::fabric_queue)] < f.format.cycle());
  CHECK(f.settled());
}
