// SPDX-License-Identifier: Apache-2.0
// `moesaic run` and `moesaic compare`.
#pragma once

#include <filesystem>
#include <vector>

#include "sc_main/cli/command_line.h"
#include "sc_main/cli/experiment_choice.h"

namespace moesaic {

/// Simulates one experiment in this process, writes its folder, prints its summary. Returns the exit code.
/// REQUIRES: called once per process, before any SystemC elaboration.
int run_one(const Experiment& experiment, const Library& library, const std::filesystem::path& folder,
            const Output& output);

/// Simulates each in a child process of its own and prints them side by side. REQUIRES: at least one; no
/// SystemC elaboration has happened in this process.
int run_several(const std::vector<Chosen>& chosen, const Library& library,
                const std::filesystem::path& folder, const Output& output);

/// `run` with one image or several.
int run_command(const CommandLine& line);
int compare_command(const CommandLine& line);

}  // namespace moesaic
