// SPDX-License-Identifier: Apache-2.0
// One simulation: builds the package, loads the image, runs to the end, checks the result.
#pragma once

#include <ostream>

#include "firmware/sdk/abi.h"
#include "hw/context.h"
#include "sc_main/config/experiment.h"
#include "sc_main/run/run_result.h"
#include "sc_main/workload/routing.h"

namespace moesaic {

struct SimulateOptions {
  std::ostream* log = nullptr;                      ///< decision log of the image; null: none
  moesaic_log_level log_level = MOESAIC_LOG_DEBUG;  ///< the last level that is written
  Injector* injector = nullptr;                     ///< instead of the experiment's own injections (tests)
  TraceSink* trace = nullptr;                       ///< waveform and timeline; null: nothing is recorded
  bool reverse_construction = false;  ///< build the dies last to first (tests: results must not change)
};

/// REQUIRES: called once per process, before any other SystemC elaboration. Throws UserError for an unknown
/// image or option, too small an SRAM, and the like; hardware faults and hangs are outcomes.
RunResult simulate(const Experiment& experiment, const Routing& routing, const SimulateOptions& options = {});

/// Exit code of an outcome (tlm/diagnostics.h).
int exit_code_of(Outcome outcome);

}  // namespace moesaic
