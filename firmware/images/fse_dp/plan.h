// SPDX-License-Identifier: Apache-2.0
// What every core of a package under FSE-DP knows before the first layer: the ring, waves, slots, the layout
// of SRAM and of memory, the numbers of queues and events. The same on every die, computed offline.
//
// SRAM of a die: x rows (int8) and y rows (int32) of its own tokens, token lists, and as many slots for
// micro-slices as fit. Nothing is reserved for tokens of other dies, since tokens stay at home. Where not all
// tokens of a die fit, a layer has several waves, and each streams the weights again.
#pragma once

#include <vector>

#include "firmware/lib/homes.h"
#include "firmware/lib/ring.h"
#include "firmware/lib/slice_plan.h"
#include "firmware/sdk/image.h"

namespace moesaic::firmware::fse_dp {

/// Which memory holds what.
enum class Placement { slices, experts };

struct Settings {
  Placement placement = Placement::slices;
  bool paired = true;
  bool reserved_slot = true;
  std::uint32_t slots = 0;  ///< 0: as many as fit
  std::uint32_t slice_columns = 0;
};

/// Hardware slots that hold token rows; micro-slices follow.
enum RowSlots : std::uint16_t { kXSlot = 0, kYSlot = 1, kFirstSliceSlot = 2 };

/// Event counters of a die.
struct Events {
  std::uint16_t ready = 0;      ///< 1 when the slots of token rows are allocated
  std::uint16_t rows = 1;       ///< own x rows loaded, own y rows zero
  std::uint16_t allocated = 2;  ///< slots allocated for own loads
  std::uint16_t lanes = 0;      ///< how many
  std::uint16_t arrived(std::uint32_t lane) const { return static_cast<std::uint16_t>(3 + lane); }
  /// Slots that die `by` has allocated and granted to this one.
  std::uint16_t granted(std::uint32_t by) const { return static_cast<std::uint16_t>(3 + lanes + by); }
};

/// Command queues by duty. Each *lane* is a queue that watches for the arrival of one granted slice.
struct Queues {
  static constexpr unsigned slots = 0, loads = 1, compute = 2, sends = 3, first_lane = 4;
};

class Plan {
 public:
  /// Throws when the package cannot run it.
  Plan(const moesaic_core_info& info, const Settings& settings);
  /// Least SRAM per die.
  static std::uint64_t least_sram(const moesaic_core_info& info, const Settings& settings);

  SnakeRing ring;
  std::uint32_t nodes, hidden, width;
  EvenSplit homes;
  SlicePlan slices;
  std::uint32_t slots;     ///< for micro-slices
  std::uint32_t reserved;  ///< of them for slices that have passed the seam of the ring
  std::uint32_t lanes;
  Events events;

  // SRAM.
  std::uint32_t x_base, y_base, list_base, list_bytes, slot_base, slot_bytes;
  std::uint32_t slot_at(std::uint32_t slot) const { return slot_base + slot * slot_bytes; }

  // Tokens of a wave.
  std::uint32_t tokens(std::uint32_t die, std::uint32_t wave) const;
  std::uint32_t first_token(std::uint32_t die, std::uint32_t wave) const {
    return homes.first(die) + wave * slices.rows;
  }
  /// Columns of a slice: the last one of an expert may have fewer.
  std::uint32_t columns(std::uint32_t slice) const {
    return std::min(slices.columns, width - slice * slices.columns);
  }
};

/// Where micro-slices and token rows lie in memory: gate rows, up rows and down rows of a slice behind each
/// other, so that one load brings it. Every die knows all addresses.
class Storage {
 public:
  Storage(Hal& hal, const Plan& plan, Placement placement);
  /// Registers what the memory of this die holds, and its own tokens.
  void place(Hal& hal) const;
  /// Place in the ring of the die whose memory holds a slice.
  RingPlace memory(std::uint32_t expert, std::uint32_t slice) const {
    return plan_.ring.place(memories_[number(expert, slice) % memories_.size()]);
  }
  std::uint64_t slice(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice) const;
  std::uint64_t activations(std::uint32_t layer) const { return activations_ + layer * activation_bytes_; }
  std::uint64_t outputs(std::uint32_t layer) const { return outputs_ + layer * output_bytes_; }

 private:
  /// Slices (or experts) are dealt to the memories in the order of this number.
  std::uint32_t number(std::uint32_t expert, std::uint32_t slice) const {
    return placement_ == Placement::slices ? expert * plan_.slices.slices + slice : expert;
  }
  void place_slice(Hal& hal, std::uint16_t layer, std::uint16_t expert, std::uint32_t slice) const;

  const Plan& plan_;
  Placement placement_;
  std::uint32_t node_, experts_, layers_;
  std::vector<std::uint16_t> memories_;  ///< dies with memory, ascending
  std::vector<std::uint64_t> weights_;   ///< address of the weights in each of them
  std::uint64_t slice_bytes_, layer_slices_, activation_bytes_, output_bytes_;
  std::uint64_t activations_ = 0, outputs_ = 0;
};

}  // namespace moesaic::firmware::fse_dp
