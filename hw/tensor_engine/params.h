// SPDX-License-Identifier: Apache-2.0
// Parameters of a die's tensor engine. Defaults: 2048 MACs at 800 MHz (FSE-DP, arXiv 2603.27624 Tab. I; the
// geometry is not published) as 32 rows x 64 columns, weight-stationary with a second weight register in
// every PE, as in Gemmini and TPU v1.
#pragma once

#include <array>
#include <cstdint>

#include "tlm/field.h"

namespace moesaic {

/// What stays in a PE while the other operands stream; `ideal` has no fill, drain or edge losses.
enum class Dataflow : std::uint8_t { weight_stationary, output_stationary, input_stationary, ideal };
constexpr std::array<const char*, 4> enum_names(Dataflow) {
  return {"weight_stationary", "output_stationary", "input_stationary", "ideal"};
}

/// What a fold costs that does not fill the array: the same, or what the rows and columns it occupies cost.
/// The second takes bypasses around the others.
enum class PartialFolds : std::uint8_t { whole_array, occupied_part };
constexpr std::array<const char*, 2> enum_names(PartialFolds) {
  return {"whole_array", "occupied_part"};
}

struct TensorEngineParams {
  std::uint32_t rows = 32;
  std::uint32_t columns = 64;
  std::uint64_t hz = 800'000'000;
  Dataflow dataflow = Dataflow::weight_stationary;
  bool double_buffered_weights = true;
  PartialFolds partial_folds = PartialFolds::whole_array;
  bool drain_counts = false;
  std::uint32_t row_quantum_cycles = 0;
  std::uint32_t weight_load_bytes_per_cycle = 64;
  std::uint32_t vector_lanes = 64;
  std::uint32_t sram_port_bytes_per_cycle = 512;
  std::uint32_t setup_cycles = 16;
};

template <class V>
void describe_fields(V& v, TensorEngineParams& p) {
  v(Field{"rows", "count", "rows of the array", 1, 4096}, p.rows);
  v(Field{"columns", "count", "columns of the array", 1, 4096}, p.columns);
  v(Field{"hz", "Hz", "clock", 1e6, 1e10}, p.hz);
  v(Field{"dataflow", "", "operand that stays in the array; ideal is MACs / peak"}, p.dataflow);
  v(Field{"double_buffered_weights", "",
          "a second register per PE hides the load of the next fold (output_stationary: the results of the "
          "last)"},
    p.double_buffered_weights);
  v(Field{"partial_folds", "", "what a fold that does not fill the array costs"}, p.partial_folds);
  v(Field{"drain_counts", "",
          "output_stationary: the cycles, one a row, in which results leave through the array count; "
          "SCALE-Sim "
          "leaves them out"},
    p.drain_counts);
  v(Field{"row_quantum_cycles", "cycles",
          "ideal: every row of a product takes a multiple of so many cycles; 0: products end when their MACs "
          "do",
          0, 100000},
    p.row_quantum_cycles);
  v(Field{"weight_load_bytes_per_cycle", "bytes",
          "supply of stationary operands; below one byte per column it lengthens every fold", 1, 65536},
    p.weight_load_bytes_per_cycle);
  v(Field{"vector_lanes", "count", "int32 elements the vector unit takes per cycle", 1, 65536},
    p.vector_lanes);
  v(Field{"sram_port_bytes_per_cycle", "bytes", "access size of the engine's SRAM port", 1, 65536, true},
    p.sram_port_bytes_per_cycle);
  v(Field{"setup_cycles", "cycles", "from the start of a command to its first access", 0, 100000},
    p.setup_cycles);
}

}  // namespace moesaic
