// SPDX-License-Identifier: Apache-2.0
// The summary for people: what was simulated, how long it took, why, and how far from the bound.
//
// Contract: a function of the report alone, so equal inputs give equal bytes. Colours only when asked for.
#pragma once

#include <string>

#include "sc_main/report/report.h"

namespace moesaic {

struct SummaryStyle {
  bool colours = false;
  std::string results_folder;  ///< named at the end; empty: nothing was written
};

std::string summary_text(const Report& report, const SummaryStyle& style = {});

/// True when `descriptor` is a terminal and NO_COLOR is not set.
bool wants_colours(int descriptor);

}  // namespace moesaic
