// SPDX-License-Identifier: Apache-2.0
// Energy of a run: events counted by the hardware, times the package's constants.
//
// Models: dynamic energy per event, one idle power per die for the whole makespan and one per link direction
//   while nothing is on it, memory by command (memory_energy.h). Each constant carries its evidence class,
//   which is printed beside every result that uses it.
// Does not model: voltage and frequency scaling, clock gating, the energy of a bit by its value.
// Time: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/package/energy_params.h"
#include "sc_main/report/memory_energy.h"
#include "tlm/tick.h"

namespace moesaic {

/// What the hardware counted, over all dies.
struct EnergyEvents {
  std::uint64_t macs = 0;
  std::uint64_t vector_ops = 0;
  std::uint64_t sram_bytes = 0;        ///< read and written
  MemoryEnergyEvents memory;           ///< over all channels
  std::uint64_t d2d_wire_bytes = 0;    ///< summed over links, framing included
  std::uint64_t router_bytes = 0;      ///< summed over routers, flit headers included
  Tick d2d_idle = 0;                   ///< without a flit on the link, summed over link directions
  std::uint64_t link_bytes_per_s = 0;  ///< peak of a link direction
  Tick control_busy = 0;               ///< summed over control cores
  std::uint64_t control_hz = 0;
  unsigned dies = 0;
  Tick makespan = 0;
};

struct Energy {
  std::vector<EnergyItem> items;
  double joules = 0.0;
};

Energy energy_of(const EnergyEvents& events, const EnergyParams& params, const DramEnergyParams& memory);

}  // namespace moesaic
