// SPDX-License-Identifier: Apache-2.0
// docs/register-map.md, made from the tables of firmware/sdk. A test compares the file with this.
#pragma once

#include <string>

namespace moesaic {

std::string register_map_markdown();

}  // namespace moesaic
