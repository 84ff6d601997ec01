// SPDX-License-Identifier: Apache-2.0
// Bytes made from a seed: what tensors contain when nobody supplies real weights. A pure function of identity
// (which tensor, row and column), not of where it lies.
//
// Models: int8 in [-127, 127], eight bytes per 64-bit mix; column 8i..8i+7 of a row are word i, low byte
// first. The definition is in docs/numerics.md.
#pragma once

#include <cstdint>

namespace moesaic {

/// SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA'14).
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
inline constexpr std::uint64_t kGoldenGamma = 0x9E3779B97F4A7C15u;

/// Identity of one row. `expert` is 0 for activations.
struct RowIdentity {
  std::uint8_t kind;  ///< enum moesaic_tensor_kind
  std::uint16_t layer;
  std::uint16_t expert;
  std::uint32_t row;
};

constexpr std::uint64_t row_key(std::uint64_t seed, const RowIdentity& id) {
  const std::uint64_t tensor = (std::uint64_t{id.kind} << 32) | (std::uint64_t{id.layer} << 16) | id.expert;
  return mix64(mix64(mix64(seed + kGoldenGamma) ^ tensor) + kGoldenGamma * (std::uint64_t{id.row} + 1));
}

/// Bytes [begin, begin + count) of the row with this key.
void fill_row(std::uint64_t key, std::uint64_t begin, std::uint8_t* out, std::uint64_t count);

/// What memory nobody has placed a tensor in reads as: a hash of the address, so that a wrong address gives
/// wrong bytes. All 256 values occur.
void fill_untouched(std::uint64_t seed, std::uint16_t node, std::uint64_t offset, std::uint8_t* out,
                    std::uint64_t count);

}  // namespace moesaic
