// SPDX-License-Identifier: Apache-2.0
// Builders of command descriptors: one function per kind, then what to wait for and what to tell when done:
//   queue.push(load(memory, sram, block(bytes)).wait(freed, 3).then_local(loaded));
// Models: the 64 bytes of descriptors.h, nothing more. Does not model: checks; the hardware makes them.
// Time: building is free; pushing costs (hal.h).
#pragma once

#include <array>
#include <cstdint>

#include "abi.h"
#include "address.h"

namespace moesaic::firmware {

static_assert(sizeof(moesaic_header) == 24, "a descriptor header is 24 bytes");
static_assert(sizeof(moesaic_transfer) == 40 && sizeof(moesaic_ffn) == 40, "a descriptor body is 40 bytes");
static_assert(sizeof(moesaic_descriptor) == 64, "a descriptor is 64 bytes");
static_assert(sizeof(moesaic_completion) == 16, "a completion entry is 16 bytes");
static_assert(sizeof(moesaic_mail) == 64, "a message is 64 bytes");
static_assert(sizeof(moesaic_list_entry) == 12, "a token list entry is 12 bytes");

/// Gate weight 1.0 of a token list entry, in Q1.15: that of a shared expert.
inline constexpr std::uint16_t kGateOne = 32768;

/// One command: a descriptor, and its continuation where it has one.
class Command {
 public:
  explicit Command(moesaic_kind kind) {
    head().kind = static_cast<std::uint8_t>(kind);
    head().wait_event = head().signal_event = head().local_event = MOESAIC_NO_EVENT;
    head().signal_node = MOESAIC_NO_NODE;
  }

  /// Issue when this die's counter `event` is at least `value`.
  Command& wait(std::uint16_t event, std::uint32_t value) {
    head().wait_event = event;
    head().wait_value = value;
    return *this;
  }
  /// When done, add to a counter of `node`; of a send: when its data has arrived there.
  Command& then_signal(std::uint16_t node, std::uint16_t event, std::uint16_t add = 1) {
    head().signal_node = node;
    head().signal_event = event;
    head().signal_add = add;
    return *this;
  }
  /// When done, add to a counter of this die.
  Command& then_local(std::uint16_t event, std::uint16_t add = 1) {
    head().local_event = event;
    head().local_add = add;
    return *this;
  }
  /// Shown in traces and fault reports.
  Command& tag(std::uint32_t value) {
    head().tag = value;
    return *this;
  }
  /// When done, Core::on_completion is called with this tag.
  Command& interrupt(std::uint32_t value) { return tag(value).interrupt(); }
  Command& interrupt() { return set(MOESAIC_FLAG_INTERRUPT); }
  Command& accumulate() { return set(MOESAIC_FLAG_ACCUMULATE); }
  /// A load, store or send goes before those of lower priority: 0 (the default) to 7.
  Command& priority(std::uint8_t value) {
    parts_[0].body.transfer.priority = value;
    return *this;
  }
  /// Appends the continuation of an ffn with biases.
  Command& biases(const moesaic_ffn_continuation& offsets) { return continue_with(offsets); }
  /// Turns a send into a multicast; bit n of `destinations` is die n. A signal is raised at all of them.
  Command& to_all(std::uint64_t destinations) {
    return set(MOESAIC_FLAG_MULTICAST).continue_with(moesaic_multicast{destinations});
  }

  moesaic_descriptor& descriptor() { return parts_[0]; }
  const moesaic_descriptor& part(unsigned i) const { return parts_[i]; }
  unsigned parts() const { return count_; }  ///< places it takes in a queue

 private:
  moesaic_header& head() { return parts_[0].header; }
  Command& set(unsigned flag) {
    head().flags = static_cast<std::uint8_t>(head().flags | flag);
    return *this;
  }

  template <class Continuation>
  Command& continue_with(const Continuation& more) {
    static_assert(sizeof more <= sizeof(moesaic_descriptor), "one continuation descriptor");
    set(MOESAIC_FLAG_CONTINUED);
    const auto* from = reinterpret_cast<const std::uint8_t*>(&more);
    auto* to = reinterpret_cast<std::uint8_t*>(&parts_[1]);
    for (unsigned i = 0; i < sizeof more; ++i) to[i] = from[i];
    count_ = 2;
    return *this;
  }

  std::array<moesaic_descriptor, 2> parts_{};
  unsigned count_ = 1;
};

/// Which rows a transfer moves.
struct Rows {
  std::uint32_t bytes;      ///< of one row
  std::uint32_t count = 1;  ///< with a list: its entries
  std::uint32_t source_stride = 0, destination_stride = 0;
  std::uint32_t list = MOESAIC_NO_OFFSET;  ///< SRAM offset
};
/// One contiguous block.
inline Rows block(std::uint32_t bytes) {
  return {bytes, 1, bytes, bytes, MOESAIC_NO_OFFSET};
}
/// `count` rows that lie packed on both sides, picked by a list.
inline Rows listed(std::uint32_t bytes, std::uint32_t count, std::uint32_t list) {
  return {bytes, count, bytes, bytes, list};
}

inline Command transfer(moesaic_kind kind, std::uint64_t source, std::uint64_t destination,
                        const Rows& rows) {
  Command command(kind);
  command.descriptor().body.transfer = {
      source,    destination, rows.bytes, rows.count, rows.source_stride, rows.destination_stride,
      rows.list, 0,           0,          0};
  return command;
}
/// Memory of any die -> SRAM of this die.
inline Command load(std::uint64_t memory, std::uint64_t sram, const Rows& rows) {
  return transfer(MOESAIC_LOAD, memory, sram, rows);
}
/// SRAM of this die -> memory of any die.
inline Command store(std::uint64_t sram, std::uint64_t memory, const Rows& rows) {
  return transfer(MOESAIC_STORE, sram, memory, rows);
}
/// SRAM of this die -> SRAM of another.
inline Command send(std::uint64_t from, std::uint64_t to, const Rows& rows) {
  return transfer(MOESAIC_SEND, from, to, rows);
}
/// SRAM of this die -> the same offset in the SRAM of several others; bit n of `dies`, not 0, is die n.
/// With then_signal(MOESAIC_ANY_NODE, ...) the signal is raised at each of them behind its data.
inline Command multicast(std::uint64_t from, std::uint64_t dies, std::uint64_t offset, const Rows& rows) {
  unsigned first = 0;
  while (first < 63 && ((dies >> first) & 1) == 0) ++first;
  return transfer(MOESAIC_SEND, from, sram_address(first, offset), rows).to_all(dies);
}

/// A body with the model's constants filled in.
inline moesaic_ffn ffn_of_model(const moesaic_core_info& info) {
  moesaic_ffn body{};
  body.hidden = static_cast<std::uint16_t>(info.hidden);
  body.activation = info.activation;
  body.shift_pre = info.shift_pre;
  body.shift_post = info.shift_post;
  return body;
}
inline Command ffn(const moesaic_ffn& body) {
  Command command(MOESAIC_FFN);
  command.descriptor().body.ffn = body;
  return command;
}
inline Command gemm(const moesaic_gemm& body) {
  Command command(MOESAIC_GEMM);
  command.descriptor().body.gemm = body;
  return command;
}
inline Command attention(const moesaic_attention& body) {
  Command command(MOESAIC_ATTENTION);
  command.descriptor().body.attention = body;
  return command;
}
/// Rows of `width` int32 at y set to `value`.
inline Command vector_fill(std::uint32_t y, std::uint32_t width, std::uint32_t rows, std::int32_t value = 0) {
  Command command(MOESAIC_VECTOR);
  command.descriptor().body.vector = {MOESAIC_NO_OFFSET, y, width, rows, MOESAIC_NO_OFFSET, value, 0};
  return command;
}
/// y[out_row] += x[in_row].
inline Command vector_add(std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t rows,
                          std::uint32_t list = MOESAIC_NO_OFFSET) {
  Command command(MOESAIC_VECTOR);
  command.descriptor().body.vector = {x, y, width, rows, list, 0, 1};
  return command;
}
inline Command slot_allocate(std::uint16_t slot, std::uint32_t offset, std::uint32_t bytes,
                             std::uint16_t granted = MOESAIC_NO_NODE) {
  Command command(MOESAIC_SLOT_ALLOCATE);
  command.descriptor().body.slot = {slot, granted, offset, bytes};
  return command;
}
inline Command slot_release(std::uint16_t slot) {
  Command command(MOESAIC_SLOT_RELEASE);
  command.descriptor().body.slot = {slot, MOESAIC_NO_NODE, 0, 0};
  return command;
}
/// Done when all earlier commands of its queue are done.
inline Command fence() {
  return Command(MOESAIC_FENCE);
}

}  // namespace moesaic::firmware
