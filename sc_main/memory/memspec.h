// SPDX-License-Identifier: Apache-2.0
// DRAMSys' memspec JSON as a device of ours: HBM2, HBM3, LPDDR4, LPDDR5, DDR4, DDR5.
//
// Models: memarchitecturespec and memtimingspec, whose key names differ from standard to standard; what DRAMSys
//   derives (read to write, strobes it counts) is derived the same way; command buses as the standard has
//   them. Energies follow from the currents of mempowerspec (memspec_energy.h).
// Does not model: impedances and what else lies beside them; keys that stay unused are named in the output.
//   Energies of a file without currents are marked `assumed`.
#pragma once

#include <string>
#include <vector>

#include "hw/memory/params.h"

namespace moesaic {

struct ImportedMemspec {
  MemoryParams memory;               ///< a site of one channel
  std::vector<std::string> unused;   ///< keys of the file that nothing was made of
  std::vector<std::string> derived;  ///< fields that the file does not give, and how they came about
};

/// Throws a UserError with file, key and remedy.
ImportedMemspec read_memspec(const std::string& file);

/// A file for platforms/memories.
std::string memspec_yaml(const ImportedMemspec& imported, const std::string& source);

}  // namespace moesaic
