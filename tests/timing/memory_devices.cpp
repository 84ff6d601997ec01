// SPDX-License-Identifier: Apache-2.0
// Every constraint of every standard at its boundary. The table below says which parameter stands for which
// rule of tests/support/dram_rules.h, and which devices have it. Each is made the longest of its kind, at
// three values; in traffic that presses on everything no pair of commands comes a half cycle too early, and
// some pair comes exactly then.
#include <random>

#include "tests/catch.h"
#include "tests/support/dram_rules.h"
#include "tests/support/memory_peers.h"
#include "tests/timing/memory_harness.h"

using namespace moesaic;
using namespace moesaic::memory_test;

namespace {

using Limit = std::uint32_t DramTiming::*;

struct Constraint {
  const char* rule;
  Limit limit;
  std::uint32_t longer = 40;  ///< cycles that make it bind
  bool per_bank_refresh = false;
};

const std::vector<Constraint> kEveryDevice{
    {"tRCDRD", &DramTiming::rcd_read_cycles},
    {"tRCDWR", &DramTiming::rcd_write_cycles},
    {"tRP", &DramTiming::rp_bank_cycles},
    {"tRPab", &DramTiming::rp_all_cycles},
    {"tRAS", &DramTiming::ras_cycles, 60},
    {"tRAS to PREab", &DramTiming::ras_cycles, 300},
    {"tRC", &DramTiming::rc_cycles, 60},
    {"tRRD_S", &DramTiming::rrd_short_cycles},
    {"tRRD_L", &DramTiming::rrd_long_cycles, 60},
    {"tFAW", &DramTiming::faw_cycles, 150},
    {"tRTP", &DramTiming::rtp_cycles, 60},
    {"tRTP to PREab", &DramTiming::rtp_cycles, 200},
    {"tWR", &DramTiming::wr_cycles, 60},
    {"tWR to PREab", &DramTiming::wr_cycles, 200},
    {"tPPD", &DramTiming::ppd_cycles},
    {"tCCD_S", &DramTiming::ccd_short_cycles},
    {"tCCD_S_WR", &DramTiming::ccd_short_write_cycles},
    {"tRTW", &DramTiming::read_to_write_cycles},
    {"tWTR_S", &DramTiming::wtr_short_cycles},
    {"tRFCab", &DramTiming::rfc_all_cycles},
};
const std::vector<Constraint> kBankGroups{
    {"tCCD_L", &DramTiming::ccd_long_cycles},
    {"tCCD_L_WR", &DramTiming::ccd_long_write_cycles, 80},
    {"tWTR_L", &DramTiming::wtr_long_cycles, 60},
};
const std::vector<Constraint> kBankRefresh{
    {"tRFCpb", &DramTiming::rfc_bank_cycles, 150, true},
    {"tRREFD", &DramTiming::refresh_to_activate_cycles, 40, true},
    {"tpbR2pbR", &DramTiming::refresh_to_refresh_cycles, 40, true},
    {"tRRD to REFpb", &DramTiming::rrd_short_cycles, 40, true},
    {"tRP to REFpb", &DramTiming::rp_bank_cycles, 40, true},
    {"tRC to REFpb", &DramTiming::rc_cycles, 150, true},
};
const std::vector<Constraint> kStacks{{"tCCD_R", &DramTiming::ccd_stack_cycles}};
const std::vector<Constraint> kMaskedWrites{{"tCCDMW", &DramTiming::ccd_masked_write_cycles, 60}};
const std::vector<Constraint> kRanks{{"tRTRS RD RD", &DramTiming::rank_switch_cycles, 120},
                                     {"tRTRS WR WR", &DramTiming::rank_switch_cycles, 120},
                                     {"tRTRS RD WR", &DramTiming::rank_switch_cycles, 120},
                                     {"tRTRS WR RD", &DramTiming::rank_switch_cycles, 120}};

// Bunches of requests on few rows of all banks, reads and writes, some unaligned, with pauses in between.
std::vector<Arrival> pressing(const MemoryParams& params) {
  std::mt19937 random(5);
  const Clock clock(params.timing.clock_period_fs);
  std::vector<Arrival> out;
  std::uint64_t cycle = 0;
  for (unsigned i = 0; i < 4000; ++i) {
    cycle += random() % 60 == 0 ? random() % 3000 : random() % 6;
    const unsigned kind = i / 100 % 4;
    const bool write = kind == 0 ? false : kind == 1 ? true : random() % 2 == 0;
    const std::uint64_t spread = kind == 3 ? 1 : 64;
    std::uint64_t address = random() % spread * 65536 + random() % 1024 * 64;
    if (write && random() % 4 == 0) address += 8;
    out.push_back({clock.edge(cycle), Train::block(address, 32U << random() % 2), write, i, 0});
  }
  return out;
}

void check(const MemoryParams& device, const Constraint& constraint) {
  for (const std::uint32_t more : {0U, 1U, 7U}) {
    MemoryParams params = device;
    params.controller.port_requests = 4096;
    params.address_map.bits = "M1";
    params.timing.*constraint.limit += constraint.longer + more;
    params.timing.refi_cycles = 4 * (params.timing.rfc_all_cycles + params.timing.rp_all_cycles);
    if (constraint.per_bank_refresh) {
      params.controller.refresh_policy = RefreshPolicy::per_bank;
      params.controller.refresh_postpone_max = 4;
      params.timing.refi_bank_cycles =
          std::max(params.timing.refi_bank_cycles, params.timing.refresh_to_refresh_cycles + 60);
    }
    const Outcome outcome = run(params, pressing(params));
    const DramRules rules(params);
    const std::vector<std::int64_t> slacks = rules.slacks(outcome.commands);
    CHECK(rules.disorder(outcome.commands) == 0);
    // Commands that start at rising edges only may come a half cycle after an odd constraint.
    const bool halves = params.command_bus.activate_half_cycles % 2 != 0;
    for (std::size_t i = 0; i < slacks.size(); ++i) {
      INFO(params.device << ": " << rules.rules()[i].name << " while " << constraint.rule << " is "
                         << params.timing.*constraint.limit << ": " << slacks[i]);
      CHECK(slacks[i] >= 0);
      if (rules.rules()[i].name == constraint.rule) CHECK(slacks[i] <= (halves ? 1 : 0));
    }
  }
}

void check_all(const MemoryParams& device, std::initializer_list<const std::vector<Constraint>*> tables) {
  for (const auto* table : tables) {
    for (const Constraint& constraint : *table) check(device, constraint);
  }
}

// The two lengths of an RFM at their boundary, in traffic that presses on the count of activates.
void check_rfm(const MemoryParams& device) {
  for (const bool per_bank : {false, true}) {
    for (const std::uint32_t more : {0U, 1U, 7U}) {
      MemoryParams params = device;
      params.controller.port_requests = 4096;
      params.address_map.bits = "M1";
      params.refresh_management = {4, 8, 4, 2, 300 + more, 300 + more};
      params.controller.refresh_policy = per_bank ? RefreshPolicy::per_bank : RefreshPolicy::all_bank;
      if (params.timing.refi_bank_cycles == 0) params.timing.refi_bank_cycles = 2000;
      const Outcome outcome = run(params, pressing(params));
      const DramRules rules(params);
      const std::vector<std::int64_t> slacks = rules.slacks(outcome.commands);
      CHECK(rules.disorder(outcome.commands) == 0);
      const bool halves = params.command_bus.activate_half_cycles % 2 != 0;
      for (std::size_t i = 0; i < slacks.size(); ++i) {
        INFO(params.device << ": " << rules.rules()[i].name << " " << slacks[i]);
        CHECK(slacks[i] >= 0);
        if (rules.rules()[i].name == (per_bank ? "tRFMpb" : "tRFMab")) CHECK(slacks[i] <= (halves ? 1 : 0));
      }
    }
  }
}

}  // namespace

TEST_CASE("RFM commands of HBM3, LPDDR4, LPDDR5 and DDR5 hold their banks for exactly their time") {
  MemoryParams ddr5 = ddr5_4800();
  ddr5.timing.rfc_bank_cycles = ddr5.timing.refresh_to_refresh_cycles = 312;
  ddr5.timing.refresh_banks = 8;
  for (const MemoryParams& device : {hbm3_ramulator(), lpddr4_3200(), lpddr5_ramulator(), ddr5})
    check_rfm(device);
}

TEST_CASE("HBM2 commands come at their constraints and not before") {
  check_all(hbm2_dramsys(), {&kEveryDevice, &kBankGroups, &kBankRefresh, &kStacks});
}
TEST_CASE("HBM3 commands come at their constraints and not before, on either edge") {
  check_all(hbm3_ramulator(), {&kEveryDevice, &kBankGroups, &kBankRefresh, &kStacks});
}
TEST_CASE("LPDDR4 commands come at their constraints and not before") {
  check_all(lpddr4_3200(), {&kEveryDevice, &kBankRefresh, &kMaskedWrites});
}
TEST_CASE("LPDDR5 commands come at their constraints and not before") {
  MemoryParams always_on =
      lpddr5_ramulator();  // the CAS that restarts the data clock: memory_constraints.cpp
  always_on.command_bus.wck_sync = false;
  check_all(always_on, {&kEveryDevice, &kBankGroups, &kBankRefresh});
}
TEST_CASE("DDR4 commands come at their constraints and not before") {
  check_all(ddr4_2400(), {&kEveryDevice, &kBankGroups});
}
TEST_CASE("DDR5 commands come at their constraints and not before, with two ranks") {
  MemoryParams two = ddr5_4800();
  two.organisation.ranks = 2;
  check_all(two, {&kEveryDevice, &kBankGroups, &kRanks});
}
