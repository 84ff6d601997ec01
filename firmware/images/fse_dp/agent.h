// SPDX-License-Identifier: Apache-2.0
// The agent that decides by interrupt (Expert Streaming, arXiv 2603.27624, section 3 there): a micro-slice
// visits the dies that hold tokens for its expert, in ring order, once each.
//
// Every handler takes note of what has happened, then applies the virtualization rules until nothing more can
// be done (proceed):
//   1. a slice that has just arrived is computed now, and at the same time goes on to the next die
//   2. if nothing has arrived: any stored slice is computed and sent on
//   3. a slot is free when its slice has been computed and sent, if there is a next die
//   4. a free slot loads the next slice of this die's own, in order
//   5. a memory gives its next slice to the die of the trajectory with most free slots (rule_five.cpp)
// A slice goes on in four steps: *ask* the next die by mail; it takes a slot, grants it to the asker in
// hardware and mails the *grant*; the *send* waits for the signal that the slot is allocated; its data
// signals a *lane* of the receiver, a queue that waits for nothing else.
#pragma once

#include <array>
#include <utility>

#include "firmware/images/fse_dp/wave_agent.h"
#include "firmware/lib/slot_pool.h"

namespace moesaic::firmware::fse_dp {

/// What a slot holds, from the load or the grant to the release.
struct Visit {
  std::uint16_t item = 0;    ///< expert, as its number in this die's table
  std::uint16_t slice = 0;   ///< of the expert
  RingPlace entry = 0;       ///< where the slice entered the ring
  std::uint32_t level = 0;   ///< descents it has made
  std::uint32_t pieces = 0;  ///< of its load that are under way
  bool present = false;      ///< loaded or arrived
  bool compute_due = true;   ///< this die has tokens for it
  bool send_due = false;     ///< there is a next die
  bool own_stream = false;   ///< loaded by the stream of the own memory
};

class RuleAgent : public WaveAgent {
 public:
  RuleAgent(Hal& hal, const Settings& settings);
  std::vector<std::string> waits() const override;

 private:
  /// A queue that watches for one arrival.
  struct Lane {
    bool busy = false;
    EventTarget arrived;
  };
  /// Slices that enter the ring here, in load order: those of the own memory, or those of other memories.
  struct LoadStream {
    bool own;
    std::uint16_t item = 0, slice = 0;  ///< the next one
    std::uint32_t loading = 0;          ///< posted, not done
    bool before(const LoadStream& other) const {
      return std::make_pair(item, slice) < std::make_pair(other.item, other.slice);
    }
  };
  /// A slice that a memory has given to this die.
  struct Entering {
    std::uint16_t expert, slice;
  };

  void allocate_slots() override {}
  void begin_wave() override;
  void proceed() override;
  void completed(const moesaic_completion& entry) override;
  void received(const moesaic_mail& mail) override;
  bool serves_others() const override {
    return settings_.rules.to_most_free && hal_.memory_bytes(hal_.node()) != 0;
  }
  void publish_counts() override;

  void compute_slices();
  SlotId take_stored();
  void compute(SlotId slot);
  void loaded(SlotId slot);
  void arrived(SlotId slot, std::uint32_t lane);
  void take_in(SlotId slot, bool has_arrived);
  void ask_next_die(SlotId slot);
  void take_ask(const Ask& ask);
  void grant_asks(std::uint32_t level);
  void grant(const Ask& ask, std::uint32_t level, std::uint16_t lane);
  void send(const Grant& grant);
  void release_if_done(SlotId slot);
  void release(SlotId slot);
  bool may_load() const;
  bool may_load(std::uint16_t item);
  void load_slices();
  bool find_load(LoadStream& stream);
  SlotId load_slice(std::uint16_t item, std::uint16_t slice);
  SlotId occupy(std::uint16_t item, std::uint16_t slice, RingPlace entry, std::uint32_t level);
  Command allocate(SlotId slot, std::uint16_t writer) const;
  std::uint32_t tag(What what, SlotId slot) const;
  std::string describe(SlotId slot) const;

  // Rule 5 (rule_five.cpp).
  void give_slices();
  bool all_given();
  bool find_gift();
  void take_given();
  void tell_room();
  std::uint32_t room_here() const;

  // The run.
  EventTarget allocated_;
  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> grants_given_;  ///< by die

  // Slots and what is to be done with them.
  SlotPool<Visit> slots_;
  ChargedQueue<SlotId> arrived_;
  ChargedVector<SlotId> stored_;
  std::vector<ChargedQueue<Ask>> asks_;  ///< by level
  std::uint32_t computing_ = 0;          ///< posted, not done
  std::uint32_t computes_due_ = 0;       ///< slices in slots, or granted, that are to be computed here
  std::vector<SlotId> finished_;         ///< without rule 3: done, not released
  std::array<LoadStream, 2> streams_{{{true}, {false}}};
  std::size_t first_open_ = 0;  ///< the first item with visits left

  // Rule 5.
  LoadStream gift_{true};            ///< the next slice of the own memory; loading: given, not loaded
  std::vector<std::uint32_t> room_;  ///< by place: free slots there, as last heard
  std::uint32_t room_told_ = 0;
  ChargedVector<Entering> given_;  ///< to this die, not loading yet
};

}  // namespace moesaic::firmware::fse_dp
