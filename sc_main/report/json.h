// SPDX-License-Identifier: Apache-2.0
// results.json: the report for programs. Every leaf is a declared metric (docs/output.md).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sc_main/report/report.h"

namespace moesaic {

/// Raised when a path or its meaning changes; paths may be added without.
inline constexpr int kSchemaVersion = 1;

/// Unit of a metric in the file: ticks are femtoseconds.
std::string json_unit(const std::string& declared_unit);

/// Effective configuration: key path and value as text, in the order of declaration.
using FlatConfiguration = std::vector<std::pair<std::string, std::string>>;

/// The text of results.json, with a newline at its end.
std::string results_json(const Report& report, const FlatConfiguration& configuration);

}  // namespace moesaic
