// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/d2d_checker.h"

namespace moesaic {

D2dChecker::D2dChecker(const sc_core::sc_module_name& name, const Mesh& mesh, const D2dParams& params,
                       OnViolation on_violation)
    : sc_module(name),
      in("in"),
      out("out"),
      mesh_(mesh),
      format_(params),
      on_violation_(on_violation),
      held_(format_.depths()),
      taken_(format_.vcs(), 0),
      due_(format_.vcs()) {
  in.set_owner(*this, 0);
  out.set_owner(*this, 0);
}

void D2dChecker::packet_arrives(unsigned, Packet& packet) {
  ++packets_;
  check_shape(packet);
  check_credits(packet);
  check_order(packet);
  out.send(packet);
}

void D2dChecker::check_shape(const Packet& packet) {
  const PacketClass kind = class_of(packet.kind);
  require(packet.head >= now_tick() && packet.tail > packet.head, "a packet has no duration");
  require(packet.head >= free_at_, "two packets overlap");
  free_at_ = packet.tail;
  require(packet.vc == format_.vc(kind, mesh_, packet.destination), "a packet is on a wrong VC");
  require(packet.flits == format_.flits(packet.payload_bytes), "flits and payload disagree");
  require(packet.wire_bytes == format_.wire_bytes(packet.payload_bytes), "wire bytes and payload disagree");
}

void D2dChecker::check_credits(const Packet& packet) {
  std::vector<Due>& due = due_[packet.vc];
  std::size_t arrived = 0;
  for (; arrived < due.size() && due[arrived].at <= packet.head; ++arrived)
    held_[packet.vc] += due[arrived].flits;
  due.erase(due.begin(), due.begin() + static_cast<std::ptrdiff_t>(arrived));
  const bool enough = held_[packet.vc] >= packet.flits;
  require(enough, "a packet of " + std::to_string(packet.flits) + " flits is sent on VC " +
                      std::to_string(packet.vc) + " with " + std::to_string(held_[packet.vc]) + " credits");
  held_[packet.vc] -= enough ? packet.flits : held_[packet.vc];
  taken_[packet.vc] += packet.flits;
}

void D2dChecker::check_order(const Packet& packet) {
  std::uint32_t& next = next_sequence_[{packet.source, packet.destination, class_of(packet.kind)}];
  require(packet.sequence == next, "packet " + std::to_string(packet.sequence) + " passes where " +
                                       std::to_string(next) + " was next");
  next = packet.sequence + 1;
}

void D2dChecker::credit_returns(unsigned, Packet& packet, Tick at) {
  const bool taken = taken_[packet.vc] >= packet.flits;
  require(taken, "more credits return on VC " + std::to_string(packet.vc) + " than were taken");
  if (taken) {
    taken_[packet.vc] -= packet.flits;
    due_[packet.vc].push_back({at, packet.flits});
  }
  in.credit(packet, at);
}

void D2dChecker::require(bool holds, const std::string& what) {
  if (holds) return;
  if (on_violation_ == OnViolation::panic) panic(name(), now_tick(), what);
  violations_.push_back(format_time(now_tick()) + ": " + what);
}

}  // namespace moesaic
