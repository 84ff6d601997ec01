// SPDX-License-Identifier: Apache-2.0
// Bit errors of one link direction: which transmissions of a flit fail.
//
// Models: every transmission fails with the same probability (bits times bit error rate), found by the CRC.
// A generator of its own for each link, so that links do not depend on each other's traffic.
// Does not model: errors the CRC does not find; errors of credits and acknowledgements.
#pragma once

#include <cstdint>

namespace moesaic {

class LinkErrors {
 public:
  LinkErrors() = default;
  /// `probability` below 1. Seeds are spread by a step of splitmix64 (Steele et al., OOPSLA 2014).
  LinkErrors(double probability, std::uint64_t seed, std::uint64_t link)
      : threshold_(static_cast<std::uint64_t>(probability * 4294967296.0 * 4294967296.0)),
        state_(seed * 0x9E3779B97F4A7C15u + link * 0xD1B54A32D192ED03u + 1) {}

  bool possible() const { return threshold_ != 0; }
  /// Whether the next transmission fails.
  bool fails() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) < threshold_;
  }

 private:
  std::uint64_t threshold_ = 0;
  std::uint64_t state_ = 0;
};

}  // namespace moesaic
