// SPDX-License-Identifier: Apache-2.0
// Which experts each token uses in each layer, with which gate weights.
//
// Contract: made once before the simulation, then read only. Choices of a token are distinct experts, in the
// order of the router (most preferred first).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sc_main/workload/model.h"
#include "sc_main/workload/workload_params.h"

namespace moesaic {

struct Choice {
  std::uint16_t expert = 0;
  std::uint16_t gate_q15 = 0;  ///< Q1.15; 32768 is 1.0
};

inline constexpr std::uint32_t kFullGate = 32768;

/// The choices of one token in one layer; valid as long as its Routing.
class ChoiceRow {
 public:
  ChoiceRow(const Choice* first, std::size_t size) : first_(first), size_(size) {}
  const Choice* begin() const { return first_; }
  const Choice* end() const { return first_ + size_; }
  std::size_t size() const { return size_; }
  const Choice& operator[](std::size_t i) const { return first_[i]; }

 private:
  const Choice* first_;
  std::size_t size_;
};

struct Routing {
  bool synthetic = false;
  std::string source;  ///< file, or the generator's profile with its citation
  std::uint32_t layers = 0;
  std::uint32_t tokens =
      0;  ///< of the run: token n is planned for place n % batch() of iteration n / batch()
  std::uint32_t iterations = 1;  ///< planned
  std::uint32_t top_k = 0;
  std::uint32_t experts = 0;
  std::vector<std::uint32_t>
      trace_layers;             ///< number of each layer in the file it came from; empty: generated
  std::vector<Choice> choices;  ///< [layer][token][rank]

  ChoiceRow row(std::uint32_t layer, std::uint32_t token) const {
    return {choices.data() + (std::size_t{layer} * tokens + token) * top_k, top_k};
  }
  Choice* mutable_row(std::uint32_t layer, std::uint32_t token) {
    return choices.data() + (std::size_t{layer} * tokens + token) * top_k;
  }
  /// Tokens of an iteration.
  std::uint32_t batch() const { return tokens / iterations; }
  /// Tokens of each expert in a layer.
  std::vector<std::uint32_t> expert_loads(std::uint32_t layer) const;
};

/// Names of models that would fit a trace: top_k choices, expert ids up to `highest`. For remedies.
using MatchingModels = std::function<std::vector<std::string>(std::uint32_t top_k, std::uint32_t highest)>;

/// Reads the trace or generates. Throws a UserError with file and line when a trace is malformed or does not
/// fit the model.
Routing make_routing(const ModelParams& model, const WorkloadParams& workload, std::uint64_t seed,
                     const MatchingModels& matching_models = {});

/// Gate weights where a trace has none: from hash(seed, layer, token, rank), descending by rank, their sum
/// exactly 32768.
void assign_procedural_gates(Routing& routing, std::uint64_t seed);

}  // namespace moesaic
