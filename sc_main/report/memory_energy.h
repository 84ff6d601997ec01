// SPDX-License-Identifier: Apache-2.0
// Energy of memory channels: commands times energies, time times power.
//
// Models: activate with precharge, read, write, all-bank and per-bank refresh, refresh management (costs what the
//   refresh of as many banks costs: assumed), background power of a clocked channel and of one that is
//   powered down.
// Does not model: the energy of a bit by its value, termination beyond what a constant holds, self refresh,
//   closed rows (background is that of open ones: an upper estimate).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/memory/energy_params.h"
#include "hw/memory/stats.h"
#include "tlm/tick.h"

namespace moesaic {

struct EnergyItem {
  std::string component;  ///< engine, vector, sram, memory_..., d2d, control, idle
  double events = 0.0;
  std::string event;  ///< what is counted: "MAC", "bit"
  double constant = 0.0;
  std::string constant_unit;
  std::string evidence;
  std::string source;
  double joules = 0.0;
};

/// What the channels counted, over all of them.
struct MemoryEnergyEvents {
  std::uint64_t activates = 0;
  std::uint64_t read_bursts = 0;
  std::uint64_t write_bursts = 0;
  std::uint32_t burst_bytes = 0;
  std::uint64_t refreshes = 0;       ///< all-bank
  std::uint64_t bank_refreshes = 0;  ///< per-bank
  std::uint64_t rfms = 0;            ///< all-bank
  std::uint64_t bank_rfms = 0;       ///< per-bank
  Tick up = 0;                       ///< summed over channels, clocked
  Tick down = 0;                     ///< summed over channels, powered down

  /// One channel that counted `stats` in `time`.
  void add(const MemoryStats& stats, Tick time);
};

EnergyItem energy_item(const char* component, double events, const char* event,
                       const EnergyConstant& constant, const char* unit, double scale);

/// memory_activate, memory_read, memory_write, memory_refresh, memory_bank_refresh, memory_background,
/// memory_power_down, memory_rfm, memory_bank_rfm; those of refresh by bank, RFM and power-down only where
/// they happened.
std::vector<EnergyItem> memory_energy(const MemoryEnergyEvents& events, const DramEnergyParams& params);

}  // namespace moesaic
