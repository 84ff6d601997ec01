// SPDX-License-Identifier: Apache-2.0
// The agent that posts everything ahead: when the table is known, all loads, computes and sends of the wave
// go into the queues, and wait for each other through event counters. The core hears nothing until the last
// compute.
//
// All dies take the slices of a wave in the same order, load order. A slice enters at the first die of its
// trajectory in ring order and moves upwards. The n-th slice of a die lies in slot n modulo slots. So every
// die can work out the slot of each slice on every other, and nothing has to be said by mail:
//   filled[slot]   counts what has come into it: pieces of own loads, sends of others
//   used[slot]     counts what no longer needs it: computes and sends
//   credit[die]    counts slots that the die has freed for slices from this one, in its order
// Nothing can deadlock: what a slice waits for are slices before it, or itself on the die before.
// The paper's compute dies "hold static instruction sequences"; this is that. Rule 1 and 3 hold as far as the
// order allows; rule 4 fills slots in order; rules 2 and 5 have no place in it.
#pragma once

#include "firmware/images/fse_dp/wave_agent.h"

namespace moesaic::firmware::fse_dp {

class ChainAgent : public WaveAgent {
 public:
  ChainAgent(Hal& hal, const Settings& settings);
  std::vector<std::string> waits() const override;

 private:
  void allocate_slots() override;
  void begin_wave() override;
  void proceed() override;
  void completed(const moesaic_completion& entry) override;
  void received(const moesaic_mail& mail) override;

  void post_visit(const Item& item, std::uint32_t slice);
  void post_load(const Item& item, std::uint32_t slice, std::uint32_t slot);
  void post_send(const Item& item, std::uint32_t slice, std::uint32_t slot);

  bool posted_ = false;
  std::vector<std::uint32_t> taken_;          ///< by place: slices that the die has taken in this wave
  std::vector<std::uint32_t> sent_to_;        ///< by place: slices sent there since boot
  std::vector<std::uint32_t> filled_, used_;  ///< by own slot: what the counters will be
};

}  // namespace moesaic::firmware::fse_dp
