// SPDX-License-Identifier: Apache-2.0
#include "tlm/protocol_checker.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

using tlm::tlm_generic_payload;
using tlm::tlm_phase;
using tlm::tlm_sync_enum;

namespace {

// Sections of IEEE 1666-2011; "house" marks our own, stricter style.
constexpr std::array<const char*, kProtocolRuleCount> kRules{{
    "the forward path carries BEGIN_REQ and END_RESP only (15.2.3)",
    "the backward path carries END_REQ and BEGIN_RESP only (15.2.3)",
    "a request waits until the one before it has had its END_REQ (15.2.5)",
    "a response waits until the one before it has had its END_RESP (15.2.5)",
    "BEGIN_REQ comes once per transaction (15.2.3)",
    "END_REQ ends a request that has begun and has not ended (15.2.3)",
    "BEGIN_RESP answers a request that has begun (15.2.3)",
    "BEGIN_RESP comes once per transaction (15.2.3)",
    "END_RESP ends a response that has begun and has not ended (15.2.3)",
    "the returned status and phase are a permitted transition (15.2.3)",
    "command, address, data, lengths, byte enables and train stay as they were at BEGIN_REQ (14.7)",
    "a request has a data pointer, at least one byte, and no response or DMI hint yet (14.7)",
    "the train extension agrees with address and data length (house)",
    "a response has a response status (14.17)",
    "whoever keeps a payload holds a reference to it (14.5)",
    "calls of the data plane are made at their own time: annotated delay zero (house)",
    "b_transport adds to the annotated delay, never takes from it (11.1.1)",
    "transport_dbg moves at most the bytes that were asked for (11.3)",
    "a transaction that has begun comes to its end (house)",
}};

const char* name_of(tlm_sync_enum status) {
  if (status == tlm::TLM_ACCEPTED) return "TLM_ACCEPTED";
  return status == tlm::TLM_UPDATED ? "TLM_UPDATED" : "TLM_COMPLETED";
}

std::string outcome(const tlm_phase& called, tlm_sync_enum status, const tlm_phase& returned) {
  std::string text = std::string(called.get_name()) + " returned " + name_of(status);
  if (status == tlm::TLM_UPDATED) text += std::string(" with ") + returned.get_name();
  return text;
}

bool same(const Train& a, const Train& b) {
  return a.address == b.address && a.size == b.size && a.count == b.count && a.stride == b.stride &&
         a.period == b.period;
}

}  // namespace

const char* describe(ProtocolRule rule) {
  return kRules[static_cast<std::size_t>(rule)];
}

std::string ProtocolViolation::text() const {
  return std::string("protocol violation: ") + describe(rule) + ": " + detail;
}

ProtocolChecker::ProtocolChecker(const sc_core::sc_module_name& name, Handler handler)
    : sc_module(name), in("in"), out("out"), handler_(std::move(handler)) {
  in.register_nb_transport_fw(this, &ProtocolChecker::forward);
  in.register_b_transport(this, &ProtocolChecker::blocking);
  in.register_transport_dbg(this, &ProtocolChecker::debug);
  out.register_nb_transport_bw(this, &ProtocolChecker::backward);
}

tlm_sync_enum ProtocolChecker::forward(tlm_generic_payload& payload, tlm_phase& phase,
                                       sc_core::sc_time& delay) {
  const tlm_phase called = phase;
  check_delay(delay);
  if (called == tlm::BEGIN_REQ) {
    begin_request(payload);
  } else if (called == tlm::END_RESP) {
    end_response(payload);
  } else {
    violation(ProtocolRule::forward_phase, &payload, called.get_name());
  }
  const tlm_sync_enum status = out->nb_transport_fw(payload, phase, delay);
  check_delay(delay);
  forward_returned(payload, called, status, phase);
  return status;
}

tlm_sync_enum ProtocolChecker::backward(tlm_generic_payload& payload, tlm_phase& phase,
                                        sc_core::sc_time& delay) {
  const tlm_phase called = phase;
  check_delay(delay);
  if (called == tlm::END_REQ) {
    end_request(payload);
  } else if (called == tlm::BEGIN_RESP) {
    begin_response(payload);
  } else {
    violation(ProtocolRule::backward_phase, &payload, called.get_name());
  }
  const tlm_sync_enum status = in->nb_transport_bw(payload, phase, delay);
  check_delay(delay);
  backward_returned(payload, called, status, phase);
  return status;
}

void ProtocolChecker::blocking(tlm_generic_payload& payload, sc_core::sc_time& delay) {
  check_new(payload);
  const Attributes before = attributes_of(payload);
  const sc_core::sc_time annotated = delay;
  out->b_transport(payload, delay);
  if (delay < annotated) violation(ProtocolRule::blocking_delay, &payload, delay.to_string());
  if (payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
    violation(ProtocolRule::response_status, &payload, "b_transport returned without one");
  check_unchanged(payload, before);
}

unsigned ProtocolChecker::debug(tlm_generic_payload& payload) {
  const unsigned asked = payload.get_data_length();
  const unsigned moved = out->transport_dbg(payload);
  if (moved > asked)
    violation(ProtocolRule::debug_length, &payload,
              std::to_string(moved) + " bytes moved, " + std::to_string(asked) + " asked for");
  return moved;
}

void ProtocolChecker::begin_request(tlm_generic_payload& payload) {
  if (find(payload) != nullptr) {
    violation(ProtocolRule::begin_req_repeated, &payload, "this payload is under way already");
    return;
  }
  const auto open = std::find_if(under_way_.begin(), under_way_.end(),
                                 [](const Transaction& t) { return t.state == State::request; });
  if (open != under_way_.end())
    violation(ProtocolRule::request_exclusion, &payload, "another request has had no END_REQ yet");
  check_new(payload);
  if (!payload.has_mm() || payload.get_ref_count() < 1)
    violation(ProtocolRule::reference_count, &payload, "BEGIN_REQ of a payload nobody holds a reference to");
  if (payload.has_mm()) payload.acquire();
  under_way_.push_back({&payload, State::request, attributes_of(payload)});
}

void ProtocolChecker::begin_response(tlm_generic_payload& payload) {
  Transaction* transaction = find(payload);
  if (transaction == nullptr) {
    violation(ProtocolRule::response_unmatched, &payload, "this payload is not under way");
    return;
  }
  if (transaction->state == State::response) {
    violation(ProtocolRule::response_repeated, &payload, "its response has begun already");
    return;
  }
  const auto open = std::find_if(under_way_.begin(), under_way_.end(),
                                 [](const Transaction& t) { return t.state == State::response; });
  if (open != under_way_.end())
    violation(ProtocolRule::response_exclusion, &payload, "another response has had no END_RESP yet");
  transaction->state = State::response;  // without END_REQ before it, BEGIN_RESP implies it (15.2.2)
  if (payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
    violation(ProtocolRule::response_status, &payload, "BEGIN_RESP without one");
  check_unchanged(payload, transaction->attributes);
  check_references(payload);
}

void ProtocolChecker::end_request(tlm_generic_payload& payload) {
  Transaction* transaction = find(payload);
  if (transaction == nullptr || transaction->state != State::request) {
    violation(ProtocolRule::end_req_unmatched, &payload,
              transaction == nullptr ? "this payload is not under way" : "its request has ended already");
    return;
  }
  transaction->state = State::accepted;
  check_unchanged(payload, transaction->attributes);
  check_references(payload);
}

void ProtocolChecker::end_response(tlm_generic_payload& payload) {
  Transaction* transaction = find(payload);
  if (transaction == nullptr || transaction->state != State::response) {
    violation(ProtocolRule::end_resp_unmatched, &payload,
              transaction == nullptr ? "this payload is not under way" : "its response has not begun");
    return;
  }
  check_unchanged(payload, transaction->attributes);
  finish(payload);
}

// What the target returned from the forward path, IEEE 1666 15.2.3: BEGIN_REQ may be answered at once.
void ProtocolChecker::forward_returned(tlm_generic_payload& payload, const tlm_phase& called,
                                       tlm_sync_enum status, const tlm_phase& phase) {
  if (status == tlm::TLM_UPDATED) {
    if (called == tlm::BEGIN_REQ && phase == tlm::END_REQ) return end_request(payload);
    if (called == tlm::BEGIN_REQ && phase == tlm::BEGIN_RESP) return begin_response(payload);
    return violation(ProtocolRule::return_value, nullptr, outcome(called, status, phase));
  }
  Transaction* transaction = called == tlm::BEGIN_REQ ? find(payload) : nullptr;
  if (transaction == nullptr) return;
  if (status == tlm::TLM_ACCEPTED) return check_references(payload);
  // TLM_COMPLETED: the target has done everything inside the call.
  if (payload.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
    violation(ProtocolRule::response_status, &payload, "completed at BEGIN_REQ without one");
  check_unchanged(payload, transaction->attributes);
  finish(payload);
}

// What the initiator returned from the backward path.
void ProtocolChecker::backward_returned(tlm_generic_payload& payload, const tlm_phase& called,
                                        tlm_sync_enum status, const tlm_phase& phase) {
  if (status == tlm::TLM_ACCEPTED) return;
  const bool ends_response =
      called == tlm::BEGIN_RESP && (status == tlm::TLM_COMPLETED || phase == tlm::END_RESP);
  if (!ends_response) return violation(ProtocolRule::return_value, nullptr, outcome(called, status, phase));
  if (find(payload) != nullptr) end_response(payload);
}

void ProtocolChecker::check_new(const tlm_generic_payload& payload) {
  const auto invalid = [&](const char* what) { violation(ProtocolRule::attributes_invalid, &payload, what); };
  if (payload.get_data_ptr() == nullptr) invalid("no data pointer");
  if (payload.get_data_length() == 0) invalid("no bytes");
  if (payload.get_streaming_width() == 0) invalid("streaming width 0");
  if (payload.is_dmi_allowed()) invalid("the DMI hint is set");
  if (payload.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE) invalid("a response status is set");
  const auto* extension = payload.get_extension<TrainExtension>();
  if (extension == nullptr) return;  // plain accesses of other initiators
  const Train& train = extension->train;
  if (train.bytes() != payload.get_data_length() || train.address != payload.get_address())
    violation(ProtocolRule::train_mismatch, &payload,
              std::to_string(train.count) + " accesses of " + std::to_string(train.size) + " bytes");
}

void ProtocolChecker::check_unchanged(const tlm_generic_payload& payload, const Attributes& before) {
  const Attributes now = attributes_of(payload);
  const auto changed = [&](const char* what) { violation(ProtocolRule::attributes_changed, &payload, what); };
  if (now.command != before.command) changed("command");
  if (now.address != before.address) changed("address");
  if (now.data != before.data) changed("data pointer");
  if (now.length != before.length) changed("data length");
  if (now.byte_enable != before.byte_enable) changed("byte enable pointer");
  if (now.byte_enable_length != before.byte_enable_length) changed("byte enable length");
  if (now.streaming_width != before.streaming_width) changed("streaming width");
  if (!same(now.train, before.train)) changed("train");
}

// Initiator and target keep the payload while it is under way, and so does the checker: three references.
void ProtocolChecker::check_references(const tlm_generic_payload& payload) {
  if (payload.has_mm() && payload.get_ref_count() < 3)
    violation(
        ProtocolRule::reference_count, &payload,
        std::to_string(payload.get_ref_count() - 1) + " held while under way; initiator and target make 2");
}

void ProtocolChecker::check_delay(const sc_core::sc_time& delay) {
  if (delay != sc_core::SC_ZERO_TIME)
    violation(ProtocolRule::delay_not_zero, nullptr, "annotated delay " + delay.to_string());
}

void ProtocolChecker::finish(tlm_generic_payload& payload) {
  under_way_.erase(under_way_.begin() + (find(payload) - under_way_.data()));
  ++completed_;
  if (payload.has_mm()) payload.release();
}

void ProtocolChecker::check_drained() {
  for (const Transaction& transaction : under_way_) {
    const char* missing = transaction.state == State::request    ? "no END_REQ"
                          : transaction.state == State::accepted ? "no response"
                                                                 : "no END_RESP";
    violation(ProtocolRule::not_drained, transaction.payload, missing);
  }
}

ProtocolChecker::Transaction* ProtocolChecker::find(const tlm_generic_payload& payload) {
  for (Transaction& transaction : under_way_) {
    if (transaction.payload == &payload) return &transaction;
  }
  return nullptr;
}

void ProtocolChecker::violation(ProtocolRule rule, const tlm_generic_payload* payload,
                                const std::string& detail) {
  ProtocolViolation report{rule, name(), now_tick(), detail};
  if (payload != nullptr) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), " (%s 0x%llx, %u bytes)", payload->is_write() ? "write" : "read",
                  static_cast<unsigned long long>(payload->get_address()), payload->get_data_length());
    report.detail += text.data();
  }
  if (!handler_) panic(report.where, report.at, report.text());
  handler_(report);
}

ProtocolChecker::Attributes ProtocolChecker::attributes_of(const tlm_generic_payload& payload) {
  const auto* extension = payload.get_extension<TrainExtension>();
  return {payload.get_command(),         payload.get_address(),
          payload.get_data_ptr(),        payload.get_data_length(),
          payload.get_byte_enable_ptr(), payload.get_byte_enable_length(),
          payload.get_streaming_width(), extension == nullptr ? Train{} : extension->train};
}

void bind_ports(const std::string& name, RequestPort& from, ServicePort& to,
                std::vector<std::unique_ptr<ProtocolChecker>>* checkers) {
  if (checkers == nullptr) {
    from.socket.bind(to.socket);
    return;
  }
  checkers->push_back(std::make_unique<ProtocolChecker>(name.c_str()));
  from.socket.bind(checkers->back()->in);
  checkers->back()->out.bind(to.socket);
}

}  // namespace moesaic
