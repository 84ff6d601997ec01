// SPDX-License-Identifier: Apache-2.0
// From what the user typed to what a run records.
#pragma once

#include <string>

#include "sc_main/cli/command_line.h"
#include "sc_main/report/recorder.h"

namespace moesaic {

/// Throws UserError for a bad window, or one file for two things.
RecordOptions record_options(const Output& output);

/// The same for one image of several: "wave.vcd" becomes "wave-ep.vcd".
Output with_image_name(Output output, const std::string& image);

}  // namespace moesaic
