// SPDX-License-Identifier: Apache-2.0
// Energy of memory against hand computation, and what memory-bench reports of a channel.
#include "sc_main/report/memory_energy.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "sc_main/memory/bench_report.h"
#include "sc_main/report/energy.h"
#include "tests/catch.h"
#include "tests/unit/config_folder.h"

using namespace moesaic;
using namespace moesaic::test;
using Catch::Matchers::Contains;

namespace {

MemoryStats counted() {
  MemoryStats s;
  s.activates = 3;
  s.read_bursts = 10;
  s.write_bursts = 4;
  s.refreshes = 2;
  return s;
}

double joules(const std::vector<EnergyItem>& items, const std::string& component) {
  for (const EnergyItem& i : items)
    if (i.component == component) return i.joules;
  return -1.0;
}

}  // namespace

TEST_CASE("memory energy is commands times energies and time times power", "[memory-data]") {
  const DramEnergyParams p = load_memory("lpddr4_3200", library()).energy;
  MemoryEnergyEvents events;
  events.burst_bytes = 32;
  events.add(counted(), kMicrosecond);
  events.add(counted(), kMicrosecond);
  const std::vector<EnergyItem> items = memory_energy(events, p);
  // Two channels, by hand: the file's figures.
  CHECK(joules(items, "memory_activate") == Approx(6 * 1205e-12));
  CHECK(joules(items, "memory_read") == Approx(20 * 256 * 8.47e-12));
  CHECK(joules(items, "memory_write") == Approx(8 * 256 * 5.03e-12));
  CHECK(joules(items, "memory_refresh") == Approx(4 * 22386e-12));
  CHECK(joules(items, "memory_background") == Approx(2e-6 * 37.9e-3));
  CHECK(joules(items, "memory_bank_refresh") == -1.0);
}

TEST_CASE("a channel that is powered down costs its power-down power, and per-bank refreshes count by bank",
          "[memory-data]") {
  const DramEnergyParams p = load_memory("lpddr4_3200", library()).energy;
  MemoryStats s;
  s.power_down = 400 * kNanosecond;
  s.bank_refreshes = 3;
  MemoryEnergyEvents events;
  events.burst_bytes = 32;
  events.add(s, kMicrosecond);
  const std::vector<EnergyItem> items = memory_energy(events, p);
  CHECK(joules(items, "memory_background") == Approx(600e-9 * 37.9e-3));
  CHECK(joules(items, "memory_power_down") == Approx(400e-9 * 6.3e-3));
  CHECK(joules(items, "memory_bank_refresh") == Approx(3 * 2798e-12));
}

TEST_CASE("an RFM costs what a refresh of its banks costs, and says that this is assumed", "[memory-data]") {
  const DramEnergyParams p = load_memory("lpddr4_3200", library()).energy;
  MemoryStats s = counted();
  s.rfms = 5;
  s.bank_rfms = 7;
  MemoryEnergyEvents events;
  events.burst_bytes = 32;
  events.add(s, kMicrosecond);
  const std::vector<EnergyItem> items = memory_energy(events, p);
  CHECK(joules(items, "memory_rfm") == Approx(5 * 22386e-12));
  CHECK(joules(items, "memory_bank_rfm") == Approx(7 * 2798e-12));
  CHECK(joules(items, "memory_refresh") == Approx(2 * 22386e-12));
  for (const EnergyItem& i : items)
    if (i.event == "RFM") CHECK(i.evidence == "assumed");
}

TEST_CASE("the energies of LPDDR4 follow from the currents that the file names", "[memory-data]") {
  // IDD in mA, times in ns, volts: pJ. JEDEC_8Gb_LPDDR4-3200_16bit.json of DRAMSys.
  const DramEnergyParams p = load_memory("lpddr4_3200", library()).energy;
  const double ras = 42.5, rc = 60.625;
  const double activate =
      1.8 * (3.5 * rc - 2.25 * ras - 2.0 * (rc - ras)) + 1.1 * (45 * rc - 30 * ras - 27 * (rc - ras));
  CHECK(p.activate_pj.value == Approx(activate).epsilon(0.001));
  CHECK(p.read_pj_per_bit.value ==
        Approx((1.1 * (275 - 30) * 5 + 1.1 * (150 - 0.75) * 5) / 256).epsilon(0.001));
  CHECK(p.write_pj_per_bit.value ==
        Approx((1.1 * (210 - 30) * 5 + 1.1 * (55 - 0.75) * 5) / 256).epsilon(0.001));
  CHECK(p.refresh_pj.value == Approx(1.8 * (10 - 2.25) * 280 + 1.1 * (90 - 30) * 280).epsilon(0.001));
  CHECK(p.background_mw.value == Approx(1.8 * 2.25 + 1.1 * 30 + 1.1 * 0.75).epsilon(0.001));
}

TEST_CASE("the energies of DDR4 and HBM2 follow from the currents that the files name", "[memory-data]") {
  const DramEnergyParams d = load_memory("ddr4_2400", library()).energy;
  const double rc = 55 * 0.833, ras = 39 * 0.833;
  CHECK(d.activate_pj.value ==
        Approx(8 * (1.2 * (60.75 * rc - 44 * ras - 38.25 * (rc - ras)) + 2.5 * 4.05 * rc)).epsilon(0.001));
  CHECK(d.read_pj_per_bit.value == Approx(8 * 1.2 * (184.5 - 44) * 4 * 0.833 / 512).epsilon(0.001));
  CHECK(d.write_pj_per_bit.value == Approx(8 * 1.2 * (168.75 - 44) * 4 * 0.833 / 512).epsilon(0.001));
  CHECK(d.refresh_pj.value == Approx(8 * 1.2 * (118 - 44) * 312 * 0.833).epsilon(0.001));
  const DramEnergyParams h = load_memory("hbm2_2000", library()).energy;
  CHECK(h.activate_pj.value == Approx(1.2 * (65 * 48 - 55 * 34 - 40 * 14)).epsilon(0.001));
  CHECK(h.refresh_pj.value == Approx(1.2 * (250 - 55) * 260).epsilon(0.001));
}

TEST_CASE("every energy constant of every memory says where it comes from", "[memory-data]") {
  const std::set<std::string> classes{"V", "Q", "S", "D", "assumed"};
  for (const std::string& name : library().names("memories")) {
    INFO(name);
    const DramEnergyParams e = load_memory(name, library()).energy;
    for (const EnergyConstant* c : {&e.activate_pj, &e.read_pj_per_bit, &e.write_pj_per_bit, &e.refresh_pj,
                                    &e.refresh_bank_pj, &e.background_mw, &e.power_down_mw}) {
      CHECK(classes.count(c->evidence) == 1);
      CHECK_FALSE(c->source.empty());
    }
  }
}

TEST_CASE("the energy of a run is the sum of its components", "[memory-data]") {
  EnergyEvents events;
  events.macs = 1000;
  events.vector_ops = 7;
  events.sram_bytes = 4096;
  events.d2d_wire_bytes = 64;
  events.router_bytes = 128;
  events.d2d_idle = kMicrosecond;
  events.link_bytes_per_s = 1'000'000'000;
  events.control_busy = kMicrosecond;
  events.control_hz = 800'000'000;
  events.dies = 4;
  events.makespan = kMicrosecond;
  events.memory.burst_bytes = 32;
  events.memory.add(counted(), kMicrosecond);
  events.memory.bank_refreshes = 5;
  events.memory.down = kMicrosecond;
  const Energy energy = energy_of(events, EnergyParams{}, DramEnergyParams{});
  double sum = 0.0;
  std::set<std::string> components;
  for (const EnergyItem& i : energy.items) {
    CHECK(i.joules > 0.0);
    sum += i.joules;
    components.insert(i.component);
  }
  CHECK(energy.joules == Approx(sum));
  CHECK(components.size() == energy.items.size());
  CHECK(components.count("memory_power_down") == 1);
  CHECK(components.count("memory_bank_refresh") == 1);
}

TEST_CASE("a channel's bench reports achieved and peak, a histogram of every request, and where time went",
          "[memory-bench]") {
  const MemoryParams params = load_memory("lpddr5_6400_x16", library());
  std::vector<BenchRequest> requests;
  for (std::uint64_t i = 0; i < 2000; ++i) requests.push_back({i * 64, 64, i % 3 == 0, 0});
  const BenchReport r = bench_report(params, run_channel_bench(params, requests, {16}));
  CHECK(r.requests == 2000);
  CHECK(r.bytes == 128000);
  CHECK(r.gbyte_per_s == Approx(static_cast<double>(r.bytes) / (static_cast<double>(r.simulated) * 1e-6)));
  CHECK(r.gbyte_per_s < r.peak_gbyte_per_s);
  CHECK(r.peak_gbyte_per_s == Approx(12.8));
  std::uint64_t in_bins = 0;
  double end = 0.0;
  for (const LatencyBin& b : r.histogram) {
    in_bins += b.requests;
    CHECK(b.from_ns >= end);
    end = b.to_ns;
  }
  CHECK(in_bins == 2000);
  const auto& counts = r.stats.latency.counts;
  CHECK(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) == 2000);
  CHECK(r.latency_p50_ns <= r.latency_p99_ns);
  CHECK(r.latency_p99_ns <= r.latency_max_ns);
  CHECK(r.turnaround_share > 0.0);
  CHECK(r.row_hit_share > 0.5);
  CHECK(r.queue_mean <= 16.0);
  CHECK(r.queue_mean > 8.0);
  CHECK(r.stats.queue_peak == 16);
  CHECK(r.response_mean_ns >= r.latency_mean_ns);
  double sum = 0.0;
  for (const EnergyItem& i : r.energy) sum += i.joules;
  CHECK(r.joules == Approx(sum));
  const auto json = nlohmann::json::parse(bench_json(r));
  CHECK(json["gbyte_per_s"] == r.gbyte_per_s);
  CHECK(json["commands"]["read_bursts"].get<std::uint64_t>() +
            json["commands"]["write_bursts"].get<std::uint64_t>() ==
        4000);
  CHECK_THAT(bench_text(r), Contains("assumed: energy of memory_activate"));
}

TEST_CASE("fixed delays of the controller add to every latency and cost no bandwidth", "[memory-bench]") {
  std::vector<BenchRequest> requests;
  for (std::uint64_t i = 0; i < 4000; ++i) requests.push_back({i * 64, 64, false, 0});
  const auto run = [&](const char* cycles, unsigned outstanding) {
    return run_channel_bench(load_memory("lpddr5_6400_x16", library(),
                                         {{"controller.request_latency_cycles", cycles},
                                          {"controller.response_latency_cycles", cycles},
                                          {"controller.refresh_policy", "none"}}),
                             requests, {outstanding});
  };
  const BenchResult none = run("0", 0), ten = run("8", 0), one = run("0", 1), one_ten = run("8", 1);
  CHECK(ten.gbyte_per_s == Approx(none.gbyte_per_s).epsilon(0.01));
  CHECK(none.gbyte_per_s > 0.97 * 12.8);
  CHECK(one_ten.latency_p50_ns == Approx(one.latency_p50_ns + 20.0));
}

TEST_CASE("a latency falls into the bin that its bounds say", "[memory-bench]") {
  LatencyHistogram h;
  h.add(25 * kNanosecond - 1);
  h.add(25 * kNanosecond);
  h.add(6400 * kNanosecond - 1);
  h.add(6400 * kNanosecond);
  h.add(kSecond);
  CHECK(h.counts[0] == 1);
  CHECK(h.counts[1] == 1);
  CHECK(h.counts[14] == 1);
  CHECK(h.counts[15] == 2);
  for (std::size_t bin = 0; bin < LatencyHistogram::kBounds.size(); ++bin)
    CHECK(std::string(LatencyHistogram::kNames[bin]) ==
          fmt::format("below_{}_ns", LatencyHistogram::kBounds[bin]));
}

TEST_CASE("one request alone takes what its commands take, and a second one comes a clock later",
          "[memory-bench]") {
  MemoryParams params = load_memory("lpddr5_6400_x16", library(),
                                    {{"controller.request_latency_cycles", "0"},
                                     {"controller.response_latency_cycles", "0"},
                                     {"controller.refresh_policy", "none"}});
  const std::vector<BenchRequest> one{{0, 64, false, 0}}, two{{0, 64, false, 0}, {0, 64, false, 0}};
  const BenchResult first = run_channel_bench(params, one, {1});
  REQUIRE(first.latencies.size() == 1);
  CHECK(first.latencies[0] == first.simulated);
  const BenchResult second = run_channel_bench(params, two, {1});
  REQUIRE(second.latencies.size() == 2);
  // The second one hits the open row; it is offered one clock after the first one's last data.
  CHECK(second.simulated == second.latencies[0] + second.latencies[1] + params.timing.clock_period_fs);
  // A request is not offered before its time.
  const BenchResult late = run_channel_bench(params, {{0, 64, false, kMicrosecond}}, {});
  CHECK(late.simulated == kMicrosecond + late.latencies[0]);
}
