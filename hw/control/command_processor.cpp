// SPDX-License-Identifier: Apache-2.0
#include "hw/control/command_processor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "hw/control/decoder.h"
#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

namespace {
// What a wheel event is for.
enum Work : std::uint64_t { kDispatch = 0, kIssue = 1, kMessages = 2, kTimer = 16 /* + context */ };
}  // namespace

CommandProcessor::CommandProcessor(const sc_core::sc_module_name& name, NodeId node, unsigned nodes,
                                   const ControlParams& params, SlotTable& slots, HwContext& ctx)
    : sc_module(name),
      bus_in("bus_in", *this, 0),
      scheduler_bus_in("scheduler_bus_in", *this, 1),
      agent_irq("agent_irq"),
      scheduler_irq("scheduler_irq"),
      irq_source("irq_source"),
      dma_out("dma_out"),
      engine_out("engine_out"),
      done_in("done_in"),
      network_out("network_out"),
      network_in("network_in"),
      node_(node),
      nodes_(nodes),
      params_(params),
      slots_(slots),
      ctx_(ctx),
      clock_(Clock::from_hz(params.hz)),
      events_(params.events, 0),
      dispatch_wake_(ctx.wheel, Phase::arbitrate, component_id(node, UnitId::command_processor), *this,
                     kDispatch),
      message_wake_(ctx.wheel, Phase::arbitrate, component_id(node, UnitId::command_processor), *this,
                    kMessages) {
  contexts_.emplace_back(std::string(sc_module::name()) + ".agent", params);
  contexts_.emplace_back(std::string(sc_module::name()) + ".scheduler", params);
  irq_source.bind(*this);
  done_in.bind(*this);
  network_in.bind(*this);
  if (ctx.trace) trace_ = std::make_unique<CommandProcessorTrace>(ctx, node, sc_module::name(), params);
}

void CommandProcessor::on_wheel(Tick now, Phase, std::uint64_t cookie) {
  switch (cookie) {
    case kDispatch:
      if (dispatch_wake_.take(now)) dispatch(now);
      break;
    case kIssue:
      issue(*std::exchange(decoding_, std::nullopt), now);
      break;
    case kMessages:
      if (message_wake_.take(now)) pump_messages(now);
      break;
    default: {
      ControlContext& context = contexts_[cookie - kTimer];
      if (context.timer_cycle == 0 || clock_.edge(context.timer_cycle) != now)
        return;  // re-armed or disarmed since
      context.timer_cycle = 0;
      context.timer_fired = true;
      const ActivityId wait = ctx_.log.begin(context.timer_armed.cause, context.timer_armed.at, node_,
                                             UnitId::command_processor, 0);
      ctx_.log.extend(wait, Cause::timer, now);
      context.timer_armed = {now, wait};
      raise_or_drop(static_cast<unsigned>(cookie - kTimer), context.timer_armed);
    }
  }
  if (trace_) show();
}

void CommandProcessor::wake_dispatch(Tick now) {
  if (trace_) show();
  if (!decoding_) dispatch_wake_.arm(clock_.after(now, 0));
}

// Picks the next queue whose head can go, round robin, and keeps the decoder busy with it.
void CommandProcessor::dispatch(Tick now) {
  if (decoding_) return;
  const unsigned all = kContexts * params_.command_queues;
  for (unsigned i = 0; i < all; ++i) {
    unsigned number = (next_queue_ + i) % all;
    if (!can_go(number, now)) continue;
    number = most_urgent(number, now);
    const Decoding candidate = place_of(number);
    CommandQueue& queue = contexts_[candidate.context].queues[candidate.queue];
    // A head that was seen blocked goes because its unit, or the last command before its fence, has finished.
    if (std::exchange(queue.head_blocked, false)) {
      const Happening& freed =
          queue.head->kind == CommandKind::fence ? queue.last_done : freed_of(queue.head->kind);
      queue.head->ready = freed.at;
      queue.head->ready_cause = freed.cause;
    }
    next_queue_ = (number + 1) % all;
    decoding_ = candidate;
    ctx_.wheel.schedule(clock_.after(now, params_.decode_cycles), Phase::arbitrate,
                        component_id(node_, UnitId::command_processor), *this, kIssue);
    return;
  }
}

CommandProcessor::Decoding CommandProcessor::place_of(unsigned number) const {
  return {number / params_.command_queues, number % params_.command_queues};
}

bool CommandProcessor::can_go(unsigned number, Tick now) {
  const Decoding place = place_of(number);
  if (!prepare_head(place.context, place.queue, now)) return false;
  CommandQueue& queue = contexts_[place.context].queues[place.queue];
  if (issuable(queue)) return true;
  queue.head_blocked = queue.head->wait_event == kNoEvent;
  return false;
}

// Priority of the transfer at the front of a queue; 0 for everything else.
std::uint8_t CommandProcessor::priority_at(unsigned number) const {
  const Decoding place = place_of(number);
  const CommandQueue& queue = contexts_[place.context].queues[place.queue];
  if (!queue.head) return queue.started.empty() ? 0 : priority_of(queue.started.front().descriptor);
  const auto* transfer = std::get_if<Transfer>(&queue.head->body);
  return transfer == nullptr ? 0 : transfer->priority;
}

// The head of queue `number` can go. If it is a transfer, one of higher priority goes before it.
unsigned CommandProcessor::most_urgent(unsigned number, Tick now) {
  const Decoding place = place_of(number);
  if (contexts_[place.context].queues[place.queue].head->kind > CommandKind::send) return number;
  const unsigned all = kContexts * params_.command_queues;
  unsigned best = number;
  for (unsigned i = 1; i < all; ++i) {
    const unsigned other = (number + i) % all;
    // Looking at a head may replace it: a bad descriptor is dropped.
    if (priority_at(other) > priority_at(best) && can_go(other, now) &&
        priority_at(other) > priority_at(best))
      best = other;
  }
  return best;
}

// Decodes the front of a queue once. False when the queue is empty.
bool CommandProcessor::prepare_head(unsigned context, unsigned number, Tick now) {
  CommandQueue& queue = contexts_[context].queues[number];
  while (!queue.head && !queue.started.empty()) {
    // 1. One descriptor, or two.
    const QueuedDescriptor front = queue.started.pop(now);
    const bool continued = is_continued(front.descriptor);
    std::optional<QueuedDescriptor> more;
    if (continued && !queue.started.empty()) more = queue.started.pop(now);
    if (continued && !more) {
      misuse(front.descriptor.header.tag, "a continued descriptor was started without its continuation");
      continue;
    }
    stats_.descriptors += continued ? 2 : 1;
    // 2. Decode; a bad descriptor is reported and dropped.
    auto decoded = decode(front.descriptor, more ? &more->descriptor : nullptr,
                          {node_, nodes_, static_cast<unsigned>(events_.size()), slots_.size_bytes()});
    if (const auto* error = std::get_if<std::string>(&decoded)) {
      misuse(front.descriptor.header.tag, *error);
      continue;
    }
    Command command = std::get<Command>(std::move(decoded));
    command.context = static_cast<std::uint8_t>(context);
    command.queue = static_cast<std::uint8_t>(number);
    // 3. Its last dependency so far: the doorbell, or the queue place it has just reached.
    const Happening last = front.doorbell.at >= queue.last_issue.at ? front.doorbell : queue.last_issue;
    command.ready = last.at;
    command.ready_cause = last.cause;
    queue.head = std::move(command);
    if (trace_) trace_->head(now, *queue.head);
    // An event that is already there was not what it waited for.
    if (queue.head->wait_event != kNoEvent && events_[queue.head->wait_event] >= queue.head->wait_value) {
      queue.head->wait_event = kNoEvent;
    }
  }
  return queue.head.has_value();
}

bool CommandProcessor::issuable(const CommandQueue& queue) {
  const Command& head = *queue.head;
  if (head.wait_event != kNoEvent) return false;  // cleared by add_to_event
  if (head.kind == CommandKind::fence) return queue.unfinished == 0;
  const CommandUnit* unit = unit_of(head.kind);
  return unit == nullptr || unit->can_issue();
}

// The unit that executes a kind; null for what ends in the command processor.
CommandUnit* CommandProcessor::unit_of(CommandKind kind) {
  if (kind <= CommandKind::send) return dma_out.operator->();
  if (kind <= CommandKind::vector) return engine_out.operator->();
  return nullptr;
}

Happening& CommandProcessor::freed_of(CommandKind kind) {
  return freed_[kind <= CommandKind::send ? 0 : 1];
}

void CommandProcessor::issue(Decoding decoding, Tick now) {
  CommandQueue& queue = contexts_[decoding.context].queues[decoding.queue];
  Command command = *std::exchange(queue.head, std::nullopt);
  command.number = commands_issued_++;
  if (trace_) trace_->issued(now, command);
  ++queue.unfinished;
  // 1. Its way through the decoder is an activity of its own, which causes both the execution and the next
  // head.
  const ActivityId decoded =
      ctx_.log.begin(command.ready_cause, command.ready, node_, UnitId::command_processor, command.tag);
  ctx_.log.extend(decoded, Cause::command, now);
  command.ready = now;
  command.ready_cause = decoded;
  queue.last_issue = {now, decoded};
  // 2. To its unit.
  if (CommandUnit* unit = unit_of(command.kind)) {
    executing_[command.number] = {decoding.context, command.kind, command.tag};
    unit->issue(std::move(command));
  } else {
    execute_here(command, now);
  }
  wake_dispatch(now);
}

// Slot operations and fences end in the command processor.
void CommandProcessor::execute_here(Command& command, Tick now) {
  start_activity(ctx_.log, command, now, node_, UnitId::command_processor, 0, kRootActivity);
  std::optional<std::string> error;
  if (command.kind == CommandKind::slot_allocate) {
    const SlotOp& op = std::get<SlotOp>(command.body);
    error = slots_.allocate(op.slot, op.offset, op.bytes, op.granted);
  } else if (command.kind == CommandKind::slot_release) {
    error = slots_.release(std::get<SlotOp>(command.body).slot);
  }
  if (error) misuse(command.tag, *error);
  done(command, error ? CommandStatus::misuse : CommandStatus::ok);
}

void CommandProcessor::done(const Command& command, CommandStatus status) {
  const Tick now = now_tick();
  const Happening happening{now, command.activity};
  ++stats_.commands[static_cast<std::size_t>(command.kind)];
  CommandQueue& queue = contexts_[command.context].queues[command.queue];
  --queue.unfinished;
  queue.last_done = happening;
  slots_.finished(static_cast<std::uint32_t>(command.activity));
  executing_.erase(command.number);
  if (trace_) trace_->done(command);
  if (unit_of(command.kind) != nullptr) freed_of(command.kind) = happening;
  // 1. Signals. A send's goes with its data, unless there was none.
  if (command.local_signal.present()) send_signal(command.local_signal, happening);
  if (command.signal.present() && command.kind != CommandKind::send) send_signal(command.signal, happening);
  if (command.signal.present() && command.kind == CommandKind::send) signal_empty_send(command, happening);
  // 2. Completion and interrupt.
  if (command.interrupt) complete(command, status, now);
  // 3. A unit, or a fence, has become free.
  wake_dispatch(now);
}

void CommandProcessor::signal_empty_send(const Command& command, Happening happening) {
  const Transfer& transfer = std::get<Transfer>(command.body);
  if (transfer.rows > 0) return;
  for (unsigned node = 0; node < nodes_; ++node) {
    if (transfer.goes_to(node))
      send_signal({NodeId(node), command.signal.event, command.signal.add}, happening);
  }
}

void CommandProcessor::complete(const Command& command, CommandStatus status, Tick now) {
  ControlContext& context = contexts_[command.context];
  CompletionNews news{};
  news.entry.tag = command.tag;
  news.entry.status = static_cast<std::uint16_t>(status);
  news.entry.valid = 1;
  news.entry.queue = command.queue;
  news.entry.cycle = clock_.cycle_at_or_before(now);
  news.happening = {now, command.activity};
  ++stats_.completions;
  if (context.completions.size() < params_.completion_depth) {
    context.completions.push_back(news);
    raise_or_drop(command.context, news.happening);
  } else {
    context.held_completions.push_back(news);
  }
}

// Sets the interrupt line to its level; `happening` is what may have raised it.
void CommandProcessor::raise_or_drop(unsigned number, Happening happening) {
  ControlContext& context = contexts_[number];
  const bool high = (context.irq_status() & context.irq_enable) != 0;
  const bool changed = std::exchange(context.irq_high, high) != high;
  if (trace_) show();
  if (!changed) return;
  if (number == 0) {
    agent_irq->level(high, happening);
  } else if (scheduler_irq.size() > 0) {
    scheduler_irq->level(high, happening);
  }
}

void CommandProcessor::send_signal(const Signal& signal, Happening happening) {
  if (signal.node == node_) {
    add_to_event(signal.event, signal.add, happening);
    return;
  }
  ControlMessage message;
  message.kind = ControlMessage::Kind::signal;
  message.source = node_;
  message.destination = signal.node;
  message.event = signal.event;
  message.add = signal.add;
  message.cause = happening.cause;
  signals_out_.push_back(message);
  ++stats_.remote_signals;
  message_wake_.arm(clock_.after(happening.at, 1));
}

void CommandProcessor::add_to_event(std::uint16_t event, std::uint16_t add, Happening happening) {
  const std::uint32_t tag = ctx_.log[happening.cause].tag;
  if (event >= events_.size()) {
    misuse(tag, fmt::format("a signal for event {} arrived; this die has {}", event, events_.size()));
    return;
  }
  if (events_[event] > 0xFFFF'FFFF - add) {
    misuse(tag, fmt::format("event {} overflows: {} is added to {}", event, add, events_[event]));
    add = static_cast<std::uint16_t>(0xFFFF'FFFF - events_[event]);
  }
  events_[event] += add;
  ++stats_.signals;
  if (trace_) trace_->event(happening.at, event, events_[event], happening.cause);
  for (ControlContext& context : contexts_) {
    for (CommandQueue& queue : context.queues) {
      if (!queue.head || queue.head->wait_event != event || events_[event] < queue.head->wait_value) continue;
      queue.head->wait_event = kNoEvent;
      queue.head->ready = std::max(queue.head->ready, happening.at);
      queue.head->ready_cause = happening.cause;
    }
  }
  wake_dispatch(happening.at);
}

void CommandProcessor::signal(std::uint16_t event, std::uint16_t add, ActivityId cause) {
  add_to_event(event, add, {now_tick(), cause});
}

bool CommandProcessor::deliver(const ControlMessage& message) {
  const Happening happening{now_tick(), message.cause};
  if (message.kind == ControlMessage::Kind::signal) {
    add_to_event(message.event, message.add, happening);
    return true;
  }
  MailNews news{};
  std::memcpy(&news.mail, message.mail.data(), sizeof news.mail);
  news.happening = happening;
  if (news.mail.context == MOESAIC_SCHEDULER && scheduler_irq.size() == 0) {
    misuse(0,
           fmt::format("a message of kind {} from die {} to the scheduler core of this die, which has none",
                       news.mail.kind, news.mail.source_node));
    return true;
  }
  ControlContext& context = contexts_[news.mail.context];
  if (context.inbox.full()) return false;
  context.inbox.push(happening.at, news);
  stats_.peak_inbox = std::max(stats_.peak_inbox, static_cast<unsigned>(context.inbox.peak()));
  raise_or_drop(news.mail.context, happening);
  return true;
}

void CommandProcessor::network_ready() {
  message_wake_.arm(clock_.after(now_tick(), 1));
}

// Signals first, then mail of both contexts; stops where the network or an inbox is full.
void CommandProcessor::pump_messages(Tick now) {
  while (!signals_out_.empty() && network_out->try_send(signals_out_.front())) signals_out_.pop_front();
  for (unsigned c = 0; c < kContexts; ++c) {
    ControlContext& context = contexts_[c];
    while (!context.outbox.empty() && send_mail(context.outbox.front())) {
      context.outbox.pop(now);
      ++stats_.mails;
      if (!std::exchange(context.space_wanted, false)) continue;
      context.space_news = true;
      raise_or_drop(c, {now, context.news.cause});
    }
  }
}

bool CommandProcessor::send_mail(const MailNews& news) {
  ControlMessage message;
  message.kind = ControlMessage::Kind::mail;
  message.source = node_;
  message.destination = NodeId(news.mail.node);
  message.cause = news.happening.cause;
  std::memcpy(message.mail.data(), &news.mail, sizeof news.mail);
  if (message.destination == node_) return deliver(message);
  return network_out->try_send(message);
}

// Called where queues, mailboxes, or the interrupt lines may have changed.
void CommandProcessor::show() {
  trace_->look(now_tick(), contexts_,
               decoding_ ? &contexts_[decoding_->context].queues[decoding_->queue] : nullptr);
}

std::optional<std::string> CommandProcessor::unfinished_work(unsigned context) const {
  for (const auto& [number, command] : executing_) {
    if (command.context != context || command.kind == CommandKind::load || command.kind == CommandKind::send)
      continue;
    return fmt::format("the {} with tag {} is still under way",
                       command.kind == CommandKind::store ? "store" : "engine command", command.tag);
  }
  return std::nullopt;
}

void CommandProcessor::misuse(std::uint32_t tag, std::string what) {
  ctx_.faults.report({node_, UnitId::command_processor, tag, now_tick(), std::move(what)});
}

void CommandProcessor::report_waits(std::vector<std::string>& lines) const {
  for (const ControlContext& context : contexts_) {
    for (const CommandQueue& queue : context.queues) {
      if (!queue.head) continue;
      const Command& head = *queue.head;
      std::string what = head.kind == CommandKind::fence
                             ? fmt::format("{} earlier commands", queue.unfinished)
                             : std::string("its unit");
      if (head.wait_event != kNoEvent) {
        what = fmt::format("event {} of die {} to reach {} (it is {})", head.wait_event, index_of(node_),
                           head.wait_value, events_[head.wait_event]);
      }
      lines.push_back(fmt::format("{}: command tag {} waits for {}; {} descriptors behind it",
                                  queue.started.name(), head.tag, what, queue.started.size()));
    }
    if (!context.outbox.empty()) {
      lines.push_back(fmt::format("{}: {} messages wait for the network or a full inbox",
                                  context.outbox.name(), context.outbox.size()));
    }
    if (context.inbox.full()) {
      lines.push_back(
          fmt::format("{}: full with {} unread messages", context.inbox.name(), context.inbox.size()));
    }
  }
  if (!signals_out_.empty())
    lines.push_back(fmt::format("{}: {} signals wait for the network", name(), signals_out_.size()));
}

}  // namespace moesaic
