// SPDX-License-Identifier: Apache-2.0
// The event-driven fabric is equal, packet by packet and cycle by cycle, to one that looks at every router in
// every cycle (tests/support/cycle_fabric.h), on random small cases.
#include "tests/support/fabric_cases.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

void compare(Case c, unsigned& packets, unsigned& back) {
  const Outcome outcome = run_both(c);
  packets += static_cast<unsigned>(outcome.tails.size());
  back += outcome.back;
}

}  // namespace

TEST_CASE("the fabric is equal to one that is stepped flit by flit") {
  unsigned packets = 0, back = 0;
  for (unsigned seed = 0; seed < 600; ++seed) compare(random_case(seed), packets, back);
  CHECK(packets > 60'000);
  CHECK(back > 1'000);
}

TEST_CASE("who observes the fabric changes nothing of it") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    Case c = random_case(seed);
    INFO(c.text);
    c.observed = false;
    const Outcome alone = run_both(c);
    c.observed = true;
    const Outcome observed = run_both(c);
    CHECK(observed.steps == alone.steps);
    const bool equal = observed.tails == alone.tails;
    CHECK(equal);
  }
}

TEST_CASE(
    "an uncontended packet costs a step per router however many flits it has, and a train little more") {
  const auto steps = [](std::uint32_t flits, std::uint32_t packets) {
    FabricParams p;
    p.overlap = true;
    p.any_vc = false;
    p.automatic_sinks = true;
    p.link = 400;
    for (auto& vcs : p.classes) vcs = {0, 1};
    p.depths = {4096};
    Collector collector;
    FabricCore core(Topology::mesh(1, 4), p, collector);
    collector.core = &core;
    PacketTrain train;
    train.source = NodeId(0);
    train.destination = NodeId(3);
    train.flits = flits;
    train.total = flits * packets;
    core.submit(train, 0);
    core.advance(kNoCycle);
    CHECK(core.stats(NodeId(3), kLocalPort).flits == flits * packets);
    CHECK(collector.tails.size() == packets);
    CHECK(collector.tails.back().at == 1 + 1 + 4 * 4 + 3 * 400 + 1 + flits * packets - 1);
    return core.steps();
  };
  // The source and four routers.
  CHECK(steps(4, 1) == 5);
  // And the last one again at the end, which is too far away to be certain.
  CHECK(steps(4000, 1) == 6);
  // A train asks each router for the switch in a step of its own. The last one tells the die of as many
  // packets as nothing can stop any more: those of a link latency.
  CHECK(steps(4, 1000) <= 5 + 4 + 1 + 4000 / 400);
}
