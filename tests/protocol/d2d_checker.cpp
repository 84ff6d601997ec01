// SPDX-License-Identifier: Apache-2.0
// The checker finds every breach of the protocol, and the fabric commits none under random traffic.
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {
// Both ends of a checker, for talking to it directly.
struct Ends : sc_core::sc_module, D2dOwner {
  D2dOut out;
  D2dIn in;
  unsigned packets = 0;
  std::vector<Tick> credits;
  explicit Ends(const sc_core::sc_module_name& name) : sc_module(name), out("out"), in("in") {
    out.set_owner(*this, 0);
    in.set_owner(*this, 0);
  }
  void packet_arrives(unsigned, Packet&) override { ++packets; }
  void credit_returns(unsigned, Packet&, Tick at) override { credits.push_back(at); }
};

// Random transactions of every kind between all dies, some with signals, trains and mail.
struct RandomTraffic {
  Fabric& f;
  boost::random::mt19937 random;
  unsigned writes = 0, reads = 0, signals = 0, mails = 0;
  std::uint64_t stream_bytes = 0;

  unsigned below(unsigned n) { return boost::random::uniform_int_distribution<unsigned>(0, n - 1)(random); }
  void start(unsigned per_die) {
    const unsigned n = f.mesh.nodes();
    for (unsigned from = 0; from < n; ++from) {
      Tick at = 0;
      for (unsigned i = 0; i < per_die; ++i) {
        at += below(40) * kNanosecond;
        const unsigned to = (from + 1 + below(n - 1)) % n;
        one(at, from, to);
      }
    }
  }
  void one(Tick at, unsigned from, unsigned to) {
    const std::uint32_t bytes = 1 + below(4096);
    switch (below(5)) {
      case 0:
        ++reads;
        f.at(at, from, [=, this_ = this] { this_->f.dies[from]->read(this_->f.memory(to, 0), bytes); });
        return;
      case 1:
        ++writes;
        f.at(at, from, [=, this_ = this] { this_->f.dies[from]->write(this_->f.memory(to, 0), bytes); });
        return;
      case 2:
        ++mails;
        f.at(at, from, [=, this_ = this] { this_->mail(from, to); });
        return;
      default:
        ++writes, ++signals, stream_bytes += bytes;
        f.at(at, from, [=, this_ = this] {
          this_->f.dies[from]->write(this_->f.sram(to, 0), bytes, 0,
                                     [](TrainExtension& e) { e.signal_event = 1, e.signal_add = 1; });
        });
    }
  }
  void mail(unsigned from, unsigned to) {
    ControlMessage message;
    message.kind = ControlMessage::Kind::mail;
    message.source = NodeId(static_cast<std::uint16_t>(from));
    message.destination = NodeId(static_cast<std::uint16_t>(to));
    if (f.dies[from]->network->try_send(message)) return;
    f.at(f.wheel.now() + 20 * kNanosecond, from, [=, this_ = this] { this_->mail(from, to); });
  }
};

D2dParams tiny() {
  D2dParams p;
  p.control = {1, 2};
  p.request = {1, 5};
  p.response = {1, 5};
  p.stream = {2, 6};
  p.injection_queue_depth = 1;
  p.reads_outstanding = 2;
  p.sram_outstanding = 1;
  p.served_requests = 1;
  return p;
}

void deliver_everything(unsigned rows, unsigned columns, const D2dParams& params, unsigned per_die) {
  Fabric f(rows, columns, params);
  RandomTraffic traffic{f, boost::random::mt19937(rows * 10 + columns)};
  for (auto& sram : f.srams) sram->capacity = 2;
  for (auto& memory : f.memories) memory->capacity = 1;
  traffic.start(per_die);
  f.run();
  std::uint64_t responses = 0, signals = 0, mails = 0, written = 0, sent = 0, received = 0;
  for (unsigned n = 0; n < f.mesh.nodes(); ++n) {
    responses += f.dies[n]->responses.size();
    for (const auto& r : f.dies[n]->responses) {
      CHECK(r.status == tlm::TLM_OK_RESPONSE);
      CHECK(f.causes_sum(r.causes) == r.at - r.offered);
    }
    for (const auto& s : f.dies[n]->signals) CHECK(f.log.end(s.cause) == s.at);
    for (const auto& m : f.dies[n]->mails) CHECK(f.log.end(m.message.cause) == m.at);
    signals += f.dies[n]->signals.size();
    mails += f.dies[n]->mails.size();
    for (const auto& access : f.srams[n]->accesses) written += access.train.bytes();
    for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
      sent += f.nis[n]->stats().packets_sent[kind];
      received += f.nis[n]->stats().packets_received[kind];
    }
  }
  CHECK(responses == traffic.reads + traffic.writes);
  CHECK(signals == traffic.signals);
  CHECK(mails == traffic.mails);
  CHECK(written == traffic.stream_bytes);
  CHECK(sent == received);
  CHECK(f.faults.all.empty());
  std::vector<std::string> waits;
  for (auto& ni : f.nis) ni->report_waits(waits);
  for (auto& router : f.routers) router->report_waits(waits);
  CHECK(waits.empty());
  CHECK(f.settled());
}
}  // namespace

TEST_CASE("nothing is lost and all credits return on 1 x 2 dies with tiny buffers") {
  deliver_everything(1, 2, tiny(), 200);
}
TEST_CASE("nothing is lost and all credits return on 2 x 2 dies with tiny buffers") {
  deliver_everything(2, 2, tiny(), 200);
}
TEST_CASE("nothing is lost and all credits return on 3 x 3 dies with tiny buffers") {
  deliver_everything(3, 3, tiny(), 150);
}
TEST_CASE("nothing is lost and all credits return on 4 x 4 dies with tiny buffers") {
  deliver_everything(4, 4, tiny(), 100);
}
TEST_CASE("nothing is lost and all credits return on 4 x 4 dies with default buffers") {
  deliver_everything(4, 4, D2dParams{}, 100);
}

TEST_CASE("the checker reports every breach of the D2D protocol") {
  const D2dParams params = round_params();
  const Mesh mesh(1, 2);
  const D2dFormat format(params);
  D2dChecker checker("checker", mesh, params, D2dChecker::OnViolation::record);
  Ends sender("sender"), receiver("receiver");
  sender.out.bind(checker.in);
  checker.out.bind(receiver.in);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);

  PacketPool pool;
  std::uint32_t sequence = 0;
  Tick head = 0;
  const auto packet = [&]() -> Packet& {
    PacketHeader header;
    header.kind = PacketKind::stream_data;
    header.source = NodeId(0);
    header.destination = NodeId(1);
    Packet& p = pool.acquire(header);
    p.sequence = sequence++;
    p.payload_bytes = 256;
    p.flits = format.flits(256);
    p.wire_bytes = format.wire_bytes(256);
    p.vc = format.vc(PacketClass::stream, mesh, NodeId(1));
    p.head = head;
    p.tail = head += kNanosecond;
    return p;
  };
  const auto last = [&] {
    return checker.violations().empty() ? std::string() : checker.violations().back();
  };

  // 1. Twenty packets use up the 80 credits; nothing is wrong.
  std::vector<Packet*> sent;
  for (unsigned i = 0; i < 20; ++i) {
    sent.push_back(&packet());
    sender.out.send(*sent.back());
  }
  CHECK(checker.violations().empty());
  CHECK(receiver.packets == 20);
  CHECK_FALSE(checker.settled());
  // 2. Credits that return only later do not cover a packet now, but one at their time.
  receiver.in.credit(*sent[0], 30 * kNanosecond);
  sender.out.send(packet());
  CHECK(last().find("a packet of 4 flits is sent on VC 4 with 0 credits") != std::string::npos);
  head = 30 * kNanosecond;
  sender.out.send(packet());
  CHECK(checker.violations().size() == 1);
  // 3. Order.
  ++sequence;
  receiver.in.credit(*sent[1], head);
  sender.out.send(packet());
  CHECK(last().find("packet 23 passes where 22 was next") != std::string::npos);
  // 4. Shape.
  receiver.in.credit(*sent[2], head);
  Packet& wrong = packet();
  wrong.vc = 0;
  wrong.payload_bytes = 64;
  sender.out.send(wrong);
  CHECK(checker.violations().size() == 5);  // VC, flits, wire bytes
  // 5. Overlap.
  receiver.in.credit(*sent[3], head);
  head -= kNanosecond / 2;
  sender.out.send(packet());
  CHECK(last().find("two packets overlap") != std::string::npos);
  // 6. More credits than packets.
  for (unsigned i = 4; i < 20; ++i) receiver.in.credit(*sent[i], head);
  for (unsigned i = 0; i < 4; ++i) receiver.in.credit(*sent[i], head);
  CHECK(last().find("more credits return on VC 4 than were taken") == std::string::npos);
  for (unsigned i = 0; i < 4; ++i) receiver.in.credit(*sent[i], head);
  CHECK(last().find("more credits return on VC 4 than were taken") != std::string::npos);
}
