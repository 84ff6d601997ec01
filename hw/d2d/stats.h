// SPDX-License-Identifier: Apache-2.0
// Counters of the die-to-die fabric. Plain structs; the report declares names and sentences.
#pragma once

#include <array>
#include <cstdint>

#include "hw/d2d/params.h"
#include "tlm/latency_histogram.h"
#include "tlm/tick.h"

namespace moesaic {

/// One direction of one link (or of a router's local port).
struct LinkStats {
  std::uint64_t packets = 0;        ///< count
  std::uint64_t flits = 0;          ///< flow-control flits of 64 bytes
  std::uint64_t payload_bytes = 0;  ///< bytes without headers and framing
  std::uint64_t wire_bytes = 0;     ///< bytes with headers and framing, repetitions included
  std::array<std::uint64_t, kPacketClasses> payload_bytes_by_class{};  ///< bytes
  Tick busy = 0;                                                       ///< ticks: flits were on the link
  Tick stall_credit = 0;       ///< ticks packets stood ready but lacked credits, summed over packets
  Tick stall_vc = 0;           ///< the same: a virtual channel downstream
  Tick stall_switch = 0;       ///< the same: the switch, which passed other flits
  Tick stall_link = 0;         ///< the same: the link, busy with a flit because lanes have failed
  Tick stall_retry = 0;        ///< the same: the link, which repeats flits
  std::uint64_t retries = 0;   ///< transmissions of flits that failed
  std::uint64_t repeated = 0;  ///< flits sent again: those that failed, and those behind them
  Tick buffered = 0;         ///< ticks flits stood in the buffers they left for this link, summed over flits
  Tick down_since = kNever;  ///< ticks; kNever: it is not down
  double peak_bytes_per_s = 0.0;  ///< bytes per second on the wire, framing included
};

/// Network time of packets of one class, from the offer of their transaction to the arrival of their last
/// byte.
struct ClassLatency {
  std::uint64_t count = 0;  ///< packets
  Tick sum = 0;             ///< ticks
  Tick max = 0;             ///< ticks
  LatencyHistogram histogram;

  /// `packets` that took `first`, `first` + `step`, and so on; the last of them `last`.
  void add(Tick first, std::uint64_t packets, Tick step, Tick last) {
    const std::uint64_t steady = packets - 1;
    count += packets;
    sum += steady * first + step * (steady > 0 ? steady * (steady - 1) / 2 : 0) + last;
    max = last > max ? last : max;
    histogram.add(first, steady, step);
    histogram.add(last);
  }
};

inline constexpr std::size_t kMostHops = 64;

struct NiStats {
  std::array<std::uint64_t, kPacketClasses> packets_sent{};      ///< count
  std::array<std::uint64_t, kPacketClasses> bytes_sent{};        ///< payload bytes
  std::array<std::uint64_t, kPacketClasses> packets_received{};  ///< count
  std::array<std::uint64_t, kPacketClasses> bytes_received{};    ///< payload bytes
  std::array<ClassLatency, kPacketClasses> latency{};            ///< of received packets
  std::array<std::uint64_t, kMostHops> packets_by_hops{};        ///< received packets, by links on their way
  std::uint64_t flits_received = 0;                              ///< flow-control flits
  std::uint64_t signals = 0;                                     ///< event signals raised behind stream data
  std::uint64_t refused_offers = 0;   ///< DMA transactions that found their queue full
  std::uint64_t refused_control = 0;  ///< deliveries that found the mailbox full
};

}  // namespace moesaic
