// SPDX-License-Identifier: Apache-2.0
// DRAMSys' addressmapping JSON, as it is, as the address map of a channel.
//
// Models: BYTE_BIT (BURST_BIT), COLUMN_BIT, BANK_BIT, BANKGROUP_BIT, ROW_BIT, PSEUDOCHANNEL_BIT, STACK_BIT,
//   RANK_BIT and CHANNEL_BIT as lists of address bits, low bit of the field first, in an object
//   addressmapping with or without CONGEN; XOR as pairs FIRST, SECOND (bit FIRST is flipped by bit SECOND, in
//   order), and bits given as lists (the first is flipped by the others, after the pairs).
// Does not model: several channels of unequal maps. CHANNEL_BIT must be the bits by which the site deals its
//   interleave to channels; they are taken out, since a map here is that of one channel.
#pragma once

#include <filesystem>

#include "hw/memory/params.h"

namespace moesaic {

/// The map as bit lists (hw/memory/device.h). Throws a UserError with file, key and remedy.
std::string read_dramsys_map(const std::filesystem::path& file, const MemoryParams& memory);

}  // namespace moesaic
