// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/recorder.h"

#include <fmt/format.h>

namespace moesaic {

Recorder::Recorder(const RecordOptions& options) {
  if (options.vcd) vcd_ = std::make_unique<VcdWriter>(*options.vcd);
  if (options.timeline.empty()) return;
  timeline_ = std::make_unique<TimelineWriter>(options.timeline);
  layers_ = timeline_->package_track("layers");
}

SignalId Recorder::signal(NodeId node, const std::string& scope, const TraceSignal& what) {
  Entry entry{kNoSignal, kNoCounter};
  if (vcd_) entry.in_vcd = vcd_->declare(node, scope, what);
  if (timeline_ && what.counter) {
    // "package.die0.sram" is "sram" of its die.
    const std::size_t die = scope.find('.', scope.find('.') + 1);
    entry.counter = timeline_->counter(node, scope.substr(die + 1) + "." + what.name, what);
  }
  const bool text = what.kind == TraceSignal::Kind::text;
  if (entry.in_vcd == kNoSignal && entry.counter == kNoCounter && !text) return kNoSignal;
  signals_.push_back(entry);
  return SignalId(signals_.size() - 1);
}

TrackId Recorder::track(NodeId node, const std::string& name) {
  return timeline_ ? timeline_->track(node, name) : TrackId{};
}

void Recorder::ready() {
  if (vcd_) vcd_->check_scopes();
}

const Recorder::Entry* Recorder::entry(SignalId signal) const {
  return signal == kNoSignal ? nullptr : &signals_[static_cast<std::size_t>(signal)];
}

void Recorder::change(Tick at, SignalId signal, std::uint64_t value) {
  const Entry* to = entry(signal);
  if (to == nullptr) return;
  if (vcd_) vcd_->change(at, to->in_vcd, value);
  if (to->counter != kNoCounter) timeline_->count(to->counter, {at, value, 0, false});
}

void Recorder::add(Tick at, SignalId signal, std::int64_t amount) {
  const Entry* to = entry(signal);
  if (to == nullptr) return;
  if (vcd_) vcd_->add(at, to->in_vcd, amount);
  if (to->counter != kNoCounter)
    timeline_->count(to->counter, {at, static_cast<std::uint64_t>(amount), 0, true});
}

SpanId Recorder::begin(TrackId track, Tick at, std::string name, TraceArgs args) {
  return timeline_ ? timeline_->begin(track, at, std::move(name), args) : kNoSpan;
}

void Recorder::end(SpanId span, Tick at, TraceArgs args) {
  if (timeline_ && span != kNoSpan) timeline_->end(span, at, args);
}

void Recorder::shows(SpanId span, ActivityId activity) {
  if (timeline_ && span != kNoSpan) timeline_->shows(span, activity);
}

void Recorder::flow(ActivityId from, ActivityId to) {
  if (timeline_) timeline_->flow(from, to);
}

void Recorder::place_marks(NodeId node, unsigned role, SignalId signal, TrackId track) {
  marks_[{node, role}] = {signal, track};
}

void Recorder::mark(NodeId node, unsigned role, Tick at, std::string_view text) {
  const auto place = marks_.find({node, role});
  if (place == marks_.end()) return;
  const Entry* to = entry(place->second.first);
  if (to != nullptr && vcd_) vcd_->text(at, to->in_vcd, text);
  if (timeline_) timeline_->mark(place->second.second, at, text);
}

void Recorder::write(const RunResult& result) {
  if (timeline_) {
    for (const LayerTime& layer : result.layers) {
      const SpanId span = timeline_->begin(
          layers_, layer.begin,
          result.iterations.size() < 2 ? fmt::format("layer {}", layer.layer)
                                       : fmt::format("iteration {}, layer {}", layer.iteration, layer.layer),
          {{"iteration", std::uint64_t{layer.iteration}}, {"layer", std::uint64_t{layer.layer}}});
      timeline_->end(span, layer.end, {});
    }
    timeline_->write(result.makespan);
  }
  if (vcd_) vcd_->write(result.makespan);
}

}  // namespace moesaic
