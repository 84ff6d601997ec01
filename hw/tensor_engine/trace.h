// SPDX-License-Identifier: Apache-2.0
// What a tensor engine shows of itself: the step it is in and the slice it works on.
#pragma once

#include <string>

#include "hw/command_trace.h"
#include "hw/context.h"
#include "hw/tensor_engine/command_steps.h"
#include "tlm/trace.h"

namespace moesaic {

struct TensorEngineSignals {
  SignalId phase = kNoSignal, tag = kNoSignal, layer = kNoSignal, expert = kNoSignal, f_begin = kNoSignal,
           f_count = kNoSignal, tokens = kNoSignal;
};

template <class V>
void describe_signals(V& v, TensorEngineSignals& s) {
  v(TraceSignal::names("phase", kEnginePhaseNames,
                       "what the engine does; stall: it waits for SRAM beyond its schedule"),
    s.phase);
  v(TraceSignal::bits("tag", 32, "", "tag of the command begun last"), s.tag);
  v(TraceSignal::bits("layer", 16, "", "layer of the FFN slice begun last"), s.layer);
  v(TraceSignal::bits("expert", 16, "", "expert of the FFN slice begun last"), s.expert);
  v(TraceSignal::bits("f_begin", 32, "", "first column of the FFN slice begun last"), s.f_begin);
  v(TraceSignal::bits("f_count", 32, "count", "columns of the FFN slice begun last"), s.f_count);
  v(TraceSignal::bits("tokens", 16, "count", "token list entries of the FFN slice begun last"), s.tokens);
}

class TensorEngineTrace {
 public:
  TensorEngineTrace(HwContext& ctx, NodeId node, const std::string& scope) : ctx_(ctx), sink_(*ctx.trace) {
    declare_signals(sink_, node, scope, signals_);
    track_ = sink_.track(node, "tensor engine");
  }

  void begin(Tick at, const Command& command) {
    sink_.change(at, signals_.tag, command.tag);
    if (const auto* ffn = std::get_if<FfnSlice>(&command.body)) {
      sink_.change(at, signals_.layer, ffn->layer);
      sink_.change(at, signals_.expert, ffn->expert);
      sink_.change(at, signals_.f_begin, ffn->f_begin);
      sink_.change(at, signals_.f_count, ffn->f_count);
      sink_.change(at, signals_.tokens, ffn->list_count);
    }
    command_ = sink_.begin(track_, at, title_of(command), args_of(command));
    sink_.shows(command_, command.activity);
    enter(at, EnginePhase::setup);
  }
  /// The command's next step begins.
  void enter(Tick at, EnginePhase phase) {
    leave(at);
    sink_.change(at, signals_.phase, static_cast<std::uint64_t>(phase));
    now_ = phase;
    step_ = sink_.begin(track_, at, kEnginePhaseNames[static_cast<std::size_t>(phase)], {});
  }
  /// The step would have ended at `due`, but was not over.
  void stalled(Tick due) {
    if (now_ != EnginePhase::stall) enter(due, EnginePhase::stall);
  }
  void end(Tick at, const Command& command) {
    leave(at);
    sink_.change(at, signals_.phase, static_cast<std::uint64_t>(EnginePhase::idle));
    sink_.end(command_, at, {{"causes", ctx_.log.spent(command.activity)}});
  }

 private:
  void leave(Tick at) {
    if (step_ != kNoSpan) sink_.end(step_, at, {});
    step_ = kNoSpan;
  }

  HwContext& ctx_;
  TraceSink& sink_;
  TensorEngineSignals signals_;
  TrackId track_{};
  SpanId command_ = kNoSpan;
  SpanId step_ = kNoSpan;
  EnginePhase now_ = EnginePhase::idle;
};

}  // namespace moesaic
