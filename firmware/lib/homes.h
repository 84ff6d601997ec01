// SPDX-License-Identifier: Apache-2.0
// Who has what: the home die of tokens and the owner of experts. Static knowledge, the same on every core; no
// charge (compiled tables).
#pragma once

#include <cstdint>
#include <vector>

namespace moesaic::firmware {

/// Splits `items` evenly over `dies`: item t belongs to die floor(t * dies / items). The rule of the workload
/// for tokens.
class EvenSplit {
 public:
  EvenSplit(std::uint32_t dies, std::uint32_t items) : dies_(dies), items_(items) {}
  /// First item of a die; first(dies) is the number of items.
  std::uint32_t first(std::uint32_t die) const {
    return static_cast<std::uint32_t>((std::uint64_t{die} * items_ + dies_ - 1) / dies_);
  }
  std::uint32_t count(std::uint32_t die) const { return first(die + 1) - first(die); }
  std::uint32_t home(std::uint32_t item) const {
    return static_cast<std::uint32_t>(std::uint64_t{item} * dies_ / items_);
  }
  std::uint32_t largest() const { return (items_ + dies_ - 1) / dies_; }
  std::uint32_t dies() const { return dies_; }

 private:
  std::uint32_t dies_, items_;
};

/// One owner for every expert.
class ExpertOwners {
 public:
  enum class Rule { round_robin, contiguous };
  ExpertOwners(Rule rule, std::uint32_t dies, std::uint32_t experts)
      : rule_(rule), split_(dies, experts), dies_(dies), experts_(experts) {}

  std::uint32_t owner(std::uint32_t expert) const {
    return rule_ == Rule::round_robin ? expert % dies_ : split_.home(expert);
  }
  /// Number of an expert among those of its owner, and back.
  std::uint32_t local(std::uint32_t expert) const {
    return rule_ == Rule::round_robin ? expert / dies_ : expert - split_.first(split_.home(expert));
  }
  std::uint32_t global(std::uint32_t die, std::uint32_t local) const {
    return rule_ == Rule::round_robin ? local * dies_ + die : split_.first(die) + local;
  }
  std::uint32_t count(std::uint32_t die) const {
    if (rule_ == Rule::contiguous) return split_.count(die);
    return experts_ / dies_ + (die < experts_ % dies_ ? 1 : 0);
  }
  std::uint32_t largest() const { return split_.largest(); }

 private:
  Rule rule_;
  EvenSplit split_;
  std::uint32_t dies_, experts_;
};

}  // namespace moesaic::firmware
