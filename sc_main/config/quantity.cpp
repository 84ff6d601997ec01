// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace moesaic {

namespace {

enum class Kind { size, frequency, time, byte_rate, bit_rate, transfer_rate };

struct Unit {
  const char* name;
  Kind kind;
  std::uint64_t factor;  ///< in the smallest unit of its kind
  bool print;            ///< format_quantity may choose it
};

// Ascending inside a kind. Decimal sizes are read, but never chosen for printing: 64 KiB and 65.536 kB would
// otherwise compete.
constexpr std::array<Unit, 37> kUnits{{
    {"B", Kind::size, 1, false},
    {"bytes", Kind::size, 1, false},
    {"kB", Kind::size, 1'000, false},
    {"KiB", Kind::size, std::uint64_t{1} << 10, true},
    {"MB", Kind::size, 1'000'000, false},
    {"MiB", Kind::size, std::uint64_t{1} << 20, true},
    {"GB", Kind::size, 1'000'000'000, false},
    {"GiB", Kind::size, std::uint64_t{1} << 30, true},
    {"TB", Kind::size, 1'000'000'000'000, false},
    {"TiB", Kind::size, std::uint64_t{1} << 40, true},
    {"Hz", Kind::frequency, 1, false},
    {"kHz", Kind::frequency, 1'000, true},
    {"MHz", Kind::frequency, 1'000'000, true},
    {"GHz", Kind::frequency, 1'000'000'000, true},
    {"fs", Kind::time, 1, true},
    {"ps", Kind::time, 1'000, true},
    {"ns", Kind::time, 1'000'000, true},
    {"us", Kind::time, 1'000'000'000, true},
    {"ms", Kind::time, 1'000'000'000'000, true},
    {"s", Kind::time, 1'000'000'000'000'000, true},
    {"B/s", Kind::byte_rate, 1, false},
    {"bytes/s", Kind::byte_rate, 1, false},
    {"kB/s", Kind::byte_rate, 1'000, true},
    {"MB/s", Kind::byte_rate, 1'000'000, true},
    {"GB/s", Kind::byte_rate, 1'000'000'000, true},
    {"TB/s", Kind::byte_rate, 1'000'000'000'000, true},
    {"bit/s", Kind::bit_rate, 1, false},
    {"kbit/s", Kind::bit_rate, 1'000, true},
    {"Mbit/s", Kind::bit_rate, 1'000'000, true},
    {"Mb/s", Kind::bit_rate, 1'000'000, false},
    {"Gbit/s", Kind::bit_rate, 1'000'000'000, true},
    {"Gb/s", Kind::bit_rate, 1'000'000'000, false},
    {"T/s", Kind::transfer_rate, 1, false},
    {"kT/s", Kind::transfer_rate, 1'000, false},
    {"MT/s", Kind::transfer_rate, 1'000'000, true},
    {"GT/s", Kind::transfer_rate, 1'000'000'000, true},
    {"transfers/s", Kind::transfer_rate, 1, false},
}};

const Unit* find_unit(const std::string& name) {
  const auto found =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == name; });
  return found == kUnits.end() ? nullptr : &*found;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr int kMaxDigits = 19;  // 10^19 * 10^15 (seconds in femtoseconds) stays below 2^127

WideInteger power_of_ten(int exponent) {
  WideInteger value = 1;
  while (exponent-- > 0) value *= 10;
  return value;
}

/// Reads "[-]digits[.digits][e[+-]digits]" from `at` on; moves `at` behind it.
std::optional<Quantity> parse_number(const std::string& text, std::size_t& at) {
  const bool negative = at < text.size() && text[at] == '-';
  if (negative) ++at;
  Quantity q;
  int digits = 0, scale = 0;
  bool point = false, any = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    any = true;
    q.numerator = q.numerator * 10 + (text[at] - '0');
    if (q.numerator != 0 && ++digits > kMaxDigits + 1) return std::nullopt;
    if (point) ++scale;
  }
  if (!any) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t next = at + 1;
    const bool minus = next < text.size() && text[next] == '-';
    if (next < text.size() && (text[next] == '-' || text[next] == '+')) ++next;
    int exponent = 0;
    const std::size_t first = next;
    for (; next < text.size() && is_digit(text[next]) && next < first + 3; ++next)
      exponent = exponent * 10 + (text[next] - '0');
    if (next == first) return std::nullopt;
    at = next;
    scale += minus ? exponent : -exponent;
  }
  if (scale > kMaxDigits || scale < -kMaxDigits || (scale < 0 && digits - scale > kMaxDigits + 1))
    return std::nullopt;
  if (scale > 0) q.denominator = power_of_ten(scale);
  if (scale < 0) q.numerator *= power_of_ten(-scale);
  if (negative) q.numerator = -q.numerator;
  return q;
}

std::optional<Quantity> parse_hexadecimal(const std::string& text) {
  Quantity q;
  if (text.size() < 3 || text.size() > 18) return std::nullopt;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return std::nullopt;
    const int digit = is_digit(text[i]) ? text[i] - '0' : (text[i] | 0x20) - 'a' + 10;
    q.numerator = q.numerator * 16 + digit;
  }
  return q;
}

}  // namespace

std::string to_text(WideInteger value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  std::string text;
  for (; value != 0; value /= 10) {
    const int digit = static_cast<int>(value % 10);
    text += static_cast<char>('0' + (digit < 0 ? -digit : digit));
  }
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

std::optional<WideInteger> Quantity::whole() const {
  if (numerator % denominator != 0) return std::nullopt;
  return numerator / denominator;
}

std::optional<Quantity> parse_quantity(const std::string& text, const std::string& declared_unit) {
  if (text.rfind("0x", 0) == 0) return parse_hexadecimal(text);
  std::size_t at = 0;
  std::optional<Quantity> q = parse_number(text, at);
  if (!q) return std::nullopt;
  while (at < text.size() && text[at] == ' ') ++at;
  const std::string suffix = text.substr(at);
  if (suffix.empty() || suffix == declared_unit) return q;
  const Unit* declared = find_unit(declared_unit);
  const Unit* given = find_unit(suffix);
  if (declared == nullptr || given == nullptr || given->kind != declared->kind) return std::nullopt;
  // Factors of one kind divide each other, so only one of them is left.
  const bool up = given->factor >= declared->factor;
  const WideInteger ratio = up ? given->factor / declared->factor : declared->factor / given->factor;
  constexpr WideInteger kLimit = static_cast<WideInteger>(1) << 125;
  if (up) {
    if (q->numerator > kLimit / ratio || q->numerator < -kLimit / ratio) return std::nullopt;
    q->numerator *= ratio;
  } else {
    if (q->denominator > kLimit / ratio) return std::nullopt;
    q->denominator *= ratio;
  }
  return q;
}

std::string format_quantity(WideInteger value, const std::string& declared_unit) {
  const Unit* declared = find_unit(declared_unit);
  if (declared == nullptr || value <= 0) return to_text(value);
  const Unit* best = nullptr;
  for (const Unit& unit : kUnits) {
    const bool fits = unit.kind == declared->kind && unit.print && unit.factor > declared->factor &&
                      unit.factor % declared->factor == 0;
    if (fits && value % (unit.factor / declared->factor) == 0) best = &unit;
  }
  if (best == nullptr) return to_text(value);
  return to_text(value / (best->factor / declared->factor)) + " " + best->name;
}

std::string format_quantity(double value, const std::string&) {
  return fmt::format("{}", value);
}

std::string unit_suffixes(const std::string& declared_unit) {
  const Unit* declared = find_unit(declared_unit);
  if (declared == nullptr) return "";
  std::string text;
  for (const Unit& unit : kUnits)
    if (unit.kind == declared->kind) text += (text.empty() ? "" : ", ") + std::string(unit.name);
  return text;
}

}  // namespace moesaic
