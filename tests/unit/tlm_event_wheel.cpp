// SPDX-License-Identifier: Apache-2.0
// The event wheel against a model that is obviously right: an ordered set.
#include "tlm/event_wheel.h"

#include <algorithm>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "tests/catch.h"

namespace moesaic {
namespace {

constexpr Tick kSlot = Tick{1} << 20;
constexpr Tick kWindow = 4096 * kSlot;

struct Entry {
  Tick at;
  Phase phase;
  ComponentId component;
  std::uint64_t cookie;
  bool operator==(const Entry& o) const {
    return std::tie(at, phase, component, cookie) == std::tie(o.at, o.phase, o.component, o.cookie);
  }
};

struct Recorder final : WheelClient {
  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override {
    seen.push_back({now, phase, 0, cookie});
  }
  std::vector<Entry> seen;
};

// Schedules every event in the wheel and in the model, and compares at each event.
class Comparison final : public WheelClient {
 public:
  explicit Comparison(std::uint64_t seed) : random_(seed) {}

  void add(Tick at) {
    const auto phase = static_cast<Phase>(random_() % 3);
    const auto component = static_cast<ComponentId>(random_() % 5);
    model_.insert({at, static_cast<int>(phase), component, sequence_});
    wheel.schedule(at, phase, component, *this, sequence_++);
  }
  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override {
    const auto [at, model_phase, component, sequence] = *model_.begin();
    ok =
        ok && at == now && model_phase == static_cast<int>(phase) && sequence == cookie && wheel.now() == now;
    model_.erase(model_.begin());
    // Fewer than one new event per event on average beyond the budget, so that the run ends.
    for (std::uint64_t n = budget_ > 0 ? random_() % 3 : 0; n > 0 && budget_ > 0; --n, --budget_)
      add(now + distance());
  }
  Tick distance() {
    switch (random_() % 8) {
      case 0:
        return 0;
      case 1:
        return random_() % 4;
      case 2:
        return random_() % kSlot;
      case 3:
        return kSlot - 1 + random_() % 3;
      case 4:
        return random_() % (64 * kSlot);
      case 5:
        return kWindow - 2 * kSlot + random_() % (4 * kSlot);
      case 6:
        return random_() % (3 * kWindow);
      default:
        return random_() % kSecond;
    }
  }
  std::uint64_t random() { return random_(); }
  Tick model_next() const { return model_.empty() ? kNever : std::get<0>(*model_.begin()); }
  std::size_t model_size() const { return model_.size(); }

  EventWheel wheel;
  bool ok = true;

 private:
  std::mt19937_64 random_;
  std::set<std::tuple<Tick, int, ComponentId, std::uint64_t>> model_;
  std::uint64_t sequence_ = 0;
  std::int64_t budget_ = 20'000;
};

}  // namespace

TEST_CASE("the event wheel runs random schedules in the order of an ordered set") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Comparison c(seed);
    for (int i = 0; i < 200; ++i) c.add(c.distance());
    while (!c.wheel.empty() && c.ok) {
      c.ok = c.ok && c.wheel.next_time() == c.model_next();
      c.wheel.run_one();
    }
    INFO("seed " << seed);
    REQUIRE(c.ok);
    REQUIRE(c.model_size() == 0);
  }
}

TEST_CASE("the event wheel takes events from outside between looking at the next time and running") {
  // next_time() may open a slot ahead of now(); an event scheduled before that slot must still come first.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Comparison c(seed);
    c.add(c.distance());
    for (int step = 0; step < 5000 && c.ok; ++step) {
      c.ok = c.ok && c.wheel.next_time() == c.model_next();
      if (c.random() % 2 == 0) c.add(c.wheel.now() + c.distance());
      if (c.random() % 4 == 0) c.wheel.run_until(c.wheel.now() + c.distance() / 16);
      if (!c.wheel.empty()) c.wheel.run_one();
    }
    INFO("seed " << seed);
    REQUIRE(c.ok);
  }
}

TEST_CASE("events of one instant run by phase, then component, then order of scheduling") {
  EventWheel wheel;
  struct Order final : WheelClient {
    void on_wheel(Tick, Phase, std::uint64_t cookie) override { seen.push_back(cookie); }
    std::vector<std::uint64_t> seen;
  } client;
  wheel.schedule(5, Phase::firmware, 0, client, 7);
  wheel.schedule(5, Phase::arbitrate, 2, client, 5);
  wheel.schedule(5, Phase::arbitrate, 1, client, 3);
  wheel.schedule(5, Phase::deliver, 0xFFFF'FFFF, client, 2);
  wheel.schedule(5, Phase::deliver, 9, client, 1);
  wheel.schedule(5, Phase::arbitrate, 1, client, 4);
  wheel.schedule(5, Phase::arbitrate, 3, client, 6);
  wheel.schedule(4, Phase::firmware, 9, client, 0);
  wheel.run_until(5);
  CHECK(client.seen == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("the order of scheduling between different components does not matter") {
  std::vector<Entry> expected;
  std::mt19937_64 random(7);
  for (int round = 0; round < 50; ++round) {
    EventWheel wheel;
    std::vector<Entry> seen;
    struct Client final : WheelClient {
      void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override {
        seen->push_back({now, phase, id, cookie});
      }
      std::vector<Entry>* seen = nullptr;
      ComponentId id = 0;
    };
    std::vector<Client> clients(24);
    std::vector<std::size_t> order(clients.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      clients[i].seen = &seen;
      clients[i].id = static_cast<ComponentId>(i);
      order[i] = i;
    }
    for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random() % (i + 1)]);
    // Each component schedules its own three events in its own order; components are permuted.
    for (const std::size_t i : order) {
      for (std::uint64_t k = 0; k < 3; ++k)
        wheel.schedule(100 + i % 4, static_cast<Phase>(i % 3), clients[i].id, clients[i], k);
    }
    wheel.run_until(200);
    if (round == 0) expected = seen;
    REQUIRE(seen == expected);
  }
}

TEST_CASE("an event may schedule at its own instant and runs before later ones") {
  EventWheel wheel;
  struct Chain final : WheelClient {
    explicit Chain(EventWheel& w) : wheel(w) {}
    void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override {
      seen.push_back({now, phase, 0, cookie});
      if (cookie == 0) {
        wheel.schedule(now, Phase::arbitrate, 1, *this, 2);
        wheel.schedule(now, Phase::deliver, 1, *this, 1);
      }
    }
    EventWheel& wheel;
    std::vector<Entry> seen;
  } client(wheel);
  wheel.schedule(11, Phase::deliver, 0, client, 3);
  wheel.schedule(10, Phase::deliver, 0, client, 0);
  wheel.run_until(11);
  REQUIRE(client.seen.size() == 4);
  for (std::uint64_t i = 0; i < 4; ++i) CHECK(client.seen[i].cookie == i);
  CHECK(client.seen[2].at == 10);
}

TEST_CASE("events at the edges of slots and of the window run at their own times") {
  EventWheel wheel;
  Recorder client;
  std::vector<Tick> times{
      0,           1,           kSlot - 1,         kSlot,           kSlot + 1,   kWindow - kSlot,
      kWindow - 1, kWindow,     kWindow + 1,       2 * kWindow - 1, 2 * kWindow, 2 * kWindow + kSlot,
      kSecond,     5 * kSecond, kNever - 1 - kSlot};
  std::sort(times.begin(), times.end());
  for (auto t = times.rbegin(); t != times.rend(); ++t) wheel.schedule(*t, Phase::deliver, 0, client);
  while (!wheel.empty()) wheel.run_one();
  REQUIRE(client.seen.size() == times.size());
  for (std::size_t i = 0; i < times.size(); ++i) CHECK(client.seen[i].at == times[i]);
  CHECK(wheel.next_time() == kNever);
  CHECK(wheel.events_run() == times.size());
}

TEST_CASE("a far event and a near event of the same slot keep their order") {
  EventWheel wheel;
  Recorder client;
  const Tick target = kWindow + 10 * kSlot;
  wheel.schedule(target + 5, Phase::deliver, 0, client, 2);  // beyond the window: far
  wheel.schedule(20 * kSlot, Phase::deliver, 0, client, 0);
  wheel.run_one();
  wheel.schedule(target + 4, Phase::deliver, 0, client, 1);  // now inside the window: a slot
  wheel.schedule(target + 5, Phase::deliver, 0, client, 3);
  wheel.run_until(target + 5);
  REQUIRE(client.seen.size() == 4);
  for (std::uint64_t i = 0; i < 4; ++i) CHECK(client.seen[i].cookie == i);
}

TEST_CASE("run_until runs events at its limit and none after it") {
  EventWheel wheel;
  Recorder client;
  wheel.schedule(99, Phase::deliver, 0, client);
  wheel.schedule(100, Phase::deliver, 0, client);
  wheel.schedule(101, Phase::deliver, 0, client);
  wheel.run_until(98);
  CHECK(client.seen.empty());
  CHECK(wheel.now() == 98);
  wheel.run_until(100);
  CHECK(client.seen.size() == 2);
  CHECK(wheel.next_time() == 101);
}

TEST_CASE("the wheel tells its driver when an event becomes the earliest") {
  EventWheel wheel;
  Recorder client;
  int told = 0;
  wheel.on_earlier([&] { ++told; });
  wheel.schedule(100, Phase::deliver, 0, client);
  CHECK(told == 1);
  wheel.schedule(100, Phase::deliver, 0, client);
  wheel.schedule(2 * kWindow, Phase::deliver, 0, client);
  CHECK(told == 1);
  wheel.schedule(99, Phase::deliver, 0, client);
  CHECK(told == 2);
}

TEST_CASE("a wake-up fires once, at the earliest armed time, and forgets what it superseded") {
  EventWheel wheel;
  struct Component final : WheelClient {
    explicit Component(EventWheel& w) : wake(w, Phase::deliver, 0, *this) {}
    void on_wheel(Tick now, Phase, std::uint64_t) override {
      if (wake.take(now))
        fired.push_back(now);
      else
        ++stale;
      if (now == rearm_when) wake.arm(rearm_at);
    }
    WakeUp wake;
    std::vector<Tick> fired;
    int stale = 0;
    Tick rearm_when = kNever, rearm_at = kNever;
  };
  SECTION("arming later than what is armed does nothing") {
    Component c(wheel);
    c.wake.arm(10);
    c.wake.arm(20);
    c.wake.arm(10);
    wheel.run_until(30);
    CHECK(c.fired == std::vector<Tick>{10});
    CHECK(c.stale == 0);
  }
  SECTION("arming earlier supersedes") {
    Component c(wheel);
    c.wake.arm(20);
    c.wake.arm(10);
    wheel.run_until(9);
    CHECK(c.fired.empty());
    wheel.run_until(30);
    CHECK(c.fired == std::vector<Tick>{10});
    CHECK(c.stale == 1);
  }
  SECTION("re-arming at a superseded time fires once there") {
    Component c(wheel);
    c.rearm_when = 10;
    c.rearm_at = 20;
    c.wake.arm(20);
    c.wake.arm(10);
    wheel.run_until(30);
    CHECK(c.fired == std::vector<Tick>{10, 20});
    CHECK(c.stale == 1);
  }
  SECTION("arming at kNever does nothing") {
    Component c(wheel);
    c.wake.arm(kNever);
    CHECK(wheel.empty());
  }
}

}  // namespace moesaic
