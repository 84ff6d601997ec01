// SPDX-License-Identifier: Apache-2.0
// The arithmetic of the tensor engine, bit for bit: int8 operands, int32 accumulators, stated requantisation
// points. docs/numerics.md is its specification.
//
// Models: values. Does not model: time.
// No floating point: every result is the same on every machine, in every order of summation (int32 sums wrap
// around).
#pragma once

#include <cstddef>
#include <cstdint>

namespace moesaic {

enum class Activation : std::uint8_t { identity = 0, relu = 1, silu = 2 };
inline constexpr unsigned kActivations = 3;
inline constexpr unsigned kMaxShift = 31;
inline constexpr std::uint16_t kGateOne = 32768;  ///< gate weights are Q1.15

constexpr std::int8_t saturate8(std::int64_t v) {
  return static_cast<std::int8_t>(v < -128 ? -128 : v > 127 ? 127 : v);
}
/// Rounds half up, shifts arithmetically, saturates to int8. REQUIRES: shift <= kMaxShift.
constexpr std::int8_t requantise(std::int64_t v, unsigned shift) {
  return saturate8(shift == 0 ? v : (v + (std::int64_t{1} << (shift - 1))) >> shift);
}

/// Shift that brings x.W over `hidden` products of uniformly distributed int8 to a deviation of about 43.
constexpr std::uint8_t recommended_shift_pre(std::uint32_t hidden) {
  unsigned log2 = 0;
  while ((std::uint64_t{1} << log2) < hidden) ++log2;
  return static_cast<std::uint8_t>(7 + (log2 + 1) / 2);
}
/// Shift of act * up * gate: 15 for Q1.15 and 2 for the range.
inline constexpr std::uint8_t kRecommendedShiftPost = 17;

std::int8_t activate(Activation activation, std::int8_t v);

/// 2^(-d/16) in Q0.15, d = 0..255: the exponential of the softmax.
std::uint32_t softmax_exponential(unsigned d);

/// How an FFN slice gets from x.Wg and x.Wu to its int8 hidden value.
struct HiddenRule {
  Activation activation = Activation::identity;
  std::uint8_t shift_pre = 0;
  std::uint8_t shift_post = 0;
  bool has_up = true;  ///< false: the second factor is 1
};
std::int8_t hidden_value(const HiddenRule& rule, std::int32_t gate_sum, std::int32_t up_sum,
                         std::uint16_t gate_q15);

/// y[m][n] += sum over k of x[m][k] * w[n][k]; w has one row per column of y.
void gemm_weight_rows(const std::int8_t* x, const std::int8_t* w, std::int32_t* y, std::size_t m,
                      std::size_t k, std::size_t n);
/// y[m][n] += sum over k of x[m][k] * w[k][n]; w has one row per inner index. x rows are `x_stride` apart.
void gemm_weight_columns(const std::int8_t* x, std::size_t x_stride, const std::int8_t* w, std::int32_t* y,
                         std::size_t m, std::size_t k, std::size_t n);
/// to[i] += from[i], wrapping around.
void add_rows(std::int32_t* to, const std::int32_t* from, std::size_t count);

/// One row of scores (int8) to weights in Q0.15 whose sum is at most 32768.
void softmax_row(const std::int8_t* scores, std::int32_t* weights, std::size_t n);
/// One attention head: out[m][d] from q[m][d], keys[n][d], values[n][d].
void attention(const std::int8_t* q, const std::int8_t* keys, const std::int8_t* values, std::int8_t* out,
               std::size_t m, std::size_t n, std::size_t d, unsigned shift_score);

}  // namespace moesaic
