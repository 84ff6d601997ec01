// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/d2d_checker.h"

namespace moesaic {

D2dChecker::D2dChecker(const sc_core::sc_module_name& name, NodeId node, const Topology& topology,
                       const D2dParams& params, OnViolation on_violation)
    : sc_module(name),
      network("network"),
      network_out("network_out"),
      die("die"),
      die_out("die_out"),
      node_(node),
      format_(params),
      ordered_(!topology.adaptive() && !format_.fabric().any_vc),
      turns_back_(!topology.outages().empty()),
      on_violation_(on_violation),
      occupied_(format_.vcs(), 0),
      freed_(format_.vcs()),
      held_(format_.vcs(), 0) {
  network.bind(*this);
  die.bind(*this);
}

void D2dChecker::submit(MessagePart& part, Tick ready) {
  require(ready >= now_tick(), "a part is ready before it is submitted");
  require(part.source == node_ && part.destination != node_, "a part has a wrong source or destination");
  require(part.flits == format_.flits(part.bytes), "flits and payload of a packet disagree");
  require(part.payload(part.packets()) == part.total_bytes, "packets and payload of a part disagree");
  ++under_way_;
  network_out->submit(part, ready);
}

void D2dChecker::left(MessagePart& part, Tick at) {
  require(under_way_ > 0, "a part leaves that was not submitted");
  require(at + format_.router_cycle() >= now_tick(), "a part has left long ago");
  --under_way_;
  die_out->left(part, at);
}

void D2dChecker::arrives(const Arrival& arrival) {
  const MessagePart& part = *arrival.part;
  require(part.destination == node_ || turns_back_, "a packet arrives at a wrong die");
  require(arrival.tail >= now_tick(), "a packet is announced after its tail has arrived");
  const FabricParams::ClassVcs& vcs = format_.fabric().classes[static_cast<std::size_t>(part.kind)];
  require(arrival.vc >= vcs.first && arrival.vc < vcs.first + vcs.count,
          "a packet is on a virtual channel of another class");
  for (std::uint32_t i = 0; i < arrival.count; ++i) check_packet(arrival, i);
  die_out->arrives(arrival);
}

void D2dChecker::check_packet(const Arrival& arrival, std::uint32_t i) {
  ++packets_;
  const MessagePart& part = *arrival.part;
  const std::uint32_t packet = arrival.first + i;
  const std::uint32_t begin = packet * part.flits;
  const std::uint32_t flits = part.packet_end(begin) - begin;
  const Tick tail = arrival.tail_of(i);
  if (format_.fixed()) return check_order(part, packet);  // neither links nor buffers
  // 1. One flit per cycle.
  require(last_tail_ == 0 || tail >= last_tail_ + format_.cycle(), "two packets overlap");
  last_tail_ = tail;
  // 2. A place in the buffer.
  std::deque<Freed>& freed = freed_[arrival.vc];
  while (!freed.empty() && freed.front().at <= tail) {
    held_[arrival.vc] -= freed.front().flits;
    freed.pop_front();
  }
  held_[arrival.vc] += flits;
  occupied_[arrival.vc] += flits;
  require(held_[arrival.vc] <= format_.fabric().depths[arrival.vc],
          "virtual channel " + std::to_string(arrival.vc) + " holds " + std::to_string(held_[arrival.vc]) +
              " flits, but has a depth of " + std::to_string(format_.fabric().depths[arrival.vc]));
  // 3. Order.
  check_order(part, packet);
}

void D2dChecker::check_order(const MessagePart& part, std::uint32_t packet) {
  if (!ordered_ || part.destination != node_) return;
  auto& [next_part, next_packet] = next_[{part.source, part.kind, part.multicast}];
  require(part.sequence == next_part && packet == next_packet,
          "packet " + std::to_string(packet) + " of part " + std::to_string(part.sequence) +
              " arrives where " + std::to_string(next_packet) + " of " + std::to_string(next_part) +
              " was next");
  next_part = part.sequence;
  next_packet = packet + 1;
  if (next_packet < part.packets()) return;
  ++next_part;
  next_packet = 0;
}

void D2dChecker::release(NodeId node, unsigned vc, std::uint32_t flits, Tick at) {
  require(at > now_tick(), "a buffer is free in the past");
  if (format_.fixed()) return network_out->release(node, vc, flits, at);
  const bool taken = occupied_[vc] >= flits;
  require(taken, "more flits of virtual channel " + std::to_string(vc) + " are freed than have arrived");
  if (taken) {
    occupied_[vc] -= flits;
    freed_[vc].push_back({at, flits});
  }
  network_out->release(node, vc, flits, at);
}

void D2dChecker::require(bool holds, const std::string& what) {
  if (holds) return;
  if (on_violation_ == OnViolation::panic) panic(name(), now_tick(), what);
  violations_.push_back(format_time(now_tick()) + ": " + what);
}

}  // namespace moesaic
