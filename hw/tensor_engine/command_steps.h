// SPDX-License-Identifier: Apache-2.0
// Cuts a command into steps: what the array or the vector unit does, and which SRAM accesses go with it.
//
// Models: an engine with operand and result buffers. Every operand byte passes the SRAM port once per GEMM,
// at the even rate that brings the last one when the step's cycles end. A GEMM whose results go to SRAM is
// cut into column tiles and one step more than tiles, of equal length: step s reads the weights of tile s and
// writes the results of tile s-1, so that reading, computing and writing overlap and the cycles of all steps
// add up to the closed form of the whole GEMM.
// Does not model: the capacity of those buffers; re-reading of streamed operands per fold.
// A step ends when its cycles are over and its last access is answered.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/command.h"
#include "hw/tensor_engine/engine_timing.h"
#include "hw/tensor_engine/params.h"
#include "tlm/train.h"

namespace moesaic {

/// Buffers of the engine that accesses fill or empty.
enum class Operand : std::uint8_t {
  list,
  x,
  gate_weights,
  up_weights,
  tile_weights,
  gate_bias,
  up_bias,
  down_bias,
  keys,
  values,
  result,
  count
};

/// One SRAM transaction of a step. `train.address` is an SRAM offset; its bytes lie packed at `at` in the
/// operand.
struct StepAccess {
  Train train;
  Operand operand = Operand::x;
  std::uint64_t at = 0;
  bool write = false;
  bool accumulate = false;
  /// Port time it needs, in bytes.
  std::uint64_t cost() const { return train.bytes() * (accumulate ? 2 : 1); }
};

/// What the data path computes when a step begins, from operands that earlier steps have read.
enum class Work : std::uint8_t {
  gate_sums,
  up_sums,
  hidden,
  ffn_tile,
  gemm_tile,
  attention,
  pass_rows,
  fill
};

/// What the engine does. All but idle are busy time; `stall` is waiting for SRAM beyond a step's schedule.
enum class EnginePhase : std::uint8_t {
  idle,
  setup,
  list,
  gate,
  up,
  activation,
  down,
  gemm,
  attention,
  vector,
  stall
};
inline constexpr std::array<const char*, 11> kEnginePhaseNames{
    "idle", "setup", "list", "gate", "up", "activation", "down", "gemm", "attention", "vector", "stall"};

struct Step {
  EnginePhase phase = EnginePhase::idle;
  std::uint64_t compute_cycles = 0;
  std::uint64_t fill_cycles = 0;
  std::uint64_t vector_cycles = 0;
  std::vector<StepAccess> accesses;
  std::vector<Work> work;
  std::uint32_t tile_begin = 0;    ///< ffn_tile, gemm_tile: columns; pass_rows: rows
  std::uint32_t tile_columns = 0;  ///< the same
  std::uint64_t cycles() const { return compute_cycles + fill_cycles + vector_cycles; }
};

/// What a command costs beside time.
struct StepTotals {
  std::uint64_t macs = 0;
  std::uint64_t folds = 0;
  std::uint64_t vector_elements = 0;
};

struct StepPlan {
  std::vector<Step> steps;
  StepTotals totals;
};

inline constexpr std::uint32_t kLargestTrain = 65536;  ///< bytes
inline constexpr std::uint32_t kTiles = 4;             ///< column tiles of a GEMM with results in SRAM

/// The read of a token list.
Step list_step(std::uint32_t offset, std::uint32_t entries);
/// REQUIRES of all: every size is at least 1; `list` has the command's number of entries.
StepPlan plan(const TensorEngineParams& params, const FfnSlice& ffn, const std::vector<ListEntry>& list);
StepPlan plan(const TensorEngineParams& params, const Gemm& gemm);
StepPlan plan(const TensorEngineParams& params, const AttentionStep& attention);
/// `list` is empty when the command has none.
StepPlan plan(const TensorEngineParams& params, const Vector& vector, const std::vector<ListEntry>& list);

}  // namespace moesaic
