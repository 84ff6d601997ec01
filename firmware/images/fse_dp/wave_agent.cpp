// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/wave_agent.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace moesaic::firmware::fse_dp {

namespace {

constexpr std::uint16_t kUnknown = 0xFFFF;

std::vector<Backlog> make_queues(Hal& hal, unsigned count) {
  std::vector<Backlog> queues;
  for (unsigned q = 0; q < count; ++q) queues.emplace_back(hal, q);
  return queues;
}

}  // namespace

WaveAgent::WaveAgent(Hal& hal, const Settings& settings)
    : hal_(hal),
      settings_(settings),
      plan_(hal.info(), settings),
      storage_(hal, plan_, settings.placement),
      format_(plan_.nodes, settings),
      place_(plan_.ring.place(hal.node())),
      outbox_(hal),
      rows_{plan_.events.rows},
      lists_(hal.info().experts + hal.info().shared_experts),
      item_of_(lists_.size(), kUnknown),
      queues_(make_queues(hal, Queues::first_lane + plan_.lanes)),
      buffer_(hal, outbox_, settings, plan_.homes.first(hal.node())) {}

void WaveAgent::on_boot() {
  publish_plan();
  storage_.place(hal_);
  const std::uint32_t rows = plan_.slices.rows;
  Backlog& slots = queue(Queues::slots);
  slots.post(slot_allocate(kXSlot, plan_.x_base, rows * plan_.hidden));
  slots.post(slot_allocate(kYSlot, plan_.y_base, rows * plan_.hidden * 4));
  allocate_slots();
  slots.post(fence().then_local(plan_.events.ready));
  // No command may overtake these slots.
  for (const unsigned q : {Queues::loads, Queues::compute})
    queue(q).post(fence().wait(plan_.events.ready, 1));
  flush();
}

void WaveAgent::publish_plan() {
  const SlicePlan& s = plan_.slices;
  const auto number = [](const char* name, std::uint32_t value) {
    return name + (" " + std::to_string(value));
  };
  hal_.log(MOESAIC_LOG_INFO, "plan: " + number("place in the ring", place_) +
                                 number(", tokens", plan_.homes.count(hal_.node())) +
                                 number(", rows per wave", s.rows) + number(", waves per layer", s.waves) +
                                 number(", slices per expert", s.slices) +
                                 number(", columns per slice", s.columns) + number(", slots", plan_.slots) +
                                 number(" of bytes", plan_.slot_bytes) + number(", levels", plan_.levels));
  hal_.statistic("rows_per_wave", "rows", s.rows);
  hal_.statistic("waves_per_layer", "waves", s.waves);
  hal_.statistic("slices_per_expert", "slices", s.slices);
  hal_.statistic("columns_per_slice", "columns", s.columns);
  hal_.statistic("slots", "slots", plan_.slots);
}

void WaveAgent::decide(const std::string& text) {
  hal_.log(MOESAIC_LOG_DEBUG,
           "layer " + std::to_string(layer_) + ", wave " + std::to_string(wave_) + ": " + text);
}

void WaveAgent::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t layer) {
  layer_ = layer;
  wave_ = 0;
  if (settings_.slack > 0 && plan_.homes.count(hal_.node()) > 0)
    buffer_.begin_layer(layer);
  else
    start_wave();
  flush();
}

void WaveAgent::on_completion(const moesaic_completion& entry) {
  for (Backlog& each : queues_) each.pump();
  hal_.charge(MOESAIC_OP_LOOKUP);
  if (what_of(entry.tag) == kStored) {
    end_wave();
  } else if (entry.tag != kBacklogTag) {
    completed(entry);
    proceed();
  }
  flush();
}

void WaveAgent::on_message(const moesaic_mail& mail) {
  if (mail.kind == kTableMail) {
    tables_ahead_.push_back(read_table(mail, format_));
    grow_table();
  } else if (mail.kind == kColdMail || mail.kind == kDeferMail) {
    if (buffer_.take(mail)) start_wave();
  } else {
    received(mail);
  }
  proceed();
  flush();
}

// The next wave with tokens of this die, from the present one on. A die without tokens in a wave is in no
// trajectory: it has nothing to do, unless its memory is served by it. That nobody of its places is there has
// to be said.
bool WaveAgent::find_wave() {
  for (; wave_ < plan_.slices.waves; ++wave_) {
    own_ = plan_.tokens(hal_.node(), wave_);
    present_.assign(own_, settings_.slack == 0);
    bool any = own_ > 0 && settings_.slack == 0;
    const std::uint32_t first = wave_ * plan_.slices.rows;
    if (settings_.slack > 0)
      for (const TokenBuffer::Token& token : buffer_.tokens())
        if (token.row >= first && token.row - first < own_) any = present_[token.row - first] = true;
    for (TokenList& list : lists_) list.entries.clear();
    if (own_ > 0 && !any) report_counts(), own_ = 0;
    if (any || serves_others()) return true;
  }
  return false;
}

void WaveAgent::start_wave() {
  if (!find_wave()) return hal_.layer_done();
  hal_.mark("layer " + std::to_string(layer_) + ", wave " + std::to_string(wave_));
  active_ = true;
  table_begun_ = false;
  items_.clear();
  items_due_ = 0;
  item_of_.assign(lists_.size(), kUnknown);
  begin_wave();
  if (own_ == 0) {  // its table may be here already
    grow_table();
    return proceed();
  }
  load_rows();
  flush();
  read_gate();
  report_counts();
  write_lists();
}

void WaveAgent::load_rows() {
  const std::uint64_t from =
      storage_.activations(layer_) + std::uint64_t{wave_} * plan_.slices.rows * plan_.hidden;
  queue(Queues::loads)
      .post(load(from, hal_.sram(plan_.x_base), block(own_ * plan_.hidden)).then_local(rows_.event));
  queue(Queues::compute).post(vector_fill(plan_.y_base, plan_.hidden, own_).then_local(rows_.event));
  queue(Queues::compute).post(fence().wait(rows_.event, rows_.expect(2)));
}

// Own tokens by expert.
void WaveAgent::read_gate() {
  const std::uint32_t experts = hal_.info().experts;
  const std::uint32_t first = plan_.first_token(hal_.node(), wave_);
  for (std::uint32_t i = 0; i < own_; ++i) {
    if (!present_[i]) continue;
    const auto row = static_cast<std::uint16_t>(i);
    for (const moesaic_choice& choice : choices(i)) {
      hal_.charge(MOESAIC_OP_LOOKUP);
      hal_.charge(MOESAIC_OP_QUEUE);
      lists_.at(choice.expert).entries.push_back({first + i, row, row, choice.gate, 0});
    }
    if (hal_.info().shared_experts > 0) lists_[experts].entries.push_back({first + i, row, row, kGateOne, 0});
  }
}

/// What the token of a row has chosen; with token buffering the gate has been read before.
std::vector<moesaic_choice> WaveAgent::choices(std::uint32_t row) {
  if (settings_.slack == 0) return hal_.gate_results(layer_, plan_.first_token(hal_.node(), wave_) + row);
  for (const TokenBuffer::Token& token : buffer_.tokens())
    if (token.row == wave_ * plan_.slices.rows + row) return token.choices;
  return {};
}

// The scheduler hears how many tokens chose each expert, and how many there are; nobody hears which.
void WaveAgent::report_counts() {
  std::vector<std::uint32_t> counts;
  for (std::uint32_t e = 0; e < hal_.info().experts; ++e)
    counts.push_back(static_cast<std::uint32_t>(lists_[e].entries.size()));
  counts.push_back(static_cast<std::uint32_t>(std::count(present_.begin(), present_.end(), true)));
  hal_.charge(MOESAIC_OP_SCAN_ITEM, counts.size());
  send_counts(outbox_, hal_.info().scheduler_node, kCountsMail, wave_, counts);
}

// While the scheduler thinks. Shared experts use one list.
void WaveAgent::write_lists() {
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

// The table grows in order. Its first message may come before this die has heard of the layer.
void WaveAgent::grow_table() {
  if (!active_) return;
  for (std::size_t i = 0; i < tables_ahead_.size();) {
    if (tables_ahead_[i].first != items_.size()) {
      ++i;
      continue;
    }
    const TableMail table = std::move(tables_ahead_[i]);
    tables_ahead_.erase(tables_ahead_.begin() + static_cast<std::ptrdiff_t>(i));
    i = 0;
    table_begun_ = true;
    items_due_ = table.total;
    for (const Trajectory& t : table.entries) {
      hal_.charge(MOESAIC_OP_LOOKUP, 2);
      Item item{t.expert, t.dies, t.entry, t.next, 0};
      if (!settings_.next_in_table()) item.next = plan_.ring.next(t.dies, place_);
      if (mine(item)) item.left = plan_.slices.slices;
      visits_left_ += item.left;
      item_of_.at(t.expert) = static_cast<std::uint16_t>(items_.size());
      items_.push_back(item);
    }
  }
  if (table_complete())
    decide("the table is complete: " + std::to_string(items_due_) + " experts, " +
           std::to_string(visits_left_) + " visits of slices left");
}

Command WaveAgent::compute_command(const Item& item, std::uint32_t slice, std::uint32_t slot) const {
  const TokenList& list = lists_[item.expert];
  const std::uint32_t columns = plan_.columns(slice);
  moesaic_ffn body = ffn_of_model(hal_.info());
  body.x = plan_.x_base;
  body.y = plan_.y_base;
  body.gate_weights = plan_.slot_at(slot);
  body.up_weights = body.gate_weights + columns * plan_.hidden;
  body.down_weights = body.up_weights + columns * plan_.hidden;
  body.list = list.offset;
  body.list_count = static_cast<std::uint16_t>(list.entries.size());
  body.f_count = static_cast<std::uint16_t>(columns);
  body.f_begin = static_cast<std::uint16_t>(slice * plan_.slices.columns);
  body.layer = static_cast<std::uint16_t>(layer_);
  body.expert = item.expert;
  return ffn(body).accumulate();
}

std::vector<Command> WaveAgent::load_commands(const Item& item, std::uint32_t slice,
                                              std::uint32_t slot) const {
  std::vector<Command> commands;
  const std::uint32_t matrix = plan_.columns(slice) * plan_.hidden;
  for (const WeightPiece& piece : storage_.pieces(layer_, item.expert, slice)) {
    const std::uint32_t bytes = piece.columns * plan_.hidden;
    const std::uint64_t to = hal_.sram(plan_.slot_at(slot) + piece.begin * plan_.hidden);
    commands.push_back(piece.columns == plan_.columns(slice)
                           ? load(piece.address, to, block(3 * bytes))
                           : load(piece.address, to, Rows{bytes, 3, bytes, matrix, MOESAIC_NO_OFFSET}));
  }
  return commands;
}

void WaveAgent::visit_over(Item& item) {
  --visits_left_;
  ++visits_;
  if (--item.left == 0 && settings_.scheduling == Scheduling::trajectories)
    outbox_.send(words_mail(hal_.info().scheduler_node, MOESAIC_SCHEDULER, kFinishedMail, item.expert));
}

// Rows of tokens that wait for the next iteration are stored then.
void WaveAgent::store_results() {
  active_ = false;
  if (own_ == 0) return end_wave();
  const std::uint32_t row_bytes = plan_.hidden * 4;
  const std::uint64_t to = storage_.outputs(layer_) + std::uint64_t{wave_} * plan_.slices.rows * row_bytes;
  Backlog& stores = queue(Queues::sends);
  for (std::uint32_t first = 0; first < own_;) {
    std::uint32_t end = first;
    while (end < own_ && present_[end]) ++end;
    if (end > first)
      stores.post(store(hal_.sram(plan_.y_base + first * row_bytes), to + std::uint64_t{first} * row_bytes,
                        block((end - first) * row_bytes)));
    first = end + 1;
  }
  stores.post(fence().interrupt(make_tag(kStored, 0, 0, 0)));
}

void WaveAgent::end_wave() {
  decide("done");
  hal_.statistic("slice_visits", "visits", static_cast<double>(visits_));
  hal_.statistic("slices_loaded", "slices", static_cast<double>(loads_));
  hal_.statistic("slices_sent", "slices", static_cast<double>(sends_));
  publish_counts();
  ++wave_;
  start_wave();
}

void WaveAgent::flush() {
  for (Backlog& each : queues_) each.flush();
}

}  // namespace moesaic::firmware::fse_dp
