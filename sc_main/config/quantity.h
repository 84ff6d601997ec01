// SPDX-License-Identifier: Apache-2.0
// Numbers with units: "64 KiB", "1.6 GHz", "4.02 ns". The field's declared unit decides which suffixes are
// allowed; a number without a suffix is in the declared unit. Decimal fractions are exact (no floating
// point).
#pragma once

#include <optional>
#include <string>

namespace moesaic {

/// Wide enough for every integer field, signed or unsigned.
__extension__ typedef __int128 WideInteger;

std::string to_text(WideInteger value);

/// An exact fraction in the declared unit.
struct Quantity {
  WideInteger numerator = 0;
  WideInteger denominator = 1;

  std::optional<WideInteger> whole() const;  ///< nothing when it is not a whole number
  double real() const { return static_cast<double>(numerator) / static_cast<double>(denominator); }
};

/// Nothing when `text` is not a number, or its suffix is no unit of the declared unit's kind.
std::optional<Quantity> parse_quantity(const std::string& text, const std::string& declared_unit);

/// The shortest exact form, with the largest unit that leaves a whole number: "800 MHz", "64 KiB", "12".
std::string format_quantity(WideInteger value, const std::string& declared_unit);
std::string format_quantity(double value, const std::string& declared_unit);

/// Suffixes that a field with this unit accepts: "B, KiB, ..."; empty when it takes plain numbers only.
std::string unit_suffixes(const std::string& declared_unit);

}  // namespace moesaic
