// SPDX-License-Identifier: Apache-2.0
// A DRAM device as data: organisation, timing, command bus and address map of one channel.
//
// Timings are counted in cycles of the command clock CK, as JEDEC tables and the peers' files give them, so
// that they can be compared digit by digit. A command that takes several cycles on its bus has its effect at
// the last of them: every constraint runs from last edge to last edge (JESD209-4 4.x, JESD235, JESD79-5), so
// that between the starts of two commands it grows by the length of the first and shrinks by that of the
// second. The exception is the split activate of LPDDR5, whose constraints run from ACT-1.
// Defaults: LPDDR5-6400, x16, 16 Gb. Sources, value by value: platforms/memories/.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tlm/field.h"
#include "tlm/tick.h"

namespace moesaic {

enum class DramStandard : std::uint8_t { hbm2, hbm3, lpddr4, lpddr5, ddr4, ddr5, ddr3 };
constexpr std::array<const char*, 7> enum_names(DramStandard) {
  return {"hbm2", "hbm3", "lpddr4", "lpddr5", "ddr4", "ddr5", "ddr3"};
}

/// What one channel is built of: pseudo channels > ranks > stack ids > bank groups > banks.
struct DramOrganisation {
  std::uint32_t burst_bytes = 32;
  std::uint32_t pseudo_channels = 1;
  std::uint32_t ranks = 1;
  std::uint32_t stack_ids = 1;
  std::uint32_t bank_groups = 4;
  std::uint32_t banks_per_group = 4;
  std::uint32_t rows = 65536;
  std::uint32_t row_bytes = 2048;

  /// Of one pseudo channel, over all ranks and stack ids.
  std::uint32_t banks() const { return ranks * stack_ids * bank_groups * banks_per_group; }
  std::uint64_t channel_bytes() const { return std::uint64_t{rows} * row_bytes * banks() * pseudo_channels; }
};

template <class V>
void describe_fields(V& v, DramOrganisation& p) {
  v(Field{"burst_bytes", "bytes", "bytes one burst moves: width x burst length", 8, 256, true},
    p.burst_bytes);
  v(Field{"pseudo_channels", "count", "halves of a channel with data bus and banks of their own", 1, 2, true},
    p.pseudo_channels);
  v(Field{"ranks", "count", "ranks of a channel: refreshed one by one, a bubble between their data", 1, 4,
          true},
    p.ranks);
  v(Field{"stack_ids", "count", "stack ids (SID) of a pseudo channel: more banks, refreshed together", 1, 4,
          true},
    p.stack_ids);
  v(Field{"bank_groups", "count", "bank groups; 1: the standard has none", 1, 8, true}, p.bank_groups);
  v(Field{"banks_per_group", "count", "banks of a bank group", 1, 16, true}, p.banks_per_group);
  v(Field{"rows", "count", "rows of a bank; need not be a power of two", 1, 16777216}, p.rows);
  v(Field{"row_bytes", "bytes", "bytes of a row (the page) of a pseudo channel", 64, 65536, true},
    p.row_bytes);
}

/// Which command pins a channel has and how long a command takes on them.
enum class CommandBus : std::uint8_t { shared, row_column };
constexpr std::array<const char*, 2> enum_names(CommandBus) {
  return {"shared", "row_column"};
}
/// Where read and write latency are counted from.
enum class LatencyFrom : std::uint8_t { first_edge, last_edge };
constexpr std::array<const char*, 2> enum_names(LatencyFrom) {
  return {"first_edge", "last_edge"};
}

struct DramCommandBus {
  CommandBus bus = CommandBus::shared;
  LatencyFrom latency_from = LatencyFrom::first_edge;
  std::uint32_t activate_half_cycles = 2;
  std::uint32_t precharge_half_cycles = 2;
  std::uint32_t refresh_half_cycles = 2;
  std::uint32_t column_half_cycles = 2;
  bool split_activate = true;
  std::uint32_t aad_cycles = 8;
  bool wck_sync = true;
  std::uint32_t wck_postamble_cycles = 1;
};

template <class V>
void describe_fields(V& v, DramCommandBus& p) {
  v(Field{"bus", "",
          "one command bus, or one for row and one for column commands; pseudo channels share them"},
    p.bus);
  v(Field{"latency_from", "", "edge of a column command that read and write latency count from"},
    p.latency_from);
  v(Field{"activate_half_cycles", "half cycles", "activate on its bus (each half of a split one)", 1, 16},
    p.activate_half_cycles);
  v(Field{"precharge_half_cycles", "half cycles",
          "precharge on its bus; an odd number: it may start at a falling edge", 1, 16},
    p.precharge_half_cycles);
  v(Field{"refresh_half_cycles", "half cycles", "refresh on its bus", 1, 16}, p.refresh_half_cycles);
  v(Field{"column_half_cycles", "half cycles", "read or write on its bus", 1, 16}, p.column_half_cycles);
  v(Field{"split_activate", "", "an activate is two commands, ACT-1 and ACT-2, with others in between"},
    p.split_activate);
  v(Field{"aad_cycles", "cycles", "tAAD, longest time from ACT-1 to ACT-2", 1, 64}, p.aad_cycles);
  v(Field{"wck_sync", "", "the data clock stops when idle; a CAS command restarts it before a read or write"},
    p.wck_sync);
  v(Field{"wck_postamble_cycles", "cycles", "tWCKPST, the data clock runs on after the last data", 0, 64},
    p.wck_postamble_cycles);
}

/// Which bits of the channel's address select what, bit 0 being the lowest. Lists such as
/// "BG=6,7 BA=13,14 CO=5,8-12 RO=15-39", low bit of the field first; PC, RA and SID where the device has
/// them; "XOR=6^15,7^16" flips bit 6 by bit 15 and then bit 7 by bit 16 before that. Names for the maps of
/// the reference data: M1, M2, M2X, M3, robaco, brc; see address_decoder.h.
struct DramAddressMap {
  std::string bits = "M2X";
};

template <class V>
void describe_fields(V& v, DramAddressMap& p) {
  v(Field{"bits", "bits or path",
          "M1, M2, M2X, M3, robaco, brc, bit lists such as BG=6,7 BA=13,14 CO=5,8-12 RO=15-39, or path of a "
          "DRAMSys addressmapping .json"},
    p.bits);
}

}  // namespace moesaic
