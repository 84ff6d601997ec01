// SPDX-License-Identifier: Apache-2.0
// One router and its neighbours, at the boundary: a flit is granted in the first cycle in which everything it
// needs is there, and not before.
#include <deque>
#include <vector>

#include "hw/d2d/fabric_core.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

// Stages of 1, 2, 3, 4 cycles, a link of 10; one virtual channel per class.
FabricParams stages() {
  FabricParams p;
  p.route = 1;
  p.vc_alloc = 2;
  p.switch_alloc = 3;
  p.traversal = 4;
  p.credit = 5;
  p.link = 10;
  p.local = 6;
  p.any_vc = false;
  for (unsigned kind = 0; kind < kPacketClasses; ++kind) p.classes[kind] = {kind, 1};
  p.depths.assign(kPacketClasses, 4);
  return p;
}

struct Bench : FabricCore::Owner, FabricCore::Observer {
  FabricCore core;
  std::deque<PacketTrain> trains;
  std::vector<Cycle> tails;
  struct Grant {
    unsigned node, out;
    const PacketTrain* train;
    std::uint32_t flit;
    Cycle at;
  };
  std::vector<Grant> grants;

  explicit Bench(const FabricParams& params, unsigned columns = 2)
      : core(Topology::mesh(1, columns), params, *this) {
    core.observe(this);
  }
  PacketTrain& send(unsigned from, unsigned to, std::uint32_t flits, std::uint32_t packets, Cycle at,
                    PacketClass kind = PacketClass::stream) {
    trains.emplace_back();
    PacketTrain& t = trains.back();
    t.source = NodeId(static_cast<std::uint16_t>(from));
    t.destination = NodeId(static_cast<std::uint16_t>(to));
    t.kind = kind;
    t.flits = flits;
    t.total = flits * packets;
    core.submit(t, at);
    return t;
  }
  // Of the output of a router, in order.
  std::vector<Cycle> grants_of(unsigned node, unsigned out) const {
    std::vector<Cycle> cycles;
    for (const Grant& g : grants) {
      if (g.node == node && g.out == out) cycles.push_back(g.at);
    }
    return cycles;
  }
  void arrived(PacketTrain&, std::uint32_t, std::uint32_t, Cycle, Cycle tail, unsigned) override {
    tails.push_back(tail);
  }
  void left(PacketTrain&, Cycle) override {}
  void passed(const FabricCore::Passage& p) override {
    for (std::uint32_t i = 0; i < p.count; ++i)
      grants.push_back({index_of(p.node), p.out, &p.train, p.flit + i, p.at + i});
  }
};
constexpr unsigned kEast = 2;
}  // namespace

TEST_CASE("a flit passes each stage in exactly its cycles") {
  Bench b(stages());
  b.send(0, 1, 1, 1, 100);
  b.core.advance(1000);
  // 1 + 6 to the router, 1 + 2 until the switch; 3 + 4 + 10 to the next, 3 there; 3 + 4 + 6 to the die.
  CHECK(b.grants_of(0, kEast) == std::vector<Cycle>{100 + 7 + 3});
  CHECK(b.grants_of(1, kLocalPort) == std::vector<Cycle>{110 + 17 + 3});
  CHECK(b.tails == std::vector<Cycle>{130 + 13});
}

TEST_CASE("a flit without a credit waits exactly until the credit is back") {
  Bench b(stages());
  b.send(0, 1, 6, 1, 0);  // two flits more than the buffer
  b.core.advance(1000);
  // Credits of the source: 3 + 6 after the grant in router 0; of router 0: 3 + 10 + 5 after that in router 1.
  const std::vector<Cycle> first = b.grants_of(0, kEast);
  const std::vector<Cycle> second = b.grants_of(1, kLocalPort);
  REQUIRE(first.size() == 6);
  CHECK(first[0] == 10);
  CHECK(first[3] == 13);
  CHECK(second[0] == 30);
  CHECK(first[4] == second[0] + 18);
  CHECK(first[5] == second[1] + 18);
  // Nothing frees the buffers of the die: four flits are all it takes.
  CHECK(second.size() == 4);
}

TEST_CASE("a flit waits for the die until one cycle before it frees a buffer") {
  for (const Cycle at : {200u, 201u, 217u}) {
    Bench b(stages());
    b.send(0, 1, 5, 1, 0);
    b.core.advance(150);
    REQUIRE(b.grants_of(1, kLocalPort).size() == 4);
    b.core.release(NodeId(1), 3, 1, at);
    b.core.advance(at);
    CHECK(b.core.next_cycle() == at);
    CHECK(b.tails.empty());
    b.core.advance(1000);
    CHECK(b.grants_of(1, kLocalPort).back() == at);
    CHECK(b.tails == std::vector<Cycle>{at + 13});
  }
}

TEST_CASE("credits of one class do not help another, and a blocked class does not block another") {
  Bench b(stages());
  b.send(0, 1, 5, 1, 0);
  b.send(0, 1, 1, 1, 40, PacketClass::response);
  b.core.advance(150);
  CHECK(b.tails.size() == 1);  // the response
  b.core.release(NodeId(1), 2, 1, 200);
  b.core.advance(400);
  CHECK(b.tails.size() == 1);
  std::vector<std::string> lines;
  b.core.report_waits("fabric", lines);
  REQUIRE(lines.size() == 1);
  CHECK(
      lines[0] ==
      "fabric.router1: input west VC 3, packet from die 0 to die 1, waits for credits of output local VC 3, "
      "which has 0 of 4");
  b.core.release(NodeId(1), 3, 1, 500);
  b.core.advance(1000);
  CHECK(b.tails.size() == 2);
}

TEST_CASE("a virtual channel is free for the next packet in the cycle after the tail before it") {
  FabricParams p = stages();
  p.depths.assign(kPacketClasses, 64);
  p.automatic_sinks = true;
  Bench b(p);
  b.send(0, 1, 4, 2, 0);
  b.core.advance(1000);
  // Tail granted at 13; route 14, allocation 15 and 16, switch 17.
  CHECK(b.grants_of(0, kEast) == std::vector<Cycle>{10, 11, 12, 13, 17, 18, 19, 20});
}

TEST_CASE("heads that are allocated while they wait follow each other without a gap") {
  FabricParams p = stages();
  p.depths.assign(kPacketClasses, 64);
  p.automatic_sinks = true;
  p.overlap = true;
  Bench b(p);
  b.send(0, 1, 4, 2, 0);
  b.core.advance(1000);
  CHECK(b.grants_of(0, kEast) == std::vector<Cycle>{10, 11, 12, 13, 14, 15, 16, 17});
}

TEST_CASE("two inputs take turns at an output, flit by flit") {
  FabricParams p = stages();
  p.depths.assign(kPacketClasses, 64);
  p.automatic_sinks = true;
  Bench b(p, 3);
  b.send(0, 2, 4, 1, 0, PacketClass::stream);
  b.send(1, 2, 4, 1, 20, PacketClass::response);  // both want the link from die 1 in cycle 30
  b.core.advance(1000);
  CHECK(b.grants_of(1, kEast) == std::vector<Cycle>{30, 31, 32, 33, 34, 35, 36, 37});
  const PacketTrain* before = nullptr;
  for (const Bench::Grant& g : b.grants) {
    if (g.node != 1 || g.out != kEast) continue;
    CHECK(g.train != before);
    before = g.train;
  }
}

TEST_CASE("nothing can be submitted or freed in the past") {
  Bench b(stages());
  b.core.advance(100);
  CHECK(b.core.now() == 100);
  b.send(0, 1, 1, 1, 100);
  b.core.advance(1000);
  CHECK(b.tails == std::vector<Cycle>{143});
}
