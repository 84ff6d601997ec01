// SPDX-License-Identifier: Apache-2.0
// An event counter and the value that firmware expects of it next. Counters are never reset: targets grow for
// the whole run, so a late signal of an earlier wave cannot satisfy a later wait by accident.
#pragma once

#include <cstdint>

namespace moesaic::firmware {

struct EventTarget {
  std::uint16_t event = 0;
  std::uint32_t value = 0;
  /// The counter will have been added `add` more when what is expected has happened.
  std::uint32_t expect(std::uint32_t add = 1) { return value += add; }
};

}  // namespace moesaic::firmware
