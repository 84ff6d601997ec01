// SPDX-License-Identifier: Apache-2.0
// What the data bus of a channel lost its time to, running sums in half cycles of its clock, so that the
// difference of two moments says what happened between them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace moesaic {

/// Sums of gaps between bursts, by the constraint that the command behind the gap was waiting for.
struct BusGaps {
  std::uint64_t column = 0;  ///< tCCD_L, WCK sync, command slot
  std::uint64_t row = 0;
  std::uint64_t turnaround = 0;
  std::uint64_t refresh = 0;
  std::uint64_t idle = 0;  ///< nobody wanted the bus
};

/// The last refreshes of a channel. Asked for cycles before the oldest it remembers, it answers too high,
/// which makes the time since then look like queueing; sums stay exact.
class RefreshHistory {
 public:
  /// Windows may overlap (ranks of one data bus); they come in order of their ends.
  void add(std::uint64_t from, std::uint64_t to) {
    if (added_ > 0) from = std::max(from, windows_[(added_ - 1) % kRemembered].to);
    if (from >= to) return;
    const std::uint64_t before = total_;
    total_ += to - from;
    windows_[added_++ % kRemembered] = {from, to, before};
  }
  /// Time in refresh before `cycle`.
  std::uint64_t before(std::uint64_t cycle) const {
    std::uint64_t sum = total_;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(added_, kRemembered); ++i) {
      const Window& window = windows_[(added_ - 1 - i) % kRemembered];
      if (cycle >= window.to) return sum;
      sum = window.before;
      if (cycle > window.from) return sum + (cycle - window.from);
    }
    return sum;
  }

 private:
  static constexpr std::size_t kRemembered = 64;
  struct Window {
    std::uint64_t from, to;
    std::uint64_t before;
  };
  std::array<Window, kRemembered> windows_{};
  std::uint64_t added_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace moesaic
