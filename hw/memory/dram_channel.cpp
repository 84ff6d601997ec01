// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram_channel.h"

#include <algorithm>
#include <string>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

unsigned log2_of(std::uint64_t power_of_two) {
  return static_cast<unsigned>(__builtin_ctzll(power_of_two));
}

void require(bool ok, const char* what) {
  if (!ok) throw UserError(std::string("memory: ") + what);
}

MemoryParams checked(const MemoryParams& p) {
  require(p.organisation.burst_bytes <= p.interleave_bytes, "burst_bytes must not exceed interleave_bytes");
  require(p.organisation.banks() <= BurstWindow::kMaxBanks, "more than 64 banks in a channel");
  require(p.organisation.bank_groups <= 8, "more than 8 bank groups");
  require(p.controller.read_queue_bursts <= BurstWindow::kMaxBursts &&
              p.controller.write_queue_bursts <= BurstWindow::kMaxBursts,
          "queues hold at most 64 bursts");
  require(p.controller.write_low_bursts < p.controller.write_high_bursts &&
              p.controller.write_high_bursts <= p.controller.write_queue_bursts,
          "write_low_bursts < write_high_bursts <= write_queue_bursts does not hold");
  require(p.controller.refresh_policy == RefreshPolicy::none ||
              p.timing.refi_cycles > 2 * (p.timing.rfc_all_cycles + p.timing.rp_all_cycles),
          "refi_cycles leaves no time between refreshes");
  require(p.timing.ccd_short_cycles >= p.timing.burst_cycles, "ccd_short_cycles is less than burst_cycles");
  return p;
}

constexpr std::size_t cause(Cause c) {
  return static_cast<std::size_t>(c);
}

}  // namespace

DramChannel::DramChannel(const MemoryParams& params, unsigned index, Stepping stepping)
    : params_(checked(params)),
      timing_(params.timing),
      clock_(Clock(params.timing.clock_period_fs)),
      slice_{index, log2_of(params.channels), log2_of(params.interleave_bytes),
             log2_of(params.organisation.burst_bytes)},
      decoder_(params.address_map, params.organisation),
      max_trains_(2 * std::size_t{params.controller.port_requests}),
      stepping_(stepping),
      banks_(params.organisation.banks()),
      read_(params.controller.read_queue_bursts, params.controller.starvation_limit_bursts),
      write_(params.controller.write_queue_bursts, params.controller.starvation_limit_bursts) {
  require(params.capacity_bytes / params.channels <= decoder_.span_bytes(),
          "the address map has too few bits for capacity_bytes");
  for (unsigned b = 0; b < banks_.size(); ++b) banks_[b].group = b / params.organisation.banks_per_group;
  if (params_.controller.refresh_policy != RefreshPolicy::none)
    next_refresh_ = timing_.refi_cycles + Cycle{index} * params.controller.channel_stagger_cycles;
  stats_.peak_bytes_per_second = params.channel_bytes_per_second();
}

// --- arrivals ---------------------------------------------------------------------------------------------

DramChannel::Cycle DramChannel::visible_at(const TrainState& train, Tick arrival) const {
  const Cycle seen = clock_.cycle_at_or_after(arrival) + params_.controller.request_latency_cycles;
  return std::max(seen, train.not_before);
}

void DramChannel::arrive(Tick now, const Train& train, bool write, std::uint64_t id, ComponentId port) {
  // 1. Everything before this instant is decided without the newcomer.
  const Cycle edge = clock_.cycle_at_or_after(now);
  if (edge > 0) run(edge - 1);
  // 2. A slot for it.
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint16_t>(trains_.size()));
    trains_.emplace_back();
  }
  const std::uint16_t slot = free_.back();
  free_.pop_back();
  live_.push_back(slot);
  stats_.queue_peak = std::max<std::uint64_t>(stats_.queue_peak, live_.size());
  TrainState& state = trains_[slot];
  state = TrainState();
  state.walk = TrainWalk(train, slice_);
  state.train = train;
  state.arrival = now;
  state.id = id;
  state.port = port;
  state.write = write;
  state.not_before = undecided_;
  state.bursts = slice_.bursts_of(train);
  state.last_visible = visible_at(state, now + (train.count - 1) * train.period);
  state.next_arrival = now + state.walk.access() * train.period;
  // 3. In line, by time, port and id.
  Side& side = write ? write_ : read_;
  insert_waiting(side, slot);
  update_next_visible(side);
  const std::uint64_t bytes = slice_.bytes_of(train);
  (write ? stats_.write_bytes : stats_.read_bytes) += bytes;
  if (trace_ != nullptr) trace_->queue(now, live_.size(), bytes);
  ++(write ? stats_.write_requests : stats_.read_requests);
}

void DramChannel::insert_waiting(Side& side, std::uint16_t slot) {
  const auto before = [this](std::uint16_t a, std::uint16_t b) {
    const TrainState& x = trains_[a];
    const TrainState& y = trains_[b];
    if (x.next_arrival != y.next_arrival) return x.next_arrival < y.next_arrival;
    return x.port != y.port ? x.port < y.port : x.id < y.id;
  };
  side.waiting.insert(std::upper_bound(side.waiting.begin(), side.waiting.end(), slot, before), slot);
}

void DramChannel::update_next_visible(Side& side) {
  if (side.waiting.empty()) {
    side.next_visible = kNoCycle;
    return;
  }
  const TrainState& train = trains_[side.waiting.front()];
  side.next_visible = visible_at(train, train.next_arrival);
}

// Moves bursts that have become visible into the window.
void DramChannel::refill(Side& side) {
  while (side.next_visible <= cycle_ && !side.window.full()) {
    const std::uint16_t slot = side.waiting.front();
    TrainState& train = trains_[slot];
    if (read_.window.empty() && write_.window.empty()) wanted_from(side.next_visible);
    if (train.first_visible == kNoCycle) {
      train.first_visible = side.next_visible;
      train.since = gaps_;
    }
    const std::uint64_t at = slice_.local(train.walk.at());
    if (((at ^ decoded_) & decoder_.place_bits()) != 0) last_place_ = decoder_.decode(at);
    decoded_ = at;
    side.window.push(side.next_visible, last_place_, slot);
    if (!train.walk.step(slice_)) continue;
    // Another access, another arrival: the train may have to stand back in line.
    side.waiting.erase(side.waiting.begin());
    if (!train.walk.ended()) {
      train.next_arrival = train.arrival + train.walk.access() * train.train.period;
      insert_waiting(side, slot);
    }
    update_next_visible(side);
  }
}

// --- decisions --------------------------------------------------------------------------------------------

void DramChannel::advance(Tick now) {
  advanced_ = std::max(advanced_, now);
  run(clock_.cycle_at_or_before(now));
}

void DramChannel::run(Cycle limit) {
  while (cycle_ <= limit) {
    // 1. Refresh is due and no activate is half done.
    if (cycle_ >= next_refresh_ && activate_2_by_ == kNoCycle) {
      refresh();
      continue;
    }
    // 2. What has arrived by now, and the direction to serve.
    refill(read_);
    refill(write_);
    turn();
    // 3. The best command, unless something happens before it.
    const Choice choice = choose();
    Cycle change = next_refresh_ > cycle_ ? next_refresh_ : kNoCycle;
    if (!read_.window.full()) change = std::min(change, read_.next_visible);
    if (!write_.window.full()) change = std::min(change, write_.next_visible);
    if (choice.first >= change) {
      if (change > limit) break;
      cycle_ = change;
      continue;
    }
    if (choice.first > limit) break;
    commit(choice);
    if (choice.action == Action::column && stepping_ == Stepping::runs) run_hits(limit);
  }
  undecided_ = std::max(undecided_, limit + 1);
}

// After a column command: as long as nothing but row hits of the present direction can be next, there is no
// other command to weigh and no direction to change.
void DramChannel::run_hits(Cycle limit) {
  Side& side = current();
  const Side& other = writing_ ? read_ : write_;
  if (!other.window.empty() || activate_2_by_ != kNoCycle) return;
  const Cycle stop = std::min({limit + 1, next_refresh_, other.next_visible});
  while (cycle_ < stop) {
    refill(side);
    if (side.window.wanted() != side.window.hits()) return;
    const Choice choice = choose_column(side);
    if (choice.first >= stop || (choice.first >= side.next_visible && !side.window.full())) return;
    commit_column(choice.at, choice.first, choice.bank);
    cycle_ = choice.at + 1;
  }
}

// Reads first. Writes when there are no reads, or, after a batch of reads, when many or old writes wait; back
// when enough of them are done.
void DramChannel::turn() {
  if (read_.window.empty() == write_.window.empty() && read_.window.empty()) return;
  const auto& policy = params_.controller;
  const auto old = [&] { return write_.window.oldest_visible() + policy.write_patience_cycles <= cycle_; };
  bool leave = current().window.empty();
  if (!leave && !writing_ && !write_.window.empty()) {
    leave = read_.served >= policy.read_batch_bursts &&
            (write_.window.size() >= policy.write_high_bursts || old());
  } else if (!leave && writing_ && !read_.window.empty()) {
    leave = write_.served >= policy.write_batch_bursts ||
            (write_.window.size() <= policy.write_low_bursts && !old());
  }
  if (!leave) return;
  writing_ = !writing_;
  current().served = 0;
}

DramChannel::Choice DramChannel::choose() const {
  const Side& side = current();
  const bool refreshing = cycle_ >= next_refresh_;
  if (activate_2_by_ != kNoCycle) {
    // Only column commands may come between the two cycles of an activate.
    const Choice second{cycle_, cycle_, Action::activate_2, activating_};
    if (refreshing || activate_2_by_ <= cycle_) return second;
    const Choice column = choose_column(side);
    return column.first <= cycle_ && column.at < activate_2_by_ ? column : second;
  }
  const Choice column = choose_column(side);
  if ((side.window.wanted() & ~side.window.hits()) == 0) return column;
  const Choice row = choose_row(side);
  return column.first <= row.first ? column : row;
}

DramChannel::Choice DramChannel::choose_column(const Side& side) const {
  // The earliest, then the oldest; both and the bank in one number to compare: wait | age | bank.
  // Waits fit: no sum of constraints reaches 2^18 cycles (hw/memory/params.h).
  constexpr unsigned kBankBits = 6;
  constexpr unsigned kAgeBits = 40;
  const Cycle floor = std::max(cycle_, side.ready);
  std::uint64_t best = ~std::uint64_t{0};
  for (std::uint64_t banks = side.window.hits(); banks != 0; banks &= banks - 1) {
    const auto b = static_cast<unsigned>(__builtin_ctzll(banks));
    const Bank& bank = banks_[b];
    const Cycle at = std::max(floor, std::max(bank.column_ready, side.group_ready[bank.group]));
    const std::uint64_t age = side.window.hit(b).sequence;
    best = std::min(best, (at - floor) << (kAgeBits + kBankBits) | age << kBankBits | b);
  }
  if (best == ~std::uint64_t{0}) return {};
  const Cycle at = floor + (best >> (kAgeBits + kBankBits));
  Choice choice{at, at, Action::column, static_cast<unsigned>(best & ((1U << kBankBits) - 1))};
  if (at >= wck_off_ && params_.command_bus.wck_sync) {
    // The CAS command takes the slot right before, which must be free.
    choice.first = std::max(cycle_, at == 0 ? 0 : at - 1);
    choice.at = choice.first + 1;
  }
  return choice;
}

DramChannel::Cycle DramChannel::activate_ready(const Bank& bank) const {
  return std::max({cycle_, bank.activate_ready, any_activate_ready_, group_activate_ready_[bank.group],
                   last_activates_[activates_ % last_activates_.size()]});
}

DramChannel::Choice DramChannel::choose_row(const Side& side) const {
  Choice best;
  std::uint64_t sequence = 0;
  for (std::uint64_t banks = side.window.wanted() & ~side.window.hits(); banks != 0; banks &= banks - 1) {
    const auto b = static_cast<unsigned>(__builtin_ctzll(banks));
    const Bank& bank = banks_[b];
    const bool open = bank.row != BurstWindow::kNoRow;
    const Cycle at = open ? std::max({cycle_, bank.precharge_ready, precharge_ready_}) : activate_ready(bank);
    const std::uint64_t age = side.window.head(b).sequence;
    if (at > best.at || (at == best.at && age > sequence)) continue;
    best = {at, at, open ? Action::precharge : Action::activate_1, b};
    sequence = age;
  }
  return best;
}

// --- commands ---------------------------------------------------------------------------------------------

void DramChannel::note(Cycle cycle, DramCommandKind kind, unsigned bank, std::uint64_t row) {
  if (!watched_) return;
  if (commands_ != nullptr) {
    commands_->push_back(
        {cycle, kind, BankId(static_cast<std::uint8_t>(bank)), static_cast<std::uint32_t>(row)});
  }
  if (trace_ == nullptr) return;
  if (kind == DramCommandKind::activate_1) trace_->activate(cycle, bank, row);
  if (kind == DramCommandKind::read || kind == DramCommandKind::write)
    trace_->column(cycle, kind == DramCommandKind::write);
}

void DramChannel::set_row(unsigned bank, std::uint64_t row) {
  banks_[bank].row = row;
  read_.window.open(bank, row);
  write_.window.open(bank, row);
}

void DramChannel::commit(const Choice& choice) {
  Bank& bank = banks_[choice.bank];
  switch (choice.action) {
    case Action::column:
      commit_column(choice.at, choice.first, choice.bank);
      break;
    case Action::activate_1:
      commit_activate(choice.at, choice.bank);
      break;
    case Action::activate_2:
      activate_2_by_ = kNoCycle;
      note(choice.at, DramCommandKind::activate_2, choice.bank, bank.row);
      break;
    case Action::precharge:
      bank.activate_ready = std::max(bank.activate_ready, choice.at + timing_.rp_bank_cycles);
      bank.conflicted = true;
      precharge_ready_ = choice.at + timing_.ppd_cycles;
      ++stats_.precharges;
      note(choice.at, DramCommandKind::precharge, choice.bank, bank.row);
      set_row(choice.bank, BurstWindow::kNoRow);
      break;
    case Action::none:
      panic("dram channel", advanced_, "there is no command to commit");
  }
  cycle_ = choice.at + 1;
}

void DramChannel::commit_activate(Cycle at, unsigned b) {
  Bank& bank = banks_[b];
  bank.column_ready = at + timing_.rcd_read_cycles;
  bank.precharge_ready = at + timing_.ras_cycles;
  bank.activate_ready = at + timing_.rc_cycles;
  bank.fresh = true;
  any_activate_ready_ = at + timing_.rrd_short_cycles;
  group_activate_ready_[bank.group] = at + timing_.rrd_long_cycles;
  last_activates_[activates_++ % last_activates_.size()] = at + timing_.faw_cycles;
  if (params_.command_bus.split_activate) {
    activate_2_by_ = at + params_.command_bus.aad_cycles;
    activating_ = b;
  }
  ++stats_.activates;
  const std::uint32_t row = current().window.head(b).row;
  note(at, DramCommandKind::activate_1, b, row);
  set_row(b, row);
}

void DramChannel::commit_column(Cycle at, Cycle first, unsigned b) {
  Side& side = current();
  Bank& bank = banks_[b];
  const DramTiming& t = timing_;
  const std::uint16_t slot = side.window.hit(b).train;
  const std::uint32_t row = side.window.hit(b).row;
  // 1. The bus: gap before this burst, then the burst.
  if (at > bus_free_) account_gap(at, bank, side);
  bus_free_ = at + t.burst_cycles;
  if (first < at) {
    ++stats_.wck_syncs;
    note(first, DramCommandKind::wck_sync, b, row);
  }
  // 2. What this command forbids the next ones.
  side.ready = at + t.ccd_short_cycles;
  side.group_ready[bank.group] = at + t.ccd_long_cycles;
  const Cycle data_end = at + (writing_ ? t.write_latency_cycles : t.read_latency_cycles) + t.burst_cycles;
  wck_off_ = std::max(wck_off_, data_end + params_.command_bus.wck_postamble_cycles);
  if (writing_) {
    read_.ready = std::max(read_.ready, data_end + t.wtr_short_cycles);
    Cycle& same_group = read_.group_ready[bank.group];
    same_group = std::max(same_group, data_end + t.wtr_long_cycles);
    bank.precharge_ready = std::max(bank.precharge_ready, data_end + t.wr_cycles);
  } else {
    write_.ready = std::max(write_.ready, at + t.read_to_write_cycles);
    bank.precharge_ready = std::max(bank.precharge_ready, at + t.rtp_cycles);
  }
  // 3. Statistics.
  ++(writing_ ? stats_.write_bursts : stats_.read_bursts);
  if (!bank.fresh) {
    ++stats_.row_hits;
  } else {
    ++(bank.conflicted ? stats_.row_conflicts : stats_.row_misses);
    bank.fresh = bank.conflicted = false;
  }
  note(at, writing_ ? DramCommandKind::write : DramCommandKind::read, b, row);
  // 4. The train it belongs to.
  ++side.served;
  side.window.serve(b);
  TrainState& train = trains_[slot];
  ++train.issued;
  if (train.first_issue == kNoCycle) {
    account(train, train.first_visible, at, 0);
    train.first_issue = at;
    train.since = gaps_;
  }
  if (train.issued == train.bursts) finish(slot, at);
}

// All banks are precharged as soon as they allow it, refreshed, and free again after tRFC.
void DramChannel::refresh() {
  const Cycle from = cycle_;
  Cycle precharge = std::max(cycle_, precharge_ready_);
  Cycle start = cycle_;
  bool open = false;
  for (const Bank& bank : banks_) {
    if (bank.row == BurstWindow::kNoRow) {
      start = std::max(start, bank.activate_ready);
    } else {
      open = true;
      precharge = std::max(precharge, bank.precharge_ready);
    }
  }
  if (open) {
    start = std::max(start, precharge + timing_.rp_all_cycles);
    ++stats_.precharges_all;
    note(precharge, DramCommandKind::precharge_all, 0, 0);
  }
  cycle_ = start + timing_.rfc_all_cycles;
  for (unsigned b = 0; b < banks_.size(); ++b) {
    banks_[b].activate_ready = cycle_;
    banks_[b].fresh = banks_[b].conflicted = false;
    if (banks_[b].row != BurstWindow::kNoRow) set_row(b, BurstWindow::kNoRow);
  }
  ++stats_.refreshes;
  note(start, DramCommandKind::refresh, 0, 0);
  refreshes_.add(from, cycle_);
  if (trace_ != nullptr) trace_->refresh(from, cycle_);
  next_refresh_ += timing_.refi_cycles;
}

// --- attribution ------------------------------------------------------------------------------------------

// Nobody had wanted the bus until `visible`: it was idle.
void DramChannel::wanted_from(Cycle visible) {
  if (visible <= bus_free_) return;
  if (trace_ != nullptr) trace_->idle(bus_free_);
  gaps_.idle += visible - bus_free_ - (refreshes_.before(visible) - refreshes_.before(bus_free_));
  bus_free_ = visible;
}

// The bus was wanted from bus_free_ on and is used again at `at`: layer by layer, the time until refresh,
// turnaround, tCCD_L and the row allowed it; what is left went to WCK or the command bus.
void DramChannel::account_gap(Cycle at, const Bank& bank, const Side& side) {
  const std::uint64_t refresh = refreshes_.before(at) - refreshes_.before(bus_free_);
  std::uint64_t left = at - bus_free_ - refresh;
  if (trace_ != nullptr) trace_->gap(bus_free_, side.ready, bank.column_ready, at);
  Cycle until = bus_free_;
  const auto layer = [&](Cycle ready, std::uint64_t& sum) {
    if (ready <= until) return;
    const std::uint64_t part = std::min(left, ready - until);
    sum += part;
    left -= part;
    until = ready;
  };
  gaps_.refresh += refresh;
  layer(side.ready, gaps_.turnaround);
  layer(side.group_ready[bank.group], gaps_.column);
  layer(bank.column_ready, gaps_.row);
  gaps_.column += left;
}

// Adds the time from `from` to `to` to the train's account; `own` cycles of it were its own bursts. Each part
// takes at most what is left, so that the parts sum to the whole.
void DramChannel::account(TrainState& train, Cycle from, Cycle to, std::uint64_t own) {
  std::uint64_t left = to - from;
  const auto take = [&left](std::uint64_t wanted, std::uint64_t& sum) {
    const std::uint64_t part = std::min(left, wanted);
    sum += part;
    left -= part;
  };
  take(refreshes_.before(to) - refreshes_.before(from), train.refresh);
  take(own, train.transfer);
  take(gaps_.turnaround - train.since.turnaround, train.turnaround);
  take(gaps_.row - train.since.row, train.row);
  take(gaps_.column - train.since.column, train.transfer);
  take(gaps_.idle - train.since.idle, train.transfer);  // the stream's own pace
  train.queue += left;
}

// The last burst has been issued: when it is done, and why then.
void DramChannel::finish(std::uint16_t slot, Cycle last_issue) {
  TrainState& train = trains_[slot];
  account(train, train.first_issue, last_issue, (train.bursts - 1) * timing_.burst_cycles);
  const auto empty = [](const Side& side) { return side.window.empty() && side.waiting.empty(); };
  if (trace_ != nullptr && empty(read_) && empty(write_)) trace_->idle(bus_free_);
  train.transfer += timing_.burst_cycles;
  const Cycle latency = train.write ? timing_.write_latency_cycles : timing_.read_latency_cycles;
  train.done =
      clock_.edge(last_issue + latency + timing_.burst_cycles + params_.controller.response_latency_cycles);
  // Cycles to ticks; the fixed latency takes the rest, rounding of a rational clock included.
  const Tick total = train.done - train.arrival;
  Tick given = 0;
  const auto give = [&](Cause which, std::uint64_t cycles) {
    train.causes[cause(which)] = clock_.edge(cycles);
    given += clock_.edge(cycles);
  };
  give(Cause::memory_transfer, train.transfer);
  give(Cause::memory_row, train.row);
  give(Cause::memory_turnaround, train.turnaround);
  give(Cause::memory_refresh, train.refresh);
  give(Cause::memory_queue, train.queue);
  train.causes[cause(Cause::memory_latency)] = total - given;
  Tick& sum = train.write ? stats_.write_latency_sum : stats_.read_latency_sum;
  Tick& max = train.write ? stats_.write_latency_max : stats_.read_latency_max;
  sum += total;
  max = std::max(max, total);
  const auto later = [this](std::uint16_t a, std::uint16_t b) {
    const TrainState& x = trains_[a];
    const TrainState& y = trains_[b];
    return x.done != y.done ? x.done < y.done : x.id < y.id;
  };
  finished_.insert(std::upper_bound(finished_.begin(), finished_.end(), slot, later), slot);
}

// --- results ----------------------------------------------------------------------------------------------

bool DramChannel::pop_done(Done& done) {
  if (finished_.empty() || trains_[finished_.front()].done > advanced_) return false;
  const std::uint16_t slot = finished_.front();
  finished_.erase(finished_.begin());
  live_.erase(std::find(live_.begin(), live_.end(), slot));
  if (trace_ != nullptr) trace_->queue(trains_[slot].done, live_.size(), 0);
  free_.push_back(slot);
  done = {trains_[slot].id, trains_[slot].done, trains_[slot].causes};
  return true;
}

Tick DramChannel::next_wake() const {
  Tick exact = kNever;
  if (!finished_.empty()) exact = trains_[finished_.front()].done;
  // A train that still lacks n bursts needs n - 1 column intervals, and the latency, from the next free slot.
  const Cycle next = std::max(cycle_, undecided_);
  const Cycle tail = std::min(timing_.read_latency_cycles, timing_.write_latency_cycles) +
                     timing_.burst_cycles + params_.controller.response_latency_cycles;
  Cycle bound = kNoCycle;
  for (const std::uint16_t slot : live_) {
    const TrainState& train = trains_[slot];
    if (train.issued == train.bursts) continue;
    const Cycle last = next + (train.bursts - train.issued - 1) * timing_.ccd_short_cycles;
    bound = std::min(bound, std::max(last, train.last_visible) + tail);
  }
  return bound == kNoCycle ? exact : std::min(exact, clock_.edge(bound));
}

MemoryStats DramChannel::stats() const {
  MemoryStats s = stats_;
  s.busy = clock_.edge((s.read_bursts + s.write_bursts) * timing_.burst_cycles);
  s.lost_to_column = clock_.edge(gaps_.column);
  s.lost_to_row = clock_.edge(gaps_.row);
  s.lost_to_turnaround = clock_.edge(gaps_.turnaround);
  s.lost_to_refresh = clock_.edge(gaps_.refresh);
  return s;
}

}  // namespace moesaic
