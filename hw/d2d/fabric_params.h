// SPDX-License-Identifier: Apache-2.0
// What the timing core of the fabric computes with, in flit cycles, and its counters.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "hw/d2d/params.h"
#include "tlm/tick.h"

namespace moesaic {

/// Time in flit cycles: in one, a link moves one flit.
using Cycle = std::uint64_t;
inline constexpr Cycle kNoCycle = std::numeric_limits<Cycle>::max();

struct FabricParams {
  /// Virtual channels of a class: [first, first + count), in `sets` equal parts.
  struct ClassVcs {
    unsigned first = 0;
    unsigned count = 1;
  };
  std::array<ClassVcs, kPacketClasses> classes{};
  std::vector<std::uint32_t> depths;  ///< flits, by virtual channel

  Tick cycle = 1;  ///< ticks of a flit cycle, for outages

  // Cycles of a stage.
  Cycle route = 1;
  Cycle vc_alloc = 1;
  Cycle switch_alloc = 1;
  Cycle traversal = 1;
  Cycle credit = 0;  ///< from the arrival of a credit to its use
  Cycle link = 1;
  Cycle local = 1;  ///< between a die and its router, one way
  bool speculative = false;
  bool overlap = false;   ///< heads pass route computation and channel allocation behind the packet before
  bool any_vc = true;     ///< a packet takes any free channel of its class; else the one of its destination
  double flit_error = 0;  ///< probability that a transmission over a link fails
  std::uint64_t error_seed = 1;
  Cycle check = 0;                 ///< from the end of a flit to that of what its CRC is over
  std::uint32_t replay_flits = 0;  ///< kept by a link until acknowledged; 0: a round trip of them
  /// From a transmission to its repetition or acknowledgement: there, and the answer back. A buffer of fewer
  /// flits carries one in replay_round_trip() / replay_flits cycles.
  Cycle replay_round_trip() const { return 2 * link + 2 + check; }
  bool multicast = false;        ///< routers copy packets
  bool automatic_sinks = false;  ///< dies take every flit at once
  bool to_self = false;          ///< dies send packets to themselves too
};

/// Why a packet that was ready did not move.
enum class Stall : std::uint8_t { credit, vc, switch_port, link, retry, count };
inline constexpr std::size_t kStalls = static_cast<std::size_t>(Stall::count);

/// Flits of one class that passed an output.
struct PassedFlits {
  std::uint32_t flits = 0;
  std::uint32_t packets = 0;  ///< tails
  std::uint64_t payload_bytes = 0;
  std::uint64_t occupancy = 0;
};

/// One output of a router.
struct ChannelStats {
  struct OfClass {
    std::uint64_t packets = 0;        ///< tails granted
    std::uint64_t payload_bytes = 0;  ///< of those packets
  };
  std::uint64_t flits = 0;      ///< flits granted
  std::uint64_t occupancy = 0;  ///< cycles flits stood in the buffers they left for this output
  std::array<OfClass, kPacketClasses> classes{};  ///< by class
  std::array<std::uint64_t, kStalls> stalls{};    ///< cycles, summed over packets at the front
  std::uint64_t retries = 0;                      ///< failed transmissions
  std::uint64_t repeated = 0;  ///< flits sent again: those that failed, and those behind them

  void add(PacketClass kind, const PassedFlits& passed) {
    OfClass& of_class = classes[static_cast<std::size_t>(kind)];
    flits += passed.flits;
    occupancy += passed.occupancy;
    of_class.packets += passed.packets;
    of_class.payload_bytes += passed.payload_bytes;
  }
  void subtract(PacketClass kind, const PassedFlits& passed) {
    OfClass& of_class = classes[static_cast<std::size_t>(kind)];
    flits -= passed.flits;
    occupancy -= passed.occupancy;
    of_class.packets -= passed.packets;
    of_class.payload_bytes -= passed.payload_bytes;
  }
};

}  // namespace moesaic
