// SPDX-License-Identifier: Apache-2.0
// Charts as SVG text, for pages that need no network: drawn by the program gnuplot, whose output for equal
// input is the same bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace moesaic {

struct Chart {
  struct Series {
    std::string name;
    std::vector<std::optional<double>> y;  ///< as many as `x`; nothing: no value there
  };
  std::string title, x_label, y_label;
  std::vector<std::string> x;  ///< one label a group
  std::vector<Series> series;
  bool bars = true;              ///< else lines, over the labels as categories
  std::optional<double> mark{};  ///< a horizontal line, such as 1.0 of a ratio
};

/// The SVG element; nothing where gnuplot is not installed. `name` makes its identifiers unique in a page.
std::optional<std::string> draw(const Chart& chart, const std::string& name);

}  // namespace moesaic
