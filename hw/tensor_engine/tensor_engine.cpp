// SPDX-License-Identifier: Apache-2.0
#include "hw/tensor_engine/tensor_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "hw/tensor_engine/numerics.h"
#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

namespace {

// Token list of a command: offset (kNoOffset: none) and entries.
std::pair<std::uint32_t, std::uint32_t> list_of(const Command& command) {
  if (const auto* ffn = std::get_if<FfnSlice>(&command.body)) return {ffn->list, ffn->list_count};
  if (const auto* vector = std::get_if<Vector>(&command.body)) return {vector->list, vector->rows};
  return {kNoOffset, 0};
}

bool empty(const Command& command) {
  if (const auto* ffn = std::get_if<FfnSlice>(&command.body)) return ffn->list_count == 0;
  if (const auto* vector = std::get_if<Vector>(&command.body)) return vector->rows == 0;
  return false;
}

}  // namespace

TensorEngine::TensorEngine(const sc_core::sc_module_name& name, NodeId node, const TensorEngineParams& params,
                           HwContext& ctx)
    : sc_module(name),
      commands("commands"),
      done_out("done_out"),
      sram_out("sram_out", *this),
      node_(node),
      params_(params),
      ctx_(ctx),
      clock_(Clock::from_hz(params.hz)),
      wake_(ctx.wheel, Phase::arbitrate, component_id(node, UnitId::tensor_engine), *this) {
  commands.bind(*this);
  if (ctx.trace) trace_ = std::make_unique<TensorEngineTrace>(ctx, node, sc_module::name());
}

void TensorEngine::issue(Command command) {
  if (!can_issue()) panic(name(), now_tick(), "a command was issued to a full tensor engine");
  pending_ = std::move(command);
  if (!active_) start_next(now_tick());
}

void TensorEngine::start_next(Tick now) {
  if (!pending_) return;
  active_.emplace();
  active_->command = std::move(*pending_);
  pending_.reset();
  start_at_ = clock_.after(now, 0);
  wake_.arm(start_at_);
}

void TensorEngine::on_wheel(Tick now, Phase, std::uint64_t) {
  if (!wake_.take(now) || !active_) return;
  const std::uint64_t cycle = clock_.cycle_at_or_before(now);
  // 1. The start of a command.
  if (!active_->started) {
    if (now < start_at_) return wake_.arm(start_at_);
    begin_command(cycle);
  }
  // 2. Steps that are over, and those that begin with them.
  while (active_ && active_->started) {
    if (progress_.running) send_due(cycle);
    if (!progress_.running || !step_over(cycle)) break;
    finish_step(cycle);
    if (!progress_.running) finish_command(now);
  }
  // 3. The next time at which there is something to do.
  if (active_ && active_->started) arm();
}

// A set-up step of its own: it has cycles and no access.
void TensorEngine::begin_command(std::uint64_t cycle) {
  Active& active = *active_;
  const Tick now = clock_.edge(cycle);
  active.started = true;
  started_at_ = now;
  start_activity(ctx_.log, active.command, now, node_, UnitId::tensor_engine, unit_free_, previous_);
  if (trace_) trace_->begin(now, active.command);
  if (const auto error = check()) {
    active.status = CommandStatus::misuse;
    ctx_.faults.report(Fault{node_, UnitId::tensor_engine, active.command.tag, now, *error});
  }
  progress_ = Progress{};
  progress_.running = true;
  progress_.begin = cycle;
  progress_.end = cycle + params_.setup_cycles;
}

std::optional<std::string> TensorEngine::check() const {
  const Command& command = active_->command;
  if (const auto* ffn = std::get_if<FfnSlice>(&command.body)) {
    if (ffn->hidden == 0 || ffn->f_count == 0) {
      return fmt::format("an FFN slice of {} x {} is empty; hidden size and column count are at least 1",
                         ffn->hidden, ffn->f_count);
    }
    if (ffn->list == kNoOffset) return std::string("an FFN slice without a token list");
    if (ffn->activation >= kActivations) {
      return fmt::format("activation {} does not exist; 0 is identity, 1 ReLU, 2 SiLU", ffn->activation);
    }
    if (ffn->shift_pre > kMaxShift || ffn->shift_post > kMaxShift) {
      return fmt::format("shifts {} and {} are not both from 0 to {}", ffn->shift_pre, ffn->shift_post,
                         kMaxShift);
    }
  } else if (const auto* gemm = std::get_if<Gemm>(&command.body)) {
    if (gemm->m == 0 || gemm->k == 0 || gemm->n == 0) {
      return fmt::format("a GEMM of {} x {} x {} is empty; every size is at least 1", gemm->m, gemm->k,
                         gemm->n);
    }
  } else if (const auto* attention = std::get_if<AttentionStep>(&command.body)) {
    if (attention->m == 0 || attention->n == 0 || attention->d == 0) {
      return fmt::format("an attention step of m {}, n {}, d {} is empty; every size is at least 1",
                         attention->m, attention->n, attention->d);
    }
    if (attention->shift_score > kMaxShift) {
      return fmt::format("shift {} is not from 0 to {}", attention->shift_score, kMaxShift);
    }
  } else if (const auto* vector = std::get_if<Vector>(&command.body)) {
    if (vector->width == 0) return std::string("a vector operation on rows without elements");
  } else {
    panic(name(), now_tick(), "a command that is not for the tensor engine");
  }
  return std::nullopt;
}

void TensorEngine::make_plan() {
  Active& active = *active_;
  std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, FfnSlice> || std::is_same_v<Body, Vector>) {
          active.plan = plan(params_, body, active.list);
        } else if constexpr (std::is_same_v<Body, Gemm> || std::is_same_v<Body, AttentionStep>) {
          active.plan = plan(params_, body);
        }
      },
      active.command.body);
  datapath_.begin(active.list);
}

// The time was paid by the list step; its bytes are control data, and real in both run modes.
void TensorEngine::read_list() {
  const auto [offset, entries] = list_of(active_->command);
  std::vector<std::uint8_t> bytes(std::size_t{entries} * sizeof(ListEntry));
  tlm::tlm_generic_payload peek;
  peek.set_read();
  peek.set_address(Address::make(node_, AddressUnit::sram, offset));
  peek.set_data_ptr(bytes.data());
  peek.set_data_length(static_cast<unsigned>(bytes.size()));
  peek.set_streaming_width(static_cast<unsigned>(bytes.size()));
  sram_out.socket->transport_dbg(peek);
  const auto half = [](const std::uint8_t* p) { return static_cast<std::uint16_t>(p[0] | p[1] << 8); };
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(ListEntry)) {
    const std::uint8_t* p = &bytes[at];
    ListEntry entry{};
    entry.token = std::uint32_t{half(p)} | std::uint32_t{half(p + 2)} << 16;
    entry.in_row = half(p + 4);
    entry.out_row = half(p + 6);
    entry.gate = half(p + 8);
    active_->list.push_back(entry);
  }
}

void TensorEngine::begin_step(std::uint64_t cycle) {
  const Step& now = active_->plan.steps[active_->next_step++];
  if (trace_) trace_->enter(clock_.edge(cycle), now.phase);
  progress_ = Progress{};
  progress_.running = true;
  progress_.begin = cycle;
  progress_.end = cycle + now.cycles();
  for (const StepAccess& access : now.accesses) progress_.cost += access.cost();
  if (ctx_.pool.functional()) datapath_.execute(active_->command, now);
  send_due(cycle);
}

// Cycle in which the access behind `cost` bytes of port time is sent: the accesses of a step are spread
// evenly over its cycles.
std::uint64_t TensorEngine::due(std::uint64_t cost) const {
  if (progress_.cost == 0) return progress_.begin;
  const auto cycles = static_cast<unsigned __int128>(progress_.end - progress_.begin);
  return progress_.begin + static_cast<std::uint64_t>(cycles * cost / progress_.cost);
}

void TensorEngine::send_due(std::uint64_t cycle) {
  if (active_->next_step == 0) return;
  const Step& now = step();
  while (progress_.sent < now.accesses.size() && active_->status == CommandStatus::ok) {
    const std::uint64_t at = due(progress_.cost_sent);
    if (at > cycle) return;
    const StepAccess& access = now.accesses[progress_.sent];
    progress_.cost_sent += access.cost();
    const Tick window = clock_.edge(due(progress_.cost_sent)) - clock_.edge(at);
    send(access, progress_.sent++, window / access.train.count);
  }
}

void TensorEngine::send(const StepAccess& access, std::size_t index, Tick period) {
  Train train = access.train;
  train.address = Address::make(node_, AddressUnit::sram, train.address);
  train.period = train.count > 1 ? period : 0;
  auto& payload = ctx_.pool.acquire(access.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, train);
  TrainExtension& extension = train_of(payload);
  extension.requester = node_;
  extension.accumulate = access.accumulate;
  extension.list = access.operand == Operand::list;
  extension.activity = active_->command.activity;
  extension.cookie = index;
  if (access.write && ctx_.pool.functional()) {
    std::memcpy(payload.get_data_ptr(), datapath_.result(access.at), train.bytes());
  }
  (access.write ? stats_.bytes_written : stats_.bytes_read) += train.bytes();
  ++progress_.outstanding;
  sram_out.send(payload);
}

void TensorEngine::responded(unsigned, tlm::tlm_generic_payload& payload) {
  const TrainExtension& extension = train_of(payload);
  const StepAccess& access = step().accesses[extension.cookie];
  if (!payload.is_response_ok()) active_->status = CommandStatus::misuse;
  if (payload.is_read() && extension.poisoned && active_->status == CommandStatus::ok)
    refuse_poison(extension);
  if (ctx_.pool.functional() && payload.is_read() && access.operand != Operand::list) {
    datapath_.put(access.operand, access.at, payload.get_data_ptr(), extension.train.bytes());
  }
  if (--progress_.outstanding == 0) arm();
}

void TensorEngine::refuse_poison(const TrainExtension& extension) {
  active_->status = CommandStatus::poisoned;
  const std::uint64_t begin = Address::offset(extension.train.address);
  ctx_.faults.report(Fault{
      node_, UnitId::tensor_engine, active_->command.tag, ctx_.wheel.now(),
      fmt::format("operand bytes from {} on come from a memory read with an uncorrectable error", begin)});
}

// Arms the wake-up for the next access, or for the end of the step. Responses that are missing arm it later.
void TensorEngine::arm() {
  if (!progress_.running) return;
  const bool all_sent = active_->next_step == 0 || progress_.sent == step().accesses.size();
  if (!all_sent && active_->status == CommandStatus::ok) {
    wake_.arm(std::max(clock_.edge(due(progress_.cost_sent)), ctx_.wheel.now()));
  } else if (progress_.outstanding == 0) {
    const bool to_its_end = active_->status == CommandStatus::ok || active_->next_step == 0;
    const Tick end = to_its_end ? clock_.edge(progress_.end) : 0;
    wake_.arm(std::max(end, clock_.after(now_tick(), 0)));
  }
}

// A command that failed ends as soon as nothing of it is on its way.
bool TensorEngine::step_over(std::uint64_t cycle) const {
  if (progress_.outstanding > 0) return false;
  if (active_->status != CommandStatus::ok && active_->next_step > 0) return true;
  return cycle >= progress_.end && (active_->next_step == 0 || progress_.sent == step().accesses.size());
}

void TensorEngine::finish_step(std::uint64_t cycle) {
  Active& active = *active_;
  CausalLog& log = ctx_.log;
  const ActivityId activity = active.command.activity;
  const Tick now = clock_.edge(cycle);
  Tick at = clock_.edge(progress_.begin);
  const auto spend = [&](Cause cause, std::uint64_t& cycle_at, std::uint64_t cycles, Tick& total) {
    cycle_at += cycles;
    const Tick until = std::min(now, clock_.edge(cycle_at));
    total += until - at;
    at = until;
    log.extend(activity, cause, at);
  };
  progress_.running = false;
  if (trace_ && cycle > progress_.end) trace_->stalled(clock_.edge(progress_.end));
  std::uint64_t cycle_at = progress_.begin;
  // 1. What the time went into.
  const bool setup = active.next_step == 0;
  if (setup) {
    spend(Cause::command, cycle_at, params_.setup_cycles, stats_.setup);
  } else {
    spend(Cause::engine_compute, cycle_at, step().compute_cycles, stats_.compute);
    spend(Cause::engine_fill, cycle_at, step().fill_cycles, stats_.fill);
    spend(Cause::engine_vector, cycle_at, step().vector_cycles, stats_.vector);
    stats_.sram_stall += now - at;
    log.extend(activity, Cause::sram, now);
  }
  if (active.status != CommandStatus::ok || empty(active.command)) return;
  // 2. The plan, behind the list if there is one.
  const auto [list, entries] = list_of(active.command);
  if (setup && list != kNoOffset) {
    active.plan.steps = {list_step(list, entries)};
  } else if (setup || !active.list_known) {
    if (list != kNoOffset) read_list();
    active.list_known = true;
    make_plan();
    active.next_step = 0;
  }
  // 3. The next step.
  if (active.next_step < active.plan.steps.size()) begin_step(cycle);
}

void TensorEngine::finish_command(Tick now) {
  Active done = std::move(*active_);
  active_.reset();
  stats_.busy += now - started_at_;
  unit_free_ = now;
  previous_ = done.command.activity;
  if (trace_) trace_->end(now, done.command);
  if (done.status == CommandStatus::ok) {
    retire(done);
  } else {
    ++stats_.failed;
  }
  start_next(now);
  done_out->done(done.command, done.status);
}

void TensorEngine::retire(const Active& done) {
  stats_.macs += done.plan.totals.macs;
  stats_.folds += done.plan.totals.folds;
  stats_.vector_elements += done.plan.totals.vector_elements;
  if (std::holds_alternative<Gemm>(done.command.body)) ++stats_.gemms;
  if (std::holds_alternative<AttentionStep>(done.command.body)) ++stats_.attentions;
  if (std::holds_alternative<Vector>(done.command.body)) ++stats_.vectors;
  const auto* ffn = std::get_if<FfnSlice>(&done.command.body);
  if (ffn == nullptr) return;
  ++stats_.ffn_slices;
  stats_.ffn_tokens += ffn->list_count;
  if (ffn->list_count == 0) return;
  RetiredSlice slice{node_, ffn->layer, ffn->expert, ffn->f_begin, ffn->f_count, {}};
  for (const ListEntry& entry : done.list) slice.tokens.push_back(entry.token);
  ctx_.work.retired(slice);
}

void TensorEngine::report_waits(std::vector<std::string>& lines) const {
  if (!active_) return;
  lines.push_back(fmt::format(
      "{}: command tag {} is in step {} of {} and waits for {} SRAM accesses ({} not "
      "accepted){}",
      name(), active_->command.tag, active_->next_step, active_->plan.steps.size(), progress_.outstanding,
      sram_out.waiting(), pending_ ? fmt::format("; tag {} waits for the engine", pending_->tag) : ""));
}

}  // namespace moesaic
