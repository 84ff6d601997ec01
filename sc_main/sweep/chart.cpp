// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/chart.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

namespace moesaic {

namespace {

// Okabe and Ito's palette, as in the report of a run.
constexpr std::array<const char*, 8> kColours{"#0072b2", "#e69f00", "#009e73", "#d55e00",
                                              "#cc79a7", "#56b4e9", "#999999", "#000000"};

/// In double quotes of gnuplot, with its mark-up switched off by noenhanced.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string script_of(const Chart& chart, const std::string& name) {
  std::string s = fmt::format(
      "set terminal svg size 760,340 dynamic enhanced font 'sans-serif,12' background 'white' name '{}' "
      "noenhanced\n"
      "set encoding utf8\nset title {}\nset xlabel {}\nset ylabel {}\nset key outside right top\nset grid "
      "ytics lc rgb "
      "'#dddddd'\nset border 3\nset tics nomirror\nset xtics noenhanced rotate by -25\nset yrange [0:*]\nset "
      "datafile "
      "missing '?'\n",
      name, quoted(chart.title), quoted(chart.x_label), quoted(chart.y_label));
  s += chart.bars ? "set style data histogram\nset style histogram clustered gap 1\nset style fill solid 0.9 "
                    "noborder\n"
                  : "set style data linespoints\n";
  // 1. The data: a row for each label, a column for each series.
  s += "$d << EOD\n";
  for (std::size_t i = 0; i < chart.x.size(); ++i) {
    s += quoted(chart.x[i]);
    for (const Chart::Series& series : chart.series) {
      const auto value = i < series.y.size() ? series.y[i] : std::nullopt;
      s += value ? fmt::format(" {:.6g}", *value) : std::string(" ?");
    }
    s += "\n";
  }
  s += "EOD\nplot ";
  // 2. What is drawn.
  for (std::size_t n = 0; n < chart.series.size(); ++n) {
    const char* colour = kColours[n % kColours.size()];
    s += fmt::format("{}$d using {}:xtic(1) title {} {}", n == 0 ? "" : ", ", n + 2,
                     quoted(chart.series[n].name),
                     chart.bars ? fmt::format("lc rgb '{}'", colour)
                                : fmt::format("lw 2 pt 7 ps 0.6 lc rgb '{}'", colour));
  }
  if (chart.mark) s += fmt::format(", {:.6g} notitle with lines lw 1 dt 2 lc rgb '#666666'", *chart.mark);
  return s + "\n";
}

}  // namespace

std::optional<std::string> draw(const Chart& chart, const std::string& name) {
  if (chart.x.empty() || chart.series.empty()) return std::nullopt;
  // 1. The script in a file of its own: gnuplot reads it and writes the picture to its stdout.
  std::string path = (std::filesystem::temp_directory_path() / "moesaic-chart-XXXXXX").string();
  const int handle = mkstemp(path.data());
  if (handle < 0) return std::nullopt;
  const std::string script = script_of(chart, name);
  const bool written = write(handle, script.data(), script.size()) == static_cast<ssize_t>(script.size());
  close(handle);
  std::string svg;
  int status = -1;
  if (std::FILE* out = written ? popen(("gnuplot '" + path + "' 2>/dev/null").c_str(), "r") : nullptr) {
    std::array<char, 65536> part{};
    for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), out)) > 0;)
      svg.append(part.data(), n);
    status = pclose(out);
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  // 2. Its element alone, without the head of a file.
  const std::size_t begin = svg.find("<svg");
  if (status != 0 || begin == std::string::npos) return std::nullopt;
  return svg.substr(begin);
}

}  // namespace moesaic
