// SPDX-License-Identifier: Apache-2.0
#include "hw/control/decoder.h"

#include <fmt/format.h>

#include <cstring>

namespace moesaic {

static_assert(sizeof(moesaic_header) == 24 && sizeof(moesaic_descriptor) == 64,
              "a descriptor is 24 + 40 bytes");
static_assert(sizeof(moesaic_mail) == 64 && sizeof(moesaic_completion) == 16, "mail and completion entries");
static_assert(sizeof(moesaic_list_entry) == sizeof(ListEntry), "token list entries");

namespace {

using Result = std::variant<Command, std::string>;

std::string bad_transfer(CommandKind kind, const Transfer& t, const DecodeLimits& limits) {
  const auto is = [&](std::uint64_t a, AddressUnit unit) { return Address::unit(a) == unit; };
  const bool source_local = Address::node(t.source) == limits.self;
  const bool destination_local = Address::node(t.destination) == limits.self;
  if (index_of(Address::node(t.source)) >= limits.nodes ||
      index_of(Address::node(t.destination)) >= limits.nodes) {
    return fmt::format("source {:#x} or destination {:#x} names a node that is not in the package", t.source,
                       t.destination);
  }
  if (Address::package(t.source) != 0 || Address::package(t.destination) != 0)
    return "there is no second package";
  if (t.row_bytes == 0) return "row_bytes is 0";
  switch (kind) {
    case CommandKind::load:
      if (is(t.source, AddressUnit::memory) && is(t.destination, AddressUnit::sram) && destination_local)
        return {};
      return "a load goes from memory to this die's SRAM";
    case CommandKind::store:
      if (is(t.source, AddressUnit::sram) && source_local && is(t.destination, AddressUnit::memory))
        return {};
      return "a store goes from this die's SRAM to memory";
    default:
      if (is(t.source, AddressUnit::sram) && source_local && is(t.destination, AddressUnit::sram) &&
          !destination_local) {
        return {};
      }
      return "a send goes from this die's SRAM to the SRAM of another die";
  }
}

Result decode_transfer(Command command, const moesaic_descriptor& d, const DecodeLimits& limits) {
  const moesaic_transfer& body = d.body.transfer;
  Transfer t;
  t.source = body.source;
  t.destination = body.destination;
  t.row_bytes = body.row_bytes;
  t.rows = body.rows;
  t.source_stride = body.source_stride;
  t.destination_stride = body.destination_stride;
  t.list = body.list;
  t.accumulate = (d.header.flags & MOESAIC_FLAG_ACCUMULATE) != 0;
  if (t.accumulate && command.kind != CommandKind::send)
    return std::string("only a send can accumulate on arrival");
  if (std::string error = bad_transfer(command.kind, t, limits); !error.empty()) return error;
  if (command.kind == CommandKind::send && command.signal.present() &&
      command.signal.node != Address::node(t.destination)) {
    return std::string("the signal of a send goes to the die that receives the data");
  }
  command.body = t;
  return command;
}

Result decode_ffn(Command command, const moesaic_descriptor& d, const moesaic_descriptor* continuation) {
  const moesaic_ffn& body = d.body.ffn;
  if (body.data_type != 0) return fmt::format("data_type {} is not known; 0 is int8", body.data_type);
  if (body.activation > 2) return fmt::format("activation {} is not known; 0 to 2 are", body.activation);
  if (body.hidden == 0 || body.f_count == 0) return std::string("hidden and f_count must not be 0");
  if (body.shift_pre > 31 || body.shift_post > 62)
    return std::string("a requantisation shift is out of range");
  FfnSlice ffn;
  ffn.x = body.x;
  ffn.y = body.y;
  ffn.gate_weights = body.gate_weights;
  ffn.up_weights = body.up_weights;
  ffn.down_weights = body.down_weights;
  ffn.list = body.list;
  ffn.list_count = body.list_count;
  ffn.hidden = body.hidden;
  ffn.f_count = body.f_count;
  ffn.f_begin = body.f_begin;
  ffn.layer = body.layer;
  ffn.expert = body.expert;
  ffn.activation = body.activation;
  ffn.shift_pre = body.shift_pre;
  ffn.shift_post = body.shift_post;
  ffn.accumulate = (d.header.flags & MOESAIC_FLAG_ACCUMULATE) != 0;
  if (continuation != nullptr) {
    moesaic_ffn_continuation more;
    std::memcpy(&more, continuation, sizeof more);
    ffn.gate_bias = more.gate_bias;
    ffn.up_bias = more.up_bias;
    ffn.down_bias = more.down_bias;
  }
  command.body = ffn;
  return command;
}

Result decode_gemm(Command command, const moesaic_descriptor& d) {
  const moesaic_gemm& body = d.body.gemm;
  if (body.k == 0 || body.n == 0) return std::string("k and n must not be 0");
  command.body =
      Gemm{body.x, body.w, body.y, body.m, body.k, body.n, (d.header.flags & MOESAIC_FLAG_ACCUMULATE) != 0};
  return command;
}

Result decode_attention(Command command, const moesaic_descriptor& d) {
  const moesaic_attention& body = d.body.attention;
  if (body.n == 0 || body.d == 0) return std::string("n and d must not be 0");
  if (body.shift_score > 31) return std::string("shift_score is out of range");
  command.body =
      AttentionStep{body.q, body.keys, body.values, body.out, body.m, body.n, body.d, body.shift_score};
  return command;
}

Result decode_vector(Command command, const moesaic_descriptor& d) {
  const moesaic_vector& body = d.body.vector;
  if (body.op > 1) return fmt::format("vector op {} is not known; 0 is fill, 1 is add", body.op);
  if (body.width == 0) return std::string("width is 0");
  command.body = Vector{body.op == 0 ? VectorOp::fill : VectorOp::add,
                        body.x,
                        body.y,
                        body.width,
                        body.rows,
                        body.list,
                        body.value};
  return command;
}

}  // namespace

bool is_continued(const moesaic_descriptor& descriptor) {
  return (descriptor.header.flags & MOESAIC_FLAG_CONTINUED) != 0;
}

Result decode(const moesaic_descriptor& d, const moesaic_descriptor* continuation,
              const DecodeLimits& limits) {
  const moesaic_header& h = d.header;
  // 1. The header, common to all kinds.
  if (h.kind < MOESAIC_LOAD || h.kind > MOESAIC_FENCE)
    return fmt::format("kind {} is not known; 1 to 10 are", h.kind);
  if (h.reserved != 0 || (h.flags & ~7u) != 0) return std::string("reserved bits are set");
  if (continuation != nullptr && h.kind != MOESAIC_FFN)
    return std::string("only an ffn descriptor can be continued");
  for (const std::uint16_t event : {h.wait_event, h.signal_event, h.local_event}) {
    if (event != MOESAIC_NO_EVENT && event >= limits.events) {
      return fmt::format("event {} does not exist; this die has {}", event, limits.events);
    }
  }
  if (h.signal_event != MOESAIC_NO_EVENT && h.signal_node >= limits.nodes) {
    return fmt::format("signal node {} is not in the package", h.signal_node);
  }
  Command command;
  command.kind = static_cast<CommandKind>(h.kind - MOESAIC_LOAD);
  command.tag = h.tag;
  command.interrupt = (h.flags & MOESAIC_FLAG_INTERRUPT) != 0;
  command.wait_event = h.wait_event;
  command.wait_value = h.wait_value;
  command.signal = {NodeId(h.signal_node), h.signal_event, h.signal_add};
  command.local_signal = {limits.self, h.local_event, h.local_add};
  // 2. The body of its kind.
  switch (command.kind) {
    case CommandKind::load:
    case CommandKind::store:
    case CommandKind::send:
      return decode_transfer(std::move(command), d, limits);
    case CommandKind::ffn:
      return decode_ffn(std::move(command), d, continuation);
    case CommandKind::gemm:
      return decode_gemm(std::move(command), d);
    case CommandKind::attention:
      return decode_attention(std::move(command), d);
    case CommandKind::vector:
      return decode_vector(std::move(command), d);
    case CommandKind::slot_allocate:
    case CommandKind::slot_release:
      command.body =
          SlotOp{d.body.slot.slot, d.body.slot.offset, d.body.slot.bytes, NodeId(d.body.slot.granted)};
      return command;
    case CommandKind::fence:
      return command;
  }
  return std::string("unreachable");
}

}  // namespace moesaic
