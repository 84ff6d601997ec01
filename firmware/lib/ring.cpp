// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/ring.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace moesaic::firmware {

namespace {

std::uint32_t length(const Ring& ring, const std::vector<RingPlace>& tour) {
  std::uint32_t hops = 0;
  for (std::size_t i = 0; i < tour.size(); ++i) hops += ring.hops(tour[i], tour[(i + 1) % tour.size()]);
  return hops;
}

std::uint32_t descents_of(const std::vector<RingPlace>& tour) {
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < tour.size(); ++i)
    if (Ring::descends(tour[i], tour[(i + 1) % tour.size()])) ++n;
  return n;
}

/// The tour with the place at `from` taken to `to`, or the stretch between them turned around.
std::vector<RingPlace> changed(std::vector<RingPlace> tour, std::size_t from, std::size_t to, bool turn) {
  const auto at = [&](std::size_t i) { return tour.begin() + static_cast<std::ptrdiff_t>(i); };
  if (turn) {
    if (from < to) std::reverse(at(from), at(to) + 1);
  } else if (from < to) {
    std::rotate(at(from), at(from) + 1, at(to) + 1);
  } else {
    std::rotate(at(to), at(from), at(from) + 1);
  }
  return tour;
}

}  // namespace

std::vector<std::uint16_t> snake_order(std::uint32_t rows, std::uint32_t columns) {
  std::vector<std::uint16_t> order;
  for (std::uint32_t r = 0; r < rows; ++r)
    for (std::uint32_t c = 0; c < columns; ++c)
      order.push_back(static_cast<std::uint16_t>(r * columns + (r % 2 == 0 ? c : columns - 1 - c)));
  return order;
}

std::vector<std::uint16_t> spiral_order(std::uint32_t rows, std::uint32_t columns) {
  std::vector<std::uint16_t> order;
  std::uint32_t top = 0, bottom = rows, left = 0, right = columns;
  const auto take = [&](std::uint32_t r, std::uint32_t c) {
    order.push_back(static_cast<std::uint16_t>(r * columns + c));
  };
  while (top < bottom && left < right) {
    for (std::uint32_t c = left; c < right; ++c) take(top, c);
    for (std::uint32_t r = top + 1; r < bottom; ++r) take(r, right - 1);
    if (bottom - top > 1)
      for (std::uint32_t c = right - 1; c > left; --c) take(bottom - 1, c - 1);
    if (right - left > 1)
      for (std::uint32_t r = bottom - 1; r > top + 1; --r) take(r - 1, left);
    ++top, --bottom, ++left, --right;
  }
  return order;
}

Ring::Ring(std::vector<std::uint16_t> order, std::uint32_t columns)
    : dies_(std::move(order)), places_(dies_.size()), columns_(columns) {
  for (RingPlace p = 0; p < dies_.size(); ++p) places_[dies_[p]] = p;
  for (RingPlace from = 0; from < dies_.size(); ++from) {
    std::vector<RingPlace> by_distance;
    for (std::uint32_t step = 0; step < size(); ++step)
      by_distance.push_back(static_cast<RingPlace>((from + step) % size()));
    std::stable_sort(by_distance.begin(), by_distance.end(),
                     [&](RingPlace a, RingPlace b) { return hops(from, a) < hops(from, b); });
    nearest_.push_back(std::move(by_distance));
  }
}

std::uint32_t Ring::hops(RingPlace a, RingPlace b) const {
  const int from = dies_[a], to = dies_[b], width = static_cast<int>(columns_);
  return static_cast<std::uint32_t>(std::abs(from / width - to / width) +
                                    std::abs(from % width - to % width));
}

RingPlace Ring::next(DieSet set, RingPlace from) const {
  for (std::uint32_t step = 1; step < size(); ++step) {
    const auto place = static_cast<RingPlace>((from + step) % size());
    if (holds(set, place)) return place;
  }
  return from;
}

RingPlace Ring::first(DieSet set) const {
  RingPlace place = 0;
  while (!holds(set, place)) ++place;
  return place;
}

RingPlace Ring::nearest(DieSet set, RingPlace from) const {
  const auto& order = nearest_.at(from);
  return *std::find_if(order.begin(), order.end(), [&](RingPlace p) { return holds(set, p); });
}

std::vector<RingPlace> short_tour(const Ring& ring, DieSet set, std::uint32_t descents,
                                  std::uint64_t& steps) {
  std::vector<RingPlace> tour;
  for (RingPlace p = 0; p < ring.size(); ++p)
    if (holds(set, p)) tour.push_back(p);
  steps = 0;
  std::uint32_t best = length(ring, tour);
  for (bool better = true; better && tour.size() > 3 && descents > 1;) {
    better = false;
    for (std::size_t from = 1; from < tour.size() && !better; ++from) {  // the lowest place stays first
      for (std::size_t to = 1; to < tour.size() && !better; ++to) {
        for (const bool turn : {false, true}) {
          ++steps;
          const std::vector<RingPlace> other = changed(tour, from, to, turn);
          const std::uint32_t hops = length(ring, other);
          if (hops >= best || descents_of(other) > descents) continue;
          tour = other;
          best = hops;
          better = true;
          break;
        }
      }
    }
  }
  return tour;
}

}  // namespace moesaic::firmware
