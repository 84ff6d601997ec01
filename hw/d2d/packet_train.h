// SPDX-License-Identifier: Apache-2.0
// What the timing core of the fabric carries: trains of packets, and the trees on which packets are copied.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/d2d/params.h"
#include "tlm/address_map.h"
#include "tlm/divide.h"

namespace moesaic {

struct PacketFork;

/// Consecutive packets of one transaction, all of `flits` flits but the last, which may have fewer.
struct PacketTrain {
  NodeId source = kNoNode;
  NodeId destination = kNoNode;
  PacketClass kind = PacketClass::stream;
  std::uint32_t flits = 1;        ///< of a full packet
  std::uint32_t total = 1;        ///< flits of all packets
  std::uint32_t bytes = 0;        ///< payload of a full packet
  std::uint64_t total_bytes = 0;  ///< payload of all packets
  /// Where its packets are copied; null: nowhere. `destination` is then any of those behind.
  const PacketFork* fork = nullptr;
  bool multicast = false;  ///< it, or a train that it is a copy of, has several destinations

  bool single() const { return total <= flits; }  ///< one packet
  std::uint32_t packets() const { return single() ? 1 : divide_up(total, flits); }
  /// Payload of the first packets.
  std::uint64_t payload(std::uint32_t packets_before) const {
    return packets_before >= packets() ? total_bytes : std::uint64_t{bytes} * packets_before;
  }
  /// Packets that end before flit `end`.
  std::uint32_t packets_before(std::uint32_t end) const {
    if (end == total) return packets();
    return single() ? 0 : end / flits;
  }
  /// The flit behind the packet that `flit` belongs to.
  std::uint32_t packet_end(std::uint32_t flit) const {
    if (single()) return total;
    const std::uint32_t end = (flit / flits + 1) * flits;
    return end < total ? end : total;
  }
  bool at_boundary(std::uint32_t flit) const {
    return flit == total || flit == 0 || (!single() && flit % flits == 0);
  }
};

/// At router `at`, each packet of a train leaves as one of each of these trains, by output; they differ from
/// it in `destination` and `fork` only.
struct PacketFork {
  NodeId at = kNoNode;
  std::vector<PacketTrain*> branches;
};

}  // namespace moesaic
