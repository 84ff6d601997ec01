// SPDX-License-Identifier: Apache-2.0
// Parameters of a memory site: one controller with its channels and the DRAM behind them.
//
// device.h: what the device is; timing_params.h, rfm_params.h: what it forbids; controller_params.h: how it
// is used; energy_params.h: what it costs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/memory/controller_params.h"
#include "hw/memory/device.h"
#include "hw/memory/energy_params.h"
#include "hw/memory/rfm_params.h"
#include "hw/memory/timing_params.h"
#include "tlm/field.h"

namespace moesaic {

/// What hangs on one memory controller of one die.
struct MemoryParams {
  std::string device = "LPDDR5-6400 x16 16Gb";
  DramStandard standard = DramStandard::lpddr5;
  std::uint32_t channels = 2;
  std::uint32_t interleave_bytes = 256;
  std::uint64_t capacity_bytes = std::uint64_t{16} << 30;
  DramOrganisation organisation;
  DramTiming timing;
  DramRefreshManagement refresh_management;
  DramCommandBus command_bus;
  DramAddressMap address_map;
  DramControllerParams controller;
  DramEnergyParams energy;
  std::vector<std::string> assumed;

  /// Of one channel: every pseudo channel moves a burst every burst_cycles.
  double channel_bytes_per_second() const {
    return static_cast<double>(organisation.burst_bytes) * organisation.pseudo_channels *
           static_cast<double>(kSecond) / static_cast<double>(timing.clock_period_fs) /
           static_cast<double>(timing.burst_cycles);
  }
  double bytes_per_second() const { return channels * channel_bytes_per_second(); }
};

template <class V>
void describe_fields(V& v, MemoryParams& p) {
  v(Field{"device", "", "name of the memory, for reports"}, p.device);
  v(Field{"standard", "", "standard the device follows"}, p.standard);
  v(Field{"channels", "count", "channels of the site", 1, 64, true}, p.channels);
  v(Field{"interleave_bytes", "bytes", "consecutive bytes on one channel before the next", 64, 1 << 20, true},
    p.interleave_bytes);
  v(Field{"capacity_bytes", "bytes", "capacity of the site; more than one device per channel counts as rows",
          4096, 1099511627776.0},
    p.capacity_bytes);
  v.group("organisation", "banks and rows of one channel", p.organisation);
  v.group("timing", "timing constraints of the device", p.timing);
  v.group("refresh_management", "activates that a device takes without extra refreshes",
          p.refresh_management);
  v.group("command_bus", "command pins and how long commands take on them", p.command_bus);
  v.group("address_map", "address bits of a channel", p.address_map);
  v.group("controller", "queues and policy", p.controller);
  v.group("energy", "energy per command and power of a channel", p.energy);
  v(Field{"assumed", "", "what of this device nobody has sourced; printed with every result that uses it"},
    p.assumed);
}

}  // namespace moesaic
