// SPDX-License-Identifier: Apache-2.0
#include "tests/support/memory_peers.h"

#include <fstream>

namespace moesaic::memory_test {

namespace {

MemoryParams bare(const char* device, DramStandard standard, Tick period_fs) {
  MemoryParams p;
  p.device = device;
  p.standard = standard;
  p.channels = 1;
  p.capacity_bytes = std::uint64_t{1} << 30;
  p.timing = DramTiming();
  p.timing.clock_period_fs = period_fs;
  p.timing.ppd_cycles = 0;
  p.timing.cke_cycles = p.timing.xp_cycles = 0;
  p.timing.refresh_to_refresh_cycles = 0;
  p.command_bus = DramCommandBus();
  p.command_bus.split_activate = p.command_bus.wck_sync = false;
  p.controller.request_latency_cycles = p.controller.response_latency_cycles = 0;
  return p;
}

// Row bus and column bus, shared by two pseudo channels; activate 2 CK, precharge 1 CK.
void hbm2_pins(MemoryParams& p) {
  p.command_bus.bus = CommandBus::row_column;
  p.command_bus.activate_half_cycles = 4;
  p.organisation = {32, 2, 1, 1, 4, 4, 65536, 1024};
}

void both(std::uint32_t& read, std::uint32_t& write, std::uint32_t cycles) {
  read = write = cycles;
}

}  // namespace

MemoryParams hbm2_ramulator() {
  MemoryParams p = bare("HBM2_2000 (Ramulator 2.1)", DramStandard::hbm2, 1'000'000);
  hbm2_pins(p);
  DramTiming& t = p.timing;
  t.read_latency_cycles = 14;
  t.write_latency_cycles = 5;
  t.burst_cycles = 2;
  both(t.ccd_short_cycles, t.ccd_short_write_cycles, 2);
  both(t.ccd_long_cycles, t.ccd_long_write_cycles, 4);
  t.read_to_write_cycles = 14 + 2 + 2 - 5;
  t.wtr_short_cycles = 6;
  t.wtr_long_cycles = 8;
  t.rcd_read_cycles = 14;
  t.rcd_write_cycles = 12;
  t.rp_bank_cycles = t.rp_all_cycles = 14;
  t.ras_cycles = 34;
  t.rc_cycles = 48;
  t.rrd_short_cycles = t.rrd_long_cycles = 4;
  t.faw_cycles = 15;
  t.rtp_cycles = 5;
  t.wr_cycles = 16;
  t.refi_cycles = 3900;
  t.rfc_all_cycles = 350;
  t.refi_bank_cycles = 122;
  t.rfc_bank_cycles = 160;
  t.refresh_to_activate_cycles = 8;
  return p;
}

MemoryParams hbm2_dramsys() {
  MemoryParams p = bare("HBM2 (DRAMSys 5.5)", DramStandard::hbm2, 1'000'000);
  hbm2_pins(p);
  p.organisation.stack_ids = 2;
  p.organisation.rows = 32768;
  DramTiming& t = p.timing;
  t.read_latency_cycles = 17;
  t.read_strobe_cycles = 1;
  t.write_latency_cycles = 7;
  t.burst_cycles = 2;
  both(t.ccd_short_cycles, t.ccd_short_write_cycles, 2);
  both(t.ccd_long_cycles, t.ccd_long_write_cycles, 3);
  t.ccd_stack_cycles = 2;
  t.read_to_write_cycles = 18;
  t.wtr_short_cycles = 4;
  t.wtr_long_cycles = 9;
  t.rcd_read_cycles = 12;
  t.rcd_write_cycles = 6;
  t.rp_bank_cycles = t.rp_all_cycles = 14;
  t.ras_cycles = 28;
  t.rc_cycles = 42;
  t.rrd_short_cycles = 4;
  t.rrd_long_cycles = 6;
  t.faw_cycles = 16;
  t.rtp_cycles = 5;
  t.wr_cycles = 14;
  t.refi_cycles = 3900;
  t.rfc_all_cycles = 220;
  t.refi_bank_cycles = 244;
  t.rfc_bank_cycles = 96;
  t.refresh_to_activate_cycles = 8;
  t.cke_cycles = t.xp_cycles = 8;
  return p;
}

MemoryParams hbm3_ramulator() {
  // tCK 625 ps; Ramulator ticks half cycles of 312 ps.
  MemoryParams p = bare("HBM3_6400 (Ramulator 2.1)", DramStandard::hbm3, 624'000);
  p.organisation = {32, 2, 1, 2, 4, 4, 16384, 1024};
  p.command_bus.bus = CommandBus::row_column;
  p.command_bus.activate_half_cycles = 3;
  p.command_bus.precharge_half_cycles = p.command_bus.refresh_half_cycles = 1;
  DramTiming& t = p.timing;
  t.read_latency_cycles = 20;
  t.write_latency_cycles = 10;
  t.burst_cycles = 2;
  both(t.ccd_short_cycles, t.ccd_short_write_cycles, 2);
  both(t.ccd_long_cycles, t.ccd_long_write_cycles, 4);
  t.ccd_stack_cycles = 3;
  t.read_to_write_cycles = 20;
  t.wtr_short_cycles = 7;
  t.wtr_long_cycles = 10;
  t.rcd_read_cycles = 31;
  t.rcd_write_cycles = 15;
  t.rp_bank_cycles = t.rp_all_cycles = 26;
  t.ras_cycles = 45;
  t.rc_cycles = 72;
  t.rrd_short_cycles = 4;
  t.rrd_long_cycles = 5;
  t.faw_cycles = 24;
  t.rtp_cycles = 9;
  t.wr_cycles = 33;
  t.ppd_cycles = 2;
  t.refi_cycles = 6240;
  t.rfc_all_cycles = 560;
  t.refi_bank_cycles = 195;
  t.rfc_bank_cycles = 320;
  t.refresh_to_activate_cycles = 8;
  return p;
}

MemoryParams lpddr4_3200() {
  MemoryParams p = bare("LPDDR4-3200 x16 8Gb (DRAMSys 5.5)", DramStandard::lpddr4, 625'000);
  p.organisation = {32, 1, 1, 1, 1, 8, 65536, 2048};
  p.command_bus.latency_from = LatencyFrom::last_edge;
  p.command_bus.activate_half_cycles = p.command_bus.column_half_cycles = 8;
  p.command_bus.precharge_half_cycles = p.command_bus.refresh_half_cycles = 4;
  DramTiming& t = p.timing;
  t.read_latency_cycles = 28;
  t.read_strobe_cycles = 6;
  t.write_latency_cycles = 14;
  t.write_strobe_cycles = 1;
  t.burst_cycles = 8;
  both(t.ccd_short_cycles, t.ccd_short_write_cycles, 8);
  both(t.ccd_long_cycles, t.ccd_long_write_cycles, 8);
  t.ccd_masked_write_cycles = 32;
  t.read_to_write_cycles = 28 + 6 + 8 - 14 + 2;  // RL + DQSCK + BL - WL + WPRE
  t.wtr_short_cycles = t.wtr_long_cycles = 16;
  t.rcd_read_cycles = t.rcd_write_cycles = 29;
  t.rp_bank_cycles = 29;
  t.rp_all_cycles = 34;
  t.ras_cycles = 68;
  t.rc_cycles = 97;
  t.rrd_short_cycles = t.rrd_long_cycles = 16;
  t.faw_cycles = 64;
  t.rtp_cycles = 12;
  t.wr_cycles = 29;
  t.ppd_cycles = 4;
  t.refi_cycles = 6246;
  t.rfc_all_cycles = 448;
  t.refi_bank_cycles = 780;
  t.rfc_bank_cycles = 224;
  t.refresh_to_activate_cycles = 16;
  t.refresh_to_refresh_cycles = 224;
  t.rank_switch_cycles = 1;
  t.cke_cycles = t.xp_cycles = 12;
  return p;
}

MemoryParams lpddr4_4266() {
  MemoryParams p = lpddr4_3200();
  p.device = "LPDDR4-4266 x16 (DRAMSys 5.5)";
  DramTiming& t = p.timing;
  t.clock_period_fs = 469'000;
  t.read_latency_cycles = 36;
  t.read_strobe_cycles = 4;
  t.write_latency_cycles = 18;
  t.read_to_write_cycles = 36 + 4 + 8 - 18 + 2;
  t.wtr_short_cycles = t.wtr_long_cycles = 22;
  t.rcd_read_cycles = t.rcd_write_cycles = 39;
  t.rp_bank_cycles = 39;
  t.rp_all_cycles = 45;
  t.ras_cycles = 90;
  t.rc_cycles = 129;
  t.rrd_short_cycles = t.rrd_long_cycles = 22;
  t.faw_cycles = 86;
  t.rtp_cycles = 17;
  t.wr_cycles = 39;
  t.refi_cycles = 8341;
  t.rfc_all_cycles = 599;
  t.refi_bank_cycles = 1042;
  t.rfc_bank_cycles = 300;
  t.refresh_to_activate_cycles = 22;
  t.refresh_to_refresh_cycles = 300;
  t.cke_cycles = t.xp_cycles = 17;
  return p;
}

MemoryParams lpddr5_ramulator() {
  MemoryParams p;
  p.channels = 1;
  p.capacity_bytes = std::uint64_t{1} << 30;
  p.controller.request_latency_cycles = p.controller.response_latency_cycles = 0;
  return p;
}

MemoryParams ddr4_2400() {
  MemoryParams p = bare("DDR4-2400 x8 4Gb (DRAMSys 5.5)", DramStandard::ddr4, 833'000);
  p.organisation = {64, 1, 1, 1, 4, 4, 32768, 8192};
  DramTiming& t = p.timing;
  t.read_latency_cycles = t.write_latency_cycles = 16;
  t.burst_cycles = 4;
  both(t.ccd_short_cycles, t.ccd_short_write_cycles, 4);
  both(t.ccd_long_cycles, t.ccd_long_write_cycles, 6);
  t.read_to_write_cycles = 16 + 4 + 2 - 16;
  t.wtr_short_cycles = 3;
  t.wtr_long_cycles = 9;
  t.rcd_read_cycles = t.rcd_write_cycles = 16;
  t.rp_bank_cycles = t.rp_all_cycles = 16;
  t.ras_cycles = 39;
  t.rc_cycles = 55;
  t.rrd_short_cycles = 4;
  t.rrd_long_cycles = 6;
  t.faw_cycles = 26;
  t.rtp_cycles = 12;
  t.wr_cycles = 18;
  t.refi_cycles = 9360;
  t.rfc_all_cycles = 312;
  t.refi_bank_cycles = t.rfc_bank_cycles = 0;
  t.rank_switch_cycles = 1;
  t.cke_cycles = 6;
  t.xp_cycles = 8;
  return p;
}

MemoryParams ddr5_4800() {
  MemoryParams p = bare("DDR5-4800BN x8 16Gb (Ramulator 2.1)", DramStandard::ddr5, 416'000);
  p.organisation = {64, 1, 1, 1, 8, 4, 65536, 4096};
  p.command_bus.activate_half_cycles = p.command_bus.column_half_cycles = 4;
  DramTiming& t = p.timing;
  t.read_latency_cycles = 36;
  t.write_latency_cycles = 34;
  t.burst_cycles = 8;
  both(t.ccd_short_cycles, t.ccd_short_write_cycles, 8);
  t.ccd_long_cycles = 12;
  t.ccd_long_write_cycles = 48;
  t.read_to_write_cycles = 36 + 8 + 2 - 34 + 2;
  t.wtr_short_cycles = 6;
  t.wtr_long_cycles = 24;
  t.rcd_read_cycles = t.rcd_write_cycles = 36;
  t.rp_bank_cycles = t.rp_all_cycles = 36;
  t.ras_cycles = 77;
  t.rc_cycles = 113;
  t.rrd_short_cycles = 8;
  t.rrd_long_cycles = 12;
  t.faw_cycles = 48;
  t.rtp_cycles = 18;
  t.wr_cycles = 72;
  t.ppd_cycles = 2;
  t.refi_cycles = 9375;
  t.rfc_all_cycles = 710;
  t.refi_bank_cycles = t.rfc_bank_cycles = 0;
  t.rank_switch_cycles = 2;
  return p;
}

MemoryParams ddr5_6400() {
  MemoryParams p = ddr5_4800();
  p.device = "DDR5-6400AN x8 16Gb (Ramulator 2.1)";
  DramTiming& t = p.timing;
  t.clock_period_fs = 312'000;
  t.read_latency_cycles = 46;
  t.write_latency_cycles = 44;
  t.ccd_long_cycles = 16;
  t.ccd_long_write_cycles = 64;
  t.read_to_write_cycles = 46 + 8 + 2 - 44 + 2;
  t.wtr_short_cycles = 5;
  t.wtr_long_cycles = 32;
  t.rcd_read_cycles = t.rcd_write_cycles = 46;
  t.rp_bank_cycles = t.rp_all_cycles = 46;
  t.ras_cycles = 103;
  t.rc_cycles = 149;
  t.rrd_short_cycles = t.rrd_long_cycles = 16;
  t.faw_cycles = 64;
  t.rtp_cycles = 24;
  t.wr_cycles = 96;
  t.refi_cycles = 12500;
  t.rfc_all_cycles = 946;
  return p;
}

namespace {

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

std::uint32_t number_after(const std::string& text, const std::string& key, std::uint32_t otherwise) {
  const std::size_t at = text.find(key);
  return at == std::string::npos ? otherwise
                                 : static_cast<std::uint32_t>(std::stoul(text.substr(at + key.size())));
}

// One 32-entry queue of bursts for each direction, drained from 80 down to 20 %; an activated burst has left
// its queue; the oldest command that is allowed goes next.
void ramulator_controller(const std::string& device, DramControllerParams& c) {
  const std::uint32_t entries = has(device, "q128") ? 128 : 32;
  c.scheduler = has(device, "_rh") ? DramScheduler::first_ready_row_hit : DramScheduler::first_ready;
  c.read_queue_bursts = c.write_queue_bursts = entries;
  c.release_at_activate = true;
  c.refresh_holds_channel = true;
  c.write_high_bursts = entries * 8 / 10 + 1;
  c.write_low_bursts = (entries * 2 - 1) / 10;
  c.read_batch_bursts = 1;
  c.write_batch_bursts = 4096;
  c.write_patience_cycles = 1'000'000'000;
  if (has(device, "noref")) c.refresh_policy = RefreshPolicy::none;
  if (has(device, "_pb")) c.refresh_policy = RefreshPolicy::per_bank;
  if (has(device, "_scat")) c.refresh_stagger_cycles = 1950;
}

void dramsys_controller(const std::string& policy, MemoryParams& p) {
  DramControllerParams& c = p.controller;
  c.write_drain = WriteDrain::mixed;
  c.starvation_limit_bursts = 1'000'000;
  c.queue_layout = QueueLayout::bankwise;
  c.bank_queue_bursts = 8;
  if (policy.compare(0, 7, "mc_rw32") == 0 || has(policy, "ReadWrite")) {
    c.queue_layout = QueueLayout::read_write;
    c.read_queue_bursts = number_after(policy, "SizeRead\":", 32);
    c.write_queue_bursts = number_after(policy, "SizeWrite\":", 32);
  }
  c.write_high_bursts = 2;
  c.write_low_bursts = 1;
  c.scheduler = DramScheduler::fr_fcfs;
  if (has(policy, "\"Fifo\"")) c.scheduler = DramScheduler::fcfs;
  if (has(policy, "\"FrFcfsGrp\"")) c.scheduler = DramScheduler::fr_fcfs_grp;
  if (has(policy, "\"GrpFrFcfs\"")) c.scheduler = DramScheduler::grp_fr_fcfs;
  if (has(policy, "NoRefresh")) c.refresh_policy = RefreshPolicy::none;
  if (has(policy, "PerBank")) c.refresh_policy = RefreshPolicy::per_bank;
  const bool per_bank = c.refresh_policy == RefreshPolicy::per_bank;
  const std::uint32_t ranks = p.organisation.pseudo_channels * p.organisation.ranks;
  c.refresh_stagger_cycles = (per_bank ? p.timing.refi_bank_cycles : p.timing.refi_cycles) / ranks;
}

// "RA=;BG=6,7;..." -> our lists; names otherwise.
std::string map_of(const PeerRow& row) {
  if (row.map.find('=') == std::string::npos) {
    for (const char* name : {"M1", "M2", "robaco", "brc"}) {
      const std::string suffix = std::string("-") + name;
      if (has(row.map, (suffix + ")").c_str())) return name;
    }
    return row.map == "robaco" ? "robaco" : "";
  }
  std::string text;
  for (const char c : row.map) text += c == ';' ? ' ' : c;
  const std::size_t rank = text.find("RA= ");
  if (rank != std::string::npos) text.erase(rank, 4);
  return text;
}

}  // namespace

bool configure(const PeerRow& row, MemoryParams& p) {
  const std::string& d = row.device;
  if (row.ramulator()) {
    if (has(d, "hbm2")) {
      p = hbm2_ramulator();
    } else if (has(d, "hbm3")) {
      p = hbm3_ramulator();
    } else if (has(d, "lpddr5")) {
      p = lpddr5_ramulator();
      p.command_bus.wck_sync = !has(d, "aon");
    } else if (has(d, "ddr5")) {
      p = ddr5_4800();
    } else if (has(d, "ddr4")) {
      p = ddr4_2400();
    } else {
      return false;
    }
    ramulator_controller(d, p.controller);
  } else if (row.simulator.compare(0, 7, "dramsys") == 0) {
    if (d == "HBM2") {
      p = hbm2_dramsys();
    } else if (d == "ms_hbm2r") {
      p = hbm2_ramulator();
    } else if (d == "ms_ddr4r") {
      p = ddr4_2400();
    } else if (has(d, "LPDDR4-3200")) {
      p = lpddr4_3200();
    } else if (has(d, "LPDDR4-4266")) {
      p = lpddr4_4266();
    } else {
      return false;
    }
    dramsys_controller(row.policy, p);
  } else {
    return false;  // DRAMsim3: one CA cycle a command, its own queue
  }
  p.address_map.bits = map_of(row);
  return !p.address_map.bits.empty();
}

std::vector<PeerRow> read_peer_rows(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::vector<PeerRow> rows;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
        cells.back() += c;
        ++i;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        cells.emplace_back();
      } else if (c != '\r' && c != '\\') {
        cells.back() += c;
      }
    }
    if (cells.size() < 12) continue;
    rows.push_back({cells[0], cells[1], cells[2], cells[3], cells[4],
                    cells[5] == "saturated" ? 0 : static_cast<unsigned>(std::stoul(cells[5])),
                    std::stod(cells[8]), std::stod(cells[9]), std::stod(cells[10]), std::stod(cells[11])});
  }
  return rows;
}

}  // namespace moesaic::memory_test
