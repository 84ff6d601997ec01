// SPDX-License-Identifier: Apache-2.0
// Which die takes which expert, decided from how many tokens each die has for each expert.
//
// Models: the decisions only, on plain numbers, with the count of elementary steps that they took, which callers
//   charge (MOESAIC_OP_SCAN_ITEM each) unless they plan offline. Determinism: no libm; random numbers from a
//   seed.
// Sources: the rule most_tokens is what the script behind Expert Streaming (arXiv 2603.27624) calls Hydra;
// annealing
//   over hop-weighted demand is a reconstruction of Hydra's popularity-aware mapping (DAC 2025,
//   10.1109/DAC63849.2025.11133023), of which only the abstract says that it exists.
#pragma once

#include <cstdint>
#include <vector>

namespace moesaic::firmware {

/// Tokens of each die for each expert.
class Demand {
 public:
  Demand(std::uint32_t dies, std::uint32_t experts)
      : dies_(dies), experts_(experts), tokens_(std::size_t{dies} * experts) {}
  std::uint32_t& at(std::uint32_t die, std::uint32_t expert) {
    return tokens_[std::size_t{expert} * dies_ + die];
  }
  std::uint32_t at(std::uint32_t die, std::uint32_t expert) const {
    return tokens_[std::size_t{expert} * dies_ + die];
  }
  std::uint32_t of_expert(std::uint32_t expert) const {
    std::uint32_t sum = 0;
    for (std::uint32_t d = 0; d < dies_; ++d) sum += at(d, expert);
    return sum;
  }
  std::uint32_t dies() const { return dies_; }
  std::uint32_t experts() const { return experts_; }

 private:
  std::uint32_t dies_, experts_;
  std::vector<std::uint32_t> tokens_;
};

struct ExpertPlacement {
  std::vector<std::uint16_t> owners;  ///< by expert
  std::vector<std::uint16_t> order;  ///< experts that have tokens, in the order in which they shall be loaded
  std::uint64_t steps = 0;           ///< elementary steps of the decision
};

/// Experts with tokens: hottest, coldest, second hottest, ... (`paired`), or by number.
std::vector<std::uint16_t> load_order(const Demand& demand, bool paired);

/// Hops between dies of a mesh.
std::uint32_t mesh_hops(std::uint32_t columns, std::uint32_t a, std::uint32_t b);

/// In load order, each expert goes to the die with most tokens for it among those that have taken fewest
/// experts so far ("an empty die first"). Ties: fewest hops from `memory_of[expert]`, then the lower number.
ExpertPlacement place_by_most_tokens(const Demand& demand, std::uint32_t columns,
                                     const std::vector<std::uint16_t>& memory_of, bool paired);

/// Experts with tokens, by number, dealt to the dies in turn.
ExpertPlacement place_in_turn(const Demand& demand);

struct Annealing {
  std::uint32_t iterations = 4000;
  std::uint32_t hop_weight = 1;   ///< cost of a token's way over one hop
  std::uint32_t load_weight = 4;  ///< cost of a token above the mean on one die
  std::uint64_t seed = 1;
};
/// Cost of a placement: hop_weight * sum of hops of all tokens + load_weight * tokens above the mean load,
/// die by die.
std::uint64_t placement_cost(const Demand& demand, std::uint32_t columns,
                             const std::vector<std::uint16_t>& owners, const Annealing& weights);
/// Simulated annealing from the placement e modulo dies: exchanges two experts, or moves one to a die that
/// has a slot left. Every die has as many slots as the largest share of all experts.
ExpertPlacement anneal_placement(const Demand& demand, std::uint32_t columns, const Annealing& annealing,
                                 bool paired);

}  // namespace moesaic::firmware
