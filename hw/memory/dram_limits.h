// SPDX-License-Identifier: Apache-2.0
// The constraints of a device as distances between the starts of two commands, in half cycles of CK: what a
// scheduler needs, derived once from what a data sheet gives (hw/memory/timing_params.h).
#pragma once

#include <array>
#include <cstdint>

#include "hw/memory/params.h"

namespace moesaic {

/// Half cycles of CK. Signed: a constraint may reach back before the command it comes from.
using HalfCycle = std::int64_t;
inline constexpr HalfCycle kNoHalfCycle = std::int64_t{1} << 60;
/// The rising edge of CK at `at`, or the next one.
constexpr HalfCycle rising(HalfCycle at) {
  return at + (at & 1);
}

struct DramLimits {
  explicit DramLimits(const MemoryParams& p);

  bool two_buses;
  bool split_activate;
  HalfCycle activate, precharge, refresh, column;  ///< lengths on the bus
  HalfCycle aad, wck_postamble;                    ///< split activate, data clock
  bool wck_sync;
  std::array<HalfCycle, 2> data;  ///< read, write: command to first data
  HalfCycle burst;
  std::array<HalfCycle, 2> ccd_short, ccd_long;  ///< read to read, write to write
  HalfCycle ccd_stack, ccd_masked;
  HalfCycle read_to_write, write_to_read_short, write_to_read_long;
  HalfCycle rank_switch;
  std::array<HalfCycle, 2> activate_to_column;   ///< read, write
  std::array<HalfCycle, 2> column_to_precharge;  ///< read, write
  HalfCycle activate_to_precharge, activate_to_activate, precharge_to_activate, precharge_all_to_activate;
  HalfCycle precharge_to_precharge;
  HalfCycle activate_short, activate_long, four_activates;
  HalfCycle activate_to_refresh;  ///< add to "may activate" to get "may refresh"
  HalfCycle refresh_interval, refresh_to_activate;
  HalfCycle bank_refresh_interval, bank_refresh_to_activate, bank_refresh_to_other_activate;
  HalfCycle activate_to_other_bank_refresh, bank_refresh_to_bank_refresh;
  HalfCycle rfm_to_activate, bank_rfm_to_activate;
  HalfCycle shortest_power_down, power_down_exit;
};

}  // namespace moesaic
