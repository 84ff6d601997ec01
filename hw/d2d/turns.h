// SPDX-License-Identifier: Apache-2.0
// Round robin over the bits of a mask.
#pragma once

#include <cstdint>

namespace moesaic::fabric {

/// The first of `from`, `from` + 1, ... that is in `set`, the lowest when there is none. REQUIRES: set != 0.
inline unsigned in_turn(std::uint64_t set, unsigned from) {
  const std::uint64_t later = from < 64 ? set >> from << from : 0;
  return static_cast<unsigned>(__builtin_ctzll(later != 0 ? later : set));
}

}  // namespace moesaic::fabric
