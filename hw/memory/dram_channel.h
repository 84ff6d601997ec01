// SPDX-License-Identifier: Apache-2.0
// Timing core of one DRAM channel: scheduler and device, command by command, without SystemC.
//
// Models: banks and bank groups, open page; tRCD, tRP, tRAS, tRC, tRRD, tFAW, tCCD, tRTP, tWR, tWTR, read to
//   write turnaround, the command bus (two-cycle activate whose cycles may be up to tAAD apart, WCK sync),
//   all-bank refresh at its due time; FR-FCFS with a starvation limit; reads before writes, writes in
//   batches.
// Does not model: several ranks (more capacity counts as rows), per-bank refresh, postponed refreshes, power
//   down, masked-write penalties, data.
// Time: commands issue at clock edges. advance(now) commits every decision up to and including `now`;
//   arrivals of an instant are made before it is advanced to (later ones count from the next edge). Results
//   do not depend on how often advance() is called, on the order of arrive() calls of one instant (ports
//   are served in order of port, then id), nor on how a stream is cut into trains.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/memory/address_decoder.h"
#include "hw/memory/burst_window.h"
#include "hw/memory/bus_ledger.h"
#include "hw/memory/params.h"
#include "hw/memory/stats.h"
#include "hw/memory/trace.h"
#include "hw/memory/train_walk.h"
#include "tlm/causal_log.h"
#include "tlm/event_wheel.h"
#include "tlm/tick.h"

namespace moesaic {

enum class DramCommandKind : std::uint8_t {
  activate_1,
  activate_2,
  read,
  write,
  precharge,
  precharge_all,
  refresh,
  wck_sync
};
/// One command on the command bus, for traces and tests.
struct DramCommand {
  std::uint64_t cycle;
  DramCommandKind kind;
  BankId bank;
  std::uint32_t row;

  bool operator==(const DramCommand& other) const {
    return cycle == other.cycle && kind == other.kind && bank == other.bank && row == other.row;
  }
};

/// `plain` decides every command the long way; `runs` takes the short way through row hits. Same results.
enum class Stepping : std::uint8_t { runs, plain };

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
  explicit DramChannel(const MemoryParams& params, unsigned index = 0, Stepping stepping = Stepping::runs);

  /// Whether any byte of the train (site offsets) lies on this channel.
  bool touches(const Train& train) const { return !TrainWalk(train, slice_).ended(); }
  /// The channel holds as many trains as two ports may have in the controller.
  bool can_accept() const { return live_.size() < max_trains_; }
  /// A train arrives. Among trains of one instant, lower port, then lower id, goes first.
  /// REQUIRES: touches(train); `now` does not decrease; id unique among trains in the channel.
  void arrive(Tick now, const Train& train, bool write, std::uint64_t id, ComponentId port);
  void advance(Tick now);
  /// Trains done at or before the time advanced to, in order of (time, id).
  bool pop_done(Done& done);
  /// No train can be done before; exact once the last burst of the next train has been issued. kNever: empty.
  Tick next_wake() const;

  std::size_t trains() const { return live_.size(); }
  /// Bus times are as of the last committed command.
  MemoryStats stats() const;
  /// Every command is appended to `commands` from now on; null: no more.
  void record(std::vector<DramCommand>* commands) {
    commands_ = commands;
    watched_ = commands_ != nullptr || trace_ != nullptr;
  }
  /// The channel shows itself to `trace` from now on; null: no more.
  void show(ChannelTrace* trace) {
    trace_ = trace;
    watched_ = commands_ != nullptr || trace_ != nullptr;
  }

 private:
  using Cycle = std::uint64_t;
  static constexpr Cycle kNoCycle = ~Cycle{0};

  struct Bank {
    std::uint64_t row = BurstWindow::kNoRow;
    Cycle activate_ready = 0, column_ready = 0, precharge_ready = 0;
    std::uint32_t group = 0;
    bool fresh = false;       ///< no column command since its activate
    bool conflicted = false;  ///< it was precharged for another row
  };
  struct TrainState {
    TrainWalk walk;
    Train train;
    Tick arrival = 0;
    std::uint64_t id = 0;
    ComponentId port = 0;
    bool write = false;
    Tick next_arrival = 0;  ///< of the burst `walk` stands at
    Cycle not_before = 0;   ///< arrived after the edge of its instant was decided
    Cycle last_visible = 0;
    Cycle first_visible = kNoCycle, first_issue = kNoCycle;
    std::uint64_t bursts = 0, issued = 0;
    BusGaps since;  ///< ledger at window entry, then at first issue
    std::uint64_t transfer = 0, row = 0, turnaround = 0, refresh = 0, queue = 0;  ///< cycles so far
    Tick done = kNever;
    CauseTimes causes{};
  };
  /// One direction: trains not yet in the window in order of arrival, the window, and bus constraints.
  struct Side {
    Side(unsigned bursts, unsigned starvation_limit) : window(bursts, starvation_limit) {}
    BurstWindow window;
    std::vector<std::uint16_t> waiting;
    Cycle next_visible = kNoCycle;  ///< of the first waiting burst
    Cycle ready = 0;                ///< next column command of this direction, any bank
    std::array<Cycle, 8> group_ready{};
    std::uint64_t served = 0;  ///< bursts since the direction became this one
  };
  enum class Action : std::uint8_t { none, column, activate_1, activate_2, precharge };
  struct Choice {
    Cycle at = kNoCycle;     ///< of the command
    Cycle first = kNoCycle;  ///< of its first command slot
    Action action = Action::none;
    unsigned bank = 0;
  };

  void run(Cycle limit);
  void run_hits(Cycle limit);
  void refill(Side& side);
  void insert_waiting(Side& side, std::uint16_t slot);
  void update_next_visible(Side& side);
  Cycle visible_at(const TrainState& train, Tick arrival) const;
  void wanted_from(Cycle visible);
  void turn();
  Choice choose() const;
  Choice choose_column(const Side& side) const;
  Choice choose_row(const Side& side) const;
  Cycle activate_ready(const Bank& bank) const;
  void commit(const Choice& choice);
  void commit_column(Cycle at, Cycle first, unsigned bank);
  void commit_activate(Cycle at, unsigned bank);
  void set_row(unsigned bank, std::uint64_t row);
  void refresh();
  void account_gap(Cycle at, const Bank& bank, const Side& side);
  void account(TrainState& train, Cycle from, Cycle to, std::uint64_t own);
  void finish(std::uint16_t slot, Cycle last_issue);
  void note(Cycle cycle, DramCommandKind kind, unsigned bank, std::uint64_t row);
  Side& current() { return writing_ ? write_ : read_; }
  const Side& current() const { return writing_ ? write_ : read_; }

  MemoryParams params_;
  DramTiming timing_;
  Clock clock_;
  ChannelSlice slice_;
  DramAddressDecoder decoder_;
  std::uint64_t decoded_ = 0;  ///< address whose place is last_place_
  DramAddressDecoder::Place last_place_{};
  std::size_t max_trains_;
  Stepping stepping_;

  std::vector<Bank> banks_;
  Side read_;
  Side write_;
  bool writing_ = false;
  Cycle cycle_ = 0;      ///< first free command slot
  Cycle undecided_ = 0;  ///< everything before is committed
  Cycle precharge_ready_ = 0;
  std::array<Cycle, 4> last_activates_{};  ///< plus tFAW: when the window opens
  std::uint64_t activates_ = 0;
  Cycle any_activate_ready_ = 0;
  std::array<Cycle, 8> group_activate_ready_{};
  Cycle activate_2_by_ = kNoCycle;  ///< the second cycle of an activate is due
  unsigned activating_ = 0;
  Cycle wck_off_ = 0;
  Cycle next_refresh_ = kNoCycle;
  Cycle bus_free_ = 0;  ///< in command time: last column command + burst

  std::vector<TrainState> trains_;
  std::vector<std::uint16_t> free_;
  std::vector<std::uint16_t> live_;
  std::vector<std::uint16_t> finished_;  ///< ascending (done, id)
  Tick advanced_ = 0;
  BusGaps gaps_;
  RefreshHistory refreshes_;
  MemoryStats stats_;
  std::vector<DramCommand>* commands_ = nullptr;
  ChannelTrace* trace_ = nullptr;
  bool watched_ = false;  ///< by either
};

}  // namespace moesaic
