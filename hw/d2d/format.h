// SPDX-License-Identifier: Apache-2.0
// What the fabric computes with, derived once from D2dParams: the flit cycle, sizes in flits, stages in
// cycles, latencies in ticks.
//
// Models: packets of whole flow-control flits of 64 bytes; each flit carries a header beside them, and flits
// are packed back to back into the flits of the link, so that framing costs its share.
// Time: the flit cycle is the time one flow-control flit takes on a link, rounded to a femtosecond (at most 4
// ppm). Stages and latencies are rounded to whole flit cycles.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hw/d2d/fabric_params.h"
#include "hw/d2d/topology.h"
#include "tlm/divide.h"
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

  std::uint32_t flits(std::uint64_t payload_bytes) const {
    if (payload_bytes == 0) return 1;
    return static_cast<std::uint32_t>(divide_up(payload_bytes, kFlowFlitBytes));
  }
  /// Bytes that `flits` flow-control flits take on a link, headers and framing included.
  std::uint64_t wire_bytes(std::uint64_t flits) const {
    return divide_up(flits * (kFlowFlitBytes + header_) * shape_.bytes, shape_.payload);
  }
  std::uint32_t max_payload() const { return max_payload_; }

  Tick cycle() const { return cycle_; }
  Tick time_of(Cycle cycle) const { return cycle * cycle_; }
  Cycle cycle_at_or_after(Tick t) const { return divide_up(t, cycle_); }
  /// Time `payload_bytes` take on a link in full packets, the last one shorter.
  Tick link_time(std::uint64_t payload_bytes) const;
  /// What the head of a packet takes through an empty fabric from its source to a die `hops` links away.
  Tick path_latency(unsigned hops) const;

  /// The same for a packet of class `kind`, whatever joins the dies.
  Tick way(PacketClass kind, unsigned hops) const {
    return fixed_ ? delays_[static_cast<std::size_t>(kind)] : path_latency(hops);
  }
  /// FabricModel::fixed_delay: how long packets of each class take.
  bool fixed() const { return fixed_; }

  Tick ni_latency() const { return ni_latency_; }
  Tick router_cycle() const { return router_cycle_; }
  const FabricParams& fabric() const { return fabric_; }
  unsigned vcs() const { return static_cast<unsigned>(fabric_.depths.size()); }

 private:
  std::uint32_t header_;
  std::uint32_t max_payload_;
  FlitShape shape_;
  Tick cycle_;
  Tick router_cycle_;
  Tick ni_latency_;
  FabricParams fabric_;
  bool fixed_;
  std::array<Tick, kPacketClasses> delays_{};
};

/// Payload bytes per second of one link direction in a stream of full packets: the bound to compare with.
double link_payload_bytes_per_s(const D2dParams& p);

/// What is wrong with the combination of values, one sentence each; empty when nothing is.
std::vector<std::string> check(const D2dParams& p, unsigned rows, unsigned columns);

}  // namespace moesaic
