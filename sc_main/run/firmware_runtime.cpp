// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/firmware_runtime.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

namespace {

const char* name_of(moesaic_role role) {
  return role == MOESAIC_AGENT ? "agent" : "scheduler";
}

std::string name_of(CoreId core) {
  return fmt::format("{} of die {}", name_of(core.role), index_of(core.node));
}

bool is_statistic_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos;
}

const char* name_of(UnitId unit) {
  static constexpr std::array<const char*, static_cast<std::size_t>(UnitId::count)> kNames{
      "router",        "network interface", "memory controller", "SRAM",          "DMA engine",
      "tensor engine", "command processor", "agent core",        "scheduler core"};
  return kNames[static_cast<std::size_t>(unit)];
}

}  // namespace

FirmwareRuntime::FirmwareRuntime(const Experiment& experiment, const Routing& routing, const Image& image,
                                 TensorMap& tensors, Conservation& conservation, SavedOutputs& saved,
                                 DecisionLog log)
    : experiment_(experiment),
      routing_(routing),
      image_(image),
      tensors_(tensors),
      conservation_(conservation),
      saved_(saved),
      log_(log),
      batch_(plan_requests(experiment.workload.requests, routing.batch(), routing.iterations,
                           experiment.run.seed),
             experiment.package.nodes(), routing.layers),
      option_values_(image.option_values(experiment.firmware.options)) {}

FirmwareRuntime::~FirmwareRuntime() {
  for (const moesaic_core& core : firmware_) {
    if (core.destroy != nullptr) core.destroy(core.self);
  }
}

moesaic_core_info FirmwareRuntime::core_info(const Experiment& experiment, const Routing& routing,
                                             const Image& image, CoreId id) {
  const PackageParams& package = experiment.package;
  const ControlParams& control = package.chiplet.control;
  const ModelParams& model = experiment.model;
  moesaic_core_info info{};
  info.struct_size = sizeof info;
  info.node = index_of(id.node);
  info.rows = static_cast<std::uint16_t>(package.rows);
  info.columns = static_cast<std::uint16_t>(package.columns);
  info.nodes = static_cast<std::uint16_t>(package.nodes());
  info.role = static_cast<std::uint16_t>(id.role);
  info.scheduler_node = image.has_role(MOESAIC_SCHEDULER) ? static_cast<std::uint16_t>(package.scheduler_node)
                                                          : static_cast<std::uint16_t>(MOESAIC_NO_NODE);
  info.sram_bytes = static_cast<std::uint32_t>(package.chiplet.sram.size_bytes);
  info.command_queues = control.command_queues;
  info.queue_depth = control.queue_depth;
  info.events = control.events;
  info.slots = package.chiplet.sram.slots;
  info.mail_depth = control.mail_depth;
  info.dma_channels = package.chiplet.dma.channels;
  info.control_hz = control.hz;
  info.hidden = model.hidden;
  info.expert_width = model.expert_width;
  info.experts = model.experts;
  info.shared_experts = model.shared_experts;
  info.top_k = model.top_k;
  info.layers = routing.layers;
  info.tokens = routing.batch();
  info.activation = static_cast<std::uint8_t>(model.activation);
  info.shift_pre = requantise_shift_before(model.hidden);
  info.shift_post = kRequantiseShiftAfter;
  info.oracle = experiment.run.oracle ? 1 : 0;
  info.seed = experiment.run.seed;
  return info;
}

void FirmwareRuntime::load(Package& package, TokenRows* rows) {
  package_ = &package;
  rows_ = rows;
  cores_ = package.cores();
  std::vector<const char*> values;
  for (const std::string& value : option_values_) values.push_back(value.c_str());
  for (ControlCore* core : cores_) {
    if (!image_.has_role(core->id().role)) continue;  // a core without firmware stays idle
    const moesaic_core_info info = core_info(experiment_, routing_, image_, core->id());
    moesaic_core firmware{};
    firmware.struct_size = sizeof firmware;
    std::array<char, 512> message{};
    if (image_.table().create(&info, &core->hal(), values.data(), &firmware, message.data(),
                              message.size()) == 0) {
      throw UserError(experiment_error(experiment_, "firmware.image",
                                       fmt::format("image {} refuses to start as {}: {}", image_.table().name,
                                                   name_of(core->id()), message.data()),
                                       ""));
    }
    firmware_.push_back(firmware);
    core->load(firmware);
  }
  waiting_for_ = cores_.size();
}

// --- layers

void FirmwareRuntime::boot_done(CoreId, Tick now, ActivityId by) {
  if (--waiting_for_ > 0 || stopped_) return;
  if (const std::string missing = tensors_.seal(); !missing.empty()) {
    stop(Outcome::firmware_failure,
         fmt::format("image {} did not place every tensor at boot: {}", image_.table().name, missing));
    return;
  }
  start_iteration(now, by);
}

std::string FirmwareRuntime::where() const {
  if (routing_.iterations == 1 && batch_.iteration() == 0) return fmt::format("layer {}", batch_.layer());
  return fmt::format("layer {} of iteration {}", batch_.layer(), batch_.iteration());
}

void FirmwareRuntime::start_iteration(Tick now, ActivityId by) {
  iteration_begin_ = now;
  if (rows_ != nullptr && batch_.iteration() > 0) rows_->bring_in(batch_);
  start_layer(now, by);
}

// All cores learn at the same instant that the gate results of the next layer are there.
void FirmwareRuntime::start_layer(Tick now, ActivityId by) {
  layers_.push_back({batch_.iteration(), batch_.layer(), now, now});
  waiting_for_ = 0;
  done_.clear();
  for (ControlCore* core : cores_) {
    if (!image_.has_role(core->id().role)) continue;
    ++waiting_for_;
    core->start_layer(batch_.iteration(), batch_.layer(), {now, by});
  }
}

bool FirmwareRuntime::is_done(CoreId core) const {
  return std::any_of(done_.begin(), done_.end(),
                     [&](CoreId other) { return other.node == core.node && other.role == core.role; });
}

// Empty when a core may say that it has done its part of the layer.
std::string FirmwareRuntime::refuse_layer_done(CoreId core) const {
  if (layers_.empty()) return "layer_done() before a layer has started";
  if (is_done(core)) return "layer_done() twice in " + where();
  const auto& processor = package_->chiplets[index_of(core.node)]->command_processor;
  if (const auto work = processor.unfinished_work(core.role))
    return fmt::format("layer_done() in {}, but {}", where(), *work);
  return "";
}

void FirmwareRuntime::layer_done(CoreId core, Tick now, ActivityId by) {
  if (stopped_) return;
  if (std::string wrong = refuse_layer_done(core); !wrong.empty()) return misuse(core, now, std::move(wrong));
  done_.push_back(core);
  layers_.back().end = now;
  end_ = {now, by};
  if (--waiting_for_ == 0) end_layer(core, now, by);
}

void FirmwareRuntime::end_layer(CoreId core, Tick now, ActivityId by) {
  // 1. The layer.
  LayerTime& layer = layers_.back();
  std::set<std::uint16_t> experts;
  for (std::uint32_t place = 0; place < batch_.places(); ++place) {
    const auto token = batch_.running(place);
    if (!token) continue;
    ++layer.tokens;
    for (const Choice& choice : routing_.row(layer.layer, *token)) experts.insert(choice.expert);
  }
  layer.active_experts = experts.size() + (layer.tokens > 0 ? experiment_.model.shared_experts : 0);
  if (std::string wrong = batch_.end_layer(); !wrong.empty()) return misuse(core, now, std::move(wrong));
  if (batch_.next_layer()) return start_layer(now, by);
  // 2. The iteration.
  end_iteration(now);
  if (batch_.next_iteration()) return start_iteration(now, by);
  // 3. The run.
  finished_ = true;
  stopped_ = true;
  sc_core::sc_stop();
}

void FirmwareRuntime::end_iteration(Tick now) {
  saved_.end_iteration(batch_);
  if (rows_ != nullptr) rows_->take_out(batch_);
  const std::uint32_t warmup = experiment_.workload.warmup_iterations;
  const std::uint32_t number = batch_.iteration();
  const Batch::Count& count = batch_.count();
  const IterationKind kind = number >= routing_.iterations ? IterationKind::drain
                             : number < warmup             ? IterationKind::warmup
                                                           : IterationKind::measured;
  iterations_.push_back({number, kind, iteration_begin_, now, count.ended, count.prefill_ended,
                         count.deferred_requests, count.deferred_tokens});
}

// --- services

bool FirmwareRuntime::gate_results(CoreId core, std::uint32_t layer, std::uint32_t token,
                                   std::vector<moesaic_choice>& out) {
  if (layers_.empty() || token >= batch_.places()) return false;
  const bool own = core.role == MOESAIC_AGENT && batch_.die_of(token) == index_of(core.node);
  if (!own && !experiment_.run.oracle) return false;
  const auto reached = batch_.reached(token, layer);
  if (!reached) return false;  // not there yet, or never
  for (const Choice& choice : routing_.row(layer, *reached)) out.push_back({choice.expert, choice.gate_q15});
  return true;
}

void FirmwareRuntime::tokens(CoreId core, std::vector<moesaic_token>& out) {
  if (layers_.empty()) return;
  if (core.role == MOESAIC_AGENT) {
    out = batch_.tokens_of(index_of(core.node));
  } else if (experiment_.run.oracle) {
    for (unsigned die = 0; die < experiment_.package.nodes(); ++die) {
      const std::vector<moesaic_token> own = batch_.tokens_of(die);
      out.insert(out.end(), own.begin(), own.end());
    }
  }
}

void FirmwareRuntime::defer(CoreId core, Tick now, std::uint32_t request) {
  const auto refuse = [&](const std::string& why) {
    misuse(core, now, fmt::format("defer() of request {} {}", request, why));
  };
  if (layers_.empty()) return refuse("before a layer has started");
  if (core.role != MOESAIC_AGENT)
    return refuse("by a scheduler: it is for agents, of the tokens of their die");
  if (is_done(core)) return refuse("after layer_done() in " + where());
  for (const moesaic_token& token : batch_.tokens_of(index_of(core.node))) {
    if (token.request != request || !conservation_.touched(batch_.layer(), *batch_.running(token.token)))
      continue;
    return refuse(fmt::format("in {}, where work of its token {} has been done", where(), token.token));
  }
  if (std::string wrong = batch_.defer(index_of(core.node), request); !wrong.empty())
    misuse(core, now, std::move(wrong));
}

// Places of the batch become tokens of the run.
void FirmwareRuntime::retired(const RetiredSlice& slice) {
  RetiredSlice known = slice;
  known.tokens.clear();
  for (const std::uint32_t place : slice.tokens) {
    if (place == MOESAIC_NO_TOKEN) {
      known.tokens.push_back(place);
    } else if (const auto token = batch_.running(place)) {
      known.tokens.push_back(*token);
    } else if (place >= batch_.places()) {
      conservation_.stranger(slice.layer, slice.expert, place);
    } else {
      return report(
          {slice.node, UnitId::tensor_engine, 0, now_tick(),
           fmt::format("expert {} was computed for token {}, which is not in {}: it waits for the next "
                       "iteration, or has ended",
                       slice.expert, place, where())});
    }
  }
  conservation_.retired(known);
}

std::uint64_t FirmwareRuntime::memory_bytes(std::uint32_t node) {
  const PackageParams& package = experiment_.package;
  return node < package.nodes() && package.has_memory(NodeId(node)) ? package.memory.capacity_bytes : 0;
}

void FirmwareRuntime::place(CoreId core, const moesaic_tensor& tensor) {
  if (const std::string error = tensors_.place(tensor); !error.empty()) {
    stop(Outcome::firmware_failure, fmt::format("image {}, {}, at {}: {}", image_.table().name, name_of(core),
                                                format_time(now_tick()), error));
  }
}

void FirmwareRuntime::deviate(CoreId core, const moesaic_deviation& d) {
  const bool expert = d.expert < experiment_.model.all_experts() && d.layer < routing_.layers;
  if (d.kind == MOESAIC_PAD && expert) return conservation_.declare(d);
  const bool known = d.kind == MOESAIC_DROP || d.kind == MOESAIC_RECOMPUTE;
  const auto token = layers_.empty() ? std::nullopt : batch_.reached(d.token, d.layer);
  if (known && token && expert) {
    moesaic_deviation declared = d;
    declared.token = *token;
    conservation_.declare(declared);
    return;
  }
  misuse(core, now_tick(),
         fmt::format("a deviation of kind {} of layer {}, token {}, expert {}: there is no such work", d.kind,
                     d.layer, d.token, d.expert));
}

void FirmwareRuntime::log(CoreId core, Tick now, std::uint32_t level, std::string_view text) {
  static constexpr std::array<const char*, 3> kLevels{"error", "info", "debug"};
  level = std::min<std::uint32_t>(level, MOESAIC_LOG_DEBUG);
  write_line(core, now, static_cast<moesaic_log_level>(level), kLevels[level], text);
}

void FirmwareRuntime::mark(CoreId core, Tick now, std::string_view text) {
  write_line(core, now, MOESAIC_LOG_INFO, "mark", text);
}

// One unit for the whole file, to the nanosecond: lines of a long run stay apart and can be sorted.
void FirmwareRuntime::write_line(CoreId core, Tick now, moesaic_log_level level, const char* kind,
                                 std::string_view text) {
  if (log_.out == nullptr || level > log_.level) return;
  const std::string time = fmt::format("{}.{:03} us", now / kMicrosecond, now % kMicrosecond / kNanosecond);
  fmt::print(*log_.out, "{:>16}  {:<5}  {}: {}\n", time, kind, name_of(core), text);
}

void FirmwareRuntime::statistic(CoreId core, Tick now, std::string_view name, std::string_view unit,
                                double value) {
  if (!is_statistic_name(name) || !std::isfinite(value)) {
    stop(Outcome::firmware_failure,
         fmt::format("image {}, {}, at {}: statistic \"{}\" of {}: expected a name of lower-case letters, "
                     "digits and _, and a finite value",
                     image_.table().name, name_of(core), format_time(now), name, value));
    return;
  }
  std::vector<ImageStatistic>& all = statistics_[{core.node, core.role}];
  auto entry = std::find_if(all.begin(), all.end(), [&](const ImageStatistic& s) { return s.name == name; });
  if (entry == all.end()) {
    entry = all.insert(all.end(), {core.node, name_of(core.role), std::string(name), "", 0.0});
  }
  entry->unit = unit;
  entry->value = value;
}

std::vector<ImageStatistic> FirmwareRuntime::statistics() const {
  std::vector<ImageStatistic> all;
  for (const auto& core : statistics_) all.insert(all.end(), core.second.begin(), core.second.end());
  return all;
}

// --- endings

void FirmwareRuntime::stop(Outcome outcome, std::string message) {
  if (stopped_) return;
  stopped_ = true;
  outcome_ = outcome;
  messages_.push_back(std::move(message));
  sc_core::sc_stop();
}

void FirmwareRuntime::fail(CoreId core, Tick now, std::string_view text) {
  log(core, now, MOESAIC_LOG_ERROR, fmt::format("gave up: {}", text));
  stop(Outcome::firmware_failure, fmt::format("image {}, {}, at {}: gave up: {}", image_.table().name,
                                              name_of(core), format_time(now), text));
}

void FirmwareRuntime::stored(const StoredRows& stored) {
  if (std::string wrong = saved_.stored(stored.rows); !wrong.empty())
    report({stored.node, UnitId::dma, stored.tag, stored.at, std::move(wrong)});
}

void FirmwareRuntime::misuse(CoreId core, Tick now, std::string what) {
  const UnitId unit = core.role == MOESAIC_AGENT ? UnitId::agent_core : UnitId::scheduler_core;
  report({core.node, unit, 0, now, std::move(what)});
}

void FirmwareRuntime::report(Fault fault) {
  stop(Outcome::fault,
       fmt::format("fault: image {}, die {}, {}, command tag {}, at {}: {}", image_.table().name,
                   index_of(fault.node), name_of(fault.unit), fault.tag, format_time(fault.at), fault.what));
}

}  // namespace moesaic
