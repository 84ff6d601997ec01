// SPDX-License-Identifier: Apache-2.0
#include "tests/support/memory_peers.h"

#include <fstream>

#include "sc_main/config/experiment.h"
#include "sc_main/config/library.h"

namespace moesaic::memory_test {

namespace {

// What platforms/memories/peers says of the device, with the default controller and without its delays.
MemoryParams device_of(const char* peer) {
  const Library library(std::string(MOESAIC_SOURCE_DIR) + "/platforms");
  MemoryParams p = load_memory((library.root() / "memories" / "peers" / peer).string() + ".yaml", library);
  p.channels = 1;
  p.capacity_bytes = std::uint64_t{1} << 30;
  p.controller = DramControllerParams();
  p.controller.request_latency_cycles = p.controller.response_latency_cycles = 0;
  return p;
}

}  // namespace

MemoryParams hbm2_ramulator() {
  return device_of("ramulator_hbm2_M1");
}
MemoryParams hbm2_dramsys() {
  return device_of("dramsys_hbm2_M1");
}
MemoryParams hbm3_ramulator() {
  return device_of("ramulator_hbm3_M1");
}
MemoryParams lpddr4_3200() {
  return device_of("dramsys_lpddr4_3200_robaco");
}
MemoryParams lpddr4_4266() {
  return device_of("dramsys_lpddr4_4266");
}
MemoryParams lpddr5_ramulator() {
  return device_of("ramulator_lpddr5_M2");
}
MemoryParams ddr4_2400() {
  return device_of("dramsys_ddr4r");
}
MemoryParams ddr5_4800() {
  return device_of("ramulator_ddr5");
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
