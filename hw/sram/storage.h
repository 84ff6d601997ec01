// SPDX-License-Identifier: Apache-2.0
// The bytes of an SRAM, and which of them a control core wrote last.
//
// Models: contents, in pages allocated when first written (unwritten bytes read as zero); the ranges of
// control data, which are real in both run modes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace moesaic {

/// A set of byte ranges.
class ByteRanges {
 public:
  void add(std::uint64_t begin, std::uint64_t end);
  void remove(std::uint64_t begin, std::uint64_t end);
  /// All bytes of [begin, end) are in the set.
  bool covers(std::uint64_t begin, std::uint64_t end) const;
  /// At least one byte of [begin, end) is in the set.
  bool touches(std::uint64_t begin, std::uint64_t end) const;
  bool empty() const { return ranges_.empty(); }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin -> end; disjoint, not touching
};

class Storage {
 public:
  explicit Storage(std::uint64_t size_bytes);

  /// REQUIRES of all three: offset + bytes <= size.
  void read(std::uint64_t offset, std::uint8_t* data, std::uint64_t bytes) const;
  void write(std::uint64_t offset, const std::uint8_t* data, std::uint64_t bytes);
  /// Adds int32 elements, little endian, wrapping around. REQUIRES: bytes % 4 == 0.
  void accumulate(std::uint64_t offset, const std::uint8_t* data, std::uint64_t bytes);

 private:
  static constexpr std::uint64_t kPageBytes = 4096;
  std::vector<std::unique_ptr<std::uint8_t[]>> pages_;
};

}  // namespace moesaic
