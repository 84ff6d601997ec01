// SPDX-License-Identifier: Apache-2.0
// The request traces that the peers were measured with (reference/dram_traces.py), by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/memory/channel_bench.h"
#include "tests/support/python_random.h"

namespace moesaic::memory_test {

inline std::vector<BenchRequest> interleaved_streams(std::uint32_t block, unsigned streams, std::size_t n) {
  PythonRandom random(block * 10 + streams);
  std::vector<std::uint64_t> base(streams);
  std::vector<std::uint32_t> offset(streams, block);
  std::vector<BenchRequest> out;
  while (out.size() < n) {
    for (unsigned s = 0; s < streams && out.size() < n; ++s) {
      if (offset[s] >= block) {
        base[s] = std::uint64_t{random.randrange((1U << 30) / block)} * block;
        offset[s] = 0;
      }
      out.push_back({base[s] + offset[s], 64, false});
      offset[s] += 64;
    }
  }
  return out;
}

/// a_seq, b_rand, c1_rand, c2_rowhit, c3_conflict, d_mix, e_{4K,64K}_x{1,2,4}; empty: no such trace.
inline std::vector<BenchRequest> peer_trace(const std::string& name) {
  constexpr std::size_t kMany = 131072, kFew = 20000;
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 30) - 1;
  std::vector<BenchRequest> out;
  if (name == "a_seq") {
    for (std::size_t i = 0; i < kMany; ++i) out.push_back({i * 64 & kMask, 64, false});
  } else if (name == "b_rand" || name == "c1_rand") {
    PythonRandom random(name == "b_rand" ? 1 : 2);
    const std::size_t n = name == "b_rand" ? kMany : kFew;
    for (std::size_t i = 0; i < n; ++i)
      out.push_back({std::uint64_t{random.randrange(1U << 24)} * 64, 64, false});
  } else if (name == "c2_rowhit") {
    out.assign(kFew, {0, 64, false});
  } else if (name == "c3_conflict") {
    for (std::size_t i = 0; i < kFew; ++i) out.push_back({(i & 1) << 20, 64, false});
  } else if (name == "d_mix") {
    PythonRandom random(3);
    for (std::size_t i = 0; i < kMany; ++i) {
      const bool read = random.random() < 0.5;
      out.push_back({i * 64 & kMask, 64, !read});
    }
  } else if (name.size() > 4 && name.compare(0, 2, "e_") == 0) {
    const auto kilobytes = static_cast<std::uint32_t>(std::stoul(name.substr(2)));
    return interleaved_streams(kilobytes * 1024, static_cast<unsigned>(name.back() - '0'), kMany);
  }
  return out;
}

}  // namespace moesaic::memory_test
