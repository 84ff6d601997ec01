// SPDX-License-Identifier: Apache-2.0
// Readers of recorded routing decisions.
//
// Two forms. CSV `layer,token,expert_1,...,expert_k[,weight_1,...,weight_k]`: the header decides k, expert
// ids count from 0, weights are decimal fractions of 1. JSON `{"<token>": [ids], ...}`: one layer per file,
// whose number is in the name layer_<L>_token_experts.json (0 when it is not); a folder of such files is a
// trace of several layers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sc_main/config/problems.h"
#include "sc_main/workload/routing.h"

namespace moesaic {

/// One file or folder as read, before it is fitted to a model.
struct RoutingTrace {
  struct Row {
    std::uint32_t token = 0;
    Place place;
    std::vector<Choice> choices;
  };
  std::string source;
  std::uint32_t top_k = 0;
  std::uint32_t highest_expert = 0;
  bool weighted = false;
  std::map<std::uint32_t, std::vector<Row>> layers;  ///< by layer number; rows in file order
};

/// Throws a UserError that lists what is wrong with the file.
RoutingTrace read_trace_file(const std::string& path);

/// Takes the layers and tokens the workload asks for. Throws a UserError when the trace does not have them or
/// does not fit the model.
Routing read_routing_trace(const ModelParams& model, const WorkloadParams& workload, std::uint64_t seed,
                           const MatchingModels& matching_models);

}  // namespace moesaic
