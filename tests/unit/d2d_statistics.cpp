// SPDX-License-Identifier: Apache-2.0
// Counters of links and network interfaces, each against what the case is made of.
#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {
constexpr auto kStream = static_cast<std::size_t>(PacketClass::stream);

/// Link 0-1 after the same stream over each of two packages.
std::pair<LinkStats, LinkStats> compare(const D2dParams& first, const D2dParams& second,
                                        unsigned transactions) {
  Fabric a(1, 2, first, {RunMode::timing, false, "a"});
  Fabric b(1, 2, second, {RunMode::timing, false, "b"});
  for (Fabric* f : {&a, &b}) {
    f->at(0, 0, [=] {
      for (unsigned i = 0; i < transactions; ++i) f->dies[0]->write(f->sram(1, 0), 4096);
    });
  }
  sc_core::sc_start();
  REQUIRE(a.settled());
  REQUIRE(b.settled());
  return {a.link(0, 1), b.link(0, 1)};
}
}  // namespace

TEST_CASE("hops, flits and latencies are counted where packets arrive") {
  Fabric f(2, 3, round_params());
  f.at(0, 0, [&] {
    f.dies[0]->write(f.sram(5, 0), 1000);  // 3 packets of 4 flits and one of 232 bytes
    f.dies[0]->write(f.sram(1, 0), 64);
  });
  f.run();
  const NiStats& far = f.nis[5]->stats();
  CHECK(far.packets_by_hops[3] == 4);
  CHECK(far.flits_received == 16);
  CHECK(far.latency[kStream].count == 4);
  CHECK(far.latency[kStream].histogram.total() == 4);
  // 8 cycles at the interface, 1, four routers of 12, three links of 16, 3 flits behind the first; the others
  // follow.
  const Tick first = (8 + 1 + 4 * 12 + 3 * 16 + 3) * f.format.cycle();
  const Tick packet = 4 * f.format.cycle();
  CHECK(far.latency[kStream].sum == 4 * first + 6 * packet);
  CHECK(far.latency[kStream].max == first + 3 * packet);
  const NiStats& near = f.nis[1]->stats();
  CHECK(near.packets_by_hops[1] == 1);
  CHECK(near.flits_received == 1);
}

TEST_CASE("a link that lanes have left is busy twice as long, and what waits for it says so") {
  D2dParams params = round_params();
  params.topology.slow_links = "0-1:2";
  const auto [whole, slow] = compare(round_params(), params, 4);
  CHECK(whole.stall_link == 0);
  CHECK(slow.flits == whole.flits);
  CHECK(slow.busy == 2 * whole.busy);
  CHECK(slow.peak_bytes_per_s == whole.peak_bytes_per_s / 2);
  CHECK(slow.stall_link > 0);
  CHECK(slow.stall_retry == 0);
}

TEST_CASE("flits that a failing link repeats take its time, and what waits for them says so") {
  D2dParams params = round_params();
  params.bit_error_rate = 2e-5;
  const auto [clean, failing] = compare(round_params(), params, 16);
  CHECK(clean.repeated == 0);
  CHECK(clean.stall_retry == 0);
  REQUIRE(failing.retries > 3);
  CHECK(failing.flits == clean.flits);
  // Each failure repeats at most what can be sent until it is known.
  CHECK(failing.repeated >= failing.retries);
  CHECK(failing.repeated <= failing.retries * 34);
  CHECK(failing.wire_bytes == clean.wire_bytes + failing.repeated * 64);
  CHECK(failing.busy == clean.busy + failing.repeated * 256 * kPicosecond);
  CHECK(failing.stall_retry > 0);
  CHECK(failing.stall_link == 0);
}
