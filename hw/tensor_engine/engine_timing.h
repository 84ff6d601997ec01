// SPDX-License-Identifier: Apache-2.0
// Cycles of a GEMM on the systolic array.
//
// Models: SCALE-Sim's closed forms when every fold pays its own load, fill and drain (F * p; SCALE-Sim v3.0.0
// reports F * p - 1), and the overlap of a second stationary register per PE with a swap flag that travels
// with the data: T = L + (F - 1) * max(S, L) + (S + R + C - 2) for S streamed rows and a load of L cycles. An
// output-stationary array loads nothing; its second register lets results leave, in R cycles, under the next
// fold. Where folds cost what they occupy (partial_folds), R, C and L are those of each fold; the row tiles
// of a column tile follow each other, then the next column tile comes.
// An ideal array takes MACs / peak, or row_quantum_cycles' multiples row by row.
// Does not model: SRAM (operands are there when needed: hw/tensor_engine/tensor_engine.h adds what is not).
#pragma once

#include <cstdint>

#include "hw/tensor_engine/params.h"

namespace moesaic {

/// y[m][n] = x[m][k] . w[k][n]. All at least 1.
struct GemmShape {
  std::uint64_t m = 0;
  std::uint64_t k = 0;
  std::uint64_t n = 0;
  std::uint64_t macs() const { return m * k * n; }
};

struct GemmTime {
  std::uint64_t folds = 0;
  std::uint64_t compute_cycles = 0;  ///< operands stream through the array: folds * streamed rows
  std::uint64_t fill_cycles = 0;     ///< load, fill and drain that streaming does not hide
  std::uint64_t cycles() const { return compute_cycles + fill_cycles; }
};

GemmTime gemm_time(const TensorEngineParams& params, const GemmShape& shape);

}  // namespace moesaic
