// SPDX-License-Identifier: Apache-2.0
// Whose memory a die uses, and where: its own if it has one, else the nearest that has (ties: the one with
// fewer users, then the lower number). Every core computes the same plan. Offline: no charge.
#pragma once

#include <cstdint>
#include <vector>

#include "../sdk/hal.h"

namespace moesaic::firmware {

/// Node whose memory each die uses. Throws when no die has memory.
std::vector<std::uint16_t> memory_nodes(const Hal& hal);

/// Hands out one die's region of a memory, front to back.
class MemoryRegion {
 public:
  /// `bytes_of[n]`: what die n needs. Throws when the memory that this die uses is too small for its users.
  MemoryRegion(const Hal& hal, const std::vector<std::uint64_t>& bytes_of)
      : MemoryRegion(hal, bytes_of, hal.node()) {}
  /// The region of any die, for those that read what it has placed.
  MemoryRegion(const Hal& hal, const std::vector<std::uint64_t>& bytes_of, std::uint16_t die);
  /// Address of the next `bytes`, aligned to 64.
  std::uint64_t take(std::uint64_t bytes);

 private:
  std::uint16_t node_;
  std::uint64_t next_, end_;
};

/// Bytes that `take` consumes.
std::uint64_t memory_footprint(std::uint64_t bytes);

}  // namespace moesaic::firmware
