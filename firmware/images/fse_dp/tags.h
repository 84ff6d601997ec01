// SPDX-License-Identifier: Apache-2.0
// Tags of commands: what has been done to which slot; for traces also with which slice (expert and slice
// number modulo their bits).
#pragma once

#include <cstdint>

namespace moesaic::firmware::fse_dp {

/// 0 is kBacklogTag.
enum What : std::uint32_t {
  kLoaded = 1,
  kArrived = 2,
  kComputed = 3,
  kSent = 4,
  kStored = 5,
  kChainDone = 6
};

constexpr std::uint32_t make_tag(What what, std::uint32_t slot, std::uint32_t expert, std::uint32_t slice) {
  return (static_cast<std::uint32_t>(what) << 28) | ((slot & 0xFF) << 20) | ((expert & 0xFFF) << 8) |
         (slice & 0xFF);
}
constexpr std::uint32_t what_of(std::uint32_t tag) {
  return tag >> 28;
}
constexpr std::uint16_t slot_of(std::uint32_t tag) {
  return static_cast<std::uint16_t>((tag >> 20) & 0xFF);
}

}  // namespace moesaic::firmware::fse_dp
