// SPDX-License-Identifier: Apache-2.0
// From what the user typed to validated experiments.
#pragma once

#include <string>
#include <vector>

#include "sc_main/cli/command_line.h"
#include "sc_main/config/experiment.h"
#include "sc_main/report/json.h"

namespace moesaic {

/// One run that the user asked for.
struct Chosen {
  std::string label;  ///< the image as the user named it, options included
  Experiment experiment;
};

/// One entry for each --firmware, or one with the experiment's own image. Throws UserError.
std::vector<Chosen> choose_experiments(const Overrides& overrides, const Library& library);

/// The runs of `run` and `compare`: what choose_experiments says, and where it leaves the choice of images to
/// the experiment, also the images that it compares with. Each experiment is complete without the others.
std::vector<Chosen> choose_runs(const Overrides& overrides, const Library& library);

/// Every field of the effective configuration as text.
FlatConfiguration flat_configuration(const Experiment& experiment);

/// "default-ep": part of a file name.
std::string folder_name(const std::string& text);

}  // namespace moesaic
