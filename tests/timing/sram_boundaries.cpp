// SPDX-License-Identifier: Apache-2.0
// When the SRAM answers, to the tick: not a tick earlier, and not one later.
#include <vector>

#include "hw/sram/sram_core.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

const SramParams kParams;  // 64 banks of 16 bytes, ports of 512 bytes, read latency 2, write latency 1
const Clock kClock = Clock::from_hz(kParams.hz);

// Advances to just before `at`, and to `at`; the train with `id` must be done exactly then.
void require_done(SramCore& core, std::uint64_t id, Tick at) {
  std::vector<SramCore::Done> done;
  core.advance(at - 1, done);
  for (const auto& d : done) REQUIRE(d.id != id);
  REQUIRE(core.next_wake() <= at);
  done.clear();
  core.advance(at, done);
  bool found = false;
  for (const auto& d : done) found = found || (d.id == id && d.at == at);
  REQUIRE(found);
}

}  // namespace

TEST_CASE(
    "a read is answered two cycles after its last beat, a write one, an accumulation takes twice as long",
    "[sram]") {
  SramCore core(kParams, 3);
  core.arrive(0, 0, 1, Train::block(0, 512), SramAccess::read);
  require_done(core, 1, kClock.edge(2));
  core.arrive(kClock.edge(10), 0, 2, Train::block(0, 513), SramAccess::read);
  require_done(core, 2, kClock.edge(13));
  core.arrive(kClock.edge(20), 0, 3, Train::block(0, 4096), SramAccess::write);
  require_done(core, 3, kClock.edge(28));
  core.arrive(kClock.edge(30), 0, 4, Train::block(0, 4096), SramAccess::accumulate);
  require_done(core, 4, kClock.edge(46));
}

TEST_CASE("an access that arrives at an edge takes part in that cycle, one tick later in the next",
          "[sram]") {
  SramCore core(kParams, 3);
  core.arrive(kClock.edge(5), 0, 1, Train::block(0, 16), SramAccess::write);
  require_done(core, 1, kClock.edge(6));
  core.arrive(kClock.edge(10) + 1, 0, 2, Train::block(0, 16), SramAccess::write);
  require_done(core, 2, kClock.edge(12));
}

TEST_CASE("two ports at one bank take turns; at different banks they do not meet", "[sram]") {
  SramCore core(kParams, 3);
  core.arrive(0, 0, 1, Train::block(0, 16), SramAccess::write);
  core.arrive(0, 1, 2, Train::block(1024, 16), SramAccess::write);  // the same bank
  core.arrive(0, 2, 3, Train::block(16, 16), SramAccess::write);    // another one
  std::vector<SramCore::Done> done;
  core.advance(kClock.edge(1), done);
  REQUIRE(done.size() == 2);
  CHECK(done[0].id == 1);
  CHECK(done[1].id == 3);
  require_done(core, 2, kClock.edge(2));
  CHECK(core.conflict_cycles(1) == 1);
  // Port 1 was served first in the last cycle: now it is the last.
  core.arrive(kClock.edge(4), 0, 4, Train::block(0, 16), SramAccess::write);
  core.arrive(kClock.edge(4), 1, 5, Train::block(0, 16), SramAccess::write);
  core.arrive(kClock.edge(4), 2, 6, Train::block(0, 16), SramAccess::write);
  require_done(core, 6, kClock.edge(5));
  require_done(core, 4, kClock.edge(6));
  require_done(core, 5, kClock.edge(7));
}

TEST_CASE("paced accesses are served as they arrive, and the last one ends the train", "[sram]") {
  SramCore core(kParams, 3);
  Train train{0, 512, 10, 512, 0};
  train.period = kClock.edge(7);
  core.arrive(0, 0, 1, train, SramAccess::read);
  require_done(core, 1, kClock.edge(9 * 7 + 2));
}

namespace {

// Engine, DMA and fabric want the same bank in the same cycle, four times over: the ports in the order in
// which their last accesses are served.
std::vector<unsigned> order_under(SramArbitration arbitration) {
  SramParams p;
  p.arbitration = arbitration;
  SramCore core(p, 3);
  for (unsigned port = 0; port < 3; ++port) {
    // Four beats at bank 0 each.
    core.arrive(0, port, port, Train{port * 65536u, 16, 4, 1024, 0}, SramAccess::write);
  }
  std::vector<SramCore::Done> done;
  core.advance(kClock.edge(100), done);
  std::vector<unsigned> order;
  for (const SramCore::Done& d : done) order.push_back(d.port);
  // One of the three is served in every cycle, whatever the order.
  REQUIRE(done.size() == 3);
  CHECK(done.back().at == kClock.edge(12));
  if (arbitration != SramArbitration::round_robin) {
    CHECK(done[0].at == kClock.edge(4));
    CHECK(done[1].at == kClock.edge(8));
    // Who is last lost four cycles to each of the others; who is first lost none.
    CHECK(core.conflict_cycles(order[0]) == 0);
    CHECK(core.lost_cycles(order[1], order[0]) == 4);
    CHECK(core.lost_cycles(order[2], order[0]) == 4);
    CHECK(core.lost_cycles(order[2], order[1]) == 4);
  } else {
    CHECK(done[0].at == kClock.edge(10));
    CHECK(done[1].at == kClock.edge(11));
  }
  return order;
}
using Order = std::vector<unsigned>;

}  // namespace

TEST_CASE("a fixed order serves the first port until it has nothing left, turns serve all alike", "[sram]") {
  CHECK(order_under(SramArbitration::round_robin) == Order{0, 1, 2});
  CHECK(order_under(SramArbitration::engine_dma_fabric) == Order{0, 1, 2});
  CHECK(order_under(SramArbitration::engine_fabric_dma) == Order{0, 2, 1});
  CHECK(order_under(SramArbitration::dma_engine_fabric) == Order{1, 0, 2});
  CHECK(order_under(SramArbitration::dma_fabric_engine) == Order{1, 2, 0});
  CHECK(order_under(SramArbitration::fabric_engine_dma) == Order{2, 0, 1});
  CHECK(order_under(SramArbitration::fabric_dma_engine) == Order{2, 1, 0});
}

TEST_CASE("a bank with a read and a write port serves one of each in a cycle, and not two of a kind",
          "[sram]") {
  SramParams p;
  p.bank_ports = BankPorts::read_and_write;
  SramCore core(p, 3);
  core.arrive(0, 0, 1, Train::block(0, 16), SramAccess::read);
  core.arrive(0, 1, 2, Train::block(1024, 16), SramAccess::write);  // the same bank
  core.arrive(0, 2, 3, Train::block(2048, 16), SramAccess::write);  // and again
  require_done(core, 2, kClock.edge(1));
  require_done(core, 1, kClock.edge(2));
  CHECK(core.conflict_cycles(0) == 0);
  CHECK(core.conflict_cycles(1) == 0);
  CHECK(core.lost_cycles(2, 1) == 1);
  // An accumulation reads half of the banks and writes the other half: a reader of the first half waits.
  core.arrive(kClock.edge(10), 0, 4, Train::block(0, 256), SramAccess::accumulate);
  core.arrive(kClock.edge(10), 1, 5, Train::block(1024 + 256, 256), SramAccess::read);
  core.arrive(kClock.edge(10), 2, 6, Train::block(2048, 256), SramAccess::read);
  require_done(core, 4, kClock.edge(11));
  require_done(core, 5, kClock.edge(12));
  require_done(core, 6, kClock.edge(13));
}
