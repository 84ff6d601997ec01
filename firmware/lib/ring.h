// SPDX-License-Identifier: Apache-2.0
// Rings over a mesh, and trajectories: subsets of a ring that something passes through in ring order.
//
// Models: a cyclic order of the dies, by rows (snake: row 0 from left to right, row 1 from right to left, ...)
//   or from the rim inwards (spiral), closed from its end to its start. Every subset of dies is visited in
//   this order. A step from a place to one that is not further up is a *descent*; what began anywhere and
//   went around once has made at most one.
// Does not model: cost; callers charge.
#pragma once

#include <cstdint>
#include <vector>

namespace moesaic::firmware {

/// A place in ring order.
using RingPlace = std::uint16_t;
/// Dies, as a bit for each place in ring order. 64 dies are the largest package.
using DieSet = std::uint64_t;

constexpr DieSet only(RingPlace place) {
  return DieSet{1} << place;
}
constexpr bool holds(DieSet set, RingPlace place) {
  return (set & only(place)) != 0;
}

/// Dies of a mesh in ring order.
std::vector<std::uint16_t> snake_order(std::uint32_t rows, std::uint32_t columns);
std::vector<std::uint16_t> spiral_order(std::uint32_t rows, std::uint32_t columns);

class Ring {
 public:
  /// `order`: every die of a mesh with `columns` columns, once.
  Ring(std::vector<std::uint16_t> order, std::uint32_t columns);

  std::uint32_t size() const { return static_cast<std::uint32_t>(dies_.size()); }
  RingPlace place(std::uint32_t die) const { return places_.at(die); }
  std::uint16_t die(RingPlace place) const { return dies_.at(place); }
  /// Links between two places.
  std::uint32_t hops(RingPlace a, RingPlace b) const;

  /// The place after `from` in a set that is not empty; `from` itself when it is the only one.
  RingPlace next(DieSet set, RingPlace from) const;
  /// The lowest place of a set that is not empty.
  RingPlace first(DieSet set) const;
  /// Where something that lies at `from` enters a set: there, else at the nearest place of the set (fewest
  /// hops; of several the next one in ring order).
  RingPlace nearest(DieSet set, RingPlace from) const;
  /// Is the step from one place to another a descent?
  static bool descends(RingPlace from, RingPlace to) { return to <= from; }

 private:
  std::vector<std::uint16_t> dies_;  ///< by place
  std::vector<RingPlace> places_;    ///< by die
  std::uint32_t columns_;
  std::vector<std::vector<RingPlace>> nearest_;  ///< by place
};

/// A short closed tour over the places of a set, as the places in the order of the tour from the lowest one:
/// ring order, improved by taking one place elsewhere or turning a stretch around while that saves hops and
/// the tour keeps at most `descents` descents (1 allows nothing but ring order). `steps` is how many changes
/// were looked at, for those who charge.
std::vector<RingPlace> short_tour(const Ring& ring, DieSet set, std::uint32_t descents, std::uint64_t& steps);

}  // namespace moesaic::firmware
