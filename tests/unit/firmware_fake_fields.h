// SPDX-License-Identifier: Apache-2.0
// Fields of addresses and descriptors, as the fake package reads them.
#pragma once

#include <cstdint>

#include "firmware/sdk/address.h"
#include "tests/unit/firmware_fake.h"

namespace moesaic::fake {

inline unsigned node_of(std::uint64_t address) {
  return static_cast<unsigned>((address >> firmware::kNodeShift) & 0xFFF);
}
inline unsigned unit_of(std::uint64_t address) {
  return static_cast<unsigned>((address >> firmware::kUnitShift) & 0xF);
}
inline std::uint64_t offset_of(std::uint64_t address) {
  return address & ((std::uint64_t{1} << firmware::kUnitShift) - 1);
}

inline bool is_engine(unsigned kind) {
  return kind >= MOESAIC_FFN && kind <= MOESAIC_VECTOR;
}
inline bool is_transfer(unsigned kind) {
  return kind >= MOESAIC_LOAD && kind <= MOESAIC_SEND;
}

inline std::uint32_t list_offset(const moesaic_descriptor& d) {
  switch (d.header.kind) {
    case MOESAIC_FFN:
      return d.body.ffn.list;
    case MOESAIC_VECTOR:
      return d.body.vector.list;
    default:
      return is_transfer(d.header.kind) ? d.body.transfer.list : MOESAIC_NO_OFFSET;
  }
}
inline std::uint32_t list_count(const moesaic_descriptor& d) {
  switch (d.header.kind) {
    case MOESAIC_FFN:
      return d.body.ffn.list_count;
    case MOESAIC_VECTOR:
      return d.body.vector.rows;
    default:
      return d.body.transfer.rows;
  }
}

inline std::uint32_t source_row(const Started& c, std::uint32_t i) {
  return list_offset(c.descriptor) == MOESAIC_NO_OFFSET ? i : c.list[i].in_row;
}
inline std::uint32_t destination_row(const Started& c, std::uint32_t i) {
  return list_offset(c.descriptor) == MOESAIC_NO_OFFSET ? i : c.list[i].out_row;
}

}  // namespace moesaic::fake
