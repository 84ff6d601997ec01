// SPDX-License-Identifier: Apache-2.0
// Several runs side by side, from their results.json: each run was a process of its own.
#pragma once

#include <string>
#include <vector>

namespace moesaic {

struct ComparedRun {
  std::string label;    ///< the image as the user named it
  std::string results;  ///< text of results.json
};

/// REQUIRES: at least one. Ratios are to the first.
std::string comparison_text(const std::vector<ComparedRun>& compared);

/// The same for programs: {"schema": "moesaic-comparison", "runs": [{"label": ..., "results": ...}]}.
std::string comparison_json(const std::vector<ComparedRun>& compared);

}  // namespace moesaic
