// SPDX-License-Identifier: Apache-2.0
// Which command a DRAM channel issues next.
#include <algorithm>

#include "hw/memory/dram_channel.h"

namespace moesaic {

namespace {

/// Bursts whose row has been opened for them go before all others.
constexpr std::uint64_t kNotOpened = std::uint64_t{1} << 60;

}  // namespace

// Reads first. Writes when there are no reads, or, after a batch of reads, when many or old writes wait; back
// when enough of them are done.
void DramChannel::turn() {
  const auto& policy = params_.controller;
  // An opened row that serves its burst first takes care of it; others may be closed before they do.
  const std::size_t reads = first_ready() ? sides_[0].held : queues_[0].size();
  const std::size_t writes = first_ready() ? sides_[1].held : queues_[1].size();
  if (reads == 0 && writes == 0) return;
  bool leave = false;
  if (!writing_) {
    leave = reads == 0 || (writes > 0 && sides_[0].served >= policy.read_batch_bursts &&
                           (sides_[1].held >= policy.write_high_bursts || patience_ends() <= now_));
  } else {
    leave =
        writes == 0 || (reads > 0 && (sides_[1].served >= policy.write_batch_bursts ||
                                      (sides_[1].held <= policy.write_low_bursts && patience_ends() > now_)));
  }
  if (!leave) return;
  watch_.restart();
  forget_choices();
  writing_ = !writing_;
  sides_[writing_].served = 0;
}

/// Banks of a pseudo channel for which the queue is asked.
std::uint64_t DramChannel::eligible(unsigned queue, unsigned pc) const {
  if (!split_queues_) return queue == 0 ? ~blocked_[pc] : 0;
  const unsigned current = writing_ ? 1 : 0;
  if (queue == current) return ~blocked_[pc];
  return drains_ ? 0 : ~blocked_[pc] & ~queues_[current].wanted(pc);
}

DramChannel::Choice DramChannel::choose() {
  Choice refresh;
  if (refresh_owed_ || manages_) refresh = choose_refresh();  // says which banks are blocked
  const Choice column = choose_column();
  if (activate_2_by_ != kNoHalfCycle) {
    // Between the two parts of an activate: column commands and precharges that are allowed now.
    const Choice row = choose_row();
    const Choice& best = column.before(row) ? column : row;
    const HalfCycle cas =
        best.action == Action::column && state_.limits.wck_sync && best.at >= wck_off_ ? 2 : 0;
    const HalfCycle free = std::max(now_, row_bus_);
    if (best.at <= free && best.at + cas < activate_2_by_) return best;
    Choice second;
    second.at = second.key = free;
    second.action = Action::activate_2;
    second.bank = static_cast<std::uint8_t>(activating_);
    return second;
  }
  // A row command cannot come before its bus is free.
  if (state_.limits.two_buses && column.at <= std::max(now_, row_bus_)) return column;
  Choice row = choose_row();
  if (refresh.action != Action::none && refresh.before(row)) row = refresh;
  if (!state_.limits.two_buses) return row.before(column) ? row : column;
  return row.at < column.at ? row : column;
}

// --- column commands --------------------------------------------------------------------------------------

// The choice of a pseudo channel stays until it is served there, what may be chosen changes, or its time has
// passed; a bank whose row is opened and bursts that come in between are looked at one by one (look_again).
DramChannel::Choice DramChannel::choose_column() {
  const HalfCycle floor = std::max(now_, column_bus_);
  Choice best;
  for (unsigned pc = 0; pc < state_.pseudo_channels.size(); ++pc) {
    Known& column = columns_[pc];
    if (!column.known || column.choice.at < floor) {
      column.choice = Choice();
      column.known = !grouped_;
      if (!consider_oldest(column.choice, pc)) consider_columns(column.choice, pc, ~std::uint64_t{0});
    }
    if (column.choice.at < best.at || (column.choice.at == best.at && column.choice.age < best.age))
      best = column.choice;
  }
  return best;
}

void DramChannel::consider_columns(Choice& best, unsigned pc, std::uint64_t banks) const {
  const std::uint64_t openers = state_.pseudo_channels[pc].openers;
  if ((openers & banks) != 0) consider_openers(best, pc, openers & banks);
  for (unsigned queue = 0; queue < (split_queues_ ? 2U : 1U); ++queue) {
    const std::uint64_t hits = queues_[queue].hits(pc) & banks & ~openers;
    if (hits != 0) consider_hits(best, queue, pc, hits & eligible(queue, pc));
  }
}

// The usual case of a stream: the oldest burst of a pseudo channel may go as early as any of its could. True:
// no other needs to be looked at.
bool DramChannel::consider_oldest(Choice& best, unsigned pc) const {
  if (!oldest_first_ || state_.pseudo_channels[pc].openers != 0) return false;
  const unsigned queue = queue_of(writing_);
  const BurstQueue& q = queues_[queue];
  const std::uint16_t at = q.oldest(pc);
  if (at == BurstQueue::kNone) return drains_ || !split_queues_;
  const BurstQueue::Burst& burst = q[at];
  const std::uint64_t bit = std::uint64_t{1} << (burst.bank % BurstQueue::kBanks);
  if ((q.hits(pc) & ~blocked_[pc] & bit) == 0 || q.hit(burst.bank) != at || burst.masked) return false;
  const auto& rank = state_.ranks[pc].column;
  const HalfCycle allowed = drains_ ? rank[burst.write] : std::min(rank[0], rank[1]);
  const HalfCycle any = rising(std::max({now_, column_bus_, allowed}));
  const HalfCycle from = rising(std::max(any, state_.column_from(state_.banks[burst.bank], pc, burst.write)));
  if (from != any) return false;
  const std::uint64_t age = burst.sequence | kNotOpened;
  if (from < best.at || (from == best.at && age < best.age))
    best = {from,       from + weight(state_.limits.column), age, Action::column,
            burst.bank, static_cast<std::uint8_t>(queue),    at};
  return true;
}

void DramChannel::consider_hits(Choice& best, unsigned queue, unsigned pc, std::uint64_t banks) const {
  const BurstQueue& q = queues_[queue];
  const HalfCycle floor = std::max(now_, column_bus_);
  for (; banks != 0; banks &= banks - 1) {
    const unsigned b = lowest(banks);
    const unsigned flat = pc * BurstQueue::kBanks + b;
    const std::uint16_t at =
        scheduler_ == DramScheduler::fr_fcfs_grp ? q.hit_of(flat, writing_) : q.hit(flat);
    const BurstQueue::Burst& burst = q[at];
    const DramState::Bank& bank = state_.banks[flat];
    HalfCycle from = std::max(floor, state_.column_from(bank, pc, burst.write));
    if (burst.masked) from = std::max(from, bank.masked);
    from = rising(from);
    const std::uint64_t age = burst.sequence | kNotOpened;
    if (from > best.at || (from == best.at && age >= best.age)) continue;
    best = {from,
            from + weight(state_.limits.column),
            age,
            Action::column,
            static_cast<std::uint8_t>(flat),
            static_cast<std::uint8_t>(queue),
            at};
  }
}

// Rows that have been opened for a burst serve it whatever the direction.
void DramChannel::consider_openers(Choice& best, unsigned pc, std::uint64_t banks) const {
  const HalfCycle floor = std::max(now_, column_bus_);
  for (; banks != 0; banks &= banks - 1) {
    const unsigned flat = pc * BurstQueue::kBanks + lowest(banks);
    const DramState::Bank& bank = state_.banks[flat];
    const BurstQueue::Burst& burst = queues_[bank.opener_queue][bank.opener];
    HalfCycle from = std::max(floor, state_.column_from(bank, pc, burst.write));
    if (burst.masked) from = std::max(from, bank.masked);
    from = rising(from);
    if (from > best.at || (from == best.at && burst.sequence >= best.age)) continue;
    best = {from,           from + weight(state_.limits.column), burst.sequence,
            Action::column, static_cast<std::uint8_t>(flat),     bank.opener_queue,
            bank.opener};
  }
}

// --- row commands -----------------------------------------------------------------------------------------

// Banks for which a queue wants a row command. Hits first: none of whose bursts may go as they are. First
// ready: with any miss; it may close a row that younger or busy hits still want.
std::uint64_t DramChannel::row_banks(unsigned queue, unsigned pc) const {
  const BurstQueue& q = queues_[queue];
  const std::uint64_t banks =
      first_ready() ? q.misses(pc) & ~state_.pseudo_channels[pc].openers : q.wanted(pc) & ~q.hits(pc);
  return banks == 0 ? 0 : banks & eligible(queue, pc);
}

// Whether the oldest hit of a bank is to be served before its oldest miss. REQUIRES: there is a miss.
bool DramChannel::keeps_older_hit(unsigned queue, unsigned flat) const {
  const BurstQueue& q = queues_[queue];
  return scheduler_ == DramScheduler::first_ready_row_hit && q.hit(flat) != BurstQueue::kNone &&
         q[q.hit(flat)].sequence < q[q.miss(flat)].sequence;
}

// As for columns: the choice of a pseudo channel stays until a row command is issued there. When its time has
// passed it is still the oldest that may go, unless an older one has become ready.
DramChannel::Choice DramChannel::choose_row() {
  const HalfCycle floor = std::max(now_, row_bus_);
  Choice best;
  for (unsigned pc = 0; pc < state_.pseudo_channels.size(); ++pc) {
    Known& row = rows_[pc];
    if (row.known && row.choice.at < floor && floor < row.older && first_ready() && (floor & 1) == 0) {
      row.choice.at = row.choice.key = floor;
    } else if (!row.known || row.choice.at < floor) {
      row = {Choice(), kNoHalfCycle, scheduler_ != DramScheduler::grp_fr_fcfs};
      for (unsigned queue = 0; queue < (split_queues_ ? 2U : 1U); ++queue) {
        const std::uint64_t banks = row_banks(queue, pc);
        if (banks != 0) consider_rows(row, queue, pc, banks, floor);
      }
    }
    if (row.choice.before(best)) best = row.choice;
  }
  return best;
}

// Bursts of a bank came, or its row was opened.
void DramChannel::look_again(unsigned flat) {
  const unsigned pc = flat / BurstQueue::kBanks;
  const std::uint64_t bit = std::uint64_t{1} << (flat % BurstQueue::kBanks);
  if (columns_[pc].known) consider_columns(columns_[pc].choice, pc, bit);
  Known& row = rows_[pc];
  if (row.choice.bank == flat) row.known = false;
  if (!row.known) return;
  for (unsigned queue = 0; queue < (split_queues_ ? 2U : 1U); ++queue) {
    if ((row_banks(queue, pc) & bit) != 0) consider_rows(row, queue, pc, bit, std::max(now_, row_bus_));
  }
}

void DramChannel::consider_rows(Known& row, unsigned queue, unsigned pc, std::uint64_t banks,
                                HalfCycle floor) const {
  const DramLimits& l = state_.limits;
  const BurstQueue& q = queues_[queue];
  const unsigned base = pc * BurstQueue::kBanks;
  struct Candidate {
    HalfCycle ready;
    std::uint64_t age;
  };
  std::array<Candidate, BurstQueue::kBanks> seen;
  std::size_t count = 0;
  const bool first = row.choice.action == Action::none;
  bool replaced = false;
  const auto offer = [&](unsigned bank, Action action, HalfCycle ready, HalfCycle at, HalfCycle length) {
    const std::uint16_t burst = wanting(queue, base + bank);
    const std::uint64_t age = q[burst].sequence | kNotOpened;
    const HalfCycle key = at + weight(length);
    seen[count++] = {ready, age};
    if (key > row.choice.key || (key == row.choice.key && age >= row.choice.age)) return;
    row.choice = {
        at,   key, age, action, static_cast<std::uint8_t>(base + bank), static_cast<std::uint8_t>(queue),
        burst};
    replaced = true;
  };
  const std::size_t ranks = state_.ranks.size() / state_.pseudo_channels.size();
  for (std::size_t r = pc * ranks; r < (pc + 1) * ranks; ++r) {
    const DramState::Rank& rank = state_.ranks[r];
    // 1. Rows to close.
    HalfCycle from = state_.pseudo_channels[pc].precharge;
    for (std::uint64_t left = banks & rank.open; left != 0; left &= left - 1) {
      const unsigned bank = lowest(left);
      if (keeps_older_hit(queue, base + bank)) continue;
      const HalfCycle ready = std::max(from, state_.banks[base + bank].precharge);
      const HalfCycle at = std::max(floor, ready);
      offer(bank, Action::precharge, ready, (l.precharge & 1) == 0 ? rising(at) : at, l.precharge);
    }
    // 2. Rows to open, not between the two parts of an activate.
    if (activate_2_by_ != kNoHalfCycle) continue;
    from = std::max(rank.activate, rank.last_activates[rank.activates % 4]);
    for (std::uint64_t left = banks & rank.banks & ~rank.open; left != 0; left &= left - 1) {
      const unsigned bank = lowest(left);
      const DramState::Bank& b = state_.banks[base + bank];
      const HalfCycle ready = std::max({from, b.activate, state_.groups[b.group].activate});
      offer(bank, Action::activate, ready, rising(std::max(floor, ready)), l.activate);
    }
  }
  // 3. Up to when it stays the oldest that may go.
  if (!first_ready()) return;
  if (replaced && !first) row.older = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (seen[i].age < row.choice.age) row.older = std::min(row.older, seen[i].ready);
  }
}

void DramChannel::forget_choices() {
  for (Known& row : rows_) row.known = false;
  for (Known& column : columns_) column.known = false;
}

}  // namespace moesaic
