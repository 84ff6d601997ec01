// SPDX-License-Identifier: Apache-2.0
// The replay buffer of a link, at the boundary and in the closed form of what it sustains.
#include <algorithm>
#include <vector>

#include "hw/d2d/fabric_core.h"
#include "hw/d2d/format.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

FabricParams link_of_ten(std::uint32_t replay_flits) {
  FabricParams p;
  p.link = 10;
  p.overlap = true;
  p.any_vc = false;
  for (unsigned kind = 0; kind < kPacketClasses; ++kind) p.classes[kind] = {kind, 1};
  p.depths.assign(kPacketClasses, 64);
  p.automatic_sinks = true;
  p.replay_flits = replay_flits;
  return p;
}

/// When each of `flits` flits of one train was granted to the link.
std::vector<Cycle> grants(const FabricParams& params, std::uint32_t flits) {
  struct Seen : FabricCore::Owner, FabricCore::Observer {
    std::vector<Cycle> grants;
    void arrived(PacketTrain&, std::uint32_t, std::uint32_t, Cycle, Cycle, unsigned) override {}
    void left(PacketTrain&, Cycle) override {}
    void passed(const FabricCore::Passage& p) override {
      if (p.node != NodeId(0) || p.out == kNoPort) return;
      for (std::uint32_t i = 0; i < p.count; ++i) grants.push_back(p.at + i);
    }
  } seen;
  FabricCore core(Topology::mesh(1, 2), params, seen);
  core.observe(&seen);
  PacketTrain train;
  train.source = NodeId(0);
  train.destination = NodeId(1);
  train.flits = 4;
  train.total = flits;
  core.submit(train, 0);
  core.advance(kNoCycle);
  REQUIRE(seen.grants.size() == flits);
  CHECK(core.settled());
  return seen.grants;
}

}  // namespace

TEST_CASE("a flit that finds the replay buffer full leaves in the cycle of an acknowledgement, not before") {
  const FabricParams p = link_of_ten(5);
  REQUIRE(p.replay_round_trip() == 22);
  const std::vector<Cycle> g = grants(p, 12);
  for (unsigned i = 1; i < 5; ++i) CHECK(g[i] == g[0] + i);
  CHECK(g[5] == g[0] + 22);
  CHECK(g[6] == g[1] + 22);
  CHECK(g[10] == g[5] + 22);
}

TEST_CASE("a replay buffer of a round trip fills the link, one of a flit less does not") {
  for (const std::uint32_t size : {22u, 23u, 100u, 0u}) {
    const std::vector<Cycle> g = grants(link_of_ten(size), 400);
    CHECK(g.back() - g.front() == 399);
  }
  const std::vector<Cycle> g = grants(link_of_ten(21), 400);
  CHECK(g.back() - g.front() == 399 + 399 / 21);
}

TEST_CASE("a smaller replay buffer carries its flits per round trip") {
  for (const std::uint32_t size : {1u, 3u, 11u, 20u}) {
    const std::vector<Cycle> g = grants(link_of_ten(size), 60 * size + 1);
    CHECK(g.back() - g.front() == 60 * 22);
  }
}

TEST_CASE("what is known of a flit of 256 bytes is known three flow-control flits later") {
  D2dParams params;
  for (const FlitFormat format : {FlitFormat::raw_64, FlitFormat::flit_68}) {
    params.flit_format = format;
    CHECK(D2dFormat(params).fabric().check == 0);
  }
  params.flit_format = FlitFormat::flit_256;
  CHECK(D2dFormat(params).fabric().check == 3);
  FabricParams p = link_of_ten(5);
  p.check = 3;
  const std::vector<Cycle> g = grants(p, 12);
  CHECK(g[4] == g[0] + 4);
  CHECK(g[5] == g[0] + 25);
}
