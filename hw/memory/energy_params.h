// SPDX-License-Identifier: Apache-2.0
// Energy of a DRAM channel per command, and its power while nothing happens. Every constant has its source
// and evidence class (hw/energy_constant.h), which are printed beside each result.
//
// Where a file gives the currents of the standard's IDD loops, the constants follow from them, per channel:
//   activate    V (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS)), the precharge included
//   read        V (IDD4R - IDD3N) tBURST, and VDDQ IDD4RQ tBURST where it is given; per bit
//   write       the same with IDD4W
//   refresh     V (IDD5 - IDD3N) tRFC
//   background  V IDD3N; powered down: V IDD2P
// Defaults: LPDDR5, as platforms/memories/lpddr5_6400_x16.yaml.
#pragma once

#include "hw/energy_constant.h"
#include "tlm/field.h"

namespace moesaic {

struct DramEnergyParams {
  EnergyConstant activate_pj{1200.0, "assumed", "LPDDR4-3200's, rounded: same row size"};
  EnergyConstant read_pj_per_bit{5.0, "S", "LPDDR5 device and interface, secondary table"};
  EnergyConstant write_pj_per_bit{5.0, "S", "LPDDR5 device and interface, secondary table"};
  EnergyConstant refresh_pj{44800.0, "assumed", "twice LPDDR4-3200's 8 Gb: twice the rows"};
  EnergyConstant refresh_bank_pj{2800.0, "assumed", "all-bank refresh / 16 banks"};
  EnergyConstant background_mw{38.0, "assumed", "LPDDR4-3200's, rounded"};
  EnergyConstant power_down_mw{6.3, "assumed", "LPDDR4-3200's"};
};

template <class V>
void describe_fields(V& v, DramEnergyParams& p) {
  v.group("activate_pj", "one activate of a row and its precharge, pJ", p.activate_pj);
  v.group("read_pj_per_bit", "one bit read, array and interface, pJ", p.read_pj_per_bit);
  v.group("write_pj_per_bit", "one bit written, interface and array, pJ", p.write_pj_per_bit);
  v.group("refresh_pj", "one all-bank refresh of a rank of a pseudo channel, pJ", p.refresh_pj);
  v.group("refresh_bank_pj", "one per-bank refresh, pJ", p.refresh_bank_pj);
  v.group("background_mw", "power of a channel that is clocked, rows open, mW", p.background_mw);
  v.group("power_down_mw", "power of a channel that is powered down, mW", p.power_down_mw);
}

}  // namespace moesaic
