// SPDX-License-Identifier: Apache-2.0
// The 64-bit physical address: package | node | unit | offset. A node is a die, numbered row by row (node =
// row * columns + column). Tokens of the same address mean the same byte for every initiator of the package.
//
//   63      56 55          44 43   40 39                                     0
//   | package |     node      | unit |                offset                  |
#pragma once

#include <cstdint>

namespace moesaic {

/// Position of a die in its package, row by row. Its own type: swapping it with a count does not compile.
enum class NodeId : std::uint16_t {};
inline constexpr NodeId kNoNode{0xFFFF};
constexpr std::uint16_t index_of(NodeId node) {
  return static_cast<std::uint16_t>(node);
}

enum class AddressUnit : std::uint8_t { registers = 0, sram = 1, memory = 2 };

class Address {
 public:
  static constexpr unsigned kOffsetBits = 40;
  static constexpr unsigned kUnitBits = 4;
  static constexpr unsigned kNodeBits = 12;
  static constexpr std::uint16_t kNodeMask = (1u << kNodeBits) - 1;
  static constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;

  static constexpr std::uint64_t make(NodeId node, AddressUnit unit, std::uint64_t offset,
                                      unsigned package = 0) {
    return (std::uint64_t{package} << 56) | (static_cast<std::uint64_t>(index_of(node) & kNodeMask) << 44) |
           (std::uint64_t{static_cast<std::uint8_t>(unit)} << 40) | (offset & kOffsetMask);
  }
  static constexpr unsigned package(std::uint64_t a) { return static_cast<unsigned>(a >> 56); }
  static constexpr NodeId node(std::uint64_t a) { return NodeId((a >> 44) & kNodeMask); }
  static constexpr AddressUnit unit(std::uint64_t a) { return AddressUnit((a >> 40) & 0xF); }
  static constexpr std::uint64_t offset(std::uint64_t a) { return a & kOffsetMask; }
};

/// Units of a die in arbitration order; a component's id is node * kUnitsPerNode + unit.
enum class UnitId : std::uint8_t {
  router = 0,
  network_interface,
  memory,
  sram,
  dma,
  tensor_engine,
  command_processor,
  agent_core,
  scheduler_core,
  count
};
inline constexpr std::uint32_t kUnitsPerNode = 32;
constexpr std::uint32_t component_id(NodeId node, UnitId unit, unsigned sub = 0) {
  return index_of(node) * kUnitsPerNode + static_cast<std::uint32_t>(unit) + sub * 0x0100'0000u;
}

}  // namespace moesaic
