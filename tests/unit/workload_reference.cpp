// SPDX-License-Identifier: Apache-2.0
// The functional reference against the definition written as plainly as possible.
#include "sc_main/workload/reference.h"

#include <algorithm>

#include "firmware/sdk/abi.h"
#include "hw/tensor_engine/numerics.h"
#include "sc_main/workload/procedural.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

ModelParams small_model(ModelActivation activation = ModelActivation::silu) {
  ModelParams m;
  m.name = "small";
  m.hidden = 40;
  m.expert_width = 13;
  m.experts = 5;
  m.shared_experts = 2;
  m.top_k = 3;
  m.layers = 2;
  m.activation = activation;
  return m;
}

Routing small_routing(const ModelParams& m) {
  WorkloadParams w;
  w.tokens = 7;
  w.layers = 2;
  w.routing.source = "test";
  return make_routing(m, w, 3);
}

std::int64_t element(std::uint8_t kind, std::uint32_t layer, std::uint32_t expert, std::uint32_t row,
                     std::uint32_t column) {
  std::uint8_t byte = 0;
  fill_row(row_key(3, {kind, static_cast<std::uint16_t>(layer), static_cast<std::uint16_t>(expert), row}),
           column, &byte, 1);
  return static_cast<std::int8_t>(byte);
}

std::int64_t shrink(std::int64_t v, int shift) {
  return std::clamp<std::int64_t>((v + (std::int64_t{1} << (shift - 1))) >> shift, -128, 127);
}

/// The definition of docs/numerics.md, element by element.
std::int32_t naive(const ModelParams& m, std::uint32_t layer, std::uint32_t token, std::uint32_t d,
                   std::uint32_t expert, std::uint32_t gate) {
  std::int64_t y = 0;
  for (std::uint32_t f = 0; f < m.expert_width; ++f) {
    std::int64_t g = 0, u = 0;
    for (std::uint32_t i = 0; i < m.hidden; ++i) {
      const std::int64_t x = element(MOESAIC_ACTIVATIONS, layer, 0, token, i);
      g += x * element(MOESAIC_GATE_WEIGHTS, layer, expert, f, i);
      u += x * element(MOESAIC_UP_WEIGHTS, layer, expert, f, i);
    }
    std::int64_t a = shrink(g, 10);  // 7 + ceil(ceil(log2 40) / 2)
    if (m.activation == ModelActivation::silu) a = reference_silu()[static_cast<std::size_t>(a + 128)];
    if (m.activation == ModelActivation::relu) a = std::max<std::int64_t>(a, 0);
    y += shrink(a * shrink(u, 10) * gate, 17) * element(MOESAIC_DOWN_WEIGHTS, layer, expert, f, d);
  }
  return static_cast<std::int32_t>(y);
}

}  // namespace

TEST_CASE("the reference equals the definition, element by element", "[workload]") {
  for (const auto activation : {ModelActivation::silu, ModelActivation::relu, ModelActivation::identity}) {
    const ModelParams m = small_model(activation);
    const Routing r = small_routing(m);
    const auto y = reference_layer(m, r, 1, 3);
    REQUIRE(y.size() == 7u * 40);
    for (std::uint32_t token = 0; token < 7; ++token)
      for (std::uint32_t d = 0; d < 40; ++d) {
        std::int32_t expected = naive(m, 1, token, d, 5, 32768) + naive(m, 1, token, d, 6, 32768);
        for (const Choice& c : r.row(1, token)) expected += naive(m, 1, token, d, c.expert, c.gate_q15);
        REQUIRE(y[token * 40 + d] == expected);
      }
  }
}

TEST_CASE("a dropped pair is missing from its token and from nothing else", "[workload]") {
  const ModelParams m = small_model();
  const Routing r = small_routing(m);
  const Choice gone = r.row(0, 2)[1];
  const auto all = reference_layer(m, r, 0, 3);
  const auto less = reference_layer(m, r, 0, 3, {{0, gone.expert, 2}, {1, r.row(1, 4)[0].expert, 4}});
  for (std::uint32_t token = 0; token < 7; ++token)
    for (std::uint32_t d = 0; d < 40; ++d) {
      const std::int32_t part = token == 2 ? naive(m, 0, 2, d, gone.expert, gone.gate_q15) : 0;
      REQUIRE(all[token * 40 + d] - less[token * 40 + d] == part);
    }
}

TEST_CASE("seed, layer and token all change the result", "[workload]") {
  const ModelParams m = small_model();
  const Routing r = small_routing(m);
  CHECK(reference_layer(m, r, 0, 3) != reference_layer(m, r, 0, 4));
  CHECK(reference_layer(m, r, 0, 3) != reference_layer(m, r, 1, 3));
  const auto y = reference_layer(m, r, 0, 3);
  CHECK_FALSE(std::equal(y.begin(), y.begin() + 40, y.begin() + 40));
}

TEST_CASE("values keep their spread through the layer", "[workload]") {
  // With shifts too small everything saturates, with shifts too large everything is zero: either would hide
  // errors from the comparison.
  for (const std::uint32_t hidden : {32u, 2048u}) {
    ModelParams m = small_model();
    m.hidden = hidden;
    m.expert_width = 64;
    const auto y = reference_layer(m, small_routing(m), 0, 3);
    double square = 0;
    for (const std::int32_t v : y) square += double(v) * v;
    const double spread = square / double(y.size()) / (64.0 * 5);  // per column of F, five experts: h^2 * w^2
    CHECK(spread > 100.0);
    CHECK(spread < 127.0 * 127.0 * 127.0 * 127.0 / 9);
  }
}

TEST_CASE("engine and reference have the same activation table and shifts", "[workload]") {
  for (int q = -128; q < 128; ++q)
    CHECK(activate(Activation::silu, static_cast<std::int8_t>(q)) ==
          reference_silu()[static_cast<std::size_t>(q + 128)]);
  for (const std::uint32_t hidden : {8u, 32u, 33u, 2048u, 4096u, 65528u})
    CHECK(requantise_shift_before(hidden) == recommended_shift_pre(hidden));
  CHECK(kRequantiseShiftAfter == kRecommendedShiftPost);
}
