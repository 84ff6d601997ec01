// SPDX-License-Identifier: Apache-2.0
// Name, unit and sentence of every counter whose block keeps a plain struct. Blocks that declare their own
// (describe_metrics in hw/<block>/stats.h) are not repeated here.
#pragma once

#include <array>
#include <cstddef>

#include "hw/command.h"
#include "hw/control/stats.h"
#include "hw/d2d/stats.h"
#include "hw/dma/stats.h"
#include "hw/memory/stats.h"
#include "hw/sram/stats.h"
#include "hw/tensor_engine/stats.h"
#include "tlm/field.h"

namespace moesaic {

/// One number for each class of packets.
struct ByClass {
  const char* unit = "";
  std::array<std::uint64_t, kPacketClasses> values{};
};
template <class V>
void describe_metrics(V& v, const ByClass& c) {
  v(Field{"control", c.unit, "event signals and mail"}, c.values[0]);
  v(Field{"request", c.unit, "remote reads, and remote writes with their data"}, c.values[1]);
  v(Field{"response", c.unit, "data of remote reads, acknowledgements of remote writes"}, c.values[2]);
  v(Field{"stream", c.unit, "writes to another die's SRAM"}, c.values[3]);
}

template <class V>
void describe_metrics(V& v, const LinkStats& s) {
  v(Field{"packets", "count", "packets sent"}, s.packets);
  v(Field{"flits", "count", "flow-control flits of 64 bytes sent"}, s.flits);
  v(Field{"payload_bytes", "bytes", "bytes sent, without headers and framing"}, s.payload_bytes);
  v(Field{"wire_bytes", "bytes", "bytes sent, with headers, framing and repetitions"}, s.wire_bytes);
  v(Field{"busy", "ticks", "flits were on the link"}, s.busy);
  v(Field{"stall_credit", "ticks", "packets stood ready but lacked credits, summed over packets"},
    s.stall_credit);
  v(Field{"stall_vc", "ticks", "the same, for want of a virtual channel"}, s.stall_vc);
  v(Field{"stall_switch", "ticks", "the same, while the switch passed other flits"}, s.stall_switch);
  v(Field{"stall_link", "ticks", "the same, while a link with failed lanes was busy with a flit"},
    s.stall_link);
  v(Field{"stall_retry", "ticks", "the same, while the link repeated flits"}, s.stall_retry);
  v(Field{"retries", "count", "transmissions of flits that failed"}, s.retries);
  v(Field{"repeated", "count", "flits sent again: those that failed, and those behind them"}, s.repeated);
  v(Field{"buffered", "ticks", "flits stood in the buffers they left for this link, summed over flits"},
    s.buffered);
  v(Field{"peak_bytes_per_s", "bytes/s", "the wire always busy, framing included"}, s.peak_bytes_per_s);
  v.group("payload_by_class", ByClass{"bytes", s.payload_bytes_by_class});
}

struct LatencySums {
  ByClass count{"count", {}}, sum{"ticks", {}}, max{"ticks", {}};
  explicit LatencySums(const std::array<ClassLatency, kPacketClasses>& latency) {
    for (std::size_t c = 0; c < kPacketClasses; ++c) {
      count.values[c] = latency[c].count;
      sum.values[c] = latency[c].sum;
      max.values[c] = latency[c].max;
    }
  }
};
template <class V>
void describe_metrics(V& v, const LatencySums& s) {
  v.group("packets", s.count);
  v.group("sum", s.sum);
  v.group("max", s.max);
}

template <class V>
void describe_metrics(V& v, const NiStats& s) {
  v(Field{"flits_received", "count", "flow-control flits of 64 bytes received"}, s.flits_received);
  v(Field{"signals", "count", "event signals raised behind stream data"}, s.signals);
  v(Field{"refused_offers", "count", "DMA transactions that found their queue full"}, s.refused_offers);
  v(Field{"refused_control", "count", "deliveries that found the mailbox full"}, s.refused_control);
  v.group("packets_sent", ByClass{"count", s.packets_sent});
  v.group("bytes_sent", ByClass{"bytes", s.bytes_sent});
  v.group("packets_received", ByClass{"count", s.packets_received});
  v.group("bytes_received", ByClass{"bytes", s.bytes_received});
  v.group("latency", LatencySums(s.latency));
}

template <class V>
void describe_metrics(V& v, const DmaStats& s) {
  v(Field{"loads", "count", "load commands done"}, s.loads);
  v(Field{"stores", "count", "store commands done"}, s.stores);
  v(Field{"sends", "count", "send commands done"}, s.sends);
  v(Field{"multicasts", "count", "of the sends, those to several dies"}, s.multicasts);
  v(Field{"loaded_bytes", "bytes", "memory to SRAM"}, s.loaded_bytes);
  v(Field{"stored_bytes", "bytes", "SRAM to memory"}, s.stored_bytes);
  v(Field{"sent_bytes", "bytes", "SRAM to another die's SRAM, counted at every destination"}, s.sent_bytes);
  v(Field{"copied_bytes", "bytes", "of the sent bytes, those that a multicast did not read again from SRAM"},
    s.copied_bytes);
  v(Field{"remote_bytes", "bytes", "of the loaded and stored bytes, those of another die's memory"},
    s.remote_bytes);
  v(Field{"chunks", "count", "transactions issued"}, s.chunks);
  v(Field{"channel_busy", "ticks", "channels in use, summed over channels"}, s.channel_busy);
  v(Field{"peak_channels", "count", "most channels in use at once"}, s.peak_channels);
}

struct CommandsByKind {
  std::array<std::uint64_t, 10> counts{};
};
template <class V>
void describe_metrics(V& v, const CommandsByKind& s) {
  const auto count = [&s](CommandKind kind) { return s.counts[static_cast<std::size_t>(kind)]; };
  v(Field{"load", "count", "memory to SRAM"}, count(CommandKind::load));
  v(Field{"store", "count", "SRAM to memory"}, count(CommandKind::store));
  v(Field{"send", "count", "SRAM to another die's SRAM"}, count(CommandKind::send));
  v(Field{"ffn", "count", "slices of experts computed"}, count(CommandKind::ffn));
  v(Field{"gemm", "count", "dense matrix products"}, count(CommandKind::gemm));
  v(Field{"attention", "count", "attention steps"}, count(CommandKind::attention));
  v(Field{"vector", "count", "vector operations"}, count(CommandKind::vector));
  v(Field{"slot_allocate", "count", "slots declared"}, count(CommandKind::slot_allocate));
  v(Field{"slot_release", "count", "slots retired"}, count(CommandKind::slot_release));
  v(Field{"fence", "count", "fences passed"}, count(CommandKind::fence));
}

template <class V>
void describe_metrics(V& v, const CommandProcessorStats& s) {
  v(Field{"descriptors", "count", "64-byte descriptors fetched, continuations included"}, s.descriptors);
  v(Field{"completions", "count", "completion entries written"}, s.completions);
  v(Field{"signals", "count", "event additions at this die"}, s.signals);
  v(Field{"remote_signals", "count", "signals sent to other dies"}, s.remote_signals);
  v(Field{"mails", "count", "messages sent"}, s.mails);
  v(Field{"peak_queue", "count", "descriptors in the fullest command queue"}, s.peak_queue);
  v(Field{"peak_inbox", "count", "messages in the fuller inbox"}, s.peak_inbox);
  v.group("commands", CommandsByKind{s.commands});
}

template <class V>
void describe_metrics(V& v, const ControlCoreStats& s) {
  v(Field{"handlers", "count", "handlers run"}, s.handlers);
  v(Field{"bus_accesses", "count", "reads and writes of registers and SRAM"}, s.bus_accesses);
  v(Field{"bus_bytes", "bytes", "bytes of those accesses"}, s.bus_bytes);
  v(Field{"gate_results", "count", "gate results read"}, s.gate_results);
  v(Field{"charged_cycles", "cycles", "charged by the firmware for its own work"}, s.charged_cycles);
  v(Field{"busy", "ticks", "executing handlers, accesses included"}, s.busy);
  v(Field{"log_lines", "count", "lines logged"}, s.log_lines);
}

template <class V>
void describe_metrics(V& v, const TensorEngineStats& s) {
  v(Field{"ffn_slices", "count", "FFN commands that retired"}, s.ffn_slices);
  v(Field{"gemms", "count", "GEMM commands that retired"}, s.gemms);
  v(Field{"attentions", "count", "attention commands that retired"}, s.attentions);
  v(Field{"vectors", "count", "vector commands that retired"}, s.vectors);
  v(Field{"failed", "count", "commands that ended with misuse or poison"}, s.failed);
  v(Field{"macs", "MACs", "multiply-accumulates done, padding of the array excluded"}, s.macs);
  v(Field{"folds", "count", "array folds"}, s.folds);
  v(Field{"vector_elements", "count", "elements through the vector unit"}, s.vector_elements);
  v(Field{"ffn_tokens", "count", "token list entries of retired FFN slices"}, s.ffn_tokens);
  v(Field{"bytes_read", "bytes", "bytes asked of SRAM"}, s.bytes_read);
  v(Field{"bytes_written", "bytes", "bytes sent to SRAM"}, s.bytes_written);
  v(Field{"busy", "ticks",
          "a command was in execution: set-up, compute, fill, vector and SRAM stall together"},
    s.busy);
  v(Field{"setup", "ticks", "before the first access of a command"}, s.setup);
  v(Field{"compute", "ticks", "operands streamed through the array"}, s.compute);
  v(Field{"fill", "ticks", "weight load, fill and drain that compute did not hide"}, s.fill);
  v(Field{"vector", "ticks", "the vector unit worked"}, s.vector);
  v(Field{"sram_stall", "ticks", "the engine waited for SRAM beyond its own schedule"}, s.sram_stall);
}

template <class V>
void describe_metrics(V& v, const SramPortStats& s) {
  v(Field{"trains", "count", "transactions completed"}, s.trains);
  v(Field{"bytes_read", "bytes", "bytes read"}, s.bytes_read);
  v(Field{"bytes_written", "bytes", "bytes overwritten"}, s.bytes_written);
  v(Field{"bytes_accumulated", "bytes", "bytes added to by read-modify-write; each costs two accesses"},
    s.bytes_accumulated);
  v(Field{"conflict_cycles", "cycles", "an access was ready and its bank was taken"}, s.conflict_cycles);
  v(Field{"lost_to_engine", "cycles", "of these, by the engine"}, s.lost_to[0]);
  v(Field{"lost_to_dma", "cycles", "of these, by the DMA engine"}, s.lost_to[1]);
  v(Field{"lost_to_fabric", "cycles", "of these, by the fabric"}, s.lost_to[2]);
  v(Field{"occupied", "ticks", "from acceptance to response, summed over transactions"}, s.occupied);
}

template <class V>
void describe_metrics(V& v, const SramStats& s) {
  v(Field{"core_accesses", "count", "accesses of the control cores"}, s.core_accesses);
  v(Field{"core_bytes", "bytes", "bytes they moved"}, s.core_bytes);
  v(Field{"withheld", "count", "requests kept waiting by a full port queue"}, s.withheld);
  v(Field{"misuses", "count", "transactions refused: slot, range or list rule"}, s.misuses);
  v.group("engine_port", s.ports[0]);
  v.group("dma_port", s.ports[1]);
  v.group("fabric_port", s.ports[2]);
}

}  // namespace moesaic
