// SPDX-License-Identifier: Apache-2.0
// The peers' devices (platforms/memories/peers) under controllers set up row by row of their measurements.
#pragma once

#include <string>
#include <vector>

#include "hw/memory/params.h"

namespace moesaic::memory_test {

/// One row of dram_measured.csv.
struct PeerRow {
  std::string simulator, device, policy, map, workload;
  unsigned outstanding = 0;  ///< 0: saturated
  double gbyte_per_s = 0.0, mean_ns = 0.0, p50_ns = 0.0, p99_ns = 0.0;

  bool ramulator() const { return simulator.compare(0, 9, "ramulator") == 0; }
};
std::vector<PeerRow> read_peer_rows(const std::string& path);

/// Our parameters for the row's device, map, queue and policy; false: not one of those we know how to set up.
bool configure(const PeerRow& row, MemoryParams& params);

// The devices, with every controller delay 0.
MemoryParams hbm2_ramulator();
MemoryParams hbm2_dramsys();
MemoryParams hbm3_ramulator();
MemoryParams lpddr4_3200();
MemoryParams lpddr4_4266();
MemoryParams lpddr5_ramulator();
MemoryParams ddr4_2400();
MemoryParams ddr5_4800();

}  // namespace moesaic::memory_test
