// SPDX-License-Identifier: Apache-2.0
// Devices as data: the files that ship, address maps and memspecs of DRAMSys.
#include <algorithm>
#include <fstream>

#include "hw/memory/address_decoder.h"
#include "sc_main/config/dramsys_map.h"
#include "sc_main/memory/memspec.h"
#include "tests/catch.h"
#include "tests/unit/config_folder.h"

using namespace moesaic;
using namespace moesaic::test;
using Catch::Matchers::Contains;

namespace {

MemoryParams device(const std::string& name, const std::vector<Override>& overrides = {}) {
  return load_memory(name, library(), overrides);
}

std::vector<std::string> peers() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(library().root() / "memories" / "peers"))
    files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

// The figures of DRAMSys' HBM2 and LPDDR4-3200 files, as the reference data list them.
constexpr const char* kHbm2 = R"({"memspec": {"memarchitecturespec": {"burstLength": 4, "maxBurstLength": 4,
  "dataRate": 2, "nbrOfBankGroups": 8, "nbrOfBanks": 32, "nbrOfColumns": 32, "nbrOfStacks": 2,
  "nbrOfPseudoChannels": 2, "nbrOfRows": 32768, "width": 64, "nbrOfDevices": 1, "nbrOfChannels": 1},
  "memoryId": "radeon", "memoryType": "HBM2",
  "memtimingspec": {"CCDL": 3, "CCDS": 2, "CCDR": 2, "CKE": 8, "DQSCK": 1, "FAW": 16, "PL": 0, "RAS": 28, "RC": 42,
  "RCDRD": 12, "RCDWR": 6, "REFI": 3900, "REFISB": 244, "RFC": 220, "RFCSB": 96, "RL": 17, "RP": 14, "RRDL": 6,
  "RRDS": 4, "RREFD": 8, "RTP": 5, "RTW": 18, "WL": 7, "WR": 14, "WTRL": 9, "WTRS": 4, "XP": 8, "XS": 216,
  "tCK": 1e-09}, "mempowerspec": {"vdd": 1.2}}})";
// Keys as DRAMSys names them for HBM3, figures of the reference data's HBM3_6400.
constexpr const char* kHbm3 = R"({"memspec": {"memarchitecturespec": {"burstLength": 8, "dataRate": 4,
  "nbrOfBankGroups": 8, "nbrOfBanks": 32, "nbrOfColumns": 256, "nbrOfStacks": 2, "nbrOfPseudoChannels": 2,
  "nbrOfRows": 16384, "width": 32, "nbrOfDevices": 1, "nbrOfChannels": 1}, "memoryId": "h3", "memoryType": "HBM3",
  "memtimingspec": {"tCK": 6.25e-10, "CCDL": 4, "CCDS": 2, "CCDR": 3, "FAW": 24, "RAS": 45, "RC": 72, "RCDRD": 31,
  "RCDWR": 15, "REFI": 6240, "REFISB": 195, "RFC": 560, "RFCSB": 320, "RL": 20, "RP": 26, "RRDL": 5, "RRDS": 4,
  "RREFD": 13, "RTP": 9, "RTW": 20, "WL": 10, "WR": 33, "WTRL": 10, "WTRS": 7, "PPD": 2, "CKE": 13, "XP": 13}}})";
constexpr const char* kLpddr4 = R"({"memspec": {"memarchitecturespec": {"burstLength": 16, "dataRate": 2,
  "nbrOfBanks": 8, "nbrOfColumns": 1024, "nbrOfRanks": 1, "nbrOfRows": 65536, "width": 16, "nbrOfDevices": 1,
  "nbrOfChannels": 1, "nbrOfBankGroups": 1, "maxBurstLength": 16},
  "memoryId": "JEDEC_8Gb_LPDDR4-3200_16bit", "memoryType": "LPDDR4",
  "memtimingspec": {"CCD": 8, "CCDMW": 32, "CKE": 12, "CMDCKE": 3, "DQS2DQ": 2, "DQSCK": 6, "DQSS": 1, "ESCKE": 3,
  "FAW": 64, "PPD": 4, "RCD": 29, "REFI": 6246, "REFIpb": 780, "RFCab": 448, "RFCpb": 224, "RL": 28, "RAS": 68,
  "RPab": 34, "RPpb": 29, "RCab": 102, "RCpb": 97, "RPST": 0, "RRD": 16, "RTP": 12, "SR": 24, "WL": 14, "WPRE": 2,
  "WR": 29, "WTR": 16, "XP": 12, "XSR": 460, "RTRS": 1, "tCK": 6.25e-10}}})";
constexpr const char* kDdr4 =
    R"({"memarchitecturespec": {"burstLength": 8, "dataRate": 2, "nbrOfBankGroups": 4,
  "nbrOfBanks": 16, "nbrOfColumns": 1024, "nbrOfRanks": 1, "nbrOfRows": 32768, "width": 8, "nbrOfDevices": 8,
  "nbrOfChannels": 1, "RefMode": 1, "maxBurstLength": 8}, "memoryId": "", "memoryType": "DDR4",
  "memtimingspec": {"AL": 0, "CCD_L": 6, "CCD_S": 4, "CKE": 6, "CL": 16, "FAW": 26, "RAS": 39, "RC": 55, "RCD": 16,
  "REFI": 9360, "RFC1": 312, "RL": 16, "RPRE": 1, "RP": 16, "RRD_L": 6, "RRD_S": 4, "RTP": 12, "WL": 16, "WPRE": 1,
  "WR": 18, "WTR_L": 9, "WTR_S": 3, "XP": 8, "RTRS": 1, "clkMhz": 1200}})";

// The currents of the same files, in amperes.
constexpr const char* kLpddr4Power = R"("mempowerspec": {"idd01": 3.5e-3, "idd02": 45.0e-3, "idd0ql": 0.75e-3,
  "idd2n1": 2.0e-3, "idd2n2": 27.0e-3, "idd2nQ": 0.75e-3, "idd2p1": 1.2e-3, "idd2p2": 3.0e-3, "idd2pQ": 0.75e-3,
  "idd3n1": 2.25e-3, "idd3n2": 30.0e-3, "idd3nQ": 0.75e-3, "idd4r1": 2.25e-3, "idd4r2": 275.0e-3,
  "idd4rq": 150.0e-3, "idd4w1": 2.25e-3, "idd4w2": 210.0e-3, "idd4wq": 55.0e-3, "idd51": 10.0e-3,
  "idd52": 90.0e-3, "idd5q": 0.75e-3, "vdd1": 1.8, "vdd2": 1.1, "vddq": 1.1}, )";
constexpr const char* kDdr4Power = R"("mempowerspec": {"vdd": 1.2, "idd0": 60.75e-3, "idd2n": 38.25e-3,
  "idd3n": 44.0e-3, "idd4r": 184.5e-3, "idd4w": 168.75e-3, "idd6n": 20.25e-3, "idd2p": 17.0e-3, "idd3p": 22.5e-3,
  "vpp": 2.5, "ipp0": 4.05e-3, "ipp2n": 0, "ipp3n": 0, "ipp2p": 17.0e-3, "idd5B": 118.0e-3, "ipp5B": 0.0,
  "vddq": 0.0}, )";

// Keys as DRAMSys names them for LPDDR5 and DDR5, figures of the reference data's LPDDR5_6400 and
// DDR5_4800BN.
constexpr const char* kLpddr5 = R"({"memspec": {"memarchitecturespec": {"burstLength": 16, "dataRate": 8,
  "nbrOfBankGroups": 4, "nbrOfBanks": 16, "nbrOfColumns": 1024, "nbrOfRanks": 1, "nbrOfRows": 65536, "width": 16,
  "nbrOfDevices": 1, "nbrOfChannels": 1, "per2BankOffset": 8}, "memoryId": "lp5", "memoryType": "LPDDR5",
  "memtimingspec": {"tCK": 1.25e-09, "REFI": 3125, "REFIpb": 391, "RFCab": 224, "RFCpb": 112, "RAS": 34, "RPab": 17,
  "RPpb": 15, "RCab": 51, "RCpb": 49, "PPD": 2, "RCD_L": 15, "RCD_S": 15, "FAW": 16, "RRD": 4, "RL": 17, "WCK2CK": 4,
  "WCK2DQO": 0, "RBTP": 6, "WL": 9, "WR": 28, "WTR_L": 10, "WTR_S": 5, "BL_n_min_16": 2, "BL_n_max_16": 4,
  "BL_n_S_16": 2, "BL_n_L_16": 4, "pbR2act": 6, "pbR2pbR": 72, "RTRS": 1}}})";
constexpr const char* kDdr5 = R"({"memspec": {"memarchitecturespec": {"burstLength": 16, "dataRate": 2,
  "nbrOfBankGroups": 8, "nbrOfBanks": 32, "nbrOfColumns": 1024, "nbrOfPhysicalRanks": 1, "nbrOfRows": 65536,
  "width": 8, "nbrOfDevices": 4, "nbrOfChannels": 1}, "memoryId": "d5", "memoryType": "DDR5",
  "memtimingspec": {"clkMhz": 2400, "RL": 36, "WL": 34, "RCD": 36, "RP": 36, "RAS": 77, "RTP": 18, "WR": 72,
  "CCD_S_slr": 8, "CCD_L_slr": 12, "CCD_L_WR_slr": 48, "RRD_S_slr": 8, "RRD_L_slr": 12, "FAW_slr": 48, "WTR_L": 24,
  "WTR_S": 6, "RFC1_slr": 710, "REFI1": 9375, "PPD": 2, "RTRS": 2, "XP": 18, "PD": 18}}})";

/// Imported, written as YAML, read back and checked as any device is.
MemoryParams imported(const std::string& json) {
  const Folder folder;
  folder.write("spec.json", json);
  const ImportedMemspec spec = read_memspec(folder.absolute("spec.json"));
  folder.write("device.yaml", memspec_yaml(spec, "spec.json"));
  return device(folder.absolute("device.yaml"));
}

std::string import_error(const std::string& json) {
  const Folder folder;
  folder.write("spec.json", json);
  return error_of([&] { read_memspec(folder.absolute("spec.json")); });
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  REQUIRE(text.find(from) != std::string::npos);
  return text.replace(text.find(from), from.size(), to);
}

MemoryParams with_map(const std::string& json, const std::string& base,
                      const std::vector<Override>& more = {}) {
  const Folder folder;
  folder.write("am.json", json);
  // Relative to the file that names it.
  folder.write("device.yaml", "base: " + base + "\naddress_map:\n  bits: am.json\n");
  return device(folder.absolute("device.yaml"), more);
}

std::string map_error(const std::string& json, const std::string& base) {
  return error_of([&] { with_map(json, base); });
}

}  // namespace

TEST_CASE("every memory and every peer's configuration loads and is checked", "[memory-data]") {
  CHECK(library().names("memories").size() >= 19);
  for (const std::string& name : library().names("memories")) {
    INFO(name);
    CHECK(error_of([&] { device(name); }) == "no error");
  }
  CHECK(peers().size() >= 20);
  for (const std::string& file : peers()) {
    INFO(file);
    CHECK(error_of([&] { device(file); }) == "no error");
  }
}

TEST_CASE("peak bandwidths of the devices are those of their standards", "[memory-data]") {
  CHECK(device("hbm2_2000").channel_bytes_per_second() == Approx(32e9));
  CHECK(device("hbm2").channel_bytes_per_second() == Approx(32e9));
  CHECK(device("hbm2e_3200").channel_bytes_per_second() == Approx(51.2e9));
  CHECK(device("hbm3_6400").channel_bytes_per_second() == Approx(51.2e9));
  CHECK(device("hbm3e_9200").channel_bytes_per_second() == Approx(73.6e9).epsilon(1e-5));
  CHECK(device("lpddr4_3200").channel_bytes_per_second() == Approx(6.4e9));
  CHECK(device("lpddr4_4266").channel_bytes_per_second() == Approx(8.53e9).epsilon(1e-3));
  CHECK(device("lpddr5_6400_8gb").channel_bytes_per_second() == Approx(12.8e9));
  CHECK(device("lpddr5x_8533").channel_bytes_per_second() == Approx(17.066e9).epsilon(1e-3));
  CHECK(device("ddr4_2400").channel_bytes_per_second() == Approx(19.2e9).epsilon(1e-3));
  CHECK(device("ddr5_4800").channel_bytes_per_second() == Approx(19.2e9).epsilon(2e-3));
  CHECK(device("ddr5_6400").channel_bytes_per_second() == Approx(25.6e9).epsilon(2e-3));
  CHECK(device("ddr3_1600").bytes_per_second() == Approx(25.6e9));
}

TEST_CASE("what nobody has sourced is marked in the file", "[memory-data]") {
  for (const char* name : {"hbm2e_3200", "hbm3e_9200", "lpddr4x_4266", "lpddr5x_8533", "ddr3_1600"}) {
    INFO(name);
    const MemoryParams m = device(name);
    REQUIRE_FALSE(m.assumed.empty());
    CHECK_THAT(m.assumed.front(), Contains("all timings"));
    CHECK_THAT(m.device, Contains("(assumed)"));
  }
  CHECK(device("ddr4_2400").assumed.empty());
  CHECK(device("lpddr4_3200").assumed.empty());
}

TEST_CASE("mistakes of the peers are corrected in the devices and kept in the peers' configurations",
          "[memory-data]") {
  const auto peer = [](const char* name) {
    return device((library().root() / "memories" / "peers" / (std::string(name) + ".yaml")).string());
  };
  CHECK(device("hbm3_6400").timing.refresh_to_activate_cycles == 13);
  CHECK(peer("ramulator_hbm3_M1").timing.refresh_to_activate_cycles == 8);
  CHECK(device("hbm2_2000").organisation.channel_bytes() * 8 == std::uint64_t{8} << 30);
  CHECK(device("hbm2").timing.refi_bank_cycles == 122);
  CHECK(peer("dramsys_hbm2_M1").timing.refi_bank_cycles == 244);
  CHECK(device("lpddr5_6400_x16").timing.refresh_banks == 2);
  CHECK(peer("ramulator_lpddr5_M2").timing.refresh_banks == 1);
  CHECK(device("lpddr4_3200").timing.wr_cycles == 30);
  CHECK(peer("dramsys_lpddr4_3200_brc").timing.read_strobe_cycles == 6);
  CHECK(device("lpddr4_4266").timing.faw_cycles == 64);
  CHECK(peer("dramsys_lpddr4_4266").timing.faw_cycles == 86);
  CHECK(device("ddr5_6400").timing.rrd_short_cycles == 8);
  CHECK(peer("ramulator_ddr5_6400").timing.faw_cycles == 64);
  CHECK(device("ddr4_2400").timing.rtp_cycles == 9);
}

TEST_CASE("a memspec of HBM2 becomes the device that ships", "[memory-data]") {
  const MemoryParams m = imported(kHbm2);
  const MemoryParams ours = device("hbm2");
  CHECK(m.standard == DramStandard::hbm2);
  CHECK(m.organisation.stack_ids == 2);
  CHECK(m.organisation.bank_groups == 4);
  CHECK(m.organisation.banks_per_group == 4);
  CHECK(m.organisation.row_bytes == 1024);
  CHECK(m.organisation.burst_bytes == 32);
  CHECK(m.organisation.rows == ours.organisation.rows);
  CHECK(m.channel_bytes_per_second() == 32e9);
  CHECK(m.timing.read_strobe_cycles == 1);
  CHECK(m.timing.read_to_write_cycles == 18);
  CHECK(m.timing.ccd_stack_cycles == 2);
  CHECK(m.timing.rcd_write_cycles == 6);
  CHECK(m.timing.refi_bank_cycles == 244);  // as the file has it
  CHECK(m.command_bus.bus == CommandBus::row_column);
  CHECK(m.command_bus.activate_half_cycles == ours.command_bus.activate_half_cycles);
  CHECK(m.assumed == std::vector<std::string>{"energies of the imported device"});
}

// Every field of the timing, whatever it is called.
std::vector<double> timings(const MemoryParams& params) {
  struct Values {
    void operator()(const Field&, Tick value) { all.push_back(static_cast<double>(value)); }
    void operator()(const Field&, std::uint32_t value) { all.push_back(value); }
    std::vector<double> all;
  } values;
  DramTiming timing = params.timing;
  describe_fields(values, timing);
  return values.all;
}

TEST_CASE("a memspec of HBM3 becomes the device that ships, timing by timing", "[memory-data]") {
  const MemoryParams m = imported(kHbm3), ours = device("hbm3_6400");
  CHECK(m.standard == DramStandard::hbm3);
  CHECK(timings(m) == timings(ours));
  CHECK(m.organisation.stack_ids == ours.organisation.stack_ids);
  CHECK(m.organisation.bank_groups == ours.organisation.bank_groups);
  CHECK(m.organisation.banks_per_group == ours.organisation.banks_per_group);
  CHECK(m.organisation.row_bytes == ours.organisation.row_bytes);
  CHECK(m.organisation.burst_bytes == ours.organisation.burst_bytes);
  CHECK(m.channel_bytes_per_second() == ours.channel_bytes_per_second());
  CHECK(m.command_bus.bus == CommandBus::row_column);
  CHECK(m.command_bus.activate_half_cycles == 3);
  CHECK(m.command_bus.precharge_half_cycles == 1);
  CHECK(m.assumed == std::vector<std::string>{"energies of the imported device"});
}

TEST_CASE("memspecs of LPDDR4 and DDR4 name their keys otherwise and become the same fields",
          "[memory-data]") {
  const MemoryParams lp = imported(kLpddr4);
  CHECK(lp.timing.clock_period_fs == 625000);
  CHECK(lp.timing.read_to_write_cycles == 30);  // 28 + 6 + 8 + 2 - 14
  CHECK(lp.timing.rp_all_cycles == 34);
  CHECK(lp.timing.ccd_masked_write_cycles == 32);
  CHECK(lp.command_bus.column_half_cycles == 8);
  CHECK(lp.command_bus.latency_from == LatencyFrom::last_edge);
  CHECK(lp.organisation.row_bytes == 2048);
  CHECK(lp.device == "JEDEC_8Gb_LPDDR4-3200_16bit");
  const MemoryParams d = imported(kDdr4);
  CHECK(d.timing.clock_period_fs == 833333);  // of clkMhz
  CHECK(d.organisation.burst_bytes == 64);
  CHECK(d.organisation.row_bytes == 8192);
  CHECK(d.timing.read_to_write_cycles == 6);  // 16 + 4 + 1 + 1 - 16
  CHECK(d.timing.rfc_all_cycles == 312);
  CHECK(d.timing.refi_bank_cycles == 0);
  CHECK(d.device == "spec");  // memoryId is empty
}

TEST_CASE("memspecs of LPDDR5 and DDR5 become the devices that ship", "[memory-data]") {
  const MemoryParams lp = imported(kLpddr5), lp_ours = device("lpddr5_6400_x16");
  CHECK(lp.organisation.row_bytes == lp_ours.organisation.row_bytes);
  CHECK(lp.timing.burst_cycles == 2);
  CHECK(lp.timing.ccd_long_cycles == 4);
  CHECK(lp.timing.rtp_cycles == 8);  // tRBTP counts from the end of the burst
  CHECK(lp.timing.read_to_write_cycles == lp_ours.timing.read_to_write_cycles);
  CHECK(lp.timing.refresh_banks == 2);
  CHECK(lp.timing.refresh_to_refresh_cycles == 72);
  CHECK(lp.command_bus.split_activate);
  CHECK(lp.command_bus.wck_sync);
  CHECK(lp.channel_bytes_per_second() == 12.8e9);
  const MemoryParams d = imported(kDdr5), d_ours = device("ddr5_4800");
  CHECK(d.organisation.bank_groups == 8);
  CHECK(d.organisation.banks_per_group == 4);
  CHECK(d.organisation.row_bytes == d_ours.organisation.row_bytes);
  CHECK(d.organisation.burst_bytes == 64);
  CHECK(d.timing.ccd_long_write_cycles == 48);
  CHECK(d.timing.rc_cycles == 113);  // tRAS + tRP: the file has no tRC
  CHECK(d.timing.faw_cycles == 48);
  CHECK(d.command_bus.activate_half_cycles == 4);
}

// `power` put before the timings.
std::string with_power(const char* json, const std::string& power) {
  return replaced(json, "\"memtimingspec\"", power + "\"memtimingspec\"");
}

void check_energies(const DramEnergyParams& a, const DramEnergyParams& b) {
  CHECK(a.activate_pj.value == Approx(b.activate_pj.value).epsilon(0.002));
  CHECK(a.read_pj_per_bit.value == Approx(b.read_pj_per_bit.value).epsilon(0.002));
  CHECK(a.write_pj_per_bit.value == Approx(b.write_pj_per_bit.value).epsilon(0.002));
  CHECK(a.refresh_pj.value == Approx(b.refresh_pj.value).epsilon(0.002));
  CHECK(a.refresh_bank_pj.value == Approx(b.refresh_bank_pj.value).epsilon(0.002));
  CHECK(a.background_mw.value == Approx(b.background_mw.value).epsilon(0.002));
  CHECK(a.power_down_mw.value == Approx(b.power_down_mw.value).epsilon(0.01));  // a rounded figure
}

TEST_CASE("the currents of a memspec become the energies of the device that ships", "[memory-data]") {
  const MemoryParams lp = imported(with_power(kLpddr4, kLpddr4Power)),
                     d = imported(with_power(kDdr4, kDdr4Power));
  check_energies(lp.energy, device("lpddr4_3200").energy);
  check_energies(d.energy, device("ddr4_2400").energy);
  CHECK(lp.assumed.empty());
  CHECK(lp.energy.activate_pj.evidence == "D");
  CHECK_THAT(lp.energy.activate_pj.source, Contains("IDD0 tRC") && Contains("spec.json"));
  // Zeros in the place of currents are none.
  const MemoryParams none =
      imported(with_power(kDdr4, R"("mempowerspec": {"vdd": 1.2, "idd0": 0, "idd3n": 0}, )"));
  CHECK(none.assumed == std::vector<std::string>{"energies of the imported device"});
  CHECK(none.energy.activate_pj.evidence == "assumed");
}

TEST_CASE("currents that are none are refused, and those that are not used are named", "[memory-data]") {
  CHECK_THAT(import_error(with_power(kDdr4, replaced(kDdr4Power, "60.75e-3", "60.75"))),
             Contains("mempowerspec.idd0: 60.75 is not allowed") && Contains("amperes"));
  CHECK_THAT(import_error(with_power(kDdr4, replaced(kDdr4Power, "184.5e-3", "-1"))),
             Contains("mempowerspec.idd4r: -1 is not allowed"));
  CHECK_THAT(import_error(with_power(kDdr4, "\"mempowerspec\": 3, ")),
             Contains("memspec.mempowerspec: no object"));
  // A read that draws less than an open bank: the file is not about it.
  const MemoryParams less = imported(with_power(kDdr4, replaced(kDdr4Power, "184.5e-3", "1e-3")));
  REQUIRE(less.assumed.size() == 1);
  CHECK_THAT(less.assumed[0], Contains("IDD4R"));
  CHECK(less.energy.read_pj_per_bit.evidence == "assumed");
  const Folder folder;
  folder.write("spec.json", with_power(kDdr4, kDdr4Power));
  const ImportedMemspec spec = read_memspec(folder.absolute("spec.json"));
  const auto unused = [&](const char* key) {
    return std::count(spec.unused.begin(), spec.unused.end(), std::string("mempowerspec.") + key);
  };
  CHECK(unused("idd6n") == 1);
  CHECK(unused("idd0") == 0);
}

TEST_CASE("an import names every key that it does not use", "[memory-data]") {
  const Folder folder;
  folder.write("spec.json", kHbm2);
  const ImportedMemspec spec = read_memspec(folder.absolute("spec.json"));
  CHECK(spec.unused == std::vector<std::string>{"memarchitecturespec.maxBurstLength", "memtimingspec.PL",
                                                "memtimingspec.XS", "mempowerspec"});
  CHECK_THAT(memspec_yaml(spec, "spec.json"), Contains("# not used: memtimingspec.XS\n"));
}

TEST_CASE("a memspec that is wrong is refused with file, key and remedy", "[memory-data]") {
  CHECK_THAT(import_error(replaced(kHbm2, "\"RAS\": 28,", "")),
             Contains("spec.json: error: memtimingspec.RAS: missing"));
  CHECK_THAT(import_error(replaced(kHbm2, "\"RAS\": 28", "\"RAS\": \"28\"")),
             Contains("memtimingspec.RAS: \"28\" is not allowed"));
  CHECK_THAT(import_error(replaced(kHbm2, "\"FAW\": 16", "\"FAW\": 16.5")),
             Contains("expected a whole number"));
  CHECK_THAT(import_error(replaced(kLpddr4, "\"RCpb\": 97", "\"RCpb\": 0")),
             Contains("0 is less than RAS, 68"));
  CHECK_THAT(import_error(replaced(kHbm2, "\"HBM2\"", "\"GDDR6\"")),
             Contains("\"GDDR6\" cannot be imported") || Contains("GDDR6 cannot be imported"));
  CHECK_THAT(import_error("{\"memspec\": 3}"), Contains("memspec.memarchitecturespec: missing"));
  CHECK_THAT(import_error("{"), Contains("not JSON"));
  CHECK_THAT(error_of([] { read_memspec("/nowhere.json"); }), Contains("cannot be read"));
}

TEST_CASE("an address map of DRAMSys is taken as it is", "[memory-data]") {
  const MemoryParams m = with_map(R"({"addressmapping": {"BURST_BIT": [0,1,2,3,4], "PSEUDOCHANNEL_BIT": [5],
      "BANKGROUP_BIT": [6,7], "BANK_BIT": [8,9], "STACK_BIT": [10], "COLUMN_BIT": [11,12,13,14,15],
      "ROW_BIT": [16,17,18,19,20,21,22,23,24,25,26,27,28,29,30]}})",
                                  "hbm2");
  const DramAddressDecoder theirs(m.address_map, m.organisation);
  const DramAddressDecoder ours({"PC=5 BG=6,7 BA=8,9 SID=10 CO=11-15 RO=16-30"}, m.organisation);
  for (std::uint64_t a = 0; a < (std::uint64_t{1} << 31); a += 0x1234560) {
    REQUIRE(theirs.decode(a).row == ours.decode(a).row);
    REQUIRE(theirs.decode(a).bank == ours.decode(a).bank);
    REQUIRE(theirs.decode(a).pseudo_channel == ours.decode(a).pseudo_channel);
  }
}

TEST_CASE("flips of an address map are applied in order, and CONGEN is seen through", "[memory-data]") {
  // Columns below a burst of 32 bytes: BYTE_BIT 0, COLUMN_BIT 1 to 10.
  const std::string json = R"({"CONGEN": {"BYTE_BIT": [0], "COLUMN_BIT": [1,2,3,4,5,6,7,8,9,10],
      "BANK_BIT": [11,12,13], "ROW_BIT": [14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29],
      "XOR": [{"FIRST": 11, "SECOND": 14}, {"FIRST": 12, "SECOND": 11}]}})";
  const MemoryParams m = with_map(json, "lpddr4_3200");
  CHECK(m.address_map.bits ==
        "CO=5,6,7,8,9,10 BA=11,12,13 RO=14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29 XOR=11^14,12^11");
  const DramAddressDecoder decoder(m.address_map, m.organisation);
  CHECK(index_of(decoder.decode(std::uint64_t{1} << 14).bank) == 3);  // 11 by 14, then 12 by the new 11
  // A bit with those that flip it, as newer versions write it.
  const MemoryParams listed =
      with_map(replaced(replaced(json, "\"BANK_BIT\": [11,12,13]", "\"BANK_BIT\": [[11,14],12,13]"),
                        R"([{"FIRST": 11, "SECOND": 14}, {"FIRST": 12, "SECOND": 11}])", "[]"),
               "lpddr4_3200");
  CHECK_THAT(listed.address_map.bits, Contains("XOR=11^14"));
}

TEST_CASE("channel bits are the interleave of the site", "[memory-data]") {
  const std::string json = R"({"addressmapping": {"BYTE_BIT": [0,1,2,3,4], "COLUMN_BIT": [5,6,7,10,11,12],
      "CHANNEL_BIT": [8,9], "BANK_BIT": [13,14,15], "ROW_BIT": [16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31]}})";
  CHECK(with_map(json, "lpddr4_3200").address_map.bits ==
        "CO=5,6,7,8,9,10 BA=11,12,13 RO=14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29");
  CHECK_THAT(map_error(json, "lpddr4_3200\ninterleave_bytes: 512"),
             Contains("CHANNEL_BIT: bit 8") && Contains("expected bit 9, or interleave_bytes 256"));
  CHECK_THAT(map_error(json, "lpddr4_3200\nchannels: 2"), Contains("2 bits for 2 channels"));
}

TEST_CASE("an address map that is wrong is refused with file, key and remedy", "[memory-data]") {
  const std::string good = R"({"addressmapping": {"BYTE_BIT": [0], "COLUMN_BIT": [1,2,3,4,5,6,7,8,9,10],
      "BANK_BIT": [11,12,13], "ROW_BIT": [14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29]}})";
  CHECK(map_error(good, "lpddr4_3200") == "no error");
  CHECK_THAT(map_error(replaced(good, "BANK_BIT", "BNAK_BIT"), "lpddr4_3200"),
             Contains("am.json: error: BNAK_BIT: unknown key") && Contains("did you mean \"BANK_BIT\"?"));
  CHECK_THAT(map_error(replaced(good, "[11,12,13]", "[11,12,14]"), "lpddr4_3200"),
             Contains("bit 14 is given twice"));
  CHECK_THAT(map_error(replaced(good, "[11,12,13]", "[11,12,99]"), "lpddr4_3200"),
             Contains("99 is no address bit"));
  CHECK_THAT(map_error(replaced(good, "[11,12,13]", "[11,12]"), "lpddr4_3200"),
             Contains("used exactly once"));
  CHECK_THAT(map_error(replaced(good, "[0]", "[]"), "lpddr4_3200"), Contains("BYTE_BIT: bit 0 is missing"));
  CHECK_THAT(map_error(replaced(good, "ROW_BIT", "ROWS"), "lpddr4_3200"), Contains("no ROW_BIT in it"));
  CHECK_THAT(map_error("[", "lpddr4_3200"), Contains("not JSON"));
  CHECK_THAT(error_of([] {
               device("lpddr4_3200", {{"address_map.bits", "none.json"}});
             }),
             Contains("none.json: error: cannot be read"));
}
