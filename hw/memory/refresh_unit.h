// SPDX-License-Identifier: Apache-2.0
// When a rank of a pseudo channel owes refreshes, and which bank is next.
//
// A refresh falls due every interval. It may be put off while requests wait, up to `postpone` times, and
// after that blocks the rank; while nothing waits, up to `pull_in` are done ahead of time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "hw/memory/dram_limits.h"

namespace moesaic {

struct RefreshUnit {
  HalfCycle due = kNoHalfCycle;  ///< of the next interval
  HalfCycle interval = 0;
  int owed = 0;  ///< negative: ahead of time
  int postpone = 0;
  int pull_in = 0;
  HalfCycle since = kNoHalfCycle;  ///< from when on nothing else may start
  bool ahead = false;              ///< the last one was done while nothing waited: more may follow
  std::uint64_t remaining = 0;     ///< banks not refreshed in this round, as bits; per-bank refresh
  std::uint64_t chosen = 0;        ///< the next of them; 0: not chosen yet

  void tick(HalfCycle now) {
    for (; now >= due; due += interval) ++owed;
    if (forced()) since = std::min(since, now);
  }
  /// Nothing else may start.
  bool forced() const { return owed > postpone; }
  bool wanted(bool idle) const { return forced() || (idle && (owed > 0 || (ahead && owed > -pull_in))); }
  void done(bool idle) {
    --owed;
    ahead = idle;
    since = kNoHalfCycle;
  }
  /// The next bank of this round, `banks` being all that take turns: the first that is not `busy`, or the
  /// first. Holds until it is refreshed.
  std::uint64_t choose(std::uint64_t banks, std::uint64_t busy) {
    if (chosen != 0) return chosen;
    if (remaining == 0) remaining = banks;
    const std::uint64_t from = (remaining & ~busy) != 0 ? remaining & ~busy : remaining;
    return chosen = from & (~from + 1);
  }
  void refreshed() {
    remaining &= ~chosen;
    chosen = 0;
  }
};

}  // namespace moesaic
