// SPDX-License-Identifier: Apache-2.0
// The register file of the command processor: what each register of firmware/sdk/registers.h does.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "hw/control/command_processor.h"
#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

namespace {

struct RegisterSpan {
  std::uint32_t offset, bytes, count, step;
};

constexpr RegisterSpan kRegisters[] = {
#define MOESAIC_SPAN(name, offset, bytes, count, step, access, reset, sentence) {offset, bytes, count, step},
    MOESAIC_REGISTERS(MOESAIC_SPAN)
#undef MOESAIC_SPAN
};

// The register at `offset` (inside a context) and the index in its array. False: no register starts there.
bool find_register(std::uint32_t offset, RegisterSpan& found, unsigned& index) {
  for (const RegisterSpan& r : kRegisters) {
    const std::uint32_t span = r.count == 1 ? r.bytes : r.step * r.count;
    if (offset < r.offset || offset >= r.offset + span) continue;
    index = r.count == 1 ? 0 : (offset - r.offset) / r.step;
    found = r;
    return offset == r.offset + index * r.step;
  }
  return false;
}

template <typename T>
bool put(std::uint8_t* data, T value) {
  std::memcpy(data, &value, sizeof value);
  return true;
}

template <typename T>
T get(const std::uint8_t* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

}  // namespace

bool CommandProcessor::offer(unsigned, tlm::tlm_generic_payload&) {
  panic(sc_module::name(), now_tick(), "registers are accessed by b_transport only");
}

void CommandProcessor::access(unsigned, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const auto offset = static_cast<std::uint32_t>(Address::offset(payload.get_address()));
  const std::uint32_t bytes = payload.get_data_length();
  Happening by{now_tick(), kRootActivity};
  if (const auto* extension = payload.get_extension<TrainExtension>()) by.cause = extension->activity;
  const bool ok = payload.is_write() ? write_register(offset, payload.get_data_ptr(), bytes, by)
                                     : read_register(offset, payload.get_data_ptr(), bytes, true);
  payload.set_response_status(ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
  const std::uint64_t cycles = std::uint64_t{params_.register_cycles} * ((bytes + 7) / 8);
  delay += to_sc_time(clock_.after(by.at, cycles) - by.at);
}

unsigned CommandProcessor::debug(unsigned, tlm::tlm_generic_payload& payload) {
  const auto offset = static_cast<std::uint32_t>(Address::offset(payload.get_address()));
  const bool ok =
      payload.is_read() && read_register(offset, payload.get_data_ptr(), payload.get_data_length(), false);
  return ok ? payload.get_data_length() : 0;
}

bool CommandProcessor::read_register(std::uint32_t address, std::uint8_t* data, std::uint32_t bytes,
                                     bool effects) {
  const unsigned number = address / MOESAIC_CONTEXT_STRIDE;
  RegisterSpan r{};
  unsigned index = 0;
  if (number >= kContexts || !find_register(address % MOESAIC_CONTEXT_STRIDE, r, index) || bytes != r.bytes)
    return false;
  ControlContext& context = contexts_[number];
  switch (r.offset) {
    case MOESAIC_REG_IDENT:
      return put<std::uint32_t>(data, MOESAIC_IDENT);
    case MOESAIC_REG_ABI:
      return put<std::uint32_t>(data, MOESAIC_ABI_VERSION);
    case MOESAIC_REG_NODE:
      return put<std::uint32_t>(data, index_of(node_));
    case MOESAIC_REG_CYCLE:
      return put<std::uint64_t>(data, clock_.cycle_at_or_before(now_tick()));
    case MOESAIC_REG_IRQ_STATUS: {
      put<std::uint32_t>(data, context.irq_status());
      // Reading the status acknowledges the causes that have no queue behind them.
      if (!effects || !(context.timer_fired || context.space_news)) return true;
      if (std::exchange(context.timer_fired, false)) context.news = context.timer_armed;
      context.space_news = false;
      raise_or_drop(number, context.news);
      return true;
    }
    case MOESAIC_REG_IRQ_ENABLE:
      return put<std::uint32_t>(data, context.irq_enable);
    case MOESAIC_REG_TIMER:
      return put<std::uint64_t>(data, context.timer_cycle);
    case MOESAIC_REG_COMPLETION_LEVEL:
      return put<std::uint32_t>(data, static_cast<std::uint32_t>(context.completions.size()));
    case MOESAIC_REG_COMPLETION_POP:
      pop_completion(number, data, effects);
      return true;
    case MOESAIC_REG_MAIL_LEVEL:
      return put<std::uint32_t>(data, static_cast<std::uint32_t>(context.inbox.size()));
    case MOESAIC_REG_MAIL_SPACE: {
      const std::size_t space = context.outbox.capacity() - context.outbox.size();
      if (effects && space == 0) context.space_wanted = true;
      return put<std::uint32_t>(data, static_cast<std::uint32_t>(space));
    }
    case MOESAIC_REG_MAIL_POP:
      pop_mail(number, data, effects);
      return true;
    case MOESAIC_REG_QUEUE_SPACE: {
      const bool exists = index < context.queues.size();
      return put<std::uint32_t>(data, exists ? static_cast<std::uint32_t>(context.queues[index].space()) : 0);
    }
    case MOESAIC_REG_EVENT:
      return put<std::uint32_t>(data, index < events_.size() ? events_[index] : 0);
    default:
      std::memset(data, 0, bytes);  // write-only registers read as zero
      return true;
  }
}

bool CommandProcessor::write_register(std::uint32_t address, const std::uint8_t* data, std::uint32_t bytes,
                                      Happening by) {
  const unsigned number = address / MOESAIC_CONTEXT_STRIDE;
  RegisterSpan r{};
  unsigned index = 0;
  if (number >= kContexts || !find_register(address % MOESAIC_CONTEXT_STRIDE, r, index) || bytes != r.bytes)
    return false;
  ControlContext& context = contexts_[number];
  switch (r.offset) {
    case MOESAIC_REG_IRQ_ENABLE:
      context.irq_enable = get<std::uint32_t>(data) & 0xF;
      raise_or_drop(number, by);
      return true;
    case MOESAIC_REG_TIMER:
      arm_timer(number, get<std::uint64_t>(data), by);
      return true;
    case MOESAIC_REG_MAIL_PUSH:
      push_mail(number, data, by);
      return true;
    case MOESAIC_REG_QUEUE_DOORBELL:
      ring_doorbell(number, index, get<std::uint32_t>(data), by);
      return true;
    case MOESAIC_REG_QUEUE_PUSH:
      push_descriptor(number, index, data);
      return true;
    case MOESAIC_REG_EVENT: {
      if (index >= events_.size()) return false;
      events_[index] = get<std::uint32_t>(data);
      add_to_event(static_cast<std::uint16_t>(index), 0, by);
      return true;
    }
    default:
      return false;  // read-only
  }
}

void CommandProcessor::pop_completion(unsigned number, std::uint8_t* data, bool effects) {
  ControlContext& context = contexts_[number];
  const moesaic_completion entry =
      context.completions.empty() ? moesaic_completion{} : context.completions.front().entry;
  put(data, entry);
  if (!effects || context.completions.empty()) return;
  context.news = context.completions.front().happening;
  context.completions.pop_front();
  if (!context.held_completions.empty()) {
    context.completions.push_back(context.held_completions.front());
    context.held_completions.pop_front();
  }
  raise_or_drop(number, context.news);
}

void CommandProcessor::pop_mail(unsigned number, std::uint8_t* data, bool effects) {
  ControlContext& context = contexts_[number];
  put(data, context.inbox.empty() ? moesaic_mail{} : context.inbox.front().mail);
  if (!effects || context.inbox.empty()) return;
  const Tick now = now_tick();
  context.news = context.inbox.pop(now).happening;
  raise_or_drop(number, context.news);
  // There is room again: for the network, and for this die's own messages.
  if (network_out.size() > 0) network_out->retry_delivery();
  message_wake_.arm(clock_.after(now, 1));
}

void CommandProcessor::push_mail(unsigned number, const std::uint8_t* data, Happening by) {
  ControlContext& context = contexts_[number];
  auto mail = get<moesaic_mail>(data);
  if (context.outbox.full()) {
    misuse(0, fmt::format("MAIL_PUSH into a full outbox of {} messages; read MAIL_SPACE first",
                          context.outbox.capacity()));
    return;
  }
  if (mail.node >= nodes_ || mail.context >= kContexts || mail.kind == 0) {
    misuse(0, fmt::format("a message of kind {} to core {} of die {}: no such receiver, or kind 0", mail.kind,
                          mail.context, mail.node));
    return;
  }
  mail.source_node = index_of(node_);
  mail.source_context = static_cast<std::uint8_t>(number);
  context.outbox.push(by.at, {mail, by});
  if (trace_) show();
  message_wake_.arm(clock_.after(by.at, params_.decode_cycles));
}

void CommandProcessor::push_descriptor(unsigned number, unsigned index, const std::uint8_t* data) {
  ControlContext& context = contexts_[number];
  const auto descriptor = get<moesaic_descriptor>(data);
  if (index >= context.queues.size()) {
    misuse(descriptor.header.tag,
           fmt::format("command queue {} does not exist; there are {}", index, context.queues.size()));
    return;
  }
  CommandQueue& queue = context.queues[index];
  if (queue.space() == 0) {
    misuse(descriptor.header.tag,
           fmt::format("command queue {} overflows: it holds {} descriptors; read QUEUE_SPACE first", index,
                       queue.started.capacity()));
    return;
  }
  queue.staged.push_back(descriptor);
}

void CommandProcessor::ring_doorbell(unsigned number, unsigned index, std::uint32_t count, Happening by) {
  ControlContext& context = contexts_[number];
  if (index >= context.queues.size() || count > context.queues[index].staged.size()) {
    misuse(0, fmt::format("the doorbell of command queue {} starts {} descriptors that were not staged",
                          index, count));
    return;
  }
  CommandQueue& queue = context.queues[index];
  for (std::uint32_t i = 0; i < count; ++i) queue.started.push(by.at, {queue.staged[i], by});
  queue.staged.erase(queue.staged.begin(), queue.staged.begin() + count);
  if (trace_) trace_->doorbell(by.at, number, index);
  stats_.peak_queue = std::max(stats_.peak_queue, static_cast<unsigned>(queue.started.peak()));
  wake_dispatch(by.at);
}

void CommandProcessor::arm_timer(unsigned number, std::uint64_t cycle, Happening by) {
  ControlContext& context = contexts_[number];
  context.timer_cycle = 0;
  context.timer_armed = by;
  if (cycle == 0) return;
  // A cycle that has passed fires at the next edge.
  context.timer_cycle = std::max(cycle, clock_.cycle_at_or_before(by.at) + 1);
  ctx_.wheel.schedule(clock_.edge(context.timer_cycle), Phase::deliver,
                      component_id(node_, UnitId::command_processor), *this, 16 + number);
}

}  // namespace moesaic
