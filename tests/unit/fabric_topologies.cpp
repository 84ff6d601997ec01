// SPDX-License-Identifier: Apache-2.0
// Every shape and routing under heavy traffic of two classes: each packet arrives once, packets of a source,
// destination and class stay in order, and every credit comes back.
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "hw/d2d/fabric_core.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

struct Shape {
  std::string name;
  TopologyParams params;
  unsigned rows, columns;
};

TopologyParams of(TopologyKind kind, FabricRouting routing = FabricRouting::xy) {
  TopologyParams p;
  p.kind = kind;
  p.routing = routing;
  return p;
}

TopologyParams list(const std::string& links, const std::string& table = "") {
  TopologyParams p = of(TopologyKind::list, table.empty() ? FabricRouting::xy : FabricRouting::table);
  p.links = links;
  p.table = table;
  return p;
}

TopologyParams around(const std::string& down) {
  TopologyParams p = of(TopologyKind::mesh, FabricRouting::table);
  p.down_links = down;
  return p;
}

/// Just what a packet needs: the least that cannot deadlock.
FabricParams tight(bool overlap) {
  FabricParams p;
  p.overlap = overlap;
  p.any_vc = false;
  p.link = 3;
  p.automatic_sinks = true;
  for (unsigned kind = 0; kind < kPacketClasses; ++kind) p.classes[kind] = {2 * kind, 2};
  p.depths.assign(2 * kPacketClasses, 2);
  return p;
}

struct Order : FabricCore::Owner {
  std::map<std::tuple<unsigned, unsigned, PacketClass>, std::vector<const PacketTrain*>> sent;
  std::map<std::tuple<unsigned, unsigned, PacketClass>, std::uint32_t> next;
  std::uint64_t packets = 0, wrong = 0;
  void arrived(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle, Cycle,
               unsigned) override {
    const auto flow = std::make_tuple(index_of(train.source), index_of(train.destination), train.kind);
    packets += count;
    auto& queue = sent[flow];
    if (queue.empty() || queue.front() != &train || next[flow] != first) ++wrong;
    next[flow] = first + count;
    if (next[flow] < train.packets()) return;
    next[flow] = 0;
    if (!queue.empty()) queue.erase(queue.begin());
  }
  void left(PacketTrain&, Cycle) override {}
};

void all_to_all(const Shape& shape, bool overlap) {
  INFO(shape.name << ", overlap " << overlap);
  REQUIRE(Topology::check(shape.params, shape.rows, shape.columns).empty());
  Order order;
  FabricCore core(Topology(shape.params, shape.rows, shape.columns), tight(overlap), order);
  const unsigned nodes = shape.rows * shape.columns;
  std::deque<PacketTrain> trains;
  std::uint64_t expected = 0;
  for (unsigned round = 0; round < 3; ++round) {
    for (unsigned source = 0; source < nodes; ++source) {
      for (unsigned step = 1; step < nodes; ++step) {
        for (const PacketClass kind : {PacketClass::response, PacketClass::stream}) {
          PacketTrain train;
          train.source = NodeId(source);
          train.destination = NodeId((source + step) % nodes);
          train.kind = kind;
          train.flits = 1 + (source + step) % 5;
          train.total = train.flits * (1 + round);
          expected += 1 + round;
          trains.push_back(train);
          order.sent[{source, (source + step) % nodes, kind}].push_back(&trains.back());
          core.submit(trains.back(), round);
        }
      }
    }
  }
  core.advance(kNoCycle);
  CHECK(order.packets == expected);
  CHECK(order.wrong == 0);
  CHECK(core.settled());
}

}  // namespace

TEST_CASE("every topology delivers each packet once and in order, with the smallest buffers") {
  const std::vector<Shape> shapes{
      {"mesh, XY", of(TopologyKind::mesh), 3, 4},
      {"mesh, YX", of(TopologyKind::mesh, FabricRouting::yx), 4, 3},
      {"torus", of(TopologyKind::torus), 4, 4},
      {"torus, YX", of(TopologyKind::torus, FabricRouting::yx), 3, 5},
      {"ring", of(TopologyKind::ring), 1, 9},
      {"fully connected", of(TopologyKind::fully_connected), 2, 3},
      {"star", list("0-1 0-2 0-3 0-4"), 1, 5},
      {"two links between each pair", list("0-1 0-1 1-2 1-2 2-3 2-3"), 1, 4},
      {"tree with a double root", list("0-1 0-1 0-2 1-3 1-4"), 1, 5},
      {"table on a list", list("0-1 1-2 2-3 3-0", "1>3:0"), 1, 4},
      {"table around a link at the edge", around("0-1"), 3, 3},
      {"table around a link in the middle", around("4-5"), 3, 3},
      {"table around many links", around("0-1 4-5 6-10 9-13 2-3"), 4, 4},
      {"ring as a list", list("0-1 1-2 2-3 3-4 4-5 5-6 6-0"), 1, 7},
      {"cube", list("0-1 1-3 3-2 2-0 4-5 5-7 7-6 6-4 0-4 1-5 2-6 3-7"), 2, 4},
  };
  for (const Shape& shape : shapes) {
    all_to_all(shape, true);
    all_to_all(shape, false);
  }
}

TEST_CASE("several links between a pair share the destinations behind it") {
  const Topology t(list("0-1 0-1 1-2 1-3"), 1, 4);
  CHECK(t.routes(NodeId(0), NodeId(0), NodeId(2)).ports[0] !=
        t.routes(NodeId(0), NodeId(0), NodeId(3)).ports[0]);
  CHECK(t.peer(NodeId(0), 1).node == NodeId(1));
  CHECK(t.peer(NodeId(0), 2).node == NodeId(1));
}

TEST_CASE("a table avoids links that are down from the start, and goes where it is told") {
  const Topology t(around("0-1"), 3, 3);
  CHECK(t.hops(NodeId(0), NodeId(1)) == 3);
  CHECK(t.hops(NodeId(1), NodeId(0)) == 3);
  TopologyParams told = of(TopologyKind::mesh, FabricRouting::table);
  told.table = "0>1:3 3>1:4";
  CHECK(Topology(told, 3, 3).hops(NodeId(0), NodeId(1)) == 3);
}

TEST_CASE("what is wrong with links that are down is said at load") {
  const auto problem = [](const std::string& down, TopologyParams p) {
    p.down_links = down;
    const std::vector<std::string> all = Topology::check(p, 2, 2);
    return all.empty() ? "" : all[0];
  };
  const TopologyParams mesh = of(TopologyKind::mesh), table = of(TopologyKind::mesh, FabricRouting::table);
  CHECK(problem("0-1 0-2@2500", mesh).empty());
  CHECK(problem("0-3", mesh) == "down_links: there is no link between dies 0 and 3");
  CHECK(problem("0-1@", mesh).find("down_links: '0-1@' is not an entry") == 0);
  CHECK(problem("0-1@-5", mesh).find("down_links: '0-1@-5' is not an entry") == 0);
  CHECK(problem("0-1", table).empty());
  CHECK(problem("0-1 0-2", table) ==
        "packets from die 0 do not reach die 1; tables avoid links that are down from the start");
}
