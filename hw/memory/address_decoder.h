// SPDX-License-Identifier: Apache-2.0
// From a channel's byte address to bank and row, bit by bit as the address map lists them.
//
// Presets (32-byte bursts, 4 bank groups, 2 KB rows):
//   M1  BG=5,6 CO=7-12 BA=13,14 RO=15-39: neighbouring bursts in different bank groups; a 64-byte access
//   opens
//       two rows, so random traffic is bound by tFAW
//   M2  CO=5,8-12 BG=6,7 BA=13,14 RO=15-39: 64 bytes stay in one row, streams still rotate over bank groups
//   M2X M2 and XOR=6^15,7^16,13^17,14^18: the bank is hashed with row bits, so that several streams at equal
//       distances do not march through the same banks in step; the default
//   M3  CO=5-10 BG=11,12 BA=13,14 RO=15-39: no rotation; tCCD_L halves a single stream
#pragma once

#include <cstdint>
#include <vector>

#include "hw/memory/params.h"

namespace moesaic {

/// Bank within a channel: bank group * banks per group + bank address.
enum class BankId : std::uint8_t {};
constexpr unsigned index_of(BankId bank) {
  return static_cast<unsigned>(bank);
}

class DramAddressDecoder {
 public:
  struct Place {
    BankId bank;
    std::uint32_t row;
  };

  /// Throws UserError when the lists are malformed, do not use every bit from the burst upwards exactly once,
  /// or do not fit the organisation.
  DramAddressDecoder(const DramAddressMap& map, const DramOrganisation& organisation);

  Place decode(std::uint64_t address) const {
    for (const Run& flip : flips_) address ^= ((address >> flip.shift) & flip.mask) << flip.to;
    return {BankId(static_cast<std::uint8_t>(gather(bank_, address))),
            static_cast<std::uint32_t>(gather(row_, address))};
  }
  /// Addresses that differ in none of these bits lie in the same bank and row.
  std::uint64_t place_bits() const { return place_bits_; }
  /// Bytes that the map tells apart.
  std::uint64_t span_bytes() const { return std::uint64_t{1} << bits_; }

 private:
  // A run of neighbouring address bits and where it goes in the field.
  struct Run {
    unsigned shift;
    std::uint64_t mask;
    unsigned to;
  };
  static std::uint64_t gather(const std::vector<Run>& runs, std::uint64_t address) {
    std::uint64_t value = 0;
    for (const Run& run : runs) value |= ((address >> run.shift) & run.mask) << run.to;
    return value;
  }
  static void append(std::vector<Run>& runs, const std::vector<unsigned>& bits, unsigned to);

  std::vector<Run> bank_;
  std::vector<Run> row_;
  std::vector<Run> flips_;  // to: the bit flipped
  std::uint64_t place_bits_ = 0;
  unsigned bits_ = 0;
};

}  // namespace moesaic
