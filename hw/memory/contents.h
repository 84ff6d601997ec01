// SPDX-License-Identifier: Apache-2.0
// The bytes of a memory: what it contains at boot, and what stores have changed since.
//
// Models: contents only; has no time. Pages are materialised when first written; everything else comes from
// the procedural source, so a memory of many gigabytes costs only what was stored to it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "tlm/address_map.h"

namespace moesaic {

/// Contract: the contents of a memory at boot, a pure function of node and offset; called at any time, in any
/// order, with ranges inside the capacity.
class ContentSource {
 public:
  virtual void fill(NodeId node, std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const = 0;

 protected:
  ~ContentSource() = default;
};

/// Every byte is zero; for tests and platforms without registered contents.
class ZeroContents final : public ContentSource {
 public:
  void fill(NodeId node, std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const override;
};

class BackingStore {
 public:
  /// REQUIRES: `source` outlives the store.
  BackingStore(NodeId node, const ContentSource& source) : node_(node), source_(source) {}

  void read(std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const;
  void write(std::uint64_t offset, const std::uint8_t* in, std::uint64_t bytes);
  /// Pages that differ from the source in identity, not necessarily in value.
  std::size_t pages() const { return pages_.size(); }

  static constexpr std::uint64_t kPageBytes = 4096;

 private:
  NodeId node_;
  const ContentSource& source_;
  std::map<std::uint64_t, std::unique_ptr<std::uint8_t[]>> pages_;  // page number -> bytes
};

}  // namespace moesaic
