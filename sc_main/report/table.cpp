// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace moesaic {

std::string Table::line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool prose = last_is_prose_ && i + 1 == cells.size();
    if (i > 0) text += "  ";
    if (prose) {
      text += cells[i];
    } else if (i < flush_left_) {
      text += fmt::format("{:<{}}", cells[i], widths[i]);
    } else {
      text += fmt::format("{:>{}}", cells[i], widths[i]);
    }
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string Table::text(unsigned indent) const {
  std::vector<std::size_t> widths;
  for (const std::string& cell : head_) widths.push_back(cell.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const std::string margin(indent, ' ');
  std::string text = margin + line(head_, widths) + "\n";
  for (const auto& row : rows_) text += margin + line(row, widths) + "\n";
  return text;
}

}  // namespace moesaic
