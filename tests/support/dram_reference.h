// SPDX-License-Identifier: Apache-2.0
// A slow model of a DRAM channel: half cycle by half cycle, one flat list of bursts, legality by searching
// the whole command history with the rules of dram_rules.h. It decides as controller_params.h says and serves
// to compare DramChannel with.
//
// Does not model: power-down, postponed refreshes, several channels, controller latencies, trains of more
// than one access.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/memory/command.h"
#include "hw/memory/params.h"

namespace moesaic::memory_test {

struct ReferenceRequest {
  std::uint64_t cycle = 0;  ///< arrival
  std::uint64_t address = 0;
  std::uint32_t bytes = 64;
  bool write = false;
};

/// Commands until every request is served. REQUIRES: requests in order of arrival.
std::vector<DramCommand> reference_commands(const MemoryParams& params,
                                            const std::vector<ReferenceRequest>& requests);

}  // namespace moesaic::memory_test
