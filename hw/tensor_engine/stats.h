// SPDX-License-Identifier: Apache-2.0
// Counters of a die's tensor engine. busy = setup + compute + fill + vector + sram_stall, exactly.
#pragma once

#include <cstdint>

#include "tlm/tick.h"

namespace moesaic {

struct TensorEngineStats {
  std::uint64_t ffn_slices = 0;       ///< FFN commands that retired
  std::uint64_t gemms = 0;            ///< GEMM commands that retired
  std::uint64_t attentions = 0;       ///< attention commands that retired
  std::uint64_t vectors = 0;          ///< vector commands that retired
  std::uint64_t failed = 0;           ///< commands that ended with misuse or poison
  std::uint64_t macs = 0;             ///< int8 multiply-accumulates of the commands' shapes, padding excluded
  std::uint64_t folds = 0;            ///< array folds
  std::uint64_t vector_elements = 0;  ///< elements through the vector unit
  std::uint64_t ffn_tokens = 0;       ///< token list entries of retired FFN slices
  std::uint64_t bytes_read = 0;       ///< bytes asked of SRAM
  std::uint64_t bytes_written = 0;    ///< bytes sent to SRAM
  Tick busy = 0;                      ///< ticks with a command in execution
  Tick setup = 0;                     ///< ticks before the first access of a command
  Tick compute = 0;                   ///< ticks in which operands stream through the array
  Tick fill = 0;                      ///< ticks of weight load, fill and drain that compute did not hide
  Tick vector = 0;                    ///< ticks of the vector unit
  Tick sram_stall = 0;                ///< ticks the engine waited for SRAM beyond its own schedule
};

}  // namespace moesaic
