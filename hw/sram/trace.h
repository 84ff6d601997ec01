// SPDX-License-Identifier: Apache-2.0
// What a die's SRAM shows of itself: its slots and the queues of its ports.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "hw/context.h"
#include "hw/sram/slot_table.h"
#include "hw/sram/stats.h"
#include "tlm/trace.h"

namespace moesaic {

struct SlotSignals {
  SignalId bytes = kNoSignal;
};
template <class V>
void describe_signals(V& v, SlotSignals& s) {
  v(TraceSignal::bits("bytes", 33, "bytes", "size of the slot; 0: it is not allocated").seldom(), s.bytes);
}

struct SramSignals {
  SignalId slot_bytes = kNoSignal;
  std::array<SignalId, kSramPorts> queues{kNoSignal, kNoSignal, kNoSignal};
  std::vector<SlotSignals> slots;
};
template <class V>
void describe_signals(V& v, SramSignals& s) {
  v(TraceSignal::bits("slot_bytes", 33, "bytes", "bytes in allocated slots").counted(), s.slot_bytes);
  v(TraceSignal::bits("engine_queue", 16, "count", "transactions accepted from the engine, not answered"),
    s.queues[0]);
  v(TraceSignal::bits("dma_queue", 16, "count", "transactions accepted from the DMA engine, not answered"),
    s.queues[1]);
  v(TraceSignal::bits("fabric_queue", 16, "count", "transactions accepted from the fabric, not answered"),
    s.queues[2]);
  v.list("slot", s.slots);
}

class SramTrace : public SlotWatcher {
 public:
  SramTrace(HwContext& ctx, NodeId node, const std::string& scope, unsigned slots)
      : wheel_(ctx.wheel), sink_(*ctx.trace) {
    signals_.slots.resize(slots);
    declare_signals(sink_, node, scope, signals_);
  }

  void queue(Tick at, unsigned port, std::uint32_t depth) { sink_.change(at, signals_.queues[port], depth); }
  void slot_changed(std::uint16_t slot, std::uint64_t bytes, std::uint64_t all_bytes) override {
    sink_.change(wheel_.now(), signals_.slots[slot].bytes, bytes);
    sink_.change(wheel_.now(), signals_.slot_bytes, all_bytes);
  }

 private:
  EventWheel& wheel_;
  TraceSink& sink_;
  SramSignals signals_;
};

}  // namespace moesaic
