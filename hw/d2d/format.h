// SPDX-License-Identifier: Apache-2.0
// What the cores of the fabric compute with, derived once from D2dParams: sizes in flits and wire bytes,
// rates as byte clocks, latencies in ticks, and which virtual channel a packet takes.
//
// Models: packets of header and payload. Buffers and credits count whole flow-control flits of 64 bytes; on
// the wire, packets are packed back to back into link flits, so that framing costs its share only.
// Time: a rate is the clock of one wire byte; a transfer starts at an edge and ends whole bytes later, so
// that back-to-back transfers accumulate no rounding.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "hw/d2d/mesh.h"
#include "hw/d2d/params.h"
#include "tlm/tick.h"

namespace moesaic {

inline constexpr std::uint32_t kFlowFlitBytes = 64;

struct FlitShape {
  std::uint32_t bytes;
  std::uint32_t payload;
};
constexpr FlitShape shape_of(FlitFormat format) {
  switch (format) {
    case FlitFormat::raw_64:
      return {64, 64};
    case FlitFormat::flit_68:
      return {68, 64};
    case FlitFormat::flit_256:
      return {256, 236};
  }
  return {64, 64};
}

/// Bytes per second of one link direction, framing included.
inline std::uint64_t link_bytes_per_s(const D2dParams& p) {
  return std::uint64_t{p.modules} * p.lanes * p.gbit_per_s_per_lane * 125'000'000;
}

class D2dFormat {
 public:
  explicit D2dFormat(const D2dParams& p);

  std::uint32_t flits(std::uint32_t payload_bytes) const {
    return (bytes(payload_bytes) + kFlowFlitBytes - 1) / kFlowFlitBytes;
  }
  std::uint32_t wire_bytes(std::uint32_t payload_bytes) const {
    return (bytes(payload_bytes) * shape_.bytes + shape_.payload - 1) / shape_.payload;
  }
  std::uint32_t max_payload() const { return max_payload_; }

  /// One wire byte on a link; the same for the bytes (without framing) of a router's local port.
  Clock link_clock() const { return link_clock_; }
  Clock local_clock() const { return local_clock_; }
  /// Time `payload_bytes` take on a link when sent in full packets, the last one shorter.
  Tick link_time(std::uint64_t payload_bytes) const;

  Tick link_latency() const { return link_latency_; }
  Tick pipeline() const { return pipeline_; }
  Tick ni_latency() const { return ni_latency_; }
  Tick router_cycle() const { return router_cycle_; }

  unsigned vcs() const { return static_cast<unsigned>(depths_.size()); }
  const std::vector<std::uint32_t>& depths() const { return depths_; }
  /// Fixed on the whole route, so that packets of one source, destination and class stay in order. Of the
  /// destinations behind one link, neighbours get different channels.
  unsigned vc(PacketClass kind, const Mesh& mesh, NodeId destination) const;

 private:
  std::uint32_t bytes(std::uint32_t payload_bytes) const { return std::max(1u, header_ + payload_bytes); }
  static Clock byte_clock(std::uint64_t bytes_per_s) {
    const std::uint64_t divisor = std::gcd(kSecond, bytes_per_s);
    return Clock(kSecond / divisor, bytes_per_s / divisor);
  }

  std::uint32_t header_;
  std::uint32_t max_payload_;
  FlitShape shape_;
  Clock link_clock_;
  Clock local_clock_;
  Tick link_latency_;
  Tick pipeline_;
  Tick ni_latency_;
  Tick router_cycle_;
  std::array<unsigned, kPacketClasses> first_vc_{};
  std::array<unsigned, kPacketClasses> vc_count_{};
  std::vector<std::uint32_t> depths_;
};

/// Payload bytes per second of one link direction in a stream of full packets: the bound to compare with.
double link_payload_bytes_per_s(const D2dParams& p);

/// What is wrong with the combination of values, one sentence each; empty when nothing is.
std::vector<std::string> check(const D2dParams& p);

}  // namespace moesaic
