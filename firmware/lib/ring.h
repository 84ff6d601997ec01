// SPDX-License-Identifier: Apache-2.0
// Rings over a mesh, and trajectories: subsets of a ring that something passes through in ring order.
//
// Models: the snake order (row 0 from left to right, row 1 from right to left, ...), closed from its end to
// its start. Every subset of dies is visited in this one cyclic order. A trajectory that begins in the middle
// of the order passes the *seam*, from the last place back to place 0, once; what has passed it moves upwards
// only and ends before its entry. Does not model: cost; callers charge.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace moesaic::firmware {

/// A place in ring order.
using RingPlace = std::uint16_t;
/// Dies, as a bit for each place in ring order. 64 dies are the largest package.
using DieSet = std::uint64_t;

constexpr DieSet only(RingPlace place) {
  return DieSet{1} << place;
}

class SnakeRing {
 public:
  SnakeRing(std::uint32_t rows, std::uint32_t columns) : places_(rows * columns) {
    for (std::uint32_t r = 0; r < rows; ++r)
      for (std::uint32_t c = 0; c < columns; ++c)
        dies_.push_back(static_cast<std::uint16_t>(r * columns + (r % 2 == 0 ? c : columns - 1 - c)));
    for (RingPlace p = 0; p < dies_.size(); ++p) places_[dies_[p]] = p;
    for (RingPlace from = 0; from < dies_.size(); ++from) nearest_.push_back(by_distance(from, columns));
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(dies_.size()); }
  RingPlace place(std::uint32_t die) const { return places_.at(die); }
  std::uint16_t die(RingPlace place) const { return dies_.at(place); }

  /// The place after `from` in a set that is not empty; `from` itself when it is the only one.
  RingPlace next(DieSet set, RingPlace from) const {
    for (std::uint32_t step = 1; step < size(); ++step) {
      const auto place = static_cast<RingPlace>((from + step) % size());
      if ((set & only(place)) != 0) return place;
    }
    return from;
  }
  /// Where something that lies at `from` enters a set: there, else at the nearest place of the set (fewest
  /// hops; of several the next one in ring order).
  RingPlace entry(DieSet set, RingPlace from) const {
    const auto& order = nearest_.at(from);
    return *std::find_if(order.begin(), order.end(), [&](RingPlace p) { return (set & only(p)) != 0; });
  }
  /// Has what entered at `entry` passed the seam when it is at `at`?
  static bool past_seam(RingPlace entry, RingPlace at) { return at < entry; }

 private:
  std::vector<RingPlace> by_distance(RingPlace from, std::uint32_t columns) const {
    std::vector<RingPlace> order;
    for (std::uint32_t step = 0; step < size(); ++step)
      order.push_back(static_cast<RingPlace>((from + step) % size()));
    const auto hops = [&](RingPlace to) {
      const int a = dies_[from], b = dies_[to], width = static_cast<int>(columns);
      return std::abs(a / width - b / width) + std::abs(a % width - b % width);
    };
    std::stable_sort(order.begin(), order.end(), [&](RingPlace a, RingPlace b) { return hops(a) < hops(b); });
    return order;
  }

  std::vector<std::uint16_t> dies_;              ///< by place
  std::vector<RingPlace> places_;                ///< by die
  std::vector<std::vector<RingPlace>> nearest_;  ///< by place
};

}  // namespace moesaic::firmware
