// SPDX-License-Identifier: Apache-2.0
// The result depends neither on the order of construction, nor on how a stream is cut into transactions, nor
// on whether bytes are carried.
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {
// All dies send and read at the same instants, so that every arbiter has ties to break.
void busy_traffic(Fabric& f) {
  boost::random::mt19937 random(5);
  const auto below = [&](unsigned n) {
    return boost::random::uniform_int_distribution<unsigned>(0, n - 1)(random);
  };
  const unsigned nodes = f.mesh.nodes();
  for (unsigned round = 0; round < 20; ++round) {
    for (unsigned from = 0; from < nodes; ++from) {
      const unsigned to = (from + 1 + below(nodes - 1)) % nodes;
      const bool read = below(3) == 0;
      const std::uint32_t bytes = 64 * (1 + below(32));
      f.at(round * 25 * kNanosecond, from, [&f, from, to, read, bytes] {
        if (read) {
          f.dies[from]->read(f.memory(to, 0), bytes);
        } else {
          f.dies[from]->write(f.sram(to, 0), bytes, 0, [](TrainExtension& e) { e.signal_event = 1; });
        }
      });
    }
  }
}
std::vector<Tick> times(const Fabric& f) {
  std::vector<Tick> all;
  for (unsigned n = 0; n < f.mesh.nodes(); ++n) {
    for (const auto& r : f.dies[n]->responses) all.push_back(r.at);
    for (const auto& s : f.dies[n]->signals) all.push_back(s.at);
    for (const auto& a : f.srams[n]->accesses) all.push_back(a.at);
    for (const auto& a : f.memories[n]->accesses) all.push_back(a.at);
  }
  for (const FabricLink& link : f.mesh.links()) all.push_back(f.fabric->stats(link.from, link.out).packets);
  return all;
}
}  // namespace

TEST_CASE("the order of construction changes no time of a contended mesh") {
  D2dParams params;
  params.stream = {1, 10};
  Fabric forward(3, 3, params, {RunMode::timing, false, "a"});
  Fabric backward(3, 3, params, {RunMode::timing, true, "b"});
  busy_traffic(forward);
  busy_traffic(backward);
  sc_core::sc_start();
  CHECK(times(forward).size() > 900);
  CHECK(times(forward) == times(backward));
  CHECK(forward.settled());
}

TEST_CASE("carrying bytes changes no time") {
  Fabric timing(2, 2, D2dParams{}, {RunMode::timing, false, "a"});
  Fabric functional(2, 2, D2dParams{}, {RunMode::functional, false, "b"});
  busy_traffic(timing);
  busy_traffic(functional);
  sc_core::sc_start();
  CHECK(times(timing) == times(functional));
  CHECK(functional.settled());
}

TEST_CASE("a train of n packets moves as n transactions of one packet") {
  D2dParams params;
  params.injection_queue_depth = 64;
  params.stream = {1, 15};  // contended: credits run out
  Fabric train(1, 3, params, {RunMode::timing, false, "a"});
  Fabric singles(1, 3, params, {RunMode::timing, false, "b"});
  for (const unsigned from : {0u, 1u}) {
    train.at(0, from, [&train, from] { train.dies[from]->write(train.sram(2, from * 65536), 40 * 256); });
    singles.at(0, from, [&singles, from] {
      for (unsigned i = 0; i < 40; ++i)
        singles.dies[from]->write(singles.sram(2, from * 65536 + i * 256), 256);
    });
  }
  sc_core::sc_start();
  REQUIRE(train.srams[2]->accesses.size() == 80);
  REQUIRE(singles.srams[2]->accesses.size() == 80);
  for (unsigned i = 0; i < 80; ++i) {
    CHECK(train.srams[2]->accesses[i].at == singles.srams[2]->accesses[i].at);
    CHECK(train.srams[2]->accesses[i].offset == singles.srams[2]->accesses[i].offset);
  }
}

TEST_CASE("a train with a period moves as packets offered at that period") {
  Fabric train(1, 2, D2dParams{}, {RunMode::timing, false, "a"});
  Fabric singles(1, 2, D2dParams{}, {RunMode::timing, false, "b"});
  const Tick period = 7 * kNanosecond;
  train.at(0, 0, [&] {
    train.dies[0]->transfer(tlm::TLM_WRITE_COMMAND, Train{train.sram(1, 0), 256, 10, 256, period});
  });
  for (unsigned i = 0; i < 10; ++i)
    singles.at(i * period, 0, [&singles, i] { singles.dies[0]->write(singles.sram(1, i * 256), 256); });
  sc_core::sc_start();
  REQUIRE(train.srams[1]->accesses.size() == 10);
  REQUIRE(singles.srams[1]->accesses.size() == 10);
  for (unsigned i = 0; i < 10; ++i) CHECK(train.srams[1]->accesses[i].at == singles.srams[1]->accesses[i].at);
}
