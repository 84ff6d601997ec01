// SPDX-License-Identifier: Apache-2.0
// What a package would take in silicon and power, beside what it is allowed to take.
//
// Models: the estimate that Expert Streaming (arXiv 2603.27624, Fig. 16) and the script that accompanies it use to
//   bound their design space. Per die, in mm2 of 5 nm: 3.2 for each 96 GB/s of D2D bandwidth, 1.3 for
//   each 3.328 MB of SRAM, 1.7 for the rest. In watts: 8.864e-3 for each GB/s of D2D bandwidth, 6.5 for
//   each 12.8 GB/s of DRAM bandwidth, 9.492 for the rest. D2D bandwidth is that of one link and direction,
//   DRAM bandwidth that of one memory site, as the script passes them (288 and 25.6 for the 2x2 package).
// Does not model: anything that the formulas leave out: size and clock of the engine, number of dies and sites,
//   controllers, channels. The energy of a run is another thing (energy.h): this is for choosing sizes.
#pragma once

#include <vector>

#include "hw/package/params.h"

namespace moesaic {

struct BudgetItem {
  const char* name = "";  ///< "die_area", "package_power"
  const char* unit = "";  ///< mm2, W
  double d2d = 0.0, sram = 0.0, memory = 0.0, rest = 0.0;
  double limit = 0.0;  ///< 0: none

  double all() const { return d2d + sram + memory + rest; }
  bool exceeded() const { return limit > 0.0 && all() > limit; }
};

/// Area, then power.
std::vector<BudgetItem> budget_of(const PackageParams& package);

}  // namespace moesaic
