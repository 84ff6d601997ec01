// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/scheduler.h"

#include <algorithm>

namespace moesaic::firmware::fse_dp {

Scheduler::Scheduler(Hal& hal, const Settings& settings)
    : hal_(hal),
      settings_(settings),
      plan_(hal.info(), settings),
      outbox_(hal),
      demand_(hal, hal.info().experts + hal.info().shared_experts) {}

// Counts may come before this core has heard of the layer, and never before the last wave has its tables.
void Scheduler::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t /*layer*/) {
  waves_asked_ += plan_.slices.waves;
  end_layer_if_done();
}

void Scheduler::on_message(const moesaic_mail& mail) {
  take_counts(mail);
  if (mails_due_ > 0) return;
  add_shared_experts();
  send_tables();
  ++waves_done_;
  wave_ = (wave_ + 1) % plan_.slices.waves;
  begin_wave();
  end_layer_if_done();
}

void Scheduler::begin_wave() {
  mails_due_ = 0;
  for (std::uint32_t die = 0; die < plan_.nodes; ++die)
    if (plan_.tokens(die, wave_) > 0) mails_due_ += CountsMail::mails(hal_.info().experts);
  demand_.scan([](Demand& d) { d = {}; });
}

void Scheduler::take_counts(const moesaic_mail& mail) {
  const CountsMail counts = read_counts(mail, hal_.info().experts);
  const DieSet die = only(plan_.ring.place(mail.source_node));
  hal_.charge(MOESAIC_OP_SCAN_ITEM, counts.counts.size());
  for (std::size_t i = 0; i < counts.counts.size(); ++i) {
    if (counts.counts[i] == 0) continue;
    Demand& d = demand_[counts.first + i];
    d.tokens += counts.counts[i];
    d.dies |= die;
  }
  --mails_due_;
}

// Everybody's tokens need them: no message has to say so.
void Scheduler::add_shared_experts() {
  for (std::uint32_t s = 0; s < hal_.info().shared_experts; ++s) {
    Demand& d = demand_[hal_.info().experts + s];
    for (std::uint32_t die = 0; die < plan_.nodes; ++die) {
      if (plan_.tokens(die, wave_) == 0) continue;
      d.tokens += plan_.tokens(die, wave_);
      d.dies |= only(plan_.ring.place(die));
    }
  }
}

// Paired load: hottest, coldest, second hottest, ...: while a hot expert computes, a cold one loads.
std::vector<std::uint16_t> Scheduler::load_order() {
  struct Entry {
    std::uint16_t expert;
    std::uint32_t tokens;
  };
  ChargedVector<Entry> active(hal_);
  std::uint16_t expert = 0;
  demand_.scan([&](const Demand& d) {
    if (d.dies != 0) active.push_back({expert, d.tokens});
    ++expert;
  });
  if (settings_.paired) active.sort([](const Entry& a, const Entry& b) { return a.tokens > b.tokens; });
  std::vector<std::uint16_t> order;
  std::size_t hot = 0, cold = active.size();
  while (hot < cold) {
    order.push_back(active[hot++].expert);
    if (settings_.paired && hot < cold) order.push_back(active[--cold].expert);
  }
  return order;
}

// Every die gets the trajectories that it is part of, in load order; first messages first.
void Scheduler::send_tables() {
  std::vector<std::vector<Trajectory>> tables(plan_.nodes);
  for (const std::uint16_t expert : load_order()) {
    const DieSet dies = demand_[expert].dies;
    for (std::uint32_t die = 0; die < plan_.nodes; ++die) {
      if ((dies & only(plan_.ring.place(die))) == 0) continue;
      hal_.charge(MOESAIC_OP_QUEUE);
      tables[die].push_back({expert, dies});
    }
  }
  bool more = true;
  for (std::uint32_t first = 0; more; first += table_room(plan_.nodes)) {
    more = false;
    for (std::uint16_t die = 0; die < plan_.nodes; ++die) {
      if (first >= tables[die].size()) continue;
      outbox_.send(table_mail(die, tables[die], first, plan_.nodes));
      more = true;
    }
  }
}

void Scheduler::end_layer_if_done() {
  if (waves_asked_ > 0 && waves_done_ == waves_asked_) hal_.layer_done();
}

}  // namespace moesaic::firmware::fse_dp
