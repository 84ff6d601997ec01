// SPDX-License-Identifier: Apache-2.0
#include "hw/sram/slot_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace moesaic {

SlotTable::SlotTable(std::uint32_t slots, std::uint64_t size_bytes)
    : slots_(slots), size_bytes_(size_bytes) {}

std::optional<std::string> SlotTable::allocate(std::uint16_t slot, std::uint32_t offset, std::uint32_t bytes,
                                               NodeId granted) {
  // 1. The request by itself.
  if (slot >= slots_.size()) {
    return fmt::format("slot {} does not exist; this die has slots 0 to {}", slot, slots_.size() - 1);
  }
  if (slots_[slot].allocated) {
    return fmt::format("slot {} is already allocated (bytes {} to {})", slot, slots_[slot].offset,
                       slots_[slot].offset + slots_[slot].bytes - 1);
  }
  const std::uint64_t begin = offset;
  const std::uint64_t end = begin + bytes;
  if (bytes == 0) return fmt::format("slot {} would be empty; a slot has at least one byte", slot);
  if (end > size_bytes_) {
    return fmt::format("slot {} would be bytes {} to {}; the SRAM has {} bytes", slot, begin, end - 1,
                       size_bytes_);
  }
  // 2. Against the others: the first slot that begins at or after `begin`, and the one before it.
  const auto next = by_offset_.lower_bound(begin);
  const auto overlap = [&](std::uint16_t other) {
    return fmt::format("slot {} (bytes {} to {}) would overlap slot {} (bytes {} to {})", slot, begin,
                       end - 1, other, slots_[other].offset, slots_[other].offset + slots_[other].bytes - 1);
  };
  if (next != by_offset_.end() && next->first < end) return overlap(next->second);
  if (next != by_offset_.begin()) {
    const std::uint16_t before = std::prev(next)->second;
    if (slots_[before].offset + slots_[before].bytes > begin) return overlap(before);
  }
  // 3. Take it.
  slots_[slot] = {begin, bytes, granted, true};
  by_offset_.emplace(begin, slot);
  allocated_bytes_ += bytes;
  peak_allocated_bytes_ = std::max(peak_allocated_bytes_, allocated_bytes_);
  ++generation_;
  if (watcher_) watcher_->slot_changed(slot, bytes, allocated_bytes_);
  return std::nullopt;
}

std::optional<std::string> SlotTable::release(std::uint16_t slot) {
  if (slot >= slots_.size()) {
    return fmt::format("slot {} does not exist; this die has slots 0 to {}", slot, slots_.size() - 1);
  }
  if (!slots_[slot].allocated) return fmt::format("slot {} is released but was not allocated", slot);
  for (const auto& [command, user] : users_) {
    if (std::find(user.slots.begin(), user.slots.end(), slot) == user.slots.end()) continue;
    return fmt::format("slot {} is released while command tag {}, which uses it, is under way", slot,
                       user.tag);
  }
  written_.remove(slots_[slot].offset, slots_[slot].offset + slots_[slot].bytes);
  by_offset_.erase(slots_[slot].offset);
  allocated_bytes_ -= slots_[slot].bytes;
  slots_[slot].allocated = false;
  ++generation_;
  if (watcher_) watcher_->slot_changed(slot, 0, allocated_bytes_);
  return std::nullopt;
}

void SlotTable::use(std::uint32_t command, std::uint32_t tag, std::uint64_t begin, std::uint64_t end) {
  // The slot that begins at or before `begin` may reach into the range.
  auto next = by_offset_.upper_bound(begin);
  if (next != by_offset_.begin()) --next;
  for (; next != by_offset_.end() && next->first < end; ++next) {
    const std::uint16_t number = next->second;
    if (slots_[number].offset + slots_[number].bytes <= begin) continue;
    User& user = users_[command];
    user.tag = tag;
    if (std::find(user.slots.begin(), user.slots.end(), number) == user.slots.end())
      user.slots.push_back(number);
  }
}

std::optional<std::string> SlotTable::check_write(std::uint64_t offset, std::uint64_t bytes, NodeId writer,
                                                  NodeId self) const {
  const std::uint64_t end = offset + bytes;
  const auto after = by_offset_.upper_bound(offset);
  if (after == by_offset_.begin()) {
    return fmt::format("a write to bytes {} to {} is in no allocated slot", offset, end - 1);
  }
  const std::uint16_t number = std::prev(after)->second;
  const Slot& slot = slots_[number];
  if (offset >= slot.offset + slot.bytes) {
    return fmt::format("a write to bytes {} to {} is in no allocated slot", offset, end - 1);
  }
  if (end > slot.offset + slot.bytes) {
    return fmt::format("a write to bytes {} to {} runs over the end of slot {} (bytes {} to {})", offset,
                       end - 1, number, slot.offset, slot.offset + slot.bytes - 1);
  }
  if (writer != self && slot.granted != kAnyNode && slot.granted != writer) {
    return fmt::format("die {} writes slot {} without a grant; it is granted to {}", index_of(writer), number,
                       slot.granted == kNoNode ? std::string("no other die")
                                               : fmt::format("die {}", index_of(slot.granted)));
  }
  return std::nullopt;
}

}  // namespace moesaic
