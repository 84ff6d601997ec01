// SPDX-License-Identifier: Apache-2.0
// What a memory site shows of itself: per channel the state of its data bus, the row opened last and its
// queue; per site the bandwidth.
//
// Time: channels decide lazily, so most of this is reported after its time. The state is in command time: the
// data follow by the read or write latency. Waits shorter than the command bus needs (tCCD_L, command slots)
// do not end a state.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "hw/context.h"
#include "hw/memory/stats.h"
#include "tlm/trace.h"

namespace moesaic {

inline constexpr unsigned kMemoryPorts = 2;

enum class BusState : std::uint8_t { idle, read, write, row, turnaround, refresh };
inline constexpr std::array<const char*, 6> kBusStateNames{"idle", "read",       "write",
                                                           "row",  "turnaround", "refresh"};

struct ChannelSignals {
  SignalId state = kNoSignal, bank = kNoSignal, row = kNoSignal, queue = kNoSignal;
};
template <class V>
void describe_signals(V& v, ChannelSignals& s) {
  v(TraceSignal::names("state", kBusStateNames,
                       "what the data bus does or waits for: row: activate or precharge; idle: no requests"),
    s.state);
  v(TraceSignal::bits("bank", 8, "", "bank of the row opened last"), s.bank);
  v(TraceSignal::bits("row", 32, "", "row opened last"), s.row);
  v(TraceSignal::bits("queue", 16, "count", "transactions with accesses to this channel"), s.queue);
}

struct MemorySignals {
  SignalId gbyte_per_s = kNoSignal;
  std::array<SignalId, kMemoryPorts> queues{kNoSignal, kNoSignal};
  std::vector<ChannelSignals> channels;
};
template <class V>
void describe_signals(V& v, MemorySignals& s) {
  v(TraceSignal::thousandths("gbyte_per_s", "GB/s", "bytes answered in this microsecond, all channels")
        .counted(),
    s.gbyte_per_s);
  v(TraceSignal::bits("dma_queue", 16, "count", "transactions of the own DMA engine, not answered"),
    s.queues[0]);
  v(TraceSignal::bits("fabric_queue", 16, "count", "transactions of other dies, not answered"), s.queues[1]);
  v.list("channel", s.channels);
}

/// One data bus. Times in half cycles of its clock.
class ChannelTrace {
 public:
  using HalfCycle = std::int64_t;
  ChannelTrace(TraceSink& sink, const ChannelSignals& signals, Clock half, TrackId track)
      : sink_(sink), signals_(signals), half_(half), track_(track) {}

  /// A transaction arrives at, or leaves, the channel, which then has `queue` of them.
  void queue(Tick at, std::size_t queue, std::uint64_t bytes) {
    sink_.change(at, signals_.queue, queue);
    bytes_ += bytes;
    trains_ += bytes > 0;
    if (busy_ == kNoSpan) {
      busy_ = sink_.begin(track_, at, "busy", {});
    } else if (queue == 0) {
      sink_.end(busy_, at, {{"bytes", bytes_}, {"transactions", trains_}});
      busy_ = kNoSpan;
      bytes_ = trains_ = 0;
    }
  }
  void activate(HalfCycle at, unsigned bank, std::uint64_t row) {
    sink_.change(half_.edge(static_cast<std::uint64_t>(at)), signals_.bank, bank);
    sink_.change(half_.edge(static_cast<std::uint64_t>(at)), signals_.row, row);
  }
  void column(HalfCycle at, bool write) { enter(at, write ? BusState::write : BusState::read); }
  /// Between two column commands the bus was wanted from `from` on and allowed at `turned` by its direction,
  /// at `opened` by its row, at `to` by everything.
  void gap(HalfCycle from, HalfCycle turned, HalfCycle opened, HalfCycle to) {
    if (refresh_to_ > from) return enter(refresh_to_, BusState::row);  // it has closed all rows
    turned = std::min(turned, to);
    opened = std::min(opened, to);
    if (turned > from) enter(from, BusState::turnaround);
    if (opened > std::max(from, turned)) enter(std::max(from, turned), BusState::row);
  }
  void idle(HalfCycle from) {
    if (from >= refresh_from_) return enter(from, BusState::idle);
    sink_.change(half_.edge(static_cast<std::uint64_t>(from)), signals_.state,
                 static_cast<std::uint64_t>(BusState::idle));
  }
  void refresh(HalfCycle from, HalfCycle to) {
    enter(from, BusState::refresh);
    refresh_from_ = from;
    refresh_to_ = to;
    enter(to, BusState::idle);
  }

 private:
  // What is known late does not reach into a refresh that was reported before.
  void enter(HalfCycle at, BusState state) {
    if (at >= refresh_from_ && at < refresh_to_) at = refresh_to_;
    if (state == now_) return;
    now_ = state;
    sink_.change(half_.edge(static_cast<std::uint64_t>(at)), signals_.state,
                 static_cast<std::uint64_t>(state));
  }

  TraceSink& sink_;
  ChannelSignals signals_;
  Clock half_;
  TrackId track_;
  SpanId busy_ = kNoSpan;
  std::uint64_t bytes_ = 0;
  std::uint64_t trains_ = 0;
  BusState now_ = BusState::idle;
  HalfCycle refresh_from_ = 0;
  HalfCycle refresh_to_ = 0;
};

class MemoryTrace {
 public:
  MemoryTrace(HwContext& ctx, NodeId node, const std::string& scope, unsigned channels, Clock half)
      : sink_(*ctx.trace) {
    signals_.channels.resize(channels);
    declare_signals(sink_, node, scope, signals_);
    for (unsigned i = 0; i < channels; ++i) {
      channels_.emplace_back(sink_, signals_.channels[i], half,
                             sink_.track(node, "memory channel " + std::to_string(i)));
    }
  }

  ChannelTrace& channel(unsigned index) { return channels_[index]; }
  void queue(Tick at, unsigned port, unsigned depth) { sink_.change(at, signals_.queues[port], depth); }
  void answered(Tick at, std::uint64_t bytes) {
    // Bytes per microsecond are thousandths of GB/s.
    const Tick bucket = at / kMicrosecond * kMicrosecond;
    sink_.add(bucket, signals_.gbyte_per_s, static_cast<std::int64_t>(bytes));
    sink_.add(bucket + kMicrosecond, signals_.gbyte_per_s, -static_cast<std::int64_t>(bytes));
  }

 private:
  TraceSink& sink_;
  MemorySignals signals_;
  std::vector<ChannelTrace> channels_;
};

}  // namespace moesaic
