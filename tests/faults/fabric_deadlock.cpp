// SPDX-License-Identifier: Apache-2.0
// Ways on which packets can wait for each other in a circle: refused at load, and named when they do.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "hw/d2d/fabric_core.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

/// Four dies in a circle; packets to the die opposite all go the same way round.
TopologyParams one_way_round() {
  TopologyParams p;
  p.kind = TopologyKind::list;
  p.routing = FabricRouting::table;
  p.links = "0-1 1-2 2-3 3-0";
  p.table = "0>2:1 1>3:2 2>0:3 3>1:0";
  return p;
}

FabricParams small_buffers() {
  FabricParams p;
  p.overlap = true;
  p.any_vc = false;
  p.automatic_sinks = true;
  p.link = 3;
  for (unsigned kind = 0; kind < kPacketClasses; ++kind) p.classes[kind] = {kind, 1};
  p.depths.assign(kPacketClasses, 4);
  return p;
}

struct Count : FabricCore::Owner {
  unsigned packets = 0;
  void arrived(PacketTrain&, std::uint32_t, std::uint32_t count, Cycle, Cycle, unsigned) override {
    packets += count;
  }
  void left(PacketTrain&, Cycle) override {}
};

/// Every die sends a packet of `flits` to the die opposite, at once.
struct Circle {
  Count count;
  FabricCore core;
  std::deque<PacketTrain> trains;
  Circle(const TopologyParams& topology, std::uint32_t flits)
      : core(Topology(topology, 1, 4), small_buffers(), count) {
    for (unsigned die = 0; die < 4; ++die) {
      PacketTrain train;
      train.source = NodeId(die);
      train.destination = NodeId((die + 2) % 4);
      train.flits = train.total = flits;
      trains.push_back(train);
      core.submit(trains.back(), 0);
    }
    core.advance(kNoCycle);
  }
};

}  // namespace

TEST_CASE("a table on which packets can wait for each other in a circle is refused, unless it is allowed") {
  TopologyParams p = one_way_round();
  const std::vector<std::string> problems = Topology::check(p, 1, 4);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] ==
        "routing can deadlock: links wait for each other in a circle, 0-1, 1-2, 2-3, 3-0, 0-1; choose other "
        "ways, or say allow_deadlock");
  p.allow_deadlock = true;
  CHECK(Topology::check(p, 1, 4).empty());
  p.allow_deadlock = false;
  p.table = "0>2:1 1>3:2 2>0:1 3>1:2";  // the other way round for half of them
  CHECK(Topology::check(p, 1, 4).empty());
}

TEST_CASE("a deadlock is reported as a circle of who waits for whom") {
  TopologyParams p = one_way_round();
  p.allow_deadlock = true;
  Circle stuck(p, 12);
  CHECK(stuck.count.packets == 0);
  CHECK(stuck.core.next_cycle() == kNoCycle);
  CHECK_FALSE(stuck.core.settled());
  std::vector<std::string> lines;
  stuck.core.report_waits("fabric", lines);
  const auto head =
      std::find(lines.begin(), lines.end(), "fabric: deadlock: 8 buffers wait for each other in a circle");
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  INFO(all);
  REQUIRE(head != lines.end());
  REQUIRE(lines.end() - head == 9);
  CHECK(*(head + 1) ==
        "  router0 input local VC 3, packet from die 0 to die 2, waits for credits of output to1 VC 3, which "
        "has 0 "
        "of 4; held by router1 input to0 VC 3");
  CHECK(*(head + 8) ==
        "  router0 input to3 VC 3, packet from die 3 to die 1, waits for a virtual channel of output to1; "
        "held by "
        "router0 input local VC 3");
}

TEST_CASE("short packets pass where long ones wait for each other") {
  TopologyParams p = one_way_round();
  p.allow_deadlock = true;
  Circle moving(p, 2);
  CHECK(moving.count.packets == 4);
  CHECK(moving.core.settled());
  std::vector<std::string> lines;
  moving.core.report_waits("fabric", lines);
  CHECK(lines.empty());
}
