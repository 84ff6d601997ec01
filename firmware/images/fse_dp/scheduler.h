// SPDX-License-Identifier: Apache-2.0
// The package scheduler: collects how many tokens each die has for each expert, finds the order of experts,
// their trajectories and where they enter, and mails every die its part.
//
// Scheduling::tables: every expert at once; what follows are the agents' local rules.
// Scheduling::trajectories (Algorithm 1 of the paper): an expert starts when one of its dies is idle, and
// takes all of them; up to `preload` further ones are started ahead, so that free slots can load (rule 4).
// When all dies have finished an expert, those that no other one uses are idle again.
#pragma once

#include <vector>

#include "firmware/images/fse_dp/messages.h"
#include "firmware/images/fse_dp/scheduler_cost.h"
#include "firmware/images/fse_dp/storage.h"
#include "firmware/images/fse_dp/token_buffer.h"

namespace moesaic::firmware::fse_dp {

class Scheduler : public Core {
 public:
  Scheduler(Hal& hal, const Settings& settings);
  void on_boot() override { begin_wave(); }
  void on_layer_start(std::uint32_t iteration, std::uint32_t layer) override;
  void on_message(const moesaic_mail& mail) override;
  void on_mail_space() override { outbox_.pump(); }

 private:
  enum class State { waiting, preloaded, running, done };
  /// An expert of the present wave.
  struct Demand {
    std::uint32_t tokens = 0;
    DieSet dies = 0;
    RingPlace fullest = 0;  ///< with most tokens
    std::uint32_t most = 0;
    State state = State::waiting;
    std::uint32_t reports = 0;  ///< dies that have finished it
  };
  /// What a die is told.
  struct Table {
    std::vector<Trajectory> entries;
    std::uint32_t due = 0, sent = 0;
    bool told = false;
  };

  void begin_wave();
  /// Numbers in a report: one per expert, and own tokens in the wave.
  std::uint32_t counts_of_a_die() const { return hal_.info().experts + 1; }
  void take_counts(const moesaic_mail& mail);
  std::vector<std::uint16_t> dies_with_places() const;
  void add(std::uint32_t expert, RingPlace die, std::uint32_t tokens);
  void add_shared_experts();
  void make_order();
  void start_experts();
  void start(std::uint16_t expert, DieSet entries);
  void finished(std::uint16_t expert);
  RingPlace choose_entry(const Demand& demand, DieSet entries);
  DieSet told(const Demand& demand) const;
  void send_tables();
  void start_wave_if_known();
  void end_wave();
  void end_layer_if_done();

  Hal& hal_;
  const Settings settings_;
  const Plan plan_;
  const Storage storage_;
  const TableFormat format_;
  Outbox outbox_;
  SchedulerCost cost_;
  DeferralTable deferrals_;
  DieSet memory_dies_ = 0;

  // The wave.
  std::uint32_t wave_ = 0, mails_due_ = 0;
  DieSet in_wave_ = 0;          ///< dies with tokens
  std::vector<Demand> demand_;  ///< by expert
  std::vector<std::uint16_t> order_;
  std::vector<Table> tables_;            ///< by place
  std::vector<std::uint32_t> busy_;      ///< by place: running experts
  std::vector<std::uint32_t> entering_;  ///< by place: slices that enter there
  std::uint32_t preloaded_ = 0, experts_left_ = 0;
  bool started_ = false;
  std::vector<std::uint32_t> present_;              ///< by place: tokens in the wave
  std::vector<moesaic_mail> early_;                 ///< counts of later waves
  std::uint64_t waves_asked_ = 0, waves_done_ = 0;  ///< of the run
};

}  // namespace moesaic::firmware::fse_dp
