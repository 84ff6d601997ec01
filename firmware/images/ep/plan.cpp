// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/ep/plan.h"

#include <algorithm>

#include "firmware/lib/memory_plan.h"

namespace moesaic::firmware::ep {

namespace {

constexpr std::uint32_t kListEntry = sizeof(moesaic_list_entry);
constexpr unsigned kFewestQueues = 4;

/// List entries a wave may need per row: own rows to every owner, own rows for the shared experts, every
/// row for each expert it may have chosen here, received rows on their way back.
std::uint64_t entries_per_row(const moesaic_core_info& info, const ExpertOwners& owners) {
  const std::uint64_t peers = info.nodes - 1u;
  const std::uint64_t here = std::min(info.top_k, std::max(owners.largest(), 1u));
  return std::min<std::uint64_t>(peers, info.top_k) + 1 + info.nodes * here + peers;
}

Queues share_queues(unsigned available) {
  if (available < kFewestQueues)
    throw std::runtime_error("ep needs " + std::to_string(kFewestQueues) + " command queues; the core has " +
                             std::to_string(available));
  if (available >= 6) return {0, 1, 2, 3, 4, 5};
  if (available == 5) return {0, 1, 2, 3, 4, 4};
  return {0, 0, 1, 2, 3, 3};
}

}  // namespace

SliceDemand Plan::demand(const moesaic_core_info& info, const Settings& settings) {
  const ExpertOwners owners(settings.placement, info.nodes, info.experts);
  SliceDemand d;
  d.sram_bytes = info.sram_bytes;
  d.fixed_bytes = 3 * kSramAlignment;  // x, y and lists are aligned
  d.row_bytes = std::uint64_t{info.nodes} * info.hidden * 5 + entries_per_row(info, owners) * kListEntry;
  d.rows_wanted = EvenSplit(info.nodes, info.tokens).largest();
  d.row_limit = std::max(1u, 0xFFFEu / info.nodes);
  d.hidden = info.hidden;
  d.expert_width = info.expert_width;
  d.buffers = settings.prefetch;
  d.columns = settings.slice_columns;
  return d;
}

Plan::Plan(const moesaic_core_info& info, const Settings& settings)
    : nodes(info.nodes),
      hidden(info.hidden),
      homes(info.nodes, info.tokens),
      owners(settings.placement, info.nodes, info.experts),
      prefetch(settings.prefetch),
      queues(share_queues(info.command_queues)) {
  // 1. Waves and slices.
  const SliceDemand wanted = demand(info, settings);
  const auto planned = plan_slices(wanted);
  if (!planned)
    throw std::runtime_error("ep needs at least " + std::to_string(minimum_sram(wanted)) +
                             " bytes of SRAM; the die has " + std::to_string(info.sram_bytes));
  slices = *planned;
  // 2. SRAM, front to back.
  const std::uint64_t rows = std::uint64_t{slices.rows} * nodes;
  const auto aligned = [](std::uint64_t bytes) {
    return static_cast<std::uint32_t>(round_up(bytes, kSramAlignment));
  };
  x_base = 0;
  y_base = aligned(rows * hidden);
  buffer_base = y_base + aligned(rows * hidden * 4);
  buffer_bytes = static_cast<std::uint32_t>(slice_bytes(hidden, slices.columns));
  list_base = buffer(prefetch);
  list_bytes = aligned(slices.rows * entries_per_row(info, owners) * kListEntry);
  // 3. Events and slots.
  events.prefetch = static_cast<std::uint16_t>(prefetch);
  if (events.granted(nodes) > info.events)
    throw std::runtime_error("ep needs " + std::to_string(events.granted(nodes)) +
                             " event counters; the die has " + std::to_string(info.events));
  slot_per_source = nodes + 1 + prefetch <= info.slots;
}

std::uint32_t Plan::tokens(std::uint32_t die, std::uint32_t wave) const {
  const std::uint32_t begin = wave * slices.rows;
  const std::uint32_t all = homes.count(die);
  return begin >= all ? 0 : std::min(slices.rows, all - begin);
}

Storage::Storage(Hal& hal, const Plan& plan)
    : plan_(plan),
      node_(hal.node()),
      width_(hal.info().expert_width),
      experts_(hal.info().experts),
      layers_(hal.info().layers),
      owned_(plan.owners.count(hal.node())) {
  const std::uint32_t shared = hal.info().shared_experts;
  held_ = owned_ + shared;
  slice_bytes_ = memory_footprint(3 * std::uint64_t{plan.hidden} * plan.slices.columns);
  expert_bytes_ = slice_bytes_ * plan.slices.slices;
  activation_bytes_ = memory_footprint(std::uint64_t{plan.homes.count(node_)} * plan.hidden);
  output_bytes_ = memory_footprint(std::uint64_t{plan.homes.count(node_)} * plan.hidden * 4);
  std::vector<std::uint64_t> needs;
  for (std::uint32_t n = 0; n < plan.nodes; ++n) {
    const std::uint64_t tokens = plan.homes.count(n);
    const std::uint64_t one_layer = (plan.owners.count(n) + shared) * expert_bytes_ +
                                    memory_footprint(tokens * plan.hidden) +
                                    memory_footprint(tokens * plan.hidden * 4);
    needs.push_back(one_layer * layers_);
  }
  MemoryRegion region(hal, needs);
  weights_ = region.take(layers_ * held_ * expert_bytes_);
  activations_ = region.take(layers_ * activation_bytes_);
  outputs_ = region.take(layers_ * output_bytes_);
}

std::uint32_t Storage::columns(std::uint32_t slice) const {
  return std::min(plan_.slices.columns, width_ - slice * plan_.slices.columns);
}

std::uint16_t Storage::expert(std::uint32_t held) const {
  if (held < owned_) return static_cast<std::uint16_t>(plan_.owners.global(node_, held));
  return static_cast<std::uint16_t>(experts_ + held - owned_);
}

void Storage::place(Hal& hal) const {
  const std::uint32_t tokens = plan_.homes.count(node_);
  for (std::uint16_t layer = 0; layer < layers_; ++layer) {
    for (std::uint32_t held = 0; held < held_; ++held) place_expert(hal, layer, held);
    if (tokens == 0) continue;
    const std::uint32_t first = plan_.homes.first(node_);
    hal.place({MOESAIC_ACTIVATIONS, layer, 0, 0, first, tokens, activations(layer)});
    hal.place({MOESAIC_OUTPUT, layer, 0, 0, first, tokens, outputs(layer)});
  }
}

void Storage::place_expert(Hal& hal, std::uint16_t layer, std::uint32_t held) const {
  for (std::uint32_t s = 0; s < plan_.slices.slices; ++s) {
    const std::uint64_t bytes = std::uint64_t{columns(s)} * plan_.hidden;
    const std::uint32_t first = s * plan_.slices.columns;
    std::uint64_t at = slice(layer, held, s);
    for (const auto kind : {MOESAIC_GATE_WEIGHTS, MOESAIC_UP_WEIGHTS, MOESAIC_DOWN_WEIGHTS}) {
      hal.place({static_cast<std::uint16_t>(kind), layer, expert(held), 0, first, columns(s), at});
      at += bytes;
    }
  }
}

}  // namespace moesaic::firmware::ep
