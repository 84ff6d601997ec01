// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/attribution.h"

#include "tests/catch.h"

#include "sc_main/report/units.h"

using namespace moesaic;

namespace {

/// One load (command 5, memory 70, queue 10) causes one compute (fill 5, compute 10).
struct HandBuilt {
  CausalLog log;
  ActivityId last{};
  Tick makespan = 100;

  HandBuilt() {
    const ActivityId load = log.begin(kRootActivity, 0, NodeId{2}, UnitId::dma, 1);
    log.extend(load, Cause::command, 5);
    log.extend(load, Cause::memory_transfer, 75);
    log.extend(load, Cause::memory_queue, 85);
    last = log.begin(load, 85, NodeId{1}, UnitId::tensor_engine, 2);
    log.extend(last, Cause::engine_fill, 90);
    log.extend(last, Cause::engine_compute, 100);
  }
  Attribution attributed() const {
    const auto path = log.critical_path(last, makespan);
    std::vector<Activity> activities;
    for (const PathStep& step : path) activities.push_back(log[step.activity]);
    return attribute(path, activities, makespan);
  }
};

}  // namespace

TEST_CASE("the causes of a hand-built path are its segments and sum to the makespan") {
  const Attribution a = HandBuilt().attributed();
  const auto time_of = [&](Cause cause) { return a.causes[static_cast<std::size_t>(cause)].time; };
  CHECK(time_of(Cause::command) == 5);
  CHECK(time_of(Cause::memory_transfer) == 70);
  CHECK(time_of(Cause::memory_queue) == 10);
  CHECK(time_of(Cause::engine_fill) == 5);
  CHECK(time_of(Cause::engine_compute) == 10);
  Tick causes = 0, families = 0, places = 0;
  for (const auto& share : a.causes) causes += share.time;
  for (const auto& share : a.families) families += share.time;
  for (const auto& share : a.places) places += share.time;
  CHECK(causes == 100);
  CHECK(families == 100);
  CHECK(places == 100);
}

TEST_CASE("places name the die and the unit where the path ran, longest first") {
  const Attribution a = HandBuilt().attributed();
  REQUIRE(a.places.size() == 5);
  CHECK(a.places[0].node == NodeId{2});
  CHECK(a.places[0].unit == UnitId::dma);
  CHECK(a.places[0].cause == Cause::memory_transfer);
  CHECK(a.places[0].time == 70);
  CHECK(a.places[4].time == 5);
}

TEST_CASE("families are ordered by time and hold every cause") {
  const Attribution a = HandBuilt().attributed();
  REQUIRE(a.families.size() == 3);
  CHECK(std::string(a.families[0].family) == "memory");
  CHECK(a.families[0].time == 80);
  CHECK(std::string(a.families[1].family) == "engine");
  CHECK(a.families[1].time == 15);
  for (std::size_t i = 0; i < kCauseCount; ++i) CHECK(family_of(static_cast<Cause>(i)) != nullptr);
}

TEST_CASE("the why sentence names the largest family, its largest cause and the die") {
  const Attribution a = HandBuilt().attributed();
  CHECK(a.why.find("80.0 % of the time the critical path is memory") == 0);
  CHECK(a.why.find("memory_transfer (70.0 %)") != std::string::npos);
  CHECK(a.why.find("die 2") != std::string::npos);
  CHECK(a.why.find("Next is engine with 15.0 %") != std::string::npos);
}

TEST_CASE("a run without a path is attributed to nothing") {
  const Attribution a = attribute({}, {}, 0);
  CHECK(a.why == "Nothing ran.");
  CHECK(a.places.empty());
}

TEST_CASE("numbers are printed with fixed decimals") {
  CHECK(percent(std::uint64_t{1}, std::uint64_t{3}) == "33.3 %");
  CHECK(percent(std::uint64_t{1}, std::uint64_t{0}) == "-");
  CHECK(percent(0.12345) == "12.3 %");
  CHECK(bytes_text(512) == "512 B");
  CHECK(bytes_text(1536) == "1.50 KiB");
  CHECK(bytes_text(3u << 20) == "3.00 MiB");
  CHECK(rate_text(25.6e9) == "25.60 GB/s");
  CHECK(energy_text(1.5e-6) == "1.50 uJ");
  CHECK(energy_text(0.0) == "0.00 pJ");
  CHECK(count_text(1234567) == "1,234,567");
  CHECK(count_text(123) == "123");
}
