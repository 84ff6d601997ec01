// SPDX-License-Identifier: Apache-2.0
// Multicasts that routers copy: equal, flit by flit, to a fabric that is stepped every cycle, on random small
// cases among other traffic; every packet at every die exactly once, and every place free in the end.
#include "tests/support/fabric_cases.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

// A case of tests/reference/fabric_cycles.cpp in which about half of the trains go to several dies.
Case multicast_case(unsigned seed) {
  Case c = random_case(seed);
  Choice choose{boost::random::mt19937(seed + 1'000'000)};
  if (c.shape.routing == FabricRouting::west_first || c.shape.routing == FabricRouting::odd_even)
    c.shape.routing = FabricRouting::xy;
  c.params.multicast = true;
  const unsigned nodes = c.rows * c.columns;
  const Topology topology(c.shape, c.rows, c.columns);
  for (PacketTrain& train : c.trains) {
    std::uint64_t dies = 0;
    for (unsigned n = 0; n < nodes; ++n) {
      if (NodeId(n) != train.source && choose.below(2) == 0) dies |= std::uint64_t{1} << n;
    }
    if ((dies & (dies - 1)) == 0 || choose.below(2) == 0) continue;
    make_multicast(topology, train, dies, c.copies, c.forks);
  }
  return c;
}

struct Seen {
  unsigned tails = 0, back = 0, copied = 0;
};

using Ends = std::map<std::pair<const PacketTrain*, std::uint32_t>, unsigned>;

// Packet `packet` ended once at or before each die behind `train`.
void require_once(const PacketTrain& train, std::uint32_t packet, unsigned before, const Ends& ends) {
  const auto found = ends.find({&train, packet});
  const unsigned here = before + (found == ends.end() ? 0 : found->second);
  if (train.fork == nullptr) {
    REQUIRE(here == 1);
    return;
  }
  for (const PacketTrain* branch : train.fork->branches) require_once(*branch, packet, here, ends);
}

void compare(Case c, Seen& seen) {
  const Outcome outcome = run_both(c);
  Ends ends;
  for (const CycleFabric::Tail& tail : outcome.tails) ++ends[{tail.train, tail.packet}];
  for (const PacketTrain& train : c.trains) {
    for (std::uint32_t packet = 0; packet < train.packets(); ++packet) require_once(train, packet, 0, ends);
  }
  seen.tails += static_cast<unsigned>(outcome.tails.size());
  seen.back += outcome.back;
  seen.copied += static_cast<unsigned>(c.forks.size());
}

}  // namespace

TEST_CASE("a fabric whose routers copy packets is equal to one that is stepped flit by flit") {
  Seen seen;
  for (unsigned seed = 0; seed < 150; ++seed) compare(multicast_case(seed), seen);
  CHECK(seen.tails > 25'000);
  CHECK(seen.back > 300);
  CHECK(seen.copied > 1'500);
}

TEST_CASE("flits that a rival holds up on the way to a fork are late for every copy") {
  // A multicast of die 0 is copied at router 2. Packets of die 1 take turns with it at router 1 and then
  // stand at router 2, whose die is slow to take them: the gaps that they leave are empty.
  for (Cycle at = 0; at < 60; ++at) {
    Case c;
    c.text = "rival at " + std::to_string(at);
    c.columns = 4;
    c.params.multicast = c.params.overlap = true;
    c.params.any_vc = false;
    for (unsigned kind = 0; kind < kPacketClasses; ++kind) c.params.classes[kind] = {kind, 1};
    c.params.depths = {6, 6, 6, 32};
    c.params.link = 5;
    for (unsigned i = 0; i < 2; ++i) {
      PacketTrain t;
      t.source = NodeId(i);
      t.destination = NodeId(2);
      t.kind = i == 0 ? PacketClass::stream : PacketClass::request;
      t.flits = i == 0 ? 6 : 5;
      t.total = i == 0 ? 18 : 15;
      c.trains.push_back(t);
      c.ready.push_back(i == 0 ? 60 : 60 + at - 40);
    }
    make_multicast(Topology(c.shape, 1, 4), c.trains[0], 0b1100, c.copies, c.forks);
    c.observed = at % 2 == 0;
    Seen seen;
    compare(c, seen);
    CHECK(seen.tails == 9);
  }
}
