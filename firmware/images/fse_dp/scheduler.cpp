// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/scheduler.h"

#include <algorithm>
#include <utility>

namespace moesaic::firmware::fse_dp {

Scheduler::Scheduler(Hal& hal, const Settings& settings)
    : hal_(hal),
      settings_(settings),
      plan_(hal.info(), settings),
      storage_(hal, plan_, settings.placement),
      format_(plan_.nodes, settings),
      outbox_(hal),
      cost_(hal, settings.hardware),
      deferrals_(hal, outbox_, settings, dies_with_places()) {
  for (const std::uint16_t die : storage_.memories()) memory_dies_ |= only(plan_.ring.place(die));
}

// Counts may come before this core has heard of the layer, and never before the last wave is over here.
void Scheduler::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t /*layer*/) {
  waves_asked_ += plan_.slices.waves;
  end_layer_if_done();
}

std::vector<std::uint16_t> Scheduler::dies_with_places() const {
  std::vector<std::uint16_t> dies;
  for (std::uint16_t die = 0; die < plan_.nodes; ++die)
    if (plan_.homes.count(die) > 0) dies.push_back(die);
  return dies;
}

void Scheduler::on_message(const moesaic_mail& mail) {
  if (mail.kind == kLayerCountsMail || mail.kind == kCandidatesMail) return deferrals_.take(mail);
  if (mail.kind == kFinishedMail)
    finished(mail_word(mail, 0));
  else
    take_counts(mail);
  start_wave_if_known();
  while (started_ && experts_left_ == 0) {
    end_wave();
    for (const moesaic_mail& counts : std::exchange(early_, {})) take_counts(counts);
    start_wave_if_known();
  }
}

void Scheduler::start_wave_if_known() {
  if (started_ || mails_due_ > 0) return;
  add_shared_experts();
  make_order();
  start_experts();
}

void Scheduler::begin_wave() {
  mails_due_ = 0;
  in_wave_ = 0;
  for (std::uint32_t die = 0; die < plan_.nodes; ++die)
    if (plan_.tokens(die, wave_) > 0) mails_due_ += CountsMail::mails(counts_of_a_die());
  demand_.assign(hal_.info().experts + hal_.info().shared_experts, {});
  tables_.assign(plan_.nodes, {});
  busy_.assign(plan_.nodes, 0);
  entering_.assign(plan_.nodes, 0);
  present_.assign(plan_.nodes, 0);
  preloaded_ = 0;
  started_ = false;
}

void Scheduler::take_counts(const moesaic_mail& mail) {
  const CountsMail counts = read_counts(mail, counts_of_a_die());
  if (started_ || counts.wave != wave_) {
    hal_.charge(MOESAIC_OP_QUEUE);
    return early_.push_back(mail);  // of a die that is ahead
  }
  const RingPlace die = plan_.ring.place(mail.source_node);
  std::uint64_t entries = 0;
  for (std::size_t i = 0; i < counts.counts.size(); ++i) {
    if (counts.counts[i] == 0) continue;
    ++entries;
    const auto expert = static_cast<std::uint32_t>(counts.first + i);
    if (expert < hal_.info().experts)
      add(expert, die, counts.counts[i]);
    else
      present_[die] = counts.counts[i], in_wave_ |= only(die);
  }
  cost_.record(counts.counts.size(), entries);
  --mails_due_;
}

void Scheduler::add(std::uint32_t expert, RingPlace die, std::uint32_t tokens) {
  Demand& d = demand_.at(expert);
  d.tokens += tokens;
  d.dies |= only(die);
  // Of equals the lowest place, in whatever order reports arrive.
  if (tokens > d.most || (tokens == d.most && die < d.fullest)) d.most = tokens, d.fullest = die;
}

// Everybody's tokens need them: only how many there are has to be said.
void Scheduler::add_shared_experts() {
  for (std::uint32_t s = 0; s < hal_.info().shared_experts; ++s)
    for (RingPlace die = 0; die < plan_.nodes; ++die)
      if (present_[die] > 0) add(hal_.info().experts + s, die, present_[die]);
}

// Paired load: hottest, coldest, second hottest, ...: while a hot expert computes, a cold one loads.
void Scheduler::make_order() {
  std::vector<std::uint16_t> active;
  for (std::uint16_t e = 0; e < demand_.size(); ++e)
    if (demand_[e].dies != 0) active.push_back(e);
  if (!settings_.skip_dies)
    for (const std::uint16_t e : active) demand_[e].dies = in_wave_;
  cost_.walk(demand_.size());
  if (settings_.order != Order::id) {
    cost_.sort(active.size());
    std::stable_sort(active.begin(), active.end(),
                     [&](std::uint16_t a, std::uint16_t b) { return demand_[a].tokens > demand_[b].tokens; });
  }
  order_.clear();
  std::size_t hot = 0, cold = active.size();
  while (hot < cold) {
    order_.push_back(active[hot++]);
    if (settings_.order == Order::paired && hot < cold) order_.push_back(active[--cold]);
  }
  for (const std::uint16_t e : order_)
    for (RingPlace p = 0; p < plan_.nodes; ++p)
      if (holds(told(demand_[e]), p)) ++tables_[p].due;
  experts_left_ = static_cast<std::uint32_t>(order_.size());
  started_ = true;
}

/// Who has to know an expert: its dies; where dies act for others, those too.
DieSet Scheduler::told(const Demand& demand) const {
  if (settings_.tables_to_all()) return in_wave_;
  return demand.dies | (settings_.rules.to_most_free ? memory_dies_ : 0);
}

void Scheduler::start_experts() {
  if (settings_.scheduling == Scheduling::tables) {
    for (const std::uint16_t e : order_) start(e, demand_[e].dies);
    experts_left_ = 0;
    return send_tables();
  }
  DieSet idle = 0;
  for (RingPlace p = 0; p < plan_.nodes; ++p)
    if (busy_[p] == 0) idle |= only(p);
  const auto run = [&](Demand& d) {
    d.state = State::running;
    for (RingPlace p = 0; p < plan_.nodes; ++p)
      if (holds(d.dies, p)) ++busy_[p];
    idle &= ~d.dies;
    cost_.idle();
  };
  std::uint64_t walked = 0;
  for (const std::uint16_t e : order_) {
    Demand& d = demand_[e];
    if (d.state == State::running || d.state == State::done) continue;
    if (idle == 0 && preloaded_ >= settings_.preload) break;
    ++walked;
    const DieSet meets = d.dies & idle;
    if (d.state == State::preloaded) {
      if (meets != 0) --preloaded_, run(d);
    } else if (meets != 0) {
      start(e, meets);
      run(d);
    } else if (preloaded_ < settings_.preload) {
      start(e, d.dies);
      d.state = State::preloaded;
      ++preloaded_;
    }
  }
  cost_.walk(walked);
  send_tables();
}

// Every die of the trajectory is told, and where slices enter: at one of `entries`.
void Scheduler::start(std::uint16_t expert, DieSet entries) {
  const Demand& d = demand_[expert];
  Trajectory told_all{expert, d.dies, choose_entry(d, entries), 0};
  std::vector<RingPlace> tour;
  std::uint64_t steps = 0;
  if (settings_.next_in_table()) tour = short_tour(plan_.ring, d.dies, std::max(plan_.levels, 2u) - 1, steps);
  cost_.match(steps + plan_.nodes);
  if (told_all.entry != kByMemory) entering_[told_all.entry] += plan_.slices.slices;
  for (RingPlace p = 0; p < plan_.nodes; ++p) {
    if (!holds(told(d), p)) continue;
    const auto here = std::find(tour.begin(), tour.end(), p);
    if (here != tour.end()) told_all.next = here + 1 == tour.end() ? tour.front() : *(here + 1);
    tables_[p].entries.push_back(told_all);
  }
}

RingPlace Scheduler::choose_entry(const Demand& demand, DieSet entries) {
  if (settings_.entry == EntryDie::nearest_memory) return kByMemory;
  if (settings_.entry == EntryDie::most_tokens && holds(entries, demand.fullest)) return demand.fullest;
  RingPlace best = plan_.ring.first(entries);
  for (RingPlace p = best; p < plan_.nodes; ++p)
    if (holds(entries, p) && entering_[p] < entering_[best]) best = p;
  return best;
}

void Scheduler::finished(std::uint16_t expert) {
  Demand& d = demand_.at(expert);
  cost_.record(0, 1);
  DieSet dies = d.dies;
  std::uint32_t users = 0;
  for (; dies != 0; dies &= dies - 1) ++users;
  if (++d.reports < users) return;
  if (d.state == State::preloaded) --preloaded_;
  if (d.state == State::running) {
    for (RingPlace p = 0; p < plan_.nodes; ++p)
      if (holds(d.dies, p)) --busy_[p];
    cost_.idle();
  }
  d.state = State::done;
  --experts_left_;
  start_experts();
}

// What is new for each die; first messages first. Who serves others hears of a wave without experts too.
void Scheduler::send_tables() {
  const DieSet waiting = settings_.rules.to_most_free ? memory_dies_ : 0;
  for (bool more = true; more;) {
    more = false;
    for (RingPlace p = 0; p < plan_.nodes; ++p) {
      Table& t = tables_[p];
      const bool empty = holds(waiting, p) && t.due == 0 && !t.told;
      if (t.sent == t.entries.size() && !empty) continue;
      outbox_.send(table_mail(plan_.ring.die(p), t.entries, t.sent, t.due, format_));
      t.sent = std::min(t.sent + format_.room(), static_cast<std::uint32_t>(t.entries.size()));
      t.told = true;
      more = true;
    }
  }
}

void Scheduler::end_wave() {
  ++waves_done_;
  wave_ = (wave_ + 1) % plan_.slices.waves;
  begin_wave();
  end_layer_if_done();
}

void Scheduler::end_layer_if_done() {
  if (waves_asked_ == 0 || waves_done_ != waves_asked_) return;
  hal_.statistic("scheduler_decisions", "experts", static_cast<double>(cost_.decisions()));
  if (settings_.slack > 0)
    hal_.statistic("requests_deferred", "requests", static_cast<double>(deferrals_.deferred()));
  hal_.statistic("scheduler_decision_cycles", "cycles", static_cast<double>(cost_.cycles()));
  hal_.layer_done();
}

}  // namespace moesaic::firmware::fse_dp
