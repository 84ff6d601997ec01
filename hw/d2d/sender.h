// SPDX-License-Identifier: Apache-2.0
// The sending end of one direction: when it is free, how many credits it holds, how long a packet takes.
// Shared by router outputs and network interfaces.
//
// Models: serialisation at a rational byte rate, credits per virtual channel that return at a stated time.
// Time: credits may be announced ahead; they count from their time on.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "hw/d2d/format.h"
#include "hw/d2d/packet.h"
#include "tlm/diagnostics.h"

namespace moesaic {

class Sender {
 public:
  /// What is serialised: bytes framed for a link, or bare flow-control flits to and from the own die.
  enum class Medium : std::uint8_t { link, local };

  Sender(Medium medium, const D2dFormat& format)
      : medium_(medium),
        clock_(medium == Medium::link ? format.link_clock() : format.local_clock()),
        depths_(format.depths()),
        credits_(format.depths()),
        promised_(format.depths()),
        due_(format.depths().size()) {}

  Tick free_at() const { return free_at_; }

  /// Credits held at `now`. REQUIRES: `now` does not go back.
  std::uint32_t credits(unsigned vc, Tick now) {
    std::deque<Due>& due = due_[vc];
    while (!due.empty() && due.front().at <= now) {
      credits_[vc] += due.front().flits;
      due.pop_front();
    }
    return credits_[vc];
  }
  /// The earliest time at which `flits` credits are held, as far as is known; kNever when it is not.
  Tick credits_by(unsigned vc, std::uint32_t flits) const {
    std::uint32_t held = credits_[vc];
    if (held >= flits) return 0;
    for (const Due& due : due_[vc]) {
      held += due.flits;
      if (held >= flits) return due.at;
    }
    return kNever;
  }
  void give_back(unsigned vc, std::uint32_t flits, Tick at) {
    if (!due_[vc].empty() && due_[vc].back().at > at) panic("d2d sender", at, "credits return out of order");
    due_[vc].push_back({at, flits});
    promised_[vc] += flits;
    if (promised_[vc] > depths_[vc]) panic("d2d sender", at, "more credits return than were taken");
  }
  /// Takes the credits and sets head and tail. The tail cannot leave before it is there (`tail_ready`).
  /// REQUIRES: free_at() <= now, enough credits at `now`.
  void send(Packet& packet, Tick now, Tick tail_ready) {
    const std::uint64_t bytes =
        medium_ == Medium::link ? packet.wire_bytes : std::uint64_t{packet.flits} * kFlowFlitBytes;
    const std::uint64_t slot = clock_.cycle_at_or_after(now);
    packet.head = clock_.edge(slot);
    packet.tail = std::max(clock_.edge(slot + bytes), tail_ready);
    free_at_ = packet.tail;
    credits_[packet.vc] -= packet.flits;
    promised_[packet.vc] -= packet.flits;
  }
  /// Credits held once all that are announced have returned; the depth when nothing is downstream.
  std::uint32_t held_at_end(unsigned vc) const { return promised_[vc]; }
  std::uint32_t depth(unsigned vc) const { return depths_[vc]; }

 private:
  struct Due {
    Tick at;
    std::uint32_t flits;
  };
  Medium medium_;
  Clock clock_;
  std::vector<std::uint32_t> depths_;
  std::vector<std::uint32_t> credits_;
  std::vector<std::uint32_t> promised_;  // credits_ and everything in due_
  std::vector<std::deque<Due>> due_;
  Tick free_at_ = 0;
};

}  // namespace moesaic
