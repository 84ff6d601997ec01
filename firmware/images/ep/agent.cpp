// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/ep/agent.h"

#include <algorithm>

namespace moesaic::firmware::ep {

namespace {

constexpr std::uint32_t kSumsDone = 0xF0000002;
constexpr std::uint16_t kGateOne = 32768;  // 1.0 in Q1.15

std::vector<Backlog> make_lanes(Hal& hal) {
  std::vector<Backlog> lanes;
  for (unsigned q = 0; q < Queues::count; ++q) lanes.emplace_back(hal, q);
  return lanes;
}

}  // namespace

Agent::Agent(Hal& hal, const Settings& settings)
    : hal_(hal),
      me_(hal.node()),
      plan_(hal.info(), settings),
      storage_(hal, plan_),
      outbox_(hal),
      lanes_(make_lanes(hal)),
      tiles_(hal, plan_, storage_, lanes_),
      table_(hal, plan_.owners.count(me_) * plan_.nodes),
      returned_{plan_.events.returned},
      summed_{plan_.events.summed},
      own_(plan_.homes.count(me_)),
      routes_(plan_.nodes),
      peers_(plan_.nodes) {
  for (std::uint32_t n = 0; n < plan_.nodes; ++n) granted_.push_back({plan_.events.granted(n)});
}

void Agent::on_boot() {
  publish_plan();
  storage_.place(hal_);
  allocate_slots();
  // No command may overtake the slots.
  for (unsigned q = 1; q < lanes_.size(); ++q) lanes_[q].post(fence().wait(plan_.events.ready, 1));
  flush();
}

void Agent::publish_plan() {
  const SlicePlan& s = plan_.slices;
  const auto number = [](const char* name, std::uint32_t value) {
    return name + (" " + std::to_string(value));
  };
  hal_.log(MOESAIC_LOG_INFO,
           "plan: " + number("experts owned", plan_.owners.count(me_)) + number(", tokens", own_) +
               number(", rows per tile", s.rows) + number(", areas for tiles", plan_.areas) +
               number(", slices per expert", s.slices) + number(", columns per slice", s.columns) +
               number(", buffers", plan_.prefetch) + number(" of bytes", plan_.buffer_bytes) +
               (plan_.sums_in_sram ? ", results meet in SRAM" : ", results meet in memory"));
  hal_.statistic("rows_per_tile", "rows", s.rows);
  hal_.statistic("tile_areas", "areas", plan_.areas);
  hal_.statistic("slices_per_expert", "slices", s.slices);
  hal_.statistic("columns_per_slice", "columns", s.columns);
}

void Agent::decide(const std::string& text) {
  hal_.log(MOESAIC_LOG_DEBUG, "layer " + std::to_string(layer_) + ": " + text);
}

void Agent::allocate_slots() {
  Backlog& setup = lanes_[Queues::fetch];
  std::uint16_t slot = 0;
  setup.post(slot_allocate(slot++, plan_.area_base, plan_.areas * plan_.area_bytes));
  for (std::uint32_t b = 0; b < plan_.prefetch; ++b)
    setup.post(slot_allocate(slot++, plan_.buffer(b), plan_.buffer_bytes));
  if (plan_.sums_in_sram && own_ > 0) {
    setup.post(slot_allocate(slot++, plan_.sums_base, own_ * plan_.y_row_bytes()));
    setup.post(slot_allocate(slot++, plan_.returned_base, own_ * plan_.y_row_bytes(), MOESAIC_ANY_NODE));
  }
  setup.post(fence().then_local(plan_.events.ready));
}

void Agent::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t layer) {
  layer_ = layer;
  running_ = true;
  known_ = false;
  hal_.mark("layer " + std::to_string(layer_));
  table_.clear();
  loading_.reset();
  peers_due_ = peers_known_ = summed_tokens_ = 0;
  for (auto& routes : routes_) routes.clear();
  for (Peer& peer : peers_) peer = {};
  for (std::uint32_t peer = 0; peer < plan_.nodes; ++peer)
    if (plan_.serves(me_, peer)) ++peers_due_;
  // 1. What needs no gate result.
  if (plan_.sums_in_sram) open_sums();
  queue_shared_experts();
  post_tiles();
  // 2. The gate, and what it says to whom.
  read_gate();
  start_loading();
  flush();
  for (std::uint16_t owner = 0; owner < plan_.nodes; ++owner) {
    if (!plan_.serves(owner, me_)) continue;
    hal_.charge(MOESAIC_OP_SCAN_ITEM, routes_[owner].size());
    decide("sends " + std::to_string(routes_[owner].size()) + " choices to die " + std::to_string(owner));
    send_routes(outbox_, owner, number_, routes_[owner]);
  }
  // 3. Routes that came before this layer began here.
  const auto early = early_.find(number_);
  if (early != early_.end()) {
    for (const moesaic_mail& mail : early->second) take_routes(mail);
    early_.erase(early);
  }
  queue_experts_if_known();
}

// The rows are zero before a peer may add to them.
void Agent::open_sums() {
  Backlog& compute = lanes_[Queues::compute];
  for (std::uint32_t home = 0; home < plan_.nodes; ++home)
    if (plan_.serves(me_, home)) granted_[home].expect();
  if (own_ == 0) return;
  compute.post(vector_fill(plan_.sums_base, plan_.hidden, own_));
  compute.post(vector_fill(plan_.returned_base, plan_.hidden, own_));
  for (std::uint16_t owner = 0; owner < plan_.nodes; ++owner)
    if (plan_.serves(owner, me_)) compute.post(fence().then_signal(owner, plan_.events.granted(me_)));
}

void Agent::queue_shared_experts() {
  const std::uint32_t shared = hal_.info().shared_experts;
  if (own_ == 0) return;
  for (std::uint32_t s = 0; s < shared; ++s) {
    std::vector<moesaic_list_entry> rows;
    for (std::uint32_t i = 0; i < own_; ++i)
      rows.push_back({plan_.homes.first(me_) + i, static_cast<std::uint16_t>(i),
                      static_cast<std::uint16_t>(hal_.info().top_k + s), kGateOne, 0});
    hal_.charge(MOESAIC_OP_SCAN_ITEM, rows.size());
    if (!plan_.sums_in_sram) returned_.expect(own_);
    queue_expert(hal_.info().experts + s, std::move(rows));
  }
}

void Agent::add_row(std::uint32_t home, const Route& route) {
  table_.add(plan_.owners.local(route.expert) * plan_.nodes + home,
             {plan_.homes.first(home) + route.token, route.token, route.place, route.gate, 0});
}

// Partial results of a token have their places owner by owner, so that a message need tell only the first.
void Agent::read_gate() {
  for (std::uint32_t i = 0; i < own_; ++i) {
    std::vector<moesaic_choice> choices = hal_.gate_results(layer_, plan_.homes.first(me_) + i);
    hal_.charge(MOESAIC_OP_SORT_STEP, ChargedVector<moesaic_choice>::sort_steps(choices.size()));
    std::stable_sort(choices.begin(), choices.end(), [&](const moesaic_choice& a, const moesaic_choice& b) {
      return plan_.owners.owner(a.expert) < plan_.owners.owner(b.expert);
    });
    std::uint16_t place = 0;
    for (const moesaic_choice& choice : choices) {
      const std::uint32_t owner = plan_.owners.owner(choice.expert);
      const Route route{static_cast<std::uint16_t>(i), place++, choice.expert, choice.gate};
      if (owner != me_ || !plan_.sums_in_sram) returned_.expect();
      if (owner == me_) {
        add_row(me_, route);
      } else {
        hal_.charge(MOESAIC_OP_QUEUE);
        routes_[owner].push_back(route);
      }
    }
  }
}

// An expert that own tokens need is computed whatever the peers send, and the hottest here is probably hot
// everywhere. The buffers hold no more than its first slices.
void Agent::start_loading() {
  std::size_t most = 0;
  for (const std::uint32_t list : table_.active()) {
    if (table_.list(list).size() <= most) continue;
    most = table_.list(list).size();
    loading_ = list / plan_.nodes;
  }
  if (!loading_) return;
  const std::uint32_t expert = plan_.owners.global(me_, *loading_);
  decide("loads expert " + std::to_string(expert) + ", which " + std::to_string(most) + " own tokens need");
  tiles_.stream.load_expert(layer_, expert);
}

void Agent::on_message(const moesaic_mail& mail) {
  if (!running_ || layer_of(mail) != number_) {
    hal_.charge(MOESAIC_OP_QUEUE);
    early_[layer_of(mail)].push_back(mail);
    return;
  }
  take_routes(mail);
  queue_experts_if_known();
}

void Agent::take_routes(const moesaic_mail& mail) {
  const RoutesMail routes = read_routes(mail);
  Peer& from = peers_.at(mail.source_node);
  from.choices = routes.choices;
  from.seen += static_cast<std::uint32_t>(routes.routes.size());
  for (const Route& route : routes.routes) add_row(mail.source_node, route);
  if (from.seen != from.choices) return;
  ++peers_known_;
  decide("all " + std::to_string(from.choices) + " choices of die " + std::to_string(mail.source_node) +
         " are here");
}

void Agent::queue_experts_if_known() {
  if (known_ || peers_known_ < peers_due_) return;
  known_ = true;
  const std::vector<std::uint32_t> order = order_of_experts();
  for (const std::uint32_t local : order) queue_expert(plan_.owners.global(me_, local), rows_of(local));
  experts_computed_ += order.size();
  decide("computes " + std::to_string(order.size()) + " experts in " + std::to_string(waiting_.size()) +
         " more tiles");
  post_tiles();
  if (tiles_.idle()) add_up();
  flush();
}

// First what is loading, then the hottest: large tiles leave the memories time, and small ones, which wait
// for them, come when dies with less work have finished.
std::vector<std::uint32_t> Agent::order_of_experts() {
  struct Item {
    std::uint32_t local;
    std::size_t rows;
  };
  ChargedVector<Item> items(hal_);
  for (const std::uint32_t list : table_.active()) {
    const std::uint32_t local = list / plan_.nodes;
    const std::size_t rows = table_.list(list).size();
    if (items.size() > 0 && items.items().back().local == local) {
      items[items.size() - 1].rows += rows;
    } else {
      items.push_back({local, rows});
    }
  }
  items.sort([&](const Item& a, const Item& b) {
    const bool first = loading_ == a.local, second = loading_ == b.local;
    return first != second ? first : a.rows > b.rows;
  });
  std::vector<std::uint32_t> order;
  for (const Item& item : items.items()) order.push_back(item.local);
  return order;
}

std::vector<moesaic_list_entry> Agent::rows_of(std::uint32_t local) {
  std::vector<moesaic_list_entry> rows;
  for (std::uint32_t home = 0; home < plan_.nodes; ++home) {
    const auto& part = table_.list(local * plan_.nodes + home);
    rows.insert(rows.end(), part.begin(), part.end());
  }
  hal_.charge(MOESAIC_OP_SCAN_ITEM, rows.size());
  return rows;
}

// As few tiles as possible, since each streams the weights, and of equal size, since small ones wait for
// them.
void Agent::queue_expert(std::uint32_t expert, std::vector<moesaic_list_entry> rows) {
  const auto all = static_cast<std::uint32_t>(rows.size());
  const std::uint32_t tiles = (all + plan_.slices.rows - 1) / plan_.slices.rows;
  for (std::uint32_t t = 0; t < tiles; ++t) {
    const auto at = [&](std::uint32_t n) {
      return rows.begin() + static_cast<std::ptrdiff_t>(std::uint64_t{all} * n / tiles);
    };
    waiting_.push_back({expert, {at(t), at(t + 1)}});
    const bool posted = t == 0 && loading_ && expert == plan_.owners.global(me_, *loading_);
    if (!posted) tiles_.stream.load_expert(layer_, expert);
  }
  rows_fetched_ += all;
  tiles_computed_ += tiles;
}

void Agent::post_tiles() {
  while (!waiting_.empty() && tiles_.has_room()) {
    decide("a tile of " + std::to_string(waiting_.front().rows.size()) + " rows for expert " +
           std::to_string(waiting_.front().expert));
    tiles_.post(layer_, waiting_.front(), granted_);
    waiting_.pop_front();
  }
}

void Agent::on_completion(const moesaic_completion& entry) {
  for (Backlog& each : lanes_) each.pump();
  if (entry.tag == kSumsDone) return finish_layer();
  if (entry.tag != kTileDone) return;
  tiles_.done();
  post_tiles();
  if (known_ && waiting_.empty()) add_up();
  flush();
}

void Agent::add_up() {
  if (!plan_.sums_in_sram) {
    while (summed_tokens_ < own_ && tiles_.has_room()) {
      const std::uint32_t count = std::min(plan_.tokens_per_sum(), own_ - summed_tokens_);
      decide("adds up the results of " + std::to_string(count) + " tokens");
      tiles_.post_sums(layer_, summed_tokens_, count, returned_);
      summed_tokens_ += count;
    }
    if (summed_tokens_ == own_ && tiles_.idle()) finish_layer();
    return;
  }
  if (!tiles_.idle()) return;
  if (own_ == 0) return finish_layer();
  Backlog& compute = lanes_[Queues::compute];
  Backlog& returns = lanes_[Queues::returns];
  compute.post(fence().wait(returned_.event, returned_.value));
  compute.post(vector_add(plan_.returned_base, plan_.sums_base, plan_.hidden, own_));
  compute.post(fence().then_local(summed_.event));
  returns.post(fence().wait(summed_.event, summed_.expect()));
  returns.post(
      store(hal_.sram(plan_.sums_base), storage_.output(layer_, 0), block(own_ * plan_.y_row_bytes()))
          .tag(0x60000000u));
  returns.post(fence().interrupt(kSumsDone));
}

void Agent::finish_layer() {
  decide("done");
  hal_.statistic("rows_fetched", "rows", static_cast<double>(rows_fetched_));
  hal_.statistic("tiles_computed", "tiles", static_cast<double>(tiles_computed_));
  hal_.statistic("routed_experts_computed", "experts", static_cast<double>(experts_computed_));
  running_ = false;
  ++number_;
  hal_.layer_done();
}

void Agent::flush() {
  for (Backlog& each : lanes_) each.flush();
}

}  // namespace moesaic::firmware::ep
