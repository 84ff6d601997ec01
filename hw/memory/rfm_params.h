// SPDX-License-Identifier: Apache-2.0
// Refresh management (RFM) of a DRAM device: how many activates a bank may take before the device needs time
// to refresh their neighbours (DDR5: JESD79-5 MR58, MR59; LPDDR5: JESD209-5B MR27, MR57; LPDDR4: JESD209-4
// MR24, MR36; HBM3: JESD238 DEVICE_ID).
//
// Each bank counts its activates (RAA, rolling accumulated ACT). From raa_initial_activates on the device
// wants an RFM command, at raa_maximum_activates the bank takes no further activate until an RFM or a refresh
// has lowered its count. Thresholds are the vendor's; a device that requires no RFM has raa_initial_activates
// 0.
#pragma once

#include <cstdint>

#include "tlm/field.h"

namespace moesaic {

struct DramRefreshManagement {
  std::uint32_t raa_initial_activates = 0;
  std::uint32_t raa_maximum_activates = 0;
  std::uint32_t raa_per_rfm_activates = 0;
  std::uint32_t raa_per_refresh_activates = 0;
  std::uint32_t rfm_all_cycles = 0;
  std::uint32_t rfm_bank_cycles = 0;

  bool required() const { return raa_initial_activates > 0; }
};

template <class V>
void describe_fields(V& v, DramRefreshManagement& p) {
  constexpr double kMax = 100000;
  v(Field{"raa_initial_activates", "count",
          "RAAIMT, activates of a bank from which the device wants an RFM command; 0: it requires none", 0,
          kMax},
    p.raa_initial_activates);
  v(Field{"raa_maximum_activates", "count",
          "RAAMMT, activates at which a bank takes no more until an RFM or a refresh", 0, kMax},
    p.raa_maximum_activates);
  v(Field{"raa_per_rfm_activates", "count", "activates that an RFM takes from the count of its banks", 0,
          kMax},
    p.raa_per_rfm_activates);
  v(Field{"raa_per_refresh_activates", "count",
          "RAADEC, activates that a refresh takes from the count of its banks", 0, kMax},
    p.raa_per_refresh_activates);
  v(Field{"rfm_all_cycles", "cycles", "tRFMab, RFM of all banks of a rank (refresh_policy all_bank or none)",
          0, kMax},
    p.rfm_all_cycles);
  v(Field{"rfm_bank_cycles", "cycles",
          "tRFMpb (tRFMsb), RFM of the banks that a per-bank refresh takes (refresh_policy per_bank)", 0,
          kMax},
    p.rfm_bank_cycles);
}

}  // namespace moesaic
