// SPDX-License-Identifier: Apache-2.0
// Where the time of a DRAM channel and of its trains went.
#include <algorithm>

#include "hw/memory/dram_channel.h"

namespace moesaic {

namespace {

constexpr std::size_t cause(Cause c) {
  return static_cast<std::size_t>(c);
}

constexpr std::uint64_t unsign(HalfCycle h) {
  return static_cast<std::uint64_t>(h);
}

}  // namespace

// Nobody had wanted the bus until `visible`: it was idle.
void DramChannel::wanted_from(unsigned pc, HalfCycle visible) {
  Bus& bus = buses_[pc];
  if (visible <= bus.free) return;
  if (bus.trace != nullptr) bus.trace->idle(bus.free);
  bus.gaps.idle += unsign(visible - bus.free) -
                   (bus.refreshes.before(unsign(visible)) - bus.refreshes.before(unsign(bus.free)));
  bus.free = visible;
}

// The bus was wanted from bus.free on and is used again at `at`: layer by layer, the time until refresh,
// turnaround, tCCD_L and the row allowed it; what is left went to WCK or the command bus.
std::pair<std::uint64_t, std::uint64_t> DramChannel::account_gap(HalfCycle at, unsigned flat, bool write) {
  const DramState::Bank& bank = state_.banks[flat];
  Bus& bus = buses_[flat / BurstQueue::kBanks];
  const HalfCycle turned = state_.ranks[bank.rank].column[write];
  const HalfCycle opened = bank.column[write];
  const std::uint64_t refresh = bus.refreshes.before(unsign(at)) - bus.refreshes.before(unsign(bus.free));
  std::uint64_t left = unsign(at - bus.free) - refresh;
  if (bus.trace != nullptr) bus.trace->gap(bus.free, turned, opened, at);
  HalfCycle until = bus.free;
  const auto layer = [&](HalfCycle ready, std::uint64_t& sum) {
    if (ready <= until) return;
    const std::uint64_t part = std::min(left, unsign(ready - until));
    sum += part;
    left -= part;
    until = ready;
  };
  const BusGaps before = bus.gaps;
  bus.gaps.refresh += refresh;
  layer(turned, bus.gaps.turnaround);
  layer(state_.groups[bank.group].column[write], bus.gaps.column);
  layer(opened, bus.gaps.row);
  bus.gaps.column += left;
  return {bus.gaps.turnaround - before.turnaround, bus.gaps.column - before.column};
}

// Adds the time from `from` to `to` to the train's account; `own` of it were its own bursts. Each part takes
// at most what is left, so that the parts sum to the whole.
void DramChannel::account(TrainState& train, HalfCycle from, HalfCycle to, std::uint64_t own) {
  const Bus& bus = buses_[train.pseudo_channel];
  std::uint64_t left = unsign(to - from);
  const auto take = [&left](std::uint64_t wanted, std::uint64_t& sum) {
    const std::uint64_t part = std::min(left, wanted);
    sum += part;
    left -= part;
  };
  take(bus.refreshes.before(unsign(to)) - bus.refreshes.before(unsign(from)), train.refresh);
  take(own, train.transfer);
  take(bus.gaps.turnaround - train.since.turnaround, train.turnaround);
  take(bus.gaps.row - train.since.row, train.row);
  take(bus.gaps.column - train.since.column, train.transfer);
  take(bus.gaps.idle - train.since.idle, train.transfer);  // the stream's own pace
  train.queue += left;
}

// The last burst has been issued: when it is done, and why then.
void DramChannel::finish(std::uint32_t slot, HalfCycle last_issue) {
  TrainState& train = trains_[slot];
  const DramLimits& l = state_.limits;
  account(train, train.first_issue, last_issue, (train.bursts - 1) * unsign(l.burst));
  for (unsigned pc = 0; pc < state_.pseudo_channels.size(); ++pc) {
    const Bus& bus = buses_[pc];
    if (bus.trace != nullptr && bus.pending == 0 && sides_[0].waiting.empty() && sides_[1].waiting.empty())
      bus.trace->idle(bus.free);
  }
  train.transfer += unsign(l.burst);
  const HalfCycle end = last_issue + l.data[train.write] + l.burst;
  train.done = half_.edge(unsign(end) + 2 * std::uint64_t{params_.controller.response_latency_cycles});
  // Half cycles to ticks; the fixed latency takes the rest, rounding of a rational clock included.
  const Tick total = train.done - train.arrival;
  Tick given = 0;
  const auto give = [&](Cause which, std::uint64_t halves) {
    train.causes[cause(which)] = half_.edge(halves);
    given += half_.edge(halves);
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
  stats_.latency.add(total);
  const auto later = [this](std::uint32_t a, std::uint32_t b) {
    const TrainState& x = trains_[a];
    const TrainState& y = trains_[b];
    return x.done != y.done ? x.done < y.done : x.id < y.id;
  };
  finished_.insert(std::upper_bound(finished_.begin(), finished_.end(), slot, later), slot);
  if (client_ != nullptr) client_->served(train.id, train.done);
}

}  // namespace moesaic
