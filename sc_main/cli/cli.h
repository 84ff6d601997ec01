// SPDX-License-Identifier: Apache-2.0
// The command line of moesaic.
#pragma once

namespace moesaic {

/// Does what the arguments ask for; returns the exit code (tlm/diagnostics.h). Throws nothing.
int run_cli(int argc, const char* const* argv);

}  // namespace moesaic
