// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/ep_agent.h"

#include <algorithm>

namespace moesaic::firmware::ep {

namespace {

constexpr std::uint32_t kSumsDone = 0xF0000002;

std::vector<Backlog> make_lanes(Hal& hal) {
  std::vector<Backlog> lanes;
  for (unsigned q = 0; q < Queues::count; ++q) lanes.emplace_back(hal, q);
  return lanes;
}

}  // namespace

Agent::Agent(Hal& hal, const Settings& settings)
    : hal_(hal),
      me_(hal.node()),
      settings_(settings),
      plan_(hal.info(), settings),
      storage_(hal, plan_),
      outbox_(hal),
      lanes_(make_lanes(hal)),
      tiles_(hal, plan_, storage_, lanes_),
      table_(hal, plan_.owners.count(me_) * plan_.nodes),
      returned_{plan_.events.returned},
      summed_{plan_.events.summed},
      own_(plan_.homes.count(me_)),
      owners_(plan_.owners),
      taken_(plan_.experts, true),
      routes_(plan_.nodes),
      peers_(plan_.nodes) {
  for (std::uint32_t n = 0; n < plan_.nodes; ++n) granted_.push_back({plan_.events.granted(n)});
  for (std::uint32_t n = 0; n < plan_.nodes; ++n) arrived_.push_back({plan_.events.arrived(n)});
  for (std::uint32_t n = 0; n < plan_.nodes; ++n) gathered_.push_back({plan_.events.gathered(n)});
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
  if (const std::uint32_t rows = rows_of_sums(); plan_.sums_in_sram && rows > 0) {
    setup.post(slot_allocate(slot++, plan_.sums_base, rows * plan_.y_row_bytes()));
    setup.post(slot_allocate(slot++, plan_.returned_base, rows * plan_.y_row_bytes(), MOESAIC_ANY_NODE));
  }
  if (plan_.push)
    setup.post(
        slot_allocate(slot++, plan_.pushed_base, hal_.info().tokens * plan_.x_row_bytes(), MOESAIC_ANY_NODE));
  setup.post(fence().then_local(plan_.events.ready));
}

void Agent::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t layer) {
  layer_ = layer;
  running_ = true;
  routed_ = known_ = false;
  hal_.mark("layer " + std::to_string(layer_));
  table_.clear();
  loading_.reset();
  peers_due_ = peers_known_ = summed_tokens_ = entries_seen_ = padded_rows_ = 0;
  order_.clear();
  for (auto& routes : routes_) routes.clear();
  for (Peer& peer : peers_) peer = {};
  for (std::uint32_t peer = 0; peer < plan_.nodes; ++peer)
    if (plan_.serves(me_, peer)) ++peers_due_;
  // 1. What needs no gate result.
  if (plan_.sums_in_sram) open_sums();
  if (plan_.push) load_own_rows();
  queue_shared_experts();
  post_tiles();
  // 2. The gate, and what it says to whom.
  read_gate();
  if (!plan_.dynamic) return route();
  if (!plan_.asks_scheduler) return plan_owners();
  send_counts(outbox_, hal_.info().scheduler_node, number_,
              own_ > 0 ? counts_ : std::vector<std::uint32_t>());
  flush();
  accept_early();
}

// The rows are zero before a peer may add to them.
void Agent::open_sums() {
  Backlog& compute = lanes_[Queues::compute];
  const auto adds = [&](std::uint32_t from, std::uint32_t to) {
    return plan_.tree ? plan_.passes_sums(from, to) : plan_.serves(from, to);
  };
  for (std::uint32_t to = 0; to < plan_.nodes; ++to)
    if (adds(me_, to)) granted_[to].expect();
  if (rows_of_sums() == 0) return;
  compute.post(vector_fill(plan_.sums_base, plan_.hidden, rows_of_sums()));
  compute.post(vector_fill(plan_.returned_base, plan_.hidden, rows_of_sums()));
  for (std::uint16_t from = 0; from < plan_.nodes; ++from)
    if (adds(from, me_)) compute.post(fence().then_signal(from, plan_.events.granted(me_)));
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
  std::vector<std::uint32_t> order;
  if (!order_.empty()) {
    std::vector<bool> active(owners_.count(me_), false);
    for (const Item& item : items.items()) active[item.local] = true;
    hal_.charge(MOESAIC_OP_SCAN_ITEM, order_.size());
    for (const std::uint16_t e : order_)
      if (owners_.owner(e) == me_ && active[owners_.local(e)]) order.push_back(owners_.local(e));
  } else {
    if (settings_.order != Order::number)
      items.sort([&](const Item& a, const Item& b) { return a.rows > b.rows; });
    const std::vector<Item>& sorted = items.items();
    const bool paired = settings_.order == Order::paired;
    for (std::size_t hot = 0, cold = sorted.size(); hot < cold;) {
      order.push_back(sorted[hot++].local);
      if (paired && hot < cold) order.push_back(sorted[--cold].local);
    }
  }
  if (loading_) std::stable_partition(order.begin(), order.end(), [&](auto e) { return e == *loading_; });
  return order;
}

std::vector<moesaic_list_entry> Agent::rows_of(std::uint32_t local) {
  std::vector<moesaic_list_entry> rows;
  for (std::uint32_t home = 0; home < plan_.nodes; ++home) {
    const auto& part = table_.list(local * plan_.nodes + home);
    rows.insert(rows.end(), part.begin(), part.end());
  }
  charge_permutation(rows.size());
  return rows;
}

// Every home's part is as large as its capacity: rows of padding are fetched (the home's first row stands for
// them), computed and returned like others, and belong to nobody.
void Agent::pad(std::vector<moesaic_list_entry>& rows, std::uint32_t local) {
  std::vector<moesaic_list_entry> padded;
  std::size_t at = 0, added = 0;
  for (std::uint32_t home = 0; home < plan_.nodes; ++home) {
    if (plan_.homes.count(home) == 0) continue;
    const std::size_t real = table_.list(local * plan_.nodes + home).size();
    const std::uint32_t wanted =
        plan_.capacity.formula == Capacity::Formula::none ? padded_rows_ : plan_.room(home);
    for (std::size_t i = 0; i < real; ++i) padded.push_back(rows[at++]);
    for (std::size_t i = real; i < wanted; ++i, ++added)
      padded.push_back({plan_.homes.first(home), 0, kPaddingPlace, 0, 0});
  }
  const auto expert = static_cast<std::uint16_t>(owners_.global(me_, local));
  if (added > 0)
    hal_.deviate(
        {MOESAIC_PAD, static_cast<std::uint16_t>(layer_), expert, 0, static_cast<std::uint32_t>(added)});
  padding_ += added;
  rows = std::move(padded);
}

// Dense buffers have rows for experts that nobody has chosen, too.
void Agent::add_idle_experts(std::vector<std::uint32_t>& order) {
  std::vector<bool> listed(owners_.count(me_), false);
  for (const std::uint32_t local : order) listed[local] = true;
  for (std::uint32_t local = 0; local < listed.size(); ++local)
    if (!listed[local]) order.push_back(local);
}

// As few tiles as possible, since each streams the weights, and of equal size, since small ones wait for
// them.
void Agent::queue_expert(std::uint32_t expert, std::vector<moesaic_list_entry> rows) {
  const auto all = static_cast<std::uint32_t>(rows.size());
  const std::uint32_t tiles = divide_up(all, plan_.slices.rows);
  for (std::uint32_t t = 0; t < tiles; ++t) {
    const auto at = [&](std::uint32_t n) {
      return rows.begin() + static_cast<std::ptrdiff_t>(std::uint64_t{all} * n / tiles);
    };
    waiting_.push_back({expert, {at(t), at(t + 1)}});
    const bool posted = t == 0 && loading_ && expert == owners_.global(me_, *loading_);
    if (plan_.overlap && !posted) tiles_.stream.load_expert(layer_, expert);
  }
  rows_fetched_ += all;
  tiles_computed_ += tiles;
}

void Agent::post_tiles() {
  while (!waiting_.empty() && tiles_.has_room()) {
    decide("a tile of " + std::to_string(waiting_.front().rows.size()) + " rows for expert " +
           std::to_string(waiting_.front().expert));
    tiles_.post(layer_, waiting_.front(), granted_, arrived_);
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
      tiles_.post_sums(layer_, summed_tokens_, count, returned_, kept_);
      summed_tokens_ += count;
    }
    if (summed_tokens_ == own_ && tiles_.idle()) finish_layer();
    return;
  }
  if (!tiles_.idle()) return;
  if (plan_.tree) return add_up_on_the_way();
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

// For one home after the other, in the same order on every die: what has come for it is added to the own
// sums, and these go one die further, or to the output.
void Agent::add_up_on_the_way() {
  Backlog& compute = lanes_[Queues::compute];
  Backlog& returns = lanes_[Queues::returns];
  for (std::uint32_t home = 0; home < plan_.nodes; ++home) {
    const std::uint32_t rows = plan_.homes.count(home);
    if (rows == 0) continue;
    const std::uint32_t sums = plan_.sums_base + plan_.sums_of(home);
    const std::uint32_t returned = plan_.returned_base + plan_.sums_of(home);
    if (const std::uint32_t below = plan_.below(me_, home); below > 0) {
      compute.post(fence().wait(gathered_[home].event, gathered_[home].expect(below)));
      compute.post(vector_add(returned, sums, plan_.hidden, rows));
    }
    compute.post(fence().then_local(summed_.event));
    returns.post(fence().wait(summed_.event, summed_.expect()));
    const Rows all = block(rows * plan_.y_row_bytes());
    if (home == me_) {
      returns.post(store(hal_.sram(sums), storage_.output(layer_, 0), all).tag(0x60000000u));
      continue;
    }
    const std::uint16_t next = plan_.toward(me_, home);
    returns.post(send(hal_.sram(sums), sram_address(next, returned), all)
                     .accumulate()
                     .wait(granted_[next].event, granted_[next].value)
                     .then_signal(next, plan_.events.gathered(home))
                     .tag(0x40000000u | home));
  }
  returns.post(fence().interrupt(kSumsDone));
}

void Agent::finish_layer() {
  decide("done");
  hal_.statistic("rows_fetched", "rows", static_cast<double>(rows_fetched_));
  hal_.statistic("tiles_computed", "tiles", static_cast<double>(tiles_computed_));
  hal_.statistic("routed_experts_computed", "experts", static_cast<double>(experts_computed_));
  if (dropped_ > 0) hal_.statistic("dropped_pairs", "pairs", static_cast<double>(dropped_));
  if (padding_ > 0) hal_.statistic("padding_rows", "rows", static_cast<double>(padding_));
  running_ = false;
  ++number_;
  hal_.layer_done();
}

void Agent::flush() {
  for (Backlog& each : lanes_) each.flush();
}

std::unique_ptr<Core> make_core(Hal& hal, const Settings& settings) {
  if (hal.info().role == MOESAIC_SCHEDULER) return std::make_unique<Placer>(hal, settings);
  return std::make_unique<Agent>(hal, settings);
}

}  // namespace moesaic::firmware::ep
