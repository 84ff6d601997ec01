// SPDX-License-Identifier: Apache-2.0
// Everything that one simulation measured; what the report is made from. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw/control/stats.h"
#include "hw/d2d/stats.h"
#include "hw/dma/stats.h"
#include "hw/memory/stats.h"
#include "hw/sram/stats.h"
#include "hw/tensor_engine/stats.h"
#include "tlm/causal_log.h"
#include "tlm/tick.h"

namespace moesaic {

struct NodeResult {
  NodeId node{};
  TensorEngineStats tensor_engine;
  SramStats sram;
  std::uint64_t peak_slot_bytes =
      0;  ///< most SRAM in allocated slots at once (SlotTable::peak_allocated_bytes)
  std::vector<MemoryStats> memory;  ///< one entry a channel; empty where no memory is attached
  MemoryErrorStats memory_errors;
  DmaStats dma;
  CommandProcessorStats command_processor;
  ControlCoreStats agent;
  ControlCoreStats scheduler;  ///< all zero where no scheduler core is
  NiStats network;
};

struct LinkResult {
  NodeId from{};
  NodeId to{};
  LinkStats stats;
};

struct LayerTime {
  std::uint32_t iteration = 0;
  std::uint32_t layer = 0;
  Tick begin = 0;
  Tick end = 0;
  std::uint64_t tokens = 0;          ///< that were in it and were not deferred
  std::uint64_t active_experts = 0;  ///< with such tokens, shared experts included
};

enum class IterationKind : std::uint8_t {
  warmup,
  measured,
  drain  ///< behind the planned ones: what deferrals have left
};

struct IterationTime {
  std::uint32_t number = 0;
  IterationKind kind = IterationKind::measured;
  Tick begin = 0;
  Tick end = 0;
  std::uint64_t tokens = 0;             ///< that went through their last layer in it
  std::uint64_t prefill_tokens = 0;     ///< of them
  std::uint64_t deferred_requests = 0;  ///< a request counts as often as it was deferred
  std::uint64_t deferred_tokens = 0;
};

/// Conservation: every (token, expert) pair of the routing must have each of its F columns computed exactly
/// once, and every result row must be stored exactly once.
struct WorkCount {
  std::uint64_t pairs = 0;              ///< (token, expert) pairs expected, shared experts included
  std::uint64_t slices = 0;             ///< (token, expert, slice) computes counted
  std::uint64_t macs = 0;               ///< multiply-accumulates that the pairs need
  std::uint64_t outputs = 0;            ///< result rows that were stored whole
  std::vector<std::string> violations;  ///< "token 3, expert 17: columns 64..127 computed twice"; first few
  std::uint64_t violation_count = 0;
};

/// Functional mode: the layer outputs in memory against the independent reference.
struct FunctionalCheck {
  std::uint64_t values = 0;
  std::uint64_t mismatches = 0;
  std::string first_mismatch;
};

struct DeviationCount {
  std::string kind;  ///< "drop", "recompute"
  std::uint64_t tokens = 0;
};

/// A number that the image published (hal.statistic): the last value of a core under this name.
struct ImageStatistic {
  NodeId node{};
  std::string core;  ///< "agent", "scheduler"
  std::string name, unit;
  double value = 0.0;
};

enum class Outcome : std::uint8_t { ok, fault, firmware_failure, hang, not_conserved, not_equal };

struct RunResult {
  Outcome outcome = Outcome::ok;
  std::vector<std::string> messages;  ///< fault, failure or hang report, for people
  Tick makespan = 0;
  std::vector<LayerTime> layers;
  std::vector<IterationTime> iterations;  ///< that have ended
  std::vector<NodeResult> nodes;
  std::vector<LinkResult> links;
  std::vector<PathStep> critical_path;    ///< latest first; sums to the makespan exactly
  std::vector<Activity> path_activities;  ///< activity of each step, same order
  CauseTimes causes{};                    ///< the path, summed by cause
  WorkCount work;
  std::optional<FunctionalCheck> functional;
  std::vector<DeviationCount> deviations;
  std::vector<ImageStatistic>
      image_statistics;  ///< by die and core; of one core in order of first publication
  std::string image_name;
  bool oracle = false;
  std::uint64_t active_experts =
      0;                         ///< (iteration, layer, expert) triples with tokens, shared experts included
  std::uint64_t activities = 0;  ///< size of the causal log
  std::uint64_t wheel_events = 0;
  std::uint64_t protocol_transactions = 0;  ///< watched by --check-protocol; 0 when off
};

}  // namespace moesaic
