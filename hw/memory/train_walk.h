// SPDX-License-Identifier: Apache-2.0
// Steps through the device bursts of a train that fall on one channel of a site.
//
// Consecutive blocks of `interleave_bytes` of the site lie on consecutive channels. A burst is an aligned
// piece of `burst_bytes`; a burst touched by two accesses of a train is moved twice, as two trains would.
#pragma once

#include <cstdint>

#include "tlm/train.h"

namespace moesaic {

/// Which bytes of a site a channel holds. REQUIRES: powers of two; burst_bytes <= interleave_bytes.
struct ChannelSlice {
  unsigned index = 0;
  unsigned channel_bits = 0;
  unsigned interleave_bits = 8;
  unsigned burst_bits = 5;

  /// The first burst at or after the burst-aligned site offset `at` that lies on this channel.
  std::uint64_t next_burst(std::uint64_t at) const {
    const std::uint64_t block = at >> interleave_bits;
    const std::uint64_t ahead = (index - block) & ((std::uint64_t{1} << channel_bits) - 1);
    return ahead == 0 ? at : (block + ahead) << interleave_bits;
  }
  /// Address within the channel.
  std::uint64_t local(std::uint64_t at) const {
    const std::uint64_t within = at & ((std::uint64_t{1} << interleave_bits) - 1);
    return (at >> (interleave_bits + channel_bits) << interleave_bits) | within;
  }
  /// The site offset of an address within the channel.
  std::uint64_t site(std::uint64_t local) const {
    const std::uint64_t within = local & ((std::uint64_t{1} << interleave_bits) - 1);
    return ((local >> interleave_bits << channel_bits | index) << interleave_bits) | within;
  }
  /// Bytes below site offset `at` that lie on this channel.
  std::uint64_t bytes_below(std::uint64_t at) const {
    const std::uint64_t block = at >> interleave_bits;
    const std::uint64_t mine = block & ((std::uint64_t{1} << channel_bits) - 1);
    const std::uint64_t whole = block >> channel_bits << interleave_bits;
    if (mine < index) return whole;
    if (mine > index) return whole + (std::uint64_t{1} << interleave_bits);
    return whole + (at & ((std::uint64_t{1} << interleave_bits) - 1));
  }
  std::uint64_t burst_floor(std::uint64_t at) const { return at >> burst_bits << burst_bits; }
  std::uint64_t burst_ceil(std::uint64_t at) const {
    return burst_floor(at + (std::uint64_t{1} << burst_bits) - 1);
  }
  std::uint64_t bursts_of(const Train& train) const {
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < train.count; ++i) {
      const std::uint64_t a = train.address_of(i);
      bytes += bytes_below(burst_ceil(a + train.size)) - bytes_below(burst_floor(a));
    }
    return bytes >> burst_bits;
  }
  std::uint64_t bytes_of(const Train& train) const {
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < train.count; ++i) {
      const std::uint64_t a = train.address_of(i);
      bytes += bytes_below(a + train.size) - bytes_below(a);
    }
    return bytes;
  }
};

class TrainWalk {
 public:
  TrainWalk() = default;
  /// Stands at the first burst of `train` on the channel; addresses are site offsets.
  TrainWalk(const Train& train, const ChannelSlice& slice) : train_(train) { enter(slice); }

  bool ended() const { return access_ == train_.count; }
  /// Number of the access the burst belongs to. REQUIRES: !ended().
  std::uint32_t access() const { return access_; }
  std::uint64_t at() const { return at_; }
  /// The access does not cover the whole burst.
  bool partial(const ChannelSlice& slice) const {
    return at_ < begin_ || at_ + (std::uint64_t{1} << slice.burst_bits) > end_;
  }
  /// Bursts from here to the end of the access, this one included. REQUIRES: !ended().
  std::uint64_t left(const ChannelSlice& slice) const {
    return (slice.bytes_below(slice.burst_ceil(end_)) - slice.bytes_below(at_)) >> slice.burst_bits;
  }
  /// Over `bursts` bursts, which lie at consecutive addresses of the channel. REQUIRES: bursts < left().
  void skip(std::uint64_t bursts, const ChannelSlice& slice) {
    at_ = slice.site(slice.local(at_) + (bursts << slice.burst_bits));
  }
  /// To the next burst; true when it belongs to a later access, or there is none.
  bool step(const ChannelSlice& slice) {
    at_ = slice.next_burst(at_ + (std::uint64_t{1} << slice.burst_bits));
    if (at_ < end_) return false;
    ++access_;
    enter(slice);
    return true;
  }

 private:
  // Finds the first access at or after access_ that touches the channel.
  void enter(const ChannelSlice& slice) {
    for (; access_ < train_.count; ++access_) {
      const std::uint64_t a = train_.address_of(access_);
      at_ = slice.next_burst(slice.burst_floor(a));
      begin_ = a;
      end_ = a + train_.size;
      if (at_ < end_) return;
    }
  }

  Train train_;
  std::uint32_t access_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace moesaic
