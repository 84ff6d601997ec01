// SPDX-License-Identifier: Apache-2.0
// The generator of Python's `random.Random(seed)`, number for number, so that traces written by a Python
// script can be made here without it.
//
// Models: MT19937 (Matsumoto and Nishimura, ACM TOMACS 8(1), 1998), seeded by its init_by_array with the
//   seed's 32-bit words, least significant first; randrange(n) by rejection; random() with 53 bits.
// Does not model: seeds that are not whole numbers; everything else of Python's module.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace moesaic {

class PythonRandom {
 public:
  explicit PythonRandom(std::uint64_t seed);

  /// random.randrange(n). REQUIRES: 0 < n < 2^32.
  std::uint32_t randrange(std::uint32_t n);
  /// random.random(), in [0, 1).
  double random();

 private:
  static constexpr std::size_t kWords = 624;

  std::uint32_t word();
  void twist();

  std::array<std::uint32_t, kWords> state_{};
  std::size_t next_ = kWords;
};

}  // namespace moesaic
