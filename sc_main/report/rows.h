// SPDX-License-Identifier: Apache-2.0
// What a report says, table by table: a struct and the declaration of its numbers. How a declaration is used:
// metrics.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sc_main/report/fabric_rows.h"

namespace moesaic {

/// What was simulated, and how it ended.
struct IdentityRow {
  std::string version, experiment, package, model, image, routing_source;
  bool synthetic = false, oracle = false, functional = false;
  std::uint64_t seed = 0;
  std::string outcome;
  unsigned dies = 0, rows = 0, columns = 0;
  std::uint64_t tokens = 0, layers = 0, iterations = 1, warmup_iterations = 0;
  std::string requests;
  std::vector<std::string> messages, assumptions;

  /// The last layer ended; a check may still have failed.
  bool finished() const { return outcome == "ok" || outcome == "not_conserved" || outcome == "not_equal"; }
};
template <class V>
void describe_metrics(V& v, const IdentityRow& r) {
  v(Field{"version", "", "version of moesaic"}, r.version);
  v(Field{"experiment", "", "name of the experiment"}, r.experiment);
  v(Field{"package", "", "name of the package"}, r.package);
  v(Field{"model", "", "name of the model"}, r.model);
  v(Field{"image", "", "name of the firmware image"}, r.image);
  v(Field{"routing_source", "", "where the routing comes from"}, r.routing_source);
  v(Field{"synthetic", "", "the routing was generated, not recorded"}, r.synthetic);
  v(Field{"oracle", "", "every core knew the whole routing for free"}, r.oracle);
  v(Field{"functional", "", "bytes were carried and compared with the reference"}, r.functional);
  v(Field{"seed", "", "seed of everything generated"}, r.seed);
  v(Field{"outcome", "", "ok, fault, firmware_failure, hang, not_conserved or not_equal"}, r.outcome);
  v(Field{"dies", "count", "dies of the package"}, r.dies);
  v(Field{"rows", "count", "rows of dies"}, r.rows);
  v(Field{"columns", "count", "columns of dies"}, r.columns);
  v(Field{"tokens", "count", "tokens of an iteration"}, r.tokens);
  v(Field{"layers", "count", "layers of an iteration"}, r.layers);
  v(Field{"iterations", "count", "iterations planned to be measured"}, r.iterations);
  v(Field{"warmup_iterations", "count", "iterations planned before them"}, r.warmup_iterations);
  v(Field{"requests", "", "whose tokens the iterations are made of, and where that comes from"}, r.requests);
  v(Field{"messages", "", "fault, failure or hang report"}, r.messages);
  v(Field{"assumptions", "", "what nobody has sourced: constants and parameters of the memory device"},
    r.assumptions);
}

/// The whole run in one row.
struct SummaryRow {
  Tick makespan = 0, time_per_layer = 0;
  double tokens_per_s = 0.0, distance_to_bound = 0.0;
  std::uint64_t measured_tokens = 0;
  Tick measured_time = 0, time_per_iteration = 0;
  double measured_tokens_per_s = 0.0;
  std::uint64_t deferred_requests = 0, deferred_tokens = 0;
  std::string why;
  double engine_busy_share = 0.0, engine_macs_share = 0.0, macs_per_s = 0.0, peak_macs_per_s = 0.0;
  std::uint64_t macs = 0;
  std::uint64_t memory_read_bytes = 0, memory_write_bytes = 0;
  double memory_bytes_per_s = 0.0, peak_memory_bytes_per_s = 0.0, memory_share = 0.0;
  ByClass d2d_payload{"bytes", {}};
  std::uint64_t d2d_wire_bytes = 0;
  double link_busy_max = 0.0, link_busy_mean = 0.0;
  std::uint64_t sram_read_bytes = 0, sram_write_bytes = 0, peak_slot_bytes = 0, sram_size_bytes = 0;
  Tick control_busy = 0;
  double control_busy_share_max = 0.0;
  double joules = 0.0, watts = 0.0;
  std::uint64_t commands = 0, activities = 0, wheel_events = 0, protocol_transactions = 0;
};
template <class V>
void describe_metrics(V& v, const SummaryRow& r) {
  v(Field{"makespan", "ticks", "from the start of the run to the end of the last layer"}, r.makespan);
  v(Field{"time_per_layer", "ticks", "makespan divided by the layers run in all iterations"},
    r.time_per_layer);
  v(Field{"tokens_per_s", "1/s", "tokens times layers, divided by makespan: tokens through one layer"},
    r.tokens_per_s);
  v(Field{"distance_to_bound", "ratio", "makespan divided by the largest lower bound"}, r.distance_to_bound);
  v(Field{"measured_tokens", "count", "tokens that went through their last layer in a measured iteration"},
    r.measured_tokens);
  v(Field{"measured_time", "ticks", "the measured iterations together"}, r.measured_time);
  v(Field{"time_per_iteration", "ticks", "of a measured iteration, mean"}, r.time_per_iteration);
  v(Field{"measured_tokens_per_s", "1/s",
          "measured_tokens divided by measured_time: tokens through all layers"},
    r.measured_tokens_per_s);
  v(Field{"deferred_requests", "count", "deferrals of a request to the next iteration, in the whole run"},
    r.deferred_requests);
  v(Field{"deferred_tokens", "count", "tokens of those requests, each as often as it was deferred"},
    r.deferred_tokens);
  v(Field{"why", "", "what the critical path was made of"}, r.why);
  v(Field{"engine_busy_share", "ratio", "time in which an engine executed a command, mean over dies"},
    r.engine_busy_share);
  v(Field{"engine_macs_share", "ratio", "multiply-accumulates done per peak of all engines"},
    r.engine_macs_share);
  v(Field{"macs", "MACs", "multiply-accumulates done, all engines"}, r.macs);
  v(Field{"macs_per_s", "1/s", "the same per time"}, r.macs_per_s);
  v(Field{"peak_macs_per_s", "1/s", "peak of all engines"}, r.peak_macs_per_s);
  v(Field{"memory_read_bytes", "bytes", "read from memory"}, r.memory_read_bytes);
  v(Field{"memory_write_bytes", "bytes", "written to memory"}, r.memory_write_bytes);
  v(Field{"memory_bytes_per_s", "bytes/s", "achieved by all channels"}, r.memory_bytes_per_s);
  v(Field{"peak_memory_bytes_per_s", "bytes/s", "peak of all channels"}, r.peak_memory_bytes_per_s);
  v(Field{"memory_share", "ratio", "achieved divided by peak"}, r.memory_share);
  v(Field{"d2d_wire_bytes", "bytes", "summed over links, header and framing included"}, r.d2d_wire_bytes);
  v(Field{"link_busy_max", "ratio", "busy share of the busiest link direction"}, r.link_busy_max);
  v(Field{"link_busy_mean", "ratio", "busy share, mean over link directions"}, r.link_busy_mean);
  v(Field{"sram_read_bytes", "bytes", "read from SRAM, all dies"}, r.sram_read_bytes);
  v(Field{"sram_write_bytes", "bytes", "written to SRAM, all dies"}, r.sram_write_bytes);
  v(Field{"peak_slot_bytes", "bytes", "most SRAM in slots at once, fullest die"}, r.peak_slot_bytes);
  v(Field{"sram_size_bytes", "bytes", "SRAM of one die"}, r.sram_size_bytes);
  v(Field{"control_busy", "ticks", "control cores executed handlers, summed over cores"}, r.control_busy);
  v(Field{"control_busy_share_max", "ratio", "busy share of the busiest control core"},
    r.control_busy_share_max);
  v(Field{"joules", "J", "energy of the package"}, r.joules);
  v(Field{"watts", "W", "energy divided by makespan"}, r.watts);
  v(Field{"commands", "count", "commands completed"}, r.commands);
  v(Field{"activities", "count", "entries of the causal log"}, r.activities);
  v(Field{"wheel_events", "count", "events the simulator processed"}, r.wheel_events);
  v(Field{"protocol_transactions", "count", "transactions the protocol checkers watched; 0 when off"},
    r.protocol_transactions);
  v.group("d2d_payload", r.d2d_payload);
}

/// Did every (token, expert) pair get computed exactly once, and correctly?
struct WorkRow {
  std::uint64_t pairs = 0, slices = 0, macs = 0, active_experts = 0, outputs = 0, violation_count = 0;
  std::vector<std::string> violations;
  bool checked = false;
  std::uint64_t values = 0, mismatches = 0;
  std::string first_mismatch;
};
template <class V>
void describe_metrics(V& v, const WorkRow& r) {
  v(Field{"pairs", "count", "(token, expert) pairs of the routing, shared experts included"}, r.pairs);
  v(Field{"slices", "count", "(token, expert, slice) computes that retired"}, r.slices);
  v(Field{"macs", "MACs", "multiply-accumulates that the pairs need"}, r.macs);
  v(Field{"active_experts", "count", "(layer, expert) pairs that have tokens, counted in each iteration"},
    r.active_experts);
  v(Field{"outputs", "count", "result rows of tokens that stores have brought to memory"}, r.outputs);
  v(Field{"violation_count", "count", "columns computed, or result rows stored, not once"},
    r.violation_count);
  v(Field{"violations", "", "the first of them"}, r.violations);
  v(Field{"functional_checked", "", "outputs were compared with the reference"}, r.checked);
  v(Field{"functional_values", "count", "values compared"}, r.values);
  v(Field{"functional_mismatches", "count", "values that differ"}, r.mismatches);
  v(Field{"first_mismatch", "", "the first of them"}, r.first_mismatch);
}

struct DeviationRow {
  std::string kind;
  std::uint64_t tokens = 0;
};
template <class V>
void describe_metrics(V& v, const DeviationRow& r) {
  v(Field{"kind", "", "what the image declared: drop, recompute or padding"}, r.kind);
  v(Field{"tokens", "count", "(token, expert) pairs concerned; of padding: rows that belong to no token"},
    r.tokens);
}

struct ImageStatisticRow {
  std::uint64_t node = 0;
  std::string core, name, unit;
  double value = 0.0;
};
template <class V>
void describe_metrics(V& v, const ImageStatisticRow& r) {
  v(Field{"node", "", "die of the core"}, r.node);
  v(Field{"core", "", "agent or scheduler"}, r.core);
  v(Field{"name", "", "as the image calls it; what it means says the image's documentation"}, r.name);
  v(Field{"unit", "", "as the image calls it"}, r.unit);
  v(Field{"value", "", "the last one that this core published under this name"}, r.value);
}

/// One iteration: all layers once.
struct IterationRow {
  std::uint64_t number = 0;
  std::string kind;
  Tick begin = 0, end = 0, time = 0;
  std::uint64_t tokens = 0, prefill_tokens = 0, deferred_requests = 0, deferred_tokens = 0;
};
template <class V>
void describe_metrics(V& v, const IterationRow& r) {
  v(Field{"number", "", "number of the iteration"}, r.number);
  v(Field{"kind", "", "warmup, measured, or drain: behind the planned ones, what deferrals have left"},
    r.kind);
  v(Field{"begin", "ticks", "its first layer_start was delivered"}, r.begin);
  v(Field{"end", "ticks", "its last layer was done"}, r.end);
  v(Field{"time", "ticks", "end minus begin"}, r.time);
  v(Field{"tokens", "count", "tokens that went through their last layer in it"}, r.tokens);
  v(Field{"prefill_tokens", "count", "of them, tokens of prompts"}, r.prefill_tokens);
  v(Field{"deferred_requests", "count", "deferrals of a request to the next iteration"}, r.deferred_requests);
  v(Field{"deferred_tokens", "count", "tokens of those requests"}, r.deferred_tokens);
}

struct LayerRow {
  std::uint64_t iteration = 0, layer = 0, tokens = 0, active_experts = 0;
  Tick begin = 0, end = 0, time = 0;
};
template <class V>
void describe_metrics(V& v, const LayerRow& r) {
  v(Field{"iteration", "", "number of the iteration"}, r.iteration);
  v(Field{"layer", "", "number of the layer"}, r.layer);
  v(Field{"tokens", "count", "tokens in it, without those that were deferred"}, r.tokens);
  v(Field{"active_experts", "count", "experts with such tokens, shared ones included"}, r.active_experts);
  v(Field{"begin", "ticks", "layer_start was delivered"}, r.begin);
  v(Field{"end", "ticks", "the last core was done"}, r.end);
  v(Field{"time", "ticks", "end minus begin"}, r.time);
}

struct CauseRow {
  std::string cause, family, sentence;
  Tick time = 0;
  double share = 0.0;
};
template <class V>
void describe_metrics(V& v, const CauseRow& r) {
  v(Field{"cause", "", "what the critical path did or waited for (`moesaic list causes`)"}, r.cause);
  v(Field{"family", "", "control, memory, fabric, engine or on-die movement"}, r.family);
  v(Field{"sentence", "", "the cause in words"}, r.sentence);
  v(Field{"time", "ticks", "time of the critical path; all causes sum to the makespan exactly"}, r.time);
  v(Field{"share", "ratio", "of the makespan"}, r.share);
}

struct PlaceRow {
  std::string place, unit, cause;
  Tick time = 0;
  double share = 0.0;
};
template <class V>
void describe_metrics(V& v, const PlaceRow& r) {
  v(Field{"place", "", "die on which the critical path was"}, r.place);
  v(Field{"unit", "", "unit of that die"}, r.unit);
  v(Field{"cause", "", "what it did or waited for"}, r.cause);
  v(Field{"time", "ticks", "time of the critical path; all places sum to the makespan exactly"}, r.time);
  v(Field{"share", "ratio", "of the makespan"}, r.share);
}

struct BoundRow {
  std::string resource, unit;
  std::uint64_t work = 0;
  double peak_per_s = 0.0;
  Tick time = 0;
  double share = 0.0;
};
template <class V>
void describe_metrics(V& v, const BoundRow& r) {
  v(Field{"resource", "", "memory, engine, fabric or control"}, r.resource);
  v(Field{"unit", "", "unit of the work"}, r.unit);
  v(Field{"work", "", "least work that any image has to do"}, r.work);
  v(Field{"peak_per_s", "1/s", "peak rate of the package"}, r.peak_per_s);
  v(Field{"time", "ticks", "work divided by peak: no image can be faster"}, r.time);
  v(Field{"share", "ratio", "of the makespan"}, r.share);
}

struct BudgetRow {
  std::string quantity, unit;
  double d2d = 0.0, sram = 0.0, memory = 0.0, rest = 0.0, all = 0.0, limit = 0.0;
  bool exceeded = false;
};
template <class V>
void describe_metrics(V& v, const BudgetRow& r) {
  v(Field{"quantity", "", "die_area or package_power, estimated from the package's sizes alone"}, r.quantity);
  v(Field{"unit", "", "mm2 or W"}, r.unit);
  v(Field{"d2d", "", "part that goes with the D2D bandwidth"}, r.d2d);
  v(Field{"sram", "", "part that goes with the SRAM"}, r.sram);
  v(Field{"memory", "", "part that goes with the memory bandwidth"}, r.memory);
  v(Field{"rest", "", "part that goes with nothing"}, r.rest);
  v(Field{"all", "", "sum of the parts"}, r.all);
  v(Field{"limit", "", "what the package is meant to take at most; 0: no limit"}, r.limit);
  v(Field{"exceeded", "", "the sum is above the limit"}, r.exceeded);
}

struct EnergyRow {
  std::string component, event, constant_unit, evidence, source;
  double events = 0.0, constant = 0.0, joules = 0.0, share = 0.0;
};
template <class V>
void describe_metrics(V& v, const EnergyRow& r) {
  v(Field{"component", "",
          "engine, vector, sram, memory_activate, _read, _write, _refresh or _background, d2d, d2d_router, "
          "d2d_idle, control or idle"},
    r.component);
  v(Field{"event", "", "what is counted"}, r.event);
  v(Field{"events", "", "how often"}, r.events);
  v(Field{"constant", "", "energy per event, or power"}, r.constant);
  v(Field{"constant_unit", "", "unit of the constant"}, r.constant_unit);
  v(Field{"evidence", "", "V read, Q quoted, S secondary, D derived, assumed"}, r.evidence);
  v(Field{"source", "", "where the constant comes from"}, r.source);
  v(Field{"joules", "J", "events times constant"}, r.joules);
  v(Field{"share", "ratio", "of the package's energy"}, r.share);
}

struct ChannelRow {
  double bytes_per_s = 0.0, share = 0.0, busy_share = 0.0;
  double row_hit_share = 0.0, refresh_share = 0.0, turnaround_share = 0.0, queue_mean = 0.0;
  MemoryStats stats;
};
template <class V>
void describe_metrics(V& v, const ChannelRow& r) {
  v(Field{"bytes_per_s", "bytes/s", "read and written per time of the run"}, r.bytes_per_s);
  v(Field{"share", "ratio", "achieved divided by peak"}, r.share);
  v(Field{"busy_share", "ratio", "time in which the data bus moved data"}, r.busy_share);
  v(Field{"row_hit_share", "ratio", "bursts that found their row open, of all bursts"}, r.row_hit_share);
  v(Field{"refresh_share", "ratio", "time that refresh, or preparing for it, kept from the data bus"},
    r.refresh_share);
  v(Field{"turnaround_share", "ratio", "time that turns between reads and writes kept from the data bus"},
    r.turnaround_share);
  v(Field{"queue_mean", "count", "trains in the channel, mean over the run"}, r.queue_mean);
  describe_metrics(v, r.stats);
}

struct EngineRow {
  double busy_share = 0.0, compute_share = 0.0, macs_per_s = 0.0, peak_macs_per_s = 0.0, macs_share = 0.0;
  TensorEngineStats stats;
};
template <class V>
void describe_metrics(V& v, const EngineRow& r) {
  v(Field{"busy_share", "ratio", "time in which the engine executed a command"}, r.busy_share);
  v(Field{"compute_share", "ratio", "time in which operands streamed through the array"}, r.compute_share);
  v(Field{"macs_per_s", "1/s", "multiply-accumulates per time of the run"}, r.macs_per_s);
  v(Field{"peak_macs_per_s", "1/s", "rows times columns times clock"}, r.peak_macs_per_s);
  v(Field{"macs_share", "ratio", "achieved divided by peak"}, r.macs_share);
  describe_metrics(v, r.stats);
}

struct SramRow {
  std::uint64_t peak_slot_bytes = 0, size_bytes = 0;
  SramStats stats;
};
template <class V>
void describe_metrics(V& v, const SramRow& r) {
  v(Field{"peak_slot_bytes", "bytes", "most SRAM in allocated slots at once"}, r.peak_slot_bytes);
  v(Field{"size_bytes", "bytes", "capacity"}, r.size_bytes);
  describe_metrics(v, r.stats);
}

struct CoreRow {
  double busy_share = 0.0;
  ControlCoreStats stats;
};
template <class V>
void describe_metrics(V& v, const CoreRow& r) {
  v(Field{"busy_share", "ratio", "time in which the core executed handlers"}, r.busy_share);
  describe_metrics(v, r.stats);
}

struct NodeRow {
  std::uint64_t node = 0;
  EngineRow tensor_engine;
  SramRow sram;
  std::vector<ChannelRow> memory;
  MemoryErrorStats memory_errors;
  DmaStats dma;
  CommandProcessorStats command_processor;
  CoreRow agent, scheduler;
  NiStats network;
};
template <class V>
void describe_metrics(V& v, const NodeRow& r) {
  v(Field{"node", "", "number of the die, row by row"}, r.node);
  v.group("tensor_engine", r.tensor_engine);
  v.group("sram", r.sram);
  v.list("memory", r.memory);
  v.group("memory_errors", r.memory_errors);
  v.group("dma", r.dma);
  v.group("command_processor", r.command_processor);
  v.group("agent", r.agent);
  v.group("scheduler", r.scheduler);
  v.group("network", r.network);
}

}  // namespace moesaic
