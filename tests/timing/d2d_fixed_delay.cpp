// SPDX-License-Identifier: Apache-2.0
// A fabric without links: every packet of a class takes the same time, whatever its size, way and company.
#include "tests/catch.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {

D2dParams delays() {
  D2dParams p = round_params();
  p.model = FabricModel::fixed_delay;
  p.fixed_delay = {3.0, 7.0, 50.0, 1000.0};
  p.injection_queue_depth = 64;
  p.sram_outstanding = 1024;
  return p;
}

void with_signal(TrainExtension& e) {
  e.signal_event = 3;
}

}  // namespace

TEST_CASE("with fixed delays sends of any size to any die arrive after the same time, side by side") {
  Fabric f(4, 4, delays());
  for (auto& sram : f.srams) sram->capacity = 4096;
  const Tick start = 100 * kNanosecond;
  // A large and a small one to each die, from the same die at the same time.
  for (unsigned to = 1; to < 16; ++to)
    f.at(start, 0, [&f, to] { f.dies[0]->write(f.sram(to, 0), to % 2 == 0 ? 64 : 65536, to, with_signal); });
  for (unsigned from = 0; from < 15; ++from)
    f.at(start, from, [&f, from] { f.dies[from]->write(f.sram(15, 4096), 4096, 100, with_signal); });
  f.run();
  const Tick there = start + f.format.ni_latency() + 1000 * kNanosecond;
  for (unsigned to = 1; to < 16; ++to) {
    REQUIRE(!f.srams[to]->accesses.empty());
    for (const auto& access : f.srams[to]->accesses)
      if (to != 15) CHECK(access.at == there);
    CHECK(f.dies[to]->signals.size() == (to == 15 ? 16u : 1u));
  }
  // What leaves takes no time on a link.
  for (const auto& response : f.dies[1]->responses) CHECK(response.at == start + f.format.ni_latency());
  CHECK(f.link(0, 1).flits == 0);
  CHECK(f.settled());
}

TEST_CASE("with fixed delays a remote read takes the delays of its two classes and the memory") {
  Fabric f(2, 2, delays());
  const Tick start = 100 * kNanosecond;
  f.at(start, 0, [&] { f.dies[0]->read(f.memory(3, 64), 256); });
  f.run();
  REQUIRE(f.dies[0]->responses.size() == 1);
  const FakeDie::Response& r = f.dies[0]->responses[0];
  CHECK(r.at == start + 2 * f.format.ni_latency() + (7 + 10 + 50) * kNanosecond);
  CHECK(f.causes_sum(r.causes) == r.at - r.offered);
  CHECK(r.causes[static_cast<std::size_t>(Cause::fabric_latency)] ==
        2 * f.format.ni_latency() + 57 * kNanosecond);
  CHECK(f.settled());
}

TEST_CASE("with fixed delays a fast class does not wait behind a slow one") {
  Fabric f(1, 2, delays());
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(1, 0), 4096, 0, with_signal); });
  f.at(10 * kNanosecond, 0, [&] {
    ControlMessage mail;
    mail.kind = ControlMessage::Kind::signal;
    mail.destination = NodeId(1);
    mail.event = 5;
    mail.add = 1;
    f.dies[0]->network->try_send(mail);
  });
  f.run();
  REQUIRE(f.dies[1]->mails.size() == 1);
  CHECK(f.dies[1]->mails[0].at == 10 * kNanosecond + f.format.ni_latency() + 3 * kNanosecond);
  REQUIRE(f.dies[1]->signals.size() == 1);
  CHECK(f.dies[1]->signals[0].at > 1000 * kNanosecond);
  CHECK(f.settled());
}

TEST_CASE("with fixed delays bytes arrive as they were sent") {
  Fabric f(2, 2, delays(), {RunMode::functional});
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(3, 128), 9000, 0, with_signal, 11); });
  f.run();
  for (unsigned i = 0; i < 9000; ++i)
    REQUIRE(f.srams[3]->bytes[128 + i] == static_cast<std::uint8_t>(11 + i * 7));
  CHECK(f.settled());
}

TEST_CASE("what links would have is refused where there are none, and delays where there are links") {
  D2dParams p;
  CHECK(check(p, 2, 2).empty());
  p.fixed_delay.stream_ns = 5;
  REQUIRE(check(p, 2, 2).size() == 1);
  CHECK(check(p, 2, 2)[0].find("model: fixed_delay") != std::string::npos);
  p.model = FabricModel::fixed_delay;
  CHECK(check(p, 2, 2).empty());
  p.bit_error_rate = 1e-9;
  p.topology.slow_links = "0-1:2";
  p.router.multicast = true;
  CHECK(check(p, 2, 2).size() == 3);
}
