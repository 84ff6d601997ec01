// SPDX-License-Identifier: Apache-2.0
// The shape of a Mixture-of-Experts model, as its configuration file gives it.
//
// Models: the routed and shared experts of a layer: gate, up and down matrix each, int8 (docs/numerics.md).
// Does not model: attention weights, embeddings, the router's own matrix.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tlm/field.h"

namespace moesaic {

/// Numbered as in the FFN descriptor (firmware/sdk/descriptors.h).
enum class ModelActivation : std::uint8_t { identity = 0, relu = 1, silu = 2 };
constexpr std::array<const char*, 3> enum_names(ModelActivation) {
  return {"identity", "relu", "silu"};
}

struct ModelParams {
  std::string name;
  std::uint32_t hidden = 0;
  std::uint32_t expert_width = 0;
  std::uint32_t experts = 0;
  std::uint32_t shared_experts = 0;
  std::uint32_t top_k = 0;
  std::uint32_t layers = 0;
  ModelActivation activation = ModelActivation::silu;
  std::uint32_t heads = 1;
  std::uint32_t kv_heads = 1;
  std::uint32_t head_size = 128;

  std::uint32_t all_experts() const { return experts + shared_experts; }
  /// Bytes of the three matrices of one expert.
  std::uint64_t expert_bytes() const { return std::uint64_t{3} * hidden * expert_width; }
};

template <class V>
void describe_fields(V& v, ModelParams& p) {
  v(Field{"name", "", "name of the model in every output", 1}, p.name);
  v(Field{"hidden", "count", "hidden size D: elements of a token's activation, a multiple of 8", 8, 65528},
    p.hidden);
  v(Field{"expert_width", "count", "intermediate size F of one expert", 1, 65535}, p.expert_width);
  v(Field{"experts", "count", "routed experts of a layer", 1, 4096}, p.experts);
  v(Field{"shared_experts", "count", "experts that every token uses, with gate weight 1", 0, 64},
    p.shared_experts);
  v(Field{"top_k", "count", "routed experts a token uses", 1, 64}, p.top_k);
  v(Field{"layers", "count", "layers with experts", 1, 1024}, p.layers);
  v(Field{"activation", "", "function between the up and down matrices"}, p.activation);
  v(Field{"heads", "count", "attention heads", 1, 1024}, p.heads);
  v(Field{"kv_heads", "count", "key and value heads", 1, 1024}, p.kv_heads);
  v(Field{"head_size", "count", "elements of one attention head", 1, 4096}, p.head_size);
}

/// Right shift that requantises x.Wg and x.Wu to int8: keeps the spread of a dot product of `hidden` random
/// int8 pairs near the spread of its operands (docs/numerics.md).
constexpr std::uint8_t requantise_shift_before(std::uint32_t hidden) {
  unsigned log2 = 0;
  while ((std::uint64_t{1} << log2) < hidden) ++log2;
  return static_cast<std::uint8_t>(7 + (log2 + 1) / 2);
}
/// Right shift that requantises act * up * gate (Q1.15) to int8.
inline constexpr std::uint8_t kRequantiseShiftAfter = 17;

}  // namespace moesaic
