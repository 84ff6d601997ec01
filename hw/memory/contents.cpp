// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/contents.h"

#include <algorithm>
#include <cstring>

namespace moesaic {

void ZeroContents::fill(NodeId, std::uint64_t, std::uint8_t* out, std::uint64_t bytes) const {
  std::memset(out, 0, bytes);
}

void BackingStore::read(std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const {
  if (pages_.empty()) {
    source_.fill(node_, offset, out, bytes);
    return;
  }
  while (bytes > 0) {
    const std::uint64_t within = offset % kPageBytes;
    const std::uint64_t part = std::min(bytes, kPageBytes - within);
    const auto page = pages_.find(offset / kPageBytes);
    if (page != pages_.end()) {
      std::memcpy(out, page->second.get() + within, part);
    } else {
      source_.fill(node_, offset, out, part);
    }
    offset += part;
    out += part;
    bytes -= part;
  }
}

void BackingStore::write(std::uint64_t offset, const std::uint8_t* in, std::uint64_t bytes) {
  while (bytes > 0) {
    const std::uint64_t within = offset % kPageBytes;
    const std::uint64_t part = std::min(bytes, kPageBytes - within);
    std::unique_ptr<std::uint8_t[]>& page = pages_[offset / kPageBytes];
    if (!page) {
      page = std::make_unique<std::uint8_t[]>(kPageBytes);
      if (part < kPageBytes) source_.fill(node_, offset - within, page.get(), kPageBytes);
    }
    std::memcpy(page.get() + within, in, part);
    offset += part;
    in += part;
    bytes -= part;
  }
}

}  // namespace moesaic
