// SPDX-License-Identifier: Apache-2.0
// Hand-built critical paths: every femtosecond of the makespan has exactly one cause.
#include "tlm/causal_log.h"

#include <numeric>
#include <random>
#include <string>

#include "tests/catch.h"

namespace moesaic {
namespace {

ActivityId start(CausalLog& log, ActivityId cause, Tick begin, std::uint32_t tag = 0) {
  return log.begin(cause, begin, NodeId(0), UnitId::dma, tag);
}
Tick of(const CauseTimes& times, Cause cause) {
  return times[static_cast<std::size_t>(cause)];
}
Tick total(const CauseTimes& times) {
  return std::accumulate(times.begin(), times.end(), Tick{0});
}
// The steps are adjacent, from `at` down to 0.
bool seamless(const std::vector<PathStep>& path, Tick at) {
  for (const PathStep& step : path) {
    if (step.to != at || step.from >= step.to) return false;
    at = step.from;
  }
  return at == 0;
}

}  // namespace

TEST_CASE("a chain of activities attributes all its time") {
  CausalLog log;
  const ActivityId boot = start(log, kRootActivity, 0);
  log.extend(boot, Cause::firmware, 10);
  const ActivityId load = start(log, boot, 10);
  log.extend(load, Cause::command, 12);
  log.extend(load, Cause::memory_transfer, 52);
  const ActivityId compute = start(log, load, 52);
  log.extend(compute, Cause::engine_compute, 152);
  const auto path = log.critical_path(compute, 152);
  CHECK(seamless(path, 152));
  const CauseTimes times = CausalLog::sum(path);
  CHECK(of(times, Cause::firmware) == 10);
  CHECK(of(times, Cause::command) == 2);
  CHECK(of(times, Cause::memory_transfer) == 40);
  CHECK(of(times, Cause::engine_compute) == 100);
  CHECK(total(times) == 152);
}

TEST_CASE("a join is attributed to its last-arriving dependency only") {
  CausalLog log;
  const ActivityId boot = start(log, kRootActivity, 0);
  log.extend(boot, Cause::firmware, 10);
  const ActivityId weights = start(log, boot, 10);
  log.extend(weights, Cause::memory_transfer, 90);
  const ActivityId tokens = start(log, boot, 10);
  log.extend(tokens, Cause::fabric_transfer, 60);
  const ActivityId compute = start(log, weights, 90);  // both needed; the weights came last
  log.extend(compute, Cause::engine_compute, 100);
  const CauseTimes times = CausalLog::sum(log.critical_path(compute, 100));
  CHECK(of(times, Cause::memory_transfer) == 80);
  CHECK(of(times, Cause::fabric_transfer) == 0);
  CHECK(total(times) == 100);
}

TEST_CASE("an activity that is caused in the middle of another takes only the part before it") {
  CausalLog log;
  const ActivityId handler = start(log, kRootActivity, 0);
  log.extend(handler, Cause::firmware, 20);
  const ActivityId early = start(log, handler, 20);  // doorbell rung at 20, the handler runs on to 50
  log.extend(handler, Cause::interrupt, 30);
  log.extend(handler, Cause::firmware, 50);
  log.extend(early, Cause::dma, 80);
  const auto path = log.critical_path(early, 80);
  REQUIRE(path.size() == 2);
  CHECK(path[0].activity == early);
  CHECK(path[0].from == 20);
  CHECK(path[1].activity == handler);
  CHECK(path[1].to == 20);
  CHECK(of(CausalLog::sum(path), Cause::firmware) == 20);
  CHECK(of(CausalLog::sum(path), Cause::interrupt) == 0);
}

TEST_CASE("segments of interleaved activities stay apart") {
  CausalLog log;
  const ActivityId a = start(log, kRootActivity, 0);
  const ActivityId b = start(log, kRootActivity, 0);
  for (Tick t = 10; t <= 100; t += 10) {
    log.extend(a, (t / 10) % 2 == 1 ? Cause::memory_queue : Cause::memory_transfer, t);
    log.extend(b, Cause::fabric_queue, t);
  }
  const CauseTimes times_a = CausalLog::sum(log.critical_path(a, 100));
  CHECK(of(times_a, Cause::memory_queue) == 50);
  CHECK(of(times_a, Cause::memory_transfer) == 50);
  CHECK(log.critical_path(b, 100).size() == 1);  // equal causes are one segment
}

TEST_CASE("time that no segment covers counts as command") {
  CausalLog log;
  const ActivityId a = start(log, kRootActivity, 5);  // 0..5 is the root's
  log.extend(a, Cause::dma, 15);
  const ActivityId b = start(log, a, 25);  // 15..25: a had ended, b began later
  log.extend(b, Cause::sram, 40);
  const auto path = log.critical_path(b, 50);  // 40..50: after the last segment
  CHECK(seamless(path, 50));
  const CauseTimes times = CausalLog::sum(path);
  CHECK(of(times, Cause::command) == 5 + 10 + 10);
  CHECK(of(times, Cause::dma) == 10);
  CHECK(of(times, Cause::sram) == 15);
}

TEST_CASE("several causes at once are laid one behind the other in enum order") {
  CausalLog log;
  const ActivityId a = start(log, kRootActivity, 0);
  CauseTimes times{};
  times[static_cast<std::size_t>(Cause::memory_latency)] = 7;
  times[static_cast<std::size_t>(Cause::dma)] = 3;
  times[static_cast<std::size_t>(Cause::memory_transfer)] = 5;
  log.extend(a, times);
  CHECK(log.end(a) == 15);
  const auto path = log.critical_path(a, 15);
  REQUIRE(path.size() == 3);
  CHECK(path[2].cause == Cause::dma);
  CHECK(path[1].cause == Cause::memory_transfer);
  CHECK(path[0].cause == Cause::memory_latency);
  CHECK(CausalLog::sum(path) == times);
}

TEST_CASE("extensions of no length leave no trace") {
  CausalLog log;
  const ActivityId a = start(log, kRootActivity, 10);
  log.extend(a, Cause::dma, 10);
  CHECK(log.end(a) == 10);
  log.extend(a, Cause::sram, 20);
  log.extend(a, Cause::dma, 20);
  CHECK(log.critical_path(a, 20).size() == 2);
}

TEST_CASE("the path may be asked for at a time inside the last activity") {
  CausalLog log;
  const ActivityId a = start(log, kRootActivity, 0);
  log.extend(a, Cause::dma, 10);
  log.extend(a, Cause::sram, 30);
  const auto path = log.critical_path(a, 12);
  CHECK(seamless(path, 12));
  CHECK(of(CausalLog::sum(path), Cause::sram) == 2);
}

TEST_CASE("the sums of random logs are exactly the makespan") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    CausalLog log;
    std::vector<ActivityId> all{kRootActivity};
    Tick latest = 0;
    ActivityId last = kRootActivity;
    for (int i = 0; i < 60; ++i) {
      const ActivityId cause = all[random() % all.size()];
      const ActivityId id = start(log, cause, log[cause].begin + random() % 50);
      all.push_back(id);
      for (std::uint64_t k = random() % 6; k > 0; --k) {
        const ActivityId some = all[1 + random() % (all.size() - 1)];
        log.extend(some, static_cast<Cause>(random() % kCauseCount), log.end(some) + random() % 40);
      }
      if (log.end(id) >= latest) latest = log.end(last = id);
    }
    const Tick at = latest + random() % 3;
    const auto path = log.critical_path(last, at);
    REQUIRE(seamless(path, at));
    REQUIRE(total(CausalLog::sum(path)) == at);
  }
}

TEST_CASE("every cause has a name of its own and a sentence") {
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    REQUIRE(describe(static_cast<Cause>(i)).name != nullptr);
    REQUIRE(std::string(describe(static_cast<Cause>(i)).sentence).size() > 10);
    for (std::size_t j = 0; j < i; ++j)
      CHECK(std::string(describe(static_cast<Cause>(i)).name) != describe(static_cast<Cause>(j)).name);
  }
  CHECK(std::string(describe(Cause::engine_vector).name) == "engine_vector");
  CHECK(std::string(describe(Cause::memory_refresh).name) == "memory_refresh");
}

}  // namespace moesaic
