// SPDX-License-Identifier: Apache-2.0
// The one event queue of the data plane. Every timing core of a package schedules its own wake-ups here; one
// SystemC process (tlm/wheel_process.h) drives it.
//
// Models: nothing; it orders. Events run by (time, phase, component id, sequence of scheduling).
// Time: events may be scheduled at now() or later, also from inside a handler.
// Why: a SystemC timed event costs 30-160 ns, growing with the number pending; this costs about 10.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tlm/tick.h"

namespace moesaic {

/// Order of work inside one instant: everything that arrives is delivered before anybody arbitrates, and
/// hardware settles before firmware looks.
enum class Phase : std::uint8_t { deliver = 0, arbitrate = 1, firmware = 2 };

/// Identity of a component in arbitration order. Derived from its place in the package (node, unit), never
/// from the order of construction.
using ComponentId = std::uint32_t;

/// Contract: called by the wheel, once per scheduled event, with the event's time as `now`. May schedule.
class WheelClient {
 public:
  virtual void on_wheel(Tick now, Phase phase, std::uint64_t cookie) = 0;

 protected:
  ~WheelClient() = default;
};

class EventWheel {
 public:
  EventWheel();

  /// REQUIRES: at >= now(); `client` outlives the event.
  void schedule(Tick at, Phase phase, ComponentId component, WheelClient& client, std::uint64_t cookie = 0);

  bool empty() const { return size_ == 0; }
  /// Time of the earliest event, kNever when empty.
  Tick next_time();
  /// Runs the earliest event. REQUIRES: !empty().
  void run_one();
  /// Runs every event with time <= limit, then sets now() to limit.
  void run_until(Tick limit);
  /// Time of the event running or run last.
  Tick now() const { return now_; }

  /// Called whenever an event is scheduled earlier than all others; the driving process re-arms itself with
  /// it.
  void on_earlier(std::function<void()> hook) { earlier_ = std::move(hook); }

  std::uint64_t events_run() const { return events_run_; }

 private:
  struct Event {
    Tick at;
    std::uint64_t order;  // phase, component: see key_of
    std::uint64_t sequence;
    WheelClient* client;
    std::uint64_t cookie;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const;
  };

  // Slots of 2^kSlotBits fs; events of the open slot live in a heap, those of the next kSlots-1 slots
  // unsorted in their slot, all later ones in a far heap.
  static constexpr unsigned kSlotBits = 20;  // about one nanosecond
  static constexpr std::uint64_t kSlots = 4096;

  static std::uint64_t slot_of(Tick t) { return t >> kSlotBits; }
  void open_next_slot();
  void push_open(const Event& event);

  std::vector<Event> open_;
  std::vector<std::vector<Event>> slots_;
  std::vector<std::uint64_t> occupied_;  // bitmap over slots_
  std::vector<Event> far_;
  std::uint64_t open_slot_ = 0;
  std::uint64_t in_slots_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t events_run_ = 0;
  Tick now_ = 0;
  std::function<void()> earlier_;
};

/// The single armed wake-up of a component that only ever needs its earliest one. Arming later than what is
/// armed does nothing; arming earlier supersedes, and the superseded event is recognised as stale by `take`.
class WakeUp {
 public:
  WakeUp(EventWheel& wheel, Phase phase, ComponentId component, WheelClient& client, std::uint64_t cookie = 0)
      : wheel_(wheel), phase_(phase), component_(component), client_(client), cookie_(cookie) {}

  void arm(Tick at) {
    if (at >= armed_) return;
    armed_ = at;
    wheel_.schedule(at, phase_, component_, client_, cookie_);
  }
  /// True exactly once per armed wake-up, when `now` is its time; call first thing in on_wheel.
  bool take(Tick now) {
    if (now != armed_) return false;
    armed_ = kNever;
    return true;
  }

 private:
  EventWheel& wheel_;
  Phase phase_;
  ComponentId component_;
  WheelClient& client_;
  std::uint64_t cookie_;
  Tick armed_ = kNever;
};

}  // namespace moesaic
