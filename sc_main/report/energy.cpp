// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/energy.h"

#include "sc_main/report/units.h"

namespace moesaic {

namespace {

constexpr double kPicojoule = 1e-12;

EnergyItem item(const char* component, double events, const char* event, const EnergyConstant& constant,
                const char* unit, double scale) {
  return {component,
          events,
          event,
          constant.value,
          unit,
          constant.evidence,
          constant.source,
          events * constant.value * scale};
}

}  // namespace

Energy energy_of(const EnergyEvents& e, const EnergyParams& p) {
  const auto number = [](std::uint64_t n) { return static_cast<double>(n); };
  const double control_cycles = seconds(e.control_busy) * number(e.control_hz);
  const double die_seconds = seconds(e.makespan) * e.dies;
  Energy energy;
  energy.items = {
      item("engine", number(e.macs), "MAC", p.mac_pj, "pJ", kPicojoule),
      item("vector", number(e.vector_ops), "lane operation", p.vector_op_pj, "pJ", kPicojoule),
      item("sram", number(e.sram_bytes), "byte", p.sram_pj_per_byte, "pJ/byte", kPicojoule),
      item("memory", 8.0 * number(e.memory_bytes), "bit", p.memory_pj_per_bit, "pJ/bit", kPicojoule),
      item("d2d", 8.0 * number(e.d2d_wire_bytes), "bit and link", p.d2d_pj_per_bit, "pJ/bit", kPicojoule),
      item("control", control_cycles, "busy cycle", p.control_pj_per_cycle, "pJ/cycle", kPicojoule),
      item("idle", die_seconds, "die second", p.idle_w_per_die, "W", 1.0),
  };
  for (const EnergyItem& i : energy.items) energy.joules += i.joules;
  return energy;
}

}  // namespace moesaic
