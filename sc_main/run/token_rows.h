// SPDX-License-Identifier: Apache-2.0
// Functional mode: the rows of tokens in memory, iteration by iteration. Input rows of tokens that come into
// the batch are written where the image has placed their places, as attention would have left them; result
// rows are read at the end of the iteration in which their token was in the layer, and compared at the end of
// the run with the reference.
//
// Contract: iteration 0 needs no input rows, they are there at boot. Accesses take no time.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "hw/package/package.h"
#include "sc_main/config/experiment.h"
#include "sc_main/run/batch.h"
#include "sc_main/run/run_result.h"
#include "sc_main/workload/reference.h"
#include "sc_main/workload/routing.h"
#include "sc_main/workload/tensor_map.h"

namespace moesaic {

class TokenRows {
 public:
  /// REQUIRES: all outlive this; `package` carries bytes.
  TokenRows(const Experiment& experiment, const Routing& routing, const TensorMap& tensors, Package& package)
      : experiment_(experiment), routing_(routing), tensors_(tensors), package_(package) {}

  /// When an iteration behind the first has begun.
  void bring_in(const Batch& batch);
  /// When an iteration is over.
  void take_out(const Batch& batch);
  FunctionalCheck compare(const std::vector<DroppedWork>& dropped) const;

 private:
  void access(std::uint64_t address, std::uint8_t* data, std::uint64_t bytes, bool write);

  const Experiment& experiment_;
  const Routing& routing_;
  const TensorMap& tensors_;
  Package& package_;
  /// Result rows by layer and number of the token in the run.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::int32_t>> results_;
};

}  // namespace moesaic
