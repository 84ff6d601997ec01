// SPDX-License-Identifier: Apache-2.0
#include "sc_main/memory/python_random.h"

#include <algorithm>

namespace moesaic {

namespace {

constexpr std::size_t kMiddle = 397;
constexpr std::uint32_t kMatrix = 0x9908B0DF;
constexpr std::uint32_t kUpper = 0x80000000;

}  // namespace

PythonRandom::PythonRandom(std::uint64_t seed) {
  const std::array<std::uint32_t, 2> key{static_cast<std::uint32_t>(seed),
                                         static_cast<std::uint32_t>(seed >> 32)};
  const std::size_t words = key[1] != 0 ? 2 : 1;
  // 1. A fixed filling.
  state_[0] = 19650218;
  for (std::uint32_t i = 1; i < kWords; ++i)
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  // 2. The key stirred in, round and round, then the state into itself.
  std::size_t at = 1;
  const auto wrap = [&] {
    if (++at >= kWords) {
      state_[0] = state_[kWords - 1];
      at = 1;
    }
  };
  for (std::size_t k = 0; k < std::max(kWords, words); ++k) {
    const auto j = static_cast<std::uint32_t>(k % words);
    state_[at] = (state_[at] ^ ((state_[at - 1] ^ (state_[at - 1] >> 30)) * 1664525u)) + key[j] + j;
    wrap();
  }
  for (std::size_t k = 1; k < kWords; ++k) {
    state_[at] = (state_[at] ^ ((state_[at - 1] ^ (state_[at - 1] >> 30)) * 1566083941u)) -
                 static_cast<std::uint32_t>(at);
    wrap();
  }
  state_[0] = kUpper;
}

void PythonRandom::twist() {
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::uint32_t y = (state_[i] & kUpper) | (state_[(i + 1) % kWords] & ~kUpper);
    state_[i] = state_[(i + kMiddle) % kWords] ^ (y >> 1) ^ ((y & 1) != 0 ? kMatrix : 0);
  }
  next_ = 0;
}

std::uint32_t PythonRandom::word() {
  if (next_ >= kWords) twist();
  std::uint32_t y = state_[next_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680;
  y ^= (y << 15) & 0xEFC60000;
  return y ^ (y >> 18);
}

std::uint32_t PythonRandom::randrange(std::uint32_t n) {
  unsigned bits = 0;
  while (bits < 32 && (n >> bits) != 0) ++bits;
  std::uint32_t value = n;
  while (value >= n) value = word() >> (32 - bits);
  return value;
}

double PythonRandom::random() {
  const std::uint32_t high = word() >> 5, low = word() >> 6;
  return (static_cast<double>(high) * 67108864.0 + static_cast<double>(low)) / 9007199254740992.0;
}

}  // namespace moesaic
