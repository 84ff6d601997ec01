// SPDX-License-Identifier: Apache-2.0
// `moesaic reproduce`: the evaluation of a paper, from one file (sc_main/sweep/reproduction.h).
#pragma once

#include "sc_main/cli/command_line.h"

namespace moesaic {

int reproduce_command(const StoreLine& line);

}  // namespace moesaic
