// SPDX-License-Identifier: Apache-2.0
// Why time passed. Every command and every firmware handler is an *activity*: it begins when its
// last-arriving dependency arrived (its cause), and its life is cut into segments, each with the one thing it
// was waiting for or doing. Walking causes back from the last activity attributes every femtosecond of the
// makespan to exactly one cause; the sums are exact by construction.
//
// Contract: begin(), then extend() with growing times; the last extend() is the end. An activity may cause
// others at any time between its begin and its end.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tlm/address_map.h"
#include "tlm/tick.h"

namespace moesaic {

/// What a stretch of time on the critical path was spent on. One table: name and sentence are in
/// causal_log.cpp.
enum class Cause : std::uint8_t {
  firmware,         ///< a control core executes a handler or a HAL call
  interrupt,        ///< from the interrupt line to the first instruction of the handler
  timer,            ///< a control core waits for its own timer
  command,          ///< fetch, decode and issue of a descriptor; completion and signal delivery inside a die
  dma,              ///< DMA set-up, channel and buffer occupancy
  memory_transfer,  ///< data bus of a memory channel moves the bytes of this command
  memory_row,       ///< activate and precharge that the data bus could not hide
  memory_turnaround,  ///< read/write turnaround on a memory channel
  memory_refresh,     ///< refresh blocks a memory channel
  memory_queue,       ///< a memory channel serves other transactions, those of the same die included
  memory_latency,     ///< fixed read or write latency of device and controller
  sram,               ///< SRAM access and bank conflicts
  fabric_transfer,    ///< serialisation on D2D links
  fabric_latency,     ///< router pipeline, adapter and PHY latency
  fabric_queue,       ///< waiting for a link, a virtual channel or credits
  engine_compute,     ///< the array multiplies
  engine_fill,        ///< weight load, fill and drain of the array that compute does not hide
  engine_vector,      ///< vector unit: activation, reduction, softmax
  count
};
inline constexpr std::size_t kCauseCount = static_cast<std::size_t>(Cause::count);

struct CauseInfo {
  const char* name;
  const char* sentence;
};
const CauseInfo& describe(Cause cause);

/// Time by cause. Units: ticks.
using CauseTimes = std::array<Tick, kCauseCount>;

/// 0 is the root: the start of the run.
enum class ActivityId : std::uint32_t {};
inline constexpr ActivityId kRootActivity{0};

struct Activity {
  Tick begin;
  ActivityId cause;
  NodeId node;
  UnitId unit;
  std::uint32_t tag;  ///< the command's tag, or the handler's number
};

/// One step of the critical path, latest first.
struct PathStep {
  ActivityId activity;
  Tick from;
  Tick to;
  Cause cause;
};

class CausalLog {
 public:
  CausalLog();

  /// REQUIRES: `cause` began at or before `begin`.
  ActivityId begin(ActivityId cause, Tick begin, NodeId node, UnitId unit, std::uint32_t tag);

  /// The activity spent the time from its last segment's end (or its begin) until `until` on `cause`.
  /// Zero-length extensions are dropped. REQUIRES: `until` is not before the last segment's end.
  void extend(ActivityId id, Cause cause, Tick until);
  /// The same for several causes at once: `times` are laid one behind the other in enum order and must fit.
  void extend(ActivityId id, const CauseTimes& times);

  Tick end(ActivityId id) const;
  /// What the activity has spent its time on so far.
  CauseTimes spent(ActivityId id) const;
  const Activity& operator[](ActivityId id) const { return activities_[static_cast<std::uint32_t>(id)]; }
  std::size_t size() const { return activities_.size(); }

  /// Walks back from `last` at time `at` to tick 0. The times of the steps sum to `at` exactly. Time in which
  /// an activity is known only by its begin (no segment covers it) counts as Cause::command.
  std::vector<PathStep> critical_path(ActivityId last, Tick at) const;
  static CauseTimes sum(const std::vector<PathStep>& path);

 private:
  // Segments of one activity form a linked list, since activities grow interleaved.
  struct Segment {
    Tick until;
    std::uint32_t previous;
    Cause cause;
  };
  std::vector<Activity> activities_;
  std::vector<Segment> segments_;
  std::vector<std::uint32_t> last_segment_;
};

}  // namespace moesaic
