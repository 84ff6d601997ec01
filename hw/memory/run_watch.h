// SPDX-License-Identifier: Apache-2.0
// Notices when the column commands of a channel repeat.
//
// A stream of row hits settles into a rhythm: after a rotation over pseudo channels, stack ids and bank
// groups the channel is in the state it was in, only later and further in the stream. RunWatch keeps the last
// rotation, command by command, and says when the channel was found in the same state at its two ends
// (DramChannel::run_signature says what that state is). From then on step i of the future is step i of the
// rotation, `interval` later and `period` bursts further, until something other than a hit of the same
// rotation enters the queue or something other than a column command happens: then it starts anew.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/memory/address_decoder.h"
#include "hw/memory/burst_queue.h"
#include "hw/memory/dram_limits.h"

namespace moesaic {

/// How the bank changes from burst to burst of consecutive addresses, from the address map.
struct MapRotation {
  /// `period` == 0: no rotation short enough.
  MapRotation(const DramAddressDecoder& decoder, const DramOrganisation& organisation, unsigned burst_bits);

  static constexpr unsigned kLongest = 128;
  unsigned period = 0;             ///< bursts after which pseudo channel, stack id and bank group return
  unsigned banks = 0;              ///< bursts after which the bank returns, a multiple of `period`
  std::uint64_t region_bytes = 0;  ///< of an aligned block in which that holds, each bank keeping its row
  /// What is exclusive-ored to bank and row of the first burst of `banks` aligned ones to get those of the
  /// i-th.
  std::array<std::uint8_t, kLongest> flat{};
  std::array<std::uint32_t, kLongest> row{};
};

class RunWatch {
 public:
  /// Furthest back a waiting burst may lie behind the newest one.
  static constexpr unsigned kWindow = 512;
  struct Step {
    std::uint64_t sequence;
    HalfCycle at;
    std::uint32_t turnaround, column;  ///< half cycles of gap on the data bus before it
    std::uint8_t pseudo_channel;
  };

  /// `period` is a power of two, or 0: nothing is watched.
  explicit RunWatch(unsigned period) : steps_(period), classes_(period), mask_(period - 1) {
    while ((1U << shift_) < period) ++shift_;
  }

  unsigned period() const { return static_cast<unsigned>(steps_.size()); }
  void restart() {
    count_ = 0;
    check_ = 1;
    steady_ = marked_ = false;
  }
  /// A burst enters the queue. `kind`: equal for bursts that the same constraints bind.
  void entered(std::uint64_t sequence, std::uint8_t kind, bool write, bool masked, std::uint16_t at) {
    if (steps_.empty()) return;
    ++entered_;
    handles_[sequence % kWindow] = at;
    std::uint8_t& before = classes_[sequence & mask_];
    alike_ = before == kind ? alike_ + 1 : 0;
    before = kind;
    if (alike_ == 0 || masked || write != write_) restart();
    write_ = write;
  }
  /// A row hit is served.
  void served(const Step& step) {
    if (steps_.empty()) return;
    if (entered_ != 1) restart();
    entered_ = 0;
    steps_[next_] = step;
    next_ = (next_ + 1) & mask_;
    ++count_;
  }
  /// Whether run_signature() is to be taken now.
  bool asks() const { return !steady_ && count_ >= check_ && entered_ == 1; }
  /// It is this at `now`; empty: the channel is in no state to compare.
  void compare(const std::vector<HalfCycle>& signature, HalfCycle now) {
    steady_ = marked_ && !signature.empty() && signature == mark_ && (now - marked_at_) % 2 == 0;
    interval_ = now - marked_at_;
    marked_ = !signature.empty();
    marked_at_ = now;
    mark_ = signature;
    check_ = count_ + (marked_ ? period() : 2);
  }
  /// Steps repeat, and the queue has been refilled since the last one.
  bool steady() const { return steady_ && entered_ == 1; }
  bool write() const { return write_; }
  HalfCycle interval() const { return interval_; }
  /// Bursts that were of the kind of the one a period before them, up to the newest.
  std::uint64_t alike() const { return alike_; }
  std::uint8_t kind(std::uint64_t sequence) const { return classes_[sequence & mask_]; }
  /// Where the waiting burst is. REQUIRES: it lies in the window.
  std::uint16_t handle(std::uint64_t sequence) const { return handles_[sequence % kWindow]; }
  void move(std::uint64_t sequence, std::uint16_t at) { handles_[sequence % kWindow] = at; }
  /// Step i of the future. REQUIRES: steady().
  Step step(std::uint64_t i) const {
    Step step = steps_[(next_ + i) & mask_];
    const std::uint64_t turns = (i >> shift_) + 1;
    step.sequence += turns * period();
    step.at += static_cast<HalfCycle>(turns) * interval_;
    return step;
  }
  /// How many steps come no later than `end`.
  std::uint64_t steps_until(HalfCycle end) const;
  /// `count` steps were taken at once.
  void advance(std::uint64_t count);

 private:
  std::vector<Step> steps_;  // the last period, a ring; next_: the oldest
  std::vector<std::uint8_t> classes_;
  std::uint64_t mask_;
  unsigned shift_ = 0;
  std::array<std::uint16_t, kWindow> handles_{};
  std::vector<HalfCycle> mark_;
  HalfCycle marked_at_ = 0, interval_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t count_ = 0, check_ = 1, alike_ = 0;
  unsigned entered_ = 0;
  bool steady_ = false, marked_ = false, write_ = false;
};

}  // namespace moesaic
