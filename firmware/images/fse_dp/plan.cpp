// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/plan.h"

#include <algorithm>

#include "firmware/lib/memory_plan.h"

namespace moesaic::firmware::fse_dp {

namespace {

constexpr std::uint32_t kListEntry = sizeof(moesaic_list_entry);
constexpr std::uint32_t kFewestSlots = 2;
constexpr std::uint32_t kSlotsWanted = 4;    ///< load, compute, send, arrival
constexpr std::uint32_t kMostSlots = 255;    ///< a tag has 8 bits for the slot
constexpr std::uint32_t kMostLanes = 4;      ///< a slice is on a link for a fraction of its compute time
constexpr std::uint32_t kFewestSlices = 10;  ///< the paper: 10 to 16 micro-slices per expert

/// List entries of a row: one per expert chosen, one for all shared experts together.
std::uint32_t entries_per_row(const moesaic_core_info& info) {
  return info.top_k + (info.shared_experts > 0 ? 1 : 0);
}

SliceDemand demand(const moesaic_core_info& info, const Settings& settings, std::uint32_t slots) {
  SliceDemand d;
  d.sram_bytes = info.sram_bytes;
  d.fixed_bytes = 3 * kSramAlignment;  // x, y and lists are aligned
  d.row_bytes = std::uint64_t{info.hidden} * 5 + entries_per_row(info) * kListEntry;
  d.rows_wanted = EvenSplit(info.nodes, info.tokens).largest();
  d.hidden = info.hidden;
  d.expert_width = info.expert_width;
  d.buffers = slots;
  d.columns = settings.slice_columns;
  // A pass of the engine's array costs the same for fewer columns, and a slice is computed on several dies.
  d.narrowest = kEngineColumns;
  d.fewest_slices = kFewestSlices;
  return d;
}

std::uint32_t fewest_slots(const Settings& settings) {
  return settings.slots == 0 ? kFewestSlots : settings.slots;
}

/// Fewest waves; then as many slots as wanted, and slices as wide as that allows.
SlicePlan choose_slices(const moesaic_core_info& info, const Settings& settings) {
  std::optional<SlicePlan> best;
  const std::uint32_t most = settings.slots == 0 ? kSlotsWanted : settings.slots;
  for (std::uint32_t slots = most; slots >= fewest_slots(settings); --slots) {
    const auto plan = plan_slices(demand(info, settings, slots));
    if (plan && (!best || plan->waves < best->waves)) best = plan;
  }
  if (!best)
    throw std::runtime_error("fse_dp needs at least " + std::to_string(Plan::least_sram(info, settings)) +
                             " bytes of SRAM; the die has " + std::to_string(info.sram_bytes));
  return *best;
}

void require(std::uint32_t has, std::uint32_t needs, const char* what) {
  if (has < needs)
    throw std::runtime_error("fse_dp needs " + std::to_string(needs) + " " + what + "; the die has " +
                             std::to_string(has));
}

}  // namespace

std::uint64_t Plan::least_sram(const moesaic_core_info& info, const Settings& settings) {
  return minimum_sram(demand(info, settings, fewest_slots(settings)));
}

Plan::Plan(const moesaic_core_info& info, const Settings& settings)
    : ring(info.rows, info.columns),
      nodes(info.nodes),
      hidden(info.hidden),
      width(info.expert_width),
      homes(info.nodes, info.tokens) {
  // 1. What the die must have.
  require(info.command_queues, Queues::first_lane + 1, "command queues");
  require(info.slots, kFirstSliceSlot + fewest_slots(settings), "slots");
  lanes = std::min(info.command_queues - Queues::first_lane, kMostLanes);
  events.lanes = static_cast<std::uint16_t>(lanes);
  require(info.events, events.granted(nodes), "event counters");
  // 2. Waves and slices.
  slices = choose_slices(info, settings);
  // 3. SRAM, front to back; what is left belongs to slots.
  const auto aligned = [](std::uint64_t bytes) {
    return static_cast<std::uint32_t>(round_up(bytes, kSramAlignment));
  };
  const std::uint64_t rows = slices.rows;
  x_base = 0;
  y_base = aligned(rows * hidden);
  list_base = y_base + aligned(rows * hidden * 4);
  list_bytes = aligned(rows * entries_per_row(info) * kListEntry);
  slot_base = list_base + list_bytes;
  slot_bytes = static_cast<std::uint32_t>(slice_bytes(hidden, slices.columns));
  const std::uint32_t fit = (info.sram_bytes - slot_base) / slot_bytes;
  slots = settings.slots != 0 ? settings.slots : std::min({fit, info.slots - kFirstSliceSlot, kMostSlots});
  reserved = settings.reserved_slot && nodes > 1 ? 1 : 0;
}

std::uint32_t Plan::tokens(std::uint32_t die, std::uint32_t wave) const {
  const std::uint32_t begin = wave * slices.rows;
  const std::uint32_t all = homes.count(die);
  return begin >= all ? 0 : std::min(slices.rows, all - begin);
}

Storage::Storage(Hal& hal, const Plan& plan, Placement placement)
    : plan_(plan),
      placement_(placement),
      node_(hal.node()),
      experts_(hal.info().experts + hal.info().shared_experts),
      layers_(hal.info().layers) {
  for (std::uint16_t n = 0; n < plan.nodes; ++n)
    if (hal.memory_bytes(n) != 0) memories_.push_back(n);
  slice_bytes_ = memory_footprint(3 * std::uint64_t{plan.hidden} * plan.slices.columns);
  const auto memories = static_cast<std::uint32_t>(std::max<std::size_t>(memories_.size(), 1));
  const auto share = [&](std::uint32_t items) { return (items + memories - 1) / memories; };
  layer_slices_ = placement == Placement::slices ? share(experts_ * plan.slices.slices)
                                                 : share(experts_) * plan.slices.slices;
  const auto rows_of = [&](std::uint32_t n, std::uint32_t row_bytes) {
    return memory_footprint(std::uint64_t{plan.homes.count(n)} * row_bytes);
  };
  activation_bytes_ = rows_of(node_, plan.hidden);
  output_bytes_ = rows_of(node_, plan.hidden * 4);
  // 1. What every die needs: those with memory a share of the weights, and all their own tokens.
  std::vector<std::uint64_t> needs;
  for (std::uint32_t n = 0; n < plan.nodes; ++n) {
    const std::uint64_t weights = hal.memory_bytes(n) != 0 ? layer_slices_ * slice_bytes_ : 0;
    needs.push_back(layers_ * (weights + rows_of(n, plan.hidden) + rows_of(n, plan.hidden * 4)));
  }
  // 2. Where it lies.
  for (const std::uint16_t n : memories_)
    weights_.push_back(MemoryRegion(hal, needs, n).take(layers_ * layer_slices_ * slice_bytes_));
  MemoryRegion own(hal, needs, node_);
  if (hal.memory_bytes(node_) != 0) own.take(layers_ * layer_slices_ * slice_bytes_);
  activations_ = own.take(layers_ * activation_bytes_);
  outputs_ = own.take(layers_ * output_bytes_);
}

std::uint64_t Storage::slice(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice) const {
  const std::uint32_t n = number(expert, slice);
  const std::size_t memory = n % memories_.size();
  std::uint64_t index = n / memories_.size();
  if (placement_ == Placement::experts) index = index * plan_.slices.slices + slice;
  return weights_[memory] + (layer * layer_slices_ + index) * slice_bytes_;
}

void Storage::place(Hal& hal) const {
  const std::uint32_t tokens = plan_.homes.count(node_);
  for (std::uint16_t layer = 0; layer < layers_; ++layer) {
    for (std::uint16_t expert = 0; expert < experts_; ++expert)
      for (std::uint32_t s = 0; s < plan_.slices.slices; ++s)
        if (plan_.ring.die(memory(expert, s)) == node_) place_slice(hal, layer, expert, s);
    if (tokens == 0) continue;
    const std::uint32_t first = plan_.homes.first(node_);
    hal.place({MOESAIC_ACTIVATIONS, layer, 0, 0, first, tokens, activations(layer)});
    hal.place({MOESAIC_OUTPUT, layer, 0, 0, first, tokens, outputs(layer)});
  }
}

void Storage::place_slice(Hal& hal, std::uint16_t layer, std::uint16_t expert, std::uint32_t s) const {
  std::uint64_t at = slice(layer, expert, s);
  for (const auto kind : {MOESAIC_GATE_WEIGHTS, MOESAIC_UP_WEIGHTS, MOESAIC_DOWN_WEIGHTS}) {
    hal.place(
        {static_cast<std::uint16_t>(kind), layer, expert, 0, s * plan_.slices.columns, plan_.columns(s), at});
    at += std::uint64_t{plan_.columns(s)} * plan_.hidden;
  }
}

}  // namespace moesaic::firmware::fse_dp
