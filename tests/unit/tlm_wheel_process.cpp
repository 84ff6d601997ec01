// SPDX-License-Identifier: Apache-2.0
// The SystemC process that drives the event wheel, with real threads.
#include "tlm/wheel_process.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {
namespace {

struct Trace {
  std::vector<std::string> lines;
  int running = 0;  // threads between their wait()s
  int most_running = 0;
  void add(const std::string& who, const std::string& what) {
    lines.push_back(format_time(now_tick()) + " " + who + " " + what);
  }
};

// A control core in miniature: a thread that runs when its firmware event comes, and schedules the next.
class Core final : public sc_core::sc_module, public WheelClient {
 public:
  Core(const sc_core::sc_module_name& name, ComponentId id, EventWheel& wheel, WheelProcess& process,
       Trace& trace)
      : sc_module(name), id_(id), wheel_(wheel), process_(process), trace_(trace) {
    SC_HAS_PROCESS(Core);
    SC_THREAD(run);
  }
  void on_wheel(Tick, Phase phase, std::uint64_t cookie) override {
    if (phase != Phase::firmware) return trace_.add(label(), "hardware " + std::to_string(cookie));
    trace_.add(label(), "resumed");
    process_.resume(event_);
  }

 private:
  std::string label() const { return "core " + std::to_string(id_); }
  void run() {
    for (std::uint64_t n = 0;; ++n) {
      wait(event_);
      trace_.most_running = std::max(trace_.most_running, ++trace_.running);
      trace_.add(label(), "runs");
      // Hardware at this very instant, which must run before the next core's firmware; then more firmware.
      wheel_.schedule(now_tick(), Phase::deliver, id_, *this, n);
      if (n < 5) wheel_.schedule(now_tick() + (n % 3) * kNanosecond, Phase::firmware, id_, *this);
      trace_.add(label(), "waits");
      --trace_.running;
    }
  }
  ComponentId id_;
  EventWheel& wheel_;
  WheelProcess& process_;
  Trace& trace_;
  sc_core::sc_event event_;
};

// One package whose modules are constructed in a given order.
struct System {
  System(const std::string& name, const std::vector<ComponentId>& order) {
    process = std::make_unique<WheelProcess>((name + "_wheel").c_str(), wheel);
    for (const ComponentId id : order) {
      const std::string core = name + "_core_" + std::to_string(id);
      cores.push_back(std::make_unique<Core>(core.c_str(), id, wheel, *process, trace));
      wheel.schedule(0, Phase::firmware, id, *cores.back());
      wheel.schedule(7 * kNanosecond, Phase::firmware, id, *cores.back());
    }
  }
  EventWheel wheel;
  Trace trace;
  std::unique_ptr<WheelProcess> process;
  std::vector<std::unique_ptr<Core>> cores;
};

}  // namespace

TEST_CASE("firmware threads run one at a time, in an order that does not depend on construction") {
  System a("a", {0, 1, 2, 3});
  System b("b", {3, 1, 0, 2});
  System c("c", {2, 3, 1, 0});
  sc_core::sc_start();
  for (const System* system : {&a, &b, &c}) {
    CHECK(system->trace.most_running == 1);
    CHECK(system->trace.lines == a.trace.lines);
    CHECK(system->wheel.empty());
  }
  // 4 cores ran at 0 and at 7 ns, and each after each of its first five runs.
  REQUIRE(a.trace.lines.size() == 4 * 7 * 4);
  CHECK(a.trace.lines[0] == "0 fs core 0 resumed");
  CHECK(a.trace.lines[1] == "0 fs core 0 runs");
  CHECK(a.trace.lines[2] == "0 fs core 0 waits");
  CHECK(a.trace.lines[3] == "0 fs core 0 hardware 0");
  // Its next firmware is at the same instant and its id is lower than core 1's.
  CHECK(a.trace.lines[4] == "0 fs core 0 resumed");
}

namespace {

// A module whose thread is constructed before the wheel process, so that SystemC runs it first or last.
class Early final : public sc_core::sc_module, public WheelClient {
 public:
  Early(const sc_core::sc_module_name& name, EventWheel& wheel) : sc_module(name), wheel_(wheel) {
    SC_HAS_PROCESS(Early);
    SC_THREAD(run);
  }
  void on_wheel(Tick now, Phase phase, std::uint64_t) override {
    seen.push_back(now);
    same_time = same_time && now == now_tick();
    if (phase == Phase::firmware) process->resume(event_);
  }
  WheelProcess* process = nullptr;
  std::vector<Tick> seen;
  std::vector<Tick> ran;
  bool same_time = true;

 private:
  void run() {
    for (;;) {
      wait(event_);
      ran.push_back(now_tick());
    }
  }
  EventWheel& wheel_;
  sc_core::sc_event event_;
};

// Schedules from a thread of its own, which the wheel did not start.
class Outsider final : public sc_core::sc_module {
 public:
  Outsider(const sc_core::sc_module_name& name, EventWheel& wheel, WheelClient& client)
      : sc_module(name), wheel_(wheel), client_(client) {
    SC_HAS_PROCESS(Outsider);
    SC_THREAD(run);
  }

 private:
  void run() {
    wait(to_sc_time(10 * kNanosecond));
    wheel_.schedule(11 * kNanosecond, Phase::deliver, 0,
                    client_);  // earlier than what the process sleeps for
    wheel_.schedule(10 * kNanosecond, Phase::deliver, 0, client_);  // at this instant
    wait(to_sc_time(190 * kNanosecond));
    wheel_.schedule(201 * kNanosecond, Phase::deliver, 0, client_);  // the wheel is empty by now
  }
  EventWheel& wheel_;
  WheelClient& client_;
};

}  // namespace

TEST_CASE("firmware events at time zero reach threads that SystemC starts after or before the wheel") {
  EventWheel wheel_a, wheel_b;
  Early before("before", wheel_a);
  WheelProcess process_a("process_a", wheel_a);
  WheelProcess process_b("process_b", wheel_b);
  Early after("after", wheel_b);
  before.process = &process_a;
  after.process = &process_b;
  wheel_a.schedule(0, Phase::firmware, 0, before);
  wheel_b.schedule(0, Phase::firmware, 0, after);
  sc_core::sc_start();
  CHECK(before.ran == std::vector<Tick>{0});
  CHECK(after.ran == std::vector<Tick>{0});
}

TEST_CASE("an event that a thread schedules earlier than the next wakes the wheel in time") {
  EventWheel wheel;
  Early client("client", wheel);
  WheelProcess process("process", wheel);
  Outsider outsider("outsider", wheel, client);
  wheel.schedule(100 * kNanosecond, Phase::deliver, 0, client);
  sc_core::sc_start();
  CHECK(client.seen ==
        std::vector<Tick>{10 * kNanosecond, 11 * kNanosecond, 100 * kNanosecond, 201 * kNanosecond});
  CHECK(client.same_time);
}

TEST_CASE("the simulation ends at the last event of the wheel") {
  EventWheel wheel;
  WheelProcess process("process", wheel);
  Early client("client", wheel);
  client.process = &process;
  for (const Tick t : {Tick{1}, 3 * kNanosecond, 5 * kMillisecond, kSecond}) {
    wheel.schedule(t, Phase::deliver, 0, client);
    wheel.schedule(t, Phase::firmware, 0, client);
  }
  sc_core::sc_start();
  CHECK(now_tick() == kSecond);
  CHECK(client.same_time);
  CHECK(client.ran == std::vector<Tick>{1, 3 * kNanosecond, 5 * kMillisecond, kSecond});
}

}  // namespace moesaic
