// SPDX-License-Identifier: Apache-2.0
#include "hw/control/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace moesaic {

static_assert(sizeof(moesaic_header) == 24 && sizeof(moesaic_descriptor) == 64,
              "a descriptor is 24 + 40 bytes");
static_assert(sizeof(moesaic_mail) == 64 && sizeof(moesaic_completion) == 16, "mail and completion entries");
static_assert(sizeof(moesaic_list_entry) == sizeof(ListEntry), "token list entries");

namespace {

using Result = std::variant<Command, std::string>;

// A row number is 16 bits: a longer list would name a row twice on the same side.
constexpr std::uint32_t kLongestList = 65536;

// Rows of an operand that lie in this die's SRAM.
struct Operand {
  const char* name;
  std::uint64_t offset;
  std::uint64_t rows;
  std::uint64_t row_bytes;
  std::uint64_t stride;
};
std::string beyond_sram(const Operand& o, const DecodeLimits& limits) {
  if (o.offset == kNoOffset || o.rows == 0) return {};
  using Wide = unsigned __int128;  // products of 32-bit fields, and of their products
  const Wide end = Wide{o.offset} + Wide{o.rows - 1} * o.stride + o.row_bytes;
  if (end <= limits.sram_bytes) return {};
  return fmt::format("{} at {}, {} x {} bytes, {} apart, ends beyond the SRAM, which has {} bytes", o.name,
                     o.offset, o.rows, o.row_bytes, o.stride, limits.sram_bytes);
}
std::string beyond_sram(std::initializer_list<Operand> operands, const DecodeLimits& limits) {
  for (const Operand& operand : operands) {
    if (std::string error = beyond_sram(operand, limits); !error.empty()) return error;
  }
  return {};
}
Operand packed(const char* name, std::uint32_t offset, std::uint64_t rows, std::uint64_t row_bytes) {
  return {name, offset, rows, row_bytes, row_bytes};
}
std::string bad_list(std::uint32_t offset, std::uint32_t entries, const DecodeLimits& limits) {
  if (offset != kNoOffset && entries > kLongestList)
    return fmt::format("a token list of {} entries; it has at most {}", entries, kLongestList);
  return beyond_sram(packed("the token list", offset, entries, sizeof(ListEntry)), limits);
}

std::string bad_destinations(const Transfer& t, const DecodeLimits& limits) {
  for (unsigned node = limits.nodes; node < kMostNodes; ++node) {
    if (t.goes_to(node))
      return fmt::format("a multicast names die {}; the package has dies 0 to {}", node, limits.nodes - 1);
  }
  if (t.goes_to(index_of(limits.self)))
    return fmt::format("a multicast names its own die, {}; it goes to others", index_of(limits.self));
  if (!t.goes_to(index_of(Address::node(t.destination))))
    return fmt::format("the destination of a multicast is on die {}, which its mask {:#x} does not name",
                       index_of(Address::node(t.destination)), t.destinations);
  return {};
}

// The side that lies in SRAM; rows that a list picks are checked by the SRAM that has them.
std::string bad_rows(CommandKind kind, const Transfer& t, const DecodeLimits& limits) {
  if (std::string error = bad_list(t.list, t.rows, limits); !error.empty()) return error;
  const std::uint64_t rows = t.list == kNoOffset ? t.rows : std::min(t.rows, 1u);
  if (kind == CommandKind::load)
    return beyond_sram(
        {"the destination", Address::offset(t.destination), rows, t.row_bytes, t.destination_stride}, limits);
  return beyond_sram({"the source", Address::offset(t.source), rows, t.row_bytes, t.source_stride}, limits);
}

std::string bad_transfer(CommandKind kind, const Transfer& t, const DecodeLimits& limits) {
  const auto is = [&](std::uint64_t a, AddressUnit unit) { return Address::unit(a) == unit; };
  const bool source_local = Address::node(t.source) == limits.self;
  const bool destination_local = Address::node(t.destination) == limits.self;
  if (t.multicast()) {
    if (std::string error = bad_destinations(t, limits); !error.empty()) return error;
  }
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

// Who gets the signal of a send, or a sentence about it.
std::string bad_signal(const Command& command, const Transfer& t) {
  if (command.kind != CommandKind::send || !command.signal.present()) return {};
  if (t.multicast())
    return command.signal.node == kAnyNode ? ""
                                           : "the signal of a multicast goes to all its dies: node 0xFFFE";
  if (command.signal.node == Address::node(t.destination)) return {};
  return "the signal of a send goes to the die that receives the data";
}

Result decode_transfer(Command command, const moesaic_descriptor& d, const moesaic_descriptor* continuation,
                       const DecodeLimits& limits) {
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
  t.priority = body.priority;
  if (t.priority > kHighestPriority)
    return fmt::format("priority {}; it is 0 to {}", t.priority, kHighestPriority);
  if (body.reserved_8 != 0 || body.reserved_16 != 0) return std::string("reserved bits are set");
  if (continuation != nullptr) {
    moesaic_multicast more;
    std::memcpy(&more, continuation, sizeof more);
    if (more.destinations == 0) return std::string("a multicast names no die");
    t.destinations = more.destinations;
  }
  if (std::string error = bad_transfer(command.kind, t, limits); !error.empty()) return error;
  if (std::string error = bad_rows(command.kind, t, limits); !error.empty()) return error;
  if (std::string error = bad_signal(command, t); !error.empty()) return error;
  command.body = t;
  return command;
}

Result decode_ffn(Command command, const moesaic_descriptor& d, const moesaic_descriptor* continuation,
                  const DecodeLimits& limits) {
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
  if (std::string error = bad_list(ffn.list, ffn.list_count, limits); !error.empty()) return error;
  const std::uint64_t row = ffn.hidden;
  std::string error = beyond_sram(
      {packed("gate_weights", ffn.gate_weights, ffn.f_count, row),
       packed("up_weights", ffn.up_weights, ffn.f_count, row),
       packed("down_weights", ffn.down_weights, ffn.f_count, row),
       packed("gate_bias", ffn.gate_bias, ffn.f_count, 4), packed("up_bias", ffn.up_bias, ffn.f_count, 4),
       packed("down_bias", ffn.down_bias, row, 4)},
      limits);
  if (!error.empty()) return error;
  command.body = ffn;
  return command;
}

Result decode_gemm(Command command, const moesaic_descriptor& d, const DecodeLimits& limits) {
  const moesaic_gemm& body = d.body.gemm;
  if (body.m == 0 || body.k == 0 || body.n == 0) return std::string("m, k and n must not be 0");
  std::string error = beyond_sram({packed("x", body.x, body.m, body.k), packed("w", body.w, body.n, body.k),
                                   packed("y", body.y, body.m, std::uint64_t{body.n} * 4)},
                                  limits);
  if (!error.empty()) return error;
  command.body =
      Gemm{body.x, body.w, body.y, body.m, body.k, body.n, (d.header.flags & MOESAIC_FLAG_ACCUMULATE) != 0};
  return command;
}

Result decode_attention(Command command, const moesaic_descriptor& d, const DecodeLimits& limits) {
  const moesaic_attention& body = d.body.attention;
  if (body.m == 0 || body.n == 0 || body.d == 0) return std::string("m, n and d must not be 0");
  if (body.shift_score > 31) return std::string("shift_score is out of range");
  std::string error =
      beyond_sram({packed("q", body.q, body.m, body.d), packed("keys", body.keys, body.n, body.d),
                   packed("values", body.values, body.n, body.d), packed("out", body.out, body.m, body.d)},
                  limits);
  if (!error.empty()) return error;
  command.body =
      AttentionStep{body.q, body.keys, body.values, body.out, body.m, body.n, body.d, body.shift_score};
  return command;
}

Result decode_vector(Command command, const moesaic_descriptor& d, const DecodeLimits& limits) {
  const moesaic_vector& body = d.body.vector;
  if (body.op > 1) return fmt::format("vector op {} is not known; 0 is fill, 1 is add", body.op);
  if (body.width == 0) return std::string("width is 0");
  if (std::string error = bad_list(body.list, body.rows, limits); !error.empty()) return error;
  // Of rows that a list picks, the first: the SRAM checks the others.
  const std::uint64_t rows = body.list == kNoOffset ? body.rows : std::min(body.rows, 1u);
  const std::uint64_t row = std::uint64_t{body.width} * 4;
  if (std::string error = beyond_sram(packed("y", body.y, rows, row), limits); !error.empty()) return error;
  if (body.op == 1 && body.x == kNoOffset) return std::string("an add has no x");
  if (body.op == 1) {
    if (std::string error = beyond_sram(packed("x", body.x, rows, row), limits); !error.empty()) return error;
  }
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

std::uint8_t priority_of(const moesaic_descriptor& descriptor) {
  const bool transfer = descriptor.header.kind >= MOESAIC_LOAD && descriptor.header.kind <= MOESAIC_SEND;
  return transfer ? descriptor.body.transfer.priority : 0;
}

Result decode(const moesaic_descriptor& d, const moesaic_descriptor* continuation,
              const DecodeLimits& limits) {
  const moesaic_header& h = d.header;
  // 1. The header, common to all kinds.
  if (h.kind < MOESAIC_LOAD || h.kind > MOESAIC_FENCE)
    return fmt::format("kind {} is not known; 1 to 10 are", h.kind);
  if (h.reserved != 0 || (h.flags & ~15u) != 0) return std::string("reserved bits are set");
  const bool multicast = (h.flags & MOESAIC_FLAG_MULTICAST) != 0;
  if (multicast && h.kind != MOESAIC_SEND) return std::string("only a send can be a multicast");
  if (multicast && continuation == nullptr) return std::string("a multicast without its continuation");
  if (continuation != nullptr && h.kind != MOESAIC_FFN && !multicast)
    return std::string("only an ffn and a multicast can be continued");
  for (const std::uint16_t event : {h.wait_event, h.signal_event, h.local_event}) {
    if (event != MOESAIC_NO_EVENT && event >= limits.events) {
      return fmt::format("event {} does not exist; this die has {}", event, limits.events);
    }
  }
  const bool to_all = multicast && h.signal_node == MOESAIC_ANY_NODE;
  if (h.signal_event != MOESAIC_NO_EVENT && h.signal_node >= limits.nodes && !to_all) {
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
      return decode_transfer(std::move(command), d, continuation, limits);
    case CommandKind::ffn:
      return decode_ffn(std::move(command), d, continuation, limits);
    case CommandKind::gemm:
      return decode_gemm(std::move(command), d, limits);
    case CommandKind::attention:
      return decode_attention(std::move(command), d, limits);
    case CommandKind::vector:
      return decode_vector(std::move(command), d, limits);
    case CommandKind::slot_allocate:
      if (const auto granted = d.body.slot.granted;
          granted >= limits.nodes && granted != MOESAIC_NO_NODE && granted != MOESAIC_ANY_NODE) {
        return fmt::format("a slot is granted to die {}; the package has dies 0 to {}", granted,
                           limits.nodes - 1);
      }
      [[fallthrough]];
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
