// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/storage.h"

#include "firmware/lib/memory_plan.h"

namespace moesaic::firmware::fse_dp {

Storage::Storage(Hal& hal, const Plan& plan, Placement placement)
    : plan_(plan),
      placement_(placement),
      node_(hal.node()),
      experts_(hal.info().experts + hal.info().shared_experts),
      layers_(hal.info().layers) {
  for (std::uint16_t n = 0; n < plan.nodes; ++n)
    if (hal.memory_bytes(n) != 0) memories_.push_back(n);
  const auto memories = static_cast<std::uint32_t>(std::max<std::size_t>(memories_.size(), 1));
  const auto share = [&](std::uint32_t items) { return divide_up(items, memories); };
  const bool striped = placement == Placement::striped;
  piece_bytes_ = memory_footprint(3 * std::uint64_t{plan.hidden} *
                                  (striped ? share(plan.slices.columns) : plan.slices.columns));
  layer_pieces_ = striped                          ? experts_ * plan.slices.slices
                  : placement == Placement::slices ? share(experts_ * plan.slices.slices)
                                                   : share(experts_) * plan.slices.slices;
  const auto rows_of = [&](std::uint32_t n, std::uint32_t row_bytes) {
    return memory_footprint(std::uint64_t{plan.homes.count(n)} * row_bytes);
  };
  activation_bytes_ = rows_of(node_, plan.hidden);
  output_bytes_ = rows_of(node_, plan.hidden * 4);
  // 1. What every die needs: those with memory a share of the weights, and all their own tokens.
  std::vector<std::uint64_t> needs;
  for (std::uint32_t n = 0; n < plan.nodes; ++n) {
    const std::uint64_t weights = hal.memory_bytes(n) != 0 ? layer_pieces_ * piece_bytes_ : 0;
    needs.push_back(layers_ * (weights + rows_of(n, plan.hidden) + rows_of(n, plan.hidden * 4)));
  }
  // 2. Where it lies.
  for (const std::uint16_t n : memories_)
    weights_.push_back(MemoryRegion(hal, needs, n).take(layers_ * layer_pieces_ * piece_bytes_));
  MemoryRegion own(hal, needs, node_);
  if (hal.memory_bytes(node_) != 0) own.take(layers_ * layer_pieces_ * piece_bytes_);
  activations_ = own.take(layers_ * activation_bytes_);
  outputs_ = own.take(layers_ * output_bytes_);
}

std::vector<WeightPiece> Storage::pieces(std::uint32_t layer, std::uint32_t expert,
                                         std::uint32_t slice) const {
  const std::uint32_t n = number(expert, slice), columns = plan_.columns(slice);
  const auto memories = static_cast<std::uint32_t>(memories_.size());
  const auto address = [&](std::uint32_t memory, std::uint64_t index) {
    return weights_[memory] + (layer * layer_pieces_ + index) * piece_bytes_;
  };
  if (placement_ != Placement::striped) {
    std::uint64_t index = n / memories;
    if (placement_ == Placement::experts) index = index * plan_.slices.slices + slice;
    return {{memories_[n % memories], 0, columns, address(n % memories, index)}};
  }
  return spread_slice(columns, memories_, n, [&](std::uint32_t m) { return address(m, n); });
}

void Storage::place(Hal& hal) const {
  const std::uint32_t tokens = plan_.homes.count(node_);
  for (std::uint16_t layer = 0; layer < layers_; ++layer) {
    for (std::uint16_t expert = 0; expert < experts_; ++expert)
      for (std::uint32_t s = 0; s < plan_.slices.slices; ++s)
        place_pieces(hal, pieces(layer, expert, s), layer, expert, s * plan_.slices.columns);
    if (tokens == 0) continue;
    const std::uint32_t first = plan_.homes.first(node_);
    hal.place({MOESAIC_ACTIVATIONS, layer, 0, 0, first, tokens, activations(layer)});
    hal.place({MOESAIC_OUTPUT, layer, 0, 0, first, tokens, outputs(layer)});
  }
}

}  // namespace moesaic::firmware::fse_dp
