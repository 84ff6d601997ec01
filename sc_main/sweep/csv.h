// SPDX-License-Identifier: Apache-2.0
// Comma-separated values (RFC 4180, with newline alone at the end of a line).
#pragma once

#include <string>
#include <vector>

namespace moesaic {

inline std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    if (cell.find_first_of(",\"\n") == std::string::npos) {
      line += cell;
      continue;
    }
    line += '"';
    for (const char c : cell) line += c == '"' ? std::string("\"\"") : std::string(1, c);
    line += '"';
  }
  return line + "\n";
}

}  // namespace moesaic
