// SPDX-License-Identifier: Apache-2.0
// The DRAM channel against closed forms: unloaded latency, peak, refresh, tFAW, tCCD_L.
#include <random>

#include "tests/catch.h"
#include "tests/timing/memory_harness.h"

using namespace moesaic;
using namespace moesaic::memory_test;

namespace {

constexpr Tick kCk = 1'250'000;

MemoryParams without_refresh() {
  MemoryParams params = bare_params();
  params.controller.refresh_policy = RefreshPolicy::none;
  return params;
}
std::vector<Access> sequential(unsigned n, bool write = false, std::uint64_t step = 64) {
  std::vector<Access> accesses;
  for (std::uint64_t i = 0; i < n; ++i) accesses.push_back({i * step, write});
  return accesses;
}
std::vector<Access> random_reads(unsigned n) {
  std::mt19937 random(1);
  std::vector<Access> accesses;
  for (unsigned i = 0; i < n; ++i) accesses.push_back({random() % (1u << 24) * std::uint64_t{64}, false});
  return accesses;
}

}  // namespace

TEST_CASE("unloaded latency of a row hit is RL and the bursts, and CAS when WCK is off") {
  for (const bool always_on : {true, false}) {
    MemoryParams params = without_refresh();
    if (always_on) params.command_bus.wck_sync = false;
    const Outcome o = run(params, {{0, Train::block(0, 64), false, 1, 0},
                                   {1000 * kCk, Train::block(0, 32), false, 2, 0},
                                   {2000 * kCk, Train::block(0, 64), false, 3, 0}});
    const Tick cas = always_on ? 0 : kCk;
    CHECK(o.done.at(2).at - 1000 * kCk == cas + (17 + 2) * kCk);
    CHECK(o.done.at(3).at - 2000 * kCk == cas + (17 + 4 + 2) * kCk);
  }
}

TEST_CASE("unloaded latency of a row miss adds tRCD and the CAS, of a conflict tRP too") {
  const Outcome o = run(without_refresh(), {{0, Train::block(place(0, 0, 0), 64), false, 1, 0},
                                            {1000 * kCk, Train::block(place(0, 0, 1), 64), false, 2, 0}});
  CHECK(o.done.at(1).at == (15 + 1 + 17 + 4 + 2) * kCk);
  CHECK(o.done.at(2).at - 1000 * kCk == (15 + 15 + 1 + 17 + 4 + 2) * kCk);
}

TEST_CASE("controller latency is added once before and once after") {
  MemoryParams params = without_refresh();
  params.controller.request_latency_cycles = 5;
  params.controller.response_latency_cycles = 7;
  const Outcome o = run(params, {{0, Train::block(0, 32), false, 1, 0}});
  CHECK(o.last == (5 + 15 + 1 + 17 + 2 + 7) * kCk);
}

TEST_CASE("without refresh a stream reaches the peak, and never more") {
  for (const bool write : {false, true}) {
    const Measured m = measure(without_refresh(), sequential(65536, write), 32);
    CHECK(m.gbyte_per_s <= 12.8);
    CHECK(m.gbyte_per_s > 12.8 * 0.998);
  }
}

TEST_CASE("with refresh a stream stays below 1 - tRFC/tREFI of the peak and within two percent of it") {
  for (const std::uint32_t rfc : {168u, 224u, 304u}) {
    MemoryParams params = bare_params();
    params.timing.rfc_all_cycles = rfc;
    const double bound = 12.8 * (1.0 - rfc / 3125.0);
    const Measured m = measure(params, sequential(65536), 32);
    CHECK(m.gbyte_per_s <= bound);
    CHECK(m.gbyte_per_s > bound * 0.98);
  }
}

TEST_CASE("random reads that open two rows per 64 bytes are bound by tFAW") {
  MemoryParams params = without_refresh();
  params.address_map.bits = "M1";
  const double bound = 4 * 32 / 20.0;
  const Measured m = measure(params, random_reads(20000), 32);
  CHECK(m.gbyte_per_s <= bound * 1.01);  // a few of them hit
  CHECK(m.gbyte_per_s > bound * 0.9);
}

TEST_CASE("a stream in one bank group is bound by tCCD_L") {
  // Map M2: every fourth 64 bytes are in the same bank group.
  const Measured m = measure(without_refresh(), sequential(20000, false, 256), 16);
  CHECK(m.gbyte_per_s <= 6.4);
  CHECK(m.gbyte_per_s > 6.4 * 0.95);
}

TEST_CASE("the data bus is busy, lost or idle all the time") {
  const Measured m = measure(bare_params(), sequential(65536), 32);
  const MemoryStats& s = m.stats;
  const double total = 65536 * 64 / m.gbyte_per_s * 1e6;  // fs
  const double known = static_cast<double>(s.busy + s.lost_to_column + s.lost_to_row + s.lost_to_turnaround +
                                           s.lost_to_refresh);
  CHECK(known > total * 0.999);
  CHECK(known <= total);
  CHECK(s.peak_bytes_per_second == 12.8e9);
}

TEST_CASE("bank hashing keeps four streams at equal distances from marching in step") {
  std::vector<Access> accesses;
  std::mt19937 random(2);
  for (unsigned block = 0; block < 64; ++block) {
    std::uint64_t base[4];
    for (auto& b : base) b = random() % 16384 * std::uint64_t{65536};
    for (unsigned i = 0; i < 1024; ++i)
      for (const std::uint64_t b : base) accesses.push_back({b + i * 64, false});
  }
  MemoryParams params = bare_params();
  const double plain = measure(params, accesses, 32).gbyte_per_s;
  params.address_map.bits = "M2X";
  const double hashed = measure(params, accesses, 32).gbyte_per_s;
  CHECK(plain < 0.65 * 12.8);
  CHECK(hashed > 0.82 * 12.8);
}
