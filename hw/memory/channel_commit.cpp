// SPDX-License-Identifier: Apache-2.0
// What a command of a DRAM channel does: to the device, the queues and the counters.
#include <algorithm>

#include "hw/memory/dram_channel.h"
#include "tlm/diagnostics.h"

namespace moesaic {

void DramChannel::note(HalfCycle at, DramCommandKind kind, unsigned flat, std::uint64_t row, bool automatic,
                       bool masked) {
  const unsigned pc = flat / BurstQueue::kBanks;
  const unsigned bank = flat % BurstQueue::kBanks;
  if (commands_ != nullptr) {
    commands_->push_back({static_cast<std::uint64_t>(at), kind, static_cast<std::uint8_t>(pc),
                          BankId(static_cast<std::uint8_t>(bank)), static_cast<std::uint32_t>(row), automatic,
                          masked});
  }
  ChannelTrace* trace = buses_[pc].trace;
  if (trace == nullptr) return;
  if (kind == DramCommandKind::activate_1) trace->activate(at, bank, row);
  if (kind == DramCommandKind::read || kind == DramCommandKind::write)
    trace->column(at, kind == DramCommandKind::write);
}

// Something wants the channel at `at`: where it has powered down, commands wait for the exit.
void DramChannel::wake(HalfCycle at) {
  const DramLimits& l = state_.limits;
  const HalfCycle entry = idle_since_ + 2 * HalfCycle{params_.controller.power_down_cycles};
  if (params_.controller.power_down_cycles == 0 || at < entry || refreshing_) return;
  const HalfCycle leave = std::max(at, entry + l.shortest_power_down);
  stats_.power_down += half_.edge(static_cast<std::uint64_t>(leave - entry));
  row_bus_ = std::max(row_bus_, leave + l.power_down_exit);
  column_bus_ = std::max(column_bus_, leave + l.power_down_exit);
  idle_since_ = leave;
  forget_choices();
  watch_.restart();
}

void DramChannel::set_row(unsigned flat, std::uint64_t row) {
  DramState::Bank& bank = state_.banks[flat];
  bank.row = row;
  const std::uint64_t bit = std::uint64_t{1} << (flat % BurstQueue::kBanks);
  std::uint64_t& open = state_.ranks[bank.rank].open;
  open = row == BurstQueue::kNoRow ? open & ~bit : open | bit;
  queues_[0].open(flat, row);
  if (split_queues_) queues_[1].open(flat, row);
}

void DramChannel::commit(const Choice& choice) {
  now_ = choice.at;
  if (choice.action != Action::column) watch_.restart();
  switch (choice.action) {
    case Action::column:
      commit_column(choice);
      return;
    case Action::activate:
      commit_activate(choice);
      break;
    case Action::activate_2:
      activate_2_by_ = kNoHalfCycle;
      for (Known& row : rows_) row.known = false;
      row_bus_ = choice.at + state_.limits.activate;
      note(choice.at, DramCommandKind::activate_2, choice.bank, state_.banks[choice.bank].row);
      break;
    case Action::precharge:
      commit_precharge(choice);
      break;
    case Action::precharge_all:
      commit_precharge_all(choice);
      break;
    case Action::refresh:
      commit_refresh(choice);
      break;
    case Action::rfm:
      commit_rfm(choice);
      break;
    case Action::none:
      panic("dram channel", advanced_, "there is no command to commit");
  }
  if (!state_.limits.two_buses) column_bus_ = row_bus_;
}

// --- row commands -----------------------------------------------------------------------------------------

void DramChannel::commit_activate(const Choice& choice) {
  const DramLimits& l = state_.limits;
  const HalfCycle at = choice.at;
  const unsigned flat = choice.bank;
  DramState::Bank& bank = state_.banks[flat];
  DramState::Rank& rank = state_.ranks[bank.rank];
  row_bus_ = at + l.activate;
  // 1. What it forbids.
  bank.column = {at + l.activate_to_column[0], at + l.activate_to_column[1]};
  columns_open_ = std::max({columns_open_, bank.column[0], bank.column[1]});
  bank.precharge = at + l.activate_to_precharge;
  bank.activate = at + l.activate_to_activate;
  bank.fresh = true;
  rank.activate = std::max(rank.activate, at + l.activate_short);
  rank.bank_refresh = std::max(rank.bank_refresh, at + l.activate_to_other_bank_refresh);
  HalfCycle& group = state_.groups[bank.group].activate;
  group = std::max(group, at + l.activate_long);
  rank.last_activates[rank.activates++ % 4] = at + l.four_activates;
  if (l.split_activate) {
    activate_2_by_ = at + l.aad;
    activating_ = flat;
  }
  // 2. The burst it is for.
  BurstQueue::Burst& burst = queues_[choice.queue][choice.burst];
  if (params_.controller.release_at_activate) release(burst);
  if (first_ready()) {
    bank.opener = choice.burst;
    bank.opener_queue = choice.queue;
    state_.pseudo_channels[flat / BurstQueue::kBanks].openers |= std::uint64_t{1}
                                                                 << (flat % BurstQueue::kBanks);
  }
  ++stats_.activates;
  if (manages_) count_activate(flat);
  const std::uint32_t row = burst.row;
  note(at, DramCommandKind::activate_1, flat, row);
  set_row(flat, row);
  // 3. What may be chosen now. Between the two parts no other row is opened.
  if (l.split_activate) {
    for (Known& known : rows_) known.known = false;
  }
  rows_[flat / BurstQueue::kBanks].known = false;
  look_again(flat);
}

void DramChannel::commit_precharge(const Choice& choice) {
  const DramLimits& l = state_.limits;
  DramState::Bank& bank = state_.banks[choice.bank];
  row_bus_ = choice.at + l.precharge;
  bank.activate = std::max(bank.activate, choice.at + l.precharge_to_activate);
  bank.conflicted = choice.burst != BurstQueue::kNone;
  HalfCycle& next = state_.pseudo_channels[choice.bank / BurstQueue::kBanks].precharge;
  next = std::max(next, choice.at + l.precharge_to_precharge);
  ++stats_.precharges;
  note(choice.at, DramCommandKind::precharge, choice.bank, bank.row);
  set_row(choice.bank, BurstQueue::kNoRow);
  const unsigned pc = choice.bank / BurstQueue::kBanks;
  rows_[pc].known = false;
  if (columns_[pc].choice.bank == choice.bank) columns_[pc].known = false;
}

// --- column commands --------------------------------------------------------------------------------------

// Whether the row is closed behind this burst.
bool DramChannel::closes_row(const Choice& choice) const {
  const BurstQueue& q = queues_[choice.queue];
  switch (params_.controller.page_policy) {
    case PagePolicy::open:
      return false;
    case PagePolicy::closed:
      return true;
    case PagePolicy::open_adaptive:
      return q.further(choice.burst) && !q.further_hit(choice.burst);
    case PagePolicy::closed_adaptive:
      return !q.further_hit(choice.burst);
  }
  return false;
}

void DramChannel::constrain_bank(HalfCycle at, DramState::Bank& bank, bool write) {
  const DramLimits& l = state_.limits;
  if (write) bank.masked = at + l.ccd_masked;
  bank.precharge = std::max(bank.precharge, at + l.column_to_precharge[write]);
}

void DramChannel::constrain_columns(HalfCycle at, unsigned flat, bool write) {
  const DramLimits& l = state_.limits;
  DramState::Bank& bank = state_.banks[flat];
  DramState::PseudoChannel& pc = state_.pseudo_channels[flat / BurstQueue::kBanks];
  auto& rank = state_.ranks[bank.rank].column;
  auto& group = state_.groups[bank.group].column;
  rank[write] = std::max(rank[write], at + l.ccd_short[write]);
  group[write] = std::max(group[write], at + l.ccd_long[write]);
  if (write) {
    rank[0] = std::max(rank[0], at + l.write_to_read_short);
    group[0] = std::max(group[0], at + l.write_to_read_long);
  } else {
    rank[1] = std::max(rank[1], at + l.read_to_write);
  }
  constrain_bank(at, bank, write);
  if (!state_.switching) return;
  pc.last_stack = bank.stack;
  pc.last_rank = bank.rank;
  pc.other_stack = at + l.ccd_stack;
  pc.data_end = at + l.data[write] + l.burst;
}

void DramChannel::commit_column(const Choice& choice) {
  const DramLimits& l = state_.limits;
  const unsigned flat = choice.bank;
  const unsigned pc = flat / BurstQueue::kBanks;
  Bus& bus = buses_[pc];
  DramState::Bank& bank = state_.banks[flat];
  BurstQueue& queue = queues_[choice.queue];
  const BurstQueue::Burst burst = queue[choice.burst];
  const bool write = burst.write;
  // 1. The data clock, where it has stopped; then the command.
  HalfCycle at = choice.at;
  if (l.wck_sync && at >= wck_off_) {
    ++stats_.wck_syncs;
    note(at, DramCommandKind::wck_sync, flat, burst.row);
    watch_.restart();
    at += 2;
  }
  const HalfCycle data_end = at + l.data[write] + l.burst;
  wck_off_ = std::max(wck_off_, data_end + l.wck_postamble);
  idle_since_ = std::max(idle_since_, data_end);
  column_bus_ = at + l.column;
  if (!l.two_buses) row_bus_ = column_bus_;
  now_ = at;
  // 2. The data bus: gap before this burst, then the burst.
  std::pair<std::uint64_t, std::uint64_t> gap{};
  if (at > bus.free) gap = account_gap(at, flat, write);
  bus.free = at + l.burst;
  // 3. What this command forbids the next ones.
  const bool closes = closes_row(choice);
  constrain_columns(at, flat, write);
  note(at, write ? DramCommandKind::write : DramCommandKind::read, flat, burst.row, closes, burst.masked);
  // 4. Statistics.
  ++(write ? stats_.write_bursts : stats_.read_bursts);
  if (write != writing_ && !drains_) ++stats_.turns;
  if (!bank.fresh) {
    ++stats_.row_hits;
    watch_.served({burst.sequence, at, static_cast<std::uint32_t>(gap.first),
                   static_cast<std::uint32_t>(gap.second), static_cast<std::uint8_t>(pc)});
  } else {
    watch_.restart();
    ++(bank.conflicted ? stats_.row_conflicts : stats_.row_misses);
    bank.fresh = bank.conflicted = false;
  }
  // 5. Out of the queue, and the train it belongs to.
  if (!drains_) writing_ = write;
  ++sides_[write].served;
  if (--bus.pending == 0) watch_.restart();
  --state_.ranks[bank.rank].pending;
  if (bank.opener == choice.burst && bank.opener_queue == choice.queue) {
    bank.opener = BurstQueue::kNone;
    state_.pseudo_channels[pc].openers &= ~(std::uint64_t{1} << (flat % BurstQueue::kBanks));
  }
  release(queue[choice.burst]);
  queue.remove(choice.burst);
  if (closes) {
    bank.activate = std::max(bank.activate, bank.precharge + l.precharge_to_activate);
    ++stats_.precharges;
    set_row(flat, BurstQueue::kNoRow);
  }
  columns_[pc].known = false;
  look_again(flat);
  TrainState& train = trains_[burst.train];
  ++train.issued;
  if (train.first_issue == kNoHalfCycle) {
    account(train, train.first_visible, at, 0);
    train.first_issue = at;
    train.since = buses_[train.pseudo_channel].gaps;
  }
  if (train.issued == train.bursts) finish(burst.train, at);
}

}  // namespace moesaic
