// SPDX-License-Identifier: Apache-2.0
#include "tlm/causal_log.h"

#include <algorithm>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {
constexpr std::uint32_t kNone = 0xFFFF'FFFF;

constexpr std::array<CauseInfo, kCauseCount> kCauses{{
    {"firmware", "a control core executes a handler or a HAL call"},
    {"interrupt", "from the interrupt line to the first instruction of the handler"},
    {"timer", "a control core waits for its own timer"},
    {"command", "fetch, decode and issue of descriptors; completion and signal delivery inside a die"},
    {"dma", "DMA set-up, channel and buffer occupancy"},
    {"memory_transfer", "the data bus of a memory channel moves the bytes"},
    {"memory_row", "activate and precharge that the data bus could not hide"},
    {"memory_turnaround", "read/write turnaround on a memory channel"},
    {"memory_refresh", "refresh blocks a memory channel"},
    {"memory_queue", "a memory channel serves other transactions, those of the same die included"},
    {"memory_latency", "fixed read or write latency of device and controller"},
    {"sram", "SRAM access and bank conflicts"},
    {"fabric_transfer", "serialisation on D2D links"},
    {"fabric_latency", "router pipeline, adapter and PHY latency"},
    {"fabric_queue", "waiting for a link, a virtual channel or credits"},
    {"engine_compute", "the array multiplies"},
    {"engine_fill", "weight load, fill and drain of the array that compute does not hide"},
    {"engine_vector", "vector unit: activation, reduction, softmax"},
}};
}  // namespace

const CauseInfo& describe(Cause cause) {
  return kCauses[static_cast<std::size_t>(cause)];
}

CausalLog::CausalLog() {
  activities_.push_back({0, kRootActivity, kNoNode, UnitId::count, 0});
  last_segment_.push_back(kNone);
}

ActivityId CausalLog::begin(ActivityId cause, Tick begin, NodeId node, UnitId unit, std::uint32_t tag) {
  if ((*this)[cause].begin > begin) panic("causal log", begin, "an activity begins before its cause");
  activities_.push_back({begin, cause, node, unit, tag});
  last_segment_.push_back(kNone);
  return ActivityId(activities_.size() - 1);
}

Tick CausalLog::end(ActivityId id) const {
  const std::uint32_t last = last_segment_[static_cast<std::uint32_t>(id)];
  return last == kNone ? (*this)[id].begin : segments_[last].until;
}

CauseTimes CausalLog::spent(ActivityId id) const {
  CauseTimes times{};
  for (std::uint32_t s = last_segment_[static_cast<std::uint32_t>(id)]; s != kNone;
       s = segments_[s].previous) {
    const std::uint32_t before = segments_[s].previous;
    const Tick from = before == kNone ? (*this)[id].begin : segments_[before].until;
    times[static_cast<std::size_t>(segments_[s].cause)] += segments_[s].until - from;
  }
  return times;
}

void CausalLog::extend(ActivityId id, Cause cause, Tick until) {
  const Tick from = end(id);
  if (until < from) panic("causal log", until, "a segment ends before it begins");
  if (until == from) return;
  std::uint32_t& last = last_segment_[static_cast<std::uint32_t>(id)];
  if (last != kNone && segments_[last].cause == cause) {
    segments_[last].until = until;
    return;
  }
  segments_.push_back({until, last, cause});
  last = static_cast<std::uint32_t>(segments_.size() - 1);
}

void CausalLog::extend(ActivityId id, const CauseTimes& times) {
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    if (times[i] > 0) extend(id, static_cast<Cause>(i), end(id) + times[i]);
  }
}

std::vector<PathStep> CausalLog::critical_path(ActivityId last, Tick at) const {
  std::vector<PathStep> path;
  ActivityId id = last;
  Tick to = at;
  while (id != kRootActivity) {
    const Activity& activity = (*this)[id];
    // 1. Time after the last segment of this activity: it had caused something that is not recorded further.
    const Tick covered = std::min(to, end(id));
    if (to > covered) path.push_back({id, covered, to, Cause::command});
    to = covered;
    // 2. Its segments, latest first, cut at `to`.
    for (std::uint32_t s = last_segment_[static_cast<std::uint32_t>(id)]; s != kNone;
         s = segments_[s].previous) {
      const std::uint32_t before = segments_[s].previous;
      const Tick from = before == kNone ? activity.begin : segments_[before].until;
      if (from >= to) continue;
      path.push_back({id, from, to, segments_[s].cause});
      to = from;
    }
    // 3. On to what it had waited for.
    to = std::min(to, activity.begin);
    id = activity.cause;
  }
  if (to > 0) path.push_back({kRootActivity, 0, to, Cause::command});
  return path;
}

CauseTimes CausalLog::sum(const std::vector<PathStep>& path) {
  CauseTimes times{};
  for (const PathStep& step : path) times[static_cast<std::size_t>(step.cause)] += step.to - step.from;
  return times;
}

}  // namespace moesaic
