// SPDX-License-Identifier: Apache-2.0
// The effective configuration as YAML, each value with its unit and sentence behind it.
#pragma once

#include <string>

#include "sc_main/config/field_tree.h"

namespace moesaic {

/// Deterministic; reading the text back gives the same values.
std::string show_fields(const FieldNode& root);

}  // namespace moesaic
