// SPDX-License-Identifier: Apache-2.0
// A strict reader of Value Change Dumps (IEEE 1364-2001, section 18.2): what a writer gets wrong is an error
// here, also where viewers are lenient.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace moesaic::test {

struct VcdSignal {
  std::string type;  ///< "wire", "real"
  unsigned width = 0;
  std::vector<std::pair<std::uint64_t, double>> changes;  ///< (time, value); the first is the dumped one

  double at(std::uint64_t time) const;
  /// Time until `end` in which the value is not 0.
  std::uint64_t time_not_zero(std::uint64_t end) const;
  /// Time until `end` with this value.
  std::uint64_t time_with(double value, std::uint64_t end) const;
  double largest() const;
};

struct Vcd {
  std::string version;
  std::string timescale;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::map<std::string, VcdSignal> signals;  ///< by hierarchical name
  std::vector<std::string> errors;           ///< with line numbers; empty: the text is a VCD
};

Vcd parse_vcd(const std::string& text);

}  // namespace moesaic::test
