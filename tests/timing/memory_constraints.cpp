// SPDX-License-Identifier: Apache-2.0
// Every timing constraint of the DRAM channel at its boundary: where it binds, the command comes exactly
// then, and one cycle later when the constraint is one cycle longer. Scenarios of LPDDR5, one by one; all
// standards against the table of rules: memory_devices.cpp.
#include "tests/catch.h"
#include "tests/timing/memory_harness.h"

using namespace moesaic;
using namespace moesaic::memory_test;
using Kind = DramCommandKind;

namespace {

constexpr Tick kCk = 1'250'000;  // fs, 800 MHz
using Limit = std::uint32_t DramTiming::*;

Arrival access(Tick cycle, std::uint64_t address, bool write = false, std::uint64_t id = 0) {
  return {cycle * kCk, Train::block(address, 32), write, id, 0};
}

// Distance from one command to another.
struct Pair {
  Kind from;
  unsigned from_n;
  Kind to;
  unsigned to_n;
};
std::uint64_t distance(const MemoryParams& params, const std::vector<Arrival>& arrivals, const Pair& pair) {
  const Outcome outcome = run(params, arrivals);
  const auto from = cycle_of(outcome.commands, pair.from, pair.from_n);
  const auto to = cycle_of(outcome.commands, pair.to, pair.to_n);
  REQUIRE(from);
  REQUIRE(to);
  return *to - *from;
}

// The constraint binds, at three values: exactly `extra + value`.
void check_binds(Limit limit, std::uint32_t value, std::uint64_t extra, const std::vector<Arrival>& arrivals,
                 const Pair& pair) {
  for (const std::uint32_t v : {value, value + 1, value + 7}) {
    MemoryParams params = bare_params();
    params.timing.*limit = v;
    CHECK(distance(params, arrivals, pair) == extra + v);
  }
}

// Opens row 0 of two banks of group 0 and one of group 1, long before anything else.
std::vector<Arrival> opened() {
  return {access(0, place(0, 0, 0), false, 1), access(0, place(0, 1, 0), false, 2),
          access(0, place(1, 0, 0), false, 3)};
}
std::vector<Arrival> opened_then(std::vector<Arrival> more) {
  std::vector<Arrival> all = opened();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("tRCD counts from the first part of the activate to the column command, here a CAS before it") {
  check_binds(&DramTiming::rcd_read_cycles, 15, 1, {access(0, place(0, 0, 0))},
              {Kind::activate_1, 0, Kind::read, 0});
}

TEST_CASE("tRPpb separates a precharge from the next activate of the bank") {
  check_binds(&DramTiming::rp_bank_cycles, 15, 0, opened_then({access(200, place(0, 0, 1), false, 4)}),
              {Kind::precharge, 0, Kind::activate_1, 3});
}

TEST_CASE("tRAS holds a row open") {
  check_binds(&DramTiming::ras_cycles, 34, 0,
              {access(0, place(0, 0, 0), false, 1), access(0, place(0, 0, 1), false, 2)},
              {Kind::activate_1, 0, Kind::precharge, 0});
}

TEST_CASE("tRC separates two activates of a bank") {
  check_binds(&DramTiming::rc_cycles, 60, 0,
              {access(0, place(0, 0, 0), false, 1), access(0, place(0, 0, 1), false, 2)},
              {Kind::activate_1, 0, Kind::activate_1, 1});
}

TEST_CASE("tRTP separates a read from the precharge of its bank") {
  check_binds(&DramTiming::rtp_cycles, 8, 0,
              opened_then({access(200, place(0, 0, 0, 2), false, 4), access(200, place(0, 0, 1), false, 5)}),
              {Kind::read, 3, Kind::precharge, 0});
}

TEST_CASE("tWR separates the end of write data from the precharge of the bank") {
  check_binds(&DramTiming::wr_cycles, 28, 9 + 2,
              opened_then({access(200, place(0, 0, 0), true, 4), access(200, place(0, 0, 1), true, 5)}),
              {Kind::write, 0, Kind::precharge, 0});
}

TEST_CASE("tRRD_S separates activates of different bank groups") {
  check_binds(&DramTiming::rrd_short_cycles, 4, 0,
              {access(0, place(0, 0, 0), false, 1), access(0, place(1, 0, 0), false, 2)},
              {Kind::activate_1, 0, Kind::activate_1, 1});
}

TEST_CASE("tRRD_L separates activates of one bank group") {
  check_binds(&DramTiming::rrd_long_cycles, 6, 0,
              {access(0, place(0, 0, 0), false, 1), access(0, place(0, 1, 0), false, 2)},
              {Kind::activate_1, 0, Kind::activate_1, 1});
}

TEST_CASE("tFAW lets four activates into its window") {
  std::vector<Arrival> arrivals;
  for (unsigned i = 0; i < 5; ++i) arrivals.push_back(access(0, place(i % 4, i / 4, 0), false, i));
  check_binds(&DramTiming::faw_cycles, 25, 0, arrivals, {Kind::activate_1, 0, Kind::activate_1, 4});
  MemoryParams params = bare_params();
  params.timing.faw_cycles = 25;
  CHECK(distance(params, arrivals, {Kind::activate_1, 0, Kind::activate_1, 3}) == 12);
}

TEST_CASE("tCCD_S separates columns of different bank groups") {
  check_binds(&DramTiming::ccd_short_cycles, 2, 0,
              opened_then({access(200, place(0, 0, 0), false, 4), access(200, place(1, 0, 0), false, 5)}),
              {Kind::read, 3, Kind::read, 4});
  check_binds(&DramTiming::ccd_short_write_cycles, 2, 0,
              opened_then({access(200, place(0, 0, 0), true, 4), access(200, place(1, 0, 0), true, 5)}),
              {Kind::write, 0, Kind::write, 1});
}

TEST_CASE("tCCD_L separates columns of one bank group, in one bank and in two") {
  for (const unsigned bank : {0u, 1u}) {
    check_binds(
        &DramTiming::ccd_long_cycles, 4, 0,
        opened_then({access(200, place(0, 0, 0), false, 4), access(200, place(0, bank, 0, 1), false, 5)}),
        {Kind::read, 3, Kind::read, 4});
  }
}

TEST_CASE("tWTR_S separates write data from a read of another bank group") {
  check_binds(&DramTiming::wtr_short_cycles, 5, 9 + 2 + 1,  // the data clock has stopped: CAS
              opened_then({access(200, place(0, 0, 0), true, 4), access(201, place(1, 0, 0), false, 5)}),
              {Kind::write, 0, Kind::read, 3});
}

TEST_CASE("tWTR_L separates write data from a read of the same bank group") {
  check_binds(&DramTiming::wtr_long_cycles, 10, 9 + 2 + 1,
              opened_then({access(200, place(0, 0, 0), true, 4), access(201, place(0, 1, 0), false, 5)}),
              {Kind::write, 0, Kind::read, 3});
}

TEST_CASE("the data bus turns around between a read and a write") {
  check_binds(&DramTiming::read_to_write_cycles, 12, 0,
              opened_then({access(200, place(0, 0, 0), false, 4), access(200, place(1, 0, 0), true, 5)}),
              {Kind::read, 3, Kind::write, 0});
}

TEST_CASE("tPPD separates precharges") {
  check_binds(&DramTiming::ppd_cycles, 2, 0,
              opened_then({access(200, place(0, 0, 1), false, 4), access(200, place(1, 0, 1), false, 5)}),
              {Kind::precharge, 0, Kind::precharge, 1});
}

TEST_CASE("the second cycle of an activate waits for column commands, but not beyond tAAD") {
  for (const std::uint32_t aad : {5u, 8u}) {
    MemoryParams params = bare_params();
    // A device whose columns fill the command bus.
    params.timing.burst_cycles = params.timing.ccd_short_cycles = params.timing.ccd_long_cycles = 1;
    params.command_bus.aad_cycles = aad;
    std::vector<Arrival> arrivals = opened_then({access(200, place(2, 0, 0), false, 4)});
    for (unsigned i = 0; i < 20; ++i) arrivals.push_back(access(201, place(0, 0, 0, i), false, 10 + i));
    const Outcome outcome = run(params, arrivals);
    CHECK(*cycle_of(outcome.commands, Kind::activate_1, 3) == 200);
    CHECK(*cycle_of(outcome.commands, Kind::activate_2, 3) == 200 + aad);
  }
}

TEST_CASE("WCK needs a CAS command once its postamble has passed, not before") {
  // The last read of opened() ends the first activity; then one more read, and one around the postamble.
  const Outcome first = run(bare_params(), opened_then({access(200, place(0, 0, 0), false, 4)}));
  CHECK(*cycle_of(first.commands, Kind::wck_sync, 1) == 200);
  CHECK(*cycle_of(first.commands, Kind::read, 3) == 201);
  const std::uint64_t off = 201 + 17 + 2 + 1;
  for (const std::uint64_t at : {off - 1, off}) {
    const Outcome o =
        run(bare_params(),
            opened_then({access(200, place(0, 0, 0), false, 4), access(at, place(0, 0, 0), false, 5)}));
    CHECK(cycle_of(o.commands, Kind::wck_sync, 2).has_value() == (at == off));
    CHECK(*cycle_of(o.commands, Kind::read, 4) == (at == off ? off + 1 : off - 1));
  }
  MemoryParams always_on = bare_params();
  always_on.command_bus.wck_sync = false;
  CHECK(run(always_on, opened()).stats.wck_syncs == 0);
}

TEST_CASE("refresh comes at tREFI, precharges all banks tRPab before and blocks them for tRFCab") {
  const std::vector<Arrival> arrivals{access(3000, place(0, 0, 0), false, 1),
                                      access(3126, place(0, 0, 0), false, 2)};
  const Outcome o = run(bare_params(), arrivals);
  CHECK(*cycle_of(o.commands, Kind::precharge_all) == 3125);
  check_binds(&DramTiming::rp_all_cycles, 17, 0, arrivals, {Kind::precharge_all, 0, Kind::refresh, 0});
  check_binds(&DramTiming::rfc_all_cycles, 224, 0, arrivals, {Kind::refresh, 0, Kind::activate_1, 1});
  // An idle channel has nothing to precharge: refresh on the dot.
  const Outcome idle = run(bare_params(), {access(9000, place(0, 0, 0), false, 1)});
  CHECK(*cycle_of(idle.commands, Kind::refresh, 0) == 3125);
  CHECK(*cycle_of(idle.commands, Kind::refresh, 1) == 6250);
  CHECK(idle.stats.precharges_all == 0);
}

TEST_CASE("a column command goes out before refresh is due and not at its due time") {
  for (const std::uint64_t at : {3123u, 3124u}) {
    // The CAS command takes the slot before the read, so the read of cycle 3123 goes at 3124.
    const Outcome o =
        run(bare_params(), {access(3000, place(0, 0, 0), false, 1), access(at, place(0, 0, 0, 2), false, 2),
                            access(at, place(0, 0, 0, 3), false, 3)});
    CHECK(*cycle_of(o.commands, Kind::read, 1) == at + 1);
    CHECK(*cycle_of(o.commands, Kind::read, 2) > 3125 + 224);
  }
}

TEST_CASE(
    "an idle channel powers down after its time, for tCKE at least, and wakes tXP before the next command") {
  MemoryParams params = bare_params();
  params.controller.refresh_policy = RefreshPolicy::none;
  params.command_bus.wck_sync = false;
  params.timing.cke_cycles = 30;
  params.timing.xp_cycles = 9;
  // The first read is issued at 15 and has its data at 15 + 17 + 2.
  constexpr std::uint64_t kIdle = 34;
  params.controller.power_down_cycles = 100;
  const auto second = [&](std::uint64_t at) {
    const Outcome o =
        run(params, {access(0, place(0, 0, 0), false, 1), access(at, place(0, 0, 0), false, 2)});
    return *cycle_of(o.commands, Kind::read, 1);
  };
  CHECK(second(kIdle + 99) == kIdle + 99);             // awake still
  CHECK(second(kIdle + 100) == kIdle + 100 + 30 + 9);  // just asleep: tCKE, tXP
  CHECK(second(kIdle + 129) == kIdle + 130 + 9);
  CHECK(second(kIdle + 131) == kIdle + 131 + 9);
  CHECK(second(5000) == 5000 + 9);
  const Outcome o =
      run(params, {access(0, place(0, 0, 0), false, 1), access(5000, place(0, 0, 0), false, 2)});
  CHECK(o.stats.power_down == (5000 - kIdle - 100) * kCk);
  // A refresh wakes the channel too.
  params.controller.refresh_policy = RefreshPolicy::all_bank;
  const Outcome refreshed = run(params, {access(9000, place(0, 0, 0), false, 1)});
  CHECK(*cycle_of(refreshed.commands, Kind::refresh, 0) == 3125 + 9);
}

TEST_CASE("refreshes are put off while requests wait, up to their limit") {
  MemoryParams params = bare_params();
  std::vector<Arrival> arrivals;
  for (unsigned i = 0; i < 200; ++i)
    arrivals.push_back(access(100 * i, place(i % 4, 0, 0, i % 64), false, i));
  for (unsigned i = 0; i < 700; ++i) arrivals.push_back(access(2000, place(i % 4, 1, i, 0), false, 1000 + i));
  const auto refresh = [&](std::uint32_t postpone, unsigned n) {
    params.controller.refresh_postpone_max = postpone;
    return *cycle_of(run(params, arrivals).commands, Kind::refresh, n);
  };
  CHECK(refresh(0, 0) < 3125 + 100);
  CHECK(refresh(2, 0) > 3 * 3125);  // the third one due cannot be put off
  CHECK(refresh(2, 0) < 3 * 3125 + 100);
}

TEST_CASE("refreshes are pulled in while nothing waits") {
  MemoryParams params = bare_params();
  params.controller.refresh_pull_in_max = 2;
  const Outcome o = run(params, {access(20000, place(0, 0, 0), false, 1)});
  // The one at tREFI, then two more at once; from then on one at each due time.
  CHECK(*cycle_of(o.commands, Kind::refresh, 0) == 3125);
  CHECK(*cycle_of(o.commands, Kind::refresh, 1) == 3125 + 224);
  CHECK(*cycle_of(o.commands, Kind::refresh, 2) == 3125 + 2 * 224);
  CHECK(*cycle_of(o.commands, Kind::refresh, 3) == 2 * 3125);
}

TEST_CASE("a per-bank refresh may take two banks at once, and prefers idle ones") {
  MemoryParams params = bare_params();
  params.controller.refresh_policy = RefreshPolicy::per_bank;
  params.timing.refresh_banks = 2;
  std::vector<Arrival> arrivals;
  for (unsigned i = 0; i < 400; ++i) arrivals.push_back(access(2 * i, place(0, 0, i, 0), false, i));
  const Outcome o = run(params, arrivals);
  // Bank 0 is busy: bank 1 and its partner half the banks away.
  CHECK(*cycle_of(o.commands, Kind::refresh_bank, 0, 1) == 391);
  CHECK(*cycle_of(o.commands, Kind::refresh_bank, 0, 9) == 391);
  CHECK(*cycle_of(o.commands, Kind::refresh_bank, 0, 2) == 2 * 391);
}

TEST_CASE("same-bank refresh takes one bank of every group, tRFCsb before each and tREFSBRD before others") {
  MemoryParams params = bare_params();
  params.controller.refresh_policy = RefreshPolicy::per_bank;
  params.timing.refresh_banks = 4;  // as many as bank groups
  params.timing.refresh_to_activate_cycles = 20;
  // Due at 391: banks 0 of the four groups. Behind it an access to one of them and one to another bank.
  const Outcome o =
      run(params, {access(392, place(2, 0, 7), false, 1), access(392, place(2, 1, 7), false, 2)});
  for (const unsigned bank : {0U, 4U, 8U, 12U})
    CHECK(*cycle_of(o.commands, Kind::refresh_bank, 0, bank) == 391);
  CHECK(*cycle_of(o.commands, Kind::activate_1, 0, 8) == 391 + 112);
  CHECK(*cycle_of(o.commands, Kind::activate_1, 0, 9) == 391 + 20);
  CHECK(o.stats.bank_refreshes == 1);
}

namespace {

/// RAAMMT `maximum`, an RFM takes two from the count; no refresh.
MemoryParams managed_params(std::uint32_t maximum) {
  MemoryParams params = bare_params();
  params.controller.refresh_policy = RefreshPolicy::none;
  params.refresh_management = {2, maximum, 2, 0, 100, 60};
  return params;
}

// Other rows of one bank, without a pause.
std::vector<Arrival> hammer(unsigned activates, Tick cycle = 0) {
  std::vector<Arrival> out;
  for (unsigned i = 0; i < activates; ++i) out.push_back(access(cycle, place(0, 0, i), false, i));
  return out;
}

// How many activates of the bank came before the n-th command of a kind.
unsigned activates_before(const Outcome& outcome, Kind kind, unsigned n, unsigned bank = 0) {
  unsigned count = 0;
  for (const DramCommand& c : outcome.commands) {
    if (c.kind == kind && n-- == 0) return count;
    count += c.kind == Kind::activate_1 && index_of(c.bank) == bank;
  }
  return ~0U;
}

}  // namespace

TEST_CASE("a bank takes RAAMMT activates and no more before an RFM") {
  for (const std::uint32_t maximum : {2U, 3U, 7U}) {
    const Outcome o = run(managed_params(maximum), hammer(20));
    CHECK(activates_before(o, Kind::rfm, 0) == maximum);
    CHECK(activates_before(o, Kind::rfm, 1) == maximum + 2);  // it took two from the count
    CHECK(o.stats.rfms == (20 - maximum + 1) / 2);
    CHECK(o.done.size() == 20);
    // As many activates as it may take: no RFM while there is traffic.
    CHECK_FALSE(cycle_of(run(managed_params(maximum), hammer(maximum)).commands, Kind::rfm));
  }
}

TEST_CASE("an RFM of all banks comes tRPab after their precharge and blocks them for tRFMab") {
  for (const std::uint32_t rfm : {100U, 101U, 107U}) {
    MemoryParams params = managed_params(3);
    params.refresh_management.rfm_all_cycles = rfm;
    std::vector<Arrival> arrivals = hammer(4);
    arrivals.push_back(access(1, place(1, 0, 0), false, 9));
    const Outcome o = run(params, arrivals);
    const std::uint64_t at = *cycle_of(o.commands, Kind::rfm);
    CHECK(at == *cycle_of(o.commands, Kind::precharge_all) + params.timing.rp_all_cycles);
    CHECK(*cycle_of(o.commands, Kind::activate_1, 3, 0) == at + rfm);
    // A bank that took no part in it is blocked too.
    arrivals.push_back(access(at + 1, place(2, 0, 0), false, 10));
    CHECK(*cycle_of(run(params, arrivals).commands, Kind::activate_1, 0, 8) >= at + rfm);
    CHECK(o.stats.lost_to_refresh > 0);
  }
}

TEST_CASE("an RFM of a bank blocks it for tRFMpb, other banks for tRREFD only") {
  for (const std::uint32_t rfm : {60U, 61U, 67U}) {
    MemoryParams params = managed_params(3);
    params.controller.refresh_policy = RefreshPolicy::per_bank;
    params.timing.refi_bank_cycles = 100000;  // out of the way
    params.refresh_management.rfm_bank_cycles = rfm;
    const std::vector<Arrival> arrivals = hammer(4);
    const std::uint64_t at = *cycle_of(run(params, arrivals).commands, Kind::rfm_bank);
    std::vector<Arrival> more = arrivals;
    more.push_back(access(at, place(2, 1, 0), false, 9));
    const Outcome o = run(params, more);
    CHECK(*cycle_of(o.commands, Kind::rfm_bank) == at);
    CHECK(*cycle_of(o.commands, Kind::activate_1, 3, 0) == at + rfm);
    CHECK(*cycle_of(o.commands, Kind::activate_1, 0, 9) == at + params.timing.refresh_to_activate_cycles);
    CHECK(o.stats.bank_rfms == 1);
    CHECK(o.stats.rfms == 0);
  }
}

TEST_CASE("a refresh lowers the count of activates by RAADEC") {
  // Two activates before the refresh of 3125, two behind it; the bank takes three.
  std::vector<Arrival> arrivals = hammer(2, 3000);
  for (const Arrival& a : hammer(2, 3600)) arrivals.push_back({a.at, a.train, false, a.id + 10, 0});
  for (const std::uint32_t lowered : {0U, 1U, 2U}) {
    MemoryParams params = managed_params(3);
    params.controller.refresh_policy = RefreshPolicy::all_bank;
    params.refresh_management.raa_initial_activates = 3;  // none while nothing waits
    params.refresh_management.raa_per_refresh_activates = lowered;
    const Outcome o = run(params, arrivals);
    CHECK(o.stats.refreshes == 1);
    CHECK((activates_before(o, Kind::rfm, 0) == 3) == (lowered == 0));
  }
}

TEST_CASE("from RAAIMT on an RFM is done early, when nothing waits") {
  std::vector<Arrival> arrivals = hammer(2);
  arrivals.push_back(access(1000, place(0, 0, 5), false, 9));
  MemoryParams params = managed_params(8);
  const Outcome o = run(params, arrivals);
  CHECK(activates_before(o, Kind::rfm, 0) == 2);
  CHECK(*cycle_of(o.commands, Kind::rfm) < 300);
  CHECK(*cycle_of(o.commands, Kind::activate_1, 2) == 1000);  // nobody waited for it
  params.refresh_management.raa_initial_activates = 3;
  CHECK(run(params, arrivals).stats.rfms == 0);
}
