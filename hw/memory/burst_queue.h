// SPDX-License-Identifier: Apache-2.0
// The bursts a scheduler chooses among, listed per bank in the order they arrived.
//
// Keeps, per bank, the oldest burst that hits the open row and the oldest that does not. A hit is *offered*
// unless its bank is starved: younger hits have overtaken the bank's oldest burst `limit` times, and only the
// oldest burst itself may go. A limit of 0 is first come, first served.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace moesaic {

/// The lowest bit of a mask of banks. REQUIRES: there is one.
inline unsigned lowest(std::uint64_t banks) {
  return static_cast<unsigned>(__builtin_ctzll(banks));
}

class BurstQueue {
 public:
  static constexpr unsigned kBanks = 64;  ///< of a pseudo channel
  static constexpr unsigned kPseudoChannels = 2;
  static constexpr std::uint16_t kNone = 0xFFFF;
  static constexpr std::uint64_t kNoRow = ~std::uint64_t{0};

  struct Burst {
    std::uint64_t sequence;  ///< order of arrival
    std::int64_t visible;    ///< half cycle from which it may be served
    std::uint32_t row;
    std::uint32_t train;
    std::uint16_t next, previous;  ///< of the bank
    std::uint16_t newer, older;    ///< of the pseudo channel
    std::uint8_t bank;             ///< pseudo channel * kBanks + bank
    bool write;
    bool masked;    ///< a write that does not cover the burst
    bool released;  ///< no longer counted by its queue
  };

  explicit BurstQueue(std::uint32_t limit) : limit_(limit) {}

  std::uint16_t push(const Burst& burst) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint16_t>(pool_.size()));
      pool_.emplace_back();
    }
    const std::uint16_t at = free_.back();
    free_.pop_back();
    Burst& entry = pool_[at] = burst;
    Bank& bank = banks_[burst.bank];
    entry.next = kNone;
    entry.previous = bank.tail;
    (bank.tail == kNone ? bank.head : pool_[bank.tail].next) = at;
    bank.tail = at;
    entry.newer = kNone;
    Ends& ends = ends_[burst.bank / kBanks];
    entry.older = ends.newest;
    (ends.newest == kNone ? ends.oldest : pool_[ends.newest].newer) = at;
    ends.newest = at;
    ++size_;
    std::uint16_t& oldest = entry.row == bank.row ? bank.hit : bank.miss;
    if (oldest == kNone) oldest = at;
    show(burst.bank);
    return at;
  }

  /// The burst is served. Returns whether it overtook an older one.
  void remove(std::uint16_t at) {
    const Burst& entry = pool_[at];
    Bank& bank = banks_[entry.bank];
    bank.overtaken = at == bank.head ? 0 : bank.overtaken + 1;
    if (bank.hit == at) bank.hit = find(entry.next, bank.row, true);
    if (bank.miss == at) bank.miss = find(entry.next, bank.row, false);
    (entry.previous == kNone ? bank.head : pool_[entry.previous].next) = entry.next;
    (entry.next == kNone ? bank.tail : pool_[entry.next].previous) = entry.previous;
    Ends& ends = ends_[entry.bank / kBanks];
    (entry.older == kNone ? ends.oldest : pool_[entry.older].newer) = entry.newer;
    (entry.newer == kNone ? ends.newest : pool_[entry.newer].older) = entry.older;
    free_.push_back(at);
    --size_;
    show(entry.bank);
  }

  /// The bank has this row open from now on; kNoRow: none.
  void open(unsigned bank, std::uint64_t row) {
    Bank& b = banks_[bank];
    b.row = row;
    b.hit = row == kNoRow ? kNone : find(b.head, row, true);
    b.miss = find(b.head, row, false);
    show(bank);
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  const Burst& operator[](std::uint16_t at) const { return pool_[at]; }
  Burst& operator[](std::uint16_t at) { return pool_[at]; }
  std::uint16_t head(unsigned bank) const { return banks_[bank].head; }
  std::uint16_t hit(unsigned bank) const { return banks_[bank].hit; }
  std::uint16_t miss(unsigned bank) const { return banks_[bank].miss; }
  /// Banks of a pseudo channel, as bits: with a burst, with an offered hit, with a miss.
  std::uint64_t wanted(unsigned pc) const { return wanted_[pc]; }
  std::uint64_t hits(unsigned pc) const { return hits_[pc]; }
  std::uint64_t misses(unsigned pc) const { return misses_[pc]; }
  /// The oldest hit of the bank in that direction, or else the oldest hit. REQUIRES: there is a hit.
  std::uint16_t hit_of(unsigned bank, bool write) const {
    for (std::uint16_t at = banks_[bank].hit; at != kNone; at = pool_[at].next) {
      if (pool_[at].row == banks_[bank].row && pool_[at].write == write) return at;
    }
    return banks_[bank].hit;
  }
  /// Whether a hit follows `at` in its bank, which is a hit.
  bool further_hit(std::uint16_t at) const {
    return find(banks_[pool_[at].bank].head, pool_[at].row, true, at) != kNone;
  }
  bool further(std::uint16_t at) const {
    const Bank& bank = banks_[pool_[at].bank];
    return bank.head != at || bank.tail != at;
  }
  /// The oldest burst of a pseudo channel; kNone: there is none.
  std::uint16_t oldest(unsigned pc) const { return ends_[pc].oldest; }
  /// When the oldest burst became visible. REQUIRES: !empty().
  std::int64_t oldest_visible() const {
    const std::uint16_t a = ends_[0].oldest, b = ends_[1].oldest;
    if (a == kNone || b == kNone) return pool_[a == kNone ? b : a].visible;
    return pool_[pool_[a].sequence < pool_[b].sequence ? a : b].visible;
  }

 private:
  struct Ends {
    std::uint16_t oldest = kNone, newest = kNone;
  };
  struct Bank {
    std::uint64_t row = kNoRow;
    std::uint32_t overtaken = 0;
    std::uint16_t head = kNone, tail = kNone, hit = kNone, miss = kNone;
  };

  // The first burst from `at` on that hits the row, or does not; `but` excepted.
  std::uint16_t find(std::uint16_t at, std::uint64_t row, bool hit, std::uint16_t but = kNone) const {
    while (at != kNone && ((pool_[at].row == row) != hit || at == but)) at = pool_[at].next;
    return at;
  }
  void show(unsigned bank) {
    const Bank& b = banks_[bank];
    const std::uint64_t bit = std::uint64_t{1} << (bank % kBanks);
    const unsigned pc = bank / kBanks;
    const auto set = [bit](std::uint64_t& bits, bool on) { bits = on ? bits | bit : bits & ~bit; };
    set(wanted_[pc], b.head != kNone);
    set(hits_[pc], b.hit != kNone && (b.hit == b.head || b.overtaken < limit_));
    set(misses_[pc], b.miss != kNone);
  }

  std::uint32_t limit_;
  std::size_t size_ = 0;
  std::vector<Burst> pool_;
  std::vector<std::uint16_t> free_;
  std::array<Ends, kPseudoChannels> ends_{};
  std::array<Bank, kPseudoChannels * kBanks> banks_{};
  std::array<std::uint64_t, kPseudoChannels> wanted_{}, hits_{}, misses_{};
};

}  // namespace moesaic
