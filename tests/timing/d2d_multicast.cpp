// SPDX-License-Identifier: Apache-2.0
// Multicasts that routers copy, through whole network interfaces: latency in closed form, one flit per link
// of the tree, every byte at every die once, links that fail or are down, shapes that cannot copy.
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include <set>

#include "hw/d2d/multicast_tree.h"
#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {

D2dParams copying() {
  D2dParams p = round_params();
  p.router.multicast = true;
  return p;
}

void send(Fabric& f, unsigned from, std::uint64_t dies, std::uint64_t offset, std::uint32_t bytes,
          std::uint8_t seed = 0) {
  const auto first = static_cast<unsigned>(__builtin_ctzll(dies));
  f.dies[from]->write(
      f.sram(first, offset), bytes, 0,
      [dies](TrainExtension& e) {
        e.destinations = dies;
        e.signal_event = 5;
        e.signal_add = 1;
      },
      seed);
}

// Links that the routes from `from` to `dies` use.
std::set<std::size_t> links_of_tree(const Topology& mesh, unsigned from, std::uint64_t dies) {
  std::set<std::size_t> links;
  for (unsigned die = 0; die < mesh.nodes(); ++die) {
    if ((dies >> die & 1u) == 0) continue;
    for (NodeId here = NodeId(from); here != NodeId(die);) {
      const Topology::Peer& next = mesh.peer(here, mesh.routes(here, NodeId(from), NodeId(die)).ports[0]);
      links.insert(next.link);
      here = next.node;
    }
  }
  return links;
}

}  // namespace

TEST_CASE("a multicast through an empty mesh reaches each die when a packet of its own would") {
  const D2dParams params = copying();
  Fabric f(4, 4, params);
  const std::uint64_t dies = 0xFFFF & ~(1u << 5);
  f.at(0, 5, [&] { send(f, 5, dies, 64, 256); });
  f.run();
  for (unsigned to = 0; to < 16; ++to) {
    if (to == 5) continue;
    const unsigned hops = f.mesh.hops(NodeId(5), NodeId(to));
    // From the offer: interface, a cycle to the router, 12 cycles per router, 16 per link, 3 flits more.
    const Tick tail = f.format.ni_latency() + (1 + 12 * (hops + 1) + 16 * hops + 3) * f.format.cycle();
    REQUIRE(f.srams[to]->accesses.size() == 1);
    CHECK(f.srams[to]->accesses[0].at == tail);
    CHECK(f.srams[to]->accesses[0].offset == 64);
    REQUIRE(f.dies[to]->signals.size() == 1);
    CHECK(f.log.end(f.dies[to]->signals[0].cause) == f.dies[to]->signals[0].at);
    // Nothing but its way: the queue is the rounding to a flit cycle.
    CHECK(f.log.spent(f.dies[to]->signals[0].cause)[static_cast<std::size_t>(Cause::fabric_queue)] <
          f.format.cycle());
  }
  CHECK(f.settled());
}

TEST_CASE("a stream to all dies leaves at the rate of a link: 4096 packets behind each other at every die") {
  Fabric f(3, 3, copying());
  for (auto& sram : f.srams) sram->service = kPicosecond;
  f.at(0, 4, [&] {
    for (unsigned i = 0; i < 16; ++i) send(f, 4, 0x1EF, 0, 65536);
  });
  f.run();
  for (unsigned to = 0; to < 9; ++to) {
    if (to == 4) continue;
    REQUIRE(f.srams[to]->accesses.size() == 4096);
    const auto& all = f.srams[to]->accesses;
    // A router copies flit by flit and begins a packet behind the one before: no gap.
    CHECK(all.back().at - all.front().at == Tick{4095} * 4 * f.format.cycle());
  }
  CHECK(f.settled());
}

TEST_CASE("each link of the tree carries a multicast once, and no other link anything") {
  for (const TopologyKind kind :
       {TopologyKind::mesh, TopologyKind::torus, TopologyKind::ring, TopologyKind::fully_connected}) {
    D2dParams params = copying();
    params.topology.kind = kind;
    if (kind == TopologyKind::torus || kind == TopologyKind::ring)
      params.control.vcs = params.request.vcs = params.response.vcs = 2;
    const Topology shape(params.topology, 3, 3);
    for (const std::uint64_t dies : {0x1EFull, 0x145ull, 0x0A0ull, 0x008ull}) {
      const std::set<std::size_t> tree = links_of_tree(shape, 4, dies);
      struct Ends : FabricCore::Owner {
        std::multiset<unsigned> at;
        void arrived(PacketTrain& t, std::uint32_t, std::uint32_t count, Cycle, Cycle, unsigned) override {
          for (std::uint32_t i = 0; i < count; ++i) at.insert(index_of(t.destination));
        }
        void left(PacketTrain&, Cycle) override {}
      } ends;
      FabricParams fabric = D2dFormat(params).fabric();
      fabric.automatic_sinks = true;
      FabricCore core(shape, fabric, ends);
      std::deque<PacketTrain> trains;
      std::deque<PacketFork> forks;
      const std::vector<MulticastStretch> stretches = multicast_tree(shape, NodeId(4), dies);
      for (const MulticastStretch& stretch : stretches) {
        trains.emplace_back();
        trains.back().source = NodeId(4);
        trains.back().destination = stretch.toward();
        trains.back().multicast = true;
        trains.back().flits = 4;
        trains.back().total = 12;
      }
      for (std::size_t i = 0; i < trains.size(); ++i) {
        if (stretches[i].fork == kNoNode) continue;
        forks.push_back({stretches[i].fork, {}});
        for (const std::size_t b : stretches[i].branches) forks.back().branches.push_back(&trains[b]);
        trains[i].fork = &forks.back();
      }
      core.submit(trains.front(), 0);
      core.advance(kNoCycle);
      for (std::size_t i = 0; i < shape.links().size(); ++i) {
        const FabricLink& link = shape.links()[i];
        CHECK(core.stats(link.from, link.out).flits == (tree.count(i) > 0 ? 12 : 0));
      }
      for (unsigned die = 0; die < 9; ++die) CHECK(ends.at.count(die) == (dies >> die & 1u) * 3);
      CHECK(core.settled());
    }
  }
}

namespace {
// Random sends, about half of them to several dies, through small buffers and links that fail.
void deliver_everything(unsigned rows, unsigned columns, double bit_error_rate) {
  D2dParams params;
  params.router.multicast = true;
  params.stream = {2, 4};
  params.injection_queue_depth = 2;
  params.sram_outstanding = 1;
  params.bit_error_rate = bit_error_rate;
  FabricOptions options;
  options.mode = RunMode::functional;
  Fabric f(rows, columns, params, options);
  const unsigned n = f.mesh.nodes();
  boost::random::mt19937 random(rows * 10 + columns);
  const auto below = [&](unsigned count) {
    return boost::random::uniform_int_distribution<unsigned>(0, count - 1)(random);
  };
  struct Expected {
    std::uint64_t offset;
    std::uint32_t bytes;
    std::uint8_t seed;
  };
  std::vector<std::vector<Expected>> expected(n);
  std::uint64_t offset = 0;
  unsigned copies = 0, sends = 0;
  for (unsigned from = 0; from < n; ++from) {
    Tick at = 0;
    for (unsigned i = 0; i < 40; ++i, offset += 4096) {
      at += below(40) * kNanosecond;
      std::uint64_t dies = below(2) == 0 ? std::uint64_t{1} << below(n) : below(1u << n);
      dies &= ~(std::uint64_t{1} << from);
      if (dies == 0) continue;
      const std::uint32_t bytes = 1 + below(2000);
      const auto seed = static_cast<std::uint8_t>(below(256));
      ++sends;
      for (unsigned die = 0; die < n; ++die) {
        if ((dies >> die & 1u) == 0) continue;
        ++copies;
        expected[die].push_back({offset, bytes, seed});
      }
      f.at(at, from, [&f, from, dies, offset, bytes, seed] { send(f, from, dies, offset, bytes, seed); });
    }
  }
  f.run();
  std::uint64_t signals = 0, responses = 0, retries = 0;
  for (unsigned die = 0; die < n; ++die) {
    signals += f.dies[die]->signals.size();
    responses += f.dies[die]->responses.size();
    std::size_t bytes = 0;
    bool equal = true;
    for (const Expected& e : expected[die]) {
      bytes += e.bytes;
      for (std::uint32_t i = 0; i < e.bytes; ++i) {
        const auto found = f.srams[die]->bytes.find(e.offset + i);
        equal = equal && found != f.srams[die]->bytes.end() &&
                found->second == static_cast<std::uint8_t>(e.seed + i * 7);
      }
    }
    CHECK(equal);
    // Each byte once: no access beside those that were expected.
    std::size_t written = 0;
    for (const auto& access : f.srams[die]->accesses) written += access.train.bytes();
    CHECK(written == bytes);
  }
  for (const FabricLink& link : f.mesh.links()) retries += f.fabric->stats(link.from, link.out).retries;
  CHECK(signals == copies);
  CHECK(responses == sends);
  CHECK((retries > 0) == (bit_error_rate > 0));
  CHECK(f.faults.all.empty());
  CHECK(f.settled());
}
}  // namespace

TEST_CASE("random multicasts among sends: each byte at each die once, on 2 x 2 dies") {
  deliver_everything(2, 2, 0);
}
TEST_CASE("random multicasts among sends: each byte at each die once, on 3 x 3 dies with failing links") {
  deliver_everything(3, 3, 1e-5);
}
TEST_CASE("random multicasts among sends: each byte at each die once, on 2 x 4 dies with failing links") {
  deliver_everything(2, 4, 1e-5);
}

TEST_CASE(
    "a link that is down stops the copies behind it: a fault for each of their dies, data at the others") {
  D2dParams params = copying();
  params.topology.down_links = "1-2";
  Fabric f(2, 4, params);
  f.at(0, 0, [&] { send(f, 0, 0xFE, 0, 1000); });
  f.run();
  // East along the row first: 2, 3, 6 and 7 are behind the link.
  std::multiset<std::string> faults;
  for (const Fault& fault : f.faults.all) faults.insert(fault.what.substr(0, fault.what.find(',')));
  CHECK(faults == std::multiset<std::string>{"a send to die 2 did not get beyond die 1",
                                             "a send to die 3 did not get beyond die 1",
                                             "a send to die 6 did not get beyond die 1",
                                             "a send to die 7 did not get beyond die 1"});
  for (unsigned die = 1; die < 8; ++die) {
    const bool reached = die == 1 || die == 4 || die == 5;
    CHECK(f.dies[die]->signals.size() == (reached ? 1 : 0));
    CHECK(f.srams[die]->accesses.size() == (reached ? 4 : 0));
  }
  CHECK(f.dies[0]->responses.size() == 1);
  CHECK(f.settled());
}

TEST_CASE("a link that goes down in the middle of multicasts leaves whole packets and no credit behind") {
  D2dParams params = copying();
  params.topology.down_links = "0-1@200";
  Fabric f(2, 2, params);
  f.at(0, 0, [&] {
    for (unsigned i = 0; i < 20; ++i) send(f, 0, 0b1110, 0, 4096);
  });
  f.run();
  CHECK(f.srams[2]->accesses.size() == 20 * 16);
  CHECK(f.srams[1]->accesses.size() > 50);
  CHECK(f.srams[1]->accesses.size() < 20 * 16);
  CHECK_FALSE(f.faults.all.empty());
  CHECK(f.settled());
}

TEST_CASE("routers that choose among ways, or would need too many inputs, cannot copy packets") {
  D2dParams p;
  p.router.multicast = true;
  CHECK(check(p, 4, 4).empty());
  p.topology.routing = FabricRouting::odd_even;
  const auto adaptive = check(p, 4, 4);
  REQUIRE(adaptive.size() == 1);
  CHECK(adaptive[0].find("router.multicast: routers copy packets on fixed ways only") == 0);
  p.topology = {};
  p.topology.kind = TopologyKind::fully_connected;
  CHECK(check(p, 4, 8).empty());
  const auto wide = check(p, 5, 8);
  REQUIRE(wide.size() == 1);
  CHECK(wide[0].find("router 0 would have 79 inputs") != std::string::npos);
}
