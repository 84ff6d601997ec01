// SPDX-License-Identifier: Apache-2.0
// The router core alone: ready at the pipeline's end and not before, blocked without credits and released
// with them, one packet per input and output, fair turns.
#include <memory>
#include <random>

#include "hw/d2d/router_core.h"
#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {
// The centre of a 3 x 3 mesh, node 4: north 1, east 5, south 7, west 3.
struct Bench : RouterCore::Wires {
  struct Sent {
    Port out;
    Tick head, tail;
    std::uint32_t sequence;
    NodeId source;
  };
  D2dParams params = round_params();
  D2dFormat format{params};
  Mesh mesh{3, 3};
  RouterCore core{mesh, NodeId(4), params, *this};
  PacketPool pool;
  std::vector<Sent> sent;
  std::vector<std::pair<Port, Tick>> credits;
  std::uint32_t sequence = 0;

  void credit(Port in, Packet&, Tick at) override { credits.push_back({in, at}); }
  void forward(Port out, Packet& p) override { sent.push_back({out, p.head, p.tail, p.sequence, p.source}); }

  Packet& packet(unsigned destination, Tick head, PacketKind kind = PacketKind::stream_data,
                 unsigned source = 3) {
    PacketHeader header;
    header.kind = kind;
    header.source = NodeId(static_cast<std::uint16_t>(source));
    header.destination = NodeId(static_cast<std::uint16_t>(destination));
    Packet& p = pool.acquire(header);
    p.sequence = sequence++;
    p.payload_bytes = 256;
    p.flits = format.flits(256);
    p.wire_bytes = format.wire_bytes(256);
    p.vc = format.vc(class_of(kind), mesh, header.destination);
    p.head = head;
    p.tail = head + 1024 * kPicosecond;
    return p;
  }
  void run() {
    for (Tick t = core.advance(0); t != kNever; t = core.advance(t)) {
    }
  }
};
constexpr Tick kSerial = 1024 * kPicosecond;
}  // namespace

TEST_CASE("a packet leaves exactly when the pipeline ends") {
  Bench b;
  const Tick ready = 10 * kNanosecond + 3 * kNanosecond;
  CHECK(b.core.receive(Port::west, b.packet(5, 10 * kNanosecond)) == ready);
  CHECK(b.core.advance(ready - 1) == ready);
  CHECK(b.sent.empty());
  CHECK(b.core.advance(ready) == kNever);
  REQUIRE(b.sent.size() == 1);
  CHECK(b.sent[0].out == Port::east);
  CHECK(b.sent[0].head == 13 * kNanosecond);  // on the 4 ps grid of the wire
  CHECK(b.sent[0].tail == 13 * kNanosecond + kSerial);
  CHECK(b.credits == std::vector<std::pair<Port, Tick>>{{Port::west, 13 * kNanosecond + kSerial}});
}

TEST_CASE("a packet blocked without credits stays until one tick before they return") {
  Bench b;
  // 1. Use up the 80 flits of the channel: 20 packets of 4.
  for (unsigned i = 0; i < 21; ++i) b.core.receive(Port::west, b.packet(5, i * kSerial));
  b.run();
  REQUIRE(b.sent.size() == 20);
  // 2. Three of four credits are not enough; the fourth is.
  const unsigned vc = b.format.vc(PacketClass::stream, b.mesh, NodeId(5));
  CHECK(b.core.credit(Port::east, vc, 3, 100 * kNanosecond) == 100 * kNanosecond);
  CHECK(b.core.advance(100 * kNanosecond) == kNever);
  CHECK(b.core.credit(Port::east, vc, 1, 200 * kNanosecond) == 200 * kNanosecond);
  CHECK(b.core.advance(200 * kNanosecond - 1) == 200 * kNanosecond);
  CHECK(b.sent.size() == 20);
  b.core.advance(200 * kNanosecond);
  REQUIRE(b.sent.size() == 21);
  CHECK(b.sent[20].head == 200 * kNanosecond);
}

TEST_CASE("credits of one virtual channel do not help another") {
  Bench b;
  for (unsigned i = 0; i < 21; ++i) b.core.receive(Port::west, b.packet(5, i * kSerial));
  b.run();
  const unsigned vc = b.format.vc(PacketClass::stream, b.mesh, NodeId(5));
  b.core.receive(Port::west, b.packet(5, 50 * kNanosecond, PacketKind::read_data));
  b.run();
  REQUIRE(b.sent.size() == 21);  // the response passes the blocked stream
  CHECK(b.sent[20].sequence == 21);
  CHECK(b.core.occupancy() == 1);
  std::vector<std::string> lines;
  b.core.report_waits("router", lines);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "router: 1 packets at input west VC " + std::to_string(vc) +
                        ", first from die 3 to die 5, wait for 4 credits of output east, which has 0 of 80");
}

TEST_CASE("an output serves its inputs in turn and back to back") {
  Bench b;
  for (unsigned i = 0; i < 4; ++i) {
    b.core.receive(Port::west, b.packet(5, i * kSerial, PacketKind::stream_data, 3));
    b.core.receive(Port::local, b.packet(5, i * kSerial, PacketKind::stream_data, 4));
  }
  b.run();
  REQUIRE(b.sent.size() == 8);
  for (unsigned i = 0; i < 8; ++i) {
    CHECK(b.sent[i].head == 3 * kNanosecond + i * kSerial);
    CHECK(b.sent[i].source == NodeId(i % 2 == 0 ? 4 : 3));  // local is port 0
  }
}

TEST_CASE("an input sends one packet at a time, its virtual channels in turn") {
  Bench b;
  // Streams to the east and responses to the south share the west input; outputs are free.
  for (unsigned i = 0; i < 3; ++i) {
    b.core.receive(Port::west, b.packet(5, 0));
    b.core.receive(Port::west, b.packet(7, 0, PacketKind::read_data));
  }
  b.run();
  REQUIRE(b.sent.size() == 6);
  for (unsigned i = 0; i < 6; ++i) {
    CHECK(b.sent[i].head == 3 * kNanosecond + i * kSerial);
    CHECK(b.sent[i].out == (i % 2 == 0 ? Port::south : Port::east));
  }
}

TEST_CASE("a tail cannot leave before it has come") {
  Bench b;
  Packet& p = b.packet(5, 0);
  p.tail = 20 * kNanosecond;  // a slower link before
  b.core.receive(Port::west, p);
  b.run();
  CHECK(b.sent[0].head == 3 * kNanosecond);
  CHECK(b.sent[0].tail == 23 * kNanosecond);
}

TEST_CASE("the order of announcements inside an instant changes nothing") {
  std::vector<std::vector<Bench::Sent>> results;
  for (unsigned permutation = 0; permutation < 24; ++permutation) {
    auto b = std::make_unique<Bench>();
    struct Arrival {
      Port in;
      unsigned to, from;
      PacketKind kind;
    };
    std::vector<Arrival> arrivals{{Port::west, 5, 3, PacketKind::stream_data},
                                  {Port::local, 5, 4, PacketKind::stream_data},
                                  {Port::north, 4, 1, PacketKind::read_data},
                                  {Port::south, 4, 7, PacketKind::stream_data}};
    std::vector<unsigned> order{0, 1, 2, 3};
    for (unsigned i = 0; i < permutation; ++i) std::next_permutation(order.begin(), order.end());
    for (unsigned round = 0; round < 8; ++round) {
      for (const unsigned i : order)
        b->core.receive(arrivals[i].in,
                        b->packet(arrivals[i].to, round * kSerial, arrivals[i].kind, arrivals[i].from));
    }
    b->run();
    results.push_back(b->sent);
  }
  for (const auto& result : results) {
    REQUIRE(result.size() == 32);
    for (std::size_t i = 0; i < result.size(); ++i) {
      CHECK(result[i].out == results[0][i].out);
      CHECK(result[i].head == results[0][i].head);
      CHECK(result[i].source == results[0][i].source);
    }
  }
}
