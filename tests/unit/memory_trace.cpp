// SPDX-License-Identifier: Apache-2.0
// What a memory channel shows of its data bus, against its commands and counters.
#include <algorithm>
#include <map>

#include "hw/memory/dram_channel.h"
#include "tests/catch.h"
#include "tests/timing/memory_harness.h"

using namespace moesaic;

namespace {

// Keeps the changes of each signal, by name.
struct Kept : TraceSink {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::pair<Tick, std::uint64_t>>> changes;

  SignalId signal(NodeId, const std::string&, const TraceSignal& what) override {
    names.push_back(what.name);
    return SignalId(names.size() - 1);
  }
  TrackId track(NodeId, const std::string&) override { return TrackId{}; }
  void ready() override {}
  void change(Tick at, SignalId signal, std::uint64_t value) override {
    changes[names[static_cast<std::size_t>(signal)]].emplace_back(at, value);
  }
  void add(Tick, SignalId, std::int64_t) override {}
  SpanId begin(TrackId, Tick, std::string, TraceArgs) override { return SpanId{1}; }
  void end(SpanId, Tick, TraceArgs) override {}
  void shows(SpanId, ActivityId) override {}
  void flow(ActivityId, ActivityId) override {}
  void place_marks(NodeId, unsigned, SignalId, TrackId) override {}
  void mark(NodeId, unsigned, Tick, std::string_view) override {}

  /// The states in order of time; of one time the last reported.
  std::vector<std::pair<Tick, BusState>> states() {
    auto all = changes["state"];
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::pair<Tick, BusState>> result;
    for (const auto& [at, value] : all) {
      const auto state = static_cast<BusState>(value);
      if (!result.empty() && result.back().first == at) result.pop_back();
      if (result.empty() || result.back().second != state) result.emplace_back(at, state);
    }
    return result;
  }
};

struct Shown {
  explicit Shown(MemoryParams p)
      : params(p),
        clock(Clock(p.timing.clock_period_fs)),
        channel(p, 0),
        trace(sink, declared(), Clock(p.timing.clock_period_fs, 2), TrackId{}) {
    channel.show(&trace);
    channel.record(&commands);
  }
  ChannelSignals declared() {
    ChannelSignals signals;
    declare_signals(sink, NodeId(0), "channel", signals);
    return signals;
  }
  void arrive(Tick at, std::uint64_t address, std::uint32_t bytes, bool write) {
    channel.arrive(at, Train::block(address, bytes), write, next_id++, 0);
  }
  void run_until(Tick limit) {
    for (Tick now = 0; now < limit;) {
      now = std::min(limit, std::max(now + 1, channel.next_wake()));
      channel.advance(now);
      DramChannel::Done done;
      while (channel.pop_done(done)) {
      }
      if (now == kNever) return;
    }
  }
  Tick time_in(BusState state, Tick end) {
    Tick sum = 0;
    const auto states = sink.states();
    for (std::size_t i = 0; i < states.size(); ++i) {
      const Tick until = i + 1 < states.size() ? states[i + 1].first : end;
      if (states[i].second == state) sum += until - states[i].first;
    }
    return sum;
  }

  MemoryParams params;
  Clock clock;
  Kept sink;
  DramChannel channel;
  ChannelTrace trace;
  std::vector<DramCommand> commands;
  std::uint64_t next_id = 1;
};

MemoryParams one_channel(unsigned refresh_interval) {
  MemoryParams p;
  p.channels = 1;
  p.controller.refresh_policy = refresh_interval > 0 ? RefreshPolicy::all_bank : RefreshPolicy::none;
  if (refresh_interval > 0) p.timing.refi_cycles = refresh_interval;
  return p;
}

}  // namespace

TEST_CASE("the state of a channel is read while bursts follow each other, then idle") {
  Shown shown(one_channel(0));
  shown.arrive(0, 0, 4096, false);
  shown.run_until(10 * kMicrosecond);
  const auto states = shown.sink.states();
  // The row is opened, then everything is read in one go.
  const auto first = std::find_if(shown.commands.begin(), shown.commands.end(),
                                  [](const DramCommand& c) { return c.kind == DramCommandKind::read; });
  REQUIRE(states.size() >= 2);
  REQUIRE(first != shown.commands.end());
  const auto read =
      std::find_if(states.begin(), states.end(), [](const auto& s) { return s.second == BusState::read; });
  REQUIRE(read != states.end());
  CHECK(read->first == shown.clock.edge(first->cycle()));
  CHECK(states.back().second == BusState::idle);
  CHECK(states.back().first ==
        shown.clock.edge(shown.commands.back().cycle() + shown.params.timing.burst_cycles));
  const MemoryStats stats = shown.channel.stats();
  CHECK(shown.time_in(BusState::read, 10 * kMicrosecond) >= stats.busy);
  CHECK(shown.time_in(BusState::read, 10 * kMicrosecond) <= stats.busy + stats.lost_to_column);
}

TEST_CASE("a channel shows its refreshes at their times although it decides them late") {
  Shown shown(one_channel(12480));
  shown.arrive(0, 0, 64, false);
  shown.run_until(1 * kMicrosecond);
  // Nothing for a while; the next request brings all refreshes since with it.
  const Tick late = shown.clock.edge(12480 * 4 + 6000);
  shown.arrive(late, 8192, 64, false);
  shown.run_until(late + 5 * kMicrosecond);
  const auto states = shown.sink.states();
  std::vector<Tick> refreshes;
  for (const auto& [at, state] : states) {
    if (state == BusState::refresh) refreshes.push_back(at);
  }
  REQUIRE(refreshes.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(refreshes[i] == shown.clock.edge(12480 * (i + 1)));
  CHECK(shown.channel.stats().refreshes == 4);
  // Between them it is idle, also where that was known only later.
  CHECK(shown.time_in(BusState::read, late) < kMicrosecond / 10);
}

TEST_CASE("a channel that turns from reads to writes waits for the turn and for the row") {
  Shown shown(one_channel(0));
  shown.arrive(0, 0, 2048, false);
  shown.arrive(0, 1 << 20, 2048, true);
  shown.run_until(20 * kMicrosecond);
  const auto states = shown.sink.states();
  const auto has = [&](BusState state) {
    return std::any_of(states.begin(), states.end(), [&](const auto& s) { return s.second == state; });
  };
  CHECK(has(BusState::read));
  CHECK(has(BusState::write));
  const MemoryStats stats = shown.channel.stats();
  CHECK(has(BusState::turnaround) == (stats.lost_to_turnaround > 0));
  CHECK(shown.time_in(BusState::turnaround, 20 * kMicrosecond) == stats.lost_to_turnaround);
  // The state ends with the column command; the CAS before it is a loss to column commands.
  CHECK(shown.time_in(BusState::row, 20 * kMicrosecond) ==
        stats.lost_to_row + stats.wck_syncs * shown.clock.edge(1));
}

TEST_CASE("a channel that is shown decides as one that is not") {
  Shown shown(one_channel(12480));
  DramChannel plain(one_channel(12480), 0);
  std::vector<DramCommand> commands;
  plain.record(&commands);
  for (unsigned i = 0; i < 40; ++i) {
    const Tick at = i * 700 * kNanosecond;
    shown.channel.advance(at);
    plain.advance(at);
    const Train train = Train::block(std::uint64_t{i * 7919} % 65536 * 64, 512);
    shown.channel.arrive(at, train, i % 3 == 0, i, 0);
    plain.arrive(at, train, i % 3 == 0, i, 0);
    DramChannel::Done done;
    while (shown.channel.pop_done(done)) {
    }
    while (plain.pop_done(done)) {
    }
  }
  CHECK(shown.commands == commands);
  CHECK(!commands.empty());
}

namespace {

// Every counter, in order.
struct Values {
  template <class T>
  void operator()(const Field&, const T& value) {
    all.push_back(static_cast<double>(value));
  }
  template <class T>
  void group(const char*, const T& part) {
    describe_metrics(*this, part);
  }
  std::vector<double> all;
};
std::vector<double> values(const MemoryStats& stats) {
  Values values;
  describe_metrics(values, stats);
  return values.all;
}

}  // namespace

// A channel that is shown serves burst by burst; one that is not takes runs of row hits in one step.
TEST_CASE("runs of row hits change neither commands, times, causes nor counters") {
  for (const char* map : {"M1", "M2", "M2X"}) {
    for (const bool write : {false, true}) {
      MemoryParams params;
      params.channels = 1;
      params.address_map.bits = map;
      Shown shown(params);
      std::vector<memory_test::Arrival> arrivals;
      for (unsigned i = 0; i < 12; ++i) {
        // Most follow each other; sizes and places that do not divide anything.
        const Tick at = i / 4 * kMicrosecond;
        const Train train = Train::block(i % 5 == 4 ? i * 77777 : i * 12352, 12352);
        arrivals.push_back({at, train, write != (i == 6), i + 1, 0});
      }
      const memory_test::Outcome outcome = memory_test::run(params, arrivals);
      for (std::size_t next = 0; next < arrivals.size();) {
        const Tick now = arrivals[next].at;
        for (; next < arrivals.size() && arrivals[next].at == now; ++next)
          shown.channel.arrive(now, arrivals[next].train, arrivals[next].write, arrivals[next].id, 0);
        shown.channel.advance(now);
      }
      shown.channel.advance(outcome.last);
      DramChannel::Done done;
      unsigned answered = 0;
      for (; shown.channel.pop_done(done); ++answered) {
        CHECK(done.at == outcome.done.at(done.id).at);
        CHECK(done.causes == outcome.done.at(done.id).causes);
      }
      CHECK(answered == arrivals.size());
      CHECK(shown.commands == outcome.commands);
      MemoryStats stats = shown.channel.stats();
      stats.queue_peak = outcome.stats.queue_peak;  // answered trains were not taken meanwhile
      CHECK(values(stats) == values(outcome.stats));
      CHECK(shown.channel.work().runs == 0);
      CHECK(outcome.work.run_bursts > 1000);
    }
  }
}
