// SPDX-License-Identifier: Apache-2.0
// Latency of a packet through an empty fabric, against the closed form.
#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {
// Head: NI, then per router its pipeline, per link its latency. Tail: the serialisation of the slowest step.
Tick zero_load(const D2dFormat& format, unsigned hops, std::uint32_t bytes, std::uint32_t flits) {
  const Tick head = format.ni_latency() + (hops + 1) * format.pipeline() + hops * format.link_latency();
  return head + std::max(format.link_clock().edge(bytes), format.local_clock().edge(flits * 64));
}
}  // namespace

TEST_CASE("a packet crosses an empty mesh in the closed form of its hops") {
  const D2dParams params = round_params();
  Fabric f(4, 4, params);
  Tick start = 1000 * kNanosecond;
  std::vector<Tick> expected(16, 0);
  for (unsigned to = 1; to < 16; ++to, start += 1000 * kNanosecond) {
    f.at(start, 0, [&f, to] {
      f.dies[0]->write(f.sram(to, 0), 256, 0, [](TrainExtension& e) { e.signal_event = 3; });
    });
    const unsigned hops = f.mesh.hops(NodeId(0), NodeId(to));
    expected[to] = start + zero_load(f.format, hops, 256, 4);
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

TEST_CASE("the default link takes 4.02 ns and a full packet 289 bytes of a 288 GB/s link") {
  const D2dParams params;
  Fabric f(1, 2, params);
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(1, 0), 256); });
  f.run();
  // The head leaves router 0 at 5 ns, on the next wire byte (3472.2 fs each); the tail 289 bytes later.
  const Clock wire(31250, 9);
  const std::uint64_t slot = wire.cycle_at_or_after(5 * kNanosecond);
  const Tick tail = wire.edge(slot + 289) + 4'020'000 + 3 * kNanosecond;
  REQUIRE(f.srams[1]->accesses.size() == 1);
  CHECK(f.srams[1]->accesses[0].at == tail);
  CHECK(f.links[0]->stats().busy == wire.edge(slot + 289) - wire.edge(slot));
  CHECK(f.links[0]->stats().peak_bytes_per_s == 288e9);
}

TEST_CASE("a remote read takes the way there, the memory, and the way back") {
  const D2dParams params = round_params();
  Fabric f(2, 2, params);
  f.at(100 * kNanosecond, 0, [&] { f.dies[0]->read(f.memory(3, 64), 256); });
  f.run();
  REQUIRE(f.dies[0]->responses.size() == 1);
  const FakeDie::Response& r = f.dies[0]->responses[0];
  // A packet without header and payload still takes one byte of a link and one flit of a buffer.
  const Tick there = zero_load(f.format, 2, 1, 1);
  const Tick back = zero_load(f.format, 2, 256, 4);
  CHECK(r.at == 100 * kNanosecond + there + 10 * kNanosecond + back);
  CHECK(f.causes_sum(r.causes) == r.at - r.offered);
  CHECK(r.causes[static_cast<std::size_t>(Cause::memory_transfer)] == 10 * kNanosecond);
  CHECK(r.causes[static_cast<std::size_t>(Cause::fabric_latency)] ==
        2 * (f.format.ni_latency() + 3 * f.format.pipeline() + 2 * f.format.link_latency()));
  CHECK(r.causes[static_cast<std::size_t>(Cause::fabric_transfer)] == 1024 * kPicosecond);
  // What the causes call queue is the request's own flit at the local port.
  CHECK(r.causes[static_cast<std::size_t>(Cause::fabric_queue)] == 200 * kPicosecond);
  CHECK(f.settled());
}
