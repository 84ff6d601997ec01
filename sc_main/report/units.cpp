// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <sstream>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

struct Scale {
  double size;
  const char* name;
};

template <std::size_t N>
std::string scaled(double value, const std::array<Scale, N>& scales) {
  for (const Scale& scale : scales) {
    if (value >= scale.size) return fmt::format("{:.2f} {}", value / scale.size, scale.name);
  }
  return fmt::format("{:.2f} {}", value / scales.back().size, scales.back().name);
}

}  // namespace

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  const auto thousandths =
      static_cast<std::uint64_t>((static_cast<unsigned __int128>(part) * 1000 + whole / 2) / whole);
  return fmt::format("{}.{} %", thousandths / 10, thousandths % 10);
}

std::string percent(double value) {
  return fmt::format("{:.1f} %", value * 100.0);
}

std::string number_text(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const bool whole = value >= 0.0 && value < kExact && value == std::floor(value);
  return whole ? count_text(static_cast<std::uint64_t>(value)) : fmt::format("{:.6g}", value);
}

std::string time_text(Tick t) {
  return format_time(t);
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr std::array<Scale, 4> kScales{{{1024.0 * 1024 * 1024 * 1024, "TiB"},
                                                 {1024.0 * 1024 * 1024, "GiB"},
                                                 {1024.0 * 1024, "MiB"},
                                                 {1024.0, "KiB"}}};
  return scaled(static_cast<double>(bytes), kScales);
}

std::string rate_text(double bytes_per_s) {
  return fmt::format("{:.2f} GB/s", bytes_per_s / 1e9);
}

std::string energy_text(double joules) {
  static constexpr std::array<Scale, 5> kScales{
      {{1.0, "J"}, {1e-3, "mJ"}, {1e-6, "uJ"}, {1e-9, "nJ"}, {1e-12, "pJ"}}};
  return scaled(joules, kScales);
}

std::string count_text(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string wrapped(const std::string& prose, unsigned indent) {
  constexpr std::size_t kColumns = 100;
  const std::string margin(indent, ' ');
  std::string text, line;
  std::istringstream words(prose);
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > kColumns) {
      text += line + "\n";
      line.clear();
    }
    line += (line.empty() ? margin : " ") + word;
  }
  return text + line + "\n";
}

double seconds(Tick t) {
  return static_cast<double>(t) / static_cast<double>(kSecond);
}

double ratio(double part, double whole) {
  return whole == 0.0 ? 0.0 : part / whole;
}

}  // namespace moesaic
