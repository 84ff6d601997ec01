// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram_limits.h"

namespace moesaic {

DramLimits::DramLimits(const MemoryParams& p) {
  const DramTiming& t = p.timing;
  const DramCommandBus& b = p.command_bus;
  const auto half = [](std::uint32_t cycles) { return 2 * HalfCycle{cycles}; };
  two_buses = b.bus == CommandBus::row_column;
  split_activate = b.split_activate;
  activate = b.activate_half_cycles;
  precharge = b.precharge_half_cycles;
  refresh = b.refresh_half_cycles;
  column = b.column_half_cycles;
  aad = half(b.aad_cycles);
  wck_sync = b.wck_sync;
  wck_postamble = half(b.wck_postamble_cycles);
  // Constraints run from last edge to last edge: between starts, plus the first length, minus the second.
  const HalfCycle reference = b.latency_from == LatencyFrom::last_edge ? column - 2 : 0;
  const HalfCycle write_end = half(t.write_latency_cycles + t.write_strobe_cycles + t.burst_cycles);
  data = {reference + half(t.read_latency_cycles + t.read_strobe_cycles),
          reference + half(t.write_latency_cycles + t.write_strobe_cycles)};
  burst = half(t.burst_cycles);
  ccd_short = {half(t.ccd_short_cycles), half(t.ccd_short_write_cycles)};
  ccd_long = {half(t.ccd_long_cycles), half(t.ccd_long_write_cycles)};
  ccd_stack = half(t.ccd_stack_cycles);
  ccd_masked = half(t.ccd_masked_write_cycles);
  read_to_write = half(t.read_to_write_cycles);
  write_to_read_short = write_end + half(t.wtr_short_cycles);
  write_to_read_long = write_end + half(t.wtr_long_cycles);
  rank_switch = half(t.rank_switch_cycles);
  activate_to_column = {half(t.rcd_read_cycles) + activate - column,
                        half(t.rcd_write_cycles) + activate - column};
  column_to_precharge = {half(t.rtp_cycles) + column - precharge,
                         write_end + half(t.wr_cycles) + column - precharge};
  activate_to_precharge = half(t.ras_cycles) + activate - precharge;
  activate_to_activate = half(t.rc_cycles);
  precharge_to_activate = half(t.rp_bank_cycles) + precharge - activate;
  precharge_all_to_activate = half(t.rp_all_cycles) + precharge - activate;
  precharge_to_precharge = half(t.ppd_cycles);
  activate_short = half(t.rrd_short_cycles);
  activate_long = half(t.rrd_long_cycles);
  four_activates = half(t.faw_cycles);
  activate_to_refresh = activate - refresh;
  refresh_interval = half(t.refi_cycles);
  refresh_to_activate = half(t.rfc_all_cycles) + refresh - activate;
  bank_refresh_interval = half(t.refi_bank_cycles);
  bank_refresh_to_activate = half(t.rfc_bank_cycles) + refresh - activate;
  bank_refresh_to_other_activate = half(t.refresh_to_activate_cycles) + refresh - activate;
  activate_to_other_bank_refresh = half(t.rrd_short_cycles) + activate - refresh;
  bank_refresh_to_bank_refresh = half(t.refresh_to_refresh_cycles);
  rfm_to_activate = half(p.refresh_management.rfm_all_cycles) + refresh - activate;
  bank_rfm_to_activate = half(p.refresh_management.rfm_bank_cycles) + refresh - activate;
  shortest_power_down = half(t.cke_cycles);
  power_down_exit = half(t.xp_cycles);
}

}  // namespace moesaic
