// SPDX-License-Identifier: Apache-2.0
// The timing core of one link direction: latency and occupation.
//
// Models: adapter, PHY and wire as one latency, for packets and for the credits that return (they ride in the
// flit headers of the other direction and take no bandwidth). Serialisation is computed by the sender; the
// core checks that packets do not overlap.
// Does not model: bit errors and retry (at the specified bit error rates no run would see one), lane repair,
// power states.
#pragma once

#include "hw/d2d/format.h"
#include "hw/d2d/packet.h"
#include "hw/d2d/router_core.h"
#include "hw/d2d/stats.h"

namespace moesaic {

class LinkCore {
 public:
  explicit LinkCore(const D2dParams& params) : latency_(D2dFormat(params).link_latency()) {
    stats_.peak_bytes_per_s = static_cast<double>(link_bytes_per_s(params));
  }

  /// Moves head and tail from the near end to the far end.
  void pass(Packet& packet) {
    if (packet.head < free_at_) panic("d2d link", packet.head, "two packets overlap");
    free_at_ = packet.tail;
    record(stats_, packet);
    packet.head += latency_;
    packet.tail += latency_;
    packet.latency += latency_;
    ++packet.hops;
  }
  Tick credit(Tick at) const { return at + latency_; }
  const LinkStats& stats() const { return stats_; }

 private:
  Tick latency_;
  Tick free_at_ = 0;
  LinkStats stats_;
};

}  // namespace moesaic
