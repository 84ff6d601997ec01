// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/ep/agent.h"

#include <algorithm>

namespace moesaic::firmware::ep {

namespace {

constexpr std::uint32_t kWaveDone = 0xF0000000;
constexpr std::uint16_t kGateOne = 32768;  // 1.0 in Q1.15

std::vector<Backlog> make_lanes(Hal& hal, const Queues& queues) {
  std::vector<Backlog> lanes;
  for (unsigned q = 0; q <= queues.finish; ++q) lanes.emplace_back(hal, q);
  return lanes;
}

}  // namespace

Agent::Agent(Hal& hal, const Settings& settings)
    : hal_(hal),
      me_(hal.node()),
      plan_(hal.info(), settings),
      storage_(hal, plan_),
      outbox_(hal),
      lanes_(make_lanes(hal, plan_.queues)),
      stream_(hal, plan_, storage_, lane(plan_.queues.weights), lane(plan_.queues.compute)),
      table_(hal, plan_.owners.count(me_)),
      x_loaded_{plan_.events.x_loaded},
      filled_{plan_.events.filled},
      arrived_{plan_.events.arrived},
      returned_{plan_.events.returned},
      computed_{plan_.events.computed},
      moved_{plan_.events.moved},
      routes_(plan_.nodes),
      incoming_(plan_.nodes) {
  for (std::uint32_t n = 0; n < plan_.nodes; ++n) granted_.push_back({plan_.events.granted(n)});
}

void Agent::on_boot() {
  publish_plan();
  storage_.place(hal_);
  allocate_slots();
  // No command may overtake the slots.
  for (unsigned q = 1; q < lanes_.size(); ++q) lane(q).post(fence().wait(plan_.events.ready, 1));
  flush();
}

void Agent::publish_plan() {
  const SlicePlan& s = plan_.slices;
  const auto number = [](const char* name, std::uint32_t value) {
    return name + (" " + std::to_string(value));
  };
  hal_.log(MOESAIC_LOG_INFO,
           "plan: " + number("experts owned", storage_.owned()) + number(", tokens", plan_.homes.count(me_)) +
               number(", rows per wave", s.rows) + number(", waves per layer", s.waves) +
               number(", slices per expert", s.slices) + number(", columns per slice", s.columns) +
               number(", buffers", plan_.prefetch) + number(" of bytes", plan_.buffer_bytes) +
               (plan_.slot_per_source ? ", a slot per sender" : ", one slot for all senders"));
  hal_.statistic("rows_per_wave", "rows", s.rows);
  hal_.statistic("waves_per_layer", "waves", s.waves);
  hal_.statistic("slices_per_expert", "slices", s.slices);
  hal_.statistic("columns_per_slice", "columns", s.columns);
}

void Agent::decide(const std::string& text) {
  hal_.log(MOESAIC_LOG_DEBUG,
           "layer " + std::to_string(layer_) + ", wave " + std::to_string(wave_) + ": " + text);
}

void Agent::allocate_slots() {
  Backlog& setup = lane(plan_.queues.setup);
  std::uint16_t slot = 0;
  const std::uint32_t rows = plan_.slices.rows;
  const std::uint32_t one_die = rows * plan_.hidden;
  setup.post(slot_allocate(slot++, plan_.x_base, one_die));
  setup.post(slot_allocate(slot++, plan_.y_base, one_die * 4 * plan_.nodes, MOESAIC_ANY_NODE));
  for (std::uint32_t b = 0; b < plan_.prefetch; ++b)
    setup.post(slot_allocate(slot++, plan_.buffer(b), plan_.buffer_bytes));
  if (!plan_.slot_per_source)
    setup.post(slot_allocate(slot++, plan_.x_row(rows), one_die * (plan_.nodes - 1), MOESAIC_ANY_NODE));
  for (std::uint16_t peer = 0; plan_.slot_per_source && peer < plan_.nodes; ++peer)
    if (peer != me_)
      setup.post(slot_allocate(slot++, plan_.x_row(plan_.first_row(me_, peer)), one_die, peer));
  setup.post(fence().then_local(plan_.events.ready));
}

void Agent::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t layer) {
  layer_ = layer;
  wave_ = 0;
  start_wave();
}

void Agent::on_completion(const moesaic_completion& entry) {
  for (Backlog& each : lanes_) each.pump();
  if (entry.tag != kWaveDone) return;
  decide("done");
  hal_.statistic("rows_sent", "rows", static_cast<double>(sent_rows_));
  hal_.statistic("routed_experts_computed", "experts", static_cast<double>(computed_experts_));
  running_ = false;
  ++number_;
  if (++wave_ < plan_.slices.waves) {
    start_wave();
  } else {
    hal_.layer_done();
  }
}

void Agent::on_message(const moesaic_mail& mail) {
  if (!running_ || wave_of(mail) != number_) {
    hal_.charge(MOESAIC_OP_QUEUE);
    early_[wave_of(mail)].push_back(mail);
    return;
  }
  take_routes(mail);
  compute_if_known();
}

void Agent::start_wave() {
  running_ = true;
  computing_ = false;
  own_ = plan_.tokens(me_, wave_);
  hal_.mark("layer " + std::to_string(layer_) + ", wave " + std::to_string(wave_));
  list_used_ = 0;
  table_.clear();
  loading_.clear();
  peers_due_ = peers_known_ = 0;
  for (auto& routes : routes_) routes.clear();
  for (auto& incoming : incoming_) incoming = {};
  // 1. What needs no gate result.
  open_wave();
  start_shared_experts();
  flush();
  // 2. The gate.
  read_gate();
  start_loading();
  flush();
  // 3. To the owners.
  dispatch();
  flush();
  // 4. Routes that came before this wave began here.
  const auto early = early_.find(number_);
  if (early != early_.end()) {
    for (const moesaic_mail& mail : early->second) take_routes(mail);
    early_.erase(early);
  }
  compute_if_known();
}

// Grants to peers come before the own load: a fence waits for what was posted before it.
void Agent::open_wave() {
  Backlog& setup = lane(plan_.queues.setup);
  for (std::uint16_t peer = 0; peer < plan_.nodes; ++peer) {
    if (plan_.serves(me_, peer, wave_)) {
      setup.post(fence().then_signal(peer, plan_.events.granted(me_)));
      ++peers_due_;
    }
    if (plan_.serves(peer, me_, wave_)) granted_[peer].expect();
  }
  if (own_ == 0) return;
  const std::uint64_t from =
      storage_.activations(layer_) + std::uint64_t{wave_} * plan_.slices.rows * plan_.hidden;
  setup.post(load(from, hal_.sram(plan_.x_base), block(own_ * plan_.hidden)).then_local(x_loaded_.event));
  x_loaded_.expect();
  lane(plan_.queues.compute).post(vector_fill(plan_.y_base, plan_.hidden, own_).then_local(filled_.event));
  filled_.expect();
}

void Agent::start_shared_experts() {
  const std::uint32_t shared = hal_.info().shared_experts;
  if (shared == 0 || own_ == 0) return;
  std::vector<moesaic_list_entry> list;
  const std::uint32_t first = plan_.first_token(me_, wave_);
  for (std::uint32_t i = 0; i < own_; ++i) {
    const auto row = static_cast<std::uint16_t>(i);
    list.push_back({first + i, row, row, kGateOne, 0});
  }
  hal_.charge(MOESAIC_OP_SCAN_ITEM, own_);
  const PlacedList placed = put_list(list);
  hold(plan_.queues.compute, filled_);
  hold(plan_.queues.compute, x_loaded_);
  for (std::uint32_t s = 0; s < shared; ++s) {
    stream_.load_expert(layer_, storage_.owned() + s);
    stream_.compute_expert(layer_, storage_.owned() + s, placed);
  }
}

void Agent::read_gate() {
  const std::uint32_t first = plan_.first_token(me_, wave_);
  for (std::uint32_t i = 0; i < own_; ++i) {
    const auto row = static_cast<std::uint16_t>(i);
    for (const moesaic_choice& choice : hal_.gate_results(layer_, first + i)) {
      const std::uint32_t owner = plan_.owners.owner(choice.expert);
      if (owner == me_) {
        table_.add(plan_.owners.local(choice.expert), {first + i, row, row, choice.gate, 0});
      } else {
        hal_.charge(MOESAIC_OP_QUEUE);
        routes_[owner].push_back({row, choice.expert, choice.gate});
      }
    }
  }
}

// These are needed whatever the peers send.
void Agent::start_loading() {
  loading_ = table_.active();
  decide(std::to_string(own_) + " own tokens need " + std::to_string(loading_.size()) +
         " own experts: loading them");
  for (const std::uint32_t expert : loading_) stream_.load_expert(layer_, expert);
}

void Agent::dispatch() {
  if (own_ == 0) return;
  hold(plan_.queues.dispatch, x_loaded_);
  for (std::uint16_t owner = 0; owner < plan_.nodes; ++owner)
    if (plan_.serves(owner, me_, wave_)) dispatch_to(owner);
}

void Agent::dispatch_to(std::uint16_t owner) {
  const std::vector<Route>& routes = routes_[owner];
  hal_.charge(MOESAIC_OP_SCAN_ITEM, routes.size());
  send_routes(outbox_, owner, number_, routes);
  const std::vector<std::uint16_t> rows = distinct_rows(routes);
  if (rows.empty()) return;
  const std::uint32_t first = plan_.first_token(me_, wave_);
  std::vector<moesaic_list_entry> list;
  for (std::uint16_t i = 0; i < rows.size(); ++i) list.push_back({first + rows[i], rows[i], i, kGateOne, 0});
  decide("sends " + std::to_string(rows.size()) + " rows for " + std::to_string(routes.size()) +
         " choices to die " + std::to_string(owner));
  sent_rows_ += rows.size();
  const PlacedList placed = put_list(list);
  const std::uint32_t reserved = plan_.x_row(plan_.first_row(owner, me_));
  lane(plan_.queues.dispatch)
      .post(send(hal_.sram(plan_.x_base), sram_address(owner, reserved),
                 listed(plan_.hidden, placed.count, placed.offset))
                .wait(granted_[owner].event, granted_[owner].value)
                .then_signal(owner, plan_.events.arrived, static_cast<std::uint16_t>(placed.count))
                .then_local(moved_.event)
                .tag(0x30000000u | owner));
  returned_.expect(placed.count);
  moved_.expect();
}

void Agent::take_routes(const moesaic_mail& mail) {
  const RoutesMail routes = read_routes(mail);
  Incoming& from = incoming_.at(mail.source_node);
  if (!from.known) from.home_rows.resize(routes.rows);
  from.known = true;
  from.rows = routes.rows;
  from.choices = routes.choices;
  from.seen += static_cast<std::uint32_t>(routes.items.size());
  const std::uint32_t first_row = plan_.first_row(me_, mail.source_node);
  const std::uint32_t first_token = plan_.first_token(mail.source_node, wave_);
  for (const auto& [number, route] : routes.items) {
    const auto row = static_cast<std::uint16_t>(first_row + number);
    from.home_rows.at(number) = route.home_row;
    table_.add(plan_.owners.local(route.expert), {first_token + route.home_row, row, row, route.gate, 0});
  }
  if (from.seen != from.choices) return;
  ++peers_known_;
  decide("all routes of die " + std::to_string(mail.source_node) + " are here: " + std::to_string(from.rows) +
         " rows for " + std::to_string(from.choices) + " choices");
}

void Agent::compute_if_known() {
  if (computing_ || peers_known_ < peers_due_) return;
  computing_ = true;
  prepare_received_rows();
  compute_experts();
  open_results();
  return_results();
  finish_wave();
  flush();
}

void Agent::prepare_received_rows() {
  for (std::uint32_t peer = 0; peer < plan_.nodes; ++peer) {
    const std::uint32_t rows = incoming_[peer].rows;
    if (rows == 0) continue;
    arrived_.expect(rows);
    lane(plan_.queues.compute)
        .post(vector_fill(plan_.y_row(plan_.first_row(me_, peer)), plan_.hidden, rows)
                  .then_local(filled_.event));
    filled_.expect();
  }
}

void Agent::compute_experts() {
  hold(plan_.queues.compute, filled_);
  hold(plan_.queues.compute, x_loaded_);
  hold(plan_.queues.compute, arrived_);
  // First those whose weights are on their way, in that order; then those that only peers need.
  for (const std::uint32_t expert : loading_)
    stream_.compute_expert(layer_, expert, put_list(table_.list(expert)));
  std::size_t for_others = 0;
  for (const std::uint32_t expert : table_.active()) {
    if (std::binary_search(loading_.begin(), loading_.end(), expert)) continue;
    stream_.load_expert(layer_, expert);
    stream_.compute_expert(layer_, expert, put_list(table_.list(expert)));
    ++for_others;
  }
  computed_experts_ += loading_.size() + for_others;
  decide("computes " + std::to_string(loading_.size() + for_others) + " experts, " +
         std::to_string(for_others) + " of them for other dies alone");
  lane(plan_.queues.compute).post(fence().then_local(computed_.event));
  computed_.expect();
}

// From here on no command of this die writes own results: peers may.
void Agent::open_results() {
  for (std::uint16_t peer = 0; peer < plan_.nodes; ++peer)
    if (plan_.serves(peer, me_, wave_))
      lane(plan_.queues.compute).post(fence().then_signal(peer, plan_.events.granted(me_)));
}

void Agent::return_results() {
  hold(plan_.queues.returns, computed_);
  for (std::uint16_t home = 0; home < plan_.nodes; ++home) {
    if (plan_.serves(me_, home, wave_)) granted_[home].expect();
    const Incoming& from = incoming_[home];
    if (from.rows == 0) continue;
    const std::uint32_t first = plan_.first_row(me_, home);
    std::vector<moesaic_list_entry> list;
    for (std::uint32_t i = 0; i < from.rows; ++i)
      list.push_back({plan_.first_token(home, wave_) + from.home_rows[i],
                      static_cast<std::uint16_t>(first + i), from.home_rows[i], kGateOne, 0});
    hal_.charge(MOESAIC_OP_SCAN_ITEM, from.rows);
    const PlacedList placed = put_list(list);
    lane(plan_.queues.returns)
        .post(send(hal_.sram(plan_.y_base), sram_address(home, plan_.y_base),
                   listed(plan_.hidden * 4, placed.count, placed.offset))
                  .accumulate()
                  .wait(granted_[home].event, granted_[home].value)
                  .then_signal(home, plan_.events.returned, static_cast<std::uint16_t>(placed.count))
                  .then_local(moved_.event)
                  .tag(0x40000000u | home));
    moved_.expect();
  }
}

void Agent::finish_wave() {
  const unsigned queue = plan_.queues.finish;
  hold(queue, computed_);
  if (own_ > 0) {
    hold(queue, returned_);
    const std::uint64_t row_bytes = std::uint64_t{plan_.hidden} * 4;
    const std::uint64_t to = storage_.outputs(layer_) + wave_ * plan_.slices.rows * row_bytes;
    lane(queue).post(store(hal_.sram(plan_.y_base), to, block(static_cast<std::uint32_t>(own_ * row_bytes)))
                         .then_local(moved_.event)
                         .tag(0x50000000u));
    moved_.expect();
  }
  lane(queue).post(fence().wait(moved_.event, moved_.value).interrupt(kWaveDone));
}

PlacedList Agent::put_list(const std::vector<moesaic_list_entry>& list) {
  const auto bytes = static_cast<std::uint32_t>(list.size() * sizeof(moesaic_list_entry));
  if (list_used_ + bytes > plan_.list_bytes)
    throw std::runtime_error("token lists overflow their part of SRAM: a token names an expert twice");
  const PlacedList placed{plan_.list_base + list_used_, static_cast<std::uint32_t>(list.size())};
  hal_.write_list(placed.offset, list);
  list_used_ += bytes;
  return placed;
}

void Agent::hold(unsigned queue, const EventTarget& target) {
  if (target.value > 0) lane(queue).post(fence().wait(target.event, target.value));
}

void Agent::flush() {
  for (Backlog& each : lanes_) each.flush();
}

}  // namespace moesaic::firmware::ep
