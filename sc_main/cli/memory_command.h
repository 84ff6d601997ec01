// SPDX-License-Identifier: Apache-2.0
// `moesaic memory-bench` and `moesaic import-memspec`.
#pragma once

#include <string>

#include "sc_main/cli/command_line.h"

namespace moesaic {

/// Runs one channel of a device alone and prints what it gave.
int memory_bench_command(const MemoryBenchLine& line);

/// Prints a memspec of DRAMSys as a file for platforms/memories.
int import_memspec_command(const std::string& file);

}  // namespace moesaic
