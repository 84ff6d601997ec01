// SPDX-License-Identifier: Apache-2.0
// The checker of the base protocol: legal runs pass in silence, and each rule has a run that breaks it.
#include "tlm/protocol_checker.h"

#include <functional>
#include <ostream>
#include <vector>

#include "tests/catch.h"
#include "tests/panics.h"
#include "tlm/payload_pool.h"
#include "tlm/sc_tick.h"

namespace moesaic {
namespace {

using sc_core::sc_time;
using tlm::tlm_generic_payload;
using tlm::tlm_phase;
using tlm::tlm_sync_enum;
using Rules = std::vector<ProtocolRule>;
using Callback = std::function<tlm_sync_enum(tlm_generic_payload&, tlm_phase&)>;

struct RawInitiator final : sc_core::sc_module {
  explicit RawInitiator(const sc_core::sc_module_name& name) : sc_module(name), socket("socket") {
    socket.register_nb_transport_bw(this, &RawInitiator::backward);
  }
  tlm_sync_enum backward(tlm_generic_payload& payload, tlm_phase& phase, sc_time& delay) {
    if (late) delay = to_sc_time(1);
    return on_call ? on_call(payload, phase) : tlm::TLM_ACCEPTED;
  }
  tlm_utils::simple_initiator_socket<RawInitiator> socket;
  Callback on_call;
  bool late = false;
};

struct RawTarget final : sc_core::sc_module {
  explicit RawTarget(const sc_core::sc_module_name& name) : sc_module(name), socket("socket") {
    socket.register_nb_transport_fw(this, &RawTarget::forward);
    socket.register_b_transport(this, &RawTarget::blocking);
    socket.register_transport_dbg(this, &RawTarget::debug);
  }
  tlm_sync_enum forward(tlm_generic_payload& payload, tlm_phase& phase, sc_time&) {
    if (phase == tlm::BEGIN_REQ && keeps) payload.acquire();
    return on_call ? on_call(payload, phase) : tlm::TLM_ACCEPTED;
  }
  void blocking(tlm_generic_payload& payload, sc_time& delay) { on_blocking(payload, delay); }
  unsigned debug(tlm_generic_payload& payload) { return payload.get_data_length() + debug_excess; }
  tlm_utils::simple_target_socket<RawTarget> socket;
  Callback on_call;
  std::function<void(tlm_generic_payload&, sc_time&)> on_blocking;
  unsigned debug_excess = 0;
  bool keeps = true;  // acquires at BEGIN_REQ, as it must
};

// Initiator - checker - target; violations are collected.
struct Bench {
  Bench() {
    initiator.socket.bind(checker.in);
    checker.out.bind(target.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  tlm_generic_payload& payload(std::uint64_t address = 0x100) {
    return pool.acquire(tlm::TLM_READ_COMMAND, Train{address, 64, 4, 64, 0});
  }
  tlm_sync_enum forward(tlm_generic_payload& p, tlm_phase phase, Tick annotated = 0) {
    sc_time delay = to_sc_time(annotated);
    return initiator.socket->nb_transport_fw(p, phase, delay);
  }
  tlm_sync_enum backward(tlm_generic_payload& p, tlm_phase phase) {
    sc_time delay = sc_core::SC_ZERO_TIME;
    return target.socket->nb_transport_bw(p, phase, delay);
  }
  // Up to END_REQ.
  tlm_generic_payload& accepted(std::uint64_t address = 0x100) {
    tlm_generic_payload& p = payload(address);
    forward(p, tlm::BEGIN_REQ);
    backward(p, tlm::END_REQ);
    return p;
  }
  // Up to BEGIN_RESP.
  tlm_generic_payload& answered(std::uint64_t address = 0x100) {
    tlm_generic_payload& p = accepted(address);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
    backward(p, tlm::BEGIN_RESP);
    return p;
  }
  Rules rules() const {
    Rules result;
    for (const ProtocolViolation& v : violations) result.push_back(v.rule);
    return result;
  }
  PayloadPool pool{RunMode::timing};
  std::vector<ProtocolViolation> violations;
  RawInitiator initiator{"initiator"};
  ProtocolChecker checker{"checker", [this](const ProtocolViolation& v) { violations.push_back(v); }};
  RawTarget target{"target"};
};

void let_go(tlm_generic_payload& p) {  // of initiator and target
  p.release();
  p.release();
}

}  // namespace

// So that a failed comparison of rules says which they were.
static std::ostream& operator<<(std::ostream& out, ProtocolRule rule) {
  return out << describe(rule);
}

TEST_CASE("a transaction of four calls is legal") {
  Bench b;
  auto& p = b.answered();
  CHECK(b.checker.under_way() == 1);
  b.forward(p, tlm::END_RESP);
  CHECK(b.rules() == Rules{});
  CHECK(b.checker.under_way() == 0);
  CHECK(b.checker.completed() == 1);
  let_go(p);
  CHECK(b.pool.live() == 0);
}

TEST_CASE("a request answered by END_REQ on return and a response answered by END_RESP on return are legal") {
  Bench b;
  b.target.on_call = [](tlm_generic_payload&, tlm_phase& phase) {
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
  };
  b.initiator.on_call = [](tlm_generic_payload&, tlm_phase& phase) {
    phase = tlm::END_RESP;
    return tlm::TLM_UPDATED;
  };
  auto& p = b.payload();
  b.forward(p, tlm::BEGIN_REQ);
  p.set_response_status(tlm::TLM_OK_RESPONSE);
  b.backward(p, tlm::BEGIN_RESP);
  CHECK(b.rules() == Rules{});
  CHECK(b.checker.completed() == 1);
  let_go(p);
}

TEST_CASE("completing at once on either side is legal") {
  Bench b;
  b.target.keeps = false;
  b.target.on_call = [](tlm_generic_payload& payload, tlm_phase&) {
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    return tlm::TLM_COMPLETED;
  };
  auto& early = b.payload();
  b.forward(early, tlm::BEGIN_REQ);
  early.release();
  b.target.keeps = true;
  b.target.on_call = nullptr;
  b.initiator.on_call = [](tlm_generic_payload& payload, tlm_phase& phase) {
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    payload.release();
    return tlm::TLM_COMPLETED;
  };
  b.answered().release();
  CHECK(b.rules() == Rules{});
  CHECK(b.checker.completed() == 2);
  CHECK(b.pool.live() == 0);
}

TEST_CASE("a response that implies END_REQ, also as the answer to BEGIN_REQ, is legal") {
  Bench b;
  auto& p = b.payload();
  b.forward(p, tlm::BEGIN_REQ);
  p.set_response_status(tlm::TLM_OK_RESPONSE);
  b.backward(p, tlm::BEGIN_RESP);
  b.forward(p, tlm::END_RESP);
  let_go(p);
  b.target.on_call = [](tlm_generic_payload& payload, tlm_phase& phase) {
    if (phase != tlm::BEGIN_REQ) return tlm::TLM_COMPLETED;
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    phase = tlm::BEGIN_RESP;
    return tlm::TLM_UPDATED;
  };
  auto& q = b.payload();
  b.forward(q, tlm::BEGIN_REQ);
  b.forward(q, tlm::END_RESP);
  let_go(q);
  CHECK(b.rules() == Rules{});
  CHECK(b.checker.completed() == 2);
}

TEST_CASE("overlapping transactions are legal, also when responses come in another order") {
  Bench b;
  auto& p = b.accepted(0x100);
  auto& q = b.accepted(0x200);
  auto& r = b.payload(0x300);
  b.forward(r, tlm::BEGIN_REQ);
  for (auto* answer : {&q, &p}) {
    answer->set_response_status(tlm::TLM_OK_RESPONSE);
    b.backward(*answer, tlm::BEGIN_RESP);
    b.forward(*answer, tlm::END_RESP);
  }
  CHECK(b.rules() == Rules{});
  CHECK(b.checker.under_way() == 1);
}

TEST_CASE("END_REQ on the backward path inside the forward call is legal") {
  Bench b;
  b.target.on_call = [&](tlm_generic_payload& payload, tlm_phase&) {
    b.backward(payload, tlm::END_REQ);
    return tlm::TLM_ACCEPTED;
  };
  b.forward(b.payload(0x100), tlm::BEGIN_REQ);
  b.forward(b.payload(0x200), tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{});
}

TEST_CASE("blocking and debug accesses are legal") {
  Bench b;
  b.target.on_blocking = [](tlm_generic_payload& payload, sc_time& delay) {
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    delay += to_sc_time(5);
  };
  auto& p = b.payload();
  sc_time delay = to_sc_time(3);
  b.initiator.socket->b_transport(p, delay);
  CHECK(delay == to_sc_time(8));
  CHECK(b.initiator.socket->transport_dbg(p) == 256);
  CHECK(b.rules() == Rules{});
}

TEST_CASE("rule broken: a phase of the backward path on the forward path") {
  Bench b;
  b.forward(b.payload(), tlm::BEGIN_RESP);
  b.forward(b.payload(), tlm::END_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::forward_phase, ProtocolRule::forward_phase});
}

TEST_CASE("rule broken: a phase of the forward path on the backward path") {
  Bench b;
  auto& p = b.accepted();
  b.backward(p, tlm::END_RESP);
  b.backward(p, tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::backward_phase, ProtocolRule::backward_phase});
}

TEST_CASE("rule broken: a second request before END_REQ") {
  Bench b;
  auto& p = b.payload(0x100);
  b.forward(p, tlm::BEGIN_REQ);
  b.forward(b.payload(0x200), tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::request_exclusion});
  CHECK(b.violations[0].detail.find("0x200") != std::string::npos);
}

TEST_CASE("rule broken: a second response before END_RESP") {
  Bench b;
  auto& p = b.accepted(0x100);
  b.answered(0x200);
  p.set_response_status(tlm::TLM_OK_RESPONSE);
  b.backward(p, tlm::BEGIN_RESP);
  CHECK(b.rules() == Rules{ProtocolRule::response_exclusion});
}

TEST_CASE("rule broken: BEGIN_REQ twice for one transaction") {
  Bench b;
  auto& p = b.accepted();
  b.forward(p, tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::begin_req_repeated});
}

TEST_CASE("rule broken: END_REQ twice") {
  Bench b;
  b.backward(b.accepted(), tlm::END_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::end_req_unmatched});
}

TEST_CASE("rule broken: END_REQ on return and again on the backward path") {
  Bench b;
  b.target.on_call = [](tlm_generic_payload&, tlm_phase& phase) {
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
  };
  auto& p = b.payload();
  b.forward(p, tlm::BEGIN_REQ);
  b.backward(p, tlm::END_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::end_req_unmatched});
}

TEST_CASE("rule broken: END_REQ after the response began or without any request") {
  Bench b;
  b.backward(b.answered(), tlm::END_REQ);
  b.backward(b.payload(), tlm::END_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::end_req_unmatched, ProtocolRule::end_req_unmatched});
}

TEST_CASE("rule broken: a response without a request") {
  Bench b;
  auto& p = b.payload();
  p.set_response_status(tlm::TLM_OK_RESPONSE);
  b.backward(p, tlm::BEGIN_RESP);
  CHECK(b.rules() == Rules{ProtocolRule::response_unmatched});
}

TEST_CASE("rule broken: a response to a transaction that has ended") {
  Bench b;
  auto& p = b.answered();
  b.forward(p, tlm::END_RESP);
  b.backward(p, tlm::BEGIN_RESP);
  CHECK(b.rules() == Rules{ProtocolRule::response_unmatched});
}

TEST_CASE("rule broken: BEGIN_RESP twice") {
  Bench b;
  b.backward(b.answered(), tlm::BEGIN_RESP);
  CHECK(b.rules() == Rules{ProtocolRule::response_repeated});
}

TEST_CASE("rule broken: END_RESP before BEGIN_RESP, and twice") {
  Bench b;
  b.forward(b.accepted(0x100), tlm::END_RESP);
  auto& p = b.answered(0x200);
  b.forward(p, tlm::END_RESP);
  b.forward(p, tlm::END_RESP);
  CHECK(b.rules() == Rules{ProtocolRule::end_resp_unmatched, ProtocolRule::end_resp_unmatched});
}

TEST_CASE("rule broken: the target returns a transition that is not permitted") {
  Bench b;
  b.target.on_call = [](tlm_generic_payload&, tlm_phase& phase) {
    phase = tlm::END_RESP;
    return tlm::TLM_UPDATED;
  };
  b.forward(b.payload(), tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::return_value});
  CHECK(b.violations[0].detail == "BEGIN_REQ returned TLM_UPDATED with END_RESP");
}

TEST_CASE("rule broken: the initiator returns a transition that is not permitted") {
  Bench b;
  b.initiator.on_call = [](tlm_generic_payload&, tlm_phase&) { return tlm::TLM_COMPLETED; };
  b.accepted();
  CHECK(b.rules() == Rules{ProtocolRule::return_value});
  CHECK(b.violations[0].detail == "END_REQ returned TLM_COMPLETED");
}

TEST_CASE("rule broken: an attribute changes between phases") {
  unsigned char other = 0;
  const std::vector<std::function<void(tlm_generic_payload&)>> changes{
      [](auto& p) { p.set_address(0x104); },         [](auto& p) { p.set_write(); },
      [](auto& p) { p.set_data_length(128); },       [&](auto& p) { p.set_data_ptr(&other); },
      [](auto& p) { p.set_streaming_width(64); },    [&](auto& p) { p.set_byte_enable_ptr(&other); },
      [](auto& p) { p.set_byte_enable_length(3); },  [](auto& p) { train_of(p).train.stride = 128; },
      [](auto& p) { train_of(p).train.period = 1; },
  };
  Bench b;
  for (const auto& change : changes) {
    b.violations.clear();
    auto& p = b.accepted();
    change(p);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
    b.backward(p, tlm::BEGIN_RESP);
    CHECK(b.rules() == Rules{ProtocolRule::attributes_changed});
    p.set_data_ptr(nullptr);
    b.forward(p, tlm::END_RESP);
  }
}

TEST_CASE("what the target may write is not a change") {
  Bench b;
  auto& p = b.accepted();
  p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
  p.set_dmi_allowed(true);
  train_of(p).poisoned = true;
  train_of(p).causes[0] = 5;
  b.backward(p, tlm::BEGIN_RESP);
  b.forward(p, tlm::END_RESP);
  CHECK(b.rules() == Rules{});
}

TEST_CASE("rule broken: a request whose attributes say nothing sensible") {
  const std::vector<std::function<void(tlm_generic_payload&)>> mistakes{
      [](auto& p) { p.set_data_ptr(nullptr); },
      [](auto& p) { p.set_streaming_width(0); },
      [](auto& p) { p.set_dmi_allowed(true); },
      [](auto& p) { p.set_response_status(tlm::TLM_OK_RESPONSE); },
  };
  Bench b;
  for (const auto& mistake : mistakes) {
    b.violations.clear();
    auto& p = b.payload();
    mistake(p);
    b.forward(p, tlm::BEGIN_REQ);
    b.backward(p, tlm::END_REQ);
    CHECK(b.rules() == Rules{ProtocolRule::attributes_invalid});
  }
}

TEST_CASE("rule broken: train and data length or address disagree") {
  Bench b;
  auto& p = b.payload();
  train_of(p).train.count = 3;
  b.forward(p, tlm::BEGIN_REQ);
  b.backward(p, tlm::END_REQ);
  auto& q = b.payload();
  train_of(q).train.address += 64;
  b.forward(q, tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::train_mismatch, ProtocolRule::train_mismatch});
}

TEST_CASE("rule broken: a response without a status") {
  Bench b;
  auto& p = b.accepted();
  b.backward(p, tlm::BEGIN_RESP);
  b.target.on_call = [](tlm_generic_payload&, tlm_phase&) { return tlm::TLM_COMPLETED; };
  b.forward(b.payload(), tlm::BEGIN_REQ);
  b.target.on_blocking = [](tlm_generic_payload&, sc_time&) {};
  sc_time delay = sc_core::SC_ZERO_TIME;
  b.initiator.socket->b_transport(b.payload(), delay);
  CHECK(b.rules() ==
        Rules{ProtocolRule::response_status, ProtocolRule::response_status, ProtocolRule::response_status});
}

TEST_CASE("rule broken: a target keeps a payload without a reference") {
  Bench b;
  b.target.keeps = false;
  b.forward(b.payload(), tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::reference_count});
}

TEST_CASE("rule broken: a reference is given back before the response") {
  Bench b;
  auto& p = b.accepted();
  p.release();
  p.set_response_status(tlm::TLM_OK_RESPONSE);
  b.backward(p, tlm::BEGIN_RESP);
  CHECK(b.rules() == Rules{ProtocolRule::reference_count});
}

TEST_CASE("rule broken: a payload without a memory manager") {
  Bench b;
  b.target.keeps = false;
  tlm_generic_payload p;
  unsigned char data[4] = {};
  p.set_data_ptr(data);
  p.set_data_length(4);
  p.set_streaming_width(4);
  b.forward(p, tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::reference_count});
}

TEST_CASE("rule broken: an annotated delay on either path") {
  Bench b;
  auto& p = b.payload();
  b.forward(p, tlm::BEGIN_REQ, 1);
  // Once when it comes in and once when it comes back.
  CHECK(b.rules() == Rules{ProtocolRule::delay_not_zero, ProtocolRule::delay_not_zero});
  b.violations.clear();
  b.initiator.late = true;
  b.backward(p, tlm::END_REQ);
  CHECK(b.rules() == Rules{ProtocolRule::delay_not_zero});
}

TEST_CASE("rule broken: a blocking access goes back in time") {
  Bench b;
  b.target.on_blocking = [](tlm_generic_payload& payload, sc_time& delay) {
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    delay = sc_core::SC_ZERO_TIME;
  };
  sc_time delay = to_sc_time(5);
  b.initiator.socket->b_transport(b.payload(), delay);
  CHECK(b.rules() == Rules{ProtocolRule::blocking_delay});
}

TEST_CASE("rule broken: a debug access moves more than was asked for") {
  Bench b;
  b.target.debug_excess = 1;
  b.initiator.socket->transport_dbg(b.payload());
  CHECK(b.rules() == Rules{ProtocolRule::debug_length});
}

TEST_CASE("rule broken: transactions are left when a run has drained") {
  Bench b;
  b.answered(0x100);
  b.accepted(0x200);
  b.forward(b.payload(0x300), tlm::BEGIN_REQ);
  CHECK(b.rules() == Rules{});
  b.checker.check_drained();
  REQUIRE(b.rules() ==
          Rules{ProtocolRule::not_drained, ProtocolRule::not_drained, ProtocolRule::not_drained});
  CHECK(b.violations[0].detail.find("no END_RESP") == 0);
  CHECK(b.violations[1].detail.find("no response") == 0);
  CHECK(b.violations[2].detail.find("no END_REQ") == 0);
}

TEST_CASE("a violation without a handler is a panic that names rule, place and payload") {
  PayloadPool pool(RunMode::timing);
  RawInitiator initiator("initiator");
  ProtocolChecker checker("checker");
  RawTarget target("target");
  initiator.socket.bind(checker.in);
  checker.out.bind(target.socket);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  auto& p = pool.acquire(tlm::TLM_WRITE_COMMAND, Train::block(0x1234, 64));
  const std::string text = panic_text([&] {
    tlm_phase phase = tlm::END_RESP;
    sc_time delay = sc_core::SC_ZERO_TIME;
    initiator.socket->nb_transport_fw(p, phase, delay);
  });
  CHECK(text.find("checker at 0 fs") != std::string::npos);
  CHECK(text.find(describe(ProtocolRule::end_resp_unmatched)) != std::string::npos);
  CHECK(text.find("write 0x1234, 64 bytes") != std::string::npos);
}

}  // namespace moesaic
