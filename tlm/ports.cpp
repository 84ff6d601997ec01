// SPDX-License-Identifier: Apache-2.0
#include "tlm/ports.h"

#include <algorithm>

#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

using sc_core::SC_ZERO_TIME;
using tlm::tlm_generic_payload;
using tlm::tlm_phase;
using tlm::tlm_sync_enum;

RequestPort::RequestPort(const char* name, Requester& owner, unsigned index)
    : socket(name), owner_(owner), index_(index) {
  socket.register_nb_transport_bw(this, &RequestPort::nb_transport_bw);
}

void RequestPort::send(tlm_generic_payload& payload, unsigned priority) {
  const auto movable = queue_.begin() + (offered_ ? 1 : 0);
  const auto behind =
      std::find_if(movable, queue_.end(), [&](const Waiting& w) { return w.priority < priority; });
  queue_.insert(behind, {&payload, priority});
  offer_next();
}

// Offers requests until one is withheld. Not re-entered: accepted() may send() from inside.
void RequestPort::offer_next() {
  if (offering_) return;
  offering_ = true;
  while (!offered_ && !queue_.empty()) {
    offered_ = true;
    tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = SC_ZERO_TIME;
    const tlm_sync_enum status = socket->nb_transport_fw(*queue_.front().payload, phase, delay);
    if (status == tlm::TLM_ACCEPTED)
      continue;  // withheld, or END_REQ came on the backward path inside the call
    if (status != tlm::TLM_UPDATED || phase != tlm::END_REQ)
      panic(socket.name(), now_tick(), "the target answered BEGIN_REQ with something other than END_REQ");
    end_request();
  }
  offering_ = false;
}

bool RequestPort::in_request(const tlm_generic_payload& payload) const {
  return offered_ && queue_.front().payload == &payload;
}

void RequestPort::end_request() {
  tlm_generic_payload& payload = *queue_.front().payload;
  queue_.pop_front();
  offered_ = false;
  owner_.accepted(index_, payload);
}

tlm_sync_enum RequestPort::nb_transport_bw(tlm_generic_payload& payload, tlm_phase& phase,
                                           sc_core::sc_time&) {
  if (phase == tlm::END_REQ) {
    if (!in_request(payload))
      panic(socket.name(), now_tick(), "END_REQ of a payload that is not in BEGIN_REQ");
    end_request();
    offer_next();
    return tlm::TLM_ACCEPTED;
  }
  if (phase != tlm::BEGIN_RESP) panic(socket.name(), now_tick(), "unexpected phase on the backward path");
  const bool implied_end = in_request(payload);  // BEGIN_RESP may stand for END_REQ too (IEEE 1666 15.2.2)
  if (implied_end) end_request();
  owner_.responded(index_, payload);
  payload.release();
  if (implied_end) offer_next();
  return tlm::TLM_COMPLETED;
}

ServicePort::ServicePort(const char* name, Server& owner, unsigned index)
    : socket(name), owner_(owner), index_(index) {
  socket.register_nb_transport_fw(this, &ServicePort::nb_transport_fw);
  socket.register_b_transport(this, &ServicePort::b_transport);
  socket.register_transport_dbg(this, &ServicePort::transport_dbg);
}

tlm_sync_enum ServicePort::nb_transport_fw(tlm_generic_payload& payload, tlm_phase& phase,
                                           sc_core::sc_time&) {
  if (phase != tlm::BEGIN_REQ) panic(socket.name(), now_tick(), "unexpected phase on the forward path");
  if (withheld_ != nullptr) panic(socket.name(), now_tick(), "a second BEGIN_REQ before END_REQ");
  payload.acquire();
  if (!owner_.offer(index_, payload)) {
    withheld_ = &payload;
    return tlm::TLM_ACCEPTED;
  }
  phase = tlm::END_REQ;
  return tlm::TLM_UPDATED;
}

void ServicePort::retry() {
  if (withheld_ == nullptr || offering_) return;
  // The initiator offers its next request, if any, inside END_REQ; that one is judged there.
  tlm_generic_payload& payload = *withheld_;
  offering_ = true;
  const bool taken = owner_.offer(index_, payload);
  offering_ = false;
  if (!taken) return;
  withheld_ = nullptr;
  tlm_phase phase = tlm::END_REQ;
  sc_core::sc_time delay = SC_ZERO_TIME;
  socket->nb_transport_bw(payload, phase, delay);
}

void ServicePort::respond(tlm_generic_payload& payload) {
  tlm_phase phase = tlm::BEGIN_RESP;
  sc_core::sc_time delay = SC_ZERO_TIME;
  const tlm_sync_enum status = socket->nb_transport_bw(payload, phase, delay);
  if (status != tlm::TLM_COMPLETED)
    panic(socket.name(), now_tick(), "the initiator did not end the response");
  payload.release();
}

void ServicePort::b_transport(tlm_generic_payload& payload, sc_core::sc_time& delay) {
  owner_.access(index_, payload, delay);
}

unsigned ServicePort::transport_dbg(tlm_generic_payload& payload) {
  return owner_.debug(index_, payload);
}

}  // namespace moesaic
