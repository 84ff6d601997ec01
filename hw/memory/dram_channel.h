// SPDX-License-Identifier: Apache-2.0
// Timing core of one DRAM channel: queues, scheduler and device, command by command, without SystemC.
//
// Models: pseudo channels, ranks, stack ids, bank groups and banks of HBM2/3, LPDDR4/5 and DDR4/5 with their
//   constraints between commands (dram_limits.h), one command bus or two with commands of any length,
//   two-part activates, data-clock sync, masked writes; schedulers, page policies, queue layouts and write
//   drain of controller_params.h; all-bank and per-bank refresh with postponing and pulling in; refresh
//   management (rfm_params.h), put off while requests wait; power-down.
// Does not model: self refresh, directed or adaptive refresh management, data. Bursts of equal address may
//   pass each other between directions: who needs an order waits for the response.
// Time: commands issue at clock edges. advance(now) commits every decision up to and including `now`;
//   arrivals of an instant are made before it is advanced to (later ones count from the next edge). Results
//   do not depend on how often advance() is called, on the order of arrive() calls of one instant (ports
//   are served in order of port, then id), nor on how a stream is cut into trains.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "hw/memory/address_decoder.h"
#include "hw/memory/burst_queue.h"
#include "hw/memory/bus_ledger.h"
#include "hw/memory/command.h"
#include "hw/memory/dram_state.h"
#include "hw/memory/params.h"
#include "hw/memory/refresh_unit.h"
#include "hw/memory/run_watch.h"
#include "hw/memory/stats.h"
#include "hw/memory/trace.h"
#include "hw/memory/train_walk.h"
#include "tlm/causal_log.h"
#include "tlm/event_wheel.h"
#include "tlm/tick.h"

namespace moesaic {

/// Hears from inside advance() what becomes of its trains, and may post() further ones.
class ChannelClient {
 public:
  virtual ~ChannelClient() = default;
  /// The last burst of the train has entered the queue.
  virtual void accepted(std::uint64_t id, Tick at) = 0;
  /// The last burst has been issued: the train will be done at `at`.
  virtual void served(std::uint64_t id, Tick at) = 0;
};

class DramChannel {
 public:
  /// A train whose data are through. `causes` sums to at - arrival.
  struct Done {
    std::uint64_t id;
    Tick at;
    CauseTimes causes;
  };

  /// Channel `index` of the site that `params` describes. Throws UserError when parameters do not fit
  /// together.
  explicit DramChannel(const MemoryParams& params, unsigned index = 0);

  /// Whether any byte of the train (site offsets) lies on this channel.
  bool touches(const Train& train) const { return !TrainWalk(train, slice_).ended(); }
  /// A train arrives. Among trains of one instant, lower port, then lower id, goes first.
  /// REQUIRES: touches(train); `now` does not decrease; id unique among trains in the channel.
  void arrive(Tick now, const Train& train, bool write, std::uint64_t id, ComponentId port);
  /// The same from inside advance() or ahead of time. REQUIRES: `at` is not before the last decision.
  void post(Tick at, const Train& train, bool write, std::uint64_t id, ComponentId port);
  void advance(Tick now);
  /// Trains done at or before the time advanced to, in order of (time, id).
  bool pop_done(Done& done);
  /// No train can be done before; exact once the last burst of the next train has been issued. kNever: empty.
  Tick next_wake() const;

  std::size_t trains() const { return live_.size(); }
  /// What the answers cost, for measurements of speed.
  struct Work {
    std::uint64_t decisions = 0;   ///< commands chosen one by one, and times something else came first
    std::uint64_t runs = 0;        ///< times a run of row hits was committed in one step
    std::uint64_t run_bursts = 0;  ///< bursts of these
  };
  const Work& work() const { return work_; }
  /// Bus times are as of the last committed command.
  MemoryStats stats() const;
  Clock clock() const { return clock_; }
  /// Every command is appended to `commands` from now on; null: no more.
  void record(std::vector<DramCommand>* commands) { commands_ = commands; }
  /// A pseudo channel shows itself to `trace` from now on; null: no more.
  void show(ChannelTrace* trace, unsigned pseudo_channel = 0) { buses_[pseudo_channel].trace = trace; }
  void listen(ChannelClient* client) { client_ = client; }

 private:
  enum class Action : std::uint8_t {
    none,
    column,
    activate,
    activate_2,
    precharge,
    precharge_all,
    refresh,
    rfm
  };
  struct Choice {
    HalfCycle at = kNoHalfCycle;   ///< of the command, or of the CAS before it
    HalfCycle key = kNoHalfCycle;  ///< less goes first, then by age
    std::uint64_t age = 0;
    Action action = Action::none;
    std::uint8_t bank = 0;  ///< pseudo channel * kBanks + bank; of a rank: its number
    std::uint8_t queue = 0;
    std::uint16_t burst = BurstQueue::kNone;
    std::uint8_t first = 0;  ///< of a refresh or RFM of some banks: the first of them in the pseudo channel

    bool before(const Choice& other) const { return key != other.key ? key < other.key : age < other.age; }
  };
  /// The best command of a kind in a pseudo channel, for as long as nothing changes.
  struct Known {
    Choice choice;
    HalfCycle older = 0;  ///< rows: before that, none that is older may go
    bool known = false;
  };
  struct TrainState {
    TrainWalk walk;
    Train train;
    Tick arrival = 0;
    std::uint64_t id = 0;
    ComponentId port = 0;
    bool write = false;
    std::uint8_t pseudo_channel = 0;  ///< of its first burst: whose ledger it reads
    Tick next_arrival = 0;            ///< of the burst `walk` stands at
    HalfCycle not_before = 0;         ///< arrived after the edge of its instant was decided
    HalfCycle last_visible = 0;
    HalfCycle first_visible = kNoHalfCycle, first_issue = kNoHalfCycle;
    std::uint64_t bursts = 0, issued = 0;
    BusGaps since;  ///< ledger at queue entry, then at first issue
    std::uint64_t transfer = 0, row = 0, turnaround = 0, refresh = 0, queue = 0;  ///< half cycles so far
    Tick done = kNever;
    CauseTimes causes{};
  };
  /// Trains of one direction that are not wholly in the queue, in order of arrival.
  struct Side {
    std::vector<std::uint32_t> waiting;
    HalfCycle next_visible = kNoHalfCycle;  ///< of the first waiting burst
    std::uint32_t held = 0;                 ///< bursts that count against the queue
    std::uint64_t served = 0;               ///< bursts since the direction became this one
  };
  /// One data bus.
  struct Bus {
    HalfCycle free = 0;  ///< in command time: last column command + burst
    std::uint32_t pending = 0;
    BusGaps gaps;
    RefreshHistory refreshes;
    ChannelTrace* trace = nullptr;
  };

  // dram_channel.cpp: arrivals, the loop, results
  void run(HalfCycle limit);
  void refill(bool write);
  bool room(bool write) const;
  void insert_waiting(Side& side, std::uint32_t slot);
  void update_next_visible(Side& side);
  HalfCycle visible_at(const TrainState& train, Tick arrival) const;
  void release(BurstQueue::Burst& burst);
  HalfCycle next_change() const;
  // channel_decide.cpp: which command is next
  void turn();
  /// When the oldest write goes before reads. REQUIRES: one waits.
  HalfCycle patience_ends() const {
    return queues_[1].empty()
               ? kNoHalfCycle
               : queues_[1].oldest_visible() + 2 * HalfCycle{params_.controller.write_patience_cycles};
  }
  Choice choose();
  Choice choose_column();
  bool consider_oldest(Choice& best, unsigned pc) const;
  void consider_columns(Choice& best, unsigned pc, std::uint64_t banks) const;
  void forget_choices();
  Choice choose_row();
  void consider_hits(Choice& best, unsigned queue, unsigned pc, std::uint64_t banks) const;
  void consider_openers(Choice& best, unsigned pc, std::uint64_t banks) const;
  std::uint64_t row_banks(unsigned queue, unsigned pc) const;
  void consider_rows(Known& row, unsigned queue, unsigned pc, std::uint64_t banks, HalfCycle floor) const;
  /// The burst that a row command of the bank would be for.
  std::uint16_t wanting(unsigned queue, unsigned flat) const {
    return first_ready() ? queues_[queue].miss(flat) : queues_[queue].head(flat);
  }
  bool keeps_older_hit(unsigned queue, unsigned flat) const;
  void look_again(unsigned flat);
  std::uint64_t eligible(unsigned queue, unsigned pc) const;
  // channel_refresh.cpp: refresh and refresh management
  Choice choose_refresh();
  bool choose_rfm(Choice& best);
  std::uint64_t reopened(unsigned pc) const;
  Choice refresh_step(unsigned rank, std::uint64_t banks, Action last) const;
  std::uint64_t together(unsigned rank, unsigned bank) const;
  std::uint64_t refresh_banks(unsigned rank);
  void commit_precharge_all(const Choice& choice);
  void commit_refresh(const Choice& choice);
  void commit_rfm(const Choice& choice);
  void refresh_some(const Choice& choice, DramCommandKind kind, HalfCycle wait, std::uint32_t lowered);
  void refresh_rank(const Choice& choice, DramCommandKind kind, HalfCycle from, HalfCycle wait,
                    std::uint32_t lowered);
  void count_activate(unsigned flat);
  void lower_activates(unsigned flat, std::uint32_t by);
  void show_activates(unsigned flat);
  // channel_commit.cpp: what a command does
  void commit(const Choice& choice);
  void commit_activate(const Choice& choice);
  void commit_column(const Choice& choice);
  void commit_precharge(const Choice& choice);
  void constrain_bank(HalfCycle at, DramState::Bank& bank, bool write);
  void constrain_columns(HalfCycle at, unsigned flat, bool write);
  bool closes_row(const Choice& choice) const;
  void set_row(unsigned bank, std::uint64_t row);
  void wake(HalfCycle at);
  void note(HalfCycle at, DramCommandKind kind, unsigned bank, std::uint64_t row, bool automatic = false,
            bool masked = false);
  // channel_runs.cpp: runs of row hits in one step
  bool commit_run(HalfCycle limit);
  std::uint64_t run_length(HalfCycle limit) const;
  std::uint64_t run_hits(const TrainState& train, std::uint64_t most) const;
  HalfCycle run_end(HalfCycle limit) const;
  const std::vector<HalfCycle>& run_signature();
  std::uint64_t run_window() const;
  bool repeats() const;
  // channel_account.cpp: where the time went
  void wanted_from(unsigned pc, HalfCycle visible);
  /// The gap, without refresh and row: what a hit may wait for.
  std::pair<std::uint64_t, std::uint64_t> account_gap(HalfCycle at, unsigned flat, bool write);
  void account(TrainState& train, HalfCycle from, HalfCycle to, std::uint64_t own);
  void finish(std::uint32_t slot, HalfCycle last_issue);

  bool per_bank_refresh() const { return params_.controller.refresh_policy == RefreshPolicy::per_bank; }
  bool first_ready() const { return scheduler_ >= DramScheduler::first_ready; }
  /// What the length of a command adds to its key: hits-first schedulers take what ends first.
  HalfCycle weight(HalfCycle length) const { return first_ready() ? 0 : length; }
  unsigned queue_of(bool write) const { return split_queues_ && write ? 1 : 0; }

  MemoryParams params_;
  Clock clock_;  ///< CK
  Clock half_;   ///< twice CK
  ChannelSlice slice_;
  DramAddressDecoder decoder_;
  std::uint64_t decoded_ = 0;  ///< address whose place is last_place_
  DramAddressDecoder::Place last_place_{};
  DramScheduler scheduler_;
  bool split_queues_;  ///< reads in queue 0, writes in queue 1
  bool drains_;        ///< one direction at a time
  bool grouped_;       ///< the direction served last decides, too
  bool manages_;       ///< the device requires refresh management
  bool oldest_first_;  ///< among commands that may go equally early, the oldest goes

  DramState state_;
  std::array<BurstQueue, 2> queues_;
  std::array<Side, 2> sides_;  ///< reads, writes
  std::vector<std::uint32_t> bank_held_;
  unsigned last_bank_ = 0;  ///< of the last burst taken
  std::uint64_t sequence_ = 0;
  bool writing_ = false;     ///< direction served, or served last
  HalfCycle now_ = 0;        ///< decisions go on from here
  HalfCycle undecided_ = 0;  ///< everything before is committed
  HalfCycle row_bus_ = 0, column_bus_ = 0;
  std::array<Known, BurstQueue::kPseudoChannels> rows_, columns_;  ///< best so far of each pseudo channel
  HalfCycle activate_2_by_ = kNoHalfCycle;                         ///< the second part of an activate is due
  unsigned activating_ = 0;
  HalfCycle wck_off_ = 0;
  std::vector<RefreshUnit> refresh_;  ///< per rank
  HalfCycle next_due_ = kNoHalfCycle;
  bool refresh_owed_ = false;  ///< or may be done ahead of time: ask choose_refresh()
  std::array<std::uint64_t, BurstQueue::kPseudoChannels> blocked_{};  ///< banks kept for refresh
  HalfCycle idle_since_ = 0;  ///< nothing to do since, but for refreshes that are wanted
  bool refreshing_ = false;   ///< one is wanted: no power-down before it is done

  MapRotation rotation_;
  RunWatch watch_;
  HalfCycle columns_open_ = 0;  ///< the row opened last may be read and written
  std::vector<HalfCycle> signature_;
  Work work_;

  std::array<Bus, BurstQueue::kPseudoChannels> buses_;
  std::vector<TrainState> trains_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> live_;
  std::vector<std::uint32_t> finished_;  ///< ascending (done, id)
  Tick advanced_ = 0;
  MemoryStats stats_;
  ChannelClient* client_ = nullptr;
  std::vector<DramCommand>* commands_ = nullptr;
};

}  // namespace moesaic
