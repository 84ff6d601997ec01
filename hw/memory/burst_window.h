// SPDX-License-Identifier: Apache-2.0
// The bursts a scheduler chooses among in one direction, listed per bank in the order they arrived.
//
// Keeps, per bank, the oldest burst that hits the open row; no hit is offered while a bank is starved, that
// is, while younger hits have overtaken the bank's oldest burst `limit` times.
#pragma once

#include <array>
#include <cstdint>

#include "hw/memory/address_decoder.h"

namespace moesaic {

class BurstWindow {
 public:
  static constexpr unsigned kMaxBursts = 64;
  static constexpr unsigned kMaxBanks = 64;
  static constexpr std::uint8_t kNone = 0xFF;
  static constexpr std::uint64_t kNoRow = ~std::uint64_t{0};

  struct Burst {
    std::uint64_t visible;   ///< cycle from which it may be served
    std::uint64_t sequence;  ///< order of arrival
    std::uint32_t row;
    std::uint16_t train;
    std::uint8_t bank;
    std::uint8_t next;
    std::uint8_t previous;
  };

  /// REQUIRES: 0 < capacity <= kMaxBursts.
  BurstWindow(unsigned capacity, unsigned starvation_limit)
      : capacity_(capacity),
        limit_(starvation_limit),
        free_(capacity == kMaxBursts ? ~std::uint64_t{0} : (std::uint64_t{1} << capacity) - 1) {
    head_.fill(kNone);
    tail_.fill(kNone);
    hit_.fill(kNone);
    open_row_.fill(kNoRow);
    overtaken_.fill(0);
  }

  bool full() const { return size_ == capacity_; }
  bool empty() const { return size_ == 0; }
  unsigned size() const { return size_; }
  /// Banks with any burst; banks with a burst that hits the open row.
  std::uint64_t wanted() const { return wanted_; }
  std::uint64_t hits() const { return hits_; }
  const Burst& head(unsigned bank) const { return bursts_[head_[bank]]; }
  const Burst& hit(unsigned bank) const { return bursts_[hit_[bank]]; }

  /// The cycle from which the oldest burst has waited. REQUIRES: !empty().
  std::uint64_t oldest_visible() const {
    const Burst* oldest = nullptr;
    for (std::uint64_t banks = wanted_; banks != 0; banks &= banks - 1) {
      const Burst& burst = head(static_cast<unsigned>(__builtin_ctzll(banks)));
      if (oldest == nullptr || burst.sequence < oldest->sequence) oldest = &burst;
    }
    return oldest->visible;
  }

  /// REQUIRES: !full().
  void push(std::uint64_t visible, DramAddressDecoder::Place place, std::uint16_t train) {
    const auto slot = static_cast<std::uint8_t>(__builtin_ctzll(free_));
    const unsigned bank = index_of(place.bank);
    free_ &= free_ - 1;
    ++size_;
    const std::uint8_t last = tail_[bank];
    bursts_[slot] = {visible, sequence_++, place.row, train, static_cast<std::uint8_t>(bank), kNone, last};
    (last == kNone ? head_[bank] : bursts_[last].next) = slot;
    tail_[bank] = slot;
    wanted_ |= bit(bank);
    if (place.row == open_row_[bank] && hit_[bank] == kNone && overtaken_[bank] < limit_) set_hit(bank, slot);
  }

  /// Takes out the burst that hit(bank) is. The next hit of the bank takes its place.
  void serve(unsigned bank) {
    const std::uint8_t slot = hit_[bank];
    const Burst& burst = bursts_[slot];
    const std::uint8_t next = burst.next;
    const std::uint8_t previous = burst.previous;
    overtaken_[bank] = previous == kNone ? 0 : overtaken_[bank] + 1;
    (previous == kNone ? head_[bank] : bursts_[previous].next) = next;
    (next == kNone ? tail_[bank] : bursts_[next].previous) = previous;
    if (head_[bank] == kNone) wanted_ &= ~bit(bank);
    free_ |= std::uint64_t{1} << slot;
    --size_;
    find_hit(bank, overtaken_[bank] < limit_ ? next : kNone);
  }

  /// The bank's open row is now `row`, or none (kNoRow).
  void open(unsigned bank, std::uint64_t row) {
    open_row_[bank] = row;
    const bool starved = overtaken_[bank] >= limit_ && head_[bank] != kNone && head(bank).row != row;
    find_hit(bank, starved || row == kNoRow ? kNone : head_[bank]);
  }

 private:
  static std::uint64_t bit(unsigned bank) { return std::uint64_t{1} << bank; }
  void set_hit(unsigned bank, std::uint8_t slot) {
    hit_[bank] = slot;
    hits_ |= bit(bank);
  }
  void find_hit(unsigned bank, std::uint8_t from) {
    while (from != kNone && bursts_[from].row != open_row_[bank]) from = bursts_[from].next;
    hit_[bank] = from;
    hits_ = from == kNone ? hits_ & ~bit(bank) : hits_ | bit(bank);
  }

  unsigned capacity_;
  unsigned limit_;
  unsigned size_ = 0;
  std::uint64_t free_;
  std::uint64_t wanted_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t sequence_ = 0;
  std::array<Burst, kMaxBursts> bursts_{};
  std::array<std::uint8_t, kMaxBanks> head_, tail_, hit_;
  std::array<std::uint64_t, kMaxBanks> open_row_;
  std::array<std::uint32_t, kMaxBanks> overtaken_;
};

}  // namespace moesaic
