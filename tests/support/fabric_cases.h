// SPDX-License-Identifier: Apache-2.0
// Random small fabrics, and the comparison of the event-driven one with the one that is stepped flit by flit.
#pragma once

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/support/cycle_fabric.h"

namespace moesaic::test {

struct Choice {
  boost::random::mt19937 random;
  unsigned below(unsigned n) { return boost::random::uniform_int_distribution<unsigned>(0, n - 1)(random); }
  unsigned between(unsigned a, unsigned b) { return a + below(b - a + 1); }
};

/// What the event-driven fabric says, in the words of the other.
struct Collector : FabricCore::Owner, FabricCore::Observer {
  std::vector<CycleFabric::Pass> passes;
  void passed(const FabricCore::Passage& p) override {
    for (std::uint32_t i = 0; p.out != kNoPort && i < p.count; ++i)
      passes.push_back({p.at + i, index_of(p.node), p.out, &p.train, p.flit + i});
  }
  FabricCore* core = nullptr;
  std::vector<CycleFabric::Tail> tails;
  std::map<const PacketTrain*, Cycle> lefts;
  Cycle sink_delay = 1;
  Cycle sink_period = 1;
  bool late = false;  // an announcement after the fact

  void arrived(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail, Cycle last_tail,
               unsigned vc) override {
    end_here(train, first, count, tail, last_tail, vc, train.destination);
    forget(train, count);
  }
  unsigned back = 0;  // packets that a link turned back
  void turned_back(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail, Cycle last_tail,
                   unsigned vc, NodeId at) override {
    back += count;
    end_here(train, first, count, tail, last_tail, vc, at);
    forget(train, count);
  }
  void end_here(const PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                Cycle last_tail, unsigned vc, NodeId die) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const Cycle at = i + 1 == count ? last_tail : tail + i * train.flits;
      late = late || at < core->now();
      tails.push_back({&train, first + i, at, vc});
      if (!core->params().automatic_sinks) release(train, first + i, at, vc, die);
    }
  }
  /// Nobody may look at a train again that has left and whose packets have all been told of; at the trains of
  /// a multicast, when that holds for all of them.
  void forget(PacketTrain& train, std::uint32_t packets) {
    if (family_of_.count(&train) == 0) expect(train);
    Family& family = families_[family_of_[&train]];
    family.open -= packets * dies_behind(train);
    if (family.open > 0 || lefts.count(family.trains.front()) == 0) return;
    for (PacketTrain* member : family.trains) forgotten_.emplace_back(member, *member);
    for (PacketTrain* member : family.trains) {
      member->flits = 0;  // a division by zero follows
      member->total = ~0u;
      member->source = member->destination = NodeId(~0u);
      member->fork = &nowhere_;
    }
  }
  /// `first` will leave its source, and come back as the trains that it is copied into.
  void expect(PacketTrain& first) {
    families_.push_back({{}, first.packets() * dies_behind(first)});
    add(first);
  }
  void remember() {
    for (auto& [train, original] : forgotten_) *train = original;
    forgotten_.clear();
  }
  void release(const PacketTrain& train, std::uint32_t packet, Cycle tail, unsigned vc) {
    release(train, packet, tail, vc, train.destination);
  }
  void release(const PacketTrain& train, std::uint32_t packet, Cycle tail, unsigned vc, NodeId die) {
    const std::uint32_t begin = packet * train.flits;
    core->release(die, vc, train.packet_end(begin) - begin,
                  (tail + sink_delay + sink_period - 1) / sink_period * sink_period);
  }
  void left(PacketTrain& train, Cycle at) override {
    CHECK(lefts.count(&train) == 0);
    lefts[&train] = at;
    forget(train, 0);
  }

 private:
  /// A train, and those that it is copied into.
  struct Family {
    std::vector<PacketTrain*> trains;  // the first leaves the source
    std::uint32_t open;                // packets that have not been told of, one for each die
  };
  static std::uint32_t dies_behind(const PacketTrain& train) {
    if (train.fork == nullptr) return 1;
    std::uint32_t dies = 0;
    for (const PacketTrain* branch : train.fork->branches) dies += dies_behind(*branch);
    return dies;
  }
  void add(PacketTrain& train) {
    family_of_[&train] = families_.size() - 1;
    families_.back().trains.push_back(&train);
    for (std::size_t i = 0; train.fork != nullptr && i < train.fork->branches.size(); ++i)
      add(*train.fork->branches[i]);
  }
  std::vector<Family> families_;
  std::map<const PacketTrain*, std::size_t> family_of_;
  PacketFork nowhere_;
  std::vector<std::pair<PacketTrain*, PacketTrain>> forgotten_;
};

/// A fabric and what it carries.
struct Case {
  std::string text;
  TopologyParams shape;
  unsigned rows = 1, columns = 2;
  FabricParams params;
  std::deque<PacketTrain> trains;
  std::deque<PacketTrain> copies;  // of some of the trains, with their forks
  std::deque<PacketFork> forks;
  std::vector<Cycle> ready;
  bool stepwise = false;
  bool observed = false;
};

/// Topology, stages, channels and trains, drawn.
inline Case random_case(unsigned seed) {
  Choice choose{boost::random::mt19937(seed)};
  Case c;
  c.rows = choose.between(1, 3);
  c.columns = choose.between(2, 3);
  switch (choose.below(8)) {
    case 0:
      c.shape.kind = TopologyKind::ring;
      break;
    case 1:
      c.shape.kind = TopologyKind::torus;
      break;
    case 2:
      c.shape.routing = FabricRouting::west_first;
      break;
    case 3:
      c.shape.routing = FabricRouting::odd_even;
      break;
    case 4:
      c.shape.routing = FabricRouting::yx;
      break;
    default:
      break;
  }
  FabricParams& p = c.params;
  p.to_self = true;
  p.overlap = choose.below(2) == 0;
  p.any_vc = choose.below(2) == 0;
  p.speculative = choose.below(3) == 0;
  p.automatic_sinks = choose.below(2) == 0;
  p.route = choose.between(0, 2);
  p.vc_alloc = choose.between(1, 2);
  p.switch_alloc = choose.between(1, 2);
  p.traversal = choose.below(2);
  p.credit = choose.below(3);
  p.link = choose.between(1, 6);
  p.local = choose.below(3);
  if (choose.below(3) == 0) {
    p.flit_error = 0.02 * choose.between(1, 5);
    p.error_seed = seed;
  }
  if (choose.below(4) == 0) p.replay_flits = choose.between(1, 16);
  p.check = choose.below(2) * 3;
  if (choose.below(4) == 0) c.shape.down_links = "0-1@" + std::to_string(choose.below(300));
  p.cycle = kNanosecond;
  if (choose.below(4) == 0) c.shape.slow_links = "0-1:" + std::to_string(choose.between(2, 3));
  unsigned first = 0;
  for (auto& vcs : p.classes) {
    vcs.first = first;
    vcs.count = 2 * choose.between(1, 2);
    first += vcs.count;
    p.depths.insert(p.depths.end(), vcs.count, choose.between(6, 14));
  }
  // Few classes, so that they meet; trains of several packets in half of the cases.
  const unsigned classes = choose.between(1, 2);
  const unsigned most_packets = choose.below(2) == 0 ? 1 : 6;
  const unsigned flits = choose.between(1, 6);
  const unsigned gap = choose.between(1, 40);
  const unsigned nodes = c.rows * c.columns;
  // Packets to oneself keep the routers from looking ahead.
  const bool others = choose.below(2) == 0;
  std::map<std::pair<unsigned, unsigned>, Cycle> last;
  for (unsigned i = 0; i < 60; ++i) {
    PacketTrain t;
    const unsigned source = choose.below(nodes);
    t.source = NodeId(source);
    t.destination = NodeId(others ? (source + 1 + choose.below(nodes - 1)) % nodes : choose.below(nodes));
    t.kind = static_cast<PacketClass>(choose.below(classes));
    t.flits = flits;
    t.total = flits * choose.between(1, most_packets) - choose.below(flits);
    Cycle& at = last[{source, static_cast<unsigned>(t.kind)}];
    at += choose.below(gap);
    c.trains.push_back(t);
    c.ready.push_back(at);
  }
  c.stepwise = seed % 2 == 0;
  c.observed = seed / 2 % 2 == 0;
  c.text = "seed " + std::to_string(seed) + ": " + std::to_string(c.rows) + "x" + std::to_string(c.columns) +
           " overlap " + std::to_string(p.overlap) + " any " + std::to_string(p.any_vc) + " spec " +
           std::to_string(p.speculative) + " auto " + std::to_string(p.automatic_sinks) + " flits " +
           std::to_string(flits) + " packets " + std::to_string(most_packets);
  return c;
}

/// The trains and forks of a multicast from `first.source` to `dies`; `first` is what leaves the source.
inline void make_multicast(const Topology& topology, PacketTrain& first, std::uint64_t dies,
                           std::deque<PacketTrain>& copies, std::deque<PacketFork>& forks) {
  const std::vector<MulticastStretch> tree = multicast_tree(topology, first.source, dies);
  std::vector<PacketTrain*> trains{&first};
  first.multicast = true;
  first.destination = tree.front().toward();
  for (std::size_t i = 1; i < tree.size(); ++i) {
    copies.push_back(first);
    copies.back().destination = tree[i].toward();
    trains.push_back(&copies.back());
  }
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (tree[i].fork == kNoNode) continue;
    forks.push_back({tree[i].fork, {}});
    for (const std::size_t branch : tree[i].branches) forks.back().branches.push_back(trains[branch]);
    trains[i]->fork = &forks.back();
  }
}

/// Every flit at every output, every tail and every departure in the same cycle; nothing left over.
inline void require_equal(Collector& collector, CycleFabric& slow, const std::deque<PacketTrain>& trains) {
  std::sort(collector.passes.begin(), collector.passes.end());
  std::sort(slow.passes.begin(), slow.passes.end());
  const auto text = [&](const CycleFabric::Pass& pass) {
    const auto& [at, router, out, train, flit] = pass;
    std::size_t number = 0;
    while (number < trains.size() && &trains[number] != train) ++number;
    return "cycle " + std::to_string(at) + ", router " + std::to_string(router) + ", output " +
           std::to_string(out) + ", flit " + std::to_string(flit) + " of train " + std::to_string(number) +
           (number == trains.size() ? " or a copy to " + std::to_string(index_of(train->destination)) : "");
  };
  for (std::size_t i = 0; i < slow.passes.size() && i < collector.passes.size(); ++i) {
    if (collector.passes[i] == slow.passes[i]) continue;
    INFO("passed: " << text(collector.passes[i]) << "; expected: " << text(slow.passes[i]));
    const bool equal = collector.passes[i] == slow.passes[i];
    REQUIRE(equal);
  }
  std::sort(collector.tails.begin(), collector.tails.end());
  std::sort(slow.tails.begin(), slow.tails.end());
  std::vector<std::string> waits;
  collector.core->report_waits("fabric", waits);
  std::string stuck;
  for (const std::string& line : waits) stuck += line + "\n";
  INFO(stuck);
  REQUIRE(collector.tails.size() == slow.tails.size());
  REQUIRE(collector.tails == slow.tails);
  REQUIRE(collector.lefts == slow.left);
  REQUIRE_FALSE(collector.late);
  REQUIRE(collector.core->settled());
}

struct Outcome {
  std::vector<CycleFabric::Tail> tails;
  unsigned back = 0;        ///< packets that a link turned back
  std::uint64_t steps = 0;  ///< of the event-driven one
};

/// Runs a case in both fabrics, which have to be equal.
inline Outcome run_both(Case& c) {
  INFO(c.text);
  const Topology topology(c.shape, c.rows, c.columns);
  Collector collector;
  FabricCore core(topology, c.params, collector);
  collector.core = &core;
  if (c.observed) core.observe(&collector);
  CycleFabric slow(topology, c.params);
  collector.sink_delay = slow.sink_delay = 20;
  // In half of the cases trains are submitted when they are ready, behind what is decided already.
  std::vector<std::size_t> order(c.trains.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (c.stepwise)
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return c.ready[a] < c.ready[b]; });
  for (const std::size_t i : order) {
    if (c.stepwise) core.advance(c.ready[i]);
    collector.expect(c.trains[i]);
    slow.submit(c.trains[i], c.ready[i]);
    core.submit(c.trains[i], c.ready[i]);
  }
  core.advance(20000);
  collector.remember();
  slow.run(20000);
  require_equal(collector, slow, c.trains);
  return {collector.tails, collector.back, core.steps()};
}

}  // namespace moesaic::test
