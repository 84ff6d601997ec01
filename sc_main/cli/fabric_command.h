// SPDX-License-Identifier: Apache-2.0
// `moesaic fabric-bench`: the fabric of a package alone, under synthetic traffic or a trace.
#pragma once

#include "sc_main/cli/command_line.h"

namespace moesaic {

/// Prints zero-load latency, saturation and the latency-load curve, or one load, or a trace. Throws
/// UserError.
int fabric_command(const CommandLine& line);

}  // namespace moesaic
