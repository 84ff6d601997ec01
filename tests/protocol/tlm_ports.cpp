// SPDX-License-Identifier: Apache-2.0
// RequestPort and ServicePort over real sockets, with the protocol checker between them.
#include "tlm/ports.h"

#include <deque>
#include <memory>
#include <vector>

#include "tests/catch.h"
#include "tests/panics.h"
#include "tlm/event_wheel.h"
#include "tlm/payload_pool.h"
#include "tlm/protocol_checker.h"
#include "tlm/sc_tick.h"
#include "tlm/wheel_process.h"

namespace moesaic {
namespace {

class Initiator final : public sc_core::sc_module, public Requester {
 public:
  explicit Initiator(const sc_core::sc_module_name& name) : sc_module(name), port("port", *this, 3) {}
  void accepted(unsigned index, tlm::tlm_generic_payload& payload) override {
    accepted_at.push_back(now_tick());
    indexes_ok = indexes_ok && index == 3;
    order.push_back(payload.get_address());
    if (on_accepted) on_accepted();
  }
  void responded(unsigned index, tlm::tlm_generic_payload& payload) override {
    responded_at.push_back(now_tick());
    indexes_ok = indexes_ok && index == 3;
    responses.push_back(payload.get_address());
    status_ok = status_ok && payload.is_response_ok();
    if (on_responded) on_responded();
  }
  RequestPort port;
  std::vector<Tick> accepted_at, responded_at;
  std::vector<std::uint64_t> order, responses;
  std::function<void()> on_accepted, on_responded;
  bool indexes_ok = true, status_ok = true;
};

// Serves one request per `service` ticks out of a queue of `room` places; keeps the rest waiting.
class Target final : public sc_core::sc_module, public Server, public WheelClient {
 public:
  Target(const sc_core::sc_module_name& name, EventWheel& wheel, std::size_t room, Tick service)
      : sc_module(name), port("port", *this, 5), wheel_(wheel), room_(room), service_(service) {}
  bool offer(unsigned index, tlm::tlm_generic_payload& payload) override {
    indexes_ok = indexes_ok && index == 5;
    ++offers;
    if (queue_.size() >= room_) return false;
    queue_.push_back(&payload);
    if (queue_.size() == 1) wheel_.schedule(now_tick() + service_, Phase::deliver, 0, *this);
    return true;
  }
  void on_wheel(Tick now, Phase, std::uint64_t) override {
    tlm::tlm_generic_payload& payload = *queue_.front();
    queue_.pop_front();
    if (!queue_.empty()) wheel_.schedule(now + service_, Phase::deliver, 0, *this);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    port.respond(payload);
    port.retry();
  }
  unsigned debug(unsigned, tlm::tlm_generic_payload& payload) override { return payload.get_data_length(); }
  ServicePort port;
  int offers = 0;
  bool indexes_ok = true;

 private:
  EventWheel& wheel_;
  std::size_t room_;
  Tick service_;
  std::deque<tlm::tlm_generic_payload*> queue_;
};

struct Bench {
  explicit Bench(std::size_t room, Tick service = 10) : target("target", wheel, room, service) {
    bind_ports("checker", initiator.port, target.port, &checkers);
  }
  void send(std::uint64_t address) {
    initiator.port.send(pool.acquire(tlm::TLM_READ_COMMAND, Train::block(address, 64)));
  }
  EventWheel wheel;
  WheelProcess process{"process", wheel};
  PayloadPool pool{RunMode::timing};
  Initiator initiator{"initiator"};
  Target target;
  std::vector<std::unique_ptr<ProtocolChecker>> checkers;
};

using Ticks = std::vector<Tick>;
using Addresses = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a withheld END_REQ keeps later requests in the initiator, in order") {
  Bench b(2);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  for (std::uint64_t a = 0; a < 6; ++a) b.send(a * 64);
  // Two are accepted, the third is in BEGIN_REQ, the others wait behind it.
  CHECK(b.initiator.accepted_at == Ticks{0, 0});
  CHECK(b.initiator.port.waiting() == 4);
  CHECK(b.target.port.withholding());
  CHECK(b.target.offers == 3);
  CHECK(b.checkers[0]->under_way() == 3);
  sc_core::sc_start();
  CHECK(b.initiator.accepted_at == Ticks{0, 0, 10, 20, 30, 40});
  CHECK(b.initiator.responded_at == Ticks{10, 20, 30, 40, 50, 60});
  CHECK(b.initiator.order == Addresses{0, 64, 128, 192, 256, 320});
  CHECK(b.initiator.responses == b.initiator.order);
  CHECK(b.initiator.port.waiting() == 0);
  CHECK_FALSE(b.target.port.withholding());
  CHECK(b.initiator.status_ok);
  CHECK((b.initiator.indexes_ok && b.target.indexes_ok));
  // Every request is offered once when it arrives and once when there is room for it.
  CHECK(b.target.offers == 2 + 4 * 2);
  CHECK(b.pool.live() == 0);
  CHECK(b.checkers[0]->completed() == 6);
  b.checkers[0]->check_drained();
}

TEST_CASE("a port without back-pressure passes every request at once") {
  Bench b(100);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  for (std::uint64_t a = 0; a < 50; ++a) b.send(a);
  CHECK(b.initiator.port.waiting() == 0);
  CHECK(b.target.offers == 50);
  sc_core::sc_start();
  CHECK(b.initiator.responded_at.size() == 50);
  CHECK(b.initiator.responded_at.back() == 500);
  CHECK(b.pool.live() == 0);
}

TEST_CASE("an initiator may send from inside accepted() and responded()") {
  Bench b(1);
  std::uint64_t next = 1;
  b.initiator.on_accepted = [&] {
    if (next < 5) b.send(next++);
  };
  b.initiator.on_responded = [&] {
    if (next >= 5 && next < 10) b.send(next++);
  };
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  b.send(0);
  sc_core::sc_start();
  CHECK(b.initiator.order == Addresses{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(b.initiator.responses == b.initiator.order);
  CHECK(b.pool.live() == 0);
  b.checkers[0]->check_drained();
}

TEST_CASE("retry without a withheld request, or without room, changes nothing") {
  Bench b(1);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  b.target.port.retry();
  CHECK(b.target.offers == 0);
  b.send(0);
  b.send(1);
  b.target.port.retry();
  CHECK(b.target.offers == 3);
  CHECK(b.target.port.withholding());
  CHECK(b.initiator.order == Addresses{0});
}

TEST_CASE("debug accesses take no time and blocking accesses are refused unless the server has them") {
  Bench b(1);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  auto& payload = b.pool.acquire(tlm::TLM_READ_COMMAND, Train::block(0, 64));
  CHECK(b.initiator.port.socket->transport_dbg(payload) == 64);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  b.initiator.port.socket->b_transport(payload, delay);
  CHECK(payload.get_response_status() == tlm::TLM_COMMAND_ERROR_RESPONSE);
  CHECK(b.target.offers == 0);
  payload.release();
}

TEST_CASE("ports bind without a checker too") {
  EventWheel wheel;
  WheelProcess process("process", wheel);
  PayloadPool pool(RunMode::functional);
  Initiator initiator("initiator");
  Target target("target", wheel, 1, 10);
  bind_ports("direct", initiator.port, target.port);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  for (std::uint64_t a = 0; a < 3; ++a)
    initiator.port.send(pool.acquire(tlm::TLM_WRITE_COMMAND, Train::block(a, 8)));
  sc_core::sc_start();
  CHECK(initiator.responded_at == Ticks{10, 20, 30});
  CHECK(pool.live() == 0);
}

namespace {

// A target that does what it is told.
class RawTarget final : public sc_core::sc_module {
 public:
  explicit RawTarget(const sc_core::sc_module_name& name) : sc_module(name), socket("socket") {
    socket.register_nb_transport_fw(this, &RawTarget::forward);
  }
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time&) {
    payload.acquire();
    held.push_back(&payload);
    if (answer == tlm::TLM_UPDATED) phase = tlm::BEGIN_RESP;
    return answer;
  }
  tlm::tlm_sync_enum back(tlm::tlm_generic_payload& payload, tlm::tlm_phase phase) {
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    return socket->nb_transport_bw(payload, phase, delay);
  }
  tlm_utils::simple_target_socket<RawTarget> socket;
  std::vector<tlm::tlm_generic_payload*> held;
  tlm::tlm_sync_enum answer = tlm::TLM_ACCEPTED;
};

struct RawBench {
  RawBench() { initiator.port.socket.bind(target.socket); }
  void send(std::uint64_t address) {
    initiator.port.send(pool.acquire(tlm::TLM_READ_COMMAND, Train::block(address, 64)));
  }
  PayloadPool pool{RunMode::timing};
  Initiator initiator{"initiator"};
  RawTarget target{"target"};
};

}  // namespace

TEST_CASE("a response to a request that has had no END_REQ ends both") {
  RawBench b;
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  b.send(0);
  b.send(64);
  CHECK(b.target.held.size() == 1);
  b.target.held[0]->set_response_status(tlm::TLM_OK_RESPONSE);
  CHECK(b.target.back(*b.target.held[0], tlm::BEGIN_RESP) == tlm::TLM_COMPLETED);
  b.target.held[0]->release();
  CHECK(b.initiator.order == Addresses{0});
  CHECK(b.initiator.responses == Addresses{0});
  CHECK(b.target.held.size() == 2);  // the next request has come
  CHECK(b.pool.live() == 1);
}

TEST_CASE("a request port panics on answers that the protocol does not have") {
  RawBench b;
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  b.target.answer = tlm::TLM_COMPLETED;
  CHECK(panics([&] { b.send(0); }));
  b.target.answer = tlm::TLM_UPDATED;  // with BEGIN_RESP
  CHECK(panics([&] { b.send(0); }));
  b.target.answer = tlm::TLM_ACCEPTED;
  b.send(0);
  CHECK(panics([&] { b.target.back(*b.target.held[0], tlm::END_RESP); }));
  b.target.back(*b.target.held[0], tlm::END_REQ);
  CHECK(panics([&] { b.target.back(*b.target.held[0], tlm::END_REQ); }));
  const std::string text = panic_text([&] { b.target.back(*b.target.held[0], tlm::BEGIN_REQ); });
  CHECK(text.find("initiator.port") != std::string::npos);
}

}  // namespace moesaic
