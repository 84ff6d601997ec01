// SPDX-License-Identifier: Apache-2.0
// One process holds one simulation: tests that need several run each in a child and get its summary back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sc_main/config/experiment.h"
#include "sc_main/run/simulate.h"

namespace moesaic::test {

/// What a test compares of a run. Printable, and equal text means equal results.
struct Summary {
  Outcome outcome = Outcome::ok;
  std::uint64_t makespan = 0;
  std::uint64_t pairs = 0;
  std::uint64_t slices = 0;
  std::uint64_t violations = 0;
  std::uint64_t values = 0;
  std::uint64_t mismatches = 0;
  std::uint64_t causes_total = 0;
  std::uint64_t statistics = 0;  ///< hash over counters of all dies and links
  std::uint64_t control_busy = 0;
  std::string text;      ///< messages, or the UserError
  bool refused = false;  ///< UserError
};

/// Runs the experiment in a child process. A crash of the child is a failure of the calling test.
Summary run_in_child(const Experiment& experiment, const SimulateOptions& options = {});

/// The numbers that `work` returns in a child process; for tests that need several simulations of their own.
std::vector<std::uint64_t> numbers_from_child(const std::function<std::vector<std::uint64_t>()>& work);

/// The test images' path, for FirmwareParams::image.
std::string test_image(const std::string& name);
std::string product_image(const std::string& name);

}  // namespace moesaic::test
