// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/conservation.h"

#include <fmt/format.h>

#include <algorithm>

namespace moesaic {

namespace {
constexpr std::size_t kShownViolations = 10;
}

Conservation::Conservation(const ModelParams& model, const Routing& routing)
    : model_(model),
      routing_(routing),
      computed_(std::size_t{routing.layers} * routing.tokens * (routing.top_k + model.shared_experts)) {}

std::size_t Conservation::pair_index(std::uint32_t layer, std::uint32_t token, std::uint32_t slot) const {
  return (std::size_t{layer} * routing_.tokens + token) * pairs_per_token() + slot;
}

std::uint32_t Conservation::slot_of(std::uint32_t layer, std::uint32_t token, std::uint32_t expert) const {
  if (expert >= model_.experts)
    return std::min(routing_.top_k + (expert - model_.experts), pairs_per_token());
  const ChoiceRow row = routing_.row(layer, token);
  const auto* found =
      std::find_if(row.begin(), row.end(), [&](const Choice& c) { return c.expert == expert; });
  return found == row.end() ? pairs_per_token() : static_cast<std::uint32_t>(found - row.begin());
}

std::uint32_t Conservation::expert_of(std::uint32_t layer, std::uint32_t token, std::uint32_t slot) const {
  if (slot >= routing_.top_k) return model_.experts + slot - routing_.top_k;
  return routing_.row(layer, token)[slot].expert;
}

// "token 3"; "token 3 of iteration 2" where there are several.
std::string Conservation::name_of(std::uint32_t token) const {
  if (routing_.iterations == 1) return fmt::format("token {}", token);
  return fmt::format("token {} of iteration {}", token % routing_.batch(), token / routing_.batch());
}

void Conservation::stranger(std::uint32_t layer, std::uint32_t expert, std::uint32_t token) {
  ++stranger_count_;
  if (strangers_.size() == kShownViolations) return;
  strangers_.push_back(
      fmt::format("layer {}: expert {} was computed for {}, which does not use it", layer, expert,
                  token < routing_.tokens ? name_of(token) : fmt::format("token {}", token)));
}

void Conservation::retired(const RetiredSlice& slice) {
  for (const std::uint32_t token : slice.tokens) {
    if (token == MOESAIC_NO_TOKEN) {
      padding_[{slice.layer, slice.expert}].computed_columns += slice.f_count;
      continue;
    }
    ++slices_;
    const bool known = slice.layer < routing_.layers && token < routing_.tokens;
    const std::uint32_t slot = known ? slot_of(slice.layer, token, slice.expert) : pairs_per_token();
    if (slot < pairs_per_token()) {
      computed_[pair_index(slice.layer, token, slot)].push_back(
          {slice.f_begin, slice.f_begin + slice.f_count});
    } else {
      stranger(slice.layer, slice.expert, token);
    }
  }
}

bool Conservation::touched(std::uint32_t layer, std::uint32_t token) const {
  for (std::uint32_t slot = 0; slot < pairs_per_token(); ++slot)
    if (!computed_[pair_index(layer, token, slot)].empty()) return true;
  return false;
}

void Conservation::declare(const moesaic_deviation& d) {
  if (d.kind == MOESAIC_PAD) {
    padding_[{d.layer, d.expert}].declared_rows += d.token;
    return;
  }
  (d.kind == MOESAIC_DROP ? dropped_ : recomputed_).insert({d.layer, d.token, d.expert});
}

bool Conservation::is_dropped(std::uint32_t layer, std::uint32_t token, std::uint32_t expert) const {
  return dropped_.count({layer, token, expert}) > 0;
}

std::vector<DroppedWork> Conservation::dropped() const {
  std::vector<DroppedWork> work;
  for (const auto& [layer, token, expert] : dropped_) {
    work.push_back({static_cast<std::uint16_t>(layer), static_cast<std::uint16_t>(expert), token});
  }
  return work;
}

std::vector<DeviationCount> Conservation::deviations() const {
  std::vector<DeviationCount> counts;
  if (!dropped_.empty()) counts.push_back({"drop", dropped_.size()});
  if (!recomputed_.empty()) counts.push_back({"recompute", recomputed_.size()});
  std::uint64_t padding = 0;
  for (const auto& entry : padding_) padding += entry.second.declared_rows;
  if (padding > 0) counts.push_back({"padding", padding});
  return counts;
}

void Conservation::check_padding(WorkCount& count) const {
  for (const auto& [key, padding] : padding_) {
    if (padding.computed_columns == padding.declared_rows * model_.expert_width) continue;
    ++count.violation_count;
    if (count.violations.size() < kShownViolations)
      count.violations.push_back(fmt::format(
          "layer {}, expert {}: {} columns of padding were computed; declared were {} rows of {} columns",
          key.first, key.second, padding.computed_columns, padding.declared_rows, model_.expert_width));
  }
}

void Conservation::check_pair(std::uint32_t layer, std::uint32_t token, std::uint32_t slot,
                              WorkCount& count) const {
  const std::uint32_t expert = expert_of(layer, token, slot);
  std::vector<Columns> columns = computed_[pair_index(layer, token, slot)];
  const auto violation = [&](const std::string& what) {
    ++count.violation_count;
    if (count.violations.size() < kShownViolations) {
      count.violations.push_back(
          fmt::format("layer {}, {}, expert {}: {}", layer, name_of(token), expert, what));
    }
  };
  ++count.pairs;
  if (is_dropped(layer, token, expert)) {
    if (!columns.empty()) violation("declared as dropped, but computed");
    return;
  }
  count.macs += std::uint64_t{3} * model_.hidden * model_.expert_width;
  std::sort(columns.begin(), columns.end(),
            [](const Columns& a, const Columns& b) { return a.begin < b.begin; });
  const bool may_repeat = recomputed_.count({layer, token, expert}) > 0;
  std::uint32_t done = 0;
  for (const Columns& c : columns) {
    if (c.begin > done) violation(fmt::format("columns {} to {} were not computed", done, c.begin - 1));
    if (c.begin < done && !may_repeat)
      violation(fmt::format("columns {} to {} were computed twice", c.begin, done - 1));
    done = std::max(done, c.end);
  }
  if (done < model_.expert_width) {
    violation(fmt::format("columns {} to {} were not computed", done, model_.expert_width - 1));
  } else if (done > model_.expert_width) {
    violation(fmt::format("columns beyond {} were computed", model_.expert_width - 1));
  }
}

WorkCount Conservation::result() const {
  WorkCount count;
  count.slices = slices_;
  count.violations = strangers_;
  count.violation_count = stranger_count_;
  check_padding(count);
  for (std::uint32_t layer = 0; layer < routing_.layers; ++layer) {
    for (std::uint32_t token = 0; token < routing_.tokens; ++token) {
      for (std::uint32_t slot = 0; slot < pairs_per_token(); ++slot) check_pair(layer, token, slot, count);
    }
  }
  return count;
}

}  // namespace moesaic
