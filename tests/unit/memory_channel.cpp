// SPDX-License-Identifier: Apache-2.0
// Properties of the DRAM channel core: what its results may not depend on, and that its accounts add up.
#include <random>

#include "tests/catch.h"
#include "tests/timing/memory_harness.h"
#include "tlm/diagnostics.h"

using namespace moesaic;
using namespace moesaic::memory_test;
using Kind = DramCommandKind;

namespace {

constexpr Tick kCk = 1'250'000;

void check_same(const Outcome& a, const Outcome& b) {
  REQUIRE(a.commands.size() == b.commands.size());
  REQUIRE(std::equal(a.commands.begin(), a.commands.end(), b.commands.begin()));
  REQUIRE(a.last == b.last);
}

void check_same_done(const Outcome& a, const Outcome& b) {
  check_same(a, b);
  REQUIRE(a.done.size() == b.done.size());
  for (const auto& [id, done] : a.done) {
    REQUIRE(done.at == b.done.at(id).at);
    REQUIRE(done.causes == b.done.at(id).causes);
  }
}

// Traffic of two ports: blocks, strided trains with and without a period, reads and writes, pauses.
std::vector<Arrival> mixed_traffic(unsigned seed, unsigned trains) {
  std::mt19937 random(seed);
  std::vector<Arrival> arrivals;
  Tick at = 0;
  for (unsigned i = 0; i < trains; ++i) {
    if (random() % 3 == 0) at += random() % 2000 * kNanosecond / (1 + random() % 20);
    Train train;
    train.address = random() % 4096 * 2048 + random() % 8 * 32;
    train.size = 1 + random() % 512;
    train.count = 1 + random() % 8;
    train.stride = random() % 2 == 0 ? train.size : random() % 8192;
    train.period = random() % 3 == 0 ? random() % 50 * kNanosecond : 0;
    arrivals.push_back({at, train, random() % 3 == 0, i, ComponentId(random() % 2)});
  }
  return arrivals;
}

MemoryParams with_latency() {
  MemoryParams params;
  params.channels = 1;
  params.controller.port_requests = 4096;
  return params;
}

}  // namespace

TEST_CASE("causes sum exactly to the time from arrival to done, for every train") {
  for (const std::uint64_t hz : {800'000'000ull, 933'333'333ull}) {
    MemoryParams params = with_latency();
    params.timing.clock_period_fs = kSecond / hz;
    const std::vector<Arrival> arrivals = mixed_traffic(1, 2000);
    const Outcome outcome = run(params, arrivals);
    REQUIRE(outcome.done.size() == arrivals.size());
    for (const Arrival& a : arrivals) {
      const auto& done = outcome.done.at(a.id);
      REQUIRE(sum(done.causes) == done.at - a.at);
    }
  }
}

TEST_CASE("the bus ledger covers the time until the last burst exactly") {
  const Outcome o = run(bare_params(), mixed_traffic(2, 2000));
  std::uint64_t last = 0;
  for (const DramCommand& c : o.commands)
    if (c.kind == Kind::read || c.kind == Kind::write) last = std::max(last, c.cycle());
  const MemoryStats& s = o.stats;
  const Tick known = s.busy + s.lost_to_column + s.lost_to_row + s.lost_to_turnaround + s.lost_to_refresh;
  CHECK(known <= (last + 2) * kCk);
  CHECK(s.row_hits + s.row_misses + s.row_conflicts == s.read_bursts + s.write_bursts);
  CHECK(s.row_misses + s.row_conflicts <= s.activates);
}

TEST_CASE("results do not depend on how a stream is cut into trains") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    // Two ports with one stream of 64-byte accesses each, at a pace of their own.
    std::vector<Arrival> whole, cut;
    std::uint64_t id = 0;
    for (ComponentId port = 0; port < 2; ++port) {
      const Tick start = random() % 100 * kNanosecond;
      const Tick period = seed % 4 == 0 ? 0 : random() % 20000 * kPicosecond;
      const std::uint64_t stride = seed % 2 == 0 ? 64 : 64 * (1 + random() % 100);
      const Train stream{random() % 1024 * 4096, 64, 400, stride, period};
      const bool write = random() % 3 == 0;
      whole.push_back({start, stream, write, 1000 + port, port});
      for (std::uint32_t i = 0; i < stream.count;) {
        const std::uint32_t n = std::min<std::uint32_t>(1 + random() % 60, stream.count - i);
        cut.push_back({start + i * period, {stream.address_of(i), 64, n, stride, period}, write, id++, port});
        i += n;
      }
    }
    check_same(run(with_latency(), whole), run(with_latency(), cut));
  }
}

TEST_CASE("a block is the same as its accesses one by one") {
  std::vector<Arrival> blocks, accesses;
  for (unsigned i = 0; i < 16; ++i) {
    blocks.push_back({0, Train::block(i * 4096, 4096), false, i, 0});
    for (unsigned j = 0; j < 64; ++j)
      accesses.push_back({0, Train::block(i * 4096 + j * 64, 64), false, i * 64 + j, 0});
  }
  check_same(run(with_latency(), blocks), run(with_latency(), accesses));
}

TEST_CASE("a run counts the gaps before its column commands as bursts by themselves do") {
  // Neighbours in one bank group: tCCD_L leaves a gap before every burst.
  MemoryParams params = bare_params();
  params.address_map.bits = "CO=5-10 BA=11,12 BG=13,14 RO=15-33";
  params.controller.refresh_policy = RefreshPolicy::none;
  const std::uint32_t bytes = 64 * params.organisation.burst_bytes;  // a row
  std::vector<Arrival> single;
  for (unsigned i = 0; i < 64; ++i)
    single.push_back(
        {0, Train::block(i * params.organisation.burst_bytes, params.organisation.burst_bytes), false, i, 0});
  const Outcome block = run(params, {{0, Train::block(0, bytes), false, 0, 0}}), bursts = run(params, single);
  check_same(block, bursts);
  CHECK(block.work.run_bursts > 16);
  CHECK(bursts.work.run_bursts == 0);
  CHECK(block.stats.lost_to_column == bursts.stats.lost_to_column);
  // 63 gaps of tCCD_L - tBURST, and the CAS that starts the data clock.
  CHECK(block.stats.lost_to_column == (63 * (4 - 2) + 1) * kCk);
  CHECK(block.stats.lost_to_turnaround == bursts.stats.lost_to_turnaround);
}

TEST_CASE("requests of one instant are served by port and id, whatever the order of the calls") {
  std::vector<Arrival> arrivals = mixed_traffic(3, 400);
  for (Arrival& a : arrivals) a.at = a.at / (100 * kNanosecond) * (100 * kNanosecond);
  const Outcome expected = run(with_latency(), arrivals);
  std::mt19937 random(4);
  for (unsigned i = 0; i < 20; ++i) {
    std::shuffle(arrivals.begin(), arrivals.end(), random);
    check_same_done(expected, run(with_latency(), arrivals));
  }
}

TEST_CASE("results do not depend on when the channel is advanced in between") {
  for (unsigned seed = 50; seed < 70; ++seed) {
    std::mt19937 random(seed);
    std::vector<Tick> extra;
    for (unsigned i = 0; i < 2000; ++i) extra.push_back(random() % 200'000 * kNanosecond + random() % 1000);
    const std::vector<Arrival> arrivals = mixed_traffic(seed, 300);
    check_same_done(run(with_latency(), arrivals), run(with_latency(), arrivals, std::move(extra)));
  }
}

TEST_CASE("an arrival after its instant was decided counts from the next edge") {
  DramChannel channel(bare_params());
  std::vector<DramCommand> commands;
  channel.record(&commands);
  channel.advance(10 * kCk);
  channel.arrive(10 * kCk, Train::block(place(0, 0, 0), 32), false, 1, 0);
  channel.advance(100 * kCk);
  CHECK(*cycle_of(commands, Kind::activate_1) == 11);
}

TEST_CASE("row hits overtake an older request of their bank only so many times") {
  MemoryParams params = bare_params();
  params.controller.starvation_limit_bursts = 5;
  // An open row, then one conflict with hits behind it.
  std::vector<Arrival> arrivals{{0, Train::block(place(0, 0, 0), 32), false, 0, 0}};
  arrivals.push_back({100 * kCk, Train::block(place(0, 0, 1), 32), false, 1, 0});
  for (unsigned i = 0; i < 12; ++i)
    arrivals.push_back({100 * kCk, Train::block(place(0, 0, 0, i), 32), false, 2 + i, 0});
  const Outcome o = run(params, arrivals);
  CHECK(o.done.at(6).at < o.done.at(1).at);  // the fifth hit overtakes
  CHECK(o.done.at(7).at > o.done.at(1).at);  // the sixth does not
  CHECK(o.stats.row_conflicts == 2);
}

TEST_CASE("an old write goes before a steady stream of reads") {
  MemoryParams params = bare_params();
  params.controller.refresh_policy = RefreshPolicy::none;
  params.controller.write_patience_cycles = 300;
  std::vector<Arrival> arrivals{{0, {place(0, 0, 0), 64, 2000, 64, 5 * kNanosecond}, false, 0, 0}};
  arrivals.push_back({100 * kCk, Train::block(place(0, 1, 0), 32), true, 1, 0});
  const Outcome o = run(params, arrivals);
  const std::uint64_t write = *cycle_of(o.commands, Kind::write);
  CHECK(write >= 400);
  CHECK(write < 400 + 100);
}

TEST_CASE("few writes wait for reads, many interrupt them in batches") {
  MemoryParams params = bare_params();
  std::vector<Arrival> arrivals{{0, Train::block(0, 16384), false, 0, 0}};
  arrivals.push_back({1 * kCk, Train::block(1 << 20, 8192), true, 1, 1});
  const Outcome o = run(params, arrivals);
  std::vector<std::pair<Kind, unsigned>> batches;
  for (const DramCommand& c : o.commands) {
    if (c.kind != Kind::read && c.kind != Kind::write) continue;
    if (batches.empty() || batches.back().first != c.kind) batches.push_back({c.kind, 0});
    ++batches.back().second;
  }
  REQUIRE(batches.size() > 3);
  CHECK(batches[0] == std::pair<Kind, unsigned>{Kind::read, 32});
  CHECK(batches[1] == std::pair<Kind, unsigned>{Kind::write, 64});
}

TEST_CASE("attribution of an unloaded access is the closed form") {
  // A miss, long after anything else: 64 bytes of one row.
  const Tick at = 1000 * kCk;
  const Outcome miss = run(bare_params(), {{at, Train::block(place(0, 0, 0), 64), false, 1, 0}});
  const CauseTimes& c = miss.done.at(1).causes;
  const auto time = [&](Cause cause) { return c[static_cast<std::size_t>(cause)]; };
  CHECK(time(Cause::memory_row) == 15 * kCk);                // tRCD
  CHECK(time(Cause::memory_transfer) == (1 + 4 + 2) * kCk);  // CAS, tCCD_L to the second burst, and that
  CHECK(time(Cause::memory_latency) == 17 * kCk);            // RL
  CHECK(time(Cause::memory_queue) + time(Cause::memory_turnaround) + time(Cause::memory_refresh) == 0);
}

TEST_CASE("waiting for another train is queueing, for refresh is refresh, for the turnaround is turnaround") {
  const auto time = [](const Outcome& o, std::uint64_t id, Cause cause) {
    return o.done.at(id).causes[static_cast<std::size_t>(cause)];
  };
  // Two 2 KB reads at once: the second waits for the bursts of the first.
  const Outcome two = run(bare_params(), {{kMicrosecond, Train::block(0, 2048), false, 1, 0},
                                          {kMicrosecond, Train::block(2048, 2048), false, 2, 0}});
  CHECK(time(two, 1, Cause::memory_queue) < 10 * kCk);
  CHECK(time(two, 2, Cause::memory_queue) > 110 * kCk);
  CHECK(time(two, 2, Cause::memory_queue) < 150 * kCk);  // and for what delayed the first
  // A read that arrives when refresh begins.
  const Outcome refreshed = run(bare_params(), {{3125 * kCk, Train::block(0, 64), false, 1, 0}});
  CHECK(time(refreshed, 1, Cause::memory_refresh) == 224 * kCk);
  // A read right behind a write of another bank group, rows open.
  const Outcome turned = run(bare_params(), {{0, Train::block(place(0, 0, 0), 32), false, 1, 0},
                                             {0, Train::block(place(1, 0, 0), 32), false, 2, 0},
                                             {200 * kCk, Train::block(place(0, 0, 0), 32), true, 3, 0},
                                             {202 * kCk, Train::block(place(1, 0, 0), 32), false, 4, 0}});
  CHECK(time(turned, 4, Cause::memory_turnaround) == (9 + 2 + 5 - 2) * kCk);
  CHECK(time(turned, 4, Cause::memory_queue) == kCk);  // the rest of the write's burst
}

TEST_CASE("the channel is woken a few times per train, not per burst") {
  DramChannel channel(with_latency());
  for (unsigned i = 0; i < 32; ++i) channel.arrive(0, Train::block(i * 4096, 4096), false, i, 0);
  unsigned wakes = 0, finished = 0;
  DramChannel::Done done;
  for (; channel.trains() > 0; ++wakes) {
    channel.advance(channel.next_wake());
    while (channel.pop_done(done)) ++finished;
  }
  CHECK(finished == 32);
  CHECK(wakes < 4 * 32);
}

TEST_CASE("parameters that do not fit together are the user's error") {
  const auto rejected = [](auto change) {
    MemoryParams params;
    change(params);
    CHECK_THROWS_AS(DramChannel(params), UserError);
  };
  rejected([](MemoryParams& p) { p.interleave_bytes = 16; });
  rejected([](MemoryParams& p) {
    p.organisation.ranks = 4;
    p.organisation.stack_ids = 2;
  });
  rejected([](MemoryParams& p) { p.controller.write_high_bursts = 33; });
  rejected([](MemoryParams& p) { p.timing.refi_cycles = 300; });
  rejected([](MemoryParams& p) { p.refresh_management = {4, 3, 4, 0, 100, 100}; });
  rejected([](MemoryParams& p) { p.refresh_management = {4, 8, 0, 0, 100, 100}; });
  rejected([](MemoryParams& p) { p.refresh_management = {4, 8, 4, 0, 0, 100}; });
  rejected([](MemoryParams& p) {
    p.refresh_management = {4, 8, 4, 0, 100, 0};
    p.controller.refresh_policy = RefreshPolicy::per_bank;
  });
  rejected([](MemoryParams& p) {
    p.refresh_management = {4, 8, 4, 0, 100, 100};
    p.standard = DramStandard::ddr4;
  });
  rejected([](MemoryParams& p) { p.address_map.bits = "CO=5,8-12 BG=6,7 BA=13,14 RO=15-20"; });
}
