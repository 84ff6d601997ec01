// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/simulate.h"

#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "hw/package/package.h"
#include "sc_main/run/conservation.h"
#include "sc_main/run/firmware_runtime.h"
#include "sc_main/run/image_loader.h"
#include "sc_main/run/injection.h"
#include "sc_main/run/token_rows.h"
#include "sc_main/workload/tensor_map.h"
#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

namespace {

std::vector<std::uint64_t> memory_capacities(const PackageParams& package) {
  std::vector<std::uint64_t> bytes;
  for (unsigned n = 0; n < package.nodes(); ++n) {
    bytes.push_back(package.has_memory(NodeId(n)) ? package.memory.capacity_bytes : 0);
  }
  return bytes;
}

void check_sram(const Experiment& experiment, const Routing& routing, const Image& image) {
  const auto info = FirmwareRuntime::core_info(experiment, routing, image, {NodeId(0), MOESAIC_AGENT});
  const auto values = image.option_values(experiment.firmware.options);
  std::vector<const char*> texts;
  for (const std::string& value : values) texts.push_back(value.c_str());
  const std::uint64_t minimum = image.table().minimum_sram(&info, texts.data());
  if (minimum <= experiment.package.chiplet.sram.size_bytes) return;
  throw UserError(
      experiment_error(experiment, "package.chiplet.sram.size_bytes",
                       fmt::format("{} bytes are too few for image {} on this workload",
                                   experiment.package.chiplet.sram.size_bytes, image.table().name),
                       minimum == UINT64_MAX ? "no size is enough with these options"
                                             : fmt::format("expected at least {} bytes per die", minimum)));
}

NodeResult collect(const Chiplet& die) {
  NodeResult result;
  result.node = die.node;
  result.tensor_engine = die.tensor_engine.stats();
  result.sram = die.sram.stats();
  result.peak_slot_bytes = die.sram.slots().peak_allocated_bytes();
  for (unsigned c = 0; die.memory && c < die.memory->channels(); ++c)
    result.memory.push_back(die.memory->stats(c));
  if (die.memory) result.memory_errors = die.memory->errors();
  result.dma = die.dma.stats();
  result.command_processor = die.command_processor.stats();
  result.agent = die.agent_core.stats();
  if (die.scheduler_core) result.scheduler = die.scheduler_core->stats();
  if (die.network) result.network = die.network->stats();
  return result;
}

void collect_statistics(Package& package, const HwContext& ctx, RunResult& result) {
  for (const auto& die : package.chiplets) result.nodes.push_back(collect(*die));
  for (const FabricLink& link : package.topology().links()) {
    if (package.fabric)
      result.links.push_back({link.from, link.to, package.fabric->stats(link.from, link.out)});
  }
  for (const auto& checker : package.checkers) result.protocol_transactions += checker->completed();
  for (const auto& checker : package.d2d_checkers) result.protocol_transactions += checker->packets();
  result.wheel_events = ctx.wheel.events_run();
  result.activities = ctx.log.size() - 1;
}

void attribute(const CausalLog& log, const Happening& end, RunResult& result) {
  result.makespan = end.at;
  result.critical_path = log.critical_path(end.cause, end.at);
  for (const PathStep& step : result.critical_path) result.path_activities.push_back(log[step.activity]);
  result.causes = CausalLog::sum(result.critical_path);
}

// Two loads can be exchanged only when both sources are known before the first starts: the same experiment
// runs once without injections, in a child process, since one process holds one simulation.
LoadSources record_loads(const Experiment& experiment, const Routing& routing) {
  int ends[2];
  if (pipe(ends) != 0) throw UserError("cannot open a pipe to record loads");
  const pid_t child = fork();
  if (child < 0) throw UserError("cannot start a process to record loads");
  if (child == 0) {
    close(ends[0]);
    LoadRecorder recorder;
    SimulateOptions options;
    options.injector = &recorder;
    try {
      simulate(experiment, routing, options);
    } catch (const UserError&) {
      // The run itself reports it.
    }
    FILE* out = fdopen(ends[1], "w");
    for (const auto& die : recorder.sources()) {
      for (const std::uint64_t source : die.second) fmt::print(out, "{} {}\n", index_of(die.first), source);
    }
    std::fclose(out);
    std::_Exit(kExitOk);
  }
  close(ends[1]);
  LoadSources sources;
  FILE* in = fdopen(ends[0], "r");
  unsigned node = 0;
  unsigned long long source = 0;
  while (std::fscanf(in, "%u %llu", &node, &source) == 2) sources[NodeId(node)].push_back(source);
  std::fclose(in);
  waitpid(child, nullptr, 0);
  return sources;
}

}  // namespace

int exit_code_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return kExitOk;
    case Outcome::hang:
      return kExitHang;
    default:
      return kExitRunFailed;
  }
}

RunResult simulate(const Experiment& experiment, const Routing& routing, const SimulateOptions& options) {
  LoadSources recorded;
  if (options.injector == nullptr && swaps_loads(experiment.run.inject))
    recorded = record_loads(experiment, routing);
  // 1. The image, and whether it can work here at all.
  const Image image = Image::load(experiment);
  check_sram(experiment, routing, image);
  // 2. The package.
  EventWheel wheel;
  WheelProcess process("wheel", wheel);
  PayloadPool pool(experiment.run.functional ? RunMode::functional : RunMode::timing);
  CausalLog log;
  TensorMap tensors(experiment.model, routing.layers, routing.batch(), experiment.run.seed,
                    memory_capacities(experiment.package));
  Conservation conservation(experiment.model, routing);
  SavedOutputs saved(tensors, experiment.package.nodes());
  FirmwareRuntime runtime(experiment, routing, image, tensors, conservation, saved,
                          {options.log, options.log_level});
  ScriptedInjector scripted(experiment.run.inject, recorded);
  Injector* injector = options.injector;
  if (injector == nullptr && !experiment.run.inject.empty()) injector = &scripted;
  HwContext ctx{wheel, process, pool, log, runtime, runtime, injector, options.trace};
  Package package(
      "package", experiment.package,
      {image.has_role(MOESAIC_SCHEDULER), experiment.run.check_protocol, options.reverse_construction},
      runtime, tensors, ctx);
  TokenRows rows(experiment, routing, tensors, package);
  runtime.load(package, experiment.run.functional ? &rows : nullptr);
  if (options.trace) options.trace->ready();
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  // 3. Run until the last layer is done, a fault stops it, or nothing is left to happen.
  sc_core::sc_start();
  // 4. What came of it.
  RunResult result;
  result.image_name = image.table().name;
  result.oracle = experiment.run.oracle;
  result.outcome = runtime.outcome();
  result.messages = runtime.messages();
  result.layers = runtime.layers();
  result.image_statistics = runtime.statistics();
  result.iterations = runtime.iterations();
  for (const LayerTime& layer : result.layers) result.active_experts += layer.active_experts;
  collect_statistics(package, ctx, result);
  if (!runtime.finished()) {
    result.makespan = wheel.now();
    if (result.outcome == Outcome::ok) {
      result.outcome = Outcome::hang;
      result.messages.push_back(fmt::format("hang: nothing is left to happen at {}, but {} is not done",
                                            format_time(wheel.now()), runtime.where()));
      package.report_waits(result.messages);
    }
    return result;
  }
  attribute(log, runtime.end(), result);
  // 5. Checks.
  result.work = conservation.result();
  saved.add_to(result.work);
  result.deviations = conservation.deviations();
  if (result.work.violation_count > 0) result.outcome = Outcome::not_conserved;
  if (experiment.run.functional) {
    result.functional = rows.compare(conservation.dropped());
    if (result.functional->mismatches > 0) result.outcome = Outcome::not_equal;
  }
  return result;
}

}  // namespace moesaic
