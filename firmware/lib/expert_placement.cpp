// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/expert_placement.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "firmware/sdk/address.h"

namespace moesaic::firmware {

namespace {

/// SplitMix64 (Steele et al., OOPSLA 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(next() % n); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

/// exp(-x) by (1 - x/1024)^1024: products only, so that every machine gets the same bits.
double exp_of_minus(double x) {
  if (x >= 700.0) return 0.0;
  double y = 1.0 - x / 1024.0;
  for (int i = 0; i < 10; ++i) y *= y;
  return y;
}

/// The state of an annealing run.
class Annealer {
 public:
  Annealer(const Demand& demand, std::uint32_t columns, const Annealing& a)
      : demand_(demand),
        settings_(a),
        random_(a.seed),
        dies_(demand.dies()),
        experts_(demand.experts()),
        way_(std::size_t{dies_} * experts_),
        tokens_(experts_),
        load_(dies_),
        held_(dies_),
        slots_(divide_up(experts_, dies_)) {
    for (std::uint32_t e = 0; e < experts_; ++e) {
      tokens_[e] = demand.of_expert(e);
      all_ += tokens_[e];
      for (std::uint32_t d = 0; d < dies_; ++d)
        for (std::uint32_t c = 0; c < dies_; ++c)
          way_[std::size_t{e} * dies_ + d] += std::uint64_t{demand.at(c, e)} * mesh_hops(columns, c, d);
      owners_.push_back(static_cast<std::uint16_t>(e % dies_));
      load_[e % dies_] += tokens_[e];
      ++held_[e % dies_];
    }
    steps_ = std::uint64_t{experts_} * dies_ * dies_;
  }

  void run() {
    if (dies_ < 2 || experts_ == 0 || all_ == 0) return;
    // From the worth of a mean expert down to that of a token.
    const double hot = static_cast<double>(settings_.load_weight + settings_.hop_weight) *
                       static_cast<double>(all_) / experts_;
    for (std::uint32_t i = 0; i < settings_.iterations; ++i) {
      const double left = 1.0 - static_cast<double>(i) / settings_.iterations;
      try_move(hot * left * left * left + 0.01);
    }
  }
  ExpertPlacement result(bool paired) const { return {owners_, load_order(demand_, paired), steps_}; }

 private:
  std::int64_t way(std::uint32_t expert, std::uint32_t die) const {
    return static_cast<std::int64_t>(way_[std::size_t{expert} * dies_ + die]) * settings_.hop_weight;
  }
  std::int64_t overload(std::uint64_t load) const {
    const std::uint64_t scaled = load * dies_;
    return scaled > all_ ? static_cast<std::int64_t>((scaled - all_) / dies_) * settings_.load_weight : 0;
  }

  // Expert e goes to a random die; if that is full, one of its experts comes back.
  void try_move(double temperature) {
    const std::uint32_t e = random_.below(experts_), from = owners_[e];
    const std::uint32_t to = (from + 1 + random_.below(dies_ - 1)) % dies_;
    steps_ += 8;
    std::uint32_t back = experts_;
    if (held_[to] >= slots_) {
      for (back = random_.below(experts_); owners_[back] != to; ++steps_) back = (back + 1) % experts_;
    }
    const std::uint64_t returned = back < experts_ ? tokens_[back] : 0;
    const std::uint64_t less = load_[from] - tokens_[e] + returned, more = load_[to] + tokens_[e] - returned;
    std::int64_t change = way(e, to) - way(e, from) + overload(less) - overload(load_[from]) +
                          overload(more) - overload(load_[to]);
    if (back < experts_) change += way(back, from) - way(back, to);
    if (change > 0 && random_.unit() >= exp_of_minus(static_cast<double>(change) / temperature)) return;
    load_[from] = less;
    load_[to] = more;
    owners_[e] = static_cast<std::uint16_t>(to);
    if (back < experts_) {
      owners_[back] = static_cast<std::uint16_t>(from);
    } else {
      --held_[from];
      ++held_[to];
    }
  }

  const Demand& demand_;
  const Annealing settings_;
  Random random_;
  const std::uint32_t dies_, experts_;
  std::vector<std::uint64_t> way_;  ///< token-hops of an expert on a die
  std::vector<std::uint32_t> tokens_;
  std::vector<std::uint64_t> load_;
  std::vector<std::uint32_t> held_;
  const std::uint32_t slots_;
  std::vector<std::uint16_t> owners_;
  std::uint64_t all_ = 0, steps_ = 0;
};

std::uint64_t sort_steps(std::uint64_t n) {
  std::uint64_t levels = 0;
  while ((std::uint64_t{1} << levels) < n) ++levels;
  return n * levels;
}

}  // namespace

std::uint32_t mesh_hops(std::uint32_t columns, std::uint32_t a, std::uint32_t b) {
  const auto distance = [](std::uint32_t x, std::uint32_t y) { return x > y ? x - y : y - x; };
  return distance(a / columns, b / columns) + distance(a % columns, b % columns);
}

std::vector<std::uint16_t> load_order(const Demand& demand, bool paired) {
  std::vector<std::uint16_t> active;
  for (std::uint32_t e = 0; e < demand.experts(); ++e)
    if (demand.of_expert(e) > 0) active.push_back(static_cast<std::uint16_t>(e));
  if (!paired) return active;
  std::stable_sort(active.begin(), active.end(), [&](std::uint16_t a, std::uint16_t b) {
    return demand.of_expert(a) > demand.of_expert(b);
  });
  std::vector<std::uint16_t> order;
  for (std::size_t hot = 0, cold = active.size(); hot < cold;) {
    order.push_back(active[hot++]);
    if (hot < cold) order.push_back(active[--cold]);
  }
  return order;
}

ExpertPlacement place_by_most_tokens(const Demand& demand, std::uint32_t columns,
                                     const std::vector<std::uint16_t>& memory_of, bool paired) {
  ExpertPlacement out;
  out.order = load_order(demand, paired);
  for (std::uint32_t e = 0; e < demand.experts(); ++e)
    out.owners.push_back(static_cast<std::uint16_t>(e % demand.dies()));
  std::vector<std::uint32_t> taken(demand.dies(), 0);
  for (const std::uint16_t e : out.order) {
    const auto worse = [&](std::uint32_t d) {
      return std::make_tuple(taken[d], ~demand.at(d, e), mesh_hops(columns, d, memory_of[e]), d);
    };
    std::uint32_t best = 0;
    for (std::uint32_t d = 1; d < demand.dies(); ++d)
      if (worse(d) < worse(best)) best = d;
    out.owners[e] = static_cast<std::uint16_t>(best);
    ++taken[best];
  }
  out.steps = std::uint64_t{demand.experts()} + sort_steps(out.order.size()) +
              std::uint64_t{demand.dies()} * out.order.size();
  return out;
}

ExpertPlacement place_in_turn(const Demand& demand) {
  ExpertPlacement out;
  out.order = load_order(demand, false);
  out.owners.assign(demand.experts(), 0);
  for (std::uint32_t i = 0; i < out.order.size(); ++i)
    out.owners[out.order[i]] = static_cast<std::uint16_t>(i % demand.dies());
  out.steps = demand.experts();
  return out;
}

std::uint64_t placement_cost(const Demand& demand, std::uint32_t columns,
                             const std::vector<std::uint16_t>& owners, const Annealing& weights) {
  std::uint64_t way = 0, all = 0, over = 0;
  std::vector<std::uint64_t> load(demand.dies(), 0);
  for (std::uint32_t e = 0; e < demand.experts(); ++e)
    for (std::uint32_t c = 0; c < demand.dies(); ++c) {
      way += std::uint64_t{demand.at(c, e)} * mesh_hops(columns, c, owners[e]);
      load[owners[e]] += demand.at(c, e);
      all += demand.at(c, e);
    }
  for (const std::uint64_t l : load)
    if (l * demand.dies() > all) over += (l * demand.dies() - all) / demand.dies();
  return way * weights.hop_weight + over * weights.load_weight;
}

ExpertPlacement anneal_placement(const Demand& demand, std::uint32_t columns, const Annealing& annealing,
                                 bool paired) {
  Annealer annealer(demand, columns, annealing);
  annealer.run();
  return annealer.result(paired);
}

}  // namespace moesaic::firmware
