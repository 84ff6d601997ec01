// SPDX-License-Identifier: Apache-2.0
#include "hw/control/trace.h"

#include <fmt/format.h>

#include <algorithm>

namespace moesaic {

namespace {

constexpr std::array<const char*, 2> kContextNames{"agent", "scheduler"};

HeadState state_of(const CommandQueue& queue, bool in_decoder) {
  if (!queue.head) return queue.started.empty() ? HeadState::empty : HeadState::queued;
  if (in_decoder) return HeadState::decode;
  if (queue.head->wait_event != kNoEvent) return HeadState::event;
  if (!queue.head_blocked) return HeadState::ready;
  return queue.head->kind == CommandKind::fence ? HeadState::fence : HeadState::unit;
}

}  // namespace

CommandProcessorTrace::CommandProcessorTrace(HwContext& ctx, NodeId node, const std::string& scope,
                                             const ControlParams& params)
    : sink_(*ctx.trace),
      node_(node),
      queues_(kContextNames.size(), std::vector<Queue>(params.command_queues)),
      tracks_(kContextNames.size()),
      signalled_(params.events),
      doorbells_(kContextNames.size(), std::vector<std::uint64_t>(params.command_queues, 0)) {
  for (ContextSignals& context : signals_.contexts) context.queues.resize(params.command_queues);
  signals_.events.resize(params.events);
  declare_signals(sink_, node, scope, signals_);
  for (std::size_t c = 0; c < kContextNames.size(); ++c) {
    for (unsigned q = 0; q < params.command_queues; ++q)
      tracks_[c].push_back(sink_.track(node, fmt::format("{} queue {}", kContextNames[c], q)));
  }
}

void CommandProcessorTrace::show(Tick at, SignalId signal, std::uint64_t value) {
  const auto [entry, first] = shown_.try_emplace(signal, value);
  if (!first && entry->second == value) return;
  entry->second = value;
  sink_.change(at, signal, value);
}

void CommandProcessorTrace::look(Tick at, const std::vector<ControlContext>& contexts,
                                 const CommandQueue* decoding) {
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    const ControlContext& context = contexts[c];
    const ContextSignals& s = signals_.contexts[c];
    show(at, s.interrupt, context.irq_high);
    show(at, s.completions, context.completions.size());
    show(at, s.inbox, context.inbox.size());
    show(at, s.outbox, context.outbox.size());
    for (std::size_t q = 0; q < context.queues.size(); ++q) {
      const CommandQueue& queue = context.queues[q];
      show(at, s.queues[q].head, static_cast<std::uint64_t>(state_of(queue, &queue == decoding)));
      show(at, s.queues[q].depth, queue.started.size());
      if (!queue.head) continue;
      show(at, s.queues[q].tag, queue.head->tag);
      show(at, s.queues[q].event, queue.head->wait_event);
    }
  }
}

void CommandProcessorTrace::doorbell(Tick at, unsigned context, unsigned queue) {
  sink_.change(at, signals_.contexts[context].queues[queue].doorbells, ++doorbells_[context][queue]);
}

void CommandProcessorTrace::event(Tick at, std::uint16_t number, std::uint32_t value, ActivityId by) {
  sink_.change(at, signals_.events[number].count, value);
  std::vector<Signalled>& before = signalled_[number];
  if (!before.empty() && value < before.back().value) before.clear();  // a core has set the register
  before.push_back({value, by});
}

// The addition that made the counter at least `value`; the root when there was none yet.
ActivityId CommandProcessorTrace::who_signalled(std::uint16_t event, std::uint32_t value) const {
  const std::vector<Signalled>& all = signalled_[event];
  const auto first =
      std::lower_bound(all.begin(), all.end(), value,
                       [](const Signalled& s, std::uint32_t wanted) { return s.value < wanted; });
  return first == all.end() ? kRootActivity : first->by;
}

void CommandProcessorTrace::head(Tick at, const Command& command) {
  Queue& queue = queues_[command.context][command.queue];
  queue.wait_event = command.wait_event;
  queue.wait_value = command.wait_value;
  TraceArgs args = args_of(command);
  if (command.wait_event != kNoEvent)
    args.push_back({"waits_for", fmt::format("event {} >= {}", command.wait_event, command.wait_value)});
  queue.span = sink_.begin(tracks_[command.context][command.queue], at, title_of(command), std::move(args));
}

void CommandProcessorTrace::issued(Tick at, const Command& command) {
  const Queue& queue = queues_[command.context][command.queue];
  sink_.end(queue.span, at, {});
  if (command.kind >= CommandKind::slot_allocate) spans_[command.number] = queue.span;
  if (queue.wait_event == kNoEvent || queue.wait_value == 0) return;
  waited_[command.number] = who_signalled(queue.wait_event, queue.wait_value);
}

void CommandProcessorTrace::done(const Command& command) {
  if (const auto span = spans_.find(command.number); span != spans_.end()) {
    sink_.shows(span->second, command.activity);
    spans_.erase(span);
  }
  if (const auto by = waited_.find(command.number); by != waited_.end()) {
    if (by->second != kRootActivity) sink_.flow(by->second, command.activity);
    waited_.erase(by);
  }
}

}  // namespace moesaic
