// SPDX-License-Identifier: Apache-2.0
// How numbers look in the summary. Integers and fixed decimals only, so that equal inputs give equal bytes.
#pragma once

#include <cstdint>
#include <string>

#include "tlm/tick.h"

namespace moesaic {

/// "12.3 %", rounded half up; exact integer arithmetic. "-" when `whole` is 0.
std::string percent(std::uint64_t part, std::uint64_t whole);
/// "12.3 %" of a ratio.
std::string percent(double ratio);
/// "12.345 us": three digits after the point, unit by magnitude.
std::string time_text(Tick t);
/// "1.50 MiB", "512 B".
std::string bytes_text(std::uint64_t bytes);
/// "25.60 GB/s" (10^9 bytes).
std::string rate_text(double bytes_per_s);
/// "12.34 uJ".
std::string energy_text(double joules);
/// "1,234,567".
std::string count_text(std::uint64_t n);
/// A number of an image's own: whole numbers as count_text, others with six significant digits.
std::string number_text(double value);

/// Prose in lines of at most 100 columns, each indented.
std::string wrapped(const std::string& prose, unsigned indent = 2);

double seconds(Tick t);
/// part / whole; 0 when whole is 0.
double ratio(double part, double whole);

}  // namespace moesaic
