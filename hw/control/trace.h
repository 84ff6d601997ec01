// SPDX-License-Identifier: Apache-2.0
// What a command processor and the control cores show of themselves: queues, the command at the head of each
// and what it waits for, events, interrupt lines, mailboxes, handlers. Flows join a command to what it had
// waited for: the activity whose signal made its event counter high enough.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "hw/command_trace.h"
#include "hw/context.h"
#include "hw/control/control_context.h"
#include "tlm/trace.h"

namespace moesaic {

/// The command at the head of a queue.
enum class HeadState : std::uint8_t { empty, queued, event, unit, fence, ready, decode };
inline constexpr std::array<const char*, 7> kHeadStateNames{"empty", "queued", "event", "unit",
                                                            "fence", "ready",  "decode"};

struct QueueSignals {
  SignalId head = kNoSignal, tag = kNoSignal, event = kNoSignal, depth = kNoSignal, doorbells = kNoSignal;
};
template <class V>
void describe_signals(V& v, QueueSignals& s) {
  v(TraceSignal::names(
        "head", kHeadStateNames,
        "what the command at the head waits for: event: its counter; unit: a free unit; fence: "
        "earlier commands; ready: the decoder; queued: not looked at yet")
        .seldom(),
    s.head);
  v(TraceSignal::bits("tag", 32, "", "tag of the command at the head, or that was there last").seldom(),
    s.tag);
  v(TraceSignal::bits("event", 16, "", "event that this command waits for; 65535: none")
        .from(kNoEvent)
        .seldom(),
    s.event);
  v(TraceSignal::bits("depth", 16, "count", "started descriptors behind the head").seldom().counted(),
    s.depth);
  v(TraceSignal::bits("doorbells", 32, "count", "doorbells rung").seldom(), s.doorbells);
}

struct ContextSignals {
  SignalId interrupt = kNoSignal, completions = kNoSignal, inbox = kNoSignal, outbox = kNoSignal;
  std::vector<QueueSignals> queues;
};
template <class V>
void describe_signals(V& v, ContextSignals& s) {
  v(TraceSignal::bits("interrupt", 1, "", "interrupt line to the core").seldom(), s.interrupt);
  v(TraceSignal::bits("completions", 16, "count", "completion entries the core has not popped").seldom(),
    s.completions);
  v(TraceSignal::bits("inbox", 16, "count", "messages the core has not popped").seldom(), s.inbox);
  v(TraceSignal::bits("outbox", 16, "count", "messages that wait for the network").seldom(), s.outbox);
  v.list("queue", s.queues);
}

struct EventSignals {
  SignalId count = kNoSignal;
};
template <class V>
void describe_signals(V& v, EventSignals& s) {
  v(TraceSignal::bits("count", 32, "count", "value of the event counter").seldom(), s.count);
}

struct CommandProcessorSignals {
  std::array<ContextSignals, 2> contexts;
  std::vector<EventSignals> events;
};
template <class V>
void describe_signals(V& v, CommandProcessorSignals& s) {
  v.group("agent", s.contexts[0]);
  v.group("scheduler", s.contexts[1]);
  v.list("event", s.events);
}

class CommandProcessorTrace {
 public:
  CommandProcessorTrace(HwContext& ctx, NodeId node, const std::string& scope, const ControlParams& params);

  /// Reads the state of all queues and mailboxes; `decoding` is the queue in the decoder, null if none is.
  void look(Tick at, const std::vector<ControlContext>& contexts, const CommandQueue* decoding);
  void doorbell(Tick at, unsigned context, unsigned queue);
  void event(Tick at, std::uint16_t number, std::uint32_t value, ActivityId by);
  /// A decoded command has become the head of its queue.
  void head(Tick at, const Command& command);
  void issued(Tick at, const Command& command);
  void done(const Command& command);

 private:
  struct Queue {
    SpanId span = kNoSpan;
    std::uint16_t wait_event = kNoEvent;
    std::uint32_t wait_value = 0;
  };
  struct Signalled {
    std::uint32_t value;
    ActivityId by;
  };
  void show(Tick at, SignalId signal, std::uint64_t value);
  ActivityId who_signalled(std::uint16_t event, std::uint32_t value) const;
  TrackId track_of(unsigned context, unsigned queue);

  TraceSink& sink_;
  NodeId node_;
  CommandProcessorSignals signals_;
  std::vector<std::vector<Queue>> queues_;         // by context and queue
  std::vector<std::vector<TrackId>> tracks_;       // the same
  std::vector<std::vector<Signalled>> signalled_;  // by event, growing values
  std::map<std::uint64_t, ActivityId> waited_;     // by number of the command
  std::map<std::uint64_t, SpanId> spans_;          // the same; of commands that end here
  std::map<SignalId, std::uint64_t> shown_;
  std::vector<std::vector<std::uint64_t>> doorbells_;  // by context and queue
};

/// What a control core does. All but idle is busy time.
enum class CoreState : std::uint8_t {
  idle,
  entry,
  status,
  boot,
  layer_start,
  completion,
  message,
  mail_space,
  timer
};
inline constexpr std::array<const char*, 9> kCoreStateNames{
    "idle", "entry", "status", "boot", "layer_start", "completion", "message", "mail_space", "timer"};

struct ControlCoreSignals {
  SignalId state = kNoSignal, layer = kNoSignal, handlers = kNoSignal, mark = kNoSignal;
};
template <class V>
void describe_signals(V& v, ControlCoreSignals& s) {
  v(TraceSignal::names(
        "state", kCoreStateNames,
        "the handler that runs; entry: from the interrupt line to the first instruction; status: "
        "the core reads what the interrupt is for"),
    s.state);
  v(TraceSignal::bits("layer", 16, "", "layer started last"), s.layer);
  v(TraceSignal::bits("handlers", 32, "count", "handlers run"), s.handlers);
  v(TraceSignal::text("mark", "what the firmware marked last"), s.mark);
}

class ControlCoreTrace {
 public:
  /// `role` 0: agent, 1: scheduler.
  ControlCoreTrace(HwContext& ctx, NodeId node, unsigned role, const std::string& scope)
      : ctx_(ctx), sink_(*ctx.trace) {
    declare_signals(sink_, node, scope, signals_);
    track_ = sink_.track(node, role == 0 ? "agent core" : "scheduler core");
    sink_.place_marks(node, role, signals_.mark, track_);
  }

  void enter(Tick at, CoreState state) {
    sink_.change(at, signals_.state, static_cast<std::uint64_t>(state));
  }
  void layer(Tick at, std::uint32_t layer) { sink_.change(at, signals_.layer, layer); }
  void begin(Tick at, CoreState handler, ActivityId activity, std::uint64_t number) {
    enter(at, handler);
    sink_.change(at, signals_.handlers, number);
    span_ = sink_.begin(track_, at, kCoreStateNames[static_cast<std::size_t>(handler)],
                        {{"handler", number}, {"tag", std::uint64_t{ctx_.log[activity].tag}}});
    sink_.shows(span_, activity);
    sink_.flow(ctx_.log[activity].cause, activity);
  }
  void end(Tick at, ActivityId activity) {
    enter(at, CoreState::idle);
    sink_.end(span_, at, {{"causes", ctx_.log.spent(activity)}});
  }

 private:
  HwContext& ctx_;
  TraceSink& sink_;
  ControlCoreSignals signals_;
  TrackId track_{};
  SpanId span_ = kNoSpan;
};

}  // namespace moesaic
