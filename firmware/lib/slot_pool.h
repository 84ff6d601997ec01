// SPDX-License-Identifier: Apache-2.0
// The slots of a die and who may take one. Models: which are free, what the others hold, and the rule that
// keeps rings (lib/ring.h) from deadlock. Does not model: cost; callers charge.
//
// The rule: a slice that has passed the seam of the ring may take any free slot; all others (own loads, and
// arrivals that have not) must leave `reserved` slots to those. With one reserved slot per die nothing can
// deadlock, whatever subsets of dies the slices visit:
//   - a slice past the seam wants a die further up, or ends; the one furthest up ends. So they all drain.
//   - a slice before the seam wants a die further up, or passes the seam, or ends. So they drain too.
// With none reserved, greedy loads fill all slots, and everybody waits for everybody. A slot that is kept for
// any arrival would not do: arrivals of several rings can fill those of all dies in a circle.
#pragma once

#include <cstdint>
#include <vector>

namespace moesaic::firmware {

using SlotId = std::uint16_t;

/// `Occupant`: what a slot holds; says by `past_seam` whether it has passed the seam of the ring.
template <class Occupant>
class SlotPool {
 public:
  SlotPool(std::uint32_t slots, std::uint32_t reserved)
      : slots_(slots), taken_(slots, false), free_(slots), reserved_(reserved) {}

  bool admits(bool past_seam) const {
    return free_ > 0 && (past_seam || before_seam_ + reserved_ < slots_.size());
  }
  /// REQUIRES: admits(occupant.past_seam). The lowest free slot.
  SlotId take(const Occupant& occupant) {
    SlotId slot = 0;
    while (taken_[slot]) ++slot;
    taken_[slot] = true;
    slots_[slot] = occupant;
    --free_;
    if (!occupant.past_seam) ++before_seam_;
    return slot;
  }
  void release(SlotId slot) {
    taken_[slot] = false;
    ++free_;
    if (!slots_[slot].past_seam) --before_seam_;
  }
  Occupant& operator[](SlotId slot) { return slots_[slot]; }
  const Occupant& operator[](SlotId slot) const { return slots_[slot]; }
  bool taken(SlotId slot) const { return taken_[slot]; }
  std::size_t size() const { return slots_.size(); }

 private:
  std::vector<Occupant> slots_;
  std::vector<bool> taken_;
  std::uint32_t free_, reserved_;
  std::uint32_t before_seam_ = 0;
};

}  // namespace moesaic::firmware
