// SPDX-License-Identifier: Apache-2.0
// Refresh and refresh management of a DRAM channel: which command they want next, and what it does.
//
// Invariant: a bank at its maximum threshold (raa_maximum_activates) is not activated. As soon as a row
// command is wanted of it, its RFM keeps the bank, and all that share the command, until it is done.
#include <algorithm>

#include "hw/memory/dram_channel.h"

namespace moesaic {

// --- which command ----------------------------------------------------------------------------------------

// The most urgent step of a refresh or RFM, and which banks are kept for them.
DramChannel::Choice DramChannel::choose_refresh() {
  Choice best;
  const auto blocked = blocked_;
  blocked_ = {};
  refresh_owed_ = false;
  bool wanted = false;
  const bool halfway = activate_2_by_ != kNoHalfCycle;  // between the parts of an activate
  for (unsigned r = 0; r < refresh_.size(); ++r) {
    const DramState::Rank& rank = state_.ranks[r];
    refresh_owed_ |= refresh_[r].owed > 0 || refresh_[r].ahead;
    if (!refresh_[r].wanted(rank.pending == 0)) continue;
    if (buses_[0].pending + buses_[1].pending == 0) wake(now_);
    wanted = true;
    const std::uint64_t banks = per_bank_refresh() ? refresh_banks(r) : rank.banks;
    if (refresh_[r].forced()) blocked_[rank.pseudo_channel] |= banks;
    const Choice step = refresh_step(r, banks, Action::refresh);
    if (params_.controller.refresh_holds_channel) {
      blocked_.fill(~std::uint64_t{0});
      refreshing_ = true;
      if (blocked != blocked_) forget_choices();
      return halfway ? Choice() : step;
    }
    if (step.action != Action::none && (best.action == Action::none || step.before(best))) best = step;
  }
  if (manages_ && choose_rfm(best)) wanted = true;
  refreshing_ = wanted;
  if (blocked != blocked_) forget_choices();
  return halfway ? Choice() : best;
}

// RFM of banks that no refresh keeps: put off while requests wait for the rank, up to the maximum threshold.
// Returns whether one is wanted.
bool DramChannel::choose_rfm(Choice& best) {
  bool wanted = false;
  for (unsigned r = 0; r < state_.ranks.size(); ++r) {
    DramState::Rank& rank = state_.ranks[r];
    const unsigned pc = rank.pseudo_channel;
    const std::uint64_t needed = rank.needs_rfm == 0 ? 0 : rank.needs_rfm & reopened(pc);
    std::uint64_t left = (needed | (rank.pending == 0 ? rank.wants_rfm : 0)) & ~blocked_[pc];
    if (needed == 0) rank.rfm_since = kNoHalfCycle;
    while (left != 0) {
      const std::uint64_t banks = per_bank_refresh() ? together(r, lowest(left)) : rank.banks;
      left &= ~banks;
      if (buses_[0].pending + buses_[1].pending == 0) wake(now_);
      if ((needed & banks) != 0) {
        blocked_[pc] |= banks;
        rank.rfm_since = std::min(rank.rfm_since, now_);
      }
      const Choice step = refresh_step(r, banks, Action::rfm);
      if (step.action != Action::none && (best.action == Action::none || step.before(best))) best = step;
      wanted = true;
    }
  }
  return wanted;
}

// Banks of a pseudo channel of which a row command is wanted.
std::uint64_t DramChannel::reopened(unsigned pc) const {
  std::uint64_t banks = 0;
  for (unsigned queue = 0; queue < (split_queues_ ? 2U : 1U); ++queue) {
    for (std::uint64_t left = row_banks(queue, pc); left != 0; left &= left - 1) {
      if (!keeps_older_hit(queue, pc * BurstQueue::kBanks + lowest(left))) banks |= left & (~left + 1);
    }
  }
  return banks;
}

// Closes the banks that are open, all of a rank at once, then `last`: Action::refresh or rfm.
DramChannel::Choice DramChannel::refresh_step(unsigned r, std::uint64_t banks, Action last) const {
  const DramLimits& l = state_.limits;
  const DramState::Rank& rank = state_.ranks[r];
  const DramState::PseudoChannel& pc = state_.pseudo_channels[rank.pseudo_channel];
  const unsigned base = rank.pseudo_channel * BurstQueue::kBanks;
  std::uint64_t open = rank.open & banks;
  if (per_bank_refresh()) open &= ~open + 1;  // one after the other
  // A row that has been opened for a burst serves it first.
  if ((pc.openers & open) != 0) return {};
  Choice step;
  step.bank = static_cast<std::uint8_t>(r);
  step.at = std::max(now_, row_bus_);
  if (open != 0) {
    step.at = std::max(step.at, pc.precharge);
    if (per_bank_refresh()) {
      step.action = Action::precharge;
      step.bank = static_cast<std::uint8_t>(base + lowest(open));
    } else {
      step.action = Action::precharge_all;
      open = banks;  // those that are closing by themselves count too
    }
    for (; open != 0; open &= open - 1)
      step.at = std::max(step.at, state_.banks[base + lowest(open)].precharge);
    if ((l.precharge & 1) == 0) step.at = rising(step.at);
    step.key = step.at + weight(l.precharge);
    return step;
  }
  step.action = last;
  step.first = static_cast<std::uint8_t>(lowest(banks));
  if (per_bank_refresh()) step.at = std::max(step.at, rank.bank_refresh);
  for (std::uint64_t left = banks; left != 0; left &= left - 1)
    step.at = std::max(step.at, state_.banks[base + lowest(left)].activate + l.activate_to_refresh);
  step.at = rising(step.at);
  step.key = step.at + weight(l.refresh);
  return step;
}

// The banks of a rank that one per-bank command takes with `bank`, as bits: one, or several equally far
// apart.
std::uint64_t DramChannel::together(unsigned r, unsigned bank) const {
  const DramState::Rank& rank = state_.ranks[r];
  const unsigned first = lowest(rank.banks);
  const unsigned apart =
      static_cast<unsigned>(__builtin_popcountll(rank.banks)) / params_.timing.refresh_banks;
  std::uint64_t all = 0;
  for (unsigned i = 0; i < params_.timing.refresh_banks; ++i)
    all |= std::uint64_t{1} << (first + (bank - first) % apart + i * apart);
  return all;
}

// The banks that the next per-bank refresh of a rank takes.
std::uint64_t DramChannel::refresh_banks(unsigned r) {
  const DramState::Rank& rank = state_.ranks[r];
  const unsigned count = params_.timing.refresh_banks;
  const unsigned apart = static_cast<unsigned>(__builtin_popcountll(rank.banks)) / count;
  const std::uint64_t waiting =
      queues_[0].wanted(rank.pseudo_channel) | queues_[1].wanted(rank.pseudo_channel);
  std::uint64_t busy = 0;
  for (unsigned i = 0; i < count; ++i) busy |= waiting >> (i * apart);
  if (params_.controller.refresh_holds_channel) busy = 0;
  const std::uint64_t turns =
      count == 1 ? rank.banks : ((std::uint64_t{1} << apart) - 1) << lowest(rank.banks);
  return together(r, lowest(refresh_[r].choose(turns, busy)));
}

// --- what it does -----------------------------------------------------------------------------------------

void DramChannel::commit_precharge_all(const Choice& choice) {
  const DramLimits& l = state_.limits;
  const DramState::Rank& rank = state_.ranks[choice.bank];
  const unsigned base = rank.pseudo_channel * BurstQueue::kBanks;
  row_bus_ = choice.at + l.precharge;
  HalfCycle& next = state_.pseudo_channels[rank.pseudo_channel].precharge;
  next = std::max(next, choice.at + l.precharge_to_precharge);
  for (std::uint64_t left = rank.banks; left != 0; left &= left - 1) {
    const unsigned flat = base + lowest(left);
    DramState::Bank& bank = state_.banks[flat];
    bank.activate = std::max(bank.activate, choice.at + l.precharge_all_to_activate);
    if (bank.row == BurstQueue::kNoRow) continue;
    bank.fresh = bank.conflicted = false;
    set_row(flat, BurstQueue::kNoRow);
  }
  forget_choices();
  ++stats_.precharges_all;
  note(choice.at, DramCommandKind::precharge_all, base + lowest(rank.banks), 0);
}

void DramChannel::commit_refresh(const Choice& choice) {
  const DramLimits& l = state_.limits;
  const DramState::Rank& rank = state_.ranks[choice.bank];
  RefreshUnit& unit = refresh_[choice.bank];
  const HalfCycle from = std::min(unit.since, choice.at);
  const std::uint32_t lowered = params_.refresh_management.raa_per_refresh_activates;
  unit.done(rank.pending == 0);
  if (per_bank_refresh()) {
    refresh_some(choice, DramCommandKind::refresh_bank, l.bank_refresh_to_activate, lowered);
    unit.refreshed();
    ++stats_.bank_refreshes;
  } else {
    refresh_rank(choice, DramCommandKind::refresh, from, l.refresh_to_activate, lowered);
    ++stats_.refreshes;
  }
}

void DramChannel::commit_rfm(const Choice& choice) {
  const DramLimits& l = state_.limits;
  DramState::Rank& rank = state_.ranks[choice.bank];
  const std::uint32_t lowered = params_.refresh_management.raa_per_rfm_activates;
  const HalfCycle from = std::min(rank.rfm_since, choice.at);
  rank.rfm_since = kNoHalfCycle;
  if (per_bank_refresh()) {
    refresh_some(choice, DramCommandKind::rfm_bank, l.bank_rfm_to_activate, lowered);
    ++stats_.bank_rfms;
  } else {
    refresh_rank(choice, DramCommandKind::rfm, from, l.rfm_to_activate, lowered);
    ++stats_.rfms;
  }
}

// A command that refreshes some banks, which may be activated `wait` later.
void DramChannel::refresh_some(const Choice& choice, DramCommandKind kind, HalfCycle wait,
                               std::uint32_t lowered) {
  const DramLimits& l = state_.limits;
  DramState::Rank& rank = state_.ranks[choice.bank];
  const HalfCycle at = choice.at;
  row_bus_ = at + l.refresh;
  idle_since_ = std::max(idle_since_, row_bus_);
  forget_choices();
  for (std::uint64_t left = together(choice.bank, choice.first); left != 0; left &= left - 1) {
    const unsigned flat = rank.pseudo_channel * BurstQueue::kBanks + lowest(left);
    DramState::Bank& bank = state_.banks[flat];
    bank.activate = std::max(bank.activate, at + wait);
    bank.conflicted = false;
    if (manages_) lower_activates(flat, lowered);
    note(at, kind, flat, 0);
  }
  rank.activate = std::max(rank.activate, at + l.bank_refresh_to_other_activate);
  rank.bank_refresh = std::max(rank.bank_refresh, at + l.bank_refresh_to_bank_refresh);
}

// One that refreshes all banks of a rank, which was kept for it since `from`.
void DramChannel::refresh_rank(const Choice& choice, DramCommandKind kind, HalfCycle from, HalfCycle wait,
                               std::uint32_t lowered) {
  const DramState::Rank& rank = state_.ranks[choice.bank];
  const unsigned base = rank.pseudo_channel * BurstQueue::kBanks;
  const HalfCycle to = choice.at + wait;
  row_bus_ = choice.at + state_.limits.refresh;
  forget_choices();
  for (std::uint64_t left = rank.banks; left != 0; left &= left - 1) {
    const unsigned flat = base + lowest(left);
    state_.banks[flat].activate = std::max(state_.banks[flat].activate, to);
    if (manages_) lower_activates(flat, lowered);
  }
  note(choice.at, kind, base + lowest(rank.banks), 0);
  idle_since_ = std::max({idle_since_, row_bus_, to});
  Bus& bus = buses_[rank.pseudo_channel];
  bus.refreshes.add(static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to));
  if (bus.trace != nullptr) bus.trace->refresh(from, to);
}

// --- rolling counts of activates --------------------------------------------------------------------------

void DramChannel::count_activate(unsigned flat) {
  ++state_.banks[flat].activates;
  show_activates(flat);
}

void DramChannel::lower_activates(unsigned flat, std::uint32_t by) {
  std::uint32_t& count = state_.banks[flat].activates;
  count -= std::min(count, by);
  show_activates(flat);
}

void DramChannel::show_activates(unsigned flat) {
  const DramRefreshManagement& m = params_.refresh_management;
  const DramState::Bank& bank = state_.banks[flat];
  DramState::Rank& rank = state_.ranks[bank.rank];
  const std::uint64_t bit = std::uint64_t{1} << (flat % BurstQueue::kBanks);
  const auto set = [bit](std::uint64_t& bits, bool on) { bits = on ? bits | bit : bits & ~bit; };
  set(rank.wants_rfm, bank.activates >= m.raa_initial_activates);
  set(rank.needs_rfm, bank.activates >= m.raa_maximum_activates);
}

}  // namespace moesaic
