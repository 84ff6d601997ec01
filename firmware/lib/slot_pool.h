// SPDX-License-Identifier: Apache-2.0
// The slots of a die and who may take one.
//
// Models: which are free, what the others hold, and the rule that keeps rings (lib/ring.h) from deadlock: what
//   has made d descents may take a slot only if one stays for every higher number of descents, up to
//   `levels` - 1. Then nothing can deadlock, whatever subsets of dies the slices visit, in whatever order, as
//   long as none makes more descents than that:
//     - a slice of the top level wants a die further up, or ends; the one furthest up ends. So they all
//     drain.
//     - a slice of another level wants a die further up, or the next level, or ends. So they drain too.
//   With one level (none reserved) greedy loads fill all slots, and everybody waits for everybody. A slot
//   that is kept for any arrival would not do: arrivals of several rings can fill those of all dies in a
//   circle.
// Does not model: cost; callers charge.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace moesaic::firmware {

using SlotId = std::uint16_t;

/// `Occupant`: what a slot holds; says by `level` how many descents it has made, less than `levels`.
template <class Occupant>
class SlotPool {
 public:
  /// REQUIRES: 1 <= levels <= slots.
  SlotPool(std::uint32_t slots, std::uint32_t levels)
      : slots_(slots), taken_(slots, false), free_(slots), at_level_(levels, 0) {}

  bool admits(std::uint32_t level) const { return room(level) > 0; }
  /// Slots that occupants of this level may take now.
  std::uint32_t room(std::uint32_t level) const {
    std::uint32_t least = free_, used = 0;
    for (std::uint32_t l = 0; l < at_level_.size(); ++l) {
      used += at_level_[l];
      if (l < level) continue;
      const auto limit = static_cast<std::uint32_t>(slots_.size() - (at_level_.size() - 1 - l));
      least = std::min(least, limit > used ? limit - used : 0);
    }
    return least;
  }
  /// REQUIRES: admits(occupant.level). The lowest free slot.
  SlotId take(const Occupant& occupant) {
    SlotId slot = 0;
    while (taken_[slot]) ++slot;
    taken_[slot] = true;
    slots_[slot] = occupant;
    --free_;
    ++at_level_[occupant.level];
    return slot;
  }
  void release(SlotId slot) {
    taken_[slot] = false;
    ++free_;
    --at_level_[slots_[slot].level];
  }
  Occupant& operator[](SlotId slot) { return slots_[slot]; }
  const Occupant& operator[](SlotId slot) const { return slots_[slot]; }
  bool taken(SlotId slot) const { return taken_[slot]; }
  std::size_t size() const { return slots_.size(); }
  std::uint32_t levels() const { return static_cast<std::uint32_t>(at_level_.size()); }

 private:
  std::vector<Occupant> slots_;
  std::vector<bool> taken_;
  std::uint32_t free_;
  std::vector<std::uint32_t> at_level_;  ///< slots taken
};

}  // namespace moesaic::firmware
