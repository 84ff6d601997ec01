// SPDX-License-Identifier: Apache-2.0
// Every timing constraint of the DRAM channel at its boundary: where it binds, the command comes exactly
// then, and one cycle later when the constraint is one cycle longer; and nowhere in random traffic earlier.
#include <random>
#include <utility>

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

TEST_CASE("tRCD counts from the first cycle of the activate to the column command") {
  check_binds(&DramTiming::rcd_read_cycles, 15, 0, {access(0, place(0, 0, 0))},
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
  check_binds(&DramTiming::ccd_short_cycles, 2, 0,
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
  check_binds(&DramTiming::wtr_short_cycles, 5, 9 + 2,
              opened_then({access(200, place(0, 0, 0), true, 4), access(201, place(1, 0, 0), false, 5)}),
              {Kind::write, 0, Kind::read, 3});
}

TEST_CASE("tWTR_L separates write data from a read of the same bank group") {
  check_binds(&DramTiming::wtr_long_cycles, 10, 9 + 2,
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

namespace {

// Checks a command sequence against the constraints, pair by pair, with code of its own.
class Checker {
 public:
  explicit Checker(const MemoryParams& p) : t_(p.timing), per_group_(p.organisation.banks_per_group) {}

  void check(const std::vector<DramCommand>& commands) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      // Longest constraint: refresh; look back that far and no further.
      for (std::size_t j = i; j-- > 0 && commands[i].cycle - commands[j].cycle < 400;)
        pair(commands[j], commands[i]);
      if (commands[i].kind == Kind::activate_1) {
        activates_.push_back(commands[i].cycle);
        const std::size_t n = activates_.size();
        if (n > 4) need(activates_[n - 5], activates_[n - 1], t_.faw_cycles);
      }
    }
  }
  std::uint64_t violations = 0;

 private:
  static bool column(Kind k) { return k == Kind::read || k == Kind::write; }
  void need(std::uint64_t from, std::uint64_t to, std::uint64_t distance) {
    if (to < from + distance) ++violations;
  }
  void pair(const DramCommand& a, const DramCommand& b) {
    const bool bank = a.bank == b.bank;
    const bool group = index_of(a.bank) / per_group_ == index_of(b.bank) / per_group_;
    const std::uint64_t write_end = a.cycle + t_.write_latency_cycles + t_.burst_cycles;
    need(a.cycle, b.cycle, 1);  // one command bus
    if (a.kind == Kind::refresh) need(a.cycle, b.cycle, t_.rfc_all_cycles);
    if (a.kind == Kind::precharge_all) need(a.cycle, b.cycle, t_.rp_all_cycles);
    if (a.kind == Kind::precharge && b.kind == Kind::refresh) need(a.cycle, b.cycle, t_.rp_bank_cycles);
    if (a.kind == Kind::precharge && b.kind == Kind::precharge) need(a.cycle, b.cycle, t_.ppd_cycles);
    if (a.kind == Kind::activate_1 && b.kind == Kind::activate_1)
      need(a.cycle, b.cycle, bank ? t_.rc_cycles : group ? t_.rrd_long_cycles : t_.rrd_short_cycles);
    if (column(a.kind) && a.kind == b.kind)
      need(a.cycle, b.cycle, group ? t_.ccd_long_cycles : t_.ccd_short_cycles);
    if (a.kind == Kind::read && b.kind == Kind::write) need(a.cycle, b.cycle, t_.read_to_write_cycles);
    if (a.kind == Kind::write && b.kind == Kind::read)
      need(write_end, b.cycle, group ? t_.wtr_long_cycles : t_.wtr_short_cycles);
    const bool closes = (b.kind == Kind::precharge && bank) || b.kind == Kind::precharge_all;
    if (closes && a.kind == Kind::activate_1) need(a.cycle, b.cycle, t_.ras_cycles);
    if (closes && a.kind == Kind::read) need(a.cycle, b.cycle, t_.rtp_cycles);
    if (closes && a.kind == Kind::write) need(write_end, b.cycle, t_.wr_cycles);
    if (!bank) return;
    if (a.kind == Kind::precharge && b.kind == Kind::activate_1) need(a.cycle, b.cycle, t_.rp_bank_cycles);
    if (a.kind == Kind::activate_1 && column(b.kind)) need(a.cycle, b.cycle, t_.rcd_read_cycles);
  }

  DramTiming t_;
  unsigned per_group_;
  std::vector<std::uint64_t> activates_;
};

// Every column command finds its row open, every activate its bank closed.
bool rows_are_right(const std::vector<DramCommand>& commands, unsigned banks) {
  std::vector<std::int64_t> open(banks, -1);
  for (const DramCommand& c : commands) {
    std::int64_t& row = open[index_of(c.bank)];
    if (c.kind == Kind::precharge_all) std::fill(open.begin(), open.end(), -1);
    if (c.kind == Kind::refresh && std::any_of(open.begin(), open.end(), [](auto r) { return r >= 0; }))
      return false;
    if (c.kind == Kind::precharge) row = -1;
    if (c.kind == Kind::activate_1 && std::exchange(row, c.row) >= 0) return false;
    if ((c.kind == Kind::read || c.kind == Kind::write) && row != c.row) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("random traffic never breaks a constraint") {
  std::mt19937 random(7);
  for (unsigned round = 0; round < 6; ++round) {
    MemoryParams params = bare_params();
    params.address_map.bits = round % 2 == 0 ? "M1" : "M2X";
    std::vector<Arrival> arrivals;
    Tick at = 0;
    for (unsigned i = 0; i < 3000; ++i) {
      at += random() % (round < 3 ? 40 : 400) * kNanosecond;
      const std::uint64_t address = (random() % (round < 2 ? 4096 : 64)) * 4096 + random() % 64 * 64;
      arrivals.push_back(
          {at, Train::block(address, 32u << random() % 4), random() % 3 == 0, i, ComponentId(random() % 2)});
    }
    const Outcome outcome = run(params, arrivals);
    REQUIRE(outcome.done.size() == arrivals.size());
    Checker checker(params);
    checker.check(outcome.commands);
    CHECK(checker.violations == 0);
    CHECK(rows_are_right(outcome.commands, params.organisation.banks()));
    // The checker would notice: against constraints one cycle longer the same commands are wrong.
    MemoryParams longer = params;
    ++longer.timing.ccd_long_cycles;
    Checker stricter(longer);
    stricter.check(outcome.commands);
    CHECK(stricter.violations > 0);
  }
}
