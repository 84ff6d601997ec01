// SPDX-License-Identifier: Apache-2.0
#include "sc_main/memory/memspec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sc_main/config/field_tree.h"
#include "sc_main/config/printer.h"
#include "sc_main/config/problems.h"
#include "sc_main/memory/memspec_energy.h"
#include "sc_main/memory/memspec_section.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

using Json = nlohmann::ordered_json;

DramStandard standard_of(const std::string& file, const Json& memspec) {
  const Json type = memspec.value("memoryType", Json());
  const std::string name = type.is_string() ? type.get<std::string>() : type.dump();
  const std::vector<std::string> known{"HBM2", "HBM3", "LPDDR4", "LPDDR5", "DDR4", "DDR5"};
  const auto at = std::find(known.begin(), known.end(), name);
  if (at == known.end())
    throw UserError(fmt::format("{}: error: memspec.memoryType: {} cannot be imported\n  expected one of {}",
                                file, name, join_alternatives(known)));
  return static_cast<DramStandard>(at - known.begin());
}

class Importer {
 public:
  Importer(DramStandard standard, Section& architecture, Section& timing, ImportedMemspec& out)
      : standard_(standard),
        arch_(architecture),
        spec_(timing),
        out_(out),
        m_(out.memory),
        t_(out.memory.timing) {}

  void run() {
    m_.standard = standard_;
    organisation();
    data();
    columns();
    rows();
    refresh();
    command_bus();
    site();
  }

 private:
  bool is(DramStandard s) const { return standard_ == s; }
  bool hbm() const { return is(DramStandard::hbm2) || is(DramStandard::hbm3); }
  void derived(const std::string& what) { out_.derived.push_back(what); }

  void organisation() {
    DramOrganisation& o = m_.organisation;
    const std::uint32_t width = arch_.whole({"width"}) * arch_.whole({"nbrOfDevices"}, 1);
    const std::uint32_t length = arch_.whole({"defaultBurstLength", "burstLength"});
    const std::uint32_t columns = arch_.whole({"nbrOfColumns"});
    o.burst_bytes = width * length / 8;
    o.pseudo_channels = arch_.whole({"nbrOfPseudoChannels"}, 1);
    o.ranks = arch_.whole({"nbrOfRanks", "nbrOfPhysicalRanks"}, 1);
    o.stack_ids = arch_.whole({"nbrOfStacks"}, 1);
    const std::uint32_t groups = arch_.whole({"nbrOfBankGroups"}, o.stack_ids);
    const std::uint32_t banks = arch_.whole({"nbrOfBanks"});
    if (o.stack_ids == 0 || groups % o.stack_ids != 0 || groups == 0 || banks % groups != 0)
      arch_.refuse("nbrOfBanks",
                   fmt::format("{} banks in {} groups and {} stacks", banks, groups, o.stack_ids),
                   "expected banks to be a multiple of bank groups, and these one of stacks");
    o.bank_groups = groups / o.stack_ids;
    o.banks_per_group = banks / groups;
    o.rows = arch_.whole({"nbrOfRows"});
    // DRAMSys 5 counts the columns of HBM in bursts (32 of 32 bytes), those of the others in words.
    const bool bursts = hbm() && columns * width / 8 < 1024;
    o.row_bytes = bursts ? columns * o.burst_bytes : columns * width / 8;
    const std::uint32_t rate = arch_.whole({"dataRate"});
    if (rate == 0 || length % rate != 0)
      arch_.refuse("dataRate", fmt::format("{} for bursts of {}", rate, length),
                   "expected a divisor of burstLength");
    t_.burst_cycles = spec_.whole({"BL_n_min_16"}, length / rate);
  }

  void data() {
    const double scale = spec_.has("tCK") ? spec_.number({"tCK"}) * 1e15 : 1e9 / spec_.number({"clkMhz"});
    t_.clock_period_fs = static_cast<Tick>(std::llround(scale));
    t_.read_latency_cycles = spec_.whole({"RL", "CL"});
    t_.write_latency_cycles = spec_.whole({"WL", "CWL"});
    // The strobe delays that DRAMSys adds to the data of a read, standard by standard.
    if (is(DramStandard::hbm2) || is(DramStandard::lpddr4)) t_.read_strobe_cycles = spec_.whole({"DQSCK"}, 0);
    if (is(DramStandard::lpddr5)) t_.read_strobe_cycles = spec_.whole({"WCK2DQO"}, 0);
    t_.write_strobe_cycles = is(DramStandard::lpddr4) ? 1 : 0;
    if (is(DramStandard::lpddr4)) derived("timing.write_strobe_cycles: DRAMSys counts one cycle for tDQSS");
  }

  void columns() {
    const std::uint32_t burst = t_.burst_cycles;
    t_.ccd_short_cycles = spec_.whole({"CCDS", "CCD_S", "CCD_S_slr", "CCD", "BL_n_S_16"}, burst);
    t_.ccd_long_cycles = spec_.whole({"CCDL", "CCD_L", "CCD_L_slr", "CCD", "BL_n_L_16", "BL_n_max_16"});
    t_.ccd_short_write_cycles = spec_.whole({"CCD_S_WR_slr"}, t_.ccd_short_cycles);
    t_.ccd_long_write_cycles = spec_.whole({"CCD_L_WR_slr"}, t_.ccd_long_cycles);
    t_.ccd_stack_cycles = spec_.whole({"CCDR"}, 0);
    t_.ccd_masked_write_cycles = spec_.whole({"CCDMW"}, 0);
    t_.wtr_short_cycles = spec_.whole({"WTRS", "WTR_S", "WTR"});
    t_.wtr_long_cycles = spec_.whole({"WTRL", "WTR_L", "WTR"});
    t_.rank_switch_cycles = spec_.whole({"RTRS"}, 0);
    if (spec_.has("RTW") || spec_.has("RTW_S_16")) {
      t_.read_to_write_cycles = spec_.whole({"RTW", "RTW_S_16"});
      return;
    }
    std::uint32_t gap = spec_.whole({"WPRE"}, 2) + spec_.whole({"RPST"}, 0);
    if (is(DramStandard::ddr4)) gap += 1;
    if (is(DramStandard::ddr5) || is(DramStandard::lpddr5)) gap = 2;
    const std::uint32_t reach = t_.read_latency_cycles + t_.read_strobe_cycles + burst + gap;
    if (reach <= t_.write_latency_cycles)
      spec_.refuse("WL", fmt::format("{} is not allowed", t_.write_latency_cycles),
                   fmt::format("expected less than {}, the end of a read", reach));
    t_.read_to_write_cycles = reach - t_.write_latency_cycles;
    derived(fmt::format("timing.read_to_write_cycles: RL and strobe {}, burst {}, gap {}, less WL {}",
                        t_.read_latency_cycles + t_.read_strobe_cycles, burst, gap, t_.write_latency_cycles));
  }

  void rows() {
    t_.rcd_read_cycles = spec_.whole({"RCDRD", "RCD", "RCD_L"});
    t_.rcd_write_cycles = spec_.whole({"RCDWR", "RCD", "RCD_S"});
    t_.rp_bank_cycles = spec_.whole({"RPpb", "RP"});
    t_.rp_all_cycles = spec_.whole({"RPab", "RP"});
    t_.ras_cycles = spec_.whole({"RAS"});
    t_.rc_cycles = spec_.whole({"RCpb", "RC"}, t_.ras_cycles + t_.rp_bank_cycles);
    // MICRON_6Gb_LPDDR4-3200_32bit_A.json has tRCpb 0: no bank is that fast.
    if (t_.rc_cycles < t_.ras_cycles)
      spec_.refuse("RCpb", fmt::format("{} is less than RAS, {}", t_.rc_cycles, t_.ras_cycles),
                   "correct the file: tRC is at least tRAS");
    t_.rrd_short_cycles = spec_.whole({"RRDS", "RRD_S", "RRD_S_slr", "RRD"});
    t_.rrd_long_cycles = spec_.whole({"RRDL", "RRD_L", "RRD_L_slr", "RRD"});
    t_.faw_cycles = spec_.whole({"FAW", "FAW_slr"});
    // tRBTP of LPDDR5 counts from the end of the burst.
    t_.rtp_cycles = spec_.has("RBTP") ? spec_.whole({"RBTP"}) + t_.burst_cycles : spec_.whole({"RTP"});
    t_.wr_cycles = spec_.whole({"WR"});
    t_.ppd_cycles = spec_.whole({"PPD"}, 0);
    t_.cke_cycles = spec_.whole({"CKE", "PD"}, 0);
    t_.xp_cycles = spec_.whole({"XP"}, 0);
  }

  void refresh() {
    t_.refi_cycles = spec_.whole({"REFI", "REFI1"});
    t_.rfc_all_cycles = spec_.whole({"RFCab", "RFC", "RFC1", "RFC1_slr"});
    t_.refi_bank_cycles = spec_.whole({"REFIpb", "REFISB"}, 0);
    t_.rfc_bank_cycles = spec_.whole({"RFCpb", "RFCSB"}, 0);
    t_.refresh_banks = arch_.has("per2BankOffset") ? 2 : 1;
    if (arch_.has("per2BankOffset")) arch_.number({"per2BankOffset"});
    const bool banks = t_.refi_bank_cycles > 0;
    t_.refresh_to_activate_cycles = spec_.whole({"RREFD", "pbR2act"}, banks ? t_.rrd_short_cycles : 0);
    t_.refresh_to_refresh_cycles = spec_.whole({"RREFD", "pbR2pbR"}, banks ? t_.rfc_bank_cycles : 0);
  }

  void command_bus() {
    DramCommandBus& b = m_.command_bus;
    b.bus = hbm() ? CommandBus::row_column : CommandBus::shared;
    b.split_activate = b.wck_sync = is(DramStandard::lpddr5);
    b.latency_from = is(DramStandard::lpddr4) ? LatencyFrom::last_edge : LatencyFrom::first_edge;
    switch (standard_) {
      case DramStandard::hbm2:
        b.activate_half_cycles = 4;
        break;
      case DramStandard::hbm3:
        b.activate_half_cycles = 3;
        b.precharge_half_cycles = b.refresh_half_cycles = 1;
        break;
      case DramStandard::lpddr4:
        b.activate_half_cycles = b.column_half_cycles = 8;
        b.precharge_half_cycles = b.refresh_half_cycles = 4;
        break;
      case DramStandard::ddr5:
        b.activate_half_cycles = b.column_half_cycles = 4;
        break;
      case DramStandard::lpddr5:
      case DramStandard::ddr4:
      case DramStandard::ddr3:
        break;
    }
    derived("command_bus: as the standard has it");
  }

  void site() {
    m_.channels = 1;
    m_.capacity_bytes = m_.organisation.channel_bytes();
    arch_.whole({"nbrOfChannels"}, 1);
    const auto ten_ns = static_cast<std::uint32_t>(10 * kNanosecond / t_.clock_period_fs);
    m_.controller.request_latency_cycles = m_.controller.response_latency_cycles = ten_ns;
    derived("controller: the defaults, with 10 ns of controller and PHY in either direction");
  }

  DramStandard standard_;
  Section& arch_;
  Section& spec_;
  ImportedMemspec& out_;
  MemoryParams& m_;
  DramTiming& t_;
};

}  // namespace

ImportedMemspec read_memspec(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw UserError(file + ": error: cannot be read\n  expected a memspec JSON of DRAMSys");
  Json json;
  try {
    json = Json::parse(in);
  } catch (const Json::parse_error& error) {
    throw UserError(fmt::format("{}: error: not JSON: {}", file, error.what()));
  }
  const Json& memspec = json.is_object() && json.contains("memspec") ? json.at("memspec") : json;
  for (const char* name : {"memarchitecturespec", "memtimingspec"}) {
    if (!memspec.is_object() || !memspec.contains(name) || !memspec.at(name).is_object())
      throw UserError(
          fmt::format("{}: error: memspec.{}: missing\n  expected a memspec JSON of DRAMSys", file, name));
  }
  const DramStandard standard = standard_of(file, memspec);
  Section architecture(file, "memarchitecturespec", memspec.at("memarchitecturespec"));
  Section timing(file, "memtimingspec", memspec.at("memtimingspec"));
  ImportedMemspec out;
  const Json id = memspec.value("memoryId", Json());
  out.memory.device = id.is_string() && !id.get<std::string>().empty()
                          ? id.get<std::string>()
                          : std::filesystem::path(file).stem().string();
  Importer(standard, architecture, timing, out).run();
  const Json power_spec = memspec.value("mempowerspec", Json::object());
  if (!power_spec.is_object())
    throw UserError(file + ": error: memspec.mempowerspec: no object\n  expected currents by name");
  Section power(file, "mempowerspec", power_spec);
  const std::uint32_t devices = architecture.whole({"nbrOfDevices"}, 1);
  const bool currents = import_energies(power, devices, std::filesystem::path(file).filename().string(), out);
  architecture.add_unused(out.unused);
  timing.add_unused(out.unused);
  if (currents) power.add_unused(out.unused);
  for (const auto& [key, value] : memspec.items()) {
    if (key != "memarchitecturespec" && key != "memtimingspec" && key != "memoryId" && key != "memoryType" &&
        (key != "mempowerspec" || !currents))
      out.unused.push_back(key);
  }
  return out;
}

std::string memspec_yaml(const ImportedMemspec& imported, const std::string& source) {
  std::string text = fmt::format("# Imported by `moesaic import-memspec` from {}\n", source);
  for (const std::string& d : imported.derived) text += "# derived: " + d + "\n";
  for (const std::string& u : imported.unused) text += "# not used: " + u + "\n";
  MemoryParams copy = imported.memory;
  return text + show_fields(FieldTree::make(Field{"", "", ""}, copy));
}

}  // namespace moesaic
