// SPDX-License-Identifier: Apache-2.0
// The fabric's own protocol on TLM sockets. Virtual channels do not fit the base protocol's rule of one
// request at a time, so the sockets carry packets forward and credits backward, nothing else.
//
//   phase packet, forward:  the packet's head arrives after the annotated delay; its tail at packet.tail.
//   phase credit, backward: after the annotated delay the receiver has freed the packet's flits on its VC.
//
// Rules: a packet is sent only while the sender holds packet.flits credits of packet.vc; each packet's
// credits return exactly once, while the packet is alive; delays may not be negative; packets of a socket do
// not overlap. Initial credits are the depths in D2dParams. Sockets at the edge of a mesh stay unbound.
#pragma once

#include <tlm.h>

#include "hw/d2d/packet.h"
#include "tlm/sc_tick.h"

namespace moesaic {

enum class D2dPhase : std::uint8_t { packet, credit };

/// The protocol's traits.
struct D2dTypes {
  using tlm_payload_type = Packet;
  using tlm_phase_type = D2dPhase;
};
class D2dForward : public virtual tlm::tlm_fw_nonblocking_transport_if<Packet, D2dPhase> {
 public:
  using protocol_types = D2dTypes;
};
class D2dBackward : public virtual tlm::tlm_bw_nonblocking_transport_if<Packet, D2dPhase> {
 public:
  using protocol_types = D2dTypes;
};
inline constexpr unsigned kD2dWidth = 512;
using D2dInitiatorSocket =
    tlm::tlm_base_initiator_socket<kD2dWidth, D2dForward, D2dBackward, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;
using D2dTargetSocket =
    tlm::tlm_base_target_socket<kD2dWidth, D2dForward, D2dBackward, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

/// Contract: the owner of D2D sockets. Called ahead of time: the head arrives at packet.head, the credits at
/// `at`, both at or after the present instant.
class D2dOwner {
 public:
  virtual void packet_arrives(unsigned port, Packet& packet) = 0;
  virtual void credit_returns(unsigned port, Packet& packet, Tick at) = 0;

 protected:
  ~D2dOwner() = default;
};

/// Sending end of one direction.
class D2dOut : public D2dInitiatorSocket, private D2dBackward {
 public:
  explicit D2dOut(const char* name) : D2dInitiatorSocket(name) { bind(static_cast<D2dBackward&>(*this)); }
  using D2dInitiatorSocket::bind;
  void set_owner(D2dOwner& owner, unsigned port) {
    owner_ = &owner;
    port_ = port;
  }
  void send(Packet& packet) {
    D2dPhase phase = D2dPhase::packet;
    sc_core::sc_time delay = to_sc_time(packet.head - now_tick());
    (*this)->nb_transport_fw(packet, phase, delay);
  }
  const char* kind() const override { return "D2dOut"; }

 private:
  tlm::tlm_sync_enum nb_transport_bw(Packet& packet, D2dPhase&, sc_core::sc_time& delay) override {
    owner_->credit_returns(port_, packet, now_tick() + to_tick(delay));
    return tlm::TLM_ACCEPTED;
  }
  D2dOwner* owner_ = nullptr;
  unsigned port_ = 0;
};

/// Receiving end of one direction.
class D2dIn : public D2dTargetSocket, private D2dForward {
 public:
  explicit D2dIn(const char* name) : D2dTargetSocket(name) { bind(static_cast<D2dForward&>(*this)); }
  using D2dTargetSocket::bind;
  void set_owner(D2dOwner& owner, unsigned port) {
    owner_ = &owner;
    port_ = port;
  }
  void credit(Packet& packet, Tick at) {
    D2dPhase phase = D2dPhase::credit;
    sc_core::sc_time delay = to_sc_time(at - now_tick());
    (*this)->nb_transport_bw(packet, phase, delay);
  }
  const char* kind() const override { return "D2dIn"; }

 private:
  tlm::tlm_sync_enum nb_transport_fw(Packet& packet, D2dPhase&, sc_core::sc_time&) override {
    owner_->packet_arrives(port_, packet);
    return tlm::TLM_ACCEPTED;
  }
  D2dOwner* owner_ = nullptr;
  unsigned port_ = 0;
};

}  // namespace moesaic
