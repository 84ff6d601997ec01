// SPDX-License-Identifier: Apache-2.0
// The texts of TopologyParams: pairs of dies, states of links, exceptions of the routing table. What cannot
// be read is appended to `bad`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moesaic {

struct DiePair {
  unsigned a = 0;
  unsigned b = 0;
};

struct SlowLink : DiePair {
  unsigned factor = 0;
};

struct DownLink : DiePair {
  std::uint64_t from_ns = 0;
};

struct TableEntry {
  unsigned here = 0;
  unsigned destination = 0;
  unsigned next = 0;
};

/// "0-1 1-2": pairs of dies. What cannot be read is appended to `bad`.
std::vector<DiePair> read_pairs(const std::string& text, std::vector<std::string>* bad = nullptr);

/// "0-1:2".
std::vector<SlowLink> read_slow(const std::string& text, std::vector<std::string>* bad = nullptr);

/// "0-1" or "0-1@2500".
std::vector<DownLink> read_down(const std::string& text, std::vector<std::string>* bad = nullptr);

/// "0>3:1": at die 0, packets to die 3 go to die 1.
std::vector<TableEntry> read_table(const std::string& text, std::vector<std::string>* bad = nullptr);

}  // namespace moesaic
