// SPDX-License-Identifier: Apache-2.0
#include "sc_main/memory/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sc_main/report/json.h"
#include "sc_main/report/table.h"
#include "sc_main/report/units.h"

namespace moesaic {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kMostBins = 16;

double number(std::uint64_t n) {
  return static_cast<double>(n);
}
double in_ns(Tick t) {
  return number(t) / static_cast<double>(kNanosecond);
}

/// The smallest of 1, 2, 5 times a power of ten nanoseconds that is at least `least`.
double bin_width(double least) {
  for (double power = 1.0;; power *= 10.0) {
    for (const double step : {1.0, 2.0, 5.0})
      if (step * power >= least) return step * power;
  }
}

/// Equal bins up to the 99th percentile; the last one takes the rest.
std::vector<LatencyBin> histogram(const std::vector<Tick>& ascending, double p99_ns) {
  std::vector<LatencyBin> bins;
  if (ascending.empty()) return bins;
  const double first = in_ns(ascending.front()), last = in_ns(ascending.back());
  const double width = bin_width((p99_ns - first) / kMostBins);
  const double start = std::floor(first / width) * width;
  for (double from = start; bins.empty() || from <= p99_ns; from += width)
    bins.push_back({from, from + width, 0});
  if (last >= bins.back().to_ns) bins.push_back({bins.back().to_ns, last, 0});
  std::size_t bin = 0;
  for (const Tick t : ascending) {
    while (bin + 1 < bins.size() && in_ns(t) >= bins[bin].to_ns) ++bin;
    ++bins[bin].requests;
  }
  return bins;
}

class Rows {
 public:
  template <class T>
  void operator()(const Field& field, const T& value) {
    json[field.name] = value;
  }
  template <class S>
  void group(const char* name, const S& value) {
    json[name] = of(value);
  }
  template <class S>
  static Json of(const S& value) {
    Rows rows;
    describe_metrics(rows, value);
    return std::move(rows.json);
  }
  Json json = Json::object();
};

std::string histogram_text(const std::vector<LatencyBin>& bins, std::uint64_t requests) {
  std::uint64_t most = 1;
  for (const LatencyBin& b : bins) most = std::max(most, b.requests);
  Table table({"latency ns", "requests", "share", ""});
  table.last_is_prose();
  for (const LatencyBin& b : bins) {
    table.add({fmt::format("{:g} to {:g}", b.from_ns, b.to_ns), count_text(b.requests),
               percent(b.requests, requests), std::string(b.requests * 40 / most, '#')});
  }
  return table.text();
}

}  // namespace

BenchReport bench_report(const MemoryParams& params, const BenchResult& result) {
  BenchReport r;
  const MemoryStats& s = result.stats;
  r.device = params.device;
  r.assumed = params.assumed;
  r.requests = result.requests;
  r.bytes = result.bytes;
  r.simulated = result.simulated;
  r.stats = s;
  r.gbyte_per_s = ratio(number(r.bytes), in_ns(r.simulated));
  r.peak_gbyte_per_s = params.channel_bytes_per_second() / 1e9;
  r.share = ratio(r.gbyte_per_s, r.peak_gbyte_per_s);
  double sum = 0.0;
  for (const Tick t : result.latencies) sum += in_ns(t);
  if (!result.latencies.empty()) {
    const std::size_t n = result.latencies.size();
    r.latency_mean_ns = sum / number(n);
    r.latency_p50_ns = in_ns(result.latencies[n / 2]);
    r.latency_p99_ns = in_ns(result.latencies[n * 99 / 100]);
    r.latency_max_ns = in_ns(result.latencies.back());
  }
  const auto share = [&](Tick t) { return ratio(number(t), number(r.simulated)); };
  r.row_hit_share = ratio(number(s.row_hits), number(s.read_bursts + s.write_bursts));
  r.refresh_share = share(s.lost_to_refresh);
  r.turnaround_share = share(s.lost_to_turnaround);
  r.row_share = share(s.lost_to_row);
  r.column_share = share(s.lost_to_column);
  r.queue_mean = result.in_flight_mean;
  r.response_mean_ns = result.response_mean_ns;
  r.histogram = histogram(result.latencies, r.latency_p99_ns);
  MemoryEnergyEvents events;
  events.burst_bytes = params.organisation.burst_bytes;
  events.add(s, r.simulated);
  r.energy = memory_energy(events, params.energy);
  for (const EnergyItem& item : r.energy) {
    r.joules += item.joules;
    if (item.evidence == "assumed" && item.joules > 0.0)
      r.assumed.push_back(fmt::format("energy of {}: {:g} {} ({})", item.component, item.constant,
                                      item.constant_unit, item.source));
  }
  r.pj_per_bit = ratio(r.joules * 1e12, 8.0 * number(r.bytes));
  return r;
}

std::string bench_text(const BenchReport& r) {
  const MemoryStats& s = r.stats;
  std::string text = fmt::format("{}, one channel, {}, {}\n", r.device, r.traffic, r.outstanding);
  text += fmt::format("  {} requests, {} in {}\n", count_text(r.requests), bytes_text(r.bytes),
                      time_text(r.simulated));
  text += fmt::format("  bandwidth   {:.3f} of {:.3f} GB/s ({})\n", r.gbyte_per_s, r.peak_gbyte_per_s,
                      percent(r.share));
  text += fmt::format(
      "  latency     mean {:.1f} ns, p50 {:.2f}, p99 {:.2f}, longest {:.2f}; from offer {:.1f}\n",
      r.latency_mean_ns, r.latency_p50_ns, r.latency_p99_ns, r.latency_max_ns, r.response_mean_ns);
  text +=
      fmt::format("  rows        {} of bursts hit; {} activates, {} precharges\n", percent(r.row_hit_share),
                  count_text(s.activates), count_text(s.precharges + s.precharges_all));
  text +=
      fmt::format("  lost time   refresh {}, turnaround {}, rows {}, columns {}\n", percent(r.refresh_share),
                  percent(r.turnaround_share), percent(r.row_share), percent(r.column_share));
  text += fmt::format("  queue       {:.1f} requests under way on average, at most {}\n", r.queue_mean,
                      count_text(s.queue_peak));
  text += fmt::format("  commands    {} reads, {} writes, {} refreshes, {} of single banks\n",
                      count_text(s.read_bursts), count_text(s.write_bursts), count_text(s.refreshes),
                      count_text(s.bank_refreshes));
  if (s.rfms + s.bank_rfms > 0)
    text += fmt::format("  management  {} RFM, {} of single banks\n", count_text(s.rfms),
                        count_text(s.bank_rfms));
  text += fmt::format("  energy      {}, {:.2f} pJ/bit\n\n", energy_text(r.joules), r.pj_per_bit);
  text += histogram_text(r.histogram, r.requests) + "\n";
  Table energy({"energy", "events", "of", "joules", "share", "constant", "evidence"});
  energy.last_is_prose();
  for (const EnergyItem& i : r.energy) {
    energy.add({i.component, fmt::format("{:.6g}", i.events), i.event, energy_text(i.joules),
                percent(ratio(i.joules, r.joules)), fmt::format("{:g} {}", i.constant, i.constant_unit),
                i.evidence});
  }
  text += energy.text();
  for (const std::string& a : r.assumed) text += "  assumed: " + a + "\n";
  return text;
}

std::string bench_json(const BenchReport& r) {
  Json json = Json::object();
  json["schema"] = "moesaic-memory-bench";
  json["device"] = r.device;
  json["traffic"] = r.traffic;
  json["outstanding"] = r.outstanding;
  json["assumptions"] = r.assumed;
  json.update(Rows::of(r));
  json["commands"] = Rows::of(r.stats);
  json["histogram"] = Json::array();
  for (const LatencyBin& b : r.histogram) json["histogram"].push_back(Rows::of(b));
  json["energy"] = Json::array();
  for (const EnergyItem& i : r.energy) {
    json["energy"].push_back({{"component", i.component},
                              {"event", i.event},
                              {"events", i.events},
                              {"constant", i.constant},
                              {"constant_unit", i.constant_unit},
                              {"evidence", i.evidence},
                              {"source", i.source},
                              {"joules", i.joules}});
  }
  return json.dump(1) + "\n";
}

}  // namespace moesaic
