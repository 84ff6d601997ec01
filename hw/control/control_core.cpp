// SPDX-License-Identifier: Apache-2.0
#include "hw/control/control_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "tlm/sc_tick.h"
#include "tlm/train.h"

namespace moesaic {

namespace {
constexpr std::size_t kFirmwareStackBytes = std::size_t{1} << 20;

UnitId unit_of(moesaic_role role) {
  return role == MOESAIC_AGENT ? UnitId::agent_core : UnitId::scheduler_core;
}
}  // namespace

ControlCore::ControlCore(const sc_core::sc_module_name& name, CoreId id, const ControlParams& params,
                         FirmwareHost& host, HwContext& ctx)
    : sc_module(name),
      register_bus("register_bus"),
      sram_bus("sram_bus"),
      irq_in("irq_in"),
      irq_source("irq_source"),
      id_(id),
      params_(params),
      host_(host),
      ctx_(ctx),
      clock_(Clock::from_hz(params.hz)),
      hal_(make_hal(*this)) {
  irq_in.bind(*this);
  SC_HAS_PROCESS(ControlCore);
  SC_THREAD(run);
  set_stack_size(kFirmwareStackBytes);
  if (ctx.trace)
    trace_ =
        std::make_unique<ControlCoreTrace>(ctx, id.node, static_cast<unsigned>(id.role), sc_module::name());
}

// --- the thread

void ControlCore::run() {
  boot();
  for (;;) {
    wait_for_news();
    serve_interrupts();
    if (layer_pending_) serve_layer_start();
  }
}

void ControlCore::boot() {
  // The wheel starts the cores, one by one, not SystemC's order of processes.
  ctx_.wheel.schedule(0, Phase::firmware, component_id(id_.node, unit_of(id_.role)), *this);
  wait(resume_);
  in_boot_ = true;
  begin_handler({0, kRootActivity}, CoreState::boot);
  if (firmware_.boot != nullptr) firmware_.boot(firmware_.self);
  end_handler();
  in_boot_ = false;
  host_.boot_done(id_, now_tick(), activity_);
}

void ControlCore::wait_for_news() {
  while (!irq_high_ && !layer_pending_) {
    idle_ = true;
    wait(resume_);
  }
  if (!irq_high_) return;
  // From the line to the first instruction.
  const Happening why =
      irq_since_.at >= ctx_.log.end(activity_) ? irq_since_ : Happening{now_tick(), activity_};
  activity_ = ctx_.log.begin(why.cause, why.at, id_.node, unit_of(id_.role), 0);
  spend(params_.interrupt_cycles);
  busy_since_ = now_tick();
  if (trace_) trace_->enter(busy_since_, CoreState::entry);
  wait_out();
  ctx_.log.extend(activity_, Cause::interrupt, now_tick());
  stats_.busy += now_tick() - busy_since_;
  if (trace_) trace_->enter(now_tick(), CoreState::idle);
}

// Serves what IRQ_STATUS shows until nothing is left.
void ControlCore::serve_interrupts() {
  while (irq_high_) {
    busy_since_ = now_tick();
    if (trace_) trace_->enter(busy_since_, CoreState::status);
    const auto status = read_register<std::uint32_t>(MOESAIC_REG_IRQ_STATUS);
    wait_out();
    stats_.busy += now_tick() - busy_since_;
    if (trace_) trace_->enter(now_tick(), CoreState::idle);
    if (status & MOESAIC_IRQ_TIMER) {
      begin_handler(irq_source->last_news(id_.role), CoreState::timer);
      if (firmware_.timer != nullptr) firmware_.timer(firmware_.self);
      end_handler();
    }
    if (status & MOESAIC_IRQ_MAIL_SPACE) {
      begin_handler(irq_source->last_news(id_.role), CoreState::mail_space);
      if (firmware_.mail_space != nullptr) firmware_.mail_space(firmware_.self);
      end_handler();
    }
    if (status & MOESAIC_IRQ_MAIL) serve_mail();
    if (status & MOESAIC_IRQ_COMPLETION) serve_completion();
  }
}

void ControlCore::serve_completion() {
  busy_since_ = now_tick();
  const auto entry = read_register<moesaic_completion>(MOESAIC_REG_COMPLETION_POP);
  if (entry.valid == 0) return;
  begin_handler(irq_source->last_news(id_.role), CoreState::completion);
  if (firmware_.completion != nullptr) firmware_.completion(firmware_.self, &entry);
  end_handler();
}

void ControlCore::serve_mail() {
  busy_since_ = now_tick();
  const auto mail = read_register<moesaic_mail>(MOESAIC_REG_MAIL_POP);
  if (mail.kind == 0) return;
  begin_handler(irq_source->last_news(id_.role), CoreState::message);
  if (firmware_.message != nullptr) {
    firmware_.message(firmware_.self, &mail);
  } else {
    ctx_.faults.report({id_.node, unit_of(id_.role), 0, now_tick(),
                        fmt::format("a message of kind {} from die {} to a core that takes none", mail.kind,
                                    mail.source_node)});
  }
  end_handler();
}

void ControlCore::serve_layer_start() {
  layer_pending_ = false;
  if (trace_) trace_->layer(now_tick(), pending_layer_);
  begin_handler(layer_why_, CoreState::layer_start);
  if (firmware_.layer_start != nullptr)
    firmware_.layer_start(firmware_.self, pending_iteration_, pending_layer_);
  end_handler();
}

// A handler is caused by its news, or by the handler before it where that ended later.
void ControlCore::begin_handler(Happening why, CoreState kind) {
  const Tick now = now_tick();
  const Tick free_since = ctx_.log.end(activity_);
  if (why.at < free_since) why = {std::min(free_since, now), activity_};
  activity_ = ctx_.log.begin(why.cause, why.at, id_.node, unit_of(id_.role),
                             static_cast<std::uint32_t>(stats_.handlers));
  ctx_.log.extend(activity_, Cause::firmware, now);
  busy_since_ = now;
  ++stats_.handlers;
  if (trace_) trace_->begin(now, kind, activity_, stats_.handlers);
  spend(params_.handler_cycles);
}

void ControlCore::end_handler() {
  wait_out();
  stats_.busy += now_tick() - busy_since_;
  if (trace_) trace_->end(now_tick(), activity_);
}

// Lets the accumulated cost pass. The wheel wakes the thread, so that firmware of one instant runs in the
// order of component ids.
void ControlCore::wait_out() {
  if (pending_cycles_ > 0) {
    const Tick until = clock_.after(now_tick(), pending_cycles_);
    stats_.charged_cycles += pending_cycles_;
    pending_cycles_ = 0;
    ctx_.wheel.schedule(until, Phase::firmware, component_id(id_.node, unit_of(id_.role)), *this);
    wait(resume_);
  }
  ctx_.log.extend(activity_, Cause::firmware, now_tick());
}

void ControlCore::on_wheel(Tick, Phase, std::uint64_t) {
  ctx_.process.resume(resume_);
}

void ControlCore::level(bool high, Happening since) {
  irq_high_ = high;
  if (!high) return;
  irq_since_ = since;
  if (!idle_) return;
  idle_ = false;
  ctx_.wheel.schedule(since.at, Phase::firmware, component_id(id_.node, unit_of(id_.role)), *this);
}

void ControlCore::start_layer(std::uint32_t iteration, std::uint32_t layer, Happening why) {
  layer_pending_ = true;
  pending_iteration_ = iteration;
  pending_layer_ = layer;
  layer_why_ = why;
  if (!idle_) return;
  idle_ = false;
  ctx_.wheel.schedule(why.at, Phase::firmware, component_id(id_.node, unit_of(id_.role)), *this);
}

void ControlCore::report_waits(std::vector<std::string>& lines) const {
  if (idle_) lines.push_back(fmt::format("{}: firmware is idle, waiting for an interrupt", name()));
  if (firmware_.waits == nullptr) return;
  struct Collector {
    const char* name;
    std::vector<std::string>& lines;
  } collector{name(), lines};
  firmware_.waits(firmware_.self, &collector, [](void* c, const char* text, std::uint32_t length) {
    auto& to = *static_cast<Collector*>(c);
    to.lines.push_back(fmt::format("{}: {}", to.name, std::string_view(text, length)));
  });
}

// --- the bus

template <typename T>
T ControlCore::read_register(std::uint32_t offset) {
  T value{};
  const std::uint32_t base = static_cast<std::uint32_t>(id_.role) * MOESAIC_CONTEXT_STRIDE;
  bus(Address::make(id_.node, AddressUnit::registers, base + offset), &value, sizeof value, false);
  return value;
}

void ControlCore::bus(std::uint64_t address, void* data, std::uint32_t bytes, bool write) {
  wait_out();
  const AddressUnit unit = Address::unit(address);
  if (Address::node(address) != id_.node || unit == AddressUnit::memory) {
    ctx_.faults.report(
        {id_.node, unit_of(id_.role), 0, now_tick(),
         fmt::format("bus access to {:#x}: a core reaches registers and SRAM of its own die only", address)});
    return;
  }
  ++stats_.bus_accesses;
  stats_.bus_bytes += bytes;
  tlm::tlm_generic_payload payload;
  TrainExtension extension;
  extension.activity = activity_;
  extension.requester = id_.node;
  extension.train = Train::block(address, bytes);
  payload.set_extension(&extension);
  payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(address);
  payload.set_data_ptr(static_cast<unsigned char*>(data));
  payload.set_data_length(bytes);
  payload.set_streaming_width(bytes);
  payload.set_byte_enable_ptr(nullptr);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  (unit == AddressUnit::registers ? register_bus : sram_bus)->b_transport(payload, delay);
  payload.clear_extension(&extension);
  if (!payload.is_response_ok()) {
    ctx_.faults.report(
        {id_.node, unit_of(id_.role), 0, now_tick(),
         fmt::format("{} of {} bytes at {:#x} is refused by the bus: no such register, wrong width, or "
                     "beyond the SRAM",
                     write ? "write" : "read", bytes, address)});
  }
  // The annotated delay is waited out with the next cost.
  const Tick now = now_tick();
  spend(clock_.cycle_at_or_after(now + to_tick(delay)) - clock_.cycle_at_or_after(now));
}

// --- the hardware abstraction layer

void ControlCore::gate_results_into(std::uint32_t layer, std::uint32_t token) {
  wait_out();
  choices_.clear();
  if (!host_.gate_results(id_, layer, token, choices_)) {
    ctx_.faults.report(
        {id_.node, unit_of(id_.role), 0, now_tick(),
         fmt::format("gate results of token {} in layer {} are not known to this core: they are on "
                     "another die (run with --oracle to lift this)",
                     token, layer)});
  }
  stats_.gate_results += choices_.size();
  spend(std::uint64_t{params_.gate_result_cycles} * choices_.size());
}

moesaic_hal ControlCore::make_hal(ControlCore& core) {
  moesaic_hal hal{};
  hal.struct_size = sizeof hal;
  hal.abi_version = MOESAIC_ABI_VERSION;
  hal.context = &core;
  hal.bus_read = [](void* c, std::uint64_t address, void* data, std::uint32_t bytes) {
    core_of(c).bus(address, data, bytes, false);
  };
  hal.bus_write = [](void* c, std::uint64_t address, const void* data, std::uint32_t bytes) {
    core_of(c).bus(address, const_cast<void*>(data), bytes, true);
  };
  hal.charge = [](void* c, std::uint64_t cycles) { core_of(c).spend(cycles); };
  hal.memory_bytes = [](void* c, std::uint32_t node) { return core_of(c).host_.memory_bytes(node); };
  hal.gate_results = [](void* c, std::uint32_t layer, std::uint32_t token, moesaic_choice* out,
                        std::uint32_t room) {
    ControlCore& self = core_of(c);
    self.gate_results_into(layer, token);
    const std::size_t n = std::min<std::size_t>(room, self.choices_.size());
    std::copy_n(self.choices_.begin(), n, out);
    return static_cast<std::uint32_t>(self.choices_.size());
  };
  hal.tokens = [](void* c, moesaic_token* out, std::uint32_t room) {
    ControlCore& self = core_of(c);
    self.wait_out();
    std::vector<moesaic_token> tokens;
    self.host_.tokens(self.id_, tokens);
    std::copy_n(tokens.begin(), std::min<std::size_t>(room, tokens.size()), out);
    self.spend(std::uint64_t{self.params_.gate_result_cycles} * tokens.size());
    return static_cast<std::uint32_t>(tokens.size());
  };
  hal.defer = [](void* c, std::uint32_t request) {
    ControlCore& self = core_of(c);
    self.wait_out();
    self.host_.defer(self.id_, now_tick(), request);
    self.spend(self.params_.lookup_cycles);
  };
  hal.place = [](void* c, const moesaic_tensor* tensor) {
    ControlCore& self = core_of(c);
    if (self.in_boot_) return self.host_.place(self.id_, *tensor);
    self.ctx_.faults.report(
        {self.id_.node, unit_of(self.id_.role), 0, now_tick(), "place() is for boot only"});
  };
  hal.deviate = [](void* c, const moesaic_deviation* deviation) {
    core_of(c).host_.deviate(core_of(c).id_, *deviation);
  };
  hal.log = [](void* c, std::uint32_t level, const char* text, std::uint32_t length) {
    ControlCore& self = core_of(c);
    ++self.stats_.log_lines;
    self.host_.log(self.id_, now_tick(), level, {text, length});
  };
  hal.statistic = [](void* c, const char* name, const char* unit, double value) {
    ControlCore& self = core_of(c);
    self.host_.statistic(self.id_, now_tick(), name == nullptr ? "" : name, unit == nullptr ? "" : unit,
                         value);
  };
  hal.mark = [](void* c, const char* text, std::uint32_t length) {
    ControlCore& self = core_of(c);
    self.host_.mark(self.id_, now_tick(), {text, length});
    if (self.ctx_.trace)
      self.ctx_.trace->mark(self.id_.node, static_cast<unsigned>(self.id_.role), now_tick(), {text, length});
  };
  hal.layer_done = [](void* c) {
    ControlCore& self = core_of(c);
    self.wait_out();
    self.host_.layer_done(self.id_, now_tick(), self.activity_);
  };
  hal.fail = [](void* c, const char* text, std::uint32_t length) {
    ControlCore& self = core_of(c);
    self.host_.fail(self.id_, now_tick(), {text, length});
  };
  hal.cost_of = [](void* c, std::uint32_t operation) -> std::uint32_t {
    const ControlParams& p = core_of(c).params_;
    switch (operation) {
      case MOESAIC_OP_LOOKUP:
        return p.lookup_cycles;
      case MOESAIC_OP_SCAN_ITEM:
        return p.scan_cycles;
      case MOESAIC_OP_SORT_STEP:
        return p.sort_cycles;
      case MOESAIC_OP_QUEUE:
        return p.queue_cycles;
      default:
        return 1;
    }
  };
  return hal;
}

}  // namespace moesaic
