// SPDX-License-Identifier: Apache-2.0
#include "sc_main/memory/memspec_energy.h"

#include <algorithm>

namespace moesaic {

namespace {

/// What a current is drawn for, as the standards number their IDD loops.
struct Supply {
  const char* volts;   ///< key of its voltage
  const char* prefix;  ///< of the keys of its currents: idd, ipp
  const char* suffix;  ///< of the keys of its currents
  bool rows_only;      ///< counts for activates and refreshes only
};
constexpr Supply kSupplies[] = {{"vdd", "idd", "", false},     {"vpp", "ipp", "", true},
                                {"vdd1", "idd", "1", false},   {"vdd2", "idd", "2", false},
                                {"vdd2h", "idd", "2h", false}, {"vdd2l", "idd", "2l", false}};

class EnergyImporter {
 public:
  EnergyImporter(Section& power, std::uint32_t devices, std::string file, ImportedMemspec& out)
      : power_(power), devices_(devices), file_(std::move(file)), out_(out), t_(out.memory.timing) {}

  bool run() {
    DramEnergyParams& e = out_.memory.energy;
    for (EnergyConstant* c : {&e.activate_pj, &e.read_pj_per_bit, &e.write_pj_per_bit, &e.refresh_pj,
                              &e.refresh_bank_pj, &e.background_mw, &e.power_down_mw}) {
      c->evidence = "assumed";
      c->source = "that of LPDDR5: the memspec has no currents for it";
    }
    // Files that leave the currents out have zeros in their place.
    const bool any = std::any_of(std::begin(kSupplies), std::end(kSupplies), [&](const Supply& s) {
      return !s.rows_only && current(s, "0") > 0 && current(s, "3n") > 0;
    });
    if (!any) {
      out_.memory.assumed = {"energies of the imported device"};
      return false;
    }
    const DramOrganisation& o = out_.memory.organisation;
    const double rc = seconds(t_.rc_cycles), ras = seconds(t_.ras_cycles), rfc = seconds(t_.rfc_all_cycles);
    const double bits = 8.0 * o.burst_bytes;
    set(e.activate_pj, "V (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS))",
        picojoules(rows([&](const Supply& s) {
          return current(s, "0") * rc - current(s, "3n") * ras - current(s, "2n") * (rc - ras);
        })));
    set(e.read_pj_per_bit, "V (IDD4R - IDD3N) tBURST, VDDQ IDD4RQ tBURST", column("4r") / bits);
    set(e.write_pj_per_bit, "V (IDD4W - IDD3N) tBURST, VDDQ IDD4WQ tBURST", column("4w") / bits);
    set(e.refresh_pj, "V (IDD5 - IDD3N) tRFC",
        picojoules(rows([&](const Supply& s) { return (refresh(s) - current(s, "3n")) * rfc; })));
    const double rounds = static_cast<double>(o.banks()) / o.ranks / t_.refresh_banks;
    set(e.refresh_bank_pj, fmt::format("all-bank refresh / {}", rounds),
        t_.rfc_bank_cycles > 0 ? e.refresh_pj.value / rounds : 0);
    set(e.background_mw, "V IDD3N", milliwatts("3n") * o.ranks);
    set(e.power_down_mw, "V IDD2P", milliwatts("2p") * o.ranks);
    return true;
  }

 private:
  double seconds(std::uint32_t cycles) const {
    return cycles * static_cast<double>(t_.clock_period_fs) * 1e-15;
  }
  double picojoules(double joules) const { return joules * devices_ * 1e12; }

  double amperes(const std::string& key) {
    if (!power_.has(key.c_str())) return 0;
    const double value = power_.number({key.c_str()});
    if (value > 20)
      power_.refuse(key, fmt::format("{} is not allowed", value), "expected amperes, at most 20");
    return value;
  }
  double volts(const char* key) { return power_.has(key) ? power_.number({key}) : 0; }
  double current(const Supply& s, const std::string& loop) {
    return power_.has(s.volts) ? amperes(s.prefix + loop + s.suffix) : 0;
  }
  // Its loop has names of several kinds.
  double refresh(const Supply& s) {
    for (const char* loop : {"5", "5B", "5b"}) {
      if (power_.has((std::string(s.prefix) + loop + s.suffix).c_str())) return current(s, loop);
    }
    return current(s, "3n");
  }
  // Over all supplies, volts times what `charge` says in coulombs.
  template <class Charge>
  double rows(Charge charge) {
    double joules = 0;
    for (const Supply& s : kSupplies) joules += volts(s.volts) * charge(s);
    return joules;
  }
  // One burst, pJ.
  double column(const char* loop) {
    double watts = volts("vddq") * std::max(0.0, queue(loop) - queue("3n"));
    for (const Supply& s : kSupplies)
      if (!s.rows_only) watts += volts(s.volts) * (current(s, loop) - current(s, "3n"));
    return picojoules(watts * seconds(t_.burst_cycles));
  }
  double milliwatts(const char* loop) {
    double watts = volts("vddq") * queue(loop);
    for (const Supply& s : kSupplies)
      if (!s.rows_only) watts += volts(s.volts) * current(s, loop);
    return watts * devices_ * 1e3;
  }
  // The current on VDDQ.
  double queue(const std::string& loop) {
    const std::string small = "idd" + loop + "q", big = "idd" + loop + "Q";
    return power_.has(small.c_str()) ? amperes(small) : amperes(big);
  }
  // A difference of currents below zero: the file is not about this.
  void set(EnergyConstant& constant, const std::string& formula, double value) {
    if (value < 0) {
      out_.memory.assumed.push_back("energy of the imported device: " + formula +
                                    " is negative in the memspec");
      return;
    }
    constant = {value, "D", formula + ": " + file_};
  }

  Section& power_;
  std::uint32_t devices_;
  std::string file_;
  ImportedMemspec& out_;
  const DramTiming& t_;
};

}  // namespace

bool import_energies(Section& power, std::uint32_t devices, const std::string& file, ImportedMemspec& out) {
  return EnergyImporter(power, devices, file, out).run();
}

}  // namespace moesaic
