// SPDX-License-Identifier: Apache-2.0
// Timing constraints of a DRAM device, in cycles of its command clock. 0 switches a constraint off where its
// standard does not have it. Defaults: LPDDR5-6400, 16 Gb.
#pragma once

#include <cstdint>

#include "tlm/field.h"
#include "tlm/tick.h"

namespace moesaic {

struct DramTiming {
  Tick clock_period_fs = 1'250'000;
  // Data.
  std::uint32_t read_latency_cycles = 17;
  std::uint32_t read_strobe_cycles = 0;
  std::uint32_t write_latency_cycles = 9;
  std::uint32_t write_strobe_cycles = 0;
  std::uint32_t burst_cycles = 2;
  // Column to column.
  std::uint32_t ccd_short_cycles = 2;
  std::uint32_t ccd_long_cycles = 4;
  std::uint32_t ccd_short_write_cycles = 2;
  std::uint32_t ccd_long_write_cycles = 4;
  std::uint32_t ccd_stack_cycles = 0;
  std::uint32_t ccd_masked_write_cycles = 0;
  std::uint32_t read_to_write_cycles = 12;
  std::uint32_t wtr_short_cycles = 5;
  std::uint32_t wtr_long_cycles = 10;
  std::uint32_t rank_switch_cycles = 0;
  // Row.
  std::uint32_t rcd_read_cycles = 15;
  std::uint32_t rcd_write_cycles = 15;
  std::uint32_t rp_bank_cycles = 15;
  std::uint32_t rp_all_cycles = 17;
  std::uint32_t ras_cycles = 34;
  std::uint32_t rc_cycles = 49;
  std::uint32_t rrd_short_cycles = 4;
  std::uint32_t rrd_long_cycles = 4;
  std::uint32_t faw_cycles = 16;
  std::uint32_t rtp_cycles = 8;
  std::uint32_t wr_cycles = 28;
  std::uint32_t ppd_cycles = 2;
  // Refresh.
  std::uint32_t refi_cycles = 3125;
  std::uint32_t rfc_all_cycles = 224;
  std::uint32_t refi_bank_cycles = 391;
  std::uint32_t rfc_bank_cycles = 112;
  std::uint32_t refresh_to_activate_cycles = 6;
  std::uint32_t refresh_to_refresh_cycles = 72;
  std::uint32_t refresh_banks = 1;
  // Power-down.
  std::uint32_t cke_cycles = 6;
  std::uint32_t xp_cycles = 6;
};

template <class V>
void describe_fields(V& v, DramTiming& p) {
  constexpr double kMax = 50000;
  v(Field{"clock_period_fs", "fs", "period of the command clock CK", 1e5, 1e9}, p.clock_period_fs);
  v(Field{"read_latency_cycles", "cycles", "RL (CL), read command to first data", 1, kMax},
    p.read_latency_cycles);
  v(Field{"read_strobe_cycles", "cycles", "tDQSCK, further delay of read data where it is counted", 0, kMax},
    p.read_strobe_cycles);
  v(Field{"write_latency_cycles", "cycles", "WL (CWL), write command to first data", 1, kMax},
    p.write_latency_cycles);
  v(Field{"write_strobe_cycles", "cycles", "tDQSS as counted: data of a write end so much later", 0, kMax},
    p.write_strobe_cycles);
  v(Field{"burst_cycles", "cycles", "time one burst occupies the data bus", 1, kMax}, p.burst_cycles);
  v(Field{"ccd_short_cycles", "cycles", "tCCD_S, read to read, other bank group", 1, kMax},
    p.ccd_short_cycles);
  v(Field{"ccd_long_cycles", "cycles", "tCCD_L, read to read, same bank group", 1, kMax}, p.ccd_long_cycles);
  v(Field{"ccd_short_write_cycles", "cycles", "tCCD_S_WR, write to write, other bank group", 1, kMax},
    p.ccd_short_write_cycles);
  v(Field{"ccd_long_write_cycles", "cycles", "tCCD_L_WR, write to write, same bank group", 1, kMax},
    p.ccd_long_write_cycles);
  v(Field{"ccd_stack_cycles", "cycles",
          "tCCD_R, column to column of another stack id of the same pseudo channel; 0: none", 0, kMax},
    p.ccd_stack_cycles);
  v(Field{"ccd_masked_write_cycles", "cycles",
          "tCCDMW, write to masked write, same bank; 0: masked writes cost nothing", 0, kMax},
    p.ccd_masked_write_cycles);
  v(Field{"read_to_write_cycles", "cycles", "tRTW, read to write command, same rank", 1, kMax},
    p.read_to_write_cycles);
  v(Field{"wtr_short_cycles", "cycles", "tWTR_S, end of write data to read, other bank group", 1, kMax},
    p.wtr_short_cycles);
  v(Field{"wtr_long_cycles", "cycles", "tWTR_L, end of write data to read, same bank group", 1, kMax},
    p.wtr_long_cycles);
  v(Field{"rank_switch_cycles", "cycles", "tRTRS (tCS), bubble between data of two ranks", 0, kMax},
    p.rank_switch_cycles);
  v(Field{"rcd_read_cycles", "cycles", "tRCDRD, activate to read", 1, kMax}, p.rcd_read_cycles);
  v(Field{"rcd_write_cycles", "cycles", "tRCDWR, activate to write", 1, kMax}, p.rcd_write_cycles);
  v(Field{"rp_bank_cycles", "cycles", "tRPpb, precharge of a bank to its activate", 1, kMax},
    p.rp_bank_cycles);
  v(Field{"rp_all_cycles", "cycles", "tRPab, precharge of all banks to refresh", 1, kMax}, p.rp_all_cycles);
  v(Field{"ras_cycles", "cycles", "tRAS, activate to precharge, same bank", 1, kMax}, p.ras_cycles);
  v(Field{"rc_cycles", "cycles", "tRC, activate to activate, same bank", 1, kMax}, p.rc_cycles);
  v(Field{"rrd_short_cycles", "cycles", "tRRD_S, activate to activate, other bank group", 1, kMax},
    p.rrd_short_cycles);
  v(Field{"rrd_long_cycles", "cycles", "tRRD_L, activate to activate, same bank group", 1, kMax},
    p.rrd_long_cycles);
  v(Field{"faw_cycles", "cycles", "tFAW, window that holds at most four activates of a rank", 1, kMax},
    p.faw_cycles);
  v(Field{"rtp_cycles", "cycles", "tRTP, read to precharge, same bank", 1, kMax}, p.rtp_cycles);
  v(Field{"wr_cycles", "cycles", "tWR, end of write data to precharge, same bank", 1, kMax}, p.wr_cycles);
  v(Field{"ppd_cycles", "cycles", "tPPD, precharge to precharge, same pseudo channel; 0: none", 0, kMax},
    p.ppd_cycles);
  v(Field{"refi_cycles", "cycles", "tREFI, all-bank refresh interval", 1, 1e9}, p.refi_cycles);
  v(Field{"rfc_all_cycles", "cycles", "tRFCab, all-bank refresh", 1, kMax}, p.rfc_all_cycles);
  v(Field{"refi_bank_cycles", "cycles",
          "tREFIpb (tREFISB), per-bank refresh interval; 0: not in the standard", 0, 1e9},
    p.refi_bank_cycles);
  v(Field{"rfc_bank_cycles", "cycles", "tRFCpb (tRFCSB), per-bank refresh", 0, kMax}, p.rfc_bank_cycles);
  v(Field{"refresh_to_activate_cycles", "cycles",
          "tRREFD (tpbR2act), per-bank refresh to activate of another bank", 0, kMax},
    p.refresh_to_activate_cycles);
  v(Field{"refresh_to_refresh_cycles", "cycles",
          "tpbR2pbR, per-bank refresh to per-bank refresh of another bank", 0, kMax},
    p.refresh_to_refresh_cycles);
  v(Field{"refresh_banks", "count",
          "banks that one per-bank refresh takes at once, equally far apart (2: LPDDR5 with bank groups; as "
          "many as "
          "bank groups: same-bank refresh of DDR5)",
          1, 8, true},
    p.refresh_banks);
  v(Field{"cke_cycles", "cycles", "tCKE (tCSPD), shortest power-down; 0: the standard has no power-down", 0,
          kMax},
    p.cke_cycles);
  v(Field{"xp_cycles", "cycles", "tXP, end of power-down to the next command", 0, kMax}, p.xp_cycles);
}

}  // namespace moesaic
