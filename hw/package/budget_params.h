// SPDX-License-Identifier: Apache-2.0
// How much silicon and power a package is meant to take. Nothing in the simulation depends on it: reports
// compare the limits with an estimate (sc_main/report/budget.h).
#pragma once

#include "tlm/field.h"

namespace moesaic {

struct BudgetParams {
  double die_mm2 = 0.0;
  double package_w = 0.0;
};

template <class V>
void describe_fields(V& v, BudgetParams& p) {
  v(Field{"die_mm2", "", "area that a die may take, mm2; 0 sets no limit", 0.0, 1e4}, p.die_mm2);
  v(Field{"package_w", "", "power that package and memories may take, W; 0 sets no limit", 0.0, 1e6},
    p.package_w);
}

}  // namespace moesaic
