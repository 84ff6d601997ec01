// SPDX-License-Identifier: Apache-2.0
// Parameters of a memory site: one controller with its channels and the DRAM behind them.
//
// Defaults: LPDDR5-6400, x16, 16 Gb; two channels of 12.8 GB/s each. Timings are counted in cycles of the
// command clock, as JEDEC tables and published simulators give them, so that they can be compared digit by
// digit. Sources of the defaults, value by value: platforms/memories/lpddr5_6400_x16.yaml.
#pragma once

#include <cstdint>
#include <string>

#include "tlm/field.h"

namespace moesaic {

/// Timing constraints of one device. All in cycles of `clock_hz` unless the name says otherwise.
struct DramTiming {
  std::uint64_t clock_hz = 800'000'000;
  std::uint32_t read_latency_cycles = 17;
  std::uint32_t write_latency_cycles = 9;
  std::uint32_t burst_cycles = 2;
  std::uint32_t ccd_short_cycles = 2;
  std::uint32_t ccd_long_cycles = 4;
  std::uint32_t rcd_cycles = 15;
  std::uint32_t rp_bank_cycles = 15;
  std::uint32_t rp_all_cycles = 17;
  std::uint32_t ras_cycles = 34;
  std::uint32_t rc_cycles = 49;
  std::uint32_t rrd_short_cycles = 4;
  std::uint32_t rrd_long_cycles = 4;
  std::uint32_t faw_cycles = 16;
  std::uint32_t rtp_cycles = 8;
  std::uint32_t wr_cycles = 28;
  std::uint32_t wtr_short_cycles = 5;
  std::uint32_t wtr_long_cycles = 10;
  std::uint32_t read_to_write_cycles = 12;
  std::uint32_t ppd_cycles = 2;
  std::uint32_t activate_slots = 2;
  std::uint32_t aad_cycles = 8;
  std::uint32_t wck_sync_slots = 1;
  std::uint32_t wck_postamble_cycles = 1;
  std::uint32_t refi_cycles = 3125;
  std::uint32_t rfc_all_cycles = 224;
};

template <class V>
void describe_fields(V& v, DramTiming& p) {
  constexpr double kMax = 50000;
  v(Field{"clock_hz", "Hz", "command clock CK", 1e6, 1e10}, p.clock_hz);
  v(Field{"read_latency_cycles", "cycles", "RL, read command to first data", 1, kMax}, p.read_latency_cycles);
  v(Field{"write_latency_cycles", "cycles", "WL, write command to first data", 1, kMax},
    p.write_latency_cycles);
  v(Field{"burst_cycles", "cycles", "time one burst occupies the data bus", 1, kMax}, p.burst_cycles);
  v(Field{"ccd_short_cycles", "cycles", "tCCD_S, column to column, other bank group", 1, kMax},
    p.ccd_short_cycles);
  v(Field{"ccd_long_cycles", "cycles", "tCCD_L, column to column, same bank group", 1, kMax},
    p.ccd_long_cycles);
  v(Field{"rcd_cycles", "cycles", "tRCD, first activate command to column command", 1, kMax}, p.rcd_cycles);
  v(Field{"rp_bank_cycles", "cycles", "tRPpb, precharge of a bank to its activate", 1, kMax},
    p.rp_bank_cycles);
  v(Field{"rp_all_cycles", "cycles", "tRPab, precharge of all banks to refresh", 1, kMax}, p.rp_all_cycles);
  v(Field{"ras_cycles", "cycles", "tRAS, activate to precharge, same bank", 1, kMax}, p.ras_cycles);
  v(Field{"rc_cycles", "cycles", "tRC, activate to activate, same bank", 1, kMax}, p.rc_cycles);
  v(Field{"rrd_short_cycles", "cycles", "tRRD_S, activate to activate, other bank group", 1, kMax},
    p.rrd_short_cycles);
  v(Field{"rrd_long_cycles", "cycles", "tRRD_L, activate to activate, same bank group", 1, kMax},
    p.rrd_long_cycles);
  v(Field{"faw_cycles", "cycles", "tFAW, window that holds at most four activates", 1, kMax}, p.faw_cycles);
  v(Field{"rtp_cycles", "cycles", "tRTP, read to precharge, same bank", 1, kMax}, p.rtp_cycles);
  v(Field{"wr_cycles", "cycles", "tWR, end of write data to precharge, same bank", 1, kMax}, p.wr_cycles);
  v(Field{"wtr_short_cycles", "cycles", "tWTR_S, end of write data to read, other bank group", 1, kMax},
    p.wtr_short_cycles);
  v(Field{"wtr_long_cycles", "cycles", "tWTR_L, end of write data to read, same bank group", 1, kMax},
    p.wtr_long_cycles);
  v(Field{"read_to_write_cycles", "cycles", "read to write command, turnaround of the data bus", 1, kMax},
    p.read_to_write_cycles);
  v(Field{"ppd_cycles", "cycles", "tPPD, precharge to precharge", 1, kMax}, p.ppd_cycles);
  v(Field{"activate_slots", "count", "command bus cycles of an activate", 1, 2}, p.activate_slots);
  v(Field{"aad_cycles", "cycles", "tAAD, longest time between the two cycles of an activate", 1, kMax},
    p.aad_cycles);
  v(Field{"wck_sync_slots", "count", "CAS commands before a column command when WCK is off; 0: always on", 0,
          1},
    p.wck_sync_slots);
  v(Field{"wck_postamble_cycles", "cycles", "tWCKPST, WCK stays on after the last data", 0, kMax},
    p.wck_postamble_cycles);
  v(Field{"refi_cycles", "cycles", "tREFI, all-bank refresh interval; 0: never refreshed", 0, 1e9},
    p.refi_cycles);
  v(Field{"rfc_all_cycles", "cycles", "tRFCab, all-bank refresh", 1, kMax}, p.rfc_all_cycles);
}

/// What one channel is built of.
struct DramOrganisation {
  std::uint32_t burst_bytes = 32;
  std::uint32_t bank_groups = 4;
  std::uint32_t banks_per_group = 4;
  std::uint32_t rows = 65536;
  std::uint32_t row_bytes = 2048;

  std::uint32_t banks() const { return bank_groups * banks_per_group; }
  std::uint64_t device_bytes() const { return std::uint64_t{rows} * row_bytes * banks(); }
};

template <class V>
void describe_fields(V& v, DramOrganisation& p) {
  v(Field{"burst_bytes", "bytes", "bytes one burst moves: width x burst length", 8, 256, true},
    p.burst_bytes);
  v(Field{"bank_groups", "count", "bank groups", 1, 8, true}, p.bank_groups);
  v(Field{"banks_per_group", "count", "banks of a bank group", 1, 8, true}, p.banks_per_group);
  v(Field{"rows", "count", "rows of a bank", 1, 16777216, true}, p.rows);
  v(Field{"row_bytes", "bytes", "bytes of a row (the page)", 64, 65536, true}, p.row_bytes);
}

/// Which bits of the channel's address select what, bit 0 being the lowest. Lists such as
/// "BG=6,7 BA=13,14 CO=5,8-12 RO=15-39", low bit of the field first; "XOR=6^15,7^16" flips bit 6 by bit 15
/// and bit 7 by bit 16 before that. Presets M1, M2, M2X, M3: see address_decoder.h.
struct DramAddressMap {
  std::string bits = "M2X";
};

template <class V>
void describe_fields(V& v, DramAddressMap& p) {
  v(Field{"bits", "", "M1, M2, M2X, M3 or bit lists such as BG=6,7 BA=13,14 CO=5,8-12 RO=15-39"}, p.bits);
}

/// Queues and policy of the controller, per channel unless the name says otherwise.
struct DramControllerParams {
  std::uint32_t port_requests = 16;
  std::uint32_t read_queue_bursts = 32;
  std::uint32_t write_queue_bursts = 32;
  std::uint32_t write_high_bursts = 26;
  std::uint32_t write_low_bursts = 6;
  std::uint32_t read_batch_bursts = 32;
  std::uint32_t write_batch_bursts = 64;
  std::uint32_t write_patience_cycles = 800;
  std::uint32_t starvation_limit_bursts = 64;
  std::uint32_t request_latency_cycles = 8;
  std::uint32_t response_latency_cycles = 8;
  std::uint32_t refresh_stagger_cycles = 0;
};

template <class V>
void describe_fields(V& v, DramControllerParams& p) {
  v(Field{"port_requests", "count", "transactions of one port in the controller at once", 1, 256},
    p.port_requests);
  v(Field{"read_queue_bursts", "count", "read bursts the scheduler chooses among", 1, 64},
    p.read_queue_bursts);
  v(Field{"write_queue_bursts", "count", "write bursts the scheduler chooses among", 1, 64},
    p.write_queue_bursts);
  v(Field{"write_high_bursts", "count", "waiting writes that end a batch of reads", 1, 64},
    p.write_high_bursts);
  v(Field{"write_low_bursts", "count", "waiting writes at which waiting reads go first again", 0, 64},
    p.write_low_bursts);
  v(Field{"read_batch_bursts", "count", "reads served before full write queues may interrupt them", 1, 4096},
    p.read_batch_bursts);
  v(Field{"write_batch_bursts", "count", "writes served before waiting reads go first again", 1, 4096},
    p.write_batch_bursts);
  v(Field{"write_patience_cycles", "cycles", "age at which a write goes before reads", 1, 1e6},
    p.write_patience_cycles);
  v(Field{"starvation_limit_bursts", "count", "row hits that may overtake an older request of their bank", 1,
          4096},
    p.starvation_limit_bursts);
  v(Field{"request_latency_cycles", "cycles", "controller and PHY, from request to scheduler", 0, 1000},
    p.request_latency_cycles);
  v(Field{"response_latency_cycles", "cycles", "PHY and controller, from last data to response", 0, 1000},
    p.response_latency_cycles);
  v(Field{"refresh_stagger_cycles", "cycles",
          "refresh of a channel after that of the channel before it; 0: together", 0, 1e6},
    p.refresh_stagger_cycles);
}

/// One memory site: what hangs on one memory controller of one die.
struct MemoryParams {
  std::string device = "LPDDR5-6400 x16 16Gb";
  std::uint32_t channels = 2;
  std::uint32_t interleave_bytes = 256;
  std::uint64_t capacity_bytes = std::uint64_t{16} << 30;
  DramOrganisation organisation;
  DramTiming timing;
  DramAddressMap address_map;
  DramControllerParams controller;

  /// Peak of one channel: a burst every burst_cycles.
  double channel_bytes_per_second() const {
    return static_cast<double>(organisation.burst_bytes) * static_cast<double>(timing.clock_hz) /
           static_cast<double>(timing.burst_cycles);
  }
  double bytes_per_second() const { return channels * channel_bytes_per_second(); }
};

template <class V>
void describe_fields(V& v, MemoryParams& p) {
  v(Field{"device", "", "name of the memory, for reports"}, p.device);
  v(Field{"channels", "count", "channels of the site", 1, 64, true}, p.channels);
  v(Field{"interleave_bytes", "bytes", "consecutive bytes on one channel before the next", 64, 1 << 20, true},
    p.interleave_bytes);
  v(Field{"capacity_bytes", "bytes", "capacity of the site; more than one device per channel counts as rows",
          4096, 1099511627776.0},
    p.capacity_bytes);
  v.group("organisation", "banks and rows of one channel", p.organisation);
  v.group("timing", "timing constraints of the device", p.timing);
  v.group("address_map", "address bits of a channel", p.address_map);
  v.group("controller", "queues and policy", p.controller);
}

}  // namespace moesaic
