// SPDX-License-Identifier: Apache-2.0
// `moesaic list` and `moesaic schema`: what can be chosen, and what the words mean.
#pragma once

#include <string>

namespace moesaic {

/// Throws UserError for an unknown topic.
int list_command(const std::string& topic, bool markdown);
int schema_command(const std::string& kind);

}  // namespace moesaic
