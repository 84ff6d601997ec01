// SPDX-License-Identifier: Apache-2.0
// Energies of an imported device from the currents of its memspec (mempowerspec: amperes, volts).
//
// Models: the formulas of hw/memory/energy_params.h, supply by supply: VDD of HBM and DDR; VDD1, VDD2 (VDD2H,
//   VDD2L) of LPDDR; VPP for activates and refreshes; VDDQ for reads, writes and background where LPDDR files
//   give its currents. Per-bank refresh is an all-bank refresh divided by its rounds. Currents are of one
//   device; a channel has `devices` of them in each rank.
// Does not model: termination (memimpedancespec), self refresh, IDD3P, VPP while nothing happens (files repeat IDD2P
//   there).
#pragma once

#include <cstdint>
#include <string>

#include "sc_main/memory/memspec.h"
#include "sc_main/memory/memspec_section.h"

namespace moesaic {

/// Sets the energies of `out`, from `power` where it has currents; false: it has none, and all are those of
/// LPDDR5, marked assumed. REQUIRES: organisation and timing are set. Throws UserError for values that are no
/// currents.
bool import_energies(Section& power, std::uint32_t devices, const std::string& file, ImportedMemspec& out);

}  // namespace moesaic
