// SPDX-License-Identifier: Apache-2.0
// A run of row hits in one step.
//
// Invariant: while every burst in the queue and every one that enters is a hit of one direction, the next
// column commands depend on nothing but run_signature(): how long each pseudo channel, stack id and bank
// group is still held up, and which of the newest bursts wait. When that is the same at two moments, a
// rotation of the address map apart, the commands in between repeat until something else happens: a row ends,
// a refresh falls due, the other direction arrives or has waited long enough, a train ends (its client may
// answer). So commands come by formula and all counts by multiplication; what is done burst by burst is the
// queue, which holds other bursts afterwards, and the banks. The cost does not grow with the length of the
// run.
#include <algorithm>
#include <bitset>

#include "hw/memory/dram_channel.h"
#include "tlm/divide.h"

namespace moesaic {

namespace {

/// Shorter runs are not worth it.
constexpr std::uint64_t kShortest = 8;

}  // namespace

// Whether hits may repeat under this policy: rows stay open, all banks of a pseudo channel share their
// refresh. With one queue per bank its fill decides who enters, so banks have to return, too.
bool DramChannel::repeats() const {
  return params_.controller.page_policy == PagePolicy::open && params_.organisation.ranks == 1 &&
         (params_.controller.queue_layout != QueueLayout::bankwise || rotation_.period == rotation_.banks);
}

// From the oldest waiting burst to the newest.
std::uint64_t DramChannel::run_window() const {
  const BurstQueue& q = queues_[queue_of(watch_.write())];
  std::uint64_t oldest = sequence_;
  for (unsigned pc = 0; pc < state_.pseudo_channels.size(); ++pc) {
    if (q.oldest(pc) != BurstQueue::kNone) oldest = std::min(oldest, q[q.oldest(pc)].sequence);
  }
  return sequence_ - oldest;
}

// All that decides about the next column commands and their gaps, relative to now_ and to the newest burst;
// empty when other things would.
const std::vector<HalfCycle>& DramChannel::run_signature() {
  signature_.clear();
  const bool write = watch_.write();
  const BurstQueue& q = queues_[queue_of(write)];
  const std::uint64_t window = run_window();
  // 1. Hits of one kind and direction only, whose rows were opened long enough ago.
  if (columns_open_ > now_ || refresh_owed_ || writing_ != write || q.size() != sides_[write].held)
    return signature_;
  if (!drains_ && (sides_[!write].held > 0 || queues_[!queue_of(write)].size() > 0)) return signature_;
  if (window > RunWatch::kWindow || watch_.alike() < window) return signature_;
  // 2. Which of the newest bursts wait.
  std::array<HalfCycle, RunWatch::kWindow / 32> waiting{};
  for (unsigned pc = 0; pc < state_.pseudo_channels.size(); ++pc) {
    if (q.misses(pc) != 0 || state_.pseudo_channels[pc].openers != 0) return signature_;
    for (std::uint16_t at = q.oldest(pc); at != BurstQueue::kNone; at = q[at].newer) {
      if (q[at].masked) return signature_;
      const std::uint64_t behind = sequence_ - 1 - q[at].sequence;
      waiting[behind / 32] |= HalfCycle{1} << (behind % 32);
    }
  }
  signature_.assign(waiting.begin(), waiting.end());
  // 3. What they are held up by. A data bus that nobody waits for counts from where it stands.
  signature_.push_back(column_bus_ - now_);
  signature_.push_back(wck_off_ - now_);
  for (unsigned pc = 0; pc < state_.pseudo_channels.size(); ++pc) {
    const HalfCycle free = buses_[pc].free;
    const bool wanted = buses_[pc].pending > 0;
    const HalfCycle floor = wanted ? std::min(now_, free) : now_;
    const auto hold = [&](HalfCycle until) { signature_.push_back(std::max(until, floor) - now_); };
    signature_.push_back(wanted ? free - now_ : free);
    hold(state_.ranks[pc].column[write]);
    hold(state_.pseudo_channels[pc].other_stack);
    signature_.push_back(state_.pseudo_channels[pc].last_stack);
    const std::size_t groups = state_.groups.size() / state_.pseudo_channels.size();
    for (std::size_t g = pc * groups; g < (pc + 1) * groups; ++g) hold(state_.groups[g].column[write]);
  }
  return signature_;
}

// Until when nothing but the run happens.
HalfCycle DramChannel::run_end(HalfCycle limit) const {
  const bool write = watch_.write();
  HalfCycle end = std::min({limit, next_due_ - 1, sides_[!write].next_visible - 1});
  if (drains_ && !write && !queues_[1].empty()) end = std::min(end, patience_ends() - 1);
  return end;
}

// How many of the next `most` bursts of the train hit open rows and repeat the rotation.
std::uint64_t DramChannel::run_hits(const TrainState& train, std::uint64_t most) const {
  const std::uint64_t from = slice_.local(train.walk.at());
  const std::uint64_t first = from >> slice_.burst_bits & (rotation_.banks - 1);
  most =
      std::min(most, (rotation_.region_bytes - (from & (rotation_.region_bytes - 1))) >> slice_.burst_bits);
  const auto base = decoder_.decode(from - (first << slice_.burst_bits));
  const unsigned flat = base.pseudo_channel * BurstQueue::kBanks + index_of(base.bank);
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(most, rotation_.banks); ++i) {
    const std::uint64_t turn = (first + i) & (rotation_.banks - 1);
    const DramState::Bank& bank = state_.banks[flat ^ rotation_.flat[turn]];
    if (bank.row != (base.row ^ rotation_.row[turn]) || bank.fresh) return i;
    if (i < rotation_.period && watch_.kind(sequence_ + i) != bank.group) return i;
  }
  return most;
}

std::uint64_t DramChannel::run_length(HalfCycle limit) const {
  const bool write = watch_.write();
  const Side& side = sides_[write];
  const Side& other = sides_[!write];
  const DramControllerParams& c = params_.controller;
  // 1. A train that has much to come, of which nothing is heard before its last burst.
  if (side.waiting.empty() || side.next_visible > now_) return 0;
  const TrainState& train = trains_[side.waiting.front()];
  if (train.first_visible == kNoHalfCycle || train.walk.partial(slice_)) return 0;
  std::uint64_t most = train.walk.left(slice_) - 1;
  if (most < kShortest || refresh_owed_) return 0;
  // 2. The direction stays.
  if (drains_ && !queues_[!write].empty()) {
    if (!write && other.held >= c.write_high_bursts) return 0;
    if (write && side.held <= c.write_low_bursts) return 0;
    if (write)
      most =
          std::min(most, c.write_batch_bursts - std::min<std::uint64_t>(side.served, c.write_batch_bursts));
  }
  // 3. Hits, until something else happens.
  const BurstQueue& q = queues_[queue_of(write)];
  for (unsigned pc = 0; pc < state_.pseudo_channels.size(); ++pc) {
    if (q.misses(pc) != 0 || buses_[pc].trace != nullptr) return 0;
    for (std::uint64_t left = q.wanted(pc); left != 0; left &= left - 1) {
      if (state_.banks[pc * BurstQueue::kBanks + lowest(left)].fresh) return 0;
    }
  }
  most = std::min(most, watch_.steps_until(run_end(limit)));
  return most < kShortest ? 0 : run_hits(train, most);
}

// Commits hits as far as they are known to repeat; false: none.
bool DramChannel::commit_run(HalfCycle limit) {
  std::uint64_t count = run_length(limit);
  if (count < kShortest) return false;
  const DramLimits& l = state_.limits;
  const bool write = watch_.write();
  Side& side = sides_[write];
  BurstQueue& queue = queues_[queue_of(write)];
  const std::uint32_t slot = side.waiting.front();
  TrainState& train = trains_[slot];
  const std::uint64_t newest = sequence_;  // of the bursts to come, the first
  const std::uint64_t window = run_window() + rotation_.period;
  // 1. Where bursts to come lie.
  const std::uint64_t from = slice_.local(train.walk.at());
  const std::uint64_t first = from >> slice_.burst_bits & (rotation_.banks - 1);
  const auto base = decoder_.decode(from - (first << slice_.burst_bits));
  const unsigned base_flat = base.pseudo_channel * BurstQueue::kBanks + index_of(base.bank);
  const auto turn = [&](std::uint64_t sequence) {
    return (first + sequence - newest) & (rotation_.banks - 1);
  };
  const auto flat_of = [&](std::uint64_t sequence) { return base_flat ^ rotation_.flat[turn(sequence)]; };
  const auto row_of = [&](std::uint64_t sequence) { return base.row ^ rotation_.row[turn(sequence)]; };
  // 2. The commands. Those in the middle of a long run leave nothing behind but counts.
  std::bitset<2 * RunWatch::kWindow> served;
  std::uint64_t from_queue = 0;
  const std::uint64_t tail = window + rotation_.banks;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i == window && commands_ == nullptr && count > window + tail) {
      i = count - tail;
    }
    const RunWatch::Step step = watch_.step(i);
    served.reset((newest + i) % served.size());  // enters behind this command
    unsigned flat;
    if (step.sequence < newest) {
      const std::uint16_t at = watch_.handle(step.sequence);
      BurstQueue::Burst& burst = queue[at];
      TrainState& owner = trains_[burst.train];
      if (owner.first_issue == kNoHalfCycle || owner.issued + 1 == owner.bursts) {
        count = i;
        break;
      }
      flat = burst.bank;
      ++owner.issued;
      ++from_queue;
      --buses_[flat / BurstQueue::kBanks].pending;
      --state_.ranks[state_.banks[flat].rank].pending;
      release(burst);
      queue.remove(at);
    } else {
      flat = flat_of(step.sequence);
      served.set(step.sequence % served.size());
    }
    if (i < window || i + rotation_.period >= count) {
      constrain_columns(step.at, flat, write);
    } else {
      constrain_bank(step.at, state_.banks[flat], write);
    }
    buses_[flat / BurstQueue::kBanks].free = step.at + l.burst;
    if (commands_ != nullptr)
      note(step.at, write ? DramCommandKind::write : DramCommandKind::read, flat, state_.banks[flat].row);
  }
  if (count == 0) return false;
  now_ = watch_.step(count - 1).at;
  // 3. The bursts that wait now.
  for (std::uint64_t s = std::max(newest, newest + count - std::min(newest + count, window));
       s < newest + count; ++s) {
    if (served.test(s % served.size())) continue;
    const unsigned flat = flat_of(s);
    watch_.move(s, queue.push({s, side.next_visible, row_of(s), slot, 0, 0, 0, 0,
                               static_cast<std::uint8_t>(flat), write, false, false}));
    ++side.held;
    ++bank_held_[flat];
    ++buses_[flat / BurstQueue::kBanks].pending;
    ++state_.ranks[state_.banks[flat].rank].pending;
  }
  sequence_ += count;
  train.issued += count - from_queue;
  last_bank_ = flat_of(sequence_ - 1);
  decoded_ = from + ((count - 1) << slice_.burst_bits);
  last_place_ = decoder_.decode(decoded_);
  train.walk.skip(count, slice_);
  // 4. Buses, and what the gaps before the commands were.
  const HalfCycle data_end = now_ + l.data[write] + l.burst;
  wck_off_ = std::max(wck_off_, data_end + l.wck_postamble);
  idle_since_ = std::max(idle_since_, data_end);
  column_bus_ = now_ + l.column;
  if (!l.two_buses) row_bus_ = column_bus_;
  forget_choices();
  const unsigned period = watch_.period();
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, period); ++i) {
    const RunWatch::Step step = watch_.step(i);
    const std::uint64_t times = divide_up(count - i, period);
    buses_[step.pseudo_channel].gaps.turnaround += times * step.turnaround;
    buses_[step.pseudo_channel].gaps.column += times * step.column;
  }
  watch_.advance(count);
  // 5. Statistics.
  (write ? stats_.write_bursts : stats_.read_bursts) += count;
  stats_.row_hits += count;
  side.served += count;
  ++work_.runs;
  work_.run_bursts += count;
  return true;
}

}  // namespace moesaic
