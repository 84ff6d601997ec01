// SPDX-License-Identifier: Apache-2.0
// Whether an image saves what it computes: every byte of every result row (MOESAIC_OUTPUT) must be brought to
// memory by a store exactly once, in either run mode. Weights and layer inputs must not be stored over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/context.h"
#include "hw/sram/storage.h"
#include "sc_main/run/run_result.h"
#include "sc_main/workload/tensor_map.h"

namespace moesaic {

class SavedOutputs {
 public:
  /// REQUIRES: `tensors` outlives this.
  SavedOutputs(const TensorMap& tensors, unsigned nodes, std::uint32_t layers, std::uint32_t tokens);

  /// Empty, or what is wrong with the store, in one sentence. Before the tensors are sealed nothing counts.
  std::string stored(const Train& rows);
  /// Adds its counts and violations. Call once, when the run has ended.
  void add_to(WorkCount& count) const;

 private:
  std::string stored(NodeId node, std::uint64_t begin, std::uint64_t end);

  const TensorMap& tensors_;
  std::uint32_t layers_;
  std::uint32_t tokens_;
  std::vector<ByteRanges> saved_;  // of result rows, by node
  std::vector<std::string> repeats_;
  std::uint64_t repeat_count_ = 0;
};

}  // namespace moesaic
