// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "tlm/tick.h"

namespace moesaic {

struct CommandProcessorStats {
  std::array<std::uint64_t, 10> commands{};  ///< completed, by CommandKind
  std::uint64_t descriptors = 0;             ///< 64-byte descriptors fetched, continuations included
  std::uint64_t completions = 0;             ///< completion entries written
  std::uint64_t signals = 0;                 ///< event additions at this die
  std::uint64_t remote_signals = 0;          ///< signals sent to other dies
  std::uint64_t mails = 0;                   ///< messages sent
  unsigned peak_queue = 0;                   ///< descriptors in the fullest command queue
  unsigned peak_inbox = 0;                   ///< messages in the fuller inbox
};

struct ControlCoreStats {
  std::uint64_t handlers = 0;
  std::uint64_t bus_accesses = 0;
  std::uint64_t bus_bytes = 0;
  std::uint64_t gate_results = 0;    ///< gate results read
  std::uint64_t charged_cycles = 0;  ///< by charge() and charging containers
  Tick busy = 0;                     ///< ticks executing handlers, bus accesses included
  std::uint64_t log_lines = 0;
};

}  // namespace moesaic
