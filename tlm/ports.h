// SPDX-License-Identifier: Apache-2.0
// The two ends of a data-plane connection: a RequestPort (initiator) and a ServicePort (target), both
// speaking the TLM base protocol, approximately timed (IEEE 1666 15.2), with back-pressure by a withheld
// END_REQ.
//
// Time: calls happen at the present instant (annotated delay zero); timing cores decide when. A port holds at
// most one request in BEGIN_REQ (the exclusion rule); further requests wait in the port's queue, in order.
// Responses end at once: the initiator answers BEGIN_RESP with TLM_COMPLETED.
#pragma once

#include <tlm.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <deque>

namespace moesaic {

/// Contract: the owner of RequestPorts. Called in the initiator's module, inside the target's call.
class Requester {
 public:
  /// The target accepted the request (END_REQ): the port may hold the next.
  virtual void accepted(unsigned port, tlm::tlm_generic_payload& payload) { (void)port, (void)payload; }
  /// BEGIN_RESP: response status and extension outputs are valid. The payload is released after this call.
  virtual void responded(unsigned port, tlm::tlm_generic_payload& payload) = 0;

 protected:
  ~Requester() = default;
};

class RequestPort {
 public:
  /// Construct as a member of a module (IEEE 1666 elaboration rules for sockets).
  RequestPort(const char* name, Requester& owner, unsigned index = 0);

  /// Takes over the caller's reference; released after responded(). Requests are offered in order of
  /// priority, highest first, and of sending. The one on offer is not taken back.
  void send(tlm::tlm_generic_payload& payload, unsigned priority = 0);
  /// Requests sent but not yet accepted by the target.
  std::size_t waiting() const { return queue_.size(); }

  tlm_utils::simple_initiator_socket_optional<RequestPort> socket;  ///< unbound: never used

 private:
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);
  void offer_next();
  bool in_request(const tlm::tlm_generic_payload& payload) const;
  void end_request();

  Requester& owner_;
  unsigned index_;
  struct Waiting {
    tlm::tlm_generic_payload* payload;
    unsigned priority;
  };
  std::deque<Waiting> queue_;  // front is in BEGIN_REQ when offered_
  bool offered_ = false;
  bool offering_ = false;
};

/// Contract: the owner of ServicePorts.
class Server {
 public:
  /// A request arrives now. Return true to accept it (END_REQ), false to keep it waiting: the port offers it
  /// again on retry(). Must not respond inside this call.
  virtual bool offer(unsigned port, tlm::tlm_generic_payload& payload) = 0;
  /// transport_dbg: no time, no side effect on timing. Returns the bytes moved.
  virtual unsigned debug(unsigned port, tlm::tlm_generic_payload& payload) = 0;
  /// b_transport: blocking access with annotated delay; for a control core's accesses to its own die.
  virtual void access(unsigned port, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    (void)port, (void)delay;
    payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
  }

 protected:
  ~Server() = default;
};

class ServicePort {
 public:
  ServicePort(const char* name, Server& owner, unsigned index = 0);

  /// Space has come free: offers the withheld request, if any.
  void retry();
  /// BEGIN_RESP. REQUIRES: the request was accepted; response status is set.
  void respond(tlm::tlm_generic_payload& payload);
  bool withholding() const { return withheld_ != nullptr; }

  tlm_utils::simple_target_socket_optional<ServicePort> socket;  ///< unbound: never offered to

 private:
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);

  Server& owner_;
  unsigned index_;
  tlm::tlm_generic_payload* withheld_ = nullptr;
  bool offering_ = false;  // retry() is not re-entered from inside offer()
};

}  // namespace moesaic
