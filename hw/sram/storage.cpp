// SPDX-License-Identifier: Apache-2.0
#include "hw/sram/storage.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "tlm/divide.h"

namespace moesaic {

namespace {

std::uint32_t load_le32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 |
         std::uint32_t{p[3]} << 24;
}
void store_le32(std::uint8_t* p, std::uint32_t v) {
  for (unsigned i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(v >> (8 * i));
}

}  // namespace

void ByteRanges::add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto next = ranges_.upper_bound(begin);
  if (next != ranges_.begin() && std::prev(next)->second >= begin) {
    --next;
    begin = next->first;
  }
  while (next != ranges_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace(begin, end);
}

void ByteRanges::remove(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  auto next = ranges_.upper_bound(begin);
  if (next != ranges_.begin() && std::prev(next)->second > begin) --next;
  while (next != ranges_.end() && next->first < end) {
    const auto [first, last] = *next;
    next = ranges_.erase(next);
    if (first < begin) ranges_.emplace(first, begin);
    if (last > end) ranges_.emplace(end, last);
  }
}

bool ByteRanges::covers(std::uint64_t begin, std::uint64_t end) const {
  const auto next = ranges_.upper_bound(begin);
  return next != ranges_.begin() && std::prev(next)->second >= end;
}

bool ByteRanges::touches(std::uint64_t begin, std::uint64_t end) const {
  if (begin >= end) return false;
  const auto next = ranges_.lower_bound(end);  // begins behind the range
  return next != ranges_.begin() && std::prev(next)->second > begin;
}

Storage::Storage(std::uint64_t size_bytes) : pages_(divide_up(size_bytes, kPageBytes)) {}

void Storage::read(std::uint64_t offset, std::uint8_t* data, std::uint64_t bytes) const {
  while (bytes > 0) {
    const std::uint64_t in_page = offset % kPageBytes;
    const std::uint64_t n = std::min(bytes, kPageBytes - in_page);
    const auto& page = pages_[offset / kPageBytes];
    if (page) {
      std::memcpy(data, page.get() + in_page, n);
    } else {
      std::memset(data, 0, n);
    }
    offset += n;
    data += n;
    bytes -= n;
  }
}

void Storage::write(std::uint64_t offset, const std::uint8_t* data, std::uint64_t bytes) {
  while (bytes > 0) {
    const std::uint64_t in_page = offset % kPageBytes;
    const std::uint64_t n = std::min(bytes, kPageBytes - in_page);
    auto& page = pages_[offset / kPageBytes];
    if (!page) page = std::make_unique<std::uint8_t[]>(kPageBytes);
    std::memcpy(page.get() + in_page, data, n);
    offset += n;
    data += n;
    bytes -= n;
  }
}

void Storage::accumulate(std::uint64_t offset, const std::uint8_t* data, std::uint64_t bytes) {
  std::array<std::uint8_t, 1024> sum;
  while (bytes > 0) {
    const std::uint64_t n = std::min<std::uint64_t>(bytes, sum.size());
    read(offset, sum.data(), n);
    for (std::uint64_t i = 0; i < n; i += 4) {
      store_le32(&sum[i], load_le32(&sum[i]) + load_le32(&data[i]));
    }
    write(offset, sum.data(), n);
    offset += n;
    data += n;
    bytes -= n;
  }
}

}  // namespace moesaic
