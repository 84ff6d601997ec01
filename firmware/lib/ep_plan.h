// SPDX-License-Identifier: Apache-2.0
// What every core of an expert-parallel package knows before the first layer: owners, the layout of SRAM, the
// numbers of queues, events and slots. The same on every die, computed offline.
//
// A die works through its experts one after the other, each for up to `slices.rows` tokens at a time (a
// tile). A tile has an area of SRAM: its lists, its rows of x (int8), its rows of y (int32). With two areas
// one tile is fetched and another returned while a third is computed.
#pragma once

#include "../sdk/image.h"
#include "expert_placement.h"
#include "homes.h"
#include "slice_plan.h"

namespace moesaic::firmware::ep {

/// Where the partial results of a token wait for each other.
enum class Results : std::uint8_t {
  automatic,
  sram,    ///< added up on arrival in the SRAM of the token's home: two rows of y per own token
  memory,  ///< each in its place in the home's memory, added up by the home at the end
  tree     ///< as sram, and on each die of the way there: two rows of y per token of the package
};

/// Who decides which die owns an expert.
enum class Assignment : std::uint8_t {
  fixed,        ///< offline, by Settings::placement
  needed,       ///< those that have tokens in the layer, dealt to the dies by number (Profile::offline)
  most_tokens,  ///< the die that has most tokens for it, layer by layer (expert_placement.h)
  annealed      ///< simulated annealing over hop-weighted demand, layer by layer
};
/// What an assignment that is not fixed is decided from.
enum class Profile : std::uint8_t {
  layer,    ///< the counts of the layer itself, by mail: everybody waits for it
  history,  ///< counts of the same layer in earlier iterations
  offline   ///< the whole routing (needs the run option `oracle`), before the run and free of charge
};
/// Order of a die's experts.
enum class Order : std::uint8_t { hottest, paired, number };

/// Where weights lie.
enum class Weights : std::uint8_t {
  everywhere,  ///< a piece of every slice in every memory
  owner,       ///< whole experts, with their owner
  copies       ///< whole experts, all of them in every memory
};

/// How many rows an expert has room for, per home.
struct Capacity {
  enum class Formula : std::uint8_t { none, deepspeed, tutel };
  Formula formula = Formula::none;  ///< none: dropless
  bool padded = false;              ///< every expert gets exactly as many rows, of every home
  std::uint32_t factor_percent = 100;
  std::uint32_t least = 0;

  /// Rows that an expert has for one home's tokens; without a formula as many as those are.
  std::uint32_t rows(std::uint32_t tokens, std::uint32_t experts, std::uint32_t top_k) const;
};

struct Settings {
  const char* image = "ep";  ///< for messages
  ExpertOwners::Rule placement = ExpertOwners::Rule::round_robin;
  Assignment assignment = Assignment::fixed;
  Profile profile = Profile::layer;
  Order order = Order::hottest;
  Annealing annealing;
  std::uint32_t history_percent = 50;  ///< of the past that stays with each iteration (Profile::history)
  Capacity capacity;
  bool overlap = true;        ///< loads of weights and of tokens, computing and returning side by side
  bool single_pulls = false;  ///< rows are fetched one after the other
  bool push = false;          ///< homes send their rows, to all owners at once
  bool cam = false;           ///< a content-addressable memory finds the rows of an expert: permuting is free
  std::uint32_t token_threshold = 0;  ///< experts with at most so many tokens are dropped (Profile::layer)
  Weights weights = Weights::everywhere;
  Results results = Results::automatic;
  std::uint32_t prefetch = 2;
  std::uint32_t slice_columns = 0;
};

/// Event counters of a die.
struct Events {
  std::uint16_t ready = 0;     ///< 1 when the slots are allocated
  std::uint16_t fetched = 1;   ///< tiles whose rows are here
  std::uint16_t computed = 2;  ///< tiles computed
  std::uint16_t returned = 3;  ///< partial rows of own tokens that are where they wait
  std::uint16_t summed = 4;    ///< layers whose results are complete (Results::sram)
  std::uint16_t prefetch = 0, nodes = 0;
  std::uint16_t loaded(std::uint32_t buffer) const { return static_cast<std::uint16_t>(5 + buffer); }
  std::uint16_t freed(std::uint32_t buffer) const {
    return static_cast<std::uint16_t>(5 + prefetch + buffer);
  }
  /// Layers in which die `from` lets this one add to its results (Results::sram).
  std::uint16_t granted(std::uint32_t from) const {
    return static_cast<std::uint16_t>(5 + 2 * prefetch + from);
  }
  /// Rows of tokens of die `home` that are here (Settings::push).
  std::uint16_t arrived(std::uint32_t home) const {
    return static_cast<std::uint16_t>(5 + 2 * prefetch + nodes + home);
  }
  /// Neighbours whose sums for tokens of die `home` are here (Results::tree).
  std::uint16_t gathered(std::uint32_t home) const {
    return static_cast<std::uint16_t>(5 + 2 * prefetch + 2 * nodes + home);
  }
};

/// Command queues by duty.
struct Queues {
  static constexpr unsigned fetch = 0, weights = 1, compute = 2, returns = 3, count = 4;
};

class Plan {
 public:
  /// Throws when the package cannot run it.
  Plan(const moesaic_core_info& info, const Settings& settings);
  static std::uint64_t least_sram(const moesaic_core_info& info, const Settings& settings);

  std::uint32_t nodes, hidden, experts, top_k;
  bool dynamic;           ///< owners change from layer to layer
  bool asks_scheduler;    ///< and the package scheduler says how
  std::uint32_t choices;  ///< partial rows per token: experts chosen and shared experts
  EvenSplit homes;
  ExpertOwners owners;  ///< dynamic: where weights lie that lie with their owner
  Weights weights;
  bool overlap, single_pulls, push, cam;
  Capacity capacity;
  /// Rows that an expert has for tokens of a home.
  std::uint32_t room(std::uint32_t home) const { return capacity.rows(homes.count(home), experts, top_k); }
  std::uint32_t prefetch;
  Events events;

  bool sums_in_sram;  ///< Results::sram or tree
  bool tree;          ///< Results::tree
  std::uint32_t areas;
  SlicePlan slices;  ///< `rows`: of a tile

  // SRAM, front to back.
  /// Rows of own tokens (Results::tree: of all): own sums, those of the other dies.
  std::uint32_t sums_base, returned_base;
  std::uint32_t pushed_base, push_list;  ///< x of all tokens of the package; who gets which own row
  std::uint32_t buffer_bytes, area_base, area_bytes, list_bytes;
  std::uint32_t x_row_bytes() const { return hidden; }
  std::uint32_t y_row_bytes() const { return hidden * 4; }
  std::uint32_t buffer(std::uint32_t b) const { return buffer_base_ + b * buffer_bytes; }
  std::uint32_t y(std::uint32_t area) const { return area_base + area * area_bytes; }
  std::uint32_t x(std::uint32_t area) const { return y(area) + x_offset_; }
  std::uint32_t list(std::uint32_t area) const { return y(areas) + area * list_bytes; }
  /// Where the sums of tokens of a home begin, from sums_base or returned_base.
  std::uint32_t sums_of(std::uint32_t home) const { return tree ? homes.first(home) * y_row_bytes() : 0; }
  /// The next die on the way to `home`, first along the row (Results::tree).
  std::uint16_t toward(std::uint32_t die, std::uint32_t home) const;
  /// Dies whose sums for `home` come to `die`.
  std::uint32_t below(std::uint32_t die, std::uint32_t home) const;
  /// Does `from` send sums to `to`, for any home?
  bool passes_sums(std::uint32_t from, std::uint32_t to) const;
  /// Tokens whose partial rows fit in an area, with the list that adds them up.
  std::uint32_t tokens_per_sum() const;

  /// Rows of a token list are numbered from a multiple of this own token, since they have 16 bits.
  std::uint32_t tokens_per_block() const { return 0x10000 / choices; }
  /// May die `owner` get tokens of die `home`?
  bool serves(std::uint32_t owner, std::uint32_t home) const {
    return owner != home && (dynamic || owners.count(owner) > 0) && homes.count(home) > 0;
  }

 private:
  std::uint32_t buffer_base_, x_offset_, sum_lists_, columns_;
};

}  // namespace moesaic::firmware::ep
