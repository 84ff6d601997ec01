// SPDX-License-Identifier: Apache-2.0
// Waves: what happens before the first and after the last micro-slice.
#include "firmware/images/fse_dp/agent.h"

#include <stdexcept>

namespace moesaic::firmware::fse_dp {

namespace {

constexpr std::uint16_t kGateOne = 32768;  // 1.0 in Q1.15

std::vector<Backlog> make_queues(Hal& hal, unsigned count) {
  std::vector<Backlog> queues;
  for (unsigned q = 0; q < count; ++q) queues.emplace_back(hal, q);
  return queues;
}

}  // namespace

Agent::Agent(Hal& hal, const Settings& settings)
    : hal_(hal),
      plan_(hal.info(), settings),
      storage_(hal, plan_, settings.placement),
      place_(plan_.ring.place(hal.node())),
      outbox_(hal),
      queues_(make_queues(hal, Queues::first_lane + plan_.lanes)),
      rows_{plan_.events.rows},
      allocated_{plan_.events.allocated},
      grants_given_(plan_.nodes, 0),
      lists_(hal.info().experts + hal.info().shared_experts),
      item_of_(lists_.size(), 0),
      slots_(plan_.slots, plan_.reserved),
      arrived_(hal),
      stored_(hal),
      asks_past_seam_(hal),
      asks_before_seam_(hal) {
  for (std::uint32_t lane = 0; lane < plan_.lanes; ++lane)
    lanes_.push_back({false, {plan_.events.arrived(lane)}});
}

void Agent::on_boot() {
  publish_plan();
  storage_.place(hal_);
  const std::uint32_t rows = plan_.slices.rows;
  Backlog& slots = queue(Queues::slots);
  slots.post(slot_allocate(kXSlot, plan_.x_base, rows * plan_.hidden));
  slots.post(slot_allocate(kYSlot, plan_.y_base, rows * plan_.hidden * 4));
  slots.post(fence().then_local(plan_.events.ready));
  // No command may overtake these slots.
  for (const unsigned q : {Queues::loads, Queues::compute})
    queue(q).post(fence().wait(plan_.events.ready, 1));
  flush();
}

void Agent::publish_plan() {
  const SlicePlan& s = plan_.slices;
  const auto number = [](const char* name, std::uint32_t value) {
    return name + (" " + std::to_string(value));
  };
  hal_.log(MOESAIC_LOG_INFO,
           "plan: " + number("place in the ring", place_) +
               number(", tokens", plan_.homes.count(hal_.node())) + number(", rows per wave", s.rows) +
               number(", waves per layer", s.waves) + number(", slices per expert", s.slices) +
               number(", columns per slice", s.columns) + number(", slots", plan_.slots) +
               number(" of bytes", plan_.slot_bytes) + number(", reserved", plan_.reserved));
  hal_.statistic("rows_per_wave", "rows", s.rows);
  hal_.statistic("waves_per_layer", "waves", s.waves);
  hal_.statistic("slices_per_expert", "slices", s.slices);
  hal_.statistic("columns_per_slice", "columns", s.columns);
  hal_.statistic("slots", "slots", plan_.slots);
}

void Agent::decide(const std::string& text) {
  hal_.log(MOESAIC_LOG_DEBUG,
           "layer " + std::to_string(layer_) + ", wave " + std::to_string(wave_) + ": " + text);
}

void Agent::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t layer) {
  layer_ = layer;
  wave_ = 0;
  start_wave();
}

void Agent::on_completion(const moesaic_completion& entry) {
  for (Backlog& each : queues_) each.pump();
  const SlotId slot = slot_of(entry.tag);
  hal_.charge(MOESAIC_OP_LOOKUP);
  switch (what_of(entry.tag)) {
    case kLoaded:
      --stream_of(slots_[slot]).loading;
      slots_[slot].present = true;
      stored_.push_back(slot);
      break;
    case kArrived:
      note_arrival(slot, entry.queue - Queues::first_lane);
      break;
    case kComputed:
      --computing_;
      slots_[slot].compute_due = false;
      release_if_done(slot);
      break;
    case kSent:
      slots_[slot].send_due = false;
      release_if_done(slot);
      break;
    case kStored:
      return end_wave();
    default:
      return;  // only room in a queue
  }
  apply_rules();
}

void Agent::on_message(const moesaic_mail& mail) {
  switch (mail.kind) {
    case kTableMail:
      take_table(mail);
      break;
    case kAskMail: {
      const Ask ask = read_ask(mail);
      (SnakeRing::past_seam(ask.entry, place_) ? asks_past_seam_ : asks_before_seam_).push(ask);
      break;
    }
    case kGrantMail:
      send(read_grant(mail));
      break;
    default:
      throw std::runtime_error("a message of unknown kind " + std::to_string(mail.kind));
  }
  apply_rules();
}

// A die without tokens in a wave is in no trajectory: it has nothing to do.
void Agent::start_wave() {
  own_ = wave_ < plan_.slices.waves ? plan_.tokens(hal_.node(), wave_) : 0;
  if (own_ == 0) return hal_.layer_done();
  hal_.mark("layer " + std::to_string(layer_) + ", wave " + std::to_string(wave_));
  entries_known_ = 0;
  for (LoadStream& stream : streams_) stream.item = stream.slice = 0;
  items_.clear();
  load_rows();
  flush();
  read_gate();
  write_lists();
}

void Agent::load_rows() {
  const std::uint64_t from =
      storage_.activations(layer_) + std::uint64_t{wave_} * plan_.slices.rows * plan_.hidden;
  queue(Queues::loads)
      .post(load(from, hal_.sram(plan_.x_base), block(own_ * plan_.hidden)).then_local(rows_.event));
  queue(Queues::compute).post(vector_fill(plan_.y_base, plan_.hidden, own_).then_local(rows_.event));
  queue(Queues::compute).post(fence().wait(rows_.event, rows_.expect(2)));
}

// Own tokens by expert. The scheduler hears how many there are, nobody which.
void Agent::read_gate() {
  const std::uint32_t experts = hal_.info().experts;
  const std::uint32_t first = plan_.first_token(hal_.node(), wave_);
  for (TokenList& list : lists_) list.entries.clear();
  for (std::uint32_t i = 0; i < own_; ++i) {
    const auto row = static_cast<std::uint16_t>(i);
    for (const moesaic_choice& choice : hal_.gate_results(layer_, first + i)) {
      hal_.charge(MOESAIC_OP_LOOKUP);
      hal_.charge(MOESAIC_OP_QUEUE);
      lists_.at(choice.expert).entries.push_back({first + i, row, row, choice.gate, 0});
    }
    if (hal_.info().shared_experts > 0) lists_[experts].entries.push_back({first + i, row, row, kGateOne, 0});
  }
  std::vector<std::uint32_t> counts;
  for (std::uint32_t e = 0; e < experts; ++e)
    counts.push_back(static_cast<std::uint32_t>(lists_[e].entries.size()));
  hal_.charge(MOESAIC_OP_SCAN_ITEM, experts);
  send_counts(outbox_, hal_.info().scheduler_node, counts);
}

// While the scheduler thinks. Shared experts use one list.
void Agent::write_lists() {
  const std::uint32_t experts = hal_.info().experts;
  std::uint32_t used = 0;
  for (std::uint32_t e = 0; e < lists_.size(); ++e) {
    TokenList& list = lists_[e];
    if (e > experts) {
      list = lists_[experts];
      continue;
    }
    const auto bytes = static_cast<std::uint32_t>(list.entries.size() * sizeof(moesaic_list_entry));
    if (used + bytes > plan_.list_bytes)
      throw std::runtime_error("token lists overflow their part of SRAM: a token names an expert twice");
    list.offset = plan_.list_base + used;
    hal_.write_list(list.offset, list.entries);
    used += bytes;
  }
}

void Agent::take_table(const moesaic_mail& mail) {
  const TableMail table = read_table(mail, plan_.nodes);
  items_.resize(table.total);
  for (std::size_t i = 0; i < table.entries.size(); ++i) {
    hal_.charge(MOESAIC_OP_LOOKUP, 2);
    const Trajectory& t = table.entries[i];
    items_[table.first + i] = {t.expert, t.dies};
    item_of_.at(t.expert) = static_cast<std::uint16_t>(table.first + i);
  }
  entries_known_ += static_cast<std::uint32_t>(table.entries.size());
  if (entries_known_ < table.total) return;
  streaming_ = true;
  visits_left_ = table.total * plan_.slices.slices;
  decide("the table is complete: " + std::to_string(table.total) + " experts, " +
         std::to_string(visits_left_) + " visits of slices");
}

void Agent::store_results() {
  streaming_ = false;
  const std::uint64_t row_bytes = std::uint64_t{plan_.hidden} * 4;
  const std::uint64_t to = storage_.outputs(layer_) + wave_ * plan_.slices.rows * row_bytes;
  queue(Queues::sends)
      .post(store(hal_.sram(plan_.y_base), to, block(static_cast<std::uint32_t>(own_ * row_bytes)))
                .interrupt(make_tag(kStored, 0, 0, 0)));
}

void Agent::end_wave() {
  decide("done");
  hal_.statistic("slice_visits", "visits", static_cast<double>(visits_));
  hal_.statistic("slices_loaded", "slices", static_cast<double>(loads_));
  hal_.statistic("slices_sent", "slices", static_cast<double>(sends_));
  ++wave_;
  start_wave();
}

}  // namespace moesaic::firmware::fse_dp
