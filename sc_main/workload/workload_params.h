// SPDX-License-Identifier: Apache-2.0
// What is run through the package: how many tokens and layers, and where their routing comes from.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tlm/field.h"

namespace moesaic {

/// A file of platforms/routing: either a trace (real decisions), or the figures from which the generator
/// draws synthetic ones.
struct RoutingParams {
  std::string trace;
  std::string source;
  double zipf_exponent = 0.0;
  std::vector<std::uint32_t> popularity;
  std::uint32_t active_experts = 0;
  double token_reuse = 0.0;
  double layer_correlation = 0.0;
  std::uint32_t clusters = 1;
  double cluster_affinity = 0.0;
};

template <class V>
void describe_fields(V& v, RoutingParams& p) {
  v(Field{"trace", "path",
          "CSV file, token_experts.json file, or folder of layer_<L>_token_experts.json files; empty: "
          "generate"},
    p.trace);
  v(Field{"source", "", "where the figures of this profile come from; printed with every result"}, p.source);
  v(Field{"zipf_exponent", "", "an expert of popularity rank r is drawn with weight r^-exponent", 0, 4},
    p.zipf_exponent);
  v(Field{"popularity", "",
          "weights by popularity rank, as many as there are experts or fewer are used; replaces "
          "zipf_exponent",
          0, 1e6},
    p.popularity);
  v(Field{"active_experts", "count", "experts of a layer that are ever drawn; 0: all", 0, 4096},
    p.active_experts);
  v(Field{"token_reuse", "", "probability that a choice repeats one of the previous token of the layer", 0,
          1},
    p.token_reuse);
  v(Field{"layer_correlation", "",
          "probability that a choice follows one of the same token in the previous layer", 0, 1},
    p.layer_correlation);
  v(Field{"clusters", "count",
          "groups of experts that tend to be chosen together; every token belongs to one, in all layers", 1,
          4096},
    p.clusters);
  v(Field{"cluster_affinity", "", "probability that a choice comes from the group of its token", 0, 1},
    p.cluster_affinity);
}

enum class LengthSpread : std::uint8_t { fixed, uniform, geometric };
constexpr std::array<const char*, 3> enum_names(LengthSpread) {
  return {"fixed", "uniform", "geometric"};
}

/// Whose tokens a batch is made of (requests.h).
struct RequestParams {
  double decode_share = 1.0;
  std::uint32_t prompt_tokens = 512;
  std::uint32_t output_tokens = 128;
  LengthSpread lengths = LengthSpread::geometric;
  std::string source = "synthetic";
};

template <class V>
void describe_fields(V& v, RequestParams& p) {
  v(Field{"decode_share", "",
          "share of an iteration's tokens that decode, one each of a request; the others read prompts", 0, 1},
    p.decode_share);
  v(Field{"prompt_tokens", "count", "mean length of a prompt", 1, 1'000'000}, p.prompt_tokens);
  v(Field{"output_tokens", "count", "mean length of an output", 1, 1'000'000}, p.output_tokens);
  v(Field{"lengths", "",
          "how lengths spread around their mean: not at all, from 1 to twice the mean, or with the same "
          "chance to end at every token"},
    p.lengths);
  v(Field{"source", "", "where these figures come from; printed with every result of several iterations", 1},
    p.source);
}

struct WorkloadParams {
  std::uint32_t tokens = 0;
  std::uint32_t layers = 1;
  std::uint32_t iterations = 1;
  std::uint32_t warmup_iterations = 0;
  RequestParams requests;
  std::vector<std::uint32_t> trace_layers;
  RoutingParams routing;

  std::uint32_t planned_iterations() const { return warmup_iterations + iterations; }
};

template <class V>
void describe_fields(V& v, WorkloadParams& p) {
  v(Field{"tokens", "count",
          "tokens of an iteration; 0: all tokens of the trace; token t of T starts on die floor(t * dies / "
          "T)",
          0, 65535},
    p.tokens);
  v(Field{"layers", "count", "layers that are simulated, one after the other", 1, 1024}, p.layers);
  v(Field{"iterations", "count", "iterations that are measured, each through all layers", 1, 10'000},
    p.iterations);
  v(Field{"warmup_iterations", "count", "iterations before them, which are not measured", 0, 10'000},
    p.warmup_iterations);
  v.group("requests", "whose tokens an iteration is made of", p.requests);
  v(Field{"trace_layers", "count", "layer numbers to take from the trace; empty: the first ones it has", 0,
          65535},
    p.trace_layers);
  v.group("routing", "which experts each token uses", p.routing);
}

}  // namespace moesaic
