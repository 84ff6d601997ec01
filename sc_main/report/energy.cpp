// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/energy.h"

#include "sc_main/report/units.h"

namespace moesaic {

namespace {

constexpr double kPicojoule = 1e-12;

// Power of a link direction with nothing on it.
EnergyConstant idle_link(const EnergyEvents& e, const EnergyParams& p) {
  const double peak_w = 8.0 * static_cast<double>(e.link_bytes_per_s) * p.d2d_pj_per_bit.value * kPicojoule;
  return {peak_w * p.d2d_idle_share.value, p.d2d_idle_share.evidence, p.d2d_idle_share.source};
}

}  // namespace

Energy energy_of(const EnergyEvents& e, const EnergyParams& p, const DramEnergyParams& m) {
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  const double control_cycles = seconds(e.control_busy) * number(e.control_hz);
  const double die_seconds = seconds(e.makespan) * e.dies;
  Energy energy;
  energy.items = {
      energy_item("engine", number(e.macs), "MAC", p.mac_pj, "pJ", kPicojoule),
      energy_item("vector", number(e.vector_ops), "lane operation", p.vector_op_pj, "pJ", kPicojoule),
      energy_item("sram", number(e.sram_bytes), "byte", p.sram_pj_per_byte, "pJ/byte", kPicojoule),
      energy_item("d2d", 8.0 * number(e.d2d_wire_bytes), "bit and link", p.d2d_pj_per_bit, "pJ/bit",
                  kPicojoule),
      energy_item("d2d_router", 8.0 * number(e.router_bytes), "bit and router", p.router_pj_per_bit, "pJ/bit",
                  kPicojoule),
      energy_item("d2d_idle", seconds(e.d2d_idle), "idle link second", idle_link(e, p), "W", 1.0),
      energy_item("control", control_cycles, "busy cycle", p.control_pj_per_cycle, "pJ/cycle", kPicojoule),
      energy_item("idle", die_seconds, "die second", p.idle_w_per_die, "W", 1.0),
  };
  const std::vector<EnergyItem> memory = memory_energy(e.memory, m);
  energy.items.insert(energy.items.begin() + 3, memory.begin(), memory.end());  // behind SRAM
  for (const EnergyItem& i : energy.items) energy.joules += i.joules;
  return energy;
}

}  // namespace moesaic
