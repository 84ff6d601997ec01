// SPDX-License-Identifier: Apache-2.0
// Work for several processes at once: each item runs in a child of its own, at most as many at a time as
// there are processors.
//
// Contract: `work` runs in the child and hands its text over; `done` runs in this process, in the order in which
// items end, which differs from start to start. Children end with this process, however that ends.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace moesaic {

struct PoolResult {
  int code = 0;      ///< exit code of the child; 70 when a signal ended it
  std::string text;  ///< what `work` handed over
  std::string said;  ///< what the child wrote to stderr
  double wall_s = 0.0;
};

/// Processors that this process may use, at least 1.
unsigned processors();

/// `at_once`: 0 for processors(). Shows on a terminal (stderr) how far it is and what time is left; `what`
/// names an item ("run").
void run_pool(std::size_t items, unsigned at_once, const std::string& what,
              const std::function<int(std::size_t item, std::string& text)>& work,
              const std::function<void(std::size_t item, const PoolResult& result)>& done);

}  // namespace moesaic
