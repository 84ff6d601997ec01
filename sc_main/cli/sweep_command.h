// SPDX-License-Identifier: Apache-2.0
// `moesaic sweep`, `moesaic runs`, and `moesaic run --seeds N`: several runs and the store they go to.
#pragma once

#include <vector>

#include "sc_main/cli/command_line.h"
#include "sc_main/cli/experiment_choice.h"

namespace moesaic {

int sweep_command(const StoreLine& line);
int runs_command(const StoreLine& line);

/// Each of the chosen experiments under `seeds` seeds, with mean and confidence. Keeps nothing.
int run_seeds(const std::vector<Chosen>& chosen, const Library& library, std::uint32_t seeds);

}  // namespace moesaic
