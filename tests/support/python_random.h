// SPDX-License-Identifier: Apache-2.0
// Python's random.Random, bit for bit: MT19937 seeded by array, randrange by rejection, random() of 53 bits.
#pragma once

#include <array>
#include <cstdint>

namespace moesaic::memory_test {

class PythonRandom {
 public:
  explicit PythonRandom(std::uint32_t seed) {
    // init_by_array({seed}) of the MT19937 reference.
    fill(19650218U);
    unsigned i = 1;
    for (unsigned k = 0; k < kWords; ++k) {
      state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1664525U)) + seed;
      if (++i == kWords) i = wrap();
    }
    for (unsigned k = 0; k < kWords - 1; ++k) {
      state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1566083941U)) - i;
      if (++i == kWords) i = wrap();
    }
    state_[0] = 0x80000000U;
  }

  /// random.randrange(n). REQUIRES: 0 < n < 2^31.
  std::uint32_t randrange(std::uint32_t n) {
    unsigned bits = 0;
    while ((n >> bits) != 0) ++bits;
    std::uint32_t r = next() >> (32 - bits);
    while (r >= n) r = next() >> (32 - bits);
    return r;
  }
  /// random.random()
  double random() {
    const std::uint32_t a = next() >> 5, b = next() >> 6;
    return (a * 67108864.0 + b) / 9007199254740992.0;
  }

 private:
  static constexpr unsigned kWords = 624, kMiddle = 397;

  void fill(std::uint32_t seed) {
    state_[0] = seed;
    for (unsigned i = 1; i < kWords; ++i)
      state_[i] = 1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
  unsigned wrap() {
    state_[0] = state_[kWords - 1];
    return 1;
  }
  std::uint32_t next() {
    if (used_ == kWords) {
      for (unsigned i = 0; i < kWords; ++i) {
        const std::uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % kWords] & 0x7FFFFFFFU);
        state_[i] = state_[(i + kMiddle) % kWords] ^ (y >> 1) ^ ((y & 1U) != 0 ? 0x9908B0DFU : 0U);
      }
      used_ = 0;
    }
    std::uint32_t y = state_[used_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680U;
    y ^= (y << 15) & 0xEFC60000U;
    return y ^ (y >> 18);
  }

  std::array<std::uint32_t, kWords> state_{};
  unsigned used_ = kWords;
};

}  // namespace moesaic::memory_test
