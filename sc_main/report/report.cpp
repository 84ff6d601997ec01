// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "hw/d2d/format.h"
#include "sc_main/report/attribution.h"
#include "sc_main/report/budget.h"
#include "sc_main/report/energy.h"
#include "sc_main/report/units.h"
#include "sc_main/workload/requests.h"

namespace moesaic {

namespace {

constexpr std::size_t kPlacesShown = 24;  ///< the rest is summed in one row

const char* name_of(Outcome outcome) {
  static constexpr std::array<const char*, 6> kNames{"ok",   "fault",         "firmware_failure",
                                                     "hang", "not_conserved", "not_equal"};
  return kNames[static_cast<std::size_t>(outcome)];
}

double number(std::uint64_t n) {
  return static_cast<double>(n);
}
double share(Tick part, Tick whole) {
  return ratio(number(part), number(whole));
}

double peak_macs_per_s(const TensorEngineParams& engine) {
  return number(engine.rows) * number(engine.columns) * number(engine.hz);
}

IdentityRow identity_of(const ReportInput& in, const Energy& energy) {
  IdentityRow row;
  row.version = MOESAIC_VERSION;
  row.experiment = in.experiment;
  row.package = in.package.name;
  row.model = in.model.name;
  row.image = in.result.image_name;
  row.routing_source = in.routing.source;
  row.synthetic = in.routing.synthetic;
  row.oracle = in.result.oracle;
  row.functional = in.functional;
  row.seed = in.seed;
  row.outcome = name_of(in.result.outcome);
  row.dies = in.package.nodes();
  row.rows = in.package.rows;
  row.columns = in.package.columns;
  row.tokens = in.routing.batch();
  row.layers = in.routing.layers;
  row.iterations = in.workload.iterations;
  row.warmup_iterations = in.workload.warmup_iterations;
  row.requests = describe_requests(in.workload.requests, in.routing.batch());
  row.messages = in.result.messages;
  for (const std::string& what : in.package.memory.assumed)
    row.assumptions.push_back(fmt::format("memory {}: {}", in.package.memory.device, what));
  for (const EnergyItem& item : energy.items) {
    if (item.evidence != "assumed") continue;
    row.assumptions.push_back(fmt::format("energy of {}: {:g} {} ({})", item.component, item.constant,
                                          item.constant_unit, item.source));
  }
  return row;
}

WorkRow work_of(const RunResult& result) {
  WorkRow row;
  row.pairs = result.work.pairs;
  row.slices = result.work.slices;
  row.macs = result.work.macs;
  row.active_experts = result.active_experts;
  row.outputs = result.work.outputs;
  row.violation_count = result.work.violation_count;
  row.violations = result.work.violations;
  if (result.functional) {
    row.checked = true;
    row.values = result.functional->values;
    row.mismatches = result.functional->mismatches;
    row.first_mismatch = result.functional->first_mismatch;
  }
  return row;
}

void add_attribution(Report& report, const RunResult& result) {
  if (result.outcome != Outcome::ok && result.critical_path.empty()) {
    report.summary.why = "The run did not finish: there is no critical path.";
    return;
  }
  const Attribution a = attribute(result.critical_path, result.path_activities, result.makespan);
  report.summary.why = a.why;
  for (const CauseShare& c : a.causes) {
    report.causes.push_back({describe(c.cause).name, family_of(c.cause), describe(c.cause).sentence, c.time,
                             share(c.time, a.makespan)});
  }
  Tick rest = 0;
  for (std::size_t i = 0; i < a.places.size(); ++i) {
    const PlaceShare& p = a.places[i];
    if (i >= kPlacesShown) {
      rest += p.time;
      continue;
    }
    report.critical_path.push_back(
        {name_of(p.node), name_of(p.unit), describe(p.cause).name, p.time, share(p.time, a.makespan)});
  }
  if (rest > 0) report.critical_path.push_back({"others", "", "", rest, share(rest, a.makespan)});
}

/// Said where the sites of a package share the work badly: it is what a faster memory would not cure.
void add_imbalance(Report& report) {
  constexpr double kWorthSaying = 1.1;
  std::uint64_t sum = 0, most = 0, sites = 0, busiest = 0;
  for (const NodeRow& node : report.nodes) {
    std::uint64_t bytes = 0;
    for (const ChannelRow& channel : node.memory)
      bytes += channel.stats.read_bytes + channel.stats.write_bytes;
    sum += bytes;
    sites += !node.memory.empty();
    if (bytes > most) {
      most = bytes;
      busiest = node.node;
    }
  }
  const double to_mean = ratio(number(most) * number(sites), number(sum));
  if (to_mean < kWorthSaying) return;
  report.summary.why += fmt::format(
      " Memory is loaded unevenly: the site of die {} moves {:.2f} times the mean.", busiest, to_mean);
}

void add_bounds(Report& report, const ReportInput& in) {
  const Tick makespan = in.result.makespan;
  NeededWork work = needed_work(in.model, in.routing);
  work.weight_bytes = std::max(work.weight_bytes, streamed_weight_bytes(in.model, in.package, in.result));
  const Bounds bounds = lower_bounds(work, peak_rates(in.package));
  report.summary.distance_to_bound = bounds.distance(makespan);
  for (const Bound& b : bounds.all) {
    report.bounds.push_back({b.resource, b.unit, b.work, b.peak_per_s, b.time, share(b.time, makespan)});
  }
}

void add_energy(Report& report, const Energy& energy, Tick makespan) {
  report.summary.joules = energy.joules;
  report.summary.watts = ratio(energy.joules, seconds(makespan));
  for (const EnergyItem& i : energy.items) {
    report.energy.push_back({i.component, i.event, i.constant_unit, i.evidence, i.source, i.events,
                             i.constant, i.joules, ratio(i.joules, energy.joules)});
  }
}

ChannelRow channel_row(const MemoryStats& stats, Tick makespan) {
  ChannelRow row;
  row.stats = stats;
  row.bytes_per_s = ratio(number(stats.read_bytes + stats.write_bytes), seconds(makespan));
  row.share = ratio(row.bytes_per_s, stats.peak_bytes_per_second);
  row.busy_share = share(stats.busy, makespan);
  row.row_hit_share = ratio(number(stats.row_hits), number(stats.read_bursts + stats.write_bursts));
  row.refresh_share = share(stats.lost_to_refresh, makespan);
  row.turnaround_share = share(stats.lost_to_turnaround, makespan);
  row.queue_mean = share(stats.read_latency_sum + stats.write_latency_sum, makespan);
  return row;
}

NodeRow node_row(const NodeResult& result, const PackageParams& package, Tick makespan) {
  NodeRow row;
  row.node = index_of(result.node);
  row.tensor_engine.stats = result.tensor_engine;
  row.tensor_engine.busy_share = share(result.tensor_engine.busy, makespan);
  row.tensor_engine.compute_share = share(result.tensor_engine.compute, makespan);
  row.tensor_engine.macs_per_s = ratio(number(result.tensor_engine.macs), seconds(makespan));
  row.tensor_engine.peak_macs_per_s = peak_macs_per_s(package.chiplet.tensor_engine);
  row.tensor_engine.macs_share = ratio(row.tensor_engine.macs_per_s, row.tensor_engine.peak_macs_per_s);
  row.sram = {result.peak_slot_bytes, package.chiplet.sram.size_bytes, result.sram};
  for (const MemoryStats& channel : result.memory) row.memory.push_back(channel_row(channel, makespan));
  row.memory_errors = result.memory_errors;
  row.dma = result.dma;
  row.command_processor = result.command_processor;
  row.agent = {share(result.agent.busy, makespan), result.agent};
  row.scheduler = {share(result.scheduler.busy, makespan), result.scheduler};
  row.network = result.network;
  return row;
}

void add_nodes_and_links(Report& report, const ReportInput& in) {
  const Tick makespan = in.result.makespan;
  for (const NodeResult& node : in.result.nodes) {
    report.nodes.push_back(node_row(node, in.package, makespan));
  }
  for (const LinkResult& link : in.result.links) {
    report.links.push_back(link_row(link, makespan));
  }
  report.packets = packet_rows(in.result.nodes);
  report.hops = hop_rows(in.result.nodes);
}

void add_node_totals(SummaryRow& s, const std::vector<NodeRow>& nodes) {
  for (const NodeRow& node : nodes) {
    s.macs += node.tensor_engine.stats.macs;
    s.engine_busy_share += node.tensor_engine.busy_share / number(nodes.size());
    for (const ChannelRow& channel : node.memory) {
      s.memory_read_bytes += channel.stats.read_bytes;
      s.memory_write_bytes += channel.stats.write_bytes;
    }
    for (std::size_t c = 0; c < kPacketClasses; ++c) s.d2d_payload.values[c] += node.network.bytes_sent[c];
    s.sram_read_bytes += node.sram.stats.bytes_read();
    s.sram_write_bytes += node.sram.stats.bytes_written();
    s.peak_slot_bytes = std::max(s.peak_slot_bytes, node.sram.peak_slot_bytes);
    s.control_busy += node.agent.stats.busy + node.scheduler.stats.busy;
    s.control_busy_share_max =
        std::max({s.control_busy_share_max, node.agent.busy_share, node.scheduler.busy_share});
    for (const std::uint64_t count : node.command_processor.commands) s.commands += count;
  }
}

void add_link_totals(SummaryRow& s, const std::vector<LinkRow>& links) {
  for (const LinkRow& link : links) {
    s.d2d_wire_bytes += link.stats.wire_bytes;
    s.link_busy_max = std::max(s.link_busy_max, link.busy_share);
    s.link_busy_mean += link.busy_share / number(links.size());
  }
}

void add_iterations(Report& report, const RunResult& result) {
  static constexpr std::array<const char*, 3> kKinds{"warmup", "measured", "drain"};
  SummaryRow& s = report.summary;
  std::uint64_t measured = 0;
  for (const IterationTime& i : result.iterations) {
    report.iterations.push_back({i.number, kKinds[static_cast<std::size_t>(i.kind)], i.begin, i.end,
                                 i.end - i.begin, i.tokens, i.prefill_tokens, i.deferred_requests,
                                 i.deferred_tokens});
    s.deferred_requests += i.deferred_requests;
    s.deferred_tokens += i.deferred_tokens;
    if (i.kind != IterationKind::measured) continue;
    ++measured;
    s.measured_tokens += i.tokens;
    s.measured_time += i.end - i.begin;
  }
  if (measured > 0) s.time_per_iteration = s.measured_time / measured;
  s.measured_tokens_per_s = ratio(number(s.measured_tokens), seconds(s.measured_time));
}

void add_summary(Report& report, const ReportInput& in) {
  SummaryRow& s = report.summary;
  const PeakRates peak = peak_rates(in.package);
  s.makespan = in.result.makespan;
  s.time_per_layer = in.result.layers.empty() ? 0 : s.makespan / in.result.layers.size();
  s.tokens_per_s = ratio(number(in.routing.tokens) * number(in.routing.layers), seconds(s.makespan));
  s.sram_size_bytes = in.package.chiplet.sram.size_bytes;
  add_node_totals(s, report.nodes);
  add_link_totals(s, report.links);
  s.macs_per_s = ratio(number(s.macs), seconds(s.makespan));
  s.peak_macs_per_s = peak.macs_per_s;
  s.engine_macs_share = ratio(s.macs_per_s, s.peak_macs_per_s);
  s.memory_bytes_per_s = ratio(number(s.memory_read_bytes + s.memory_write_bytes), seconds(s.makespan));
  s.peak_memory_bytes_per_s = peak.memory_bytes_per_s;
  s.memory_share = ratio(s.memory_bytes_per_s, s.peak_memory_bytes_per_s);
  s.activities = in.result.activities;
  s.wheel_events = in.result.wheel_events;
  s.protocol_transactions = in.result.protocol_transactions;
}

// A flit passes a router for each link that it leaves over, and the one at its destination.
void add_fabric_events(EnergyEvents& e, const Report& report, const ReportInput& in) {
  e.d2d_wire_bytes = report.summary.d2d_wire_bytes;
  std::uint64_t flits = 0;
  for (const NodeRow& node : report.nodes) flits += node.network.flits_received;
  for (const LinkRow& link : report.links) {
    flits += link.stats.flits;
    const Tick powered = std::min(in.result.makespan, link.stats.down_since);
    e.d2d_idle += powered - std::min(powered, link.stats.busy);
  }
  e.router_bytes = flits * (kFlowFlitBytes + in.package.d2d.flit_header_bytes);
  e.link_bytes_per_s = link_bytes_per_s(in.package.d2d);
}

EnergyEvents energy_events(const Report& report, const ReportInput& in) {
  EnergyEvents e;
  for (const NodeRow& node : report.nodes) {
    e.vector_ops += node.tensor_engine.stats.vector_elements;
    // An accumulating write also reads what it adds to.
    for (const SramPortStats& port : node.sram.stats.ports) e.sram_bytes += port.bytes_accumulated;
    e.sram_bytes += node.sram.stats.core_bytes;
    for (const ChannelRow& channel : node.memory) e.memory.add(channel.stats, in.result.makespan);
  }
  e.macs = report.summary.macs;
  e.sram_bytes += report.summary.sram_read_bytes + report.summary.sram_write_bytes;
  e.memory.burst_bytes = in.package.memory.organisation.burst_bytes;
  add_fabric_events(e, report, in);
  e.control_busy = report.summary.control_busy;
  e.control_hz = in.package.chiplet.control.hz;
  e.dies = in.package.nodes();
  e.makespan = in.result.makespan;
  return e;
}

}  // namespace

NeededWork needed_work(const ModelParams& model, const Routing& routing) {
  NeededWork work;
  for (std::uint32_t layer = 0; layer < routing.layers; ++layer) {
    const std::vector<std::uint32_t> loads = routing.expert_loads(layer);
    std::uint64_t active = routing.tokens > 0 ? model.shared_experts : 0;
    std::uint64_t pairs = std::uint64_t{model.shared_experts} * routing.tokens;
    for (const std::uint32_t tokens : loads) {
      active += tokens > 0;
      pairs += tokens;
    }
    work.weight_bytes += active * model.expert_bytes();
    work.activation_bytes += std::uint64_t{routing.tokens} * model.hidden;
    work.output_bytes += std::uint64_t{routing.tokens} * model.hidden * sizeof(std::int32_t);
    work.macs += pairs * model.expert_bytes();  // one int8 weight, one multiply-accumulate
  }
  return work;
}

std::uint64_t streamed_weight_bytes(const ModelParams& model, const PackageParams& package,
                                    const RunResult& result) {
  std::uint64_t bytes = 0;
  for (const LayerTime& layer : result.layers) bytes += layer.active_experts * model.expert_bytes();
  if (result.iterations.size() < 2) return bytes;
  const std::uint64_t kept =
      (result.iterations.size() - 1) * package.nodes() * std::uint64_t{package.chiplet.sram.size_bytes};
  return bytes > kept ? bytes - kept : 0;
}

PeakRates peak_rates(const PackageParams& package) {
  PeakRates peak;
  for (unsigned n = 0; n < package.nodes(); ++n) {
    if (package.has_memory(NodeId(n))) peak.memory_bytes_per_s += package.memory.bytes_per_second();
  }
  peak.macs_per_s = peak_macs_per_s(package.chiplet.tensor_engine) * package.nodes();
  return peak;
}

Report make_report(const ReportInput& input) {
  Report report;
  // 1. What was measured, block by block, and its totals.
  add_nodes_and_links(report, input);
  add_summary(report, input);
  add_iterations(report, input.result);
  // 2. What follows from it: bounds, reasons, energy.
  add_bounds(report, input);
  add_attribution(report, input.result);
  add_imbalance(report);
  const Energy energy =
      energy_of(energy_events(report, input), input.package.energy, input.package.memory.energy);
  add_energy(report, energy, input.result.makespan);
  for (const BudgetItem& b : budget_of(input.package))
    report.budget.push_back(
        {b.name, b.unit, b.d2d, b.sram, b.memory, b.rest, b.all(), b.limit, b.exceeded()});
  // 3. What was run, and whether it was right.
  report.identity = identity_of(input, energy);
  report.work = work_of(input.result);
  for (const DeviationCount& d : input.result.deviations) report.deviations.push_back({d.kind, d.tokens});
  for (const ImageStatistic& s : input.result.image_statistics)
    report.image_statistics.push_back({index_of(s.node), s.core, s.name, s.unit, s.value});
  for (const LayerTime& l : input.result.layers) {
    report.layers.push_back(
        {l.iteration, l.layer, l.tokens, l.active_experts, l.begin, l.end, l.end - l.begin});
  }
  return report;
}

}  // namespace moesaic
