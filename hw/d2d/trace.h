// SPDX-License-Identifier: Apache-2.0
// What the fabric shows of itself: what is on each link, the credits of each router output, and arrivals of
// signals and mail. Packets and credits are announced ahead, and so are reported before their time.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "hw/context.h"
#include "hw/d2d/format.h"
#include "hw/d2d/message.h"
#include "tlm/trace.h"

namespace moesaic {

/// Index 0, then the classes.
inline constexpr std::array<const char*, 1 + kPacketClasses> kLinkStateNames{"idle", "control", "request",
                                                                             "response", "stream"};

struct LinkSignals {
  SignalId busy = kNoSignal, tag = kNoSignal;
};
template <class V>
void describe_signals(V& v, LinkSignals& s) {
  v(TraceSignal::names("busy", kLinkStateNames, "class of the packet whose bytes leave the near end"),
    s.busy);
  v(TraceSignal::bits("tag", 32, "", "tag of the command that the last packet belongs to"), s.tag);
}

/// One direction of a link.
class LinkTrace {
 public:
  LinkTrace(HwContext& ctx, NodeId from, const std::string& scope, Tick cycle)
      : ctx_(ctx), sink_(*ctx.trace), cycle_(cycle) {
    declare_signals(sink_, from, scope, signals_);
    track_ = sink_.track(from, scope.substr(scope.rfind('.') + 1));
  }

  /// Flits of `part` leave the near end from `head` to `tail`; `payload` bytes end in them.
  void pass(const MessagePart& part, Tick head, Tick tail, std::uint64_t payload, std::uint64_t packets) {
    const ActivityId activity = part.message->activity;
    const std::uint32_t tag = ctx_.log[activity].tag;
    sink_.change(head, signals_.busy, 1 + static_cast<std::uint64_t>(part.kind));
    sink_.change(head, signals_.tag, tag);
    sink_.change(tail, signals_.busy, 0);
    // What one command sends without a gap of more than a packet is one span.
    const bool more = part.kind == kind_ && activity == activity_ && span_ != kNoSpan &&
                      head <= tail_ + part.flits * cycle_;
    if (!more) {
      span_ =
          sink_.begin(track_, std::max(head, tail_), kPacketClassNames[static_cast<std::size_t>(part.kind)],
                      {{"tag", std::uint64_t{tag}},
                       {"from_die", std::uint64_t{index_of(part.source)}},
                       {"to_die", std::uint64_t{index_of(part.destination)}}});
      kind_ = part.kind;
      activity_ = activity;
      packets_ = bytes_ = 0;
    }
    tail_ = tail;
    bytes_ += payload;
    packets_ += packets;
    sink_.end(span_, tail_, {{"bytes", bytes_}, {"packets", packets_}});
  }

 private:
  HwContext& ctx_;
  TraceSink& sink_;
  Tick cycle_;
  LinkSignals signals_;
  TrackId track_{};
  SpanId span_ = kNoSpan;
  PacketClass kind_ = PacketClass::control;
  ActivityId activity_ = kRootActivity;
  Tick tail_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t packets_ = 0;
};

struct VcSignals {
  std::uint32_t depth = 0;
  SignalId credits = kNoSignal;
};
template <class V>
void describe_signals(V& v, VcSignals& s) {
  v(TraceSignal::bits("credits", 16, "flits", "credits of this virtual channel that the output holds")
        .from(s.depth),
    s.credits);
}

struct OutputSignals {
  std::vector<VcSignals> vcs;
};
template <class V>
void describe_signals(V& v, OutputSignals& s) {
  v.list("vc", s.vcs);
}

struct RouterSignals {
  std::vector<OutputSignals> outputs;
  std::vector<std::string> names;  ///< of the outputs; empty: not connected
};
template <class V>
void describe_signals(V& v, RouterSignals& s) {
  for (std::size_t port = 0; port < s.outputs.size(); ++port) {
    if (!s.outputs[port].vcs.empty()) v.group(s.names[port].c_str(), s.outputs[port]);
  }
}

/// All routers and links of a package.
class FabricTrace : public FabricCore::Observer {
 public:
  FabricTrace(HwContext& ctx, const std::string& scope, const Topology& topology, const D2dFormat& format);

  void passed(const FabricCore::Passage& passage) override;
  void freed(NodeId node, unsigned in, unsigned vc, std::uint32_t count, Cycle at) override;
  void returned(NodeId node, unsigned out, unsigned vc, std::uint32_t flits, Tick at) {
    sink_.add(at, routers_[index_of(node)].outputs[out].vcs[vc].credits, std::int64_t{flits});
  }

 private:
  TraceSink& sink_;
  Topology topology_;
  D2dFormat format_;
  std::vector<RouterSignals> routers_;
  std::vector<LinkTrace> links_;  // by Topology::links()
};

struct NetworkSignals {
  SignalId arrivals = kNoSignal;
};
template <class V>
void describe_signals(V& v, NetworkSignals& s) {
  v(TraceSignal::bits("arrivals", 32, "count", "signals and messages of other dies that have arrived"),
    s.arrivals);
}

/// Signals behind data, signals and mail, as they arrive at a die.
class NetworkTrace {
 public:
  NetworkTrace(HwContext& ctx, NodeId node, const std::string& scope, unsigned nodes)
      : sink_(*ctx.trace), ctx_(ctx), tracks_(nodes), free_at_(nodes, 0) {
    declare_signals(sink_, node, scope, signals_);
    for (unsigned n = 0; n < nodes; ++n) {
      if (NodeId(n) != node) tracks_[n] = sink_.track(node, "from die " + std::to_string(n));
    }
  }

  /// `activity` is the way through the network; its last packet was here at `tail`, and took effect at `at`.
  void arrived(NodeId source, Tick tail, Tick at, ActivityId activity, std::string what) {
    sink_.change(at, signals_.arrivals, ++arrivals_);
    // Arrivals of one die end in order, but a later one may be here before an earlier one has taken effect.
    Tick& free_at = free_at_[index_of(source)];
    const SpanId span = sink_.begin(tracks_[index_of(source)], std::max(tail, free_at), std::move(what),
                                    {{"tag", std::uint64_t{ctx_.log[activity].tag}}});
    sink_.end(span, at, {{"causes", ctx_.log.spent(activity)}});
    sink_.shows(span, activity);
    sink_.flow(ctx_.log[activity].cause, activity);
    free_at = at;
  }

 private:
  TraceSink& sink_;
  HwContext& ctx_;
  NetworkSignals signals_;
  std::vector<TrackId> tracks_;
  std::vector<Tick> free_at_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace moesaic
