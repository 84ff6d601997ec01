// SPDX-License-Identifier: Apache-2.0
// The LPDDR5-6400 channel against what Ramulator 2.1 gives on the same traces: reference/dram_measured.csv,
// with the tolerances of reference/dram.md 3.4. Skipped where the reference folder is not beside the source.
#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <tuple>

#include "tests/catch.h"
#include "tests/timing/memory_harness.h"

using namespace moesaic;
using namespace moesaic::memory_test;

namespace {

constexpr Tick kCk = 1'250'000;
constexpr std::uint64_t kMask = (std::uint64_t{1} << 30) - 1;

struct Reference {
  double gbyte_per_s, mean_ns, median_ns;
};

// (map, workload, outstanding) -> measured; empty when there is no reference folder.
using Key = std::tuple<std::string, std::string, std::string>;
std::map<Key, Reference> load() {
  std::map<Key, Reference> table;
  std::ifstream file(std::string(MOESAIC_SOURCE_DIR) + "/../shared/reference/dram_measured.csv");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("ramulator 2.1,lpddr5,,", 0) != 0) continue;
    // The map is quoted, because it has commas.
    const std::size_t close = line.find('"', line.find('"') + 1);
    const std::string bits = line.substr(0, close);
    const char* map = bits.find("BG=5,6;") != std::string::npos   ? "M1"
                      : bits.find("BG=6,7;") != std::string::npos ? "M2"
                                                                  : "M3";
    std::vector<std::string> cells;
    std::istringstream rest(line.substr(close + 2));
    for (std::string cell; std::getline(rest, cell, ',');) cells.push_back(cell);
    table[{map, cells[0], cells[1]}] = {std::stod(cells[4]), std::stod(cells[5]), std::stod(cells[6])};
  }
  if (table.empty()) WARN("skipped: ../shared/reference/dram_measured.csv is not there");
  return table;
}

MemoryParams params_of(const std::string& map) {
  MemoryParams params = bare_params();
  params.address_map.bits = map;
  return params;
}

// The traces of reference/dram_traces.py; random ones with another generator of the same distribution.
std::vector<Access> trace(const std::string& name) {
  constexpr unsigned kRequests = 131072;
  std::mt19937 random(11);
  std::vector<Access> accesses;
  const unsigned n = name[0] == 'c' ? 20000 : kRequests;
  for (std::uint64_t i = 0; i < n; ++i) {
    if (name == "a_seq") accesses.push_back({i * 64 & kMask});
    if (name == "b_rand" || name == "c1_rand")
      accesses.push_back({random() % (1u << 24) * std::uint64_t{64}});
    if (name == "c2_rowhit") accesses.push_back({0});
    if (name == "c3_conflict") accesses.push_back({(i & 1) << 20});
    if (name == "d_mix") accesses.push_back({i * 64 & kMask, random() % 2 == 0});
  }
  return accesses;
}

// k streams, each reading aligned blocks at random places, interleaved every 64 bytes.
std::vector<Access> streams(std::uint64_t block, unsigned k) {
  std::mt19937 random(12);
  std::vector<Access> accesses;
  while (accesses.size() < 131072) {
    std::vector<std::uint64_t> base(k);
    for (auto& b : base) b = random() % ((kMask + 1) / block) * block;
    for (std::uint64_t offset = 0; offset < block; offset += 64)
      for (const std::uint64_t b : base) accesses.push_back({b + offset});
  }
  return accesses;
}

double deviation(double ours, double reference) {
  return std::abs(ours / reference - 1.0);
}

}  // namespace

TEST_CASE("LPDDR5 sequential reads agree with Ramulator within two percent on all maps") {
  for (const auto& [key, reference] : load()) {
    const auto& [map, workload, outstanding] = key;
    if (workload != "a_seq") continue;
    const Measured m = measure(params_of(map), trace("a_seq"), outstanding == "16" ? 16 : 32);
    INFO(map << " " << outstanding << ": " << m.gbyte_per_s << " against " << reference.gbyte_per_s);
    CHECK(deviation(m.gbyte_per_s, reference.gbyte_per_s) <= 0.02);
  }
}

TEST_CASE("LPDDR5 random reads with 16 outstanding agree with Ramulator within four percent") {
  for (const auto& [key, reference] : load()) {
    const auto& [map, workload, outstanding] = key;
    if (workload != "b_rand" || outstanding != "16") continue;
    const Measured m = measure(params_of(map), trace(workload), 16);
    INFO(map << ": " << m.gbyte_per_s << " against " << reference.gbyte_per_s);
    CHECK(deviation(m.gbyte_per_s, reference.gbyte_per_s) <= 0.04);
  }
}

TEST_CASE(
    "LPDDR5 unloaded latencies agree with Ramulator: median within one clock, mean of random reads two "
    "percent") {
  for (const auto& [key, reference] : load()) {
    const auto& [map, workload, outstanding] = key;
    if (outstanding != "1") continue;
    // The next request one clock after the answer to the last.
    const Measured m = measure(params_of(map), trace(workload), 1, 64, kCk);
    INFO(map << " " << workload << ": median " << m.median_ns << " against " << reference.median_ns
             << ", mean " << m.mean_ns << " against " << reference.mean_ns);
    CHECK(std::abs(m.median_ns - reference.median_ns) <= 1.25);
    if (workload == "c1_rand") CHECK(deviation(m.mean_ns, reference.mean_ns) <= 0.02);
  }
}

TEST_CASE("LPDDR5 mixed and multi-stream traffic lies within fifteen percent of Ramulator") {
  for (const auto& [key, reference] : load()) {
    const auto& [map, workload, outstanding] = key;
    if (map == "M3" || (workload[0] != 'd' && workload[0] != 'e')) continue;
    const std::uint64_t block = workload.rfind("e_64K", 0) == 0 ? 65536 : 4096;
    const auto accesses =
        workload == "d_mix" ? trace(workload) : streams(block, static_cast<unsigned>(workload.back() - '0'));
    const Measured m = measure(params_of(map), accesses, 32);
    INFO(map << " " << workload << ": " << m.gbyte_per_s << " against " << reference.gbyte_per_s);
    CHECK(deviation(m.gbyte_per_s, reference.gbyte_per_s) <= 0.15);
  }
}
