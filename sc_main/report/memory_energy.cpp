// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/memory_energy.h"

#include <algorithm>

#include "sc_main/report/units.h"

namespace moesaic {

namespace {

constexpr double kPicojoule = 1e-12, kMilliwatt = 1e-3;

}  // namespace

EnergyItem energy_item(const char* component, double events, const char* event,
                       const EnergyConstant& constant, const char* unit, double scale) {
  return {component,
          events,
          event,
          constant.value,
          unit,
          constant.evidence,
          constant.source,
          events * constant.value * scale};
}

void MemoryEnergyEvents::add(const MemoryStats& stats, Tick time) {
  activates += stats.activates;
  read_bursts += stats.read_bursts;
  write_bursts += stats.write_bursts;
  refreshes += stats.refreshes;
  bank_refreshes += stats.bank_refreshes;
  rfms += stats.rfms;
  bank_rfms += stats.bank_rfms;
  const Tick off = std::min(stats.power_down, time);
  up += time - off;
  down += off;
}

std::vector<EnergyItem> memory_energy(const MemoryEnergyEvents& e, const DramEnergyParams& p) {
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  const double bits = 8.0 * number(e.burst_bytes);
  std::vector<EnergyItem> items{
      energy_item("memory_activate", number(e.activates), "activate", p.activate_pj, "pJ", kPicojoule),
      energy_item("memory_read", bits * number(e.read_bursts), "bit", p.read_pj_per_bit, "pJ/bit",
                  kPicojoule),
      energy_item("memory_write", bits * number(e.write_bursts), "bit", p.write_pj_per_bit, "pJ/bit",
                  kPicojoule),
      energy_item("memory_refresh", number(e.refreshes), "refresh", p.refresh_pj, "pJ", kPicojoule),
      energy_item("memory_background", seconds(e.up), "channel second", p.background_mw, "mW", kMilliwatt)};
  if (e.bank_refreshes > 0) {
    items.push_back(energy_item("memory_bank_refresh", number(e.bank_refreshes), "refresh", p.refresh_bank_pj,
                                "pJ", kPicojoule));
  }
  // Nobody has sourced it: it does what a refresh of the same banks does.
  const auto rfm = [&](const char* component, std::uint64_t count, EnergyConstant refresh) {
    if (count == 0) return;
    refresh.evidence = "assumed";
    refresh.source = "as a refresh of these banks; " + refresh.source;
    items.push_back(energy_item(component, number(count), "RFM", refresh, "pJ", kPicojoule));
  };
  rfm("memory_rfm", e.rfms, p.refresh_pj);
  rfm("memory_bank_rfm", e.bank_rfms, p.refresh_bank_pj);
  if (e.down > 0) {
    items.push_back(energy_item("memory_power_down", seconds(e.down), "channel second", p.power_down_mw, "mW",
                                kMilliwatt));
  }
  return items;
}

}  // namespace moesaic
