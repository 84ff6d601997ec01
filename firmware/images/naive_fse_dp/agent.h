// SPDX-License-Identifier: Apache-2.0
// The agent of one die under naive FSE-DP: tokens stay, and every slice of an expert goes once around all
// dies, in step.
//
// A wave: load own rows; read the gate; tell all peers which experts own tokens need. When everybody's needs
// are here, for every expert that somebody needs, by number, and every round of its slices:
//   step 0      load the own slice
//   step k      take the slice that the die before has sent
//   each step   compute own tokens with it, then (send_early: at the same time) send it to the die behind
// All of it is one command queue with fences: nothing overlaps on a die but what `send_early` lets overlap.
// The die behind frees a buffer with a credit at the start of its step.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "firmware/images/naive_fse_dp/plan.h"
#include "firmware/lib/backlog.h"
#include "firmware/lib/event_target.h"
#include "firmware/lib/expert_table.h"
#include "firmware/lib/outbox.h"

namespace moesaic::firmware::naive_fse_dp {

class Agent : public Core {
 public:
  Agent(Hal& hal, const Settings& settings);
  void on_boot() override;
  void on_layer_start(std::uint32_t iteration, std::uint32_t layer) override;
  void on_completion(const moesaic_completion& entry) override;
  void on_message(const moesaic_mail& mail) override;
  void on_mail_space() override { outbox_.pump(); }

 private:
  /// Needs of all dies in one wave of the run.
  struct Needs {
    std::vector<bool> expert;
    std::uint32_t mails = 0;
  };
  /// Own tokens of an expert.
  struct TokenList {
    std::uint32_t offset = 0, count = 0;
  };

  void start_wave();
  void load_rows();
  void read_gate();
  void tell_needs();
  void stream_if_known();
  void rotate(std::uint32_t expert, std::uint32_t round);
  void compute(std::uint32_t expert, std::uint32_t slice);
  void pass_on(std::uint32_t expert, std::uint32_t slice);
  void store_results();
  Needs& needs(std::uint32_t wave);
  std::uint32_t slice_bytes_of(std::uint32_t slice) const { return 3 * plan_.columns(slice) * plan_.hidden; }

  Hal& hal_;
  const Settings settings_;
  const Plan plan_;
  const Storage storage_;
  const std::uint32_t place_;            ///< in the ring
  const std::uint16_t before_, behind_;  ///< dies next to it
  Outbox outbox_;
  Backlog work_;
  ExpertTable table_;
  std::vector<TokenList> lists_;

  // The run.
  EventTarget arrived_{Events::arrived}, credit_{Events::credit};
  std::uint32_t waves_ = 0;  ///< begun
  std::uint32_t steps_ = 0;
  std::map<std::uint32_t, Needs> needs_;  ///< by wave of the run
  std::uint64_t slices_loaded_ = 0, slices_sent_ = 0;

  // The wave.
  std::uint32_t layer_ = 0, wave_ = 0, own_ = 0;
  bool told_ = false;
};

}  // namespace moesaic::firmware::naive_fse_dp
