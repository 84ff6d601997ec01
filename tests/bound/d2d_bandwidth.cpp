// SPDX-License-Identifier: Apache-2.0
// What links carry, against closed forms that include framing and headers.
#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {
// `trains` transactions of 4 KiB, the next offered as soon as the queue takes it.
void stream(Fabric& f, unsigned from, unsigned to, unsigned trains) {
  f.at(0, from, [&f, from, to, trains] {
    for (unsigned i = 0; i < trains; ++i) f.dies[from]->write(f.sram(to, 0), 4096);
  });
}
// The arrival of the last packet that was written.
Tick last_write(const FakeTarget& sram) {
  return sram.accesses.empty() ? 0 : sram.accesses.back().at;
}
Tick head(const Fabric& f, unsigned hops) {
  return f.format.time_of(f.format.cycle_at_or_after(f.format.ni_latency())) + f.format.path_latency(hops);
}
void one_stream_fills_every_link(unsigned columns) {
  Fabric f(1, columns, D2dParams{});
  const unsigned to = columns - 1;
  stream(f, 0, to, 100);
  f.run();
  // 1600 packets of 4 flits behind the latency of the first: not a cycle is lost.
  CHECK(last_write(*f.srams[to]) == head(f, to) + (1600 * 4 - 1) * f.format.cycle());
  const LinkStats link = f.link(0, 1);
  CHECK(link.packets == 1600);
  CHECK(link.payload_bytes == 1600 * 256);
  CHECK(link.wire_bytes == 1600 * 289);
  CHECK(link.stall_credit == 0);
  CHECK(f.settled());
}
}  // namespace

TEST_CASE("one stream fills a link to its peak") {
  one_stream_fills_every_link(2);
}
TEST_CASE("one stream fills three links in a row to their peak") {
  one_stream_fills_every_link(4);
}

TEST_CASE("a stream carries the payload rate of each flit format") {
  for (const FlitFormat format : {FlitFormat::raw_64, FlitFormat::flit_68, FlitFormat::flit_256}) {
    D2dParams params;
    params.flit_format = format;
    const double efficiency = format == FlitFormat::raw_64    ? 1.0
                              : format == FlitFormat::flit_68 ? 64.0 / 68
                                                              : 236.0 / 256;
    CHECK(link_payload_bytes_per_s(params) == Approx(288e9 * efficiency * 64 / 68).epsilon(1e-5));
  }
}

TEST_CASE("too few credits for the round trip give the closed form of the window") {
  D2dParams params = round_params();
  params.stream = {1, 16};
  Fabric f(1, 2, params);
  stream(f, 0, 1, 20);
  f.run();
  // A flit's credit is back when it has crossed the link (24 cycles from its grant), been granted behind the
  // pipeline of its head (at most 4 cycles), and 20 more have passed: 16 flits in at least 44 cycles.
  const Tick windows = 320 * 4 / 16 - 1;
  const Tick least = windows * 44 * f.format.cycle();
  const Tick most = windows * 48 * f.format.cycle() + head(f, 1) + 64 * f.format.cycle();
  CHECK(last_write(*f.srams[1]) > least);
  CHECK(last_write(*f.srams[1]) < most);
  CHECK(f.link(0, 1).stall_credit > 0);
}

TEST_CASE("two streams share a link evenly and lose nothing") {
  const D2dParams params;
  Fabric f(1, 3, params);
  stream(f, 0, 2, 50);
  stream(f, 1, 2, 50);
  f.run();
  const LinkStats shared = f.link(1, 2);
  CHECK(shared.packets == 1600);
  // From the first packet on (die 1's own) the link idles for a packet at most, when the other stream comes.
  const Tick expected = head(f, 1) + (1600 * 4 - 1) * f.format.cycle();
  CHECK(last_write(*f.srams[2]) >= expected);
  CHECK(last_write(*f.srams[2]) <= expected + 4 * f.format.cycle());
  CHECK(shared.stall_switch + shared.stall_vc > 0);
  CHECK(f.settled());
}

TEST_CASE("opposite directions of a link do not disturb each other") {
  const D2dParams params;
  Fabric f(1, 2, params);
  stream(f, 0, 1, 50);
  stream(f, 1, 0, 50);
  f.run();
  CHECK(last_write(*f.srams[0]) == last_write(*f.srams[1]));
  CHECK(last_write(*f.srams[0]) == head(f, 1) + (800 * 4 - 1) * f.format.cycle());
}
