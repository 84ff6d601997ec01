// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/plan.h"

#include <string>

namespace moesaic::firmware::fse_dp {

namespace {

constexpr std::uint32_t kListEntry = sizeof(moesaic_list_entry);
constexpr std::uint32_t kFewestSlots = 2;
constexpr std::uint32_t kSlotsWanted = 4;    ///< load, compute, send, arrival
constexpr std::uint32_t kMostSlots = 255;    ///< a tag has 8 bits for the slot
constexpr std::uint32_t kMostLanes = 12;     ///< arrivals of a die under way at once, if it has the queues
constexpr std::uint32_t kMostLevels = 4;     ///< a short tour seldom needs more descents
constexpr std::uint32_t kFewestSlices = 10;  ///< the paper: 10 to 16 micro-slices per expert
constexpr std::uint32_t kArrayRows = 32;     ///< of the default 32x64 tensor engine

/// List entries of a row: one per expert chosen, one for all shared experts together.
std::uint32_t entries_per_row(const moesaic_core_info& info) {
  return info.top_k + (info.shared_experts > 0 ? 1 : 0);
}

std::uint64_t row_bytes(const moesaic_core_info& info) {
  return std::uint64_t{info.hidden} * 5 + entries_per_row(info) * kListEntry;
}

constexpr std::uint64_t kFixedBytes = 3 * kSramAlignment;  // x, y and lists are aligned

/// The width that an option asks for; 0 when none does.
std::uint32_t wanted_columns(const moesaic_core_info& info, const Settings& settings) {
  if (settings.slice_columns != 0) return std::min(settings.slice_columns, info.expert_width);
  if (settings.micro_slices != 0)
    return divide_up(info.expert_width, std::min(settings.micro_slices, info.expert_width));
  return 0;
}

/// A width of at most `most` that suits the engine: whole passes of the array where there is room, equal
/// slices where not, and enough slices to overlap.
std::uint32_t suited_columns(std::uint32_t width, std::uint32_t most) {
  const std::uint32_t limit = std::min(most, std::max(kEngineColumns, width / kFewestSlices));
  if (limit >= width) return width;
  if (limit < kEngineColumns) return divide_up(width, divide_up(width, limit));
  const std::uint32_t widest = limit / kEngineColumns * kEngineColumns;
  for (std::uint32_t even = widest; even > 0; even -= kEngineColumns)
    if (width % even == 0) return even;
  return widest;
}

/// What a layer costs the engine of a die, in cycles: a pass of its array takes the longer of filling its
/// rows and streaming the tokens of the expert. Half of the choices are taken to fall on an eighth of the
/// experts. Few slots let loads and sends hold the engine up: the percents are measured (docs/fse-dp.md).
std::uint64_t engine_cycles(const moesaic_core_info& info, const Settings& settings, const SlicePlan& plan,
                            std::uint32_t slots) {
  const std::uint64_t pairs = std::uint64_t{plan.rows} * info.top_k;
  const std::uint64_t experts = std::max<std::uint64_t>(1, std::min<std::uint64_t>(info.experts, pairs));
  const std::uint64_t hot = (experts + 7) / 8, cold = experts - hot;
  const auto pass = [&](std::uint64_t fill) {
    return std::max(pairs / 2, hot * fill) + std::max(pairs / 2, cold * fill);
  };
  const std::uint64_t up = 2 * divide_up(info.hidden, kArrayRows) * divide_up(plan.columns, kEngineColumns);
  const std::uint64_t down = divide_up(plan.columns, kArrayRows) * divide_up(info.hidden, kEngineColumns);
  const std::uint64_t slice = up * pass(kArrayRows) + down * pass(std::min(plan.columns, kArrayRows));
  const bool chains = settings.control == Control::chains;
  const std::uint64_t percent = slots >= kSlotsWanted ? 100 : slots == 3 ? 110 : chains ? 115 : 130;
  return plan.waves * plan.slices * slice * percent / 100;
}

/// Waves, slots and width with which the engine is done first.
SlicePlan choose_slices(const moesaic_core_info& info, const Settings& settings) {
  const std::uint32_t wanted = std::max(EvenSplit(info.nodes, info.tokens).largest(), 1u);
  const std::uint32_t fixed_columns = wanted_columns(info, settings);
  SlicePlan best;
  std::uint64_t least = UINT64_MAX;
  for (std::uint32_t waves = divide_up(wanted, 65535), before = 0; waves <= wanted; ++waves) {
    const std::uint32_t rows = divide_up(wanted, waves);
    if (rows == before) continue;
    before = rows;
    const std::uint64_t used = kFixedBytes + rows * row_bytes(info);
    if (used >= info.sram_bytes) continue;
    const std::uint32_t most_slots = settings.slots == 0 ? kSlotsWanted : settings.slots;
    const std::uint32_t fewest = settings.slots == 0 ? kFewestSlots : settings.slots;
    for (std::uint32_t slots = most_slots; slots >= fewest; --slots) {
      const std::uint64_t buffer = (info.sram_bytes - used) / slots / kSramAlignment * kSramAlignment;
      const auto most = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(buffer / (3 * std::uint64_t{info.hidden}), info.expert_width));
      if (most == 0 || most < fixed_columns) continue;
      SlicePlan plan;
      plan.columns = fixed_columns != 0 ? fixed_columns : suited_columns(info.expert_width, most);
      plan.slices = divide_up(info.expert_width, plan.columns);
      plan.rows = rows;
      plan.waves = divide_up(wanted, rows);
      const std::uint64_t cycles = engine_cycles(info, settings, plan, slots);
      if (cycles < least) least = cycles, best = plan;
    }
  }
  if (best.columns == 0)
    throw std::runtime_error("fse_dp needs at least " + std::to_string(Plan::least_sram(info, settings)) +
                             " bytes of SRAM; the die has " + std::to_string(info.sram_bytes));
  return best;
}

void require(std::uint32_t has, std::uint32_t needs, const char* what) {
  if (has < needs)
    throw std::runtime_error("fse_dp needs " + std::to_string(needs) + " " + what + "; the die has " +
                             std::to_string(has));
}

std::uint32_t fewest_slots(const Settings& settings) {
  return settings.slots == 0 ? kFewestSlots : settings.slots;
}

}  // namespace

std::uint64_t Plan::least_sram(const moesaic_core_info& info, const Settings& settings) {
  const std::uint32_t columns = std::max(wanted_columns(info, settings), 1u);
  return kFixedBytes + row_bytes(info) + fewest_slots(settings) * slice_bytes(info.hidden, columns);
}

Plan::Plan(const moesaic_core_info& info, const Settings& settings)
    : ring(settings.ring == RingOrder::spiral ? spiral_order(info.rows, info.columns)
                                              : snake_order(info.rows, info.columns),
           info.columns),
      nodes(info.nodes),
      hidden(info.hidden),
      width(info.expert_width),
      homes(info.nodes, info.tokens) {
  // 1. What the die must have.
  const bool chains = settings.control == Control::chains;
  require(info.command_queues, Queues::first_lane + 1, "command queues");
  require(info.slots, kFirstSliceSlot + fewest_slots(settings), "slots");
  lanes = std::min(info.command_queues - Queues::first_lane, kMostLanes);
  events.lanes = static_cast<std::uint16_t>(lanes);
  events.slots = static_cast<std::uint16_t>(fewest_slots(settings));
  require(info.events, chains ? events.credit(nodes) : events.granted(nodes), "event counters");
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
  const std::uint32_t counters = chains ? (info.events - 2 - nodes) / 2 : kMostSlots;
  slots = settings.slots != 0 ? settings.slots
                              : std::min({fit, info.slots - kFirstSliceSlot, kMostSlots, counters});
  events.slots = static_cast<std::uint16_t>(slots);
  levels = !settings.reserved_slot || nodes == 1  ? 1
           : settings.ring == RingOrder::shortest ? std::min(slots, kMostLevels)
                                                  : 2;
}

std::uint32_t Plan::tokens(std::uint32_t die, std::uint32_t wave) const {
  const std::uint32_t begin = wave * slices.rows;
  const std::uint32_t all = homes.count(die);
  return begin >= all ? 0 : std::min(slices.rows, all - begin);
}

}  // namespace moesaic::firmware::fse_dp
