// SPDX-License-Identifier: Apache-2.0
// From a channel's byte address to pseudo channel, bank and row, bit by bit as the address map lists them.
//
// Names, low bits first; fields that the device does not have drop out:
//   M1      with pseudo channels PC BG BA SID CO RO, else BG CO BA RO: neighbouring bursts in different bank
//           groups; a 64-byte access opens two rows, so random traffic is bound by tFAW or the row bus
//   M2      one column bit, then with pseudo channels BG PC BA SID CO RO, else BG CO BA RO: 64 bytes stay in
//           one row, streams still rotate over bank groups
//   M2X     M2, and every bit of BG, BA and SID flipped by a row bit, lowest row bits first, so that several
//           streams at equal distances do not march through the same banks in step
//   M3      CO BG BA RO: no rotation; tCCD_L halves a single stream (also: robaco)
//   brc     CO RO BG BA: a bank is a contiguous part of the address space
// Ranks lie above the bank bits. Rows take all bits that are left, up to bit 39.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hw/memory/device.h"

namespace moesaic {

/// Bank within a pseudo channel: ((rank * stack ids + SID) * bank groups + group) * banks per group + bank.
enum class BankId : std::uint8_t {};
constexpr unsigned index_of(BankId bank) {
  return static_cast<unsigned>(bank);
}

class DramAddressDecoder {
 public:
  struct Place {
    BankId bank;
    std::uint8_t pseudo_channel;
    std::uint32_t row;
  };

  /// Throws UserError when the lists are malformed, do not use every bit from the burst upwards exactly once,
  /// or do not fit the organisation.
  DramAddressDecoder(const DramAddressMap& map, const DramOrganisation& organisation);

  Place decode(std::uint64_t address) const {
    for (const Run& flip : flips_) address ^= ((address >> flip.shift) & flip.mask) << flip.to;
    return {BankId(static_cast<std::uint8_t>(gather(bank_, address))),
            static_cast<std::uint8_t>(gather(pseudo_channel_, address)),
            static_cast<std::uint32_t>(gather(row_, address))};
  }
  /// Addresses that differ in none of these bits lie in the same bank and row.
  std::uint64_t place_bits() const { return place_bits_; }
  /// Bytes that the map tells apart.
  std::uint64_t span_bytes() const { return std::uint64_t{1} << bits_; }
  /// The map as bit lists, in full.
  const std::string& text() const { return text_; }

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

  std::string text_;
  std::vector<Run> pseudo_channel_;
  std::vector<Run> bank_;
  std::vector<Run> row_;
  std::vector<Run> flips_;  // to: the bit flipped
  std::uint64_t place_bits_ = 0;
  unsigned bits_ = 0;
};

}  // namespace moesaic
