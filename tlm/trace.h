// SPDX-License-Identifier: Apache-2.0
// What a run may record about itself: changes of declared signals (the waveform), and spans on tracks with
// flows between them (the timeline). Blocks call a sink; what is kept, and how, is the sink's business.
//
// Contract: a block declares its signals once, in its constructor, by a table beside the block
//
//   template <class V> void describe_signals(V& v, DmaChannelSignals& s) {
//     v(TraceSignal::names("kind", kDmaKindNames, "what the channel moves"), s.kind);
//     v(TraceSignal::bits("tag", 32, "", "tag of its command"), s.tag);
//   }
//
// and then reports changes. Time: every change carries its own time. Blocks that work ahead of time (links)
// or lazily (memory channels) report times after or before the present, in any order; of several changes of a
// signal at one time the last reported counts. A block without a sink pays one pointer test per change.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tlm/address_map.h"
#include "tlm/causal_log.h"
#include "tlm/tick.h"

namespace moesaic {

enum class SignalId : std::uint32_t {};
inline constexpr SignalId kNoSignal{0xFFFF'FFFF};  ///< changes of it go nowhere
enum class TrackId : std::uint32_t {};
enum class SpanId : std::uint32_t {};
inline constexpr SpanId kNoSpan{0xFFFF'FFFF};

/// Declares one signal.
struct TraceSignal {
  enum class Kind : std::uint8_t {
    bits,      ///< an unsigned number of `width` bits
    names,     ///< one of `values` names
    thousand,  ///< a decimal fraction: reported in thousandths
    text       ///< free text, by TraceSink::mark()
  };
  const char* name;
  const char* unit;      ///< "bytes", "count", "" for names and tags
  const char* sentence;  ///< without a full stop
  Kind kind = Kind::bits;
  unsigned width = 1;
  const char* const* value_names = nullptr;
  std::size_t values = 0;
  std::uint64_t initial = 0;
  bool rare = false;     ///< one of many alike: left out with its scope where nothing of it changes
  bool counter = false;  ///< the timeline shows it too

  static TraceSignal bits(const char* name, unsigned width, const char* unit, const char* sentence) {
    return {name, unit, sentence, Kind::bits, width};
  }
  /// `names` has static storage; value i is called names[i].
  template <std::size_t N>
  static TraceSignal names(const char* name, const std::array<const char*, N>& names, const char* sentence) {
    return {name, "", sentence, Kind::names, bits_for(N - 1), names.data(), N};
  }
  static TraceSignal thousandths(const char* name, const char* unit, const char* sentence) {
    return {name, unit, sentence, Kind::thousand, 64};
  }
  static TraceSignal text(const char* name, const char* sentence) {
    return {name, "", sentence, Kind::text, 32, nullptr, 0, 0, true};
  }
  TraceSignal from(std::uint64_t value) const {
    return with([value](TraceSignal& s) { s.initial = value; });
  }
  TraceSignal seldom() const {
    return with([](TraceSignal& s) { s.rare = true; });
  }
  TraceSignal counted() const {
    return with([](TraceSignal& s) { s.counter = true; });
  }

 private:
  static constexpr unsigned bits_for(std::uint64_t largest) {
    unsigned bits = 1;
    while (largest >>= 1) ++bits;
    return bits;
  }
  template <class F>
  TraceSignal with(F change) const {
    TraceSignal copy = *this;
    change(copy);
    return copy;
  }
};

/// What a span says beside its name. Times by cause are shown without those that are zero.
struct TraceArg {
  const char* name;  ///< static storage
  std::variant<std::uint64_t, std::string, CauseTimes> value;
};
using TraceArgs = std::vector<TraceArg>;

class TraceSink {
 public:
  // --- declarations: before the simulation starts
  /// `scope` is a hierarchical name ("package.die0.dma"), `node` the die it belongs to.
  virtual SignalId signal(NodeId node, const std::string& scope, const TraceSignal& what) = 0;
  /// A row of the timeline, in order of declaration below its die. Spans of a track nest or are disjoint.
  virtual TrackId track(NodeId node, const std::string& name) = 0;
  /// Everything is declared. Throws UserError when the user asked for what does not exist.
  virtual void ready() = 0;

  // --- waveform
  virtual void change(Tick at, SignalId signal, std::uint64_t value) = 0;
  /// For signals that are known by their steps only: adds to the value from `at` on. A signal is either
  /// changed or added to.
  virtual void add(Tick at, SignalId signal, std::int64_t amount) = 0;

  // --- timeline
  /// A span that is not ended lasts until the run ends.
  virtual SpanId begin(TrackId track, Tick at, std::string name, TraceArgs args) = 0;
  /// May be called again with a later time; `args` then replace those of the call before.
  virtual void end(SpanId span, Tick at, TraceArgs args) = 0;
  /// The span is what the timeline shows of an activity; flows find it by that.
  virtual void shows(SpanId span, ActivityId activity) = 0;
  /// An arrow from the end of one activity to the begin of another; dropped where one has no span.
  virtual void flow(ActivityId from, ActivityId to) = 0;

  // --- marks of the firmware; `role` 0 is the agent of the die, 1 the scheduler
  /// Where marks of a core are shown.
  virtual void place_marks(NodeId node, unsigned role, SignalId signal, TrackId track) = 0;
  /// The core says `text`. REQUIRES: its marks have a place.
  virtual void mark(NodeId node, unsigned role, Tick at, std::string_view text) = 0;

 protected:
  ~TraceSink() = default;
};

/// Visits a signal table and declares what it lists.
class SignalDeclarer {
 public:
  SignalDeclarer(TraceSink& sink, NodeId node, std::string scope)
      : sink_(sink), node_(node), scope_(std::move(scope)) {}

  void operator()(const TraceSignal& what, SignalId& id) { id = sink_.signal(node_, scope_, what); }
  /// A scope inside this one.
  template <class S>
  void group(const char* name, S& signals) {
    SignalDeclarer inner(sink_, node_, scope_ + "." + name);
    describe_signals(inner, signals);
  }
  /// Scopes name0, name1, ...
  template <class S>
  void list(const char* name, std::vector<S>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) group((name + std::to_string(i)).c_str(), all[i]);
  }

 private:
  TraceSink& sink_;
  NodeId node_;
  std::string scope_;
};

template <class S>
void declare_signals(TraceSink& sink, NodeId node, const std::string& scope, S& signals) {
  SignalDeclarer declarer(sink, node, scope);
  describe_signals(declarer, signals);
}

}  // namespace moesaic
