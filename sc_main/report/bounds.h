// SPDX-License-Identifier: Apache-2.0
// Lower bounds of the makespan: no image can be faster on this package with this routing.
//
// Models: each resource alone, used perfectly.
//   memory  every weight byte of an expert that has tokens is read once, every token's input row once, every
//           output row is written once; at the peak rate of all memory channels together. From
//           one iteration to the next no more weights can stay than all SRAM holds: the others are read
//           again.
//   engine  every multiply-accumulate that the routing needs, at the peak rate of all arrays together.
//   fabric  0. An image chooses where tensors lie and may place copies, so that nothing has to cross a link:
//           no number above zero holds for every image. It is listed so that its absence is seen.
//   control 0. A command may chain on events without firmware.
// Does not model: refresh, turnaround, row misses, fill and drain, unequal load of dies: these are what the
//           distance to the bound is made of. An image that drops pairs (a declared deviation) may pass it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tlm/tick.h"

namespace moesaic {

/// What the routing asks of the package, whatever the image does.
struct NeededWork {
  std::uint64_t weight_bytes = 0;      ///< of experts with tokens, each once
  std::uint64_t activation_bytes = 0;  ///< input rows
  std::uint64_t output_bytes = 0;      ///< output rows
  std::uint64_t macs = 0;

  std::uint64_t memory_bytes() const { return weight_bytes + activation_bytes + output_bytes; }
};

/// What the package could do if nothing ever waited.
struct PeakRates {
  double memory_bytes_per_s = 0.0;  ///< all channels
  double macs_per_s = 0.0;          ///< all engines
};

struct Bound {
  const char* resource = "";
  const char* unit = "";  ///< of the work
  std::uint64_t work = 0;
  double peak_per_s = 0.0;
  Tick time = 0;
};

struct Bounds {
  std::array<Bound, 4> all;  ///< memory, engine, fabric, control
  std::size_t tightest = 0;  ///< index of the largest

  const Bound& largest() const { return all[tightest]; }
  /// makespan / largest bound; 0 when there is no bound.
  double distance(Tick makespan) const;
};

Bounds lower_bounds(const NeededWork& work, const PeakRates& peak);

}  // namespace moesaic
