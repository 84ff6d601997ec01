// SPDX-License-Identifier: Apache-2.0
// What `moesaic memory-bench` says of one channel: a declared set of numbers, as text and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/memory/channel_bench.h"
#include "hw/memory/params.h"
#include "hw/memory/stats.h"
#include "sc_main/report/memory_energy.h"
#include "tlm/field.h"

namespace moesaic {

struct LatencyBin {
  double from_ns = 0.0, to_ns = 0.0;
  std::uint64_t requests = 0;
};
template <class V>
void describe_metrics(V& v, const LatencyBin& b) {
  v(Field{"from_ns", "ns", "shortest latency of the bin"}, b.from_ns);
  v(Field{"to_ns", "ns", "the bin ends before this; that of the last bin: the longest latency"}, b.to_ns);
  v(Field{"requests", "count", "requests in the bin"}, b.requests);
}

struct BenchReport {
  std::string device, traffic, outstanding;
  std::vector<std::string> assumed;
  std::uint64_t requests = 0, bytes = 0;
  Tick simulated = 0;
  double gbyte_per_s = 0.0, peak_gbyte_per_s = 0.0, share = 0.0;
  double latency_mean_ns = 0.0, latency_p50_ns = 0.0, latency_p99_ns = 0.0, latency_max_ns = 0.0,
         response_mean_ns = 0.0;
  double row_hit_share = 0.0, refresh_share = 0.0, turnaround_share = 0.0, row_share = 0.0,
         column_share = 0.0;
  double queue_mean = 0.0;
  double joules = 0.0, pj_per_bit = 0.0;
  MemoryStats stats;
  std::vector<LatencyBin> histogram;
  std::vector<EnergyItem> energy;
};
template <class V>
void describe_metrics(V& v, const BenchReport& r) {
  v(Field{"requests", "count", "requests served"}, r.requests);
  v(Field{"bytes", "bytes", "bytes they moved"}, r.bytes);
  v(Field{"simulated", "ticks", "from time 0 to the last data"}, r.simulated);
  v(Field{"gbyte_per_s", "GB/s", "achieved: bytes by the time to the last data"}, r.gbyte_per_s);
  v(Field{"peak_gbyte_per_s", "GB/s", "the data bus always busy"}, r.peak_gbyte_per_s);
  v(Field{"share", "ratio", "achieved divided by peak"}, r.share);
  v(Field{"latency_mean_ns", "ns",
          "acceptance (the queue has room for its last burst) to last data, mean over requests"},
    r.latency_mean_ns);
  v(Field{"latency_p50_ns", "ns", "half of the requests take no longer"}, r.latency_p50_ns);
  v(Field{"latency_p99_ns", "ns", "99 % of the requests take no longer"}, r.latency_p99_ns);
  v(Field{"latency_max_ns", "ns", "the longest"}, r.latency_max_ns);
  v(Field{"response_mean_ns", "ns",
          "offer to last data, mean: with the time until all of a request was queued"},
    r.response_mean_ns);
  v(Field{"row_hit_share", "ratio", "bursts that found their row open, of all bursts"}, r.row_hit_share);
  v(Field{"refresh_share", "ratio", "time that refresh, or preparing for it, kept from the data bus"},
    r.refresh_share);
  v(Field{"turnaround_share", "ratio", "time that turns between reads and writes kept from the data bus"},
    r.turnaround_share);
  v(Field{"row_share", "ratio", "time that activates and precharges kept from the data bus"}, r.row_share);
  v(Field{"column_share", "ratio", "time that tCCD_L, WCK or a command slot kept from the data bus"},
    r.column_share);
  v(Field{"queue_mean", "count", "requests between offer and last data, mean over time"}, r.queue_mean);
  v(Field{"joules", "J", "energy of the channel, background included"}, r.joules);
  v(Field{"pj_per_bit", "pJ/bit", "the same per bit moved"}, r.pj_per_bit);
}

BenchReport bench_report(const MemoryParams& params, const BenchResult& result);

std::string bench_text(const BenchReport& report);
std::string bench_json(const BenchReport& report);

}  // namespace moesaic
