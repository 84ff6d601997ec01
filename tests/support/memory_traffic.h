// SPDX-License-Identifier: Apache-2.0
// The request traces that the peers were measured with, as a list for the bench of a channel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/memory/channel_bench.h"
#include "sc_main/memory/traffic.h"

namespace moesaic::memory_test {

/// a_seq, b_rand, c1_rand, c2_rowhit, c3_conflict, d_mix, e_{4K,64K}_x{1,2,4}: sc_main/memory/traffic.h.
inline std::vector<BenchRequest> peer_trace(const std::string& name) {
  TrafficChoice choice;
  choice.name = name;
  TrafficSource next = make_traffic(choice, std::uint64_t{1} << 30, 1);
  std::vector<BenchRequest> out;
  for (TrafficRequest r; next(r);) out.push_back({r.address, r.size, r.write});
  return out;
}

}  // namespace moesaic::memory_test
