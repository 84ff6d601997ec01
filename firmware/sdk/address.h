// SPDX-License-Identifier: Apache-2.0
// Addresses as firmware writes them: package | node | unit | offset (docs/register-map.md). The package is 0.
// And sizes in whole parts, as places in memory and SRAM are aligned and divided.
#pragma once

#include <cstdint>

namespace moesaic::firmware {

inline constexpr unsigned kNodeShift = 44;
inline constexpr unsigned kUnitShift = 40;

constexpr std::uint64_t address_of(unsigned node, unsigned unit, std::uint64_t offset) {
  return (std::uint64_t{node} << kNodeShift) | (std::uint64_t{unit} << kUnitShift) | offset;
}
constexpr std::uint64_t register_address(unsigned node, std::uint64_t offset) {
  return address_of(node, 0, offset);
}
constexpr std::uint64_t sram_address(unsigned node, std::uint64_t offset) {
  return address_of(node, 1, offset);
}
constexpr std::uint64_t memory_address(unsigned node, std::uint64_t offset) {
  return address_of(node, 2, offset);
}

/// The smallest number of parts of `b` that hold `a`. REQUIRES: b > 0; a + b - 1 fits the wider of the types.
template <class A, class B>
constexpr auto divide_up(A a, B b) {
  return (a + b - 1) / b;
}
constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return divide_up(value, step) * step;
}

}  // namespace moesaic::firmware
