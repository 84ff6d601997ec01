// SPDX-License-Identifier: Apache-2.0
#include "sc_main/workload/procedural.h"

#include <algorithm>
#include <cstring>

namespace moesaic {

namespace {

/// Replaces every byte -128 by -127, in all eight bytes at once.
constexpr std::uint64_t symmetric(std::uint64_t word) {
  constexpr std::uint64_t kLow7 = 0x7F7F7F7F7F7F7F7Fu;
  constexpr std::uint64_t kSign = 0x8080808080808080u;
  const std::uint64_t z = word ^ kSign;  // zero where the byte is -128
  const std::uint64_t zero_byte = ~(((z & kLow7) + kLow7) | z | kLow7);
  return word | (zero_byte >> 7);
}

/// Calls `word_of` for the words that cover [begin, begin + count) and copies their bytes, low byte first.
template <class WordOf>
void fill_words(std::uint64_t begin, std::uint8_t* out, std::uint64_t count, WordOf word_of) {
  std::uint64_t index = begin / 8;
  std::uint64_t skip = begin % 8;
  while (count > 0) {
    if (skip == 0 && count >= 8) {
      const std::uint64_t words = count / 8;
      for (std::uint64_t i = 0; i < words; ++i) {
        const std::uint64_t word = word_of(index + i);  // little-endian host, as everywhere in this program
        std::memcpy(out + 8 * i, &word, 8);
      }
      index += words;
      out += 8 * words;
      count -= 8 * words;
      continue;
    }
    const std::uint64_t word = word_of(index++) >> (8 * skip);
    const std::uint64_t part = std::min<std::uint64_t>(count, 8 - skip);
    std::memcpy(out, &word, part);
    out += part;
    count -= part;
    skip = 0;
  }
}

}  // namespace

void fill_row(std::uint64_t key, std::uint64_t begin, std::uint8_t* out, std::uint64_t count) {
  fill_words(begin, out, count, [key](std::uint64_t i) { return symmetric(mix64(key + kGoldenGamma * i)); });
}

void fill_untouched(std::uint64_t seed, std::uint16_t node, std::uint64_t offset, std::uint8_t* out,
                    std::uint64_t count) {
  const std::uint64_t key = mix64(seed ^ (0xA5A5000000000000u | node));
  fill_words(offset, out, count, [key](std::uint64_t i) { return mix64(key ^ (i + kGoldenGamma)); });
}

}  // namespace moesaic
