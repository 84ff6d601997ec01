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
struct Ends : sc_core::sc_module, D2dNetwork, D2dDie {
  sc_core::sc_export<D2dNetwork> network;
  sc_core::sc_export<D2dDie> die;
  unsigned arrivals = 0, releases = 0, submits = 0, lefts = 0;
  explicit Ends(const sc_core::sc_module_name& name) : sc_module(name), network("network"), die("die") {
    network.bind(*this);
    die.bind(*this);
  }
  void submit(MessagePart&, Tick) override { ++submits; }
  void release(NodeId, unsigned, std::uint32_t, Tick) override { ++releases; }
  void arrives(const Arrival&) override { ++arrivals; }
  void left(MessagePart&, Tick) override { ++lefts; }
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
  p.control = {1, 1};
  p.request = {1, 4};
  p.response = {1, 5};
  p.stream = {2, 4};
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
  f.fabric->report_waits(waits);
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
  const Topology mesh = Topology::mesh(1, 2);
  const D2dFormat format(params);
  D2dChecker checker("checker", NodeId(1), mesh, params, D2dChecker::OnViolation::record);
  Ends ends("ends");
  checker.network_out.bind(ends.network);
  checker.die_out.bind(ends.die);
  auto& network = checker.network;
  auto& die = checker.die;
  sc_core::sc_start(sc_core::SC_ZERO_TIME);

  Message message;
  std::deque<MessagePart> parts;
  const auto part = [&](unsigned from, unsigned to, std::uint32_t packets) -> MessagePart& {
    parts.emplace_back();
    MessagePart& p = parts.back();
    p.message = &message;
    p.source = NodeId(from);
    p.destination = NodeId(to);
    p.bytes = 256;
    p.total_bytes = 256 * packets;
    p.flits = 4;
    p.total = 4 * packets;
    return p;
  };
  const Tick cycle = format.cycle();
  const unsigned vc = format.fabric().classes[3].first;
  const auto last = [&] {
    return checker.violations().empty() ? std::string() : checker.violations().back();
  };
  const auto found = [&](const char* what) { return last().find(what) != std::string::npos; };

  // 1. A train of packets that use up the buffer; nothing is wrong.
  MessagePart& train = part(0, 1, 40);
  const Tick first = 100 * cycle;
  die->arrives({&train, 0, 20, vc, first, 4 * cycle, first + 19 * 4 * cycle});
  CHECK(checker.violations().empty());
  CHECK(checker.packets() == 20);
  CHECK_FALSE(checker.settled());
  // 2. A buffer that is free later does not help now; at its time it does.
  const Tick next = first + 80 * cycle;
  network->release(NodeId(1), vc, 8, next + 4 * cycle);
  die->arrives({&train, 20, 1, vc, next, 4 * cycle, next});
  CHECK(found("virtual channel 3 holds 84 flits, but has a depth of 80"));
  die->arrives({&train, 21, 1, vc, next + 4 * cycle, 4 * cycle, next + 4 * cycle});
  CHECK(checker.violations().size() == 1);
  // 3. Order, overlap, class and place.
  network->release(NodeId(1), vc, 60, next + 5 * cycle);
  die->arrives({&train, 23, 1, vc, next + 9 * cycle, 4 * cycle, next + 9 * cycle});
  CHECK(found("packet 23 of part 0 arrives where 22 of 0 was next"));
  die->arrives({&train, 24, 1, vc, next + 9 * cycle, 4 * cycle, next + 9 * cycle});
  CHECK(found("two packets overlap"));
  die->arrives({&train, 25, 1, 0, next + 13 * cycle, 4 * cycle, next + 13 * cycle});
  CHECK(std::any_of(checker.violations().begin(), checker.violations().end(), [](const auto& v) {
    return v.find("virtual channel of another class") != std::string::npos;
  }));
  MessagePart& astray = part(0, 0, 1);
  astray.sequence = 0;
  const auto before = checker.violations().size();
  die->arrives({&astray, 0, 1, vc, next + 20 * cycle, 4 * cycle, next + 20 * cycle});
  CHECK(checker.violations()[before].find("arrives at a wrong die") != std::string::npos);
  // 4. More is freed than came.
  network->release(NodeId(1), vc, 80, next + 30 * cycle);
  CHECK(found("more flits of virtual channel 3 are freed than have arrived"));
  network->release(NodeId(1), vc, 1, 0);
  CHECK(std::any_of(checker.violations().begin(), checker.violations().end(),
                    [](const auto& v) { return v.find("free in the past") != std::string::npos; }));
  // 5. Parts.
  MessagePart& wrong = part(1, 0, 1);
  wrong.flits = 3;
  network->submit(wrong, 0);
  CHECK(found("flits and payload of a packet disagree"));
  die->left(wrong, 0);
  die->left(wrong, 0);
  CHECK(found("a part leaves that was not submitted"));
  CHECK(ends.submits == 1);
  CHECK(ends.lefts == 2);
}
