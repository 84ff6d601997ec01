// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/ep_storage.h"

#include <algorithm>

#include "firmware/lib/memory_plan.h"

namespace moesaic::firmware::ep {

Storage::Storage(Hal& hal, const Plan& plan)
    : plan_(plan),
      node_(hal.node()),
      width_(hal.info().expert_width),
      routed_(hal.info().experts),
      experts_(routed_ + hal.info().shared_experts),
      layers_(hal.info().layers) {
  for (std::uint16_t n = 0; n < plan.nodes; ++n)
    if (hal.memory_bytes(n) != 0) memories_.push_back(n);
  const std::uint64_t memories = std::max<std::size_t>(memories_.size(), 1);
  const std::uint64_t columns =
      plan.weights == Weights::everywhere ? divide_up(plan.slices.columns, memories) : plan.slices.columns;
  piece_bytes_ = memory_footprint(3 * std::uint64_t{plan.hidden} * columns);
  layer_pieces_ = std::uint64_t{plan.slices.slices} *
                  (plan.weights == Weights::owner ? plan.owners.largest() + experts_ - routed_ : experts_);
  const auto weights = [&](std::uint32_t n) {
    const bool holds =
        plan.weights != Weights::everywhere || hal.memory_bytes(static_cast<std::uint16_t>(n)) != 0;
    return holds ? layers_ * layer_pieces_ * piece_bytes_ : 0;
  };
  const auto rows = [&](std::uint32_t n, std::uint64_t row_bytes) {
    return memory_footprint(plan.homes.count(n) * row_bytes);
  };
  const auto inputs = [&](std::uint32_t n) { return rows(n, std::uint64_t{layers_} * plan.x_row_bytes()); };
  const auto results = [&](std::uint32_t n) { return rows(n, std::uint64_t{layers_} * plan.y_row_bytes()); };
  const auto partials = [&](std::uint32_t n) {
    return plan.sums_in_sram ? 0 : rows(n, std::uint64_t{plan.choices} * plan.y_row_bytes());
  };
  const std::uint64_t scratch =
      plan.capacity.padded ? memory_footprint(std::uint64_t{plan.nodes} * plan.y_row_bytes()) : 0;
  // 1. What every die needs.
  std::vector<std::uint64_t> needs;
  for (std::uint32_t n = 0; n < plan.nodes; ++n)
    needs.push_back(weights(n) + inputs(n) + results(n) + partials(n) + scratch);
  // 2. Where it lies.
  for (std::uint16_t n = 0; n < plan.nodes; ++n) {
    MemoryRegion region(hal, needs, n);
    weights_.push_back(region.take(weights(n)));
    tokens_.push_back(region.take(inputs(n)));
    const std::uint64_t outputs = region.take(results(n));
    if (n == node_) outputs_ = outputs;
    partials_.push_back(region.take(partials(n)));
    scratch_.push_back(region.take(scratch));
  }
}

std::vector<WeightPiece> Storage::pieces(std::uint32_t layer, std::uint32_t expert,
                                         std::uint32_t slice) const {
  const std::uint32_t all = columns(slice);
  const auto address = [&](std::uint32_t die, std::uint64_t held) {
    const std::uint64_t number = held * plan_.slices.slices + slice;
    return weights_[die] + (layer * layer_pieces_ + number) * piece_bytes_;
  };
  if (plan_.weights == Weights::copies)
    return {{static_cast<std::uint16_t>(node_), 0, all, address(node_, expert)}};
  if (plan_.weights == Weights::owner) {
    const bool shared = expert >= routed_;
    const auto die = static_cast<std::uint16_t>(shared ? node_ : plan_.owners.owner(expert));
    const std::uint32_t held =
        shared ? plan_.owners.largest() + expert - routed_ : plan_.owners.local(expert);
    return {{die, 0, all, address(die, held)}};
  }
  return spread_slice(all, memories_, expert + slice,
                      [&](std::uint32_t m) { return address(memories_[m], expert); });
}

std::uint32_t Storage::columns(std::uint32_t slice) const {
  return std::min(plan_.slices.columns, width_ - slice * plan_.slices.columns);
}

void Storage::place(Hal& hal) const {
  const std::uint32_t tokens = plan_.homes.count(node_);
  for (std::uint16_t layer = 0; layer < layers_; ++layer) {
    for (std::uint16_t expert = 0; expert < experts_; ++expert)
      for (std::uint32_t s = 0; s < plan_.slices.slices; ++s)
        place_pieces(hal, pieces(layer, expert, s), layer, expert, s * plan_.slices.columns);
    if (tokens == 0) continue;
    const std::uint32_t first = plan_.homes.first(node_);
    hal.place({MOESAIC_ACTIVATIONS, layer, 0, 0, first, tokens, activation(layer, node_, 0)});
    hal.place({MOESAIC_OUTPUT, layer, 0, 0, first, tokens, output(layer, 0)});
  }
}

}  // namespace moesaic::firmware::ep
