// SPDX-License-Identifier: Apache-2.0
// What every core of an expert-parallel package knows before the first layer: owners, waves, the layout of
// SRAM and of memory, the numbers of queues, events and slots. The same on every die, computed offline.
//
// A wave is as many token rows per die as fit. Row numbers of a wave on a die: its own tokens first
// (0..rows-1), then `rows` reserved for each other die in ascending order; x (int8) and y (int32) use the
// same numbers.
#pragma once

#include <vector>

#include "firmware/lib/homes.h"
#include "firmware/lib/slice_plan.h"
#include "firmware/sdk/image.h"

namespace moesaic::firmware::ep {

struct Settings {
  ExpertOwners::Rule placement = ExpertOwners::Rule::round_robin;
  std::uint32_t prefetch = 2;
  std::uint32_t slice_columns = 0;
};

/// Event counters of a die.
struct Events {
  std::uint16_t x_loaded = 0;  ///< own rows of the wave are in SRAM
  std::uint16_t filled = 1;    ///< result rows are zero
  std::uint16_t arrived = 2;   ///< rows received from other dies
  std::uint16_t returned = 3;  ///< result rows that came back
  std::uint16_t computed = 4;  ///< waves whose experts are done here
  std::uint16_t moved = 5;     ///< sends and stores done here
  std::uint16_t ready = 6;     ///< 1 when the slots are allocated
  std::uint16_t prefetch = 0;
  std::uint16_t loaded(std::uint32_t buffer) const { return static_cast<std::uint16_t>(7 + buffer); }
  std::uint16_t freed(std::uint32_t buffer) const {
    return static_cast<std::uint16_t>(7 + prefetch + buffer);
  }
  /// Grants that die `from` has given to this one.
  std::uint16_t granted(std::uint32_t from) const {
    return static_cast<std::uint16_t>(7 + 2 * prefetch + from);
  }
};

/// Command queues by duty; a core with few queues shares some.
struct Queues {
  unsigned setup, dispatch, weights, compute, returns, finish;
};

class Plan {
 public:
  /// Throws when the package cannot run it.
  Plan(const moesaic_core_info& info, const Settings& settings);
  static SliceDemand demand(const moesaic_core_info& info, const Settings& settings);

  std::uint32_t nodes, hidden;
  EvenSplit homes;
  ExpertOwners owners;
  SlicePlan slices;
  std::uint32_t prefetch;
  Events events;
  Queues queues;
  bool slot_per_source;  ///< else one slot for all of them, granted to every die

  // SRAM.
  std::uint32_t x_base, y_base, buffer_base, buffer_bytes, list_base, list_bytes;
  std::uint32_t buffer(std::uint32_t b) const { return buffer_base + b * buffer_bytes; }
  /// First row that die `at` reserves for tokens of die `from`.
  std::uint32_t first_row(std::uint32_t at, std::uint32_t from) const {
    return slices.rows * (1 + (from < at ? from : from - 1));
  }
  std::uint32_t x_row(std::uint32_t row) const { return x_base + row * hidden; }
  std::uint32_t y_row(std::uint32_t row) const { return y_base + row * hidden * 4; }

  // Tokens of a wave.
  std::uint32_t first_token(std::uint32_t die, std::uint32_t wave) const {
    return homes.first(die) + wave * slices.rows;
  }
  std::uint32_t tokens(std::uint32_t die, std::uint32_t wave) const;
  /// Dies that may send rows to `to` in a wave, or expect results of it.
  bool serves(std::uint32_t owner, std::uint32_t home, std::uint32_t wave) const {
    return owner != home && owners.count(owner) > 0 && tokens(home, wave) > 0;
  }
};

/// Weights of one die in memory: slice by slice, each gate rows, up rows, down rows, so that one load brings
/// a slice. Expert numbers here are those of the die: owned ones, then shared ones.
class Storage {
 public:
  Storage(Hal& hal, const Plan& plan);
  /// Registers everything that this die holds.
  void place(Hal& hal) const;
  std::uint64_t slice(std::uint32_t layer, std::uint32_t held, std::uint32_t slice) const {
    return weights_ + (std::uint64_t{layer} * held_ + held) * expert_bytes_ + slice * slice_bytes_;
  }
  std::uint64_t activations(std::uint32_t layer) const { return activations_ + layer * activation_bytes_; }
  std::uint64_t outputs(std::uint32_t layer) const { return outputs_ + layer * output_bytes_; }
  /// Columns of a slice: the last one of an expert may have fewer.
  std::uint32_t columns(std::uint32_t slice) const;
  /// Expert id of a held expert.
  std::uint16_t expert(std::uint32_t held) const;
  std::uint32_t owned() const { return owned_; }

 private:
  void place_expert(Hal& hal, std::uint16_t layer, std::uint32_t held) const;

  const Plan& plan_;
  std::uint32_t node_, width_, experts_, layers_, owned_, held_;
  std::uint64_t slice_bytes_, expert_bytes_, activation_bytes_, output_bytes_;
  std::uint64_t weights_ = 0, activations_ = 0, outputs_ = 0;
};

}  // namespace moesaic::firmware::ep
