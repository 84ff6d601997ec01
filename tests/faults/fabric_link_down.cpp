// SPDX-License-Identifier: Apache-2.0
// Links that are down: what meets one ends at the die before it, its source hears of it, and no packet,
// credit or transaction is lost.
#include "tests/catch.h"
#include "tests/support/small_case.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;
using namespace moesaic::d2d_test;

namespace {

D2dParams with_down(const std::string& links, FabricRouting routing = FabricRouting::xy) {
  D2dParams p = round_params();
  p.topology.down_links = links;
  p.topology.routing = routing;
  return p;
}

bool says(const Faults& faults, std::size_t i, const std::string& text) {
  return i < faults.all.size() && faults.all[i].what.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a send over a link that is down is a fault of its command, and everything comes back") {
  Fabric f(1, 3, with_down("1-2"));
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(2, 0), 1000, 0, [](TrainExtension& e) { e.signal_event = 3; }); });
  f.run();
  REQUIRE(f.faults.all.size() == 1);
  CHECK(f.faults.all[0].node == NodeId(0));
  CHECK(f.faults.all[0].unit == UnitId::network_interface);
  CHECK(says(f.faults, 0, "a send to die 2 did not get beyond die 1, whose link is down"));
  CHECK(f.srams[2]->accesses.empty());
  CHECK(f.dies[2]->signals.empty());
  CHECK(f.settled());
}

TEST_CASE("the own link of a die may be down too") {
  Fabric f(1, 2, with_down("0-1"));
  f.at(0, 0, [&] {
    f.dies[0]->write(f.sram(1, 0), 1000);
    f.dies[0]->read(f.memory(1, 0), 512, 7);
  });
  f.run();
  REQUIRE(f.faults.all.size() == 2);
  CHECK(says(f.faults, 0, "a remote read to die 1 did not get beyond die 0"));
  CHECK(says(f.faults, 1, "a send to die 1 did not get beyond die 0"));
  REQUIRE(f.dies[0]->responses.size() == 2);
  CHECK(f.settled());
}

TEST_CASE("remote reads and writes over a link that is down get an error response") {
  Fabric f(1, 3, with_down("1-2"));
  f.at(0, 0, [&] {
    f.dies[0]->read(f.memory(2, 0), 512, 1);
    f.dies[0]->write(f.memory(2, 0), 3000, 2);
    f.dies[0]->read(f.memory(1, 0), 512, 3);
  });
  f.run();
  REQUIRE(f.dies[0]->responses.size() == 3);
  for (const FakeDie::Response& r : f.dies[0]->responses) {
    CHECK(r.status == (r.cookie == 3 ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE));
    CHECK(f.causes_sum(r.causes) == r.at - r.offered);
  }
  CHECK(f.faults.all.size() == 2);
  CHECK(f.memories[2]->accesses.empty());
  CHECK(f.settled());
}

TEST_CASE(
    "a link goes down between packets: what has come through is whole, what comes later is turned back") {
  Fabric f(1, 2, with_down("0-1@100"));
  f.at(0, 0, [&] {
    for (unsigned i = 0; i < 20; ++i) f.dies[0]->write(f.sram(1, 0), 4096, i);
  });
  f.run();
  const std::size_t through = f.srams[1]->accesses.size();
  // A packet a nanosecond leaves from the 9 ns of its first stages on.
  CHECK(through >= 80);
  CHECK(through <= 100);
  for (const FakeTarget::Access& access : f.srams[1]->accesses) CHECK(access.train.size == 256);
  CHECK(f.link(0, 1).packets == through);
  CHECK(f.link(0, 1).flits == 4 * through);
  // Nothing has entered the link after it went down.
  CHECK(f.srams[1]->accesses.back().at <= 100 * kNanosecond + 60 * f.format.cycle());
  CHECK_FALSE(f.faults.all.empty());
  CHECK(f.settled());
}

TEST_CASE("mail and signals over a link that is down are faults, not silence") {
  Fabric f(1, 2, with_down("0-1"));
  f.at(0, 0, [&] {
    ControlMessage message;
    message.source = NodeId(0);
    message.destination = NodeId(1);
    message.event = 5;
    CHECK(f.dies[0]->network->try_send(message));
  });
  f.run();
  REQUIRE(f.faults.all.size() == 1);
  CHECK(says(f.faults, 0, "a signal or mail to die 1 did not get beyond die 0"));
  CHECK(f.dies[1]->mails.empty());
  CHECK(f.settled());
}

TEST_CASE("a response that cannot return is reported where it is stopped") {
  // There from die 0 by way of 1, back from die 3 by way of 2, whose link to 0 is down.
  D2dParams p = with_down("0-2@1");
  Fabric f(2, 2, p);
  f.at(10 * kNanosecond, 0, [&] { f.dies[0]->read(f.memory(3, 0), 512); });
  f.run();
  REQUIRE(f.faults.all.size() == 1);
  CHECK(f.faults.all[0].node == NodeId(0));
  CHECK(says(f.faults, 0, "the data of a remote read to die 0 did not get beyond die 2"));
}

TEST_CASE("table routing goes around a link that is down") {
  Fabric f(2, 2, with_down("0-1", FabricRouting::table));
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(1, 0), 1000); });
  f.at(0, 1, [&] { f.dies[1]->read(f.memory(0, 0), 1000); });
  f.run();
  CHECK(f.faults.all.empty());
  CHECK(f.srams[1]->accesses.size() == 4);
  CHECK(f.link(0, 1).flits == 0);
  CHECK(f.link(0, 2).flits > 0);
  CHECK(f.nis[1]->stats().packets_by_hops[3] > 0);
  CHECK(f.settled());
}

TEST_CASE("adaptive routing goes around a link that is down where a minimal way is left") {
  Fabric f(2, 2, with_down("0-1", FabricRouting::west_first));
  f.at(0, 0, [&] { f.dies[0]->write(f.sram(3, 0), 4096); });
  f.run();
  CHECK(f.faults.all.empty());
  CHECK(f.srams[3]->accesses.size() == 16);
  CHECK(f.settled());
}

TEST_CASE("an image that meets a link that is down fails with the fault, and passes by a table") {
  const auto run = [](FabricRouting routing) {
    Experiment e;
    e.model.hidden = 16;
    e.model.expert_width = 8;
    e.model.experts = 4;
    e.model.top_k = 2;
    e.model.layers = 1;
    e.workload.tokens = 8;
    e.workload.layers = 1;
    e.workload.routing.source = "test";
    e.firmware.image = test::product_image("ep");
    e.package.d2d.topology.down_links = "0-1";
    e.package.d2d.topology.routing = routing;
    e.run.functional = true;
    return test::run_in_child(e);
  };
  const test::Summary xy = run(FabricRouting::xy);
  INFO(xy.text);
  CHECK(xy.outcome == Outcome::fault);
  CHECK(xy.text.find("whose link is down") != std::string::npos);
  const test::Summary table = run(FabricRouting::table);
  INFO(table.text);
  CHECK(table.outcome == Outcome::ok);
  CHECK(table.mismatches == 0);
}
