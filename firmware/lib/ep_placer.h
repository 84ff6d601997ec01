// SPDX-License-Identifier: Apache-2.0
// The package scheduler of expert parallelism with owners that follow the tokens: it hears from every die how
// many of its tokens need each expert, decides who takes which expert, and tells everybody.
//
// Models: the decision (expert_placement.h), charged step by step. Profile::layer decides from the counts of the
//   layer itself, so that everybody waits for it; Profile::history tells at once what it decided after the
//   same layer of earlier iterations, and decides anew when the counts are here, while the layer runs.
// Time: mails, scans of counts, and a scan step per elementary step of the decision.
#pragma once

#include <map>
#include <vector>

#include "ep_plan.h"
#include "expert_placement.h"
#include "placement_mail.h"

namespace moesaic::firmware::ep {

/// The decision itself; agents that plan offline call it too.
ExpertPlacement decide_placement(const moesaic_core_info& info, const Settings& settings,
                                 const Demand& demand, const std::vector<std::uint16_t>& memory_of);
/// The experts that are computed, in load order, with their owners.
std::vector<OwnedExpert> entries_of(const ExpertPlacement& placement, const Settings& settings,
                                    const Demand& demand);
/// Die whose memory an expert is nearest to: where it would lie if experts were dealt to the memories.
std::vector<std::uint16_t> memories_of_experts(const Hal& hal);

class Placer : public Core {
 public:
  Placer(Hal& hal, const Settings& settings);
  void on_layer_start(std::uint32_t iteration, std::uint32_t layer) override;
  void on_message(const moesaic_mail& mail) override;
  void on_mail_space() override { outbox_.pump(); }

 private:
  /// Counts of one layer of the run, while they come in.
  struct Pending {
    Demand demand;
    std::uint32_t mails_due;
  };

  Pending& pending(std::uint32_t number);
  void counts_are_here(std::uint32_t number);
  void decide(std::uint32_t layer, const Demand& demand);
  void send(std::uint32_t number, const std::vector<OwnedExpert>& entries);
  void end_layer_if_done();

  Hal& hal_;
  const Settings settings_;
  const Plan plan_;
  Outbox outbox_;
  const std::vector<std::uint16_t> memory_of_;
  std::map<std::uint32_t, Pending> pending_;                   ///< by layer of the run
  std::map<std::uint32_t, std::vector<OwnedExpert>> decided_;  ///< by layer of the model
  std::map<std::uint32_t, Demand> history_;                    ///< by layer of the model
  std::vector<std::uint32_t> layers_;                          ///< of the model, by layer of the run
  std::uint32_t finished_ = 0, ended_ = 0;                     ///< layers of the run
};

}  // namespace moesaic::firmware::ep
