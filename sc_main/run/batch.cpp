// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace moesaic {

Batch::Batch(RequestPlan plan, unsigned dies, std::uint32_t layers)
    : plan_(std::move(plan)), dies_(dies), layers_(layers) {
  make_passes();
  in_place_.assign(plan_.batch, passes_.size());
  begin_passes();
  next_layer();
}

void Batch::make_passes() {
  std::vector<std::uint32_t> passes_of(plan_.requests, 0);
  for (std::uint32_t i = 0; i < plan_.iterations; ++i) {
    std::map<std::uint32_t, std::size_t> of_request;
    for (std::uint32_t place = 0; place < plan_.batch; ++place) {
      const std::uint32_t request = plan_.at(i, place).request;
      const auto [at, fresh] = of_request.emplace(request, passes_.size());
      if (fresh) {
        Pass pass;
        pass.planned = i;
        pass.request = request;
        pass.earlier = passes_of[request]++;
        passes_.push_back(std::move(pass));
      }
      passes_[at->second].places.push_back(place);
    }
  }
}

// In the order of the plan: a pass that cannot begin keeps its places from later ones, and its request too.
void Batch::begin_passes() {
  std::vector<bool> taken(plan_.batch);
  std::vector<bool> held(plan_.requests);
  for (const std::size_t p : in_flight_) {
    held[passes_[p].request] = true;
    for (const std::uint32_t place : passes_[p].places) taken[place] = true;
  }
  for (std::size_t p = first_unbegun_; p < passes_.size() && passes_[p].planned <= iteration_; ++p) {
    Pass& pass = passes_[p];
    if (pass.begun) continue;
    const bool free = !held[pass.request] && std::none_of(pass.places.begin(), pass.places.end(),
                                                          [&](std::uint32_t place) { return taken[place]; });
    held[pass.request] = true;
    for (const std::uint32_t place : pass.places) taken[place] = true;
    if (!free) continue;
    pass.begun = true;
    pass.began = iteration_;
    in_flight_.push_back(p);
    for (const std::uint32_t place : pass.places) in_place_[place] = p;
  }
  while (first_unbegun_ < passes_.size() && passes_[first_unbegun_].begun) ++first_unbegun_;
}

bool Batch::next_layer() {
  std::uint32_t next = layers_;
  for (const std::size_t p : in_flight_) {
    if (!passes_[p].over && !passes_[p].waits) next = std::min(next, passes_[p].next);
  }
  layer_ = next;
  if (next == layers_) return false;
  for (const std::size_t p : in_flight_) {
    if (in_layer(passes_[p])) passes_[p].known = layer_ + 1;
  }
  return true;
}

bool Batch::next_iteration() {
  // 1. What has ended leaves its places.
  const auto over = [&](std::size_t p) { return passes_[p].over; };
  for (const std::size_t p : in_flight_) {
    if (!over(p)) continue;
    for (const std::uint32_t place : passes_[p].places) in_place_[place] = passes_.size();
  }
  in_flight_.erase(std::remove_if(in_flight_.begin(), in_flight_.end(), over), in_flight_.end());
  if (in_flight_.empty() && first_unbegun_ == passes_.size()) return false;
  // 2. What has waited goes on, and what may begin begins.
  ++iteration_;
  count_ = {};
  for (const std::size_t p : in_flight_) {
    passes_[p].waits = false;
    passes_[p].from = passes_[p].next;
  }
  begin_passes();
  return next_layer();
}

std::string Batch::end_layer() {
  for (const std::size_t p : in_flight_) {
    Pass& pass = passes_[p];
    if (!in_layer(pass)) continue;
    const std::uint64_t missing = dies_of(pass) & ~pass.deferred_by;
    if (pass.deferred_by != 0 && missing != 0) {
      unsigned die = 0;
      while ((missing >> die & 1) == 0) ++die;
      return fmt::format("request {} was deferred in layer {}, but not on die {}, which has tokens of it",
                         pass.request, layer_, die);
    }
    if (pass.deferred_by != 0) {
      pass.deferred_by = 0;
      pass.waits = true;
      ++count_.deferred_requests;
      count_.deferred_tokens += pass.places.size();
      continue;
    }
    pass.over = ++pass.next == layers_;
    if (!pass.over) continue;
    count_.ended += pass.places.size();
    if (plan_.at(pass.planned, pass.places.front()).phase == TokenPhase::prefill)
      count_.prefill_ended += pass.places.size();
  }
  return "";
}

std::string Batch::defer(unsigned die, std::uint32_t request) {
  for (const std::size_t p : in_flight_) {
    Pass& pass = passes_[p];
    if (pass.request != request || !in_layer(pass) || (dies_of(pass) >> die & 1) == 0) continue;
    if ((pass.deferred_by >> die & 1) != 0)
      return fmt::format("request {} was deferred twice in layer {}", request, layer_);
    pass.deferred_by |= std::uint64_t{1} << die;
    return "";
  }
  return fmt::format("request {} was deferred, which has no token on this die in layer {}", request, layer_);
}

const Batch::Pass* Batch::pass_in(std::uint32_t place) const {
  if (place >= plan_.batch || in_place_[place] == passes_.size()) return nullptr;
  return &passes_[in_place_[place]];
}

std::uint64_t Batch::dies_of(const Pass& pass) const {
  std::uint64_t dies = 0;
  for (const std::uint32_t place : pass.places) dies |= std::uint64_t{1} << die_of(place);
  return dies;
}

std::optional<std::uint32_t> Batch::running(std::uint32_t place) const {
  const Pass* pass = pass_in(place);
  if (pass == nullptr || !in_layer(*pass) || (pass->deferred_by >> die_of(place) & 1) != 0)
    return std::nullopt;
  return token(*pass, place);
}

std::optional<std::uint32_t> Batch::reached(std::uint32_t place, std::uint32_t layer) const {
  const Pass* pass = pass_in(place);
  if (pass == nullptr || layer >= pass->known) return std::nullopt;
  return token(*pass, place);
}

std::optional<std::uint32_t> Batch::passed(std::uint32_t place, std::uint32_t layer) const {
  const Pass* pass = pass_in(place);
  if (pass == nullptr || layer < pass->from || layer >= pass->next) return std::nullopt;
  return token(*pass, place);
}

std::optional<std::uint32_t> Batch::entered(std::uint32_t place) const {
  const Pass* pass = pass_in(place);
  if (pass == nullptr || pass->began != iteration_) return std::nullopt;
  return token(*pass, place);
}

std::vector<moesaic_token> Batch::tokens_of(unsigned die) const {
  std::vector<moesaic_token> tokens;
  for (std::uint32_t place = 0; place < plan_.batch; ++place) {
    if (die_of(place) != die || !running(place)) continue;
    const Pass& pass = *pass_in(place);
    const auto phase = static_cast<std::uint16_t>(plan_.at(pass.planned, place).phase);
    tokens.push_back({place, pass.request, pass.earlier, phase, 0});
  }
  return tokens;
}

}  // namespace moesaic
