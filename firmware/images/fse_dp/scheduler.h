// SPDX-License-Identifier: Apache-2.0
// The package scheduler: collects how many tokens each die has for each expert, finds the trajectories and
// the order in which experts are loaded, and mails every die its part. It decides nothing afterwards: what
// follows are the agents' local rules.
#pragma once

#include <vector>

#include "firmware/images/fse_dp/messages.h"
#include "firmware/images/fse_dp/plan.h"

namespace moesaic::firmware::fse_dp {

class Scheduler : public Core {
 public:
  Scheduler(Hal& hal, const Settings& settings);
  void on_boot() override { begin_wave(); }
  void on_layer_start(std::uint32_t iteration, std::uint32_t layer) override;
  void on_message(const moesaic_mail& mail) override;
  void on_mail_space() override { outbox_.pump(); }

 private:
  struct Demand {
    std::uint32_t tokens = 0;
    DieSet dies = 0;
  };

  void begin_wave();
  void take_counts(const moesaic_mail& mail);
  void add_shared_experts();
  std::vector<std::uint16_t> load_order();
  void send_tables();
  void end_layer_if_done();

  Hal& hal_;
  const Settings settings_;
  Plan plan_;
  Outbox outbox_;
  ChargedVector<Demand> demand_;  ///< by expert, of the present wave
  std::uint32_t wave_ = 0;
  std::uint32_t mails_due_ = 0;
  std::uint64_t waves_asked_ = 0, waves_done_ = 0;  ///< of the run
};

}  // namespace moesaic::firmware::fse_dp
