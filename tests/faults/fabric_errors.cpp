// SPDX-License-Identifier: Apache-2.0
// Links that fail: a repetition takes exactly a round trip, what follows waits for it, and nothing is ever
// lost.
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "hw/d2d/fabric_core.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

FabricParams failing(double probability, std::uint64_t seed) {
  FabricParams p;
  p.link = 10;
  p.overlap = true;
  p.any_vc = false;
  for (unsigned kind = 0; kind < kPacketClasses; ++kind) p.classes[kind] = {kind, 1};
  p.depths.assign(kPacketClasses, 64);
  p.automatic_sinks = true;
  p.flit_error = probability;
  p.error_seed = seed;
  return p;
}

struct Tails : FabricCore::Owner {
  std::vector<Cycle> all;
  void arrived(PacketTrain& train, std::uint32_t, std::uint32_t count, Cycle tail, Cycle last,
               unsigned) override {
    for (std::uint32_t i = 0; i + 1 < count; ++i) all.push_back(tail + i * train.flits);
    all.push_back(last);
  }
  void left(PacketTrain&, Cycle) override {}
};

PacketTrain train_of_single_flits(std::uint32_t packets) {
  PacketTrain train;
  train.source = NodeId(0);
  train.destination = NodeId(1);
  train.total = packets;
  return train;
}

// A seed with which transmission `bad` of link 0 fails, and no other of the first hundred.
std::uint64_t seed_for(unsigned bad, double probability) {
  for (std::uint64_t seed = 1;; ++seed) {
    LinkErrors errors(probability, seed, 0);
    bool fits = true;
    for (unsigned i = 0; i < 100; ++i) fits = errors.fails() == (i == bad) && fits;
    if (fits) return seed;
  }
}

}  // namespace

TEST_CASE("a flit that fails arrives a round trip later, and those behind it keep their order") {
  const FabricParams clean = failing(0, 1);
  const FabricParams bad = failing(0.01, seed_for(3, 0.01));
  const Topology pair = Topology::mesh(1, 2);
  REQUIRE(clean.replay_round_trip() == 22);
  Tails without, with;
  FabricCore good(pair, clean, without);
  FabricCore core(pair, bad, with);
  PacketTrain a = train_of_single_flits(60);
  PacketTrain b = a;
  good.submit(a, 0);
  core.submit(b, 0);
  good.advance(1000);
  core.advance(1000);
  REQUIRE(without.all.size() == 60);
  REQUIRE(with.all.size() == 60);
  // Three pass; the fourth and the 21 sent before its failure was known come a round trip later; the link
  // then takes new flits, so that all others are late by as much.
  for (unsigned i = 0; i < 60; ++i) CHECK(with.all[i] == without.all[i] + (i < 3 ? 0 : 22));
  CHECK(core.stats(NodeId(0), 2).retries == 1);
  CHECK(core.settled());
}

TEST_CASE("a flit of 256 bytes that fails arrives three flow-control flits later than one of 68") {
  for (const Cycle check : {0u, 3u}) {
    FabricParams clean = failing(0, 1);
    FabricParams bad = failing(0.01, seed_for(3, 0.01));
    clean.check = bad.check = check;
    Tails without, with;
    FabricCore good(Topology::mesh(1, 2), clean, without);
    FabricCore core(Topology::mesh(1, 2), bad, with);
    PacketTrain a = train_of_single_flits(60);
    PacketTrain b = a;
    good.submit(a, 0);
    core.submit(b, 0);
    good.advance(1000);
    core.advance(1000);
    for (unsigned i = 0; i < 60; ++i) CHECK(with.all[i] == without.all[i] + (i < 3 ? 0 : 22 + check));
    CHECK(core.stats(NodeId(0), 2).repeated == 22 + check);
    CHECK(core.settled());
  }
}

TEST_CASE("what the link repeats holds up exactly what it still has to send") {
  // Ten flits, the first of which fails, and one more when the repetitions are under way.
  for (const Cycle gap : {0u, 5u, 15u, 40u}) {
    Tails tails;
    FabricCore core(Topology::mesh(1, 2), failing(0.01, seed_for(0, 0.01)), tails);
    PacketTrain first = train_of_single_flits(10);
    PacketTrain second = train_of_single_flits(1);
    core.submit(first, 0);
    core.submit(second, 10 + gap);
    core.advance(1000);
    REQUIRE(tails.all.size() == 11);
    // Without errors flit i of the first is there at t + i, the second at t + 10 + gap.
    const Cycle t = tails.all[0] - 22;
    CHECK(tails.all[9] == t + 9 + 22);
    // Repetitions take the link until cycle 32 after the first; before cycle 22 the flit is lost too.
    CHECK(tails.all[10] == t + std::max<Cycle>(10 + gap, 32));
    CHECK(core.settled());
  }
}

TEST_CASE("ten million packets cross failing links, and each arrives once and in order") {
  struct Owner : FabricCore::Owner {
    FabricCore* core = nullptr;
    std::uint64_t packets = 0;
    std::uint64_t disorder = 0;
    std::map<const PacketTrain*, std::uint32_t> next;
    void arrived(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle, Cycle,
                 unsigned) override {
      std::uint32_t& expected = next[&train];
      if (expected != first) ++disorder;
      expected = first + count;
      packets += count;
      if (expected == train.packets()) expected = 0;
    }
    void left(PacketTrain& train, Cycle at) override {
      if (packets < 9'900'000) core->submit(train, at + 200);  // the same again, behind its own packets
    }
  } owner;
  FabricParams params = failing(0.0005, 7);
  FabricCore core(Topology::mesh(2, 2), params, owner);
  owner.core = &core;
  std::deque<PacketTrain> trains;
  for (unsigned source = 0; source < 4; ++source) {
    for (const PacketClass kind : {PacketClass::request, PacketClass::stream}) {
      PacketTrain train;
      train.source = NodeId(source);
      train.destination = NodeId((source + (kind == PacketClass::stream ? 1 : 3)) % 4);
      train.kind = kind;
      train.flits = 2;
      train.total = 2 * 1000;
      trains.push_back(train);
      core.submit(trains.back(), source);
    }
  }
  core.advance(kNoCycle);
  std::uint64_t retries = 0;
  for (const FabricLink& link : core.topology().links()) retries += core.stats(link.from, link.out).retries;
  CHECK(owner.packets >= 9'900'000);
  CHECK(owner.packets % 1000 == 0);
  CHECK(owner.disorder == 0);
  CHECK(retries > 10'000);
  CHECK(core.settled());
}
