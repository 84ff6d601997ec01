// SPDX-License-Identifier: Apache-2.0
// Whether an image saves what it computes: every byte of a token's result row (MOESAIC_OUTPUT) must be
// brought to memory by a store exactly once, in the iteration in which the token is in the layer, in either
// run mode. Weights and layer inputs must not be stored over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/context.h"
#include "hw/sram/storage.h"
#include "sc_main/run/batch.h"
#include "sc_main/run/run_result.h"
#include "sc_main/workload/tensor_map.h"

namespace moesaic {

class SavedOutputs {
 public:
  /// REQUIRES: `tensors` outlives this.
  SavedOutputs(const TensorMap& tensors, unsigned nodes);

  /// Empty, or what is wrong with the store, in one sentence. Before the tensors are sealed nothing counts.
  std::string stored(const Train& rows);
  /// Counts the rows of an iteration: those of tokens that have passed their layer must be there, and no
  /// others.
  void end_iteration(const Batch& batch);
  /// Adds its counts and violations. Call once, when the run has ended.
  void add_to(WorkCount& count) const;

 private:
  std::string stored(NodeId node, std::uint64_t begin, std::uint64_t end);

  void violation(std::string what);

  const TensorMap& tensors_;
  std::uint32_t iteration_ = 0;
  std::vector<ByteRanges> saved_;  // result rows of the iteration, by node
  std::uint64_t outputs_ = 0;
  std::vector<std::string> violations_;
  std::uint64_t violation_count_ = 0;
};

}  // namespace moesaic
