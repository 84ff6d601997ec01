// SPDX-License-Identifier: Apache-2.0
// The network interface through real sockets: bytes, signals, mail, remote memory, misuse, causes.
#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {
std::uint8_t byte_of(std::uint8_t seed, unsigned i) {
  return static_cast<std::uint8_t>(seed + i * 7);
}
ControlMessage mail_to(unsigned from, unsigned to, std::uint8_t first) {
  ControlMessage message;
  message.kind = ControlMessage::Kind::mail;
  message.source = NodeId(static_cast<std::uint16_t>(from));
  message.destination = NodeId(static_cast<std::uint16_t>(to));
  message.mail[0] = first;
  return message;
}
struct FlipOneByte : Injector {
  unsigned passes = 0;
  void pass(InjectionPoint point, NodeId, std::uint8_t* data, std::uint64_t) override {
    if (point == InjectionPoint::link && passes++ == 2) data[5] ^= 0x10;
  }
  WordErrors memory_read(NodeId, std::uint8_t*, std::uint64_t) override { return {}; }
  void load(NodeId, std::uint64_t&) override {}
};
}  // namespace

TEST_CASE("a send moves its bytes and raises one signal behind the last of them") {
  Fabric f(2, 2, D2dParams{}, {RunMode::functional});
  const ActivityId command = f.log.begin(kRootActivity, 0, NodeId(0), UnitId::dma, 77);
  f.at(50 * kNanosecond, 0, [&] {
    f.dies[0]->write(
        f.sram(3, 0x1000), 1000, 5,
        [&](TrainExtension& e) { e.signal_event = 9, e.signal_add = 2, e.activity = command; }, 40);
  });
  f.run();
  // 1. Bytes, in four packets.
  REQUIRE(f.srams[3]->bytes.size() == 1000);
  for (unsigned i = 0; i < 1000; ++i) CHECK(f.srams[3]->bytes[0x1000 + i] == byte_of(40, i));
  REQUIRE(f.srams[3]->accesses.size() == 4);
  CHECK(f.srams[3]->accesses[3].offset == 0x1000 + 768);
  CHECK(f.srams[3]->accesses[3].train.size == 232);
  CHECK(f.srams[3]->accesses[0].requester == NodeId(0));
  // 2. The send was responded before it had arrived: it is posted.
  REQUIRE(f.dies[0]->responses.size() == 1);
  CHECK(f.dies[0]->responses[0].status == tlm::TLM_OK_RESPONSE);
  CHECK(f.dies[0]->responses[0].at < f.srams[3]->accesses[0].at);
  CHECK(f.causes_sum(f.dies[0]->responses[0].causes) ==
        f.dies[0]->responses[0].at - f.dies[0]->responses[0].offered);
  // 3. One signal, when the SRAM has answered for the last packet.
  REQUIRE(f.dies[3]->signals.size() == 1);
  const FakeDie::SignalSeen& s = f.dies[3]->signals[0];
  CHECK(s.event == 9);
  CHECK(s.add == 2);
  CHECK(s.at == f.srams[3]->accesses[3].done);
  // 4. Its activity: from the offer to the signal, without a gap.
  const Activity& activity = f.log[s.cause];
  CHECK(activity.begin == 50 * kNanosecond);
  CHECK(activity.cause == command);
  CHECK(activity.node == NodeId(0));
  CHECK(activity.unit == UnitId::network_interface);
  CHECK(activity.tag == 77);
  CHECK(f.log.end(s.cause) == s.at);
  const CauseTimes times = CausalLog::sum(f.log.critical_path(s.cause, s.at));
  CHECK(times[static_cast<std::size_t>(Cause::sram)] == 10 * kNanosecond);
  CHECK(times[static_cast<std::size_t>(Cause::fabric_latency)] ==
        f.format.ni_latency() + f.format.path_latency(2));
  // The flits behind the first, and what the first waits for its cycle.
  CHECK(times[static_cast<std::size_t>(Cause::fabric_transfer)] >
        f.format.link_time(1000) - f.format.cycle());
  CHECK(times[static_cast<std::size_t>(Cause::fabric_transfer)] < f.format.link_time(1000));
  CHECK(f.causes_sum(times) == s.at);
  CHECK(f.settled());
}

TEST_CASE("a signal waits for earlier bytes of its stream even when the SRAM answers out of order") {
  Fabric f(1, 2, D2dParams{});
  f.srams[1]->service_of = [](const tlm::tlm_generic_payload& p) -> Tick {
    return (Address::offset(p.get_address()) == 0 ? 500 : 10) * kNanosecond;  // the first packet is slow
  };
  f.at(0, 0, [&] {
    f.dies[0]->write(f.sram(1, 0), 512);
    f.dies[0]->write(f.sram(1, 4096), 256, 0, [](TrainExtension& e) { e.signal_event = 1; });
  });
  f.run();
  REQUIRE(f.srams[1]->accesses.size() == 3);
  REQUIRE(f.dies[1]->signals.size() == 1);
  CHECK(f.dies[1]->signals[0].at == f.srams[1]->accesses[0].done);
  CHECK(f.dies[1]->signals[0].at > f.srams[1]->accesses[2].done);
  CHECK(f.log.end(f.dies[1]->signals[0].cause) == f.dies[1]->signals[0].at);
}

TEST_CASE("the accumulate flag and strided rows reach the SRAM") {
  Fabric f(1, 2, D2dParams{}, {RunMode::functional});
  Train rows{f.sram(1, 0), 128, 3, 1024, 0};
  f.at(0, 0, [&] {
    f.dies[0]->transfer(tlm::TLM_WRITE_COMMAND, rows, 0, [](TrainExtension& e) { e.accumulate = true; });
  });
  f.run();
  REQUIRE(f.srams[1]->accesses.size() == 3);
  for (unsigned row = 0; row < 3; ++row) {
    CHECK(f.srams[1]->accesses[row].accumulate);
    CHECK(f.srams[1]->accesses[row].offset == row * 1024);
    CHECK(f.srams[1]->bytes[row * 1024 + 5] == byte_of(0, row * 128 + 5));
  }
  CHECK(f.dies[1]->signals.empty());  // none was asked for
}

TEST_CASE("a remote read brings the bytes of a strided train and a remote write stores them") {
  Fabric f(2, 2, D2dParams{}, {RunMode::functional});
  for (unsigned i = 0; i < 8192; ++i) f.memories[2]->bytes[i] = static_cast<std::uint8_t>(i * 13 + i / 256);
  f.at(0, 1, [&] {
    f.dies[1]->transfer(tlm::TLM_READ_COMMAND, Train{f.memory(2, 100), 600, 4, 2000, 0}, 1);
    f.dies[1]->write(f.memory(2, 0x10000), 3000, 2, {}, 9);
  });
  f.run();
  REQUIRE(f.dies[1]->responses.size() == 2);
  for (const FakeDie::Response& r : f.dies[1]->responses) {
    CHECK(r.status == tlm::TLM_OK_RESPONSE);
    CHECK(f.causes_sum(r.causes) == r.at - r.offered);
    CHECK(r.causes[static_cast<std::size_t>(Cause::memory_transfer)] == 10 * kNanosecond);
    if (r.cookie != 1) continue;
    for (unsigned i = 0; i < 2400; ++i) {
      const unsigned offset = 100 + i / 600 * 2000 + i % 600;
      CHECK(r.data[i] == static_cast<std::uint8_t>(offset * 13 + offset / 256));
    }
  }
  for (unsigned i = 0; i < 3000; ++i) CHECK(f.memories[2]->bytes[0x10000 + i] == byte_of(9, i));
  // The acknowledgement came behind the last of twelve writes.
  CHECK(f.memories[2]->accesses.size() == 13);
  CHECK(f.settled());
}

TEST_CASE("a remote write is acknowledged when the slowest of its packets is written") {
  Fabric f(1, 2, D2dParams{});
  f.memories[1]->service_of = [](const tlm::tlm_generic_payload& p) -> Tick {
    return (Address::offset(p.get_address()) == 0 ? 500 : 10) * kNanosecond;  // the first packet is slow
  };
  f.at(0, 0, [&] { f.dies[0]->write(f.memory(1, 0), 1024); });
  f.run();
  REQUIRE(f.dies[0]->responses.size() == 1);
  const FakeDie::Response& r = f.dies[0]->responses[0];
  CHECK(r.at > f.memories[1]->accesses[0].done);
  CHECK(r.causes[static_cast<std::size_t>(Cause::memory_transfer)] == 500 * kNanosecond);
  CHECK(f.causes_sum(r.causes) == r.at - r.offered);
  CHECK(f.settled());
}

TEST_CASE("a failed or poisoned remote read says so at the reader") {
  Fabric f(1, 2, D2dParams{});
  f.memories[1]->poison = true;
  f.at(0, 0, [&] { f.dies[0]->read(f.memory(1, 0), 512); });
  f.at(kMicrosecond, 0, [&] {
    f.memories[1]->poison = false;
    f.memories[1]->status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
    f.dies[0]->read(f.memory(1, 0), 512);
  });
  f.at(2 * kMicrosecond, 0, [&] { f.dies[0]->write(f.memory(1, 0), 512); });
  f.run();
  REQUIRE(f.dies[0]->responses.size() == 3);
  CHECK(f.dies[0]->responses[0].poisoned);
  CHECK(f.dies[0]->responses[0].status == tlm::TLM_OK_RESPONSE);
  CHECK_FALSE(f.dies[0]->responses[1].poisoned);
  CHECK(f.dies[0]->responses[1].status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(f.dies[0]->responses[2].status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(f.settled());
}

TEST_CASE("one byte flipped on a link arrives flipped") {
  Fabric f(1, 2, D2dParams{}, {RunMode::functional});
  FlipOneByte flip;
  f.ctx.injector = &flip;
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(1, 0), 1024); });
  f.run();
  unsigned wrong = 0;
  for (unsigned i = 0; i < 1024; ++i) {
    if (f.srams[1]->bytes[i] != byte_of(0, i)) ++wrong;
  }
  CHECK(wrong == 1);
  CHECK(f.srams[1]->bytes[2 * 256 + 5] == (byte_of(0, 2 * 256 + 5) ^ 0x10));
}

TEST_CASE("a control message becomes an activity that ends when it arrives") {
  Fabric f(2, 2, D2dParams{});
  const ActivityId handler = f.log.begin(kRootActivity, 0, NodeId(0), UnitId::agent_core, 4);
  f.at(30 * kNanosecond, 0, [&] {
    ControlMessage message = mail_to(0, 3, 42);
    message.cause = handler;
    CHECK(f.dies[0]->network->try_send(message));
  });
  f.run();
  REQUIRE(f.dies[3]->mails.size() == 1);
  const FakeDie::Arrival& arrival = f.dies[3]->mails[0];
  CHECK(arrival.message.mail[0] == 42);
  CHECK(arrival.message.source == NodeId(0));
  CHECK(f.log[arrival.message.cause].cause == handler);
  CHECK(f.log[arrival.message.cause].begin == 30 * kNanosecond);
  CHECK(f.log[arrival.message.cause].tag == 4);
  CHECK(f.log.end(arrival.message.cause) == arrival.at);
  CHECK(f.settled());
}

TEST_CASE("a full mailbox holds messages in the network until it is retried") {
  D2dParams params;
  params.control = {1, 2};  // two mails of a flit
  params.injection_queue_depth = 2;
  Fabric f(1, 2, params);
  f.dies[1]->mailbox = 0;
  unsigned taken = 0;
  // 1. Until nothing moves: two in the buffers of each of three hops, two in the queue.
  for (unsigned i = 0; i < 40; ++i) {
    f.at(i * 20 * kNanosecond, 0, [&f, &taken, i] {
      if (f.dies[0]->network->try_send(mail_to(0, 1, static_cast<std::uint8_t>(taken)))) ++taken;
    });
  }
  f.run();
  CHECK(taken == 8);
  CHECK(f.dies[1]->mails.empty());
  CHECK(f.dies[0]->network_readies == 0);
  std::vector<std::string> lines;
  f.nis[1]->report_waits(lines);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("2 arrived control packets, first from die 0, wait for space in the mailbox") !=
        std::string::npos);
  lines.clear();
  f.nis[0]->report_waits(lines);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("2 transactions in the control queue have not left") != std::string::npos);
  // 2. Streams pass all the same.
  f.at(2 * kMicrosecond, 0, [&] { f.dies[0]->write(f.sram(1, 0), 4096); });
  f.run();
  CHECK(f.srams[1]->accesses.size() == 16);
  // 3. Space: everything arrives in order, and the sender hears that its queue has space again.
  f.at(3 * kMicrosecond, 1, [&] {
    f.dies[1]->mailbox = 100;
    f.nis[1]->control_network->retry_delivery();
  });
  f.run();
  REQUIRE(f.dies[1]->mails.size() == 8);
  for (unsigned i = 0; i < 8; ++i) {
    CHECK(f.dies[1]->mails[i].message.mail[0] == i);
    CHECK(f.log.end(f.dies[1]->mails[i].message.cause) == f.dies[1]->mails[i].at);
  }
  CHECK(f.dies[0]->network_readies == 1);
  CHECK(f.settled());
}

TEST_CASE("streams blocked by a stopped SRAM block neither control nor remote memory") {
  Fabric f(1, 3, D2dParams{});
  f.srams[2]->stopped = true;
  f.at(0, 0, [&] {
    for (unsigned i = 0; i < 30; ++i) f.dies[0]->write(f.sram(2, 0), 4096);
  });
  f.at(2 * kMicrosecond, 1, [&] {
    f.dies[1]->read(f.memory(2, 0), 4096);
    CHECK(f.dies[1]->network->try_send(mail_to(1, 2, 1)));
  });
  f.run();
  CHECK(f.dies[2]->mails.size() == 1);
  CHECK(f.dies[1]->responses.size() == 1);
  CHECK(f.dies[0]->responses.size() < 10);  // the rest waits for credits and queue places
  std::vector<std::string> lines;
  for (auto& ni : f.nis) ni->report_waits(lines);
  f.fabric->report_waits(lines);
  CHECK(lines.size() >= 5);
  f.at(5 * kMicrosecond, 2, [&] { f.srams[2]->restart(); });
  f.run();
  CHECK(f.dies[0]->responses.size() == 30);
  CHECK(f.settled());
}

TEST_CASE("misuse is reported as a fault and answered with an error") {
  Fabric f(1, 2, D2dParams{});
  f.at(0, 0, [&] {
    f.dies[0]->write(f.sram(0, 0), 64);
    f.dies[0]->write(f.sram(7, 0), 64);
    f.dies[0]->read(Address::make(NodeId(1), AddressUnit::registers, 0), 64);
    CHECK(f.dies[0]->network->try_send(mail_to(0, 0, 1)));
  });
  f.run();
  REQUIRE(f.faults.all.size() == 4);
  CHECK(f.faults.all[0].what.find("the die's own address") != std::string::npos);
  CHECK(f.faults.all[1].what.find("goes to die 7; the package has dies 0 to 1") != std::string::npos);
  CHECK(f.faults.all[2].what.find("only SRAM (1) and memory (2)") != std::string::npos);
  CHECK(f.faults.all[3].what.find("expected another die of the 2") != std::string::npos);
  REQUIRE(f.dies[0]->responses.size() == 3);
  for (const auto& r : f.dies[0]->responses) {
    CHECK(r.status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(f.causes_sum(r.causes) == r.at - r.offered);
  }
  CHECK(f.settled());
}

TEST_CASE("an access to the memory of a die that has none is a fault and an error") {
  FabricOptions options;
  options.without_memory = 1;
  Fabric f(1, 2, D2dParams{}, options);
  f.at(0, 0, [&] {
    f.dies[0]->read(f.memory(1, 0), 1024);
    f.dies[0]->write(f.memory(1, 0), 1024);
  });
  f.run();
  REQUIRE(f.faults.all.size() == 2);
  CHECK(f.faults.all[0].node == NodeId(0));
  CHECK(f.faults.all[0].what.find("the memory of die 1, which has none") != std::string::npos);
  REQUIRE(f.dies[0]->responses.size() == 2);
  for (const auto& r : f.dies[0]->responses) {
    CHECK(r.status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK(f.causes_sum(r.causes) == r.at - r.offered);
  }
  CHECK(f.settled());
}

TEST_CASE("a single die has a router and a network interface and no links") {
  Fabric f(1, 1, D2dParams{});
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(0, 0), 64); });
  f.run();
  CHECK(f.mesh.links().empty());
  CHECK(f.faults.all.size() == 1);
  CHECK(f.settled());
}
