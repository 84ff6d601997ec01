// SPDX-License-Identifier: Apache-2.0
// What a reproduction prints: Markdown for documents and terminals, CSV for programs, one HTML page with
// charts that needs no network.
#pragma once

#include <string>
#include <vector>

#include "sc_main/sweep/reproduction.h"

namespace moesaic {

/// Claims, and of each part: times with their ratio to the reference, and distance to the lower bound with
/// the largest shares of the critical path.
std::string reproduction_markdown(const ReproductionParams& r, const std::vector<PartResult>& parts);
/// A line a cell.
std::string part_csv(const PartResult& part);
/// The same tables, with a chart of times and one of SRAM for each part. Charts are left out, and the page
/// says so, where gnuplot is not installed.
std::string reproduction_html(const ReproductionParams& r, const std::vector<PartResult>& parts,
                              const std::string& command);

}  // namespace moesaic
