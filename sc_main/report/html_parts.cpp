// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/html_parts.h"

namespace moesaic {

namespace {

// Okabe and Ito's palette: distinguishable with every kind of colour vision.
constexpr const char* kStyle =
    R"(body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.15rem .8rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child,.left{text-align:left}h2{margin-top:2rem;font-size:1.15rem}.label{background:#e69f00;padding:.1rem .5rem}
.bad{background:#d55e00;color:#fff;padding:.1rem .5rem}svg text{font:12px system-ui,sans-serif}.chart{max-width:48rem}
)";

}  // namespace

std::string html_head(const std::string& title) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escaped(title) +
         "</title><style>\n" + kStyle + "</style></head><body>\n";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows) {
  std::string text = "<table><tr>";
  for (const std::string& cell : head) text += "<th>" + escaped(cell) + "</th>";
  text += "</tr>\n";
  for (const auto& row : rows) {
    text += "<tr>";
    for (const std::string& cell : row) text += "<td>" + escaped(cell) + "</td>";
    text += "</tr>\n";
  }
  return text + "</table>\n";
}

}  // namespace moesaic
