// SPDX-License-Identifier: Apache-2.0
// Many experiments: those that are in the store are taken from there, the others run, several at once.
#pragma once

#include <string>
#include <vector>

#include "sc_main/config/experiment.h"
#include "sc_main/sweep/store.h"

namespace moesaic {

struct RunRequest {
  std::string label;  ///< the image as it was named
  Experiment experiment;
};

/// What the result of a run depends on, hashed: effective configuration, program, image, trace. 32
/// hexadecimal digits. Throws when the image does not exist.
std::string run_key(const Experiment& experiment);

struct RunnerOptions {
  Store* store = nullptr;  ///< null: nothing is kept
  unsigned at_once = 0;    ///< processes; 0: as many as there are processors
};

/// One row for each request, in their order. Status is `refused` where the configuration is a mistake (`said`
/// tells which), `crashed` where the program failed; those two are not kept. REQUIRES: no SystemC elaboration
/// has happened in this process.
std::vector<StoredRun> run_requests(const std::vector<RunRequest>& requests, const Library& library,
                                    const RunnerOptions& options);

}  // namespace moesaic
