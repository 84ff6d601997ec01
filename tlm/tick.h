// SPDX-License-Identifier: Apache-2.0
// Time of the modelled machine: integer femtoseconds, and clocks whose edges are computed, never accumulated.
//
// Models: a rational clock (a 24 GT/s unit interval is 41666.67 fs); edge n is floor(n * period).
// Does not model: jitter, skew, frequency changes.
// Time: all arguments and results are absolute ticks unless a name says `cycles`.
#pragma once

#include <cstdint>
#include <limits>

#include "tlm/divide.h"

namespace moesaic {

/// Absolute simulated time or a duration, in femtoseconds. 2^64 fs is about five hours.
using Tick = std::uint64_t;

inline constexpr Tick kNever = std::numeric_limits<Tick>::max();
inline constexpr Tick kFemtosecond = 1;
inline constexpr Tick kPicosecond = 1000;
inline constexpr Tick kNanosecond = 1000 * kPicosecond;
inline constexpr Tick kMicrosecond = 1000 * kNanosecond;
inline constexpr Tick kMillisecond = 1000 * kMicrosecond;
inline constexpr Tick kSecond = 1000 * kMillisecond;

/// A free-running clock with rational period numerator/denominator femtoseconds. Edge 0 is at tick 0.
class Clock {
 public:
  /// REQUIRES: period_num_fs >= period_den > 0 (at least one femtosecond).
  constexpr explicit Clock(std::uint64_t period_num_fs, std::uint64_t period_den = 1)
      : num_(period_num_fs), den_(period_den) {}

  /// REQUIRES: 0 < hz <= 1e15.
  static constexpr Clock from_hz(std::uint64_t hz) { return Clock(kSecond, hz); }

  /// Time of edge `n`.
  constexpr Tick edge(std::uint64_t n) const {
    return static_cast<Tick>(static_cast<unsigned __int128>(n) * num_ / den_);
  }
  /// The smallest n with edge(n) >= t.
  constexpr std::uint64_t cycle_at_or_after(Tick t) const {
    if (t == 0) return 0;
    // edge(n) >= t  <=>  floor(n*num/den) >= t  <=>  n*num >= t*den
    return static_cast<std::uint64_t>(divide_up(static_cast<unsigned __int128>(t) * den_, num_));
  }
  /// The largest n with edge(n) <= t.
  constexpr std::uint64_t cycle_at_or_before(Tick t) const {
    const std::uint64_t n = cycle_at_or_after(t);
    return edge(n) == t ? n : n - 1;
  }
  /// The edge `cycles` cycles after the first edge at or after `t`.
  constexpr Tick after(Tick t, std::uint64_t cycles) const { return edge(cycle_at_or_after(t) + cycles); }

  constexpr double hz() const {
    return static_cast<double>(kSecond) / static_cast<double>(num_) * static_cast<double>(den_);
  }

 private:
  std::uint64_t num_;
  std::uint64_t den_;
};

}  // namespace moesaic
