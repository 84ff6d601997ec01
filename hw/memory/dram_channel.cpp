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
  const DramTiming& t = p.timing;
  const DramControllerParams& c = p.controller;
  require(p.organisation.burst_bytes <= p.interleave_bytes, "burst_bytes must not exceed interleave_bytes");
  require(p.organisation.banks() <= BurstQueue::kBanks, "more than 64 banks in a pseudo channel");
  require(c.write_low_bursts < c.write_high_bursts, "write_low_bursts < write_high_bursts does not hold");
  require(c.queue_layout != QueueLayout::read_write || c.write_high_bursts <= c.write_queue_bursts,
          "write_high_bursts <= write_queue_bursts does not hold");
  require(
      c.refresh_policy != RefreshPolicy::all_bank || t.refi_cycles > 2 * (t.rfc_all_cycles + t.rp_all_cycles),
      "refi_cycles leaves no time between refreshes");
  require(c.refresh_policy != RefreshPolicy::per_bank ||
              (t.refi_bank_cycles > t.refresh_to_refresh_cycles && t.rfc_bank_cycles > 0),
          "refi_bank_cycles leaves no time between refreshes, or rfc_bank_cycles is 0");
  require(t.refresh_banks <= p.organisation.banks() / p.organisation.ranks,
          "refresh_banks is more than the banks of a rank");
  require(p.standard != DramStandard::ddr3 || (p.organisation.bank_groups == 1 && t.rfc_bank_cycles == 0),
          "ddr3 has neither bank groups nor per-bank refresh: bank_groups must be 1, rfc_bank_cycles 0");
  require(t.ccd_short_cycles >= t.burst_cycles && t.ccd_short_write_cycles >= t.burst_cycles,
          "ccd_short_cycles is less than burst_cycles");
  require(c.power_down_cycles == 0 || (t.cke_cycles > 0 && t.xp_cycles > 0),
          "power_down_cycles is set, but the device has no power-down (cke_cycles, xp_cycles)");
  const DramRefreshManagement& m = p.refresh_management;
  if (!m.required()) return p;
  require(p.standard == DramStandard::hbm3 || p.standard == DramStandard::lpddr4 ||
              p.standard == DramStandard::lpddr5 || p.standard == DramStandard::ddr5,
          "raa_initial_activates is set, but the standard has no refresh management");
  require(m.raa_maximum_activates >= m.raa_initial_activates && m.raa_per_rfm_activates > 0,
          "raa_maximum_activates >= raa_initial_activates does not hold, or raa_per_rfm_activates is 0");
  require((c.refresh_policy == RefreshPolicy::per_bank ? m.rfm_bank_cycles : m.rfm_all_cycles) > 0,
          "raa_initial_activates is set, but not how long an RFM takes: rfm_bank_cycles with refresh_policy "
          "per_bank, else rfm_all_cycles");
  return p;
}

// The queue's starvation limit: what each scheduler lets overtake.
std::uint32_t overtaking(const DramControllerParams& c) {
  if (c.scheduler == DramScheduler::fcfs) return 0;
  if (c.scheduler >= DramScheduler::first_ready) return ~std::uint32_t{0};
  return c.starvation_limit_bursts;
}

}  // namespace

DramChannel::DramChannel(const MemoryParams& params, unsigned index)
    : params_(checked(params)),
      clock_(params.timing.clock_period_fs),
      half_(params.timing.clock_period_fs, 2),
      slice_{index, log2_of(params.channels), log2_of(params.interleave_bytes),
             log2_of(params.organisation.burst_bytes)},
      decoder_(params.address_map, params.organisation),
      scheduler_(params.controller.scheduler),
      split_queues_(params.controller.write_drain == WriteDrain::watermarks ||
                    params.controller.scheduler == DramScheduler::grp_fr_fcfs),
      drains_(params.controller.write_drain == WriteDrain::watermarks),
      grouped_(scheduler_ == DramScheduler::fr_fcfs_grp || scheduler_ == DramScheduler::grp_fr_fcfs),
      manages_(params.refresh_management.required()),
      oldest_first_(
          (scheduler_ == DramScheduler::fcfs || scheduler_ == DramScheduler::fr_fcfs || first_ready()) &&
          params.organisation.ranks == 1),
      state_(params),
      queues_{BurstQueue(overtaking(params.controller)), BurstQueue(overtaking(params.controller))},
      bank_held_(BurstQueue::kPseudoChannels * BurstQueue::kBanks),
      refresh_(state_.ranks.size()),
      rotation_(decoder_, params.organisation, slice_.burst_bits),
      watch_(repeats() ? rotation_.period : 0) {
  require(params.capacity_bytes / params.channels <= decoder_.span_bytes(),
          "the address map has too few bits for capacity_bytes");
  const DramControllerParams& c = params.controller;
  stats_.peak_bytes_per_second = params.channel_bytes_per_second();
  if (c.refresh_policy == RefreshPolicy::none) return;
  const bool per_bank = c.refresh_policy == RefreshPolicy::per_bank;
  for (unsigned i = 0; i < refresh_.size(); ++i) {
    RefreshUnit& unit = refresh_[i];
    unit.interval = per_bank ? state_.limits.bank_refresh_interval : state_.limits.refresh_interval;
    const HalfCycle earlier = 2 * HalfCycle{c.refresh_stagger_cycles} * i;
    unit.due = unit.interval + 2 * HalfCycle{c.channel_stagger_cycles} * index - earlier % unit.interval;
    unit.postpone = static_cast<int>(c.refresh_postpone_max);
    unit.pull_in = static_cast<int>(c.refresh_pull_in_max);
    next_due_ = std::min(next_due_, unit.due);
  }
}

// --- arrivals ---------------------------------------------------------------------------------------------

HalfCycle DramChannel::visible_at(const TrainState& train, Tick arrival) const {
  const std::uint64_t seen = clock_.cycle_at_or_after(arrival) + params_.controller.request_latency_cycles;
  return std::max(static_cast<HalfCycle>(2 * seen), train.not_before);
}

void DramChannel::arrive(Tick now, const Train& train, bool write, std::uint64_t id, ComponentId port) {
  // Everything before this instant is decided without the newcomer.
  const std::uint64_t edge = clock_.cycle_at_or_after(now);
  if (edge > 0) run(static_cast<HalfCycle>(2 * edge - 1));
  post(now, train, write, id, port);
}

void DramChannel::post(Tick at, const Train& train, bool write, std::uint64_t id, ComponentId port) {
  // 1. A slot for it.
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(trains_.size()));
    trains_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  live_.push_back(slot);
  stats_.queue_peak = std::max<std::uint64_t>(stats_.queue_peak, live_.size());
  TrainState& state = trains_[slot];
  state = TrainState();
  state.walk = TrainWalk(train, slice_);
  state.train = train;
  state.arrival = at;
  state.id = id;
  state.port = port;
  state.write = write;
  state.not_before = undecided_ + (undecided_ & 1);
  state.bursts = slice_.bursts_of(train);
  state.last_visible = visible_at(state, at + (train.count - 1) * train.period);
  state.next_arrival = at + state.walk.access() * train.period;
  // 2. In line, by time, port and id.
  Side& side = sides_[write];
  insert_waiting(side, slot);
  update_next_visible(side);
  const std::uint64_t bytes = slice_.bytes_of(train);
  (write ? stats_.write_bytes : stats_.read_bytes) += bytes;
  if (buses_[0].trace != nullptr) buses_[0].trace->queue(at, live_.size(), bytes);
  ++(write ? stats_.write_requests : stats_.read_requests);
}

void DramChannel::insert_waiting(Side& side, std::uint32_t slot) {
  const auto before = [this](std::uint32_t a, std::uint32_t b) {
    const TrainState& x = trains_[a];
    const TrainState& y = trains_[b];
    if (x.next_arrival != y.next_arrival) return x.next_arrival < y.next_arrival;
    return x.port != y.port ? x.port < y.port : x.id < y.id;
  };
  side.waiting.insert(std::upper_bound(side.waiting.begin(), side.waiting.end(), slot, before), slot);
}

void DramChannel::update_next_visible(Side& side) {
  if (side.waiting.empty()) {
    side.next_visible = kNoHalfCycle;
    return;
  }
  const TrainState& train = trains_[side.waiting.front()];
  side.next_visible = visible_at(train, train.next_arrival);
}

bool DramChannel::room(bool write) const {
  const DramControllerParams& c = params_.controller;
  switch (c.queue_layout) {
    case QueueLayout::read_write:
      return sides_[write].held < (write ? c.write_queue_bursts : c.read_queue_bursts);
    case QueueLayout::bankwise:
      return bank_held_[last_bank_] < c.bank_queue_bursts;
    case QueueLayout::shared:
      return sides_[0].held + sides_[1].held < c.shared_queue_bursts;
  }
  return false;
}

// Moves bursts that have become visible into the queue.
void DramChannel::refill(bool write) {
  Side& side = sides_[write];
  while (side.next_visible <= now_ && room(write)) {
    const std::uint32_t slot = side.waiting.front();
    TrainState& train = trains_[slot];
    // 1. Where it lies.
    const std::uint64_t at = slice_.local(train.walk.at());
    if (((at ^ decoded_) & decoder_.place_bits()) != 0) last_place_ = decoder_.decode(at);
    decoded_ = at;
    const unsigned pc = last_place_.pseudo_channel;
    const unsigned flat = pc * BurstQueue::kBanks + index_of(last_place_.bank);
    // 2. Into the queue.
    if (buses_[0].pending + buses_[1].pending == 0) wake(now_);
    if (buses_[pc].pending == 0) wanted_from(pc, side.next_visible);
    if (train.first_visible == kNoHalfCycle) {
      train.first_visible = side.next_visible;
      train.pseudo_channel = static_cast<std::uint8_t>(pc);
      train.since = buses_[pc].gaps;
    }
    const bool masked = write && state_.limits.ccd_masked > 0 && train.walk.partial(slice_);
    const std::uint16_t handle =
        queues_[queue_of(write)].push({sequence_, side.next_visible, last_place_.row, slot, 0, 0, 0, 0,
                                       static_cast<std::uint8_t>(flat), write, masked, false});
    watch_.entered(sequence_++, state_.banks[flat].group, write, masked, handle);
    const BurstQueue& queue = queues_[queue_of(write)];
    if (queue.hit(flat) == handle || wanting(queue_of(write), flat) == handle) look_again(flat);
    ++side.held;
    ++bank_held_[flat];
    last_bank_ = flat;
    ++buses_[pc].pending;
    ++state_.ranks[state_.banks[flat].rank].pending;
    if (!train.walk.step(slice_)) continue;
    // 3. Another access, another arrival: the train may have to stand back in line.
    side.waiting.erase(side.waiting.begin());
    const bool ended = train.walk.ended();
    if (!ended) {
      train.next_arrival = train.arrival + train.walk.access() * train.train.period;
      insert_waiting(side, slot);
    }
    update_next_visible(side);
    if (ended && client_ != nullptr)
      client_->accepted(train.id, half_.edge(static_cast<std::uint64_t>(now_)));
  }
}

void DramChannel::release(BurstQueue::Burst& burst) {
  if (burst.released) return;
  burst.released = true;
  --sides_[burst.write].held;
  --bank_held_[burst.bank];
}

// --- the loop ---------------------------------------------------------------------------------------------

void DramChannel::advance(Tick now) {
  advanced_ = std::max(advanced_, now);
  run(static_cast<HalfCycle>(half_.cycle_at_or_before(now)));
}

void DramChannel::run(HalfCycle limit) {
  while (now_ <= limit) {
    // 1. What has arrived by now, what is due, and the direction to serve.
    for (const bool write : {false, true}) {
      if (sides_[write].next_visible <= now_) refill(write);
    }
    if (now_ >= next_due_) {
      watch_.restart();
      next_due_ = kNoHalfCycle;
      refresh_owed_ = true;
      for (RefreshUnit& unit : refresh_) {
        unit.tick(now_);
        next_due_ = std::min(next_due_, unit.due);
      }
    }
    if (drains_) turn();
    // 2. All the hits that follow as those before them did.
    if (watch_.asks()) watch_.compare(run_signature(), now_);
    if (watch_.steady() && commit_run(limit)) continue;
    // 3. The best command, unless something happens before it.
    ++work_.decisions;
    const Choice choice = choose();
    const HalfCycle change = next_change();
    if (choice.at >= change) {
      if (change > limit) break;
      watch_.restart();
      now_ = change;
      continue;
    }
    if (choice.at > limit) break;
    commit(choice);
  }
  undecided_ = std::max(undecided_, limit + 1);
}

// The next time after now_ at which there is more to decide about.
HalfCycle DramChannel::next_change() const {
  HalfCycle change = next_due_;
  for (const bool write : {false, true}) {
    if (sides_[write].next_visible < change && room(write)) change = sides_[write].next_visible;
  }
  // A write runs out of patience.
  if (drains_ && !writing_ && !queues_[0].empty() && !queues_[1].empty() && patience_ends() > now_)
    change = std::min(change, patience_ends());
  return change;
}

// --- results ----------------------------------------------------------------------------------------------

bool DramChannel::pop_done(Done& done) {
  if (finished_.empty() || trains_[finished_.front()].done > advanced_) return false;
  const std::uint32_t slot = finished_.front();
  finished_.erase(finished_.begin());
  live_.erase(std::find(live_.begin(), live_.end(), slot));
  if (buses_[0].trace != nullptr) buses_[0].trace->queue(trains_[slot].done, live_.size(), 0);
  free_.push_back(slot);
  done = {trains_[slot].id, trains_[slot].done, trains_[slot].causes};
  return true;
}

Tick DramChannel::next_wake() const {
  Tick exact = kNever;
  if (!finished_.empty()) exact = trains_[finished_.front()].done;
  // A train that still lacks n bursts needs n - 1 column intervals on each pseudo channel, and the latency.
  const DramLimits& l = state_.limits;
  const HalfCycle next = std::max(now_, undecided_);
  const HalfCycle tail =
      std::min(l.data[0], l.data[1]) + l.burst + 2 * HalfCycle{params_.controller.response_latency_cycles};
  const HalfCycle interval = std::min(l.ccd_short[0], l.ccd_short[1]);
  HalfCycle bound = kNoHalfCycle;
  for (const std::uint32_t slot : live_) {
    const TrainState& train = trains_[slot];
    if (train.issued == train.bursts) continue;
    const auto left =
        static_cast<HalfCycle>((train.bursts - train.issued - 1) / state_.pseudo_channels.size());
    bound = std::min(bound, std::max(next + left * interval, train.last_visible) + tail);
  }
  return bound == kNoHalfCycle ? exact : std::min(exact, half_.edge(static_cast<std::uint64_t>(bound)));
}

MemoryStats DramChannel::stats() const {
  MemoryStats s = stats_;
  const auto ticks = [this](std::uint64_t halves) { return half_.edge(halves); };
  s.busy = ticks((s.read_bursts + s.write_bursts) * static_cast<std::uint64_t>(state_.limits.burst));
  BusGaps sum;
  for (const Bus& bus : buses_) {
    sum.column += bus.gaps.column;
    sum.row += bus.gaps.row;
    sum.turnaround += bus.gaps.turnaround;
    sum.refresh += bus.gaps.refresh;
  }
  // Of several data buses: their mean, so that busy and lost times add up to elapsed time.
  const std::uint64_t n = state_.pseudo_channels.size();
  s.busy /= n;
  s.lost_to_column = ticks(sum.column / n);
  s.lost_to_row = ticks(sum.row / n);
  s.lost_to_turnaround = ticks(sum.turnaround / n);
  s.lost_to_refresh = ticks(sum.refresh / n);
  return s;
}

}  // namespace moesaic
