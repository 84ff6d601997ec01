// SPDX-License-Identifier: Apache-2.0
// Where the columns of a slice lie: together in one memory, or spread over all. What lies together is gate,
// up and down columns behind each other. Offline: no charge.
#pragma once

#include <cstdint>
#include <vector>

#include "../sdk/hal.h"

namespace moesaic::firmware {

/// Columns of a slice that lie together.
struct WeightPiece {
  std::uint16_t die;             ///< in whose memory
  std::uint32_t begin, columns;  ///< counted from the first of the slice
  std::uint64_t address;
};

/// Cuts a slice as evenly as whole columns allow over all memories. `memories`: dies that have one;
/// `address(m)`: where the piece of memories[m] lies. Which memory has the larger pieces changes with `turn`.
template <class Address>
std::vector<WeightPiece> spread_slice(std::uint32_t columns, const std::vector<std::uint16_t>& memories,
                                      std::uint32_t turn, Address address) {
  std::vector<WeightPiece> pieces;
  const auto parts = static_cast<std::uint32_t>(memories.size());
  for (std::uint32_t p = 0; p < parts; ++p) {
    const std::uint32_t begin = columns * p / parts, end = columns * (p + 1) / parts;
    const std::uint32_t m = (p + turn) % parts;
    if (begin < end) pieces.push_back({memories[m], begin, end - begin, address(m)});
  }
  return pieces;
}

/// Registers gate, up and down columns of an expert, from column `first` of F, behind each other.
inline void place_columns(Hal& hal, std::uint16_t layer, std::uint16_t expert, std::uint32_t first,
                          std::uint32_t columns, std::uint64_t address) {
  for (const auto kind : {MOESAIC_GATE_WEIGHTS, MOESAIC_UP_WEIGHTS, MOESAIC_DOWN_WEIGHTS}) {
    hal.place({static_cast<std::uint16_t>(kind), layer, expert, 0, first, columns, address});
    address += std::uint64_t{columns} * hal.info().hidden;
  }
}

/// Registers those pieces of a slice that lie in the caller's memory. `first`: column of F where the slice
/// begins.
inline void place_pieces(Hal& hal, const std::vector<WeightPiece>& pieces, std::uint16_t layer,
                         std::uint16_t expert, std::uint32_t first) {
  for (const WeightPiece& piece : pieces)
    if (piece.die == hal.node())
      place_columns(hal, layer, expert, first + piece.begin, piece.columns, piece.address);
}

}  // namespace moesaic::firmware
