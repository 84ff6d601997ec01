// SPDX-License-Identifier: Apache-2.0
// What an agent learns at the start of a layer: its own gate results, who owns which expert, and which tokens
// of other dies its own experts get.
#include <algorithm>

#include "firmware/lib/ep_agent.h"

namespace moesaic::firmware::ep {

void Agent::add_row(std::uint32_t home, const Route& route) {
  const std::uint32_t list = owners_.local(route.expert) * plan_.nodes + home;
  const moesaic_list_entry row{plan_.homes.first(home) + route.token, route.token, route.place, route.gate,
                               0};
  plan_.cam ? table_.add_free(list, row) : table_.add(list, row);
}

// Where experts have room for so many tokens of a home, the first ones get it.
void Agent::read_gate() {
  const bool limited = plan_.capacity.formula != Capacity::Formula::none;
  const bool counted = limited || plan_.capacity.padded || plan_.dynamic;
  const std::uint32_t room = own_ > 0 ? plan_.room(me_) : 0;
  counts_.assign(plan_.experts, 0);
  gates_.assign(own_, {});
  kept_.assign(own_, 0);
  for (std::uint32_t i = 0; i < own_; ++i)
    for (const moesaic_choice& choice : hal_.gate_results(layer_, plan_.homes.first(me_) + i)) {
      if (counted) hal_.charge(MOESAIC_OP_LOOKUP);
      if (limited && counts_[choice.expert] >= room) {
        drop(i, choice.expert);
      } else {
        ++counts_[choice.expert];
        gates_[i].push_back(choice);
      }
    }
}

void Agent::drop(std::uint32_t token, std::uint32_t expert) {
  ++dropped_;
  hal_.deviate({MOESAIC_DROP, static_cast<std::uint16_t>(layer_), static_cast<std::uint16_t>(expert), 0,
                plan_.homes.first(me_) + token});
}

// Offline: every die comes to the same plan by itself, from the whole routing.
void Agent::plan_owners() {
  Demand demand(plan_.nodes, plan_.experts);
  for (std::uint32_t t = 0; t < hal_.info().tokens; ++t)
    for (const moesaic_choice& choice : hal_.gate_results(layer_, t))
      ++demand.at(plan_.homes.home(t), choice.expert);
  use_owners(entries_of(decide_placement(hal_.info(), settings_, demand, memories_of_experts(hal_)),
                        settings_, demand));
}

void Agent::take_owners(const moesaic_mail& mail) {
  const Owners owners = read_owners(mail);
  hal_.charge(MOESAIC_OP_SCAN_ITEM, owners.entries.size());
  entries_.resize(owners.total);
  std::copy(owners.entries.begin(), owners.entries.end(), entries_.begin() + owners.first);
  entries_seen_ += static_cast<std::uint32_t>(owners.entries.size());
  if (entries_seen_ == owners.total) use_owners(entries_);
}

void Agent::use_owners(const std::vector<OwnedExpert>& entries) {
  std::vector<std::uint16_t> owners;
  for (std::uint32_t e = 0; e < plan_.experts; ++e)
    owners.push_back(static_cast<std::uint16_t>(plan_.owners.owner(e)));
  taken_.assign(plan_.experts, false);
  for (const OwnedExpert& entry : entries) {
    owners[entry.expert] = entry.die;
    taken_[entry.expert] = true;
    if (settings_.assignment != Assignment::needed) order_.push_back(entry.expert);
  }
  owners_ = ExpertOwners(plan_.nodes, std::move(owners));
  table_.resize(owners_.count(me_) * plan_.nodes);
  decide("owns " + std::to_string(owners_.count(me_)) + " experts");
  route();
}

// Partial results of a token have their places owner by owner, so that a message need tell only the first.
void Agent::route() {
  for (std::uint32_t i = 0; i < own_; ++i) {
    std::vector<moesaic_choice>& choices = gates_[i];
    hal_.charge(MOESAIC_OP_SORT_STEP, ChargedVector<moesaic_choice>::sort_steps(choices.size()));
    std::stable_sort(choices.begin(), choices.end(), [&](const moesaic_choice& a, const moesaic_choice& b) {
      return owners_.owner(a.expert) < owners_.owner(b.expert);
    });
    for (const moesaic_choice& choice : choices) {
      if (!taken_[choice.expert]) {
        drop(i, choice.expert);
        continue;
      }
      const std::uint32_t owner = owners_.owner(choice.expert);
      const Route route{static_cast<std::uint16_t>(i), kept_[i]++, choice.expert, choice.gate};
      if ((owner != me_ && !plan_.tree) || !plan_.sums_in_sram) returned_.expect();
      if (owner == me_) {
        add_row(me_, route);
      } else {
        hal_.charge(MOESAIC_OP_QUEUE);
        routes_[owner].push_back(route);
      }
    }
  }
  if (plan_.push) push_rows();
  start_loading();
  flush();
  send_all_routes();
  routed_ = true;
  accept_early();
  queue_experts_if_known();
}

void Agent::load_own_rows() {
  if (own_ == 0) return;
  lanes_[Queues::fetch].post(load(storage_.activation(layer_, me_, 0),
                                  hal_.sram(plan_.pushed_base + plan_.homes.first(me_) * plan_.x_row_bytes()),
                                  block(own_ * plan_.x_row_bytes()))
                                 .then_local(plan_.events.arrived(me_), static_cast<std::uint16_t>(own_))
                                 .tag(0x30000000u | me_));
  lanes_[Queues::fetch].post(fence());
  arrived_[me_].expect(own_);
}

// One multicast for all own tokens that go to the same dies. Everywhere a row has the place of its token.
void Agent::push_rows() {
  std::map<std::uint64_t, std::vector<moesaic_list_entry>> rows;  // by dies
  std::vector<std::uint64_t> dies(own_, 0);
  for (std::uint32_t owner = 0; owner < plan_.nodes; ++owner)
    for (const Route& route : routes_[owner]) dies[route.token] |= std::uint64_t{1} << owner;
  for (std::uint32_t i = 0; i < own_; ++i) {
    const std::uint32_t token = plan_.homes.first(me_) + i;
    const auto row = static_cast<std::uint16_t>(token);
    if (dies[i] != 0) rows[dies[i]].push_back({token, row, row, kGateOne, 0});
  }
  hal_.charge(MOESAIC_OP_LOOKUP, own_);
  std::vector<moesaic_list_entry> list;
  for (const auto& [to, group] : rows) list.insert(list.end(), group.begin(), group.end());
  if (list.empty()) return;
  hal_.write_list(plan_.push_list, list);
  std::uint32_t at = plan_.push_list;
  for (const auto& [to, group] : rows) {
    const auto count = static_cast<std::uint32_t>(group.size());
    lanes_[Queues::fetch].post(
        multicast(hal_.sram(plan_.pushed_base), to, plan_.pushed_base, listed(plan_.x_row_bytes(), count, at))
            .then_signal(MOESAIC_ANY_NODE, plan_.events.arrived(me_), static_cast<std::uint16_t>(count))
            .tag(0x20000000u | me_));
    at += count * static_cast<std::uint32_t>(sizeof(moesaic_list_entry));
  }
  decide("sends " + std::to_string(list.size()) + " rows in " + std::to_string(rows.size()) + " multicasts");
}

void Agent::send_all_routes() {
  std::optional<std::uint32_t> most;
  if (plan_.capacity.padded) {
    hal_.charge(MOESAIC_OP_SCAN_ITEM, counts_.size());
    most = *std::max_element(counts_.begin(), counts_.end());
    peers_[me_].most = *most;
  }
  for (std::uint16_t owner = 0; owner < plan_.nodes; ++owner) {
    if (!plan_.serves(owner, me_)) continue;
    hal_.charge(MOESAIC_OP_SCAN_ITEM, routes_[owner].size());
    decide("sends " + std::to_string(routes_[owner].size()) + " choices to die " + std::to_string(owner));
    send_routes(outbox_, owner, number_, routes_[owner], most);
  }
}

// What comes first in the package's order has rows for certain. Without such an order: an expert that own
// tokens need is computed whatever the peers send, and the hottest here is probably hot everywhere. The
// buffers hold no more than its first slices.
void Agent::start_loading() {
  if (!plan_.overlap) return;
  if (settings_.profile != Profile::history && !order_.empty()) {
    const auto first =
        std::find_if(order_.begin(), order_.end(), [&](std::uint16_t e) { return owners_.owner(e) == me_; });
    if (first != order_.end()) loading_ = owners_.local(*first);
  } else {
    std::size_t most = 0;
    for (const std::uint32_t list : table_.active()) {
      if (table_.list(list).size() <= most) continue;
      most = table_.list(list).size();
      loading_ = list / plan_.nodes;
    }
  }
  if (!loading_) return;
  const std::uint32_t expert = owners_.global(me_, *loading_);
  decide("loads expert " + std::to_string(expert));
  tiles_.stream.load_expert(layer_, expert);
}

bool Agent::acceptable(const moesaic_mail& mail) const {
  return running_ && layer_of(mail) == number_ && (mail.kind == kOwnersMail || routed_);
}

void Agent::on_message(const moesaic_mail& mail) {
  if (acceptable(mail)) return accept(mail);
  hal_.charge(MOESAIC_OP_QUEUE);
  early_[layer_of(mail)].push_back(mail);
}

void Agent::accept(const moesaic_mail& mail) {
  if (mail.kind == kOwnersMail) return take_owners(mail);
  take_routes(mail);
  if (routed_) queue_experts_if_known();
}

// Of what has come before it could be used, what can be now.
void Agent::accept_early() {
  const auto found = early_.find(number_);
  if (found == early_.end()) return;
  const std::vector<moesaic_mail> mails = std::move(found->second);
  early_.erase(found);
  for (const moesaic_mail& mail : mails)
    acceptable(mail) ? accept(mail) : early_[layer_of(mail)].push_back(mail);
}

// A home sends a token once, however many experts here need it.
void Agent::expect_rows(std::uint32_t home, const std::vector<Route>& routes) {
  std::vector<bool>& sent = peers_.at(home).tokens;
  sent.resize(plan_.homes.count(home));
  hal_.charge(MOESAIC_OP_LOOKUP, routes.size());
  for (const Route& route : routes) {
    if (!sent[route.token]) arrived_[home].expect();
    sent[route.token] = true;
  }
}

void Agent::take_routes(const moesaic_mail& mail) {
  const RoutesMail routes = read_routes(mail);
  Peer& from = peers_.at(mail.source_node);
  from.choices = routes.choices;
  from.most = routes.most;
  from.seen += static_cast<std::uint32_t>(routes.routes.size());
  for (const Route& route : routes.routes) add_row(mail.source_node, route);
  if (plan_.push) expect_rows(mail.source_node, routes.routes);
  if (from.seen != from.choices) return;
  ++peers_known_;
  decide("all " + std::to_string(from.choices) + " choices of die " + std::to_string(mail.source_node) +
         " are here");
}

void Agent::queue_experts_if_known() {
  if (known_ || peers_known_ < peers_due_) return;
  known_ = true;
  for (const Peer& peer : peers_) padded_rows_ = std::max(padded_rows_, peer.most);
  std::vector<std::uint32_t> order = order_of_experts();
  if (plan_.capacity.padded) add_idle_experts(order);
  for (const std::uint32_t local : order) {
    std::vector<moesaic_list_entry> rows = rows_of(local);
    if (plan_.capacity.padded) pad(rows, local);
    queue_expert(owners_.global(me_, local), std::move(rows));
  }
  experts_computed_ += order.size();
  decide("computes " + std::to_string(order.size()) + " experts in " + std::to_string(waiting_.size()) +
         " more tiles");
  post_tiles();
  if (tiles_.idle()) add_up();
  flush();
}

}  // namespace moesaic::firmware::ep
