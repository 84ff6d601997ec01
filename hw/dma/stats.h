// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "tlm/tick.h"

namespace moesaic {

struct DmaStats {
  std::uint64_t loads = 0;         ///< commands
  std::uint64_t stores = 0;        ///< commands
  std::uint64_t sends = 0;         ///< commands
  std::uint64_t multicasts = 0;    ///< of the sends, those to several dies
  std::uint64_t loaded_bytes = 0;  ///< memory to SRAM
  std::uint64_t stored_bytes = 0;  ///< SRAM to memory
  std::uint64_t sent_bytes = 0;    ///< SRAM to another die's SRAM, counted at every destination
  std::uint64_t copied_bytes = 0;  ///< of the sent bytes, those that a multicast did not read again
  std::uint64_t remote_bytes = 0;  ///< of the loaded and stored bytes, those of another die's memory
  std::uint64_t chunks = 0;        ///< transactions issued
  Tick channel_busy = 0;           ///< ticks, summed over channels
  unsigned peak_channels = 0;      ///< channels busy at once
};

}  // namespace moesaic
