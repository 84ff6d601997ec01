// SPDX-License-Identifier: Apache-2.0
// Between the network interface of a die and the fabric. Virtual channels do not fit the TLM base protocol,
// and flits are not worth a transport call each, so these interfaces carry trains of packets forward and
// credits backward, ahead of their times.
//
// Rules: a part is submitted once, with `ready` not in the past, and in order for its class; the fabric says
// once that it has left, and announces each of its packets once, in order, not after its tail has arrived;
// packets of a virtual channel do not overlap; the die frees the buffer of each packet once, after its tail;
// a virtual channel never holds more flits than its depth. Packets whose link is down arrive at the die of
// the router that they cannot leave. hw/d2d/d2d_checker.h checks them.
#pragma once

#include <systemc>

#include "hw/d2d/message.h"

namespace moesaic {

/// Packets [first, first + count) of a part reach their destination: the tail of packet first + i at `tail` +
/// i * period, that of the last at `last_tail`, which is earlier when it is shorter.
struct Arrival {
  MessagePart* part = nullptr;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  unsigned vc = 0;
  Tick tail = 0;
  Tick period = 0;
  Tick last_tail = 0;

  Tick tail_of(std::uint32_t i) const { return i + 1 == count ? last_tail : tail + i * period; }
};

/// Contract: offered by the fabric, called by network interfaces.
class D2dNetwork : public virtual sc_core::sc_interface {
 public:
  /// The part may leave from `ready` on.
  virtual void submit(MessagePart& part, Tick ready) = 0;
  /// `flits` of virtual channel `vc` at the die `node` are free at `at`.
  virtual void release(NodeId node, unsigned vc, std::uint32_t flits, Tick at) = 0;
};

/// Contract: offered by a network interface, called by the fabric.
class D2dDie : public virtual sc_core::sc_interface {
 public:
  virtual void arrives(const Arrival& arrival) = 0;
  /// The last byte of the part leaves its source at `at`, now or later.
  virtual void left(MessagePart& part, Tick at) = 0;
};

}  // namespace moesaic
