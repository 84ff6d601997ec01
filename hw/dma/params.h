// SPDX-License-Identifier: Apache-2.0
// Parameters of a die's DMA engine.
#pragma once

#include <cstdint>

#include "tlm/field.h"

namespace moesaic {

struct DmaParams {
  std::uint64_t hz = 800'000'000;
  unsigned channels = 4;
  std::uint32_t chunk_bytes = 4096;
  unsigned outstanding_chunks = 4;
  unsigned setup_cycles = 8;
};

template <class V>
void describe_fields(V& v, DmaParams& p) {
  v(Field{"hz", "Hz", "clock of the DMA engine", 1e6, 1e10}, p.hz);
  v(Field{"channels", "count", "transfers in progress at once", 1, 16}, p.channels);
  v(Field{"chunk_bytes", "bytes", "largest transaction a channel issues", 64, 65536, true}, p.chunk_bytes);
  v(Field{"outstanding_chunks", "count", "chunks a channel may have under way; its buffer holds them", 1, 64},
    p.outstanding_chunks);
  v(Field{"setup_cycles", "cycles", "from a command's start to its first request", 0, 10000}, p.setup_cycles);
}

}  // namespace moesaic
