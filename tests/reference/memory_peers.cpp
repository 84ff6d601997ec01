// SPDX-License-Identifier: Apache-2.0
// The DRAM channel beside Ramulator 2.1 and DRAMSys 5.5: every measurement of reference/dram_measured.csv
// whose device, address map, queue and policy we can set up, on the same requests. Skipped where the file is
// absent.
//
// Held: unloaded median (hit, conflict) within one clock; mean of c1_rand within 2 %; bandwidth of a_seq
// within 2 %, of b_rand within 4 %, saturated or not; of streams and mixes within 15 %. Each test prints the
// table.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "tests/catch.h"
#include "tests/support/memory_peers.h"
#include "tests/support/memory_traffic.h"

using namespace moesaic;
using namespace moesaic::memory_test;

namespace {

const std::vector<PeerRow>& rows() {
  static const std::vector<PeerRow> all =
      read_peer_rows(std::string(MOESAIC_SOURCE_DIR) + "/../shared/reference/dram_measured.csv");
  if (all.empty()) WARN("skipped: ../shared/reference/dram_measured.csv is not there");
  return all;
}

const std::vector<BenchRequest>& trace(const std::string& name) {
  static std::map<std::string, std::vector<BenchRequest>> traces;
  auto& requests = traces[name];
  if (requests.empty()) requests = peer_trace(name);
  return requests;
}

double percent(double ours, double theirs) {
  return (ours / theirs - 1.0) * 100.0;
}

void judge(const PeerRow& row, const MemoryParams& params, const BenchResult& ours) {
  const double clock_ns = static_cast<double>(params.timing.clock_period_fs) / kNanosecond;
  const std::string& w = row.workload;
  INFO(row.simulator << " " << row.device << " " << row.policy << " " << row.map << " " << w << " "
                     << row.outstanding);
  if (w == "c2_rowhit" || w == "c3_conflict") {
    CHECK(std::abs(ours.latency_p50_ns - row.p50_ns) <= clock_ns + 0.005);  // their table is rounded
    return;
  }
  if (w == "c1_rand") {
    CHECK(std::abs(percent(ours.latency_mean_ns, row.mean_ns)) <= 2.0);
    return;
  }
  // DRAMSys lets tCCDR hold back the other pseudo channel when the stack id changes, which no standard asks
  // for. With that mistake put into our model these rows come out as 25.20 and 25.99, as measured; without it
  // they may be faster, not slower.
  const bool coupled = row.device == "HBM2" && w == "a_seq" && row.outstanding == 16;
  const double limit = w == "a_seq" ? 2.0 : w == "b_rand" ? 4.0 : 15.0;
  const double off = percent(ours.gbyte_per_s, row.gbyte_per_s);
  CHECK(off >= -limit);
  CHECK(off <= (coupled ? 4.0 : limit));
}

void compare(const char* simulator, const std::vector<std::string>& devices) {
  std::size_t compared = 0;
  fmt::print("{:<10} {:<24} {:<8} {:>4} | {:>7} {:>7} {:>6} | {:>7} {:>7} {:>6} | {:>6} {:>6}\n", "device",
             "map", "traffic", "out", "GB/s", "peer", "%", "mean ns", "peer", "%", "p50", "peer");
  for (const PeerRow& row : rows()) {
    if (row.simulator.rfind(simulator, 0) != 0) continue;
    bool wanted = false;
    for (const std::string& device : devices) wanted |= row.device.rfind(device, 0) == 0;
    MemoryParams params;
    if (!wanted || !configure(row, params)) continue;
    const BenchResult ours = run_channel_bench(params, trace(row.workload), {row.outstanding});
    fmt::print(
        "{:<10.10} {:<24.24} {:<8.8} {:>4} | {:>7.2f} {:>7.2f} {:>+6.1f} | {:>7.1f} {:>7.1f} {:>+6.1f} | "
        "{:>6.1f} {:>6.1f}\n",
        row.device, row.policy + " " + params.address_map.bits, row.workload, row.outstanding,
        ours.gbyte_per_s, row.gbyte_per_s, percent(ours.gbyte_per_s, row.gbyte_per_s), ours.latency_mean_ns,
        row.mean_ns, percent(ours.latency_mean_ns, row.mean_ns), ours.latency_p50_ns, row.p50_ns);
    judge(row, params, ours);
    ++compared;
  }
  std::fflush(stdout);
  if (!rows().empty()) CHECK(compared > 5);
}

}  // namespace

TEST_CASE("HBM2 as Ramulator sets it up gives what Ramulator gives") {
  compare("ramulator", {"hbm2"});
}
TEST_CASE("HBM2 with Ramulator's timings gives what DRAMSys gives") {
  compare("dramsys", {"ms_hbm2r"});
}
TEST_CASE("HBM2 as DRAMSys ships it gives what DRAMSys gives, but for its coupling of pseudo channels") {
  compare("dramsys", {"HBM2"});
}
TEST_CASE("HBM3 gives what Ramulator gives") {
  compare("ramulator", {"hbm3"});
}
TEST_CASE("LPDDR4 gives what DRAMSys gives") {
  compare("dramsys", {"JEDEC"});
}
TEST_CASE("LPDDR5 gives what Ramulator gives") {
  compare("ramulator", {"lpddr5"});
}
TEST_CASE("DDR4 and DDR5 give what Ramulator and DRAMSys give") {
  compare("ramulator", {"ddr4", "ddr5"});
  compare("dramsys", {"ms_ddr4r"});
}

// --- closed forms (reference/dram.md section 3.3) ---------------------------------------------------------

namespace {

// Deep queues, rows hit first, so that nothing but the device limits.
MemoryParams deep(MemoryParams p, const char* map) {
  p.address_map.bits = map;
  p.controller.read_queue_bursts = 512;
  p.controller.write_queue_bursts = 512;
  return p;
}

void bounded(const MemoryParams& params, const char* traffic, double bound_gbyte_per_s) {
  const BenchResult ours = run_channel_bench(params, trace(traffic), {});
  INFO(params.device << " " << params.address_map.bits << " " << traffic);
  // The random bounds count an activate for every burst; now and then one finds its row open.
  const double bursts = static_cast<double>(ours.stats.read_bursts);
  const double lucky =
      traffic == std::string("b_rand") ? bursts / static_cast<double>(ours.stats.activates) : 1.0;
  CHECK(lucky < 1.01);
  CHECK(ours.gbyte_per_s <= bound_gbyte_per_s * lucky);
  CHECK(ours.gbyte_per_s >= 0.97 * bound_gbyte_per_s);
}

double after_refresh(const MemoryParams& p) {
  return 1.0 - static_cast<double>(p.timing.rfc_all_cycles) / p.timing.refi_cycles;
}

}  // namespace

TEST_CASE("a stream reaches the peak less refresh, and not more") {
  for (const MemoryParams& p :
       {deep(hbm2_ramulator(), "M2"), deep(hbm2_dramsys(), "M2"), deep(lpddr4_3200(), "robaco"),
        deep(lpddr5_ramulator(), "M2"), deep(ddr5_4800(), "M1")})
    bounded(p, "a_seq", p.channel_bytes_per_second() / 1e9 * after_refresh(p));
}

TEST_CASE("random reads reach the bound of the row bus, of tFAW and of tRRD") {
  MemoryParams hbm2 = deep(hbm2_ramulator(), "M1");
  hbm2.controller.refresh_policy = RefreshPolicy::none;
  hbm2.controller.scheduler = DramScheduler::first_ready;
  bounded(hbm2, "b_rand", 64 / 6.0);  // two activates and two precharges of 2 and 1 cycles
  MemoryParams hbm3 = deep(hbm3_ramulator(), "M1");
  hbm3.controller.refresh_policy = RefreshPolicy::none;
  hbm3.controller.scheduler = DramScheduler::first_ready;
  bounded(hbm3, "b_rand", 2 * 4 * 32 / (24 * 0.624));  // tFAW of two pseudo channels
  MemoryParams lpddr5 = deep(lpddr5_ramulator(), "M1");
  lpddr5.controller.refresh_policy = RefreshPolicy::none;
  lpddr5.controller.scheduler = DramScheduler::first_ready;
  bounded(lpddr5, "b_rand", 4 * 32 / 20.0);
}

TEST_CASE("a column of one stack does not hold back another pseudo channel") {
  // Pseudo channel 0 of stack 0 and 1 of stack 1 by turns: DRAMSys gives 15.99 GB/s of 32 (dram.md section
  // 4).
  MemoryParams p = hbm2_dramsys();
  p.address_map.bits = "M1";
  p.controller.refresh_policy = RefreshPolicy::none;
  std::vector<BenchRequest> requests;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const std::uint64_t pc = i & 1, group = i / 2 & 3, column = i / 8 & 31;
    requests.push_back({pc << 5 | group << 6 | pc << 10 | column << 11, 32, false});
  }
  CHECK(run_channel_bench(p, requests, {}).gbyte_per_s > 31.0);
}
