// SPDX-License-Identifier: Apache-2.0
// Who has what: the home die of tokens and the owner of experts. Static knowledge, the same on every core; no
// charge (compiled tables).
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "../sdk/address.h"

namespace moesaic::firmware {

/// Splits `items` evenly over `dies`: item t belongs to die floor(t * dies / items). The rule of the workload
/// for tokens.
class EvenSplit {
 public:
  EvenSplit(std::uint32_t dies, std::uint32_t items) : dies_(dies), items_(items) {}
  /// First item of a die; first(dies) is the number of items.
  std::uint32_t first(std::uint32_t die) const {
    return static_cast<std::uint32_t>(divide_up(std::uint64_t{die} * items_, dies_));
  }
  std::uint32_t count(std::uint32_t die) const { return first(die + 1) - first(die); }
  std::uint32_t home(std::uint32_t item) const {
    return static_cast<std::uint32_t>(std::uint64_t{item} * dies_ / items_);
  }
  std::uint32_t largest() const { return divide_up(items_, dies_); }
  std::uint32_t dies() const { return dies_; }

 private:
  std::uint32_t dies_, items_;
};

/// One owner for every expert.
class ExpertOwners {
 public:
  enum class Rule { round_robin, contiguous };
  ExpertOwners(Rule rule, std::uint32_t dies, std::uint32_t experts)
      : ExpertOwners(dies, by_rule(rule, dies, experts)) {}
  /// `owners`: by expert.
  ExpertOwners(std::uint32_t dies, std::vector<std::uint16_t> owners)
      : owners_(std::move(owners)), local_(owners_.size()), of_die_(dies) {
    for (std::uint32_t e = 0; e < owners_.size(); ++e) {
      std::vector<std::uint32_t>& experts = of_die_.at(owners_[e]);
      local_[e] = static_cast<std::uint32_t>(experts.size());
      experts.push_back(e);
    }
  }

  std::uint32_t owner(std::uint32_t expert) const { return owners_[expert]; }
  /// Number of an expert among those of its owner, and back.
  std::uint32_t local(std::uint32_t expert) const { return local_[expert]; }
  std::uint32_t global(std::uint32_t die, std::uint32_t local) const { return of_die_[die][local]; }
  std::uint32_t count(std::uint32_t die) const { return static_cast<std::uint32_t>(of_die_[die].size()); }
  std::uint32_t largest() const {
    std::size_t most = 0;
    for (const auto& experts : of_die_) most = std::max(most, experts.size());
    return static_cast<std::uint32_t>(most);
  }

 private:
  static std::vector<std::uint16_t> by_rule(Rule rule, std::uint32_t dies, std::uint32_t experts) {
    const EvenSplit split(dies, experts);
    std::vector<std::uint16_t> owners;
    for (std::uint32_t e = 0; e < experts; ++e)
      owners.push_back(static_cast<std::uint16_t>(rule == Rule::round_robin ? e % dies : split.home(e)));
    return owners;
  }

  std::vector<std::uint16_t> owners_;               ///< by expert
  std::vector<std::uint32_t> local_;                ///< by expert
  std::vector<std::vector<std::uint32_t>> of_die_;  ///< by die
};

}  // namespace moesaic::firmware
