// SPDX-License-Identifier: Apache-2.0
#include "tlm/event_wheel.h"

#include <algorithm>

#include "tlm/diagnostics.h"

namespace moesaic {

bool EventWheel::Later::operator()(const Event& a, const Event& b) const {
  if (a.at != b.at) return a.at > b.at;
  if (a.order != b.order) return a.order > b.order;
  return a.sequence > b.sequence;
}

EventWheel::EventWheel() : slots_(kSlots), occupied_(kSlots / 64, 0) {}

void EventWheel::push_open(const Event& event) {
  open_.push_back(event);
  std::push_heap(open_.begin(), open_.end(), Later{});
}

void EventWheel::schedule(Tick at, Phase phase, ComponentId component, WheelClient& client,
                          std::uint64_t cookie) {
  if (at < now_) panic("event wheel", now_, "an event was scheduled in the past");
  const bool earlier = earlier_ && at < next_time();
  const std::uint64_t order = (static_cast<std::uint64_t>(phase) << 32) | component;
  const Event event{at, order, sequence_++, &client, cookie};
  const std::uint64_t slot = slot_of(at);
  if (slot <= open_slot_) {
    push_open(event);
  } else if (slot - open_slot_ < kSlots) {
    const std::uint64_t index = slot % kSlots;
    slots_[index].push_back(event);
    occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
    ++in_slots_;
  } else {
    far_.push_back(event);
    std::push_heap(far_.begin(), far_.end(), Later{});
  }
  ++size_;
  if (earlier) earlier_();
}

// Moves the events of the next occupied slot into the open heap. REQUIRES: open_ empty, size_ > 0.
void EventWheel::open_next_slot() {
  std::uint64_t slot = std::numeric_limits<std::uint64_t>::max();
  if (in_slots_ > 0) {
    // 1. Scan the bitmap from the slot after the open one, a word at a time.
    for (std::uint64_t ahead = 1; ahead < kSlots;) {
      const std::uint64_t index = (open_slot_ + ahead) % kSlots;
      const std::uint64_t word = occupied_[index / 64] >> (index % 64);
      if (word != 0) {
        slot = open_slot_ + ahead + static_cast<std::uint64_t>(__builtin_ctzll(word));
        break;
      }
      ahead += 64 - index % 64;
    }
  }
  // 2. A far event may be earlier: far events are not moved into slots until their slot opens.
  if (!far_.empty()) slot = std::min(slot, slot_of(far_.front().at));
  open_slot_ = slot;
  std::vector<Event>& bucket = slots_[slot % kSlots];
  if (!bucket.empty() && slot_of(bucket.front().at) == slot) {
    in_slots_ -= bucket.size();
    occupied_[(slot % kSlots) / 64] &= ~(std::uint64_t{1} << ((slot % kSlots) % 64));
    open_.swap(bucket);
    std::make_heap(open_.begin(), open_.end(), Later{});
  }
  while (!far_.empty() && slot_of(far_.front().at) == slot) {
    std::pop_heap(far_.begin(), far_.end(), Later{});
    push_open(far_.back());
    far_.pop_back();
  }
}

Tick EventWheel::next_time() {
  if (size_ == 0) return kNever;
  if (open_.empty()) open_next_slot();
  return open_.front().at;
}

void EventWheel::run_one() {
  if (open_.empty()) open_next_slot();
  std::pop_heap(open_.begin(), open_.end(), Later{});
  const Event event = open_.back();
  open_.pop_back();
  --size_;
  ++events_run_;
  now_ = event.at;
  event.client->on_wheel(event.at, static_cast<Phase>(event.order >> 32), event.cookie);
}

void EventWheel::run_until(Tick limit) {
  while (next_time() <= limit && size_ > 0) run_one();
  now_ = std::max(now_, limit);
}

}  // namespace moesaic
