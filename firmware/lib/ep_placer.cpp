// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/ep_placer.h"

#include <algorithm>
#include <string>

namespace moesaic::firmware::ep {

namespace {
constexpr std::uint32_t kHistoryScale = 400;  ///< so that fading leaves something of few tokens
}

ExpertPlacement decide_placement(const moesaic_core_info& info, const Settings& settings,
                                 const Demand& demand, const std::vector<std::uint16_t>& memory_of) {
  const bool paired = settings.order == Order::paired;
  if (settings.assignment == Assignment::needed) return place_in_turn(demand);
  if (settings.assignment == Assignment::most_tokens)
    return place_by_most_tokens(demand, info.columns, memory_of, paired);
  Annealing annealing = settings.annealing;
  annealing.seed = info.seed;
  return anneal_placement(demand, info.columns, annealing, paired);
}

std::vector<OwnedExpert> entries_of(const ExpertPlacement& placement, const Settings& settings,
                                    const Demand& demand) {
  std::vector<OwnedExpert> entries;
  std::vector<bool> listed(demand.experts(), false);
  for (const std::uint16_t e : placement.order) {
    listed[e] = true;
    if (demand.of_expert(e) > settings.token_threshold) entries.push_back({e, placement.owners[e]});
  }
  // With a history the layer may need experts that it has not seen.
  if (settings.profile == Profile::history)
    for (std::uint16_t e = 0; e < demand.experts(); ++e)
      if (!listed[e]) entries.push_back({e, placement.owners[e]});
  return entries;
}

std::vector<std::uint16_t> memories_of_experts(const Hal& hal) {
  std::vector<std::uint16_t> memories, out;
  for (std::uint16_t n = 0; n < hal.info().nodes; ++n)
    if (hal.memory_bytes(n) != 0) memories.push_back(n);
  for (std::uint32_t e = 0; e < hal.info().experts; ++e) out.push_back(memories[e % memories.size()]);
  return out;
}

Placer::Placer(Hal& hal, const Settings& settings)
    : hal_(hal),
      settings_(settings),
      plan_(hal.info(), settings),
      outbox_(hal),
      memory_of_(memories_of_experts(hal)) {}

void Placer::on_layer_start(std::uint32_t /*iteration*/, std::uint32_t layer) {
  const auto number = static_cast<std::uint32_t>(layers_.size());
  layers_.push_back(layer);
  if (!plan_.asks_scheduler) {
    ++finished_;  // agents plan by themselves
  } else {
    if (settings_.profile == Profile::history) {
      // Before anything is known: expert e modulo dies.
      if (decided_.count(layer) == 0) {
        const Demand nothing(plan_.nodes, hal_.info().experts);
        decided_.emplace(layer, entries_of(anneal_placement(nothing, 1, {}, false), settings_, nothing));
      }
      send(number, decided_.at(layer));
    }
    if (pending(number).mails_due == 0) counts_are_here(number);
  }
  end_layer_if_done();
}

Placer::Pending& Placer::pending(std::uint32_t number) {
  const auto found = pending_.find(number);
  if (found != pending_.end()) return found->second;
  std::uint32_t due = 0;
  for (std::uint32_t die = 0; die < plan_.nodes; ++die)
    if (plan_.homes.count(die) > 0) due += counts_mails(hal_.info().experts);
  return pending_.emplace(number, Pending{Demand(plan_.nodes, hal_.info().experts), due}).first->second;
}

void Placer::on_message(const moesaic_mail& mail) {
  const Counts counts = read_counts(mail, hal_.info().experts);
  Pending& p = pending(counts.layer);
  hal_.charge(MOESAIC_OP_SCAN_ITEM, counts.counts.size());
  for (std::size_t i = 0; i < counts.counts.size(); ++i)
    p.demand.at(mail.source_node, static_cast<std::uint32_t>(counts.first + i)) = counts.counts[i];
  --p.mails_due;
  // A layer that this core has not heard of yet is decided when it starts.
  if (p.mails_due == 0 && counts.layer < layers_.size()) counts_are_here(counts.layer);
  end_layer_if_done();
}

void Placer::counts_are_here(std::uint32_t number) {
  const std::uint32_t layer = layers_[number];
  const Demand& now = pending(number).demand;
  if (settings_.profile == Profile::layer) {
    decide(layer, now);
    send(number, decided_.at(layer));
  } else {
    // Old counts fade.
    Demand& past = history_.emplace(layer, Demand(plan_.nodes, hal_.info().experts)).first->second;
    hal_.charge(MOESAIC_OP_SCAN_ITEM, std::uint64_t{plan_.nodes} * hal_.info().experts);
    for (std::uint32_t d = 0; d < plan_.nodes; ++d)
      for (std::uint32_t e = 0; e < hal_.info().experts; ++e)
        past.at(d, e) = past.at(d, e) / 100 * settings_.history_percent + now.at(d, e) * kHistoryScale;
    decide(layer, past);
  }
  pending_.erase(number);
  ++finished_;
}

void Placer::decide(std::uint32_t layer, const Demand& demand) {
  const ExpertPlacement placement = decide_placement(hal_.info(), settings_, demand, memory_of_);
  hal_.charge(MOESAIC_OP_SCAN_ITEM, placement.steps);
  hal_.log(MOESAIC_LOG_DEBUG, "layer " + std::to_string(layer) + ": placed " +
                                  std::to_string(placement.order.size()) + " experts in " +
                                  std::to_string(placement.steps) + " steps");
  hal_.statistic("placement_steps", "steps", static_cast<double>(placement.steps));
  decided_[layer] = entries_of(placement, settings_, demand);
}

void Placer::send(std::uint32_t number, const std::vector<OwnedExpert>& entries) {
  hal_.charge(MOESAIC_OP_SCAN_ITEM, entries.size());
  for (std::uint16_t die = 0; die < plan_.nodes; ++die) send_owners(outbox_, die, number, entries);
}

void Placer::end_layer_if_done() {
  if (ended_ == finished_ || ended_ == layers_.size()) return;
  ++ended_;
  hal_.layer_done();
}

}  // namespace moesaic::firmware::ep
