// SPDX-License-Identifier: Apache-2.0
#include "tests/support/dram_rules.h"

#include <algorithm>

namespace moesaic::memory_test {

using Kind = DramCommandKind;

namespace {

/// Longer than any command on its bus.
constexpr std::int64_t kLongest = 32;

bool some(Kind kind) {
  return kind == Kind::refresh_bank || kind == Kind::rfm_bank;
}

bool contains(const std::vector<Kind>& kinds, Kind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

DramRules::DramRules(const MemoryParams& params)
    : organisation_(params.organisation), bus_(params.command_bus) {
  const DramTiming& t = params.timing;
  const std::vector<Kind> act{Kind::activate_1}, read{Kind::read}, write{Kind::write}, pre{Kind::precharge},
      pre_all{Kind::precharge_all}, ref{Kind::refresh}, ref_bank{Kind::refresh_bank}, rfm{Kind::rfm},
      rfm_bank{Kind::rfm_bank};
  const std::vector<Kind> all_banks{Kind::refresh, Kind::rfm}, some_banks{Kind::refresh_bank, Kind::rfm_bank};
  const std::vector<Kind> after_all{Kind::activate_1, Kind::refresh, Kind::rfm},
      after_some{Kind::activate_1, Kind::refresh_bank, Kind::rfm_bank};
  const std::vector<Kind> column{Kind::read, Kind::write}, any_pre{Kind::precharge, Kind::precharge_all};
  const std::int64_t write_end = t.write_latency_cycles + t.write_strobe_cycles + t.burst_cycles;
  const auto rule = [this](const char* name, const std::vector<Kind>& from, const std::vector<Kind>& to,
                           Scope scope, std::int64_t cycles) -> Rule& {
    rules_.push_back({name, from, to, scope, 2 * cycles, false, 1});
    return rules_.back();
  };
  rule("tRCDRD", act, read, Scope::bank, t.rcd_read_cycles);
  rule("tRCDWR", act, write, Scope::bank, t.rcd_write_cycles);
  rule("tRP", pre, act, Scope::bank, t.rp_bank_cycles);
  rule("tRP to REFab", pre, all_banks, Scope::rank, t.rp_bank_cycles);
  rule("tRP to REFpb", pre, some_banks, Scope::bank, t.rp_bank_cycles);
  rule("tRPab", pre_all, {Kind::activate_1, Kind::refresh, Kind::refresh_bank, Kind::rfm, Kind::rfm_bank},
       Scope::rank, t.rp_all_cycles);
  rule("tRAS", act, pre, Scope::bank, t.ras_cycles);
  rule("tRAS to PREab", act, pre_all, Scope::rank, t.ras_cycles);
  rule("tRC", act, act, Scope::bank, t.rc_cycles);
  rule("tRC to REFab", act, all_banks, Scope::rank, t.rc_cycles);
  rule("tRC to REFpb", act, some_banks, Scope::bank, t.rc_cycles);
  rule("tRRD_S", act, act, Scope::rank, t.rrd_short_cycles);
  rule("tRRD_L", act, act, Scope::group, t.rrd_long_cycles);
  rule("tFAW", act, act, Scope::rank, t.faw_cycles).window = 4;
  rule("tRTP", read, pre, Scope::bank, t.rtp_cycles);
  rule("tRTP to PREab", read, pre_all, Scope::rank, t.rtp_cycles);
  rule("tWR", write, pre, Scope::bank, write_end + t.wr_cycles);
  rule("tWR to PREab", write, pre_all, Scope::rank, write_end + t.wr_cycles);
  // A row closes tRTP after its last read and tWR after its last write, by itself or not.
  const std::int64_t read_closed = t.rtp_cycles + t.rp_bank_cycles;
  const std::int64_t write_closed = write_end + t.wr_cycles + t.rp_bank_cycles;
  const std::int64_t slower = std::max<std::int64_t>(0, std::int64_t{t.rp_bank_cycles} - t.rp_all_cycles);
  rule("tRTP + tRP", read, after_some, Scope::bank, read_closed);
  rule("tWR + tRP", write, after_some, Scope::bank, write_closed);
  rule("tRTP + tRP to REFab", read, all_banks, Scope::rank, read_closed - slower);
  rule("tWR + tRP to REFab", write, all_banks, Scope::rank, write_closed - slower);
  rule("tPPD", any_pre, any_pre, Scope::pseudo_channel, t.ppd_cycles);
  rule("tCCD_S", read, read, Scope::rank, t.ccd_short_cycles);
  rule("tCCD_L", read, read, Scope::group, t.ccd_long_cycles);
  rule("tCCD_S_WR", write, write, Scope::rank, t.ccd_short_write_cycles);
  rule("tCCD_L_WR", write, write, Scope::group, t.ccd_long_write_cycles);
  if (organisation_.stack_ids > 1) rule("tCCD_R", column, column, Scope::other_stack, t.ccd_stack_cycles);
  if (t.ccd_masked_write_cycles > 0)
    rule("tCCDMW", write, write, Scope::bank, t.ccd_masked_write_cycles).to_masked = true;
  rule("tRTW", read, write, Scope::rank, t.read_to_write_cycles);
  rule("tWTR_S", write, read, Scope::rank, write_end + t.wtr_short_cycles);
  rule("tWTR_L", write, read, Scope::group, write_end + t.wtr_long_cycles);
  rule("tRFCab", ref, after_all, Scope::rank, t.rfc_all_cycles);
  rule("tRFCpb", ref_bank, after_some, Scope::bank, t.rfc_bank_cycles);
  if (params.refresh_management.required()) {
    rule("tRFMab", rfm, after_all, Scope::rank, params.refresh_management.rfm_all_cycles);
    rule("tRFMpb", rfm_bank, after_some, Scope::bank, params.refresh_management.rfm_bank_cycles);
  }
  rule("tRREFD", some_banks, act, Scope::rank, t.refresh_to_activate_cycles);
  rule("tRRD to REFpb", act, some_banks, Scope::rank, t.rrd_short_cycles);
  rule("tpbR2pbR", some_banks, some_banks, Scope::rank, t.refresh_to_refresh_cycles);
  if (organisation_.ranks > 1) {
    const std::int64_t r = t.read_latency_cycles + t.read_strobe_cycles;
    const std::int64_t w = t.write_latency_cycles + t.write_strobe_cycles;
    const std::int64_t gap = t.burst_cycles + t.rank_switch_cycles;
    rule("tRTRS RD RD", read, read, Scope::other_rank, gap);
    rule("tRTRS WR WR", write, write, Scope::other_rank, gap);
    rule("tRTRS RD WR", read, write, Scope::other_rank, r - w + gap);
    rule("tRTRS WR RD", write, read, Scope::other_rank, w - r + gap);
  }
}

std::int64_t DramRules::length(Kind kind) const {
  switch (kind) {
    case Kind::activate_1:
    case Kind::activate_2:
      return bus_.activate_half_cycles;
    case Kind::precharge:
    case Kind::precharge_all:
      return bus_.precharge_half_cycles;
    case Kind::refresh:
    case Kind::refresh_bank:
    case Kind::rfm:
    case Kind::rfm_bank:
      return bus_.refresh_half_cycles;
    case Kind::wck_sync:
      return 2;
    default:
      return bus_.column_half_cycles;
  }
}

unsigned DramRules::rank_of(const DramCommand& c) const {
  return index_of(c.bank) / (organisation_.banks() / organisation_.ranks);
}

bool DramRules::applies(const Rule& rule, const DramCommand& a, const DramCommand& b) const {
  if (!contains(rule.from, a.kind) || !contains(rule.to, b.kind)) return false;
  if (rule.to_masked && !b.masked) return false;
  if (a.pseudo_channel != b.pseudo_channel) return false;
  // Banks that one command refreshes together.
  if (some(a.kind) && some(b.kind) && a.half_cycle == b.half_cycle) return false;
  const unsigned x = index_of(a.bank), y = index_of(b.bank);
  const unsigned per_stack = organisation_.bank_groups * organisation_.banks_per_group;
  switch (rule.scope) {
    case Scope::bank:
      return x == y;
    case Scope::group:
      return x / organisation_.banks_per_group == y / organisation_.banks_per_group;
    case Scope::rank:
      return rank_of(a) == rank_of(b);
    case Scope::pseudo_channel:
      return true;
    case Scope::other_stack:
      return rank_of(a) == rank_of(b) && x / per_stack != y / per_stack;
    case Scope::other_rank:
      return rank_of(a) != rank_of(b);
  }
  return false;
}

std::int64_t DramRules::earliest(const std::vector<DramCommand>& history, const DramCommand& next) const {
  std::int64_t at = 0;
  const std::int64_t last = history.empty() ? 0 : static_cast<std::int64_t>(history.back().half_cycle);
  for (const Rule& rule : rules_) {
    if (!contains(rule.to, next.kind)) continue;
    unsigned seen = 0;
    for (std::size_t i = history.size(); i-- > 0;) {
      if (last - static_cast<std::int64_t>(history[i].half_cycle) > rule.half_cycles + kLongest) break;
      if (!applies(rule, history[i], next) || ++seen < rule.window) continue;
      at = std::max(at, edge(history[i]) + rule.half_cycles - length(next.kind));
    }
  }
  return at;
}

std::vector<std::int64_t> DramRules::slacks(const std::vector<DramCommand>& commands) const {
  std::vector<std::int64_t> slack(rules_.size(), kUnseen);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    for (std::size_t r = 0; r < rules_.size(); ++r) {
      if (!contains(rules_[r].to, commands[i].kind)) continue;
      unsigned seen = 0;
      for (std::size_t j = i; j-- > 0;) {
        if (static_cast<std::int64_t>(commands[i].half_cycle - commands[j].half_cycle) >
            rules_[r].half_cycles + kLongest)
          break;
        if (!applies(rules_[r], commands[j], commands[i]) || ++seen < rules_[r].window) continue;
        slack[r] = std::min(slack[r], edge(commands[i]) - edge(commands[j]) - rules_[r].half_cycles);
      }
    }
  }
  return slack;
}

unsigned DramRules::disorder(const std::vector<DramCommand>& commands) const {
  unsigned wrong = 0;
  std::array<std::int64_t, 2> free{};  // row bus, column bus
  std::vector<std::int64_t> open(organisation_.pseudo_channels * organisation_.banks(), -1);
  DramCommand last{};
  for (const DramCommand& c : commands) {
    const bool column = c.kind == Kind::read || c.kind == Kind::write || c.kind == Kind::wck_sync;
    const auto at = static_cast<std::int64_t>(c.half_cycle);
    std::int64_t& bus = free[bus_.bus == CommandBus::row_column && column];
    const bool together = some(c.kind) && last.kind == c.kind && c.half_cycle == last.half_cycle &&
                          c.pseudo_channel == last.pseudo_channel;
    wrong += at < bus && !together;
    last = c;
    bus = at + length(c.kind);
    if (c.kind != Kind::precharge && c.kind != Kind::precharge_all) wrong += at % 2 != 0;
    const std::size_t base = c.pseudo_channel * organisation_.banks();
    std::int64_t& row = open[base + index_of(c.bank)];
    const unsigned per_rank = organisation_.banks() / organisation_.ranks;
    const auto first = open.begin() + static_cast<std::ptrdiff_t>(base + rank_of(c) * per_rank);
    if (c.kind == Kind::precharge_all) std::fill(first, first + per_rank, -1);
    if (c.kind == Kind::refresh || c.kind == Kind::rfm)
      wrong += std::any_of(first, first + per_rank, [](auto r) { return r >= 0; });
    if (some(c.kind)) wrong += row >= 0;
    if (c.kind == Kind::precharge) row = -1;
    if (c.kind == Kind::activate_1) {
      wrong += row >= 0;
      row = c.row;
    }
    if (c.kind == Kind::read || c.kind == Kind::write) {
      wrong += row != c.row;
      if (c.auto_precharge) row = -1;
    }
  }
  return wrong;
}

}  // namespace moesaic::memory_test
