// SPDX-License-Identifier: Apache-2.0
// What every core of a package under FSE-DP knows before the first layer: the ring, waves, slots, the layout
// of SRAM and of memory, the numbers of queues and events. The same on every die, computed offline.
//
// SRAM of a die: x rows (int8) and y rows (int32) of its own tokens, token lists, and as many slots for
// micro-slices as fit. Nothing is reserved for tokens of other dies, since tokens stay at home. Where not all
// tokens of a die fit, a layer has several waves, and each streams the weights again.
#pragma once

#include <algorithm>
#include <vector>

#include "firmware/images/fse_dp/settings.h"
#include "firmware/lib/homes.h"
#include "firmware/lib/ring.h"
#include "firmware/lib/slice_plan.h"
#include "firmware/sdk/image.h"

namespace moesaic::firmware::fse_dp {

/// Hardware slots that hold token rows; micro-slices follow.
enum RowSlots : std::uint16_t { kXSlot = 0, kYSlot = 1, kFirstSliceSlot = 2 };

/// Event counters of a die.
struct Events {
  std::uint16_t ready = 0;  ///< 1 when the slots of token rows are allocated
  std::uint16_t rows = 1;   ///< own x rows loaded, own y rows zero
  // Decisions by interrupt.
  std::uint16_t allocated = 2;  ///< slots allocated for own loads
  std::uint16_t lanes = 0;      ///< how many
  std::uint16_t arrived(std::uint32_t lane) const { return static_cast<std::uint16_t>(3 + lane); }
  /// Slots that die `by` has allocated and granted to this one.
  std::uint16_t granted(std::uint32_t by) const { return static_cast<std::uint16_t>(3 + lanes + by); }
  // Chains.
  std::uint16_t filled(std::uint32_t slot) const { return static_cast<std::uint16_t>(2 + 2 * slot); }
  std::uint16_t used(std::uint32_t slot) const { return static_cast<std::uint16_t>(3 + 2 * slot); }
  std::uint16_t slots = 0;  ///< how many
  /// Slots that die `by` has freed for slices from this one.
  std::uint16_t credit(std::uint32_t by) const { return static_cast<std::uint16_t>(2 + 2 * slots + by); }
};

/// Command queues by duty. Each *lane* is a queue that watches for the arrival of one granted slice; chains
/// use the first one for loads.
struct Queues {
  static constexpr unsigned slots = 0, loads = 1, compute = 2, sends = 3, first_lane = 4;
};

class Plan {
 public:
  /// Throws when the package cannot run it.
  Plan(const moesaic_core_info& info, const Settings& settings);
  /// Least SRAM per die.
  static std::uint64_t least_sram(const moesaic_core_info& info, const Settings& settings);

  Ring ring;
  std::uint32_t nodes, hidden, width;
  EvenSplit homes;
  SlicePlan slices;
  std::uint32_t slots;   ///< for micro-slices
  std::uint32_t levels;  ///< of slots: what has made more descents of the ring may take more of them
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
  std::uint32_t bytes(std::uint32_t slice) const { return 3 * columns(slice) * hidden; }
};

}  // namespace moesaic::firmware::fse_dp
