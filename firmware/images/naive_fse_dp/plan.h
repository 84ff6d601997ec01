// SPDX-License-Identifier: Apache-2.0
// What every core of a package under naive FSE-DP knows before the first layer: the ring, slices, waves, the
// layout of SRAM and of memory. The same on every die, computed offline.
//
// An expert is cut into slices of F, as many as dies or a multiple of that (`rounds`) where so wide ones do
// not fit. Slice s lies in the memory of the die in place s modulo dies of the ring. SRAM of a die: x rows
// and y rows of its own tokens, their lists, and two buffers for slices. Where not all tokens of a die fit, a
// layer has waves.
#pragma once

#include "firmware/lib/homes.h"
#include "firmware/lib/ring.h"
#include "firmware/lib/slice_plan.h"
#include "firmware/sdk/image.h"

namespace moesaic::firmware::naive_fse_dp {

struct Settings {
  std::uint32_t slice_columns = 0;
  bool send_early = false;
};

/// Event counters of a die.
struct Events {
  static constexpr std::uint16_t arrived = 0;  ///< slices that the die before in the ring has sent
  static constexpr std::uint16_t credit = 1;   ///< buffers that the die behind has freed for this one
  static constexpr std::uint16_t count = 2;
};

class Plan {
 public:
  /// Throws when the package cannot run it.
  Plan(const moesaic_core_info& info, const Settings& settings);
  static std::uint64_t least_sram(const moesaic_core_info& info, const Settings& settings);

  Ring ring;
  std::uint32_t nodes, hidden, width, experts;  ///< experts: shared ones too
  EvenSplit homes;
  SlicePlan slices;
  std::uint32_t rounds;  ///< slices per expert and die

  // SRAM.
  std::uint32_t y_base, buffer_base, buffer_bytes, list_base;
  std::uint32_t buffer(std::uint32_t step) const { return buffer_base + step % 2 * buffer_bytes; }

  /// Columns of a slice; the last ones of an expert may have fewer, or none.
  std::uint32_t columns(std::uint32_t slice) const {
    const std::uint32_t begin = slice * slices.columns;
    return begin >= width ? 0 : std::min(slices.columns, width - begin);
  }
  std::uint32_t tokens(std::uint32_t die, std::uint32_t wave) const {
    const std::uint32_t begin = wave * slices.rows, all = homes.count(die);
    return begin >= all ? 0 : std::min(slices.rows, all - begin);
  }
};

/// Where slices and token rows lie in memory: gate, up and down columns of a slice behind each other.
class Storage {
 public:
  Storage(Hal& hal, const Plan& plan);
  /// Registers what this die's memory region holds.
  void place(Hal& hal) const;
  /// A slice of the own region.
  std::uint64_t slice(std::uint32_t layer, std::uint32_t expert, std::uint32_t round) const {
    return weights_ + ((std::uint64_t{layer} * plan_.experts + expert) * plan_.rounds + round) * slice_bytes_;
  }
  std::uint64_t activations(std::uint32_t layer) const { return activations_ + layer * row_region(1); }
  std::uint64_t outputs(std::uint32_t layer) const { return outputs_ + layer * row_region(4); }

 private:
  std::uint64_t row_region(std::uint32_t bytes_per_value) const;

  const Plan& plan_;
  std::uint32_t node_, layers_;
  std::uint64_t slice_bytes_, weights_ = 0, activations_ = 0, outputs_ = 0;
};

}  // namespace moesaic::firmware::naive_fse_dp
