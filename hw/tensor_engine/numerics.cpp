// SPDX-License-Identifier: Apache-2.0
#include "hw/tensor_engine/numerics.h"

#include <algorithm>
#include <array>
#include <vector>

namespace moesaic {

namespace {

// silu(q / 16) * 16, rounded half up, for q = -128 .. 127: three integer and four fraction bits on both
// sides. A literal, so that no result depends on a mathematics library.
constexpr std::array<std::int8_t, 256> kSilu{
    // clang-format off
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2,
    -2, -2, -2, -3, -3, -3, -3, -3, -3, -3, -3, -3, -3, -4, -4, -4,
    -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4,
    -4, -4, -4, -4, -4, -4, -3, -3, -3, -3, -2, -2, -2, -1, -1, 0,
    0, 1, 1, 2, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 11,
    12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
    28, 29, 30, 31, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 44, 45,
    46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 58, 59, 60, 61, 62,
    63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78,
    79, 80, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
    96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127
    // clang-format on
};

// 32768 * 2^(-i/16), rounded.
constexpr std::array<std::uint16_t, 16> kSixteenths{32768, 31379, 30048, 28774, 27554, 26386, 25268, 24196,
                                                    23170, 22188, 21247, 20347, 19484, 18658, 17867, 17109};

// Products of two int8 whose sum an int32 always holds: 65536 * 16384 = 2^30.
constexpr std::size_t kBlock = 65536;

std::int32_t wrapping_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

// The inner loops have the form that compilers turn into multiply-add instructions of 16-bit operands.
std::int32_t dot(const std::int16_t* x, const std::int8_t* w, std::size_t n) {
  std::int32_t total = 0;
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    const std::size_t end = std::min(n, begin + kBlock);
    std::int32_t sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += x[i] * static_cast<std::int16_t>(w[i]);
    total = wrapping_add(total, sum);
  }
  return total;
}

void add_multiple(std::int32_t* y, std::int16_t factor, const std::int8_t* w, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto product = static_cast<std::int16_t>(factor * w[i]);  // at most 2^14
    y[i] = wrapping_add(y[i], product);
  }
}

}  // namespace

std::int8_t activate(Activation activation, std::int8_t v) {
  switch (activation) {
    case Activation::relu:
      return std::max<std::int8_t>(v, 0);
    case Activation::silu:
      return kSilu[static_cast<std::size_t>(v + 128)];
    case Activation::identity:
      break;
  }
  return v;
}

std::uint32_t softmax_exponential(unsigned d) {
  return std::uint32_t{kSixteenths[d % 16]} >> (d / 16);
}

std::int8_t hidden_value(const HiddenRule& rule, std::int32_t gate_sum, std::int32_t up_sum,
                         std::uint16_t gate_q15) {
  const std::int64_t act = activate(rule.activation, requantise(gate_sum, rule.shift_pre));
  const std::int64_t up = rule.has_up ? requantise(up_sum, rule.shift_pre) : 1;
  return requantise(act * up * gate_q15, rule.shift_post);
}

void gemm_weight_rows(const std::int8_t* x, const std::int8_t* w, std::int32_t* y, std::size_t m,
                      std::size_t k, std::size_t n) {
  std::vector<std::int16_t> wide(k);
  for (std::size_t row = 0; row < m; ++row) {
    std::copy(x + row * k, x + (row + 1) * k, wide.begin());
    for (std::size_t column = 0; column < n; ++column) {
      std::int32_t& sum = y[row * n + column];
      sum = wrapping_add(sum, dot(wide.data(), w + column * k, k));
    }
  }
}

void gemm_weight_columns(const std::int8_t* x, std::size_t x_stride, const std::int8_t* w, std::int32_t* y,
                         std::size_t m, std::size_t k, std::size_t n) {
  for (std::size_t row = 0; row < m; ++row) {
    for (std::size_t i = 0; i < k; ++i) add_multiple(y + row * n, x[row * x_stride + i], w + i * n, n);
  }
}

void add_rows(std::int32_t* to, const std::int32_t* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] = wrapping_add(to[i], from[i]);
}

void softmax_row(const std::int8_t* scores, std::int32_t* weights, std::size_t n) {
  // 1. Exponentials of the distance to the largest score, so that none exceeds 1.0.
  const int largest = *std::max_element(scores, scores + n);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t p = softmax_exponential(static_cast<unsigned>(largest - scores[i]));
    weights[i] = static_cast<std::int32_t>(p);
    sum += p;
  }
  // 2. Normalised to Q0.15, rounded down.
  for (std::size_t i = 0; i < n; ++i) {
    weights[i] = static_cast<std::int32_t>((static_cast<std::uint64_t>(weights[i]) << 15) / sum);
  }
}

void attention(const std::int8_t* q, const std::int8_t* keys, const std::int8_t* values, std::int8_t* out,
               std::size_t m, std::size_t n, std::size_t d, unsigned shift_score) {
  std::vector<std::int32_t> sums(n);
  std::vector<std::int8_t> scores(n);
  std::vector<std::int32_t> mix(d);
  for (std::size_t row = 0; row < m; ++row) {
    // 1. Scores, requantised when complete.
    std::fill(sums.begin(), sums.end(), 0);
    gemm_weight_rows(q + row * d, keys, sums.data(), 1, d, n);
    for (std::size_t i = 0; i < n; ++i) scores[i] = requantise(sums[i], shift_score);
    // 2. Weights, and their mix of the values: at most 32768 * 128, no overflow.
    softmax_row(scores.data(), sums.data(), n);
    std::fill(mix.begin(), mix.end(), 0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < d; ++j) mix[j] += sums[i] * values[i * d + j];
    }
    for (std::size_t j = 0; j < d; ++j) out[row * d + j] = requantise(mix[j], 15);
  }
}

}  // namespace moesaic
