// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/bounds.h"

namespace moesaic {

namespace {

/// Rounded down: a bound may be one femtosecond low, never high.
Tick time_of(std::uint64_t work, double per_s) {
  if (work == 0 || per_s <= 0.0) return 0;
  return static_cast<Tick>(static_cast<double>(work) / per_s * static_cast<double>(kSecond));
}

}  // namespace

double Bounds::distance(Tick makespan) const {
  const Tick bound = largest().time;
  return bound == 0 ? 0.0 : static_cast<double>(makespan) / static_cast<double>(bound);
}

Bounds lower_bounds(const NeededWork& work, const PeakRates& peak) {
  Bounds bounds;
  bounds.all = {{
      {"memory", "bytes", work.memory_bytes(), peak.memory_bytes_per_s,
       time_of(work.memory_bytes(), peak.memory_bytes_per_s)},
      {"engine", "MACs", work.macs, peak.macs_per_s, time_of(work.macs, peak.macs_per_s)},
      {"fabric", "bytes", 0, 0.0, 0},
      {"control", "cycles", 0, 0.0, 0},
  }};
  for (std::size_t i = 1; i < bounds.all.size(); ++i) {
    if (bounds.all[i].time > bounds.largest().time) bounds.tightest = i;
  }
  return bounds;
}

}  // namespace moesaic
