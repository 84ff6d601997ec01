// SPDX-License-Identifier: Apache-2.0
// Beats of a train at an SRAM port: which banks they touch, and when a port that nobody disturbs serves them.
//
// Models: the recurrence of a lone port, E(q) = max(A(q), E(q-1) + 1): beat q is served completely in the
// cycle in which the last of its accesses has arrived, or right behind beat q-1. For trains of even shape the
// maximum is taken at one of a few places, which gives E in O(1).
#pragma once

#include <cstdint>

#include "hw/sram/params.h"
#include "tlm/tick.h"
#include "tlm/train.h"

namespace moesaic {

enum class SramAccess : std::uint8_t { read, write, accumulate };

/// Bank words that an access takes in its cycle, as masks over the banks.
struct BankUse {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  void add(const BankUse& other) {
    reads |= other.reads;
    writes |= other.writes;
  }
};

/// Widths and interleaving. A port is at least one bank wide and at most all banks.
class BeatGeometry {
 public:
  explicit BeatGeometry(const SramParams& params);

  std::uint64_t beat_bytes(SramAccess access) const {
    return access == SramAccess::accumulate ? port_bytes_ / 2 : port_bytes_;
  }
  /// What bytes [begin, end) of one beat take.
  BankUse use(SramAccess access, std::uint64_t begin, std::uint64_t end) const;
  /// Both cannot happen in one cycle.
  bool conflict(const BankUse& a, const BankUse& b) const {
    return two_ports_ ? ((a.reads & b.reads) | (a.writes & b.writes)) != 0
                      : ((a.reads | a.writes) & (b.reads | b.writes)) != 0;
  }

 private:
  std::uint64_t bank_bytes_;
  std::uint64_t banks_;
  std::uint64_t port_bytes_;
  bool two_ports_;
};

/// A train in a port's queue and how far it has been served.
struct Stream {
  std::uint64_t id = 0;
  Train train;
  SramAccess access = SramAccess::read;
  Tick arrival = 0;
  std::uint64_t first_cycle = 0;  ///< in which access 0 arrives
  std::uint32_t index = 0;        ///< next access
  std::uint64_t offset = 0;       ///< bytes of it that were served

  std::uint64_t address() const { return train.address_of(index) + offset; }
  std::uint64_t arrival_cycle(std::uint32_t i, const Clock& clock) const {
    return train.period == 0 ? first_cycle : clock.cycle_at_or_after(arrival + i * train.period);
  }
  /// The last byte.
  std::uint64_t last_address() const { return train.address_of(train.count - 1) + train.size - 1; }
};

/// The beats that are left of a stream.
class BeatPlan {
 public:
  BeatPlan(const Stream& stream, std::uint64_t beat_bytes, const Clock& clock);

  /// False: the shape has no closed form and the stream must be stepped; last_served() is a lower bound then.
  bool regular() const { return shape_ != Shape::irregular; }
  std::uint64_t count() const { return count_; }
  /// Cycle in which beat `q` has been served completely, when beat 0 may be served from cycle `first` on.
  std::uint64_t served(std::uint64_t q, std::uint64_t first) const;
  std::uint64_t last_served(std::uint64_t first) const;
  /// How many beats are served completely in cycles up to `limit`.
  std::uint64_t served_by(std::uint64_t limit, std::uint64_t first) const;
  /// Moves `stream` behind its next `beats` beats. REQUIRES: regular(); beats < count().
  void skip(Stream& stream, std::uint64_t beats) const;

 private:
  enum class Shape : std::uint8_t {
    whole,   // several beats per access
    merged,  // several accesses per beat
    irregular
  };
  void plan_contiguous();
  void plan_strided();
  std::uint32_t completing_access(std::uint64_t q) const;
  std::uint64_t bound(std::uint64_t from, std::uint64_t q) const {
    return stream_.arrival_cycle(completing_access(from), clock_) + (q - from);
  }

  const Stream& stream_;
  std::uint64_t beat_;
  const Clock& clock_;
  Shape shape_ = Shape::irregular;
  std::uint64_t count_ = 0;
  std::uint64_t per_ = 1;           // whole: beats per access; merged: accesses per beat
  std::uint64_t first_group_ = 0;   // whole: beats that the present access completes
  std::uint32_t first_access_ = 0;  // merged: access that completes beat 0
};

}  // namespace moesaic
