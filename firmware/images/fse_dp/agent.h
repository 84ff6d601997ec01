// SPDX-License-Identifier: Apache-2.0
// The agent of one die under FSE-DP (Expert Streaming, arXiv 2603.27624, section 3 there): tokens stay,
// experts pass. A micro-slice visits the dies that hold tokens for its expert, in ring order, once each.
//
// Every handler takes note of what has happened, then applies the virtualization rules until nothing more can
// be done (apply_rules):
//   1. a slice that has just arrived is computed now, and at the same time goes on to the next die
//   2. if nothing has arrived: any stored slice is computed and sent on
//   3. a slot is free when its slice has been computed and sent, if there is a next die
//   4. a free slot loads the next slice of this die's own, in order
// A slice goes on in four steps: *ask* the next die by mail; it takes a slot, grants it to the asker in
// hardware and mails the *grant*; the *send* waits for the signal that the slot is allocated; its data
// signals a *lane* of the receiver, a queue that waits for nothing else.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "firmware/images/fse_dp/messages.h"
#include "firmware/images/fse_dp/plan.h"
#include "firmware/images/fse_dp/tags.h"
#include "firmware/lib/backlog.h"
#include "firmware/lib/event_target.h"
#include "firmware/lib/slot_pool.h"

namespace moesaic::firmware::fse_dp {

/// What a slot holds, from the load or the grant to the release.
struct Visit {
  std::uint16_t item = 0;   ///< expert, as its number in this die's table
  std::uint16_t slice = 0;  ///< of the expert
  RingPlace entry = 0;      ///< where the slice entered the ring
  bool present = false;     ///< loaded or arrived
  bool past_seam = false;
  bool compute_due = true;
  bool send_due = false;  ///< there is a next die
};

class Agent : public Core {
 public:
  Agent(Hal& hal, const Settings& settings);
  void on_boot() override;
  void on_layer_start(std::uint32_t iteration, std::uint32_t layer) override;
  void on_completion(const moesaic_completion& entry) override;
  void on_message(const moesaic_mail& mail) override;
  void on_mail_space() override { outbox_.pump(); }
  std::vector<std::string> waits() const override;

 private:
  /// An expert that own tokens need, in load order.
  struct Item {
    std::uint16_t expert;
    DieSet dies;  ///< of its trajectory
  };
  /// Own tokens of an expert.
  struct TokenList {
    std::uint32_t offset = 0;
    std::vector<moesaic_list_entry> entries;
  };
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

  // Waves (agent.cpp).
  void publish_plan();
  void start_wave();
  void load_rows();
  void read_gate();
  void write_lists();
  void take_table(const moesaic_mail& mail);
  void store_results();
  void end_wave();

  // Rules (rules.cpp).
  void apply_rules();
  void compute_slices();
  SlotId take_stored();
  void compute(SlotId slot);
  void note_arrival(SlotId slot, std::uint32_t lane);
  void ask_next_die(SlotId slot);
  void grant_asks(ChargedQueue<Ask>& asks, bool past_seam);
  void grant(const Ask& ask, bool past_seam, std::uint16_t lane);
  void send(const Grant& grant);
  void release_if_done(SlotId slot);
  void load_slices();
  void load_slice(LoadStream& stream);
  bool find_load(LoadStream& stream);
  LoadStream& stream_of(const Visit& visit) {
    return streams_[storage_.memory(items_[visit.item].expert, visit.slice) == place_ ? 0 : 1];
  }
  SlotId occupy(std::uint16_t item, std::uint16_t slice, RingPlace entry, bool past_seam);
  Command allocate(SlotId slot, std::uint16_t writer) const;
  std::uint32_t tag(What what, SlotId slot) const;
  std::string describe(SlotId slot) const;
  Backlog& queue(unsigned number) { return queues_.at(number); }
  void flush();
  /// A line of the decision log, with the wave in front.
  void decide(const std::string& text);

  Hal& hal_;
  const Plan plan_;
  const Storage storage_;
  const RingPlace place_;
  Outbox outbox_;
  std::vector<Backlog> queues_;

  // The run.
  EventTarget rows_, allocated_;
  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> grants_given_;           ///< by die
  std::uint64_t visits_ = 0, loads_ = 0, sends_ = 0;  ///< for the image's statistics

  // The wave.
  std::uint32_t layer_ = 0, wave_ = 0;
  std::uint32_t own_ = 0;               ///< token rows
  std::vector<TokenList> lists_;        ///< by expert
  std::vector<Item> items_;             ///< the table
  std::vector<std::uint16_t> item_of_;  ///< by expert
  std::uint32_t entries_known_ = 0;
  bool streaming_ = false;  ///< the table is complete
  std::uint32_t visits_left_ = 0;

  // Slots and what is to be done with them.
  SlotPool<Visit> slots_;
  ChargedQueue<SlotId> arrived_;
  ChargedVector<SlotId> stored_;
  ChargedQueue<Ask> asks_past_seam_, asks_before_seam_;
  std::uint32_t computing_ = 0;  ///< posted, not done
  std::array<LoadStream, 2> streams_{{{true}, {false}}};
};

}  // namespace moesaic::firmware::fse_dp
