// SPDX-License-Identifier: Apache-2.0
// The hardware as a control core sees it: registers, command queues, mailbox, SRAM, and what the program
// offers beside them. Thin and typed; every call ends in one call of the C table, and its cost is that
// call's. Time: reads and writes of registers and SRAM cost bus accesses, so Queue and the mailbox remember
// how much room they last read.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "abi.h"
#include "address.h"
#include "commands.h"

namespace moesaic::firmware {

class Hal;

/// Size of the oldest table of this ABI version: everything behind it may be missing.
inline constexpr std::size_t kOldestHalBytes = offsetof(moesaic_hal, statistic);

/// One command queue. push() stages, ring() starts what is staged.
class Queue {
 public:
  Queue(Hal& hal, unsigned number) : hal_(&hal), number_(number) {}
  /// Places left. Reads the register only when fewer than `wanted` are known to be left.
  unsigned room(unsigned wanted = 1);
  /// Stages a command; false when the queue has no room for it.
  bool try_push(const Command& command);
  /// The same, for images that know there is room; throws when there is none.
  void push(const Command& command);
  /// Doorbell; nothing when nothing is staged.
  void ring();
  unsigned number() const { return number_; }

 private:
  Hal* hal_;
  unsigned number_;
  unsigned room_ = 0;  ///< a lower bound: hardware only adds to it
  unsigned staged_ = 0;
};

class Hal {
 public:
  Hal(const moesaic_core_info& info, const moesaic_hal& table) : info_(info), table_(known_part(table)) {
    for (unsigned q = 0; q < info.command_queues; ++q) queues_.emplace_back(*this, q);
    for (unsigned o = 0; o < costs_.size(); ++o) costs_[o] = table_.cost_of(table_.context, o);
  }
  Hal(const Hal&) = delete;
  Hal& operator=(const Hal&) = delete;

  const moesaic_core_info& info() const { return info_; }
  std::uint16_t node() const { return info_.node; }

  // --- registers of this core
  // -------------------------------------------------------------------------------
  template <class T>
  T read(std::uint32_t offset) {
    T value{};
    table_.bus_read(table_.context, own_register(offset), &value, sizeof value);
    return value;
  }
  template <class T>
  void write(std::uint32_t offset, const T& value) {
    table_.bus_write(table_.context, own_register(offset), &value, sizeof value);
  }
  std::uint64_t cycle() { return read<std::uint64_t>(MOESAIC_REG_CYCLE); }
  void set_timer(std::uint64_t at_cycle) { write(MOESAIC_REG_TIMER, at_cycle); }
  std::uint32_t event(std::uint16_t number) { return read<std::uint32_t>(MOESAIC_REG_EVENT + 4u * number); }
  void set_event(std::uint16_t number, std::uint32_t value) { write(MOESAIC_REG_EVENT + 4u * number, value); }
  Queue& queue(unsigned number) { return queues_.at(number); }

  /// Sends a message. False when the mailbox has no space now; Core::on_mail_space is called when it has.
  bool try_send(const moesaic_mail& mail) {
    if (mail_space_ == 0) mail_space_ = read<std::uint32_t>(MOESAIC_REG_MAIL_SPACE);
    if (mail_space_ == 0) return false;
    --mail_space_;
    write(MOESAIC_REG_MAIL_PUSH, mail);
    return true;
  }

  // --- SRAM of this die
  // -------------------------------------------------------------------------------------
  std::uint64_t sram(std::uint32_t offset) const { return sram_address(info_.node, offset); }
  /// Any address, for what the helpers above do not reach.
  void bus_read(std::uint64_t address, void* data, std::uint32_t bytes) {
    table_.bus_read(table_.context, address, data, bytes);
  }
  void bus_write(std::uint64_t address, const void* data, std::uint32_t bytes) {
    table_.bus_write(table_.context, address, data, bytes);
  }
  /// Writes a token list to SRAM, in bursts.
  void write_list(std::uint32_t offset, const std::vector<moesaic_list_entry>& list) {
    constexpr std::size_t kBurst = 20;  // entries; 240 bytes
    for (std::size_t i = 0; i < list.size(); i += kBurst) {
      const std::size_t n = std::min(kBurst, list.size() - i);
      bus_write(sram(offset + static_cast<std::uint32_t>(i * sizeof(moesaic_list_entry))), &list[i],
                static_cast<std::uint32_t>(n * sizeof(moesaic_list_entry)));
    }
  }

  // --- the program
  // ------------------------------------------------------------------------------------------
  void charge(std::uint64_t cycles) { table_.charge(table_.context, cycles); }
  void charge(moesaic_operation operation, std::uint64_t times = 1) {
    if (times != 0) charge(costs_[operation] * times);
  }
  /// Cycles that an operation of the SDK's containers costs this core.
  std::uint64_t cost(moesaic_operation operation) const { return costs_[operation]; }
  std::uint64_t memory_bytes(unsigned node) const { return table_.memory_bytes(table_.context, node); }
  /// Gate results of a token of this die.
  std::vector<moesaic_choice> gate_results(std::uint32_t layer, std::uint32_t token) {
    std::vector<moesaic_choice> out(info_.top_k);
    const auto room = static_cast<std::uint32_t>(out.size());
    out.resize(std::min(room, table_.gate_results(table_.context, layer, token, out.data(), room)));
    return out;
  }
  /// Tokens of this die in the running layer, by place; none with a program that is older than this call.
  std::vector<moesaic_token> tokens() {
    if (table_.tokens == nullptr) return {};
    std::vector<moesaic_token> out(info_.tokens);
    const auto room = static_cast<std::uint32_t>(out.size());
    out.resize(std::min(room, table_.tokens(table_.context, out.data(), room)));
    return out;
  }
  /// The tokens of a request on this die wait for the next iteration (moesaic_hal::defer).
  void defer(std::uint32_t request) {
    if (table_.defer == nullptr) return fail("the program is too old: it does not defer requests");
    table_.defer(table_.context, request);
  }
  void place(const moesaic_tensor& tensor) { table_.place(table_.context, &tensor); }
  void deviate(const moesaic_deviation& deviation) { table_.deviate(table_.context, &deviation); }
  /// A line of the decision log (`moesaic run --log LEVEL`). Free in simulated time at every level.
  void log(moesaic_log_level level, std::string_view text) {
    table_.log(table_.context, level, text.data(), static_cast<std::uint32_t>(text.size()));
  }
  /// A number of this image for the results: the last value of a core under a name counts. Free; nothing
  /// happens with a program that is older than this call.
  void statistic(const char* name, const char* unit, double value) {
    if (table_.statistic != nullptr) table_.statistic(table_.context, name, unit, value);
  }
  /// A text at this instant, for the timeline and the log. Free; as above with older programs.
  void mark(std::string_view text) {
    if (table_.mark != nullptr)
      table_.mark(table_.context, text.data(), static_cast<std::uint32_t>(text.size()));
  }
  void layer_done() { table_.layer_done(table_.context); }
  void fail(std::string_view text) {
    table_.fail(table_.context, text.data(), static_cast<std::uint32_t>(text.size()));
  }

 private:
  /// The table as far as the program has filled it; the rest is null.
  static moesaic_hal known_part(const moesaic_hal& table) {
    moesaic_hal known{};
    std::memcpy(&known, &table, std::min<std::size_t>(table.struct_size, sizeof known));
    return known;
  }
  std::uint64_t own_register(std::uint32_t offset) const {
    return register_address(info_.node, info_.role * MOESAIC_CONTEXT_STRIDE + offset);
  }

  moesaic_core_info info_;
  moesaic_hal table_;
  std::vector<Queue> queues_;
  std::array<std::uint64_t, 4> costs_{};
  std::uint32_t mail_space_ = 0;  ///< a lower bound
};

inline unsigned Queue::room(unsigned wanted) {
  if (room_ < wanted) room_ = hal_->read<std::uint32_t>(MOESAIC_REG_QUEUE_SPACE + 4 * number_);
  return room_;
}

inline bool Queue::try_push(const Command& command) {
  if (room(command.parts()) < command.parts()) return false;
  for (unsigned i = 0; i < command.parts(); ++i)
    hal_->write(MOESAIC_REG_QUEUE_PUSH + 64 * number_, command.part(i));
  room_ -= command.parts();
  staged_ += command.parts();
  return true;
}

inline void Queue::push(const Command& command) {
  if (!try_push(command)) throw std::runtime_error("command queue " + std::to_string(number_) + " is full");
}

inline void Queue::ring() {
  if (staged_ == 0) return;
  hal_->write(MOESAIC_REG_QUEUE_DOORBELL + 4 * number_, staged_);
  staged_ = 0;
}

}  // namespace moesaic::firmware
