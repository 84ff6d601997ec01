// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/budget.h"

#include "hw/d2d/format.h"

namespace moesaic {

std::vector<BudgetItem> budget_of(const PackageParams& package) {
  const double d2d = static_cast<double>(link_bytes_per_s(package.d2d)) / 1e9;
  const double memory = package.memory.bytes_per_second() / 1e9;
  const double sram = static_cast<double>(package.chiplet.sram.size_bytes) / 1e6;
  BudgetItem area{"die_area", "mm2"};
  area.d2d = 3.2 * d2d / 96.0;
  area.sram = 1.3 * sram / 3.328;
  area.rest = 1.7;
  area.limit = package.budget.die_mm2;
  BudgetItem power{"package_power", "W"};
  power.d2d = 8.864e-3 * d2d;
  power.memory = 6.5 * memory / 12.8;
  power.rest = 9.492;
  power.limit = package.budget.package_w;
  return {area, power};
}

}  // namespace moesaic
