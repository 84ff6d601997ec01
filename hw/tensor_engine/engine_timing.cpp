// SPDX-License-Identifier: Apache-2.0
#include "hw/tensor_engine/engine_timing.h"

#include <algorithm>

namespace moesaic {

namespace {

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

// One stationary operand of `folds` folds, `streamed` rows through each; `load` cycles to bring a fold in (0:
// nothing is loaded, the results stay).
GemmTime schedule(const TensorEngineParams& p, std::uint64_t folds, std::uint64_t streamed,
                  std::uint64_t load, std::uint64_t smallest_period) {
  const std::uint64_t skew = std::uint64_t{p.rows} + p.columns - 2;
  const std::uint64_t total = p.double_buffered_weights
                                  ? load + (folds - 1) * std::max(streamed, smallest_period) + streamed + skew
                                  : folds * (load + streamed + skew);
  return {folds, folds * streamed, total - folds * streamed};
}

}  // namespace

GemmTime gemm_time(const TensorEngineParams& p, const GemmShape& s) {
  const std::uint64_t rows = p.rows;
  const std::uint64_t columns = p.columns;
  // The chain of R registers per column takes R cycles, more when a row of weights takes more than one.
  const std::uint64_t load = std::max(rows, divide_up(rows * columns, p.weight_load_bytes_per_cycle));
  switch (p.dataflow) {
    case Dataflow::weight_stationary:
      return schedule(p, divide_up(s.k, rows) * divide_up(s.n, columns), s.m, load, load);
    case Dataflow::input_stationary:
      return schedule(p, divide_up(s.k, rows) * divide_up(s.m, columns), s.n, load, load);
    case Dataflow::output_stationary:
      // Results leave through a second register per PE, R cycles for a column of them.
      return schedule(p, divide_up(s.m, rows) * divide_up(s.n, columns), s.k, 0, rows);
    case Dataflow::ideal:
      break;
  }
  return {1, divide_up(s.macs(), rows * columns), 0};
}

}  // namespace moesaic
