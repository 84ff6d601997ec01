// SPDX-License-Identifier: Apache-2.0
#include "sc_main/workload/routing.h"

#include <algorithm>

#include "sc_main/workload/generator.h"
#include "sc_main/workload/procedural.h"
#include "sc_main/workload/routing_trace.h"

namespace moesaic {

std::vector<std::uint32_t> Routing::expert_loads(std::uint32_t layer) const {
  std::vector<std::uint32_t> loads(experts, 0);
  for (std::uint32_t token = 0; token < tokens; ++token)
    for (const Choice& choice : row(layer, token)) ++loads[choice.expert];
  return loads;
}

Routing make_routing(const ModelParams& model, const WorkloadParams& workload, std::uint64_t seed,
                     const MatchingModels& matching_models) {
  if (workload.routing.trace.empty()) return generate_routing(model, workload, seed);
  return read_routing_trace(model, workload, seed, matching_models);
}

void assign_procedural_gates(Routing& routing, std::uint64_t seed) {
  std::vector<std::uint32_t> raw(routing.top_k);
  for (std::uint32_t layer = 0; layer < routing.layers; ++layer)
    for (std::uint32_t token = 0; token < routing.tokens; ++token) {
      const std::uint64_t key = mix64(mix64(seed ^ 0x67617465u) ^ (std::uint64_t{layer} << 32 | token));
      std::uint64_t sum = 0;
      for (std::uint32_t rank = 0; rank < routing.top_k; ++rank) {
        // From 1/16 to 1 of the scale: no choice is so light that it does not count.
        raw[rank] = 4096 + static_cast<std::uint32_t>(mix64(key + rank * kGoldenGamma) % 61440);
        sum += raw[rank];
      }
      std::sort(raw.begin(), raw.end(), std::greater<>());
      Choice* choices = routing.mutable_row(layer, token);
      std::uint32_t rest = kFullGate;
      for (std::uint32_t rank = 0; rank < routing.top_k; ++rank) {
        choices[rank].gate_q15 = static_cast<std::uint16_t>(std::uint64_t{raw[rank]} * kFullGate / sum);
        rest -= choices[rank].gate_q15;
      }
      choices[0].gate_q15 = static_cast<std::uint16_t>(choices[0].gate_q15 + rest);
    }
}

}  // namespace moesaic
