// SPDX-License-Identifier: Apache-2.0
// `moesaic new firmware`: the skeleton of an image, from the files in firmware/template.
#pragma once

#include <string>

namespace moesaic {

/// Makes the folder DIRECTORY/NAME (an empty DIRECTORY is the working directory) and says how to build it.
/// Throws UserError: an unknown kind, a name that cannot be one, a folder that is there already.
int new_command(const std::string& kind, const std::string& name, const std::string& directory);

}  // namespace moesaic
