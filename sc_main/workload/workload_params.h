// SPDX-License-Identifier: Apache-2.0
// What is run through the package: how many tokens and layers, and where their routing comes from.
#pragma once

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

struct WorkloadParams {
  std::uint32_t tokens = 0;
  std::uint32_t layers = 1;
  std::vector<std::uint32_t> trace_layers;
  RoutingParams routing;
};

template <class V>
void describe_fields(V& v, WorkloadParams& p) {
  v(Field{"tokens", "count",
          "tokens of the iteration; 0: all tokens of the trace; token t of T starts on die floor(t * dies / "
          "T)",
          0, 65535},
    p.tokens);
  v(Field{"layers", "count", "layers that are simulated, one after the other", 1, 1024}, p.layers);
  v(Field{"trace_layers", "count", "layer numbers to take from the trace; empty: the first ones it has", 0,
          65535},
    p.trace_layers);
  v.group("routing", "which experts each token uses", p.routing);
}

}  // namespace moesaic
