// SPDX-License-Identifier: Apache-2.0
// A slow model of a DRAM channel: half cycle by half cycle, one flat list of bursts, legality by searching
// the whole command history with the rules of dram_rules.h. It decides as controller_params.h says and serves
// to compare DramChannel with.
//
// Does not model: several channels, controller latencies.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/memory/command.h"
#include "hw/memory/params.h"

namespace moesaic::memory_test {

struct ReferenceRequest {
  std::uint64_t cycle = 0;  ///< arrival
  std::uint64_t address = 0;
  std::uint32_t bytes = 64;  ///< of one access
  bool write = false;
  // A train: `count` accesses, `stride` bytes and `period` cycles apart.
  std::uint32_t count = 1;
  std::uint64_t stride = 0;
  std::uint64_t period = 0;
};

struct ReferenceOutcome {
  std::vector<DramCommand> commands;
  std::uint64_t asleep = 0;  ///< half cycles powered down, up to the last waking
};

/// Until every request is served. REQUIRES: requests in order of arrival.
ReferenceOutcome reference_outcome(const MemoryParams& params, const std::vector<ReferenceRequest>& requests);

}  // namespace moesaic::memory_test
