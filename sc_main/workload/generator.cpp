// SPDX-License-Identifier: Apache-2.0
#include "sc_main/workload/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <boost/random/uniform_smallint.hpp>
#include <numeric>

#include "sc_main/config/problems.h"
#include "sc_main/workload/procedural.h"
#include "sc_main/workload/requests.h"

namespace moesaic {

namespace {

constexpr unsigned kFraction = 32;  // bits behind the point of fixed-point logarithms
constexpr std::uint64_t kOne = std::uint64_t{1} << kFraction;

/// log2(n) with kFraction fractional bits, by squaring.
std::uint64_t log2_fixed(std::uint32_t n) {
  unsigned whole = 0;
  while (n >> (whole + 1) != 0) ++whole;
  std::uint64_t result = std::uint64_t{whole} << kFraction;
  std::uint64_t x = (std::uint64_t{n} << kFraction) >> whole;  // in [1, 2)
  for (unsigned bit = kFraction; bit-- > 0;) {
    x = static_cast<std::uint64_t>((static_cast<unsigned __int128>(x) * x) >> kFraction);
    if (x < 2 * kOne) continue;
    x >>= 1;
    result |= std::uint64_t{1} << bit;
  }
  return result;
}

/// Floor of the square root.
std::uint64_t square_root(unsigned __int128 n) {
  unsigned __int128 root = 0;
  for (unsigned bit = 64; bit-- > 0;) {
    const unsigned __int128 next = root | (static_cast<unsigned __int128>(1) << bit);
    if (next * next <= n) root = next;
  }
  return static_cast<std::uint64_t>(root);
}

/// 2^-x with kFraction fractional bits: the product of 2^-2^-i over the bits of x.
std::uint64_t exp2_of_negative(std::uint64_t x) {
  if (x >> kFraction >= 63) return 0;
  constexpr unsigned kBits = 62;
  std::uint64_t factor = std::uint64_t{1} << (kBits - 1);  // 2^-1
  std::uint64_t result = (std::uint64_t{1} << kBits) >> (x >> kFraction);
  for (unsigned bit = kFraction; bit-- > 0;) {
    factor = square_root(static_cast<unsigned __int128>(factor) << kBits);
    if ((x >> bit & 1) != 0)
      result = static_cast<std::uint64_t>((static_cast<unsigned __int128>(result) * factor) >> kBits);
  }
  return result >> (kBits - kFraction);
}

/// A probability or exponent as an integer: exact decimal rounding, no libm.
std::uint64_t scaled(double value, std::uint64_t one) {
  return static_cast<std::uint64_t>(value * static_cast<double>(one) + 0.5);
}

class Generator {
 public:
  Generator(const ModelParams& model, const WorkloadParams& workload, std::uint64_t seed)
      : model_(model),
        profile_(workload.routing),
        random_(mix64(seed + kGoldenGamma)),
        weights_(popularity_weights(profile_, model.experts)) {
    routing_.synthetic = true;
    routing_.source = profile_.source;
    routing_.layers = workload.layers;
    routing_.iterations = workload.planned_iterations();
    routing_.tokens = workload.tokens * routing_.iterations;
    routing_.top_k = model.top_k;
    routing_.experts = model.experts;
    routing_.choices.resize(std::size_t{workload.layers} * routing_.tokens * model.top_k);
    previous_ =
        plan_requests(workload.requests, workload.tokens, routing_.iterations, seed).previous_tokens();
    order_experts();
    for (std::uint32_t token = 0; token < routing_.tokens; ++token)
      group_of_token_.push_back(below(profile_.clusters));
  }

  Routing generate() {
    for (std::uint32_t layer = 0; layer < routing_.layers; ++layer)
      for (std::uint32_t token = 0; token < routing_.tokens; ++token) choose(layer, token);
    return std::move(routing_);
  }

 private:
  std::uint64_t below(std::uint64_t limit) {
    return boost::random::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
  }
  bool happens(double probability) { return below(1u << 20) < scaled(probability, 1u << 20); }

  /// A fresh order in every layer: expert numbers mean nothing across layers.
  void order_experts() {
    expert_of_rank_.resize(routing_.layers);
    rank_of_expert_.resize(routing_.layers);
    for (std::uint32_t layer = 0; layer < routing_.layers; ++layer) {
      std::vector<std::uint16_t>& order = expert_of_rank_[layer];
      order.resize(model_.experts);
      std::iota(order.begin(), order.end(), std::uint16_t{0});
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
      rank_of_expert_[layer].resize(model_.experts);
      for (std::uint16_t rank = 0; rank < model_.experts; ++rank) rank_of_expert_[layer][order[rank]] = rank;
    }
  }

  /// Works in ranks: rank r of a layer and rank r of the next are partners; an expert's group is its rank
  /// modulo the number of groups.
  void choose(std::uint32_t layer, std::uint32_t token) {
    taken_.assign(model_.experts, false);
    std::vector<std::uint16_t> ranks;
    for (std::uint32_t k = 0; k < model_.top_k; ++k) {
      int rank = -1;
      // The token before it in its request; of a request's first token, the one before it in the layer.
      if (token > 0 && happens(profile_.token_reuse))
        rank = repeat(layer, previous_[token].value_or(token - 1));
      if (rank < 0 && layer > 0 && happens(profile_.layer_correlation)) rank = repeat(layer - 1, token);
      if (rank < 0 && happens(profile_.cluster_affinity))
        rank = draw(static_cast<int>(group_of_token_[token]));
      if (rank < 0) rank = draw(-1);
      taken_[static_cast<std::size_t>(rank)] = true;
      ranks.push_back(static_cast<std::uint16_t>(rank));
    }
    Choice* row = routing_.mutable_row(layer, token);
    for (std::uint32_t k = 0; k < model_.top_k; ++k) row[k].expert = expert_of_rank_[layer][ranks[k]];
  }

  /// A rank still free among the choices made in `from_layer` for `token`; -1 when none is.
  int repeat(std::uint32_t from_layer, std::uint32_t token) {
    const ChoiceRow row = routing_.row(from_layer, token);
    std::vector<int> free;
    for (const Choice& choice : row) {
      const std::uint16_t rank = rank_of_expert_[from_layer][choice.expert];
      if (!taken_[rank]) free.push_back(rank);
    }
    return free.empty() ? -1 : free[below(free.size())];
  }

  /// A free rank by popularity, of one group unless `group` is negative; -1 when the group has none left.
  int draw(int group) {
    const auto eligible = [&](std::size_t rank) {
      return !taken_[rank] && (group < 0 || rank % profile_.clusters == static_cast<std::size_t>(group));
    };
    std::uint64_t sum = 0;
    for (std::size_t rank = 0; rank < weights_.size(); ++rank)
      if (eligible(rank)) sum += weights_[rank];
    if (sum == 0) return -1;
    std::uint64_t left = below(sum);
    for (std::size_t rank = 0; rank < weights_.size(); ++rank) {
      if (!eligible(rank)) continue;
      if (left < weights_[rank]) return static_cast<int>(rank);
      left -= weights_[rank];
    }
    return -1;  // not reached: left < sum
  }

  const ModelParams& model_;
  const RoutingParams& profile_;
  boost::random::mt19937_64 random_;
  std::vector<std::uint64_t> weights_;
  Routing routing_;
  std::vector<std::vector<std::uint16_t>> expert_of_rank_;  // [layer][rank]
  std::vector<std::vector<std::uint16_t>> rank_of_expert_;  // [layer][expert]
  std::vector<std::uint64_t> group_of_token_;               // the same in all layers
  std::vector<std::optional<std::uint32_t>> previous_;      // of its request
  std::vector<bool> taken_;                                 // [rank], of the token being chosen for
};

void check_profile(const ModelParams& model, const WorkloadParams& workload) {
  const RoutingParams& profile = workload.routing;
  Problems problems;
  const auto refuse = [&](const std::string& key, const std::string& what, const std::string& remedy) {
    problems.add({"routing profile", 0, 0, key}, what, remedy);
  };
  if (workload.tokens == 0)
    refuse("workload.tokens", "0 is not allowed with generated routing", "expected at least 1");
  const std::vector<std::uint64_t> weights = popularity_weights(profile, model.experts);
  const auto usable = static_cast<std::uint32_t>(
      std::count_if(weights.begin(), weights.end(), [](std::uint64_t w) { return w > 0; }));
  if (usable < model.top_k)
    refuse(profile.popularity.empty() ? "active_experts" : "popularity",
           fmt::format("only {} experts can be drawn", usable),
           fmt::format("expected at least {}, the choices of a token of model {}", model.top_k, model.name));
  problems.raise_if_any();
}

}  // namespace

std::vector<std::uint64_t> popularity_weights(const RoutingParams& profile, std::uint32_t experts) {
  std::vector<std::uint64_t> weights(experts, 0);
  const std::uint32_t active =
      profile.active_experts == 0 ? experts : std::min(profile.active_experts, experts);
  if (!profile.popularity.empty()) {
    const std::size_t given = std::min<std::size_t>(active, profile.popularity.size());
    for (std::size_t rank = 0; rank < given; ++rank) weights[rank] = profile.popularity[rank];
    return weights;
  }
  const std::uint64_t milli = scaled(profile.zipf_exponent, 1000);
  for (std::uint32_t rank = 0; rank < active; ++rank)
    weights[rank] = std::max<std::uint64_t>(1, exp2_of_negative(log2_fixed(rank + 1) * milli / 1000));
  return weights;
}

Routing generate_routing(const ModelParams& model, const WorkloadParams& workload, std::uint64_t seed) {
  check_profile(model, workload);
  Routing routing = Generator(model, workload, seed).generate();
  assign_procedural_gates(routing, seed);
  return routing;
}

}  // namespace moesaic
