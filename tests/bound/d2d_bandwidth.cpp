// SPDX-License-Identifier: Apache-2.0
// What links carry, against closed forms that include framing and packet headers.
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
Tick last_write(const FakeTarget& sram) {
  return sram.accesses.empty() ? 0 : sram.accesses.back().at;
}
void one_stream_fills_every_link(unsigned columns) {
  Fabric f(1, columns, D2dParams{});
  const unsigned to = columns - 1;
  stream(f, 0, to, 100);
  f.run();
  // 1600 packets of 289 wire bytes behind the latency of the first; alignment costs at most a byte a hop.
  const Tick head = 2 * kNanosecond + columns * 3 * kNanosecond + to * f.format.link_latency();
  const Tick expected = head + f.format.link_time(1600 * 256);
  const Tick byte = f.format.link_clock().edge(1) + 1;
  CHECK(last_write(*f.srams[to]) >= expected);
  CHECK(last_write(*f.srams[to]) <= expected + (columns + 1) * byte);
  const LinkStats& link = f.links[0]->stats();
  CHECK(link.packets == 1600);
  CHECK(link.payload_bytes == 1600 * 256);
  CHECK(link.wire_bytes == 1600 * 289);
  CHECK(link.stall_credit == 0);
  CHECK(f.settled());
}
}  // namespace

TEST_CASE("one stream fills a link to the last byte of its peak") {
  one_stream_fills_every_link(2);
}
TEST_CASE("one stream fills three links in a row to the last byte of their peak") {
  one_stream_fills_every_link(4);
}

TEST_CASE("too few credits for the round trip give the closed form of the window") {
  D2dParams params = round_params();
  params.stream = {1, 16};  // four packets of four flits
  Fabric f(1, 2, params);
  stream(f, 0, 1, 20);
  f.run();
  // A packet's credits are back at router 0 after latency, pipeline, serialisation and latency again.
  const Tick round_trip = 4000 * kPicosecond + 3000 * kPicosecond + 1024 * kPicosecond + 4000 * kPicosecond;
  const Tick windows = 320 / 4 - 1;
  const Tick first = 2 * kNanosecond + 3 * kNanosecond;
  const Tick last_tail = first + windows * round_trip + 4 * 1024 * kPicosecond;
  CHECK(last_write(*f.srams[1]) == last_tail + 7 * kNanosecond);
  CHECK(f.links[0]->stats().stall_credit == windows * (round_trip - 4 * 1024 * kPicosecond));
  CHECK(f.links[0]->stats().stall_vc == 0);
}

TEST_CASE("two streams share a link evenly and lose nothing") {
  const D2dParams params;
  Fabric f(1, 3, params);
  stream(f, 0, 2, 50);
  stream(f, 1, 2, 50);
  f.run();
  const LinkStats* shared = nullptr;
  for (std::size_t i = 0; i < f.links.size(); ++i) {
    if (f.mesh.links()[i].from == NodeId(1) && f.mesh.links()[i].to == NodeId(2))
      shared = &f.links[i]->stats();
  }
  REQUIRE(shared != nullptr);
  CHECK(shared->packets == 1600);
  // From the first packet on (die 1's own) the link never idles.
  const Tick expected =
      2 * kNanosecond + 6 * kNanosecond + f.format.link_latency() + f.format.link_time(1600 * 256);
  CHECK(last_write(*f.srams[2]) <= expected + 20 * kPicosecond);
  CHECK(last_write(*f.srams[2]) >= expected);
  CHECK(f.settled());
}

TEST_CASE("opposite directions of a link do not disturb each other") {
  const D2dParams params;
  Fabric f(1, 2, params);
  stream(f, 0, 1, 50);
  stream(f, 1, 0, 50);
  f.run();
  CHECK(last_write(*f.srams[0]) == last_write(*f.srams[1]));
  CHECK(last_write(*f.srams[0]) <=
        8 * kNanosecond + f.format.link_latency() + f.format.link_time(800 * 256) + 20 * kPicosecond);
}
