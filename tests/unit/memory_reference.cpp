// SPDX-License-Identifier: Apache-2.0
// The DRAM channel against the slow model of tests/support/dram_reference.h: the same commands at the same
// half cycles, for every standard, scheduler, queue layout, page and refresh policy, in random small cases.
#include <algorithm>
#include <random>

#include "tests/catch.h"
#include "tests/support/dram_reference.h"
#include "tests/support/dram_rules.h"
#include "tests/support/effort.h"
#include "tests/support/memory_peers.h"
#include "tests/timing/memory_harness.h"

using namespace moesaic;
using namespace moesaic::memory_test;

namespace {

std::vector<MemoryParams> devices() {
  MemoryParams ranks = ddr5_4800();
  ranks.device = "DDR5 of two ranks";
  ranks.organisation.ranks = 2;
  return {hbm2_ramulator(),   hbm2_dramsys(), hbm3_ramulator(), lpddr4_3200(),
          lpddr5_ramulator(), ddr4_2400(),    ddr5_4800(),      ranks};
}

template <class T>
T pick(std::mt19937& random, std::initializer_list<T> values) {
  return values.begin()[random() % values.size()];
}

// Policies at random, queues small enough to be full now and then.
void randomise(std::mt19937& random, MemoryParams& p) {
  DramControllerParams& c = p.controller;
  c.scheduler = static_cast<DramScheduler>(random() % 6);
  c.page_policy = static_cast<PagePolicy>(random() % 4);
  if (c.scheduler >= DramScheduler::first_ready) c.page_policy = PagePolicy::open;
  c.queue_layout = static_cast<QueueLayout>(random() % 3);
  c.write_drain = static_cast<WriteDrain>(random() % 2);
  c.read_queue_bursts = c.write_queue_bursts = pick(random, {8U, 32U});
  c.bank_queue_bursts = pick(random, {2U, 8U});
  c.shared_queue_bursts = pick(random, {6U, 40U});
  c.release_at_activate = random() % 2 == 0;
  c.write_high_bursts = 6;
  c.write_low_bursts = random() % 6;
  c.read_batch_bursts = 1 + random() % 8;
  c.write_batch_bursts = 1 + random() % 20;
  c.write_patience_cycles = pick(random, {50U, 1000000U});
  c.starvation_limit_bursts = 1 + random() % 10;
  c.refresh_policy = static_cast<RefreshPolicy>(random() % 3);
  if (p.timing.refi_bank_cycles == 0 && c.refresh_policy == RefreshPolicy::per_bank)
    c.refresh_policy = RefreshPolicy::all_bank;
  if (p.timing.refresh_banks == 1) p.timing.refresh_banks = pick(random, {1U, 2U});
  c.refresh_holds_channel = random() % 2 == 0;
  c.refresh_stagger_cycles = pick(random, {0U, 100U});
  p.timing.refi_cycles = 3 * (p.timing.rfc_all_cycles + p.timing.rp_all_cycles);
  p.address_map.bits = pick<const char*>(random, {"M1", "M2", "M2X", "M3", "brc"});
}

std::vector<ReferenceRequest> traffic(std::mt19937& random, std::size_t count) {
  std::vector<ReferenceRequest> out;
  std::uint64_t cycle = 0;
  const unsigned gap = pick(random, {2U, 10U, 60U});
  const unsigned rows = pick(random, {2U, 64U, 4096U});
  const unsigned writes = pick(random, {0U, 3U, 5U});
  for (std::size_t i = 0; i < count; ++i) {
    cycle += random() % gap;
    ReferenceRequest r;
    r.cycle = cycle;
    r.address = std::uint64_t{random() % rows} * 16384 + random() % 16 * 64;
    r.bytes = pick(random, {32U, 64U, 64U, 256U});
    if (random() % 8 == 0) r.address += 8;
    r.write = random() % 10 < writes;
    out.push_back(r);
  }
  return out;
}

// Blocks of some kilobytes, mostly one behind the other, a stream or two, single accesses in between.
std::vector<ReferenceRequest> streams(std::mt19937& random, std::size_t count) {
  std::vector<ReferenceRequest> out;
  std::uint64_t cycle = random() % 50;
  std::uint64_t at[2] = {random() % 64 * 2048, (1 + random() % 8) << 18 | random() % 2 * 1024};
  const unsigned others = pick(random, {0U, 0U, 4U}), writes = pick(random, {0U, 0U, 3U, 10U});
  const unsigned pause = pick(random, {1U, 20U, 600U});
  for (std::size_t i = 0; i < count; ++i) {
    cycle += random() % pause;
    ReferenceRequest r;
    r.cycle = cycle;
    r.write = random() % 10 < writes;
    if (random() % 16 < others) {
      r.address = random() % 4096 * 512 + random() % 2 * 8;
      r.bytes = 64;
    } else {
      std::uint64_t& next = at[random() % 8 == 0];
      r.address = next;
      r.bytes = pick(random, {2048U, 4096U, 4096U, 8192U});
      next += r.bytes;
    }
    out.push_back(r);
  }
  return out;
}

// What else a controller does when it has nothing to do, or too much: power-down, refreshes put off and
// early, refresh management.
void randomise_rest(std::mt19937& random, MemoryParams& p) {
  DramControllerParams& c = p.controller;
  c.refresh_postpone_max = pick(random, {0U, 0U, 1U, 3U});
  c.refresh_pull_in_max = pick(random, {0U, 0U, 1U, 3U});
  if (p.timing.cke_cycles > 0) c.power_down_cycles = pick(random, {0U, 1U, 5U, 40U, 300U});
  const bool rfm = p.standard == DramStandard::hbm3 || p.standard == DramStandard::lpddr4 ||
                   p.standard == DramStandard::lpddr5 || p.standard == DramStandard::ddr5;
  if (!rfm || random() % 3 == 0) return;
  DramRefreshManagement& m = p.refresh_management;
  m.raa_initial_activates = 1 + random() % 4;
  m.raa_maximum_activates = m.raa_initial_activates + random() % 4;
  m.raa_per_rfm_activates = 1 + random() % 4;
  m.raa_per_refresh_activates = random() % 4;
  m.rfm_all_cycles = p.timing.rfc_all_cycles - 20 + random() % 40;
  m.rfm_bank_cycles = 40 + random() % 200;
}

// Few requests and long pauses, bunches on few rows, trains whose accesses come together or one by one.
std::vector<ReferenceRequest> trains(std::mt19937& random, std::size_t count, unsigned period) {
  std::vector<ReferenceRequest> out;
  std::uint64_t cycle = random() % 100;
  const unsigned rows = pick(random, {2U, 16U});
  const unsigned writes = pick(random, {0U, 3U, 5U});
  for (std::size_t i = 0; i < count; ++i) {
    cycle += random() % 4 == 0 ? random() % 900 : random() % 12;
    ReferenceRequest r;
    r.cycle = cycle;
    r.address = std::uint64_t{random() % rows} * 16384 + random() % 16 * 64;
    if (random() % 8 == 0) r.address += 8;
    r.bytes = pick(random, {32U, 64U, 200U});
    r.write = random() % 10 < writes;
    r.count = pick(random, {1U, 2U, 5U, 16U});
    r.stride = pick<std::uint64_t>(random, {r.bytes, r.bytes, 1024, 16384});
    r.period = random() % 2 == 0 ? 0 : 1 + random() % period;
    out.push_back(r);
  }
  return out;
}

Outcome channel_outcome(const MemoryParams& params, const std::vector<ReferenceRequest>& requests) {
  std::vector<Arrival> arrivals;
  const Clock clock(params.timing.clock_period_fs);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const ReferenceRequest& r = requests[i];
    const Train train{r.address, r.bytes, r.count, r.count == 1 ? r.bytes : r.stride, clock.edge(r.period)};
    arrivals.push_back({clock.edge(r.cycle), train, r.write, i, 0});
  }
  return run(params, arrivals);
}

std::string text(const std::vector<DramCommand>& commands, std::size_t at) {
  std::string out;
  for (std::size_t i = at < 4 ? 0 : at - 4; i < std::min(commands.size(), at + 3); ++i) {
    const DramCommand& c = commands[i];
    out += std::to_string(c.half_cycle) + " kind " + std::to_string(static_cast<int>(c.kind)) + " pc " +
           std::to_string(c.pseudo_channel) + " bank " + std::to_string(index_of(c.bank)) + " row " +
           std::to_string(c.row) + (c.auto_precharge ? " auto" : "") + "\n";
  }
  return out;
}

Outcome compare(const MemoryParams& params, const std::vector<ReferenceRequest>& requests) {
  const Outcome outcome = channel_outcome(params, requests);
  const std::vector<DramCommand>& ours = outcome.commands;
  const ReferenceOutcome reference = reference_outcome(params, requests);
  const std::vector<DramCommand>& theirs = reference.commands;
  // The channel stops deciding when its last data are through: refreshes may follow in one and not in the
  // other.
  const std::size_t n = std::min(ours.size(), theirs.size());
  const auto first =
      std::mismatch(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(n), theirs.begin()).first;
  const auto at = static_cast<std::size_t>(first - ours.begin());
  INFO(params.device << "\nours:\n" << text(ours, at) << "theirs:\n" << text(theirs, at));
  CHECK(at == n);
  const auto data = [](const std::vector<DramCommand>& commands) {
    return std::count_if(commands.begin(), commands.end(), [](const DramCommand& c) {
      return c.kind == DramCommandKind::read || c.kind == DramCommandKind::write;
    });
  };
  CHECK(data(ours) == data(theirs));
  const DramRules rules(params);
  const auto slacks = rules.slacks(ours);
  for (std::size_t i = 0; i < slacks.size(); ++i) {
    INFO(rules.rules()[i].name << " " << slacks[i]);
    CHECK(slacks[i] >= 0);
  }
  CHECK(rules.disorder(ours) == 0);
  CHECK(outcome.stats.power_down == Clock(params.timing.clock_period_fs, 2).edge(reference.asleep));
  return outcome;
}

}  // namespace

TEST_CASE("every command comes when the slow model issues it, for every standard and policy") {
  for (const MemoryParams& device : devices()) {
    for (unsigned seed = 0; seed < 40; seed += test::kCasesApart) {
      std::mt19937 random(seed);
      MemoryParams params = device;
      params.controller.port_requests = 4096;
      randomise(random, params);
      INFO("seed " << seed << " scheduler " << static_cast<int>(params.controller.scheduler) << " layout "
                   << static_cast<int>(params.controller.queue_layout) << " drain "
                   << static_cast<int>(params.controller.write_drain) << " page "
                   << static_cast<int>(params.controller.page_policy) << " refresh "
                   << static_cast<int>(params.controller.refresh_policy));
      compare(params, traffic(random, 60));
    }
  }
}

TEST_CASE("runs of row hits committed in one step are what the slow model issues one by one") {
  for (const MemoryParams& device : devices()) {
    std::uint64_t in_runs = 0;
    for (unsigned seed = 0; seed < 24; seed += test::kCasesApart) {
      std::mt19937 random(seed);
      MemoryParams params = device;
      params.controller.port_requests = 4096;
      randomise(random, params);
      if (random() % 4 != 0) params.controller.page_policy = PagePolicy::open;
      if (random() % 2 == 0) params.controller.queue_layout = QueueLayout::read_write;
      INFO("seed " << seed << " scheduler " << static_cast<int>(params.controller.scheduler) << " layout "
                   << static_cast<int>(params.controller.queue_layout) << " drain "
                   << static_cast<int>(params.controller.write_drain) << " map " << params.address_map.bits);
      in_runs += compare(params, streams(random, 10)).work.run_bursts;
    }
    INFO(device.device << ": " << in_runs << " bursts in runs");
    if (test::kCasesApart == 1 && device.organisation.ranks == 1) CHECK(in_runs > 500);
  }
}

TEST_CASE("power-down, postponed refreshes, refresh management and trains are what the slow model does") {
  std::uint64_t asleep = 0, rfms = 0, bank_rfms = 0, in_runs = 0;
  for (const MemoryParams& device : devices()) {
    for (unsigned seed = 0; seed < 24; seed += test::kCasesApart) {
      std::mt19937 random(seed);
      MemoryParams params = device;
      params.controller.port_requests = 4096;
      randomise(random, params);
      randomise_rest(random, params);
      INFO("seed " << seed << " scheduler " << static_cast<int>(params.controller.scheduler) << " refresh "
                   << static_cast<int>(params.controller.refresh_policy) << " postpone "
                   << params.controller.refresh_postpone_max << " early "
                   << params.controller.refresh_pull_in_max << " power-down "
                   << params.controller.power_down_cycles << " holds "
                   << params.controller.refresh_holds_channel << " RAAIMT "
                   << params.refresh_management.raa_initial_activates << " RAAMMT "
                   << params.refresh_management.raa_maximum_activates);
      const Outcome outcome = compare(params, seed % 4 == 0   ? streams(random, 6)
                                              : seed % 4 == 1 ? traffic(random, 40)
                                                              : trains(random, 16, seed % 4 == 2 ? 9 : 600));
      asleep += outcome.stats.power_down > 0;
      rfms += outcome.stats.rfms;
      bank_rfms += outcome.stats.bank_rfms;
      in_runs += outcome.work.run_bursts;
    }
  }
  // The cases were there.
  if (test::kCasesApart > 1) return;
  CHECK(asleep > 50);
  CHECK(rfms > 100);
  CHECK(bank_rfms > 100);
  CHECK(in_runs > 100);
}
