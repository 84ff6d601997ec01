// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/naive_fse_dp/plan.h"

#include <algorithm>

#include "firmware/lib/memory_plan.h"
#include "firmware/lib/weight_pieces.h"

namespace moesaic::firmware::naive_fse_dp {

namespace {

constexpr std::uint32_t kListEntry = sizeof(moesaic_list_entry);
constexpr std::uint32_t kBuffers = 2;  ///< the slice that is here, and the one that comes

SliceDemand demand(const moesaic_core_info& info, std::uint32_t columns) {
  SliceDemand d;
  d.sram_bytes = info.sram_bytes;
  d.fixed_bytes = 3 * kSramAlignment;
  d.row_bytes = std::uint64_t{info.hidden} * 5 + (info.top_k + info.shared_experts) * kListEntry;
  d.rows_wanted = EvenSplit(info.nodes, info.tokens).largest();
  d.hidden = info.hidden;
  d.expert_width = info.expert_width;
  d.buffers = kBuffers;
  d.columns = columns;
  return d;
}

/// The widest slices with which every die has the same number of them and the layer has fewest waves.
std::optional<SlicePlan> choose(const moesaic_core_info& info, const Settings& settings) {
  if (settings.slice_columns != 0) return plan_slices(demand(info, settings.slice_columns));
  std::optional<SlicePlan> best;
  for (std::uint32_t rounds = 1;; ++rounds) {
    const std::uint32_t parts = info.nodes * rounds;
    const std::uint32_t columns = divide_up(info.expert_width, parts);
    const auto plan = plan_slices(demand(info, columns));
    if (plan && (!best || plan->waves < best->waves)) best = plan;
    if (columns == 1 || (best && best->waves == 1)) return best;
  }
}

}  // namespace

std::uint64_t Plan::least_sram(const moesaic_core_info& info, const Settings& settings) {
  return minimum_sram(demand(info, settings.slice_columns));
}

Plan::Plan(const moesaic_core_info& info, const Settings& settings)
    : ring(snake_order(info.rows, info.columns), info.columns),
      nodes(info.nodes),
      hidden(info.hidden),
      width(info.expert_width),
      experts(info.experts + info.shared_experts),
      homes(info.nodes, info.tokens) {
  const auto require = [](std::uint64_t has, std::uint64_t needs, const char* what) {
    if (has < needs)
      throw std::runtime_error("naive_fse_dp needs at least " + std::to_string(needs) + " " + what +
                               "; the die has " + std::to_string(has));
  };
  require(info.events, Events::count, "event counters");
  require(info.slots, 1 + kBuffers, "slots");
  require(info.sram_bytes, least_sram(info, settings), "bytes of SRAM");
  slices = *choose(info, settings);
  rounds = divide_up(slices.slices, nodes);
  const auto aligned = [](std::uint64_t bytes) {
    return static_cast<std::uint32_t>(round_up(bytes, kSramAlignment));
  };
  y_base = aligned(std::uint64_t{slices.rows} * hidden);
  buffer_base = y_base + aligned(std::uint64_t{slices.rows} * hidden * 4);
  buffer_bytes = static_cast<std::uint32_t>(slice_bytes(hidden, slices.columns));
  list_base = buffer_base + kBuffers * buffer_bytes;
}

Storage::Storage(Hal& hal, const Plan& plan)
    : plan_(plan),
      node_(hal.node()),
      layers_(hal.info().layers),
      slice_bytes_(memory_footprint(3 * std::uint64_t{plan.hidden} * plan.slices.columns)) {
  const std::uint64_t weights = std::uint64_t{layers_} * plan.experts * plan.rounds * slice_bytes_;
  const auto rows = [&](std::uint32_t n, std::uint32_t bytes) {
    return layers_ * memory_footprint(std::uint64_t{plan.homes.count(n)} * plan.hidden * bytes);
  };
  std::vector<std::uint64_t> needs;
  for (std::uint32_t n = 0; n < plan.nodes; ++n) needs.push_back(weights + rows(n, 1) + rows(n, 4));
  MemoryRegion region(hal, needs);
  weights_ = region.take(weights);
  activations_ = region.take(rows(node_, 1));
  outputs_ = region.take(rows(node_, 4));
}

std::uint64_t Storage::row_region(std::uint32_t bytes_per_value) const {
  return memory_footprint(std::uint64_t{plan_.homes.count(node_)} * plan_.hidden * bytes_per_value);
}

void Storage::place(Hal& hal) const {
  const std::uint32_t first = plan_.homes.first(node_), tokens = plan_.homes.count(node_);
  for (std::uint16_t layer = 0; layer < layers_; ++layer) {
    for (std::uint16_t expert = 0; expert < plan_.experts; ++expert)
      for (std::uint32_t round = 0; round < plan_.rounds; ++round) {
        const std::uint32_t s = round * plan_.nodes + plan_.ring.place(node_);
        if (plan_.columns(s) == 0) continue;
        place_columns(hal, layer, expert, s * plan_.slices.columns, plan_.columns(s),
                      slice(layer, expert, round));
      }
    if (tokens == 0) continue;
    hal.place({MOESAIC_ACTIVATIONS, layer, 0, 0, first, tokens, activations(layer)});
    hal.place({MOESAIC_OUTPUT, layer, 0, 0, first, tokens, outputs(layer)});
  }
}

}  // namespace moesaic::firmware::naive_fse_dp
