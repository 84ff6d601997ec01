// SPDX-License-Identifier: Apache-2.0
// What a DMA engine shows of itself: per channel, the command it works on.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "hw/command_trace.h"
#include "hw/context.h"
#include "tlm/trace.h"

namespace moesaic {

inline constexpr std::array<const char*, 4> kDmaChannelNames{"idle", "load", "store", "send"};

struct DmaChannelSignals {
  SignalId kind = kNoSignal, tag = kNoSignal, bytes = kNoSignal;
};
template <class V>
void describe_signals(V& v, DmaChannelSignals& s) {
  v(TraceSignal::names("kind", kDmaChannelNames, "what the channel does"), s.kind);
  v(TraceSignal::bits("tag", 32, "", "tag of the command begun last"), s.tag);
  v(TraceSignal::bits("bytes", 32, "bytes", "bytes that the command begun last reads"), s.bytes);
}

struct DmaSignals {
  std::vector<DmaChannelSignals> channels;
};
template <class V>
void describe_signals(V& v, DmaSignals& s) {
  v.list("channel", s.channels);
}

class DmaTrace {
 public:
  DmaTrace(HwContext& ctx, NodeId node, const std::string& scope, unsigned channels)
      : ctx_(ctx), sink_(*ctx.trace), spans_(channels, kNoSpan) {
    signals_.channels.resize(channels);
    declare_signals(sink_, node, scope, signals_);
    for (unsigned i = 0; i < channels; ++i)
      tracks_.push_back(sink_.track(node, "DMA channel " + std::to_string(i)));
  }

  void begin(Tick at, unsigned channel, const Command& command) {
    const DmaChannelSignals& s = signals_.channels[channel];
    sink_.change(at, s.kind, 1 + static_cast<std::uint64_t>(command.kind));
    sink_.change(at, s.tag, command.tag);
    sink_.change(at, s.bytes, bytes_of(std::get<Transfer>(command.body)));
    spans_[channel] = sink_.begin(tracks_[channel], at, title_of(command), args_of(command));
    sink_.shows(spans_[channel], command.activity);
  }
  void end(Tick at, unsigned channel, const Command& command) {
    sink_.change(at, signals_.channels[channel].kind, 0);
    sink_.end(spans_[channel], at, {{"causes", ctx_.log.spent(command.activity)}});
  }

 private:
  HwContext& ctx_;
  TraceSink& sink_;
  DmaSignals signals_;
  std::vector<TrackId> tracks_;
  std::vector<SpanId> spans_;
};

}  // namespace moesaic
