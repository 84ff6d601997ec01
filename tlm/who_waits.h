// SPDX-License-Identifier: Apache-2.0
// For the hang report: every block can say what it is waiting for.
#pragma once

#include <string>
#include <vector>

namespace moesaic {

/// Contract: called when nothing is pending but work remains; may be called at any time; no side effect.
class WhoWaits {
 public:
  /// Appends one line per wait: "WHO waits for WHAT", with hierarchical names, counts and credits.
  virtual void report_waits(std::vector<std::string>& lines) const = 0;

 protected:
  ~WhoWaits() = default;
};

}  // namespace moesaic
