// SPDX-License-Identifier: Apache-2.0
// The arithmetic of docs/numerics.md, by hand-made examples and plain loops.
#include <cmath>
#include <random>
#include <vector>

#include "hw/tensor_engine/numerics.h"
#include "sc_main/workload/reference.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {
std::vector<std::int8_t> random_int8(std::mt19937& random, std::size_t n) {
  std::vector<std::int8_t> values(n);
  for (auto& v : values) v = static_cast<std::int8_t>(random());
  return values;
}
}  // namespace

TEST_CASE("requantisation rounds half up, shifts arithmetically and saturates", "[tensor_engine]") {
  CHECK(requantise(5, 0) == 5);
  CHECK(requantise(200, 0) == 127);
  CHECK(requantise(-200, 0) == -128);
  CHECK(requantise(5, 1) == 3);    // 2.5
  CHECK(requantise(-5, 1) == -2);  // -2.5
  CHECK(requantise(-6, 2) == -1);  // -1.5
  CHECK(requantise(127 * 4 + 1, 2) == 127);
  CHECK(requantise(127 * 4 + 2, 2) == 127);
  CHECK(requantise(std::int64_t{1} << 40, 31) == 127);
  CHECK(requantise(-(std::int64_t{1} << 40), 31) == -128);
}

TEST_CASE("the SiLU table is the rounded function, and the reference has the same one", "[tensor_engine]") {
  for (int q = -128; q < 128; ++q) {
    const double x = q / 16.0;
    const double exact = x / (1.0 + std::exp(-x)) * 16.0;
    const int entry = activate(Activation::silu, static_cast<std::int8_t>(q));
    CHECK(std::abs(entry - exact) <= 0.5 + 1e-9);
    CHECK(entry == reference_silu()[static_cast<std::size_t>(q + 128)]);
  }
  CHECK(activate(Activation::relu, -5) == 0);
  CHECK(activate(Activation::relu, 5) == 5);
  CHECK(activate(Activation::identity, -5) == -5);
}

TEST_CASE("the hidden value is requantised before and after the product, once each", "[tensor_engine]") {
  HiddenRule rule{Activation::identity, 4, 17, true};
  // 1000 / 16 = 62.5 -> 63; -500 / 16 = -31.25 -> -31; 63 * -31 * 16384 / 2^17 = -244.1 -> -128
  CHECK(hidden_value(rule, 1000, -500, 16384) == -128);
  rule.shift_post = 20;  // -30.5 -> -31 (half up: -30.516)
  CHECK(hidden_value(rule, 1000, -500, 16384) == -31);
  rule.has_up = false;  // 63 * 32768 / 2^20 = 1.97
  CHECK(hidden_value(rule, 1000, 12345, kGateOne) == 2);
  rule.activation = Activation::relu;
  CHECK(hidden_value(rule, -1000, 0, kGateOne) == 0);
}

TEST_CASE("the matrix products equal plain loops, also when sums wrap around", "[tensor_engine]") {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const std::size_t m = 1 + random() % 5, k = 1 + random() % 80, n = 1 + random() % 40;
    const auto x = random_int8(random, m * k);
    const auto w = random_int8(random, n * k);
    const std::int32_t start = round % 2 == 0 ? 0 : INT32_MAX - 100;
    std::vector<std::int32_t> rows(m * n, start), columns(m * n, start);
    std::vector<std::int8_t> transposed(k * n);
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j < n; ++j) transposed[i * n + j] = w[j * k + i];
    gemm_weight_rows(x.data(), w.data(), rows.data(), m, k, n);
    gemm_weight_columns(x.data(), k, transposed.data(), columns.data(), m, k, n);
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        std::int64_t sum = start;
        for (std::size_t q = 0; q < k; ++q) sum += x[i * k + q] * w[j * k + q];
        const auto wrapped = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum));
        REQUIRE(rows[i * n + j] == wrapped);
        REQUIRE(columns[i * n + j] == wrapped);
      }
  }
}

TEST_CASE("the largest sums of the documented bound fit an int32", "[tensor_engine]") {
  // Hidden size 65536 of extreme operands, the largest block of the inner loop, and two more.
  const std::size_t k = 65536 + 2;
  const std::vector<std::int8_t> x(k, -128);
  std::int32_t y = 0;
  gemm_weight_rows(x.data(), x.data(), &y, 1, k, 1);
  CHECK(y == static_cast<std::int32_t>(16384 * k));
  // docs/numerics.md: F * (k + shared) <= 131071.
  CHECK(std::int64_t{131071} * 16384 <= INT32_MAX);
  CHECK(std::int64_t{131072} * 16384 > INT32_MAX);
}

TEST_CASE("softmax weights are powers of two of the distance, normalised downwards", "[tensor_engine]") {
  CHECK(softmax_exponential(0) == 32768);
  CHECK(softmax_exponential(16) == 16384);
  CHECK(softmax_exponential(1) == 31379);
  CHECK(softmax_exponential(255) == 0);  // 17109 >> 15
  const std::vector<std::int8_t> scores{16, 0, 16};
  std::vector<std::int32_t> weights(3);
  softmax_row(scores.data(), weights.data(), 3);
  CHECK(weights == std::vector<std::int32_t>{13107, 6553, 13107});  // 0.4, 0.2, 0.4
  for (unsigned d = 0; d < 256; ++d) {
    CHECK(std::abs(softmax_exponential(d) - 32768.0 * std::exp2(-static_cast<int>(d) / 16.0)) < 1.5);
  }
}

TEST_CASE("attention equals its definition, element by element", "[tensor_engine]") {
  std::mt19937 random(4);
  const std::size_t m = 3, n = 17, d = 24;
  const unsigned shift = 9;
  const auto q = random_int8(random, m * d), keys = random_int8(random, n * d);
  const auto values = random_int8(random, n * d);
  std::vector<std::int8_t> out(m * d);
  attention(q.data(), keys.data(), values.data(), out.data(), m, n, d, shift);
  for (std::size_t row = 0; row < m; ++row) {
    std::vector<int> score(n);
    for (std::size_t i = 0; i < n; ++i) {
      std::int64_t s = 0;
      for (std::size_t j = 0; j < d; ++j) s += q[row * d + j] * keys[i * d + j];
      score[i] = requantise(s, shift);
    }
    const int largest = *std::max_element(score.begin(), score.end());
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += softmax_exponential(static_cast<unsigned>(largest - score[i]));
    for (std::size_t j = 0; j < d; ++j) {
      std::int64_t mix = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint64_t p = softmax_exponential(static_cast<unsigned>(largest - score[i]));
        mix += static_cast<std::int64_t>((p << 15) / sum) * values[i * d + j];
      }
      REQUIRE(out[row * d + j] == requantise(mix, 15));
    }
  }
}

TEST_CASE("the recommended shifts keep random operands inside int8 without wasting its range",
          "[tensor_engine]") {
  CHECK(recommended_shift_pre(2048) == 13);
  CHECK(recommended_shift_pre(4096) == 13);
  CHECK(recommended_shift_pre(1) == 7);
  std::mt19937 random(5);
  const std::size_t hidden = 2048, count = 400;
  int saturated = 0;
  std::int64_t squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = random_int8(random, hidden), w = random_int8(random, hidden);
    std::int32_t sum = 0;
    gemm_weight_rows(x.data(), w.data(), &sum, 1, hidden, 1);
    const int v = requantise(sum, recommended_shift_pre(hidden));
    saturated += v == 127 || v == -128;
    squares += v * v;
  }
  const double deviation = std::sqrt(static_cast<double>(squares) / count);
  CHECK(deviation > 20.0);
  CHECK(deviation < 60.0);
  CHECK(saturated < 20);
}
