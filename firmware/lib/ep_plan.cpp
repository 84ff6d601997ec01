// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/ep_plan.h"

#include <algorithm>

namespace moesaic::firmware::ep {

namespace {

constexpr std::uint32_t kListEntry = sizeof(moesaic_list_entry);
constexpr std::uint32_t kListsPerRow = 3;  ///< where x comes from, what is computed, where y goes
/// A tile of at least so many rows costs the default engine more time than its weights cost the memory.
constexpr std::uint32_t kRowsWanted = 64;
/// An expert of more SRAMs than this takes so long that handing over the only area does not matter.
constexpr std::uint64_t kLargeExpert = 16;

/// What decides the layout of SRAM beside its size.
struct Shape {
  bool sums_in_sram;
  std::uint32_t areas;
};

std::uint32_t aligned(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(round_up(bytes, kSramAlignment));
}

std::uint32_t choices_of(const moesaic_core_info& info) {
  return info.top_k + info.shared_experts;
}

/// Rows that an area must have room for even if a tile is smaller: the partial results of one token.
std::uint32_t rows_of_a_sum(const moesaic_core_info& info, const Shape& shape) {
  return shape.sums_in_sram ? 0 : choices_of(info);
}

bool may_drop(const Settings& settings) {
  return settings.capacity.formula != Capacity::Formula::none || settings.token_threshold > 0;
}

/// List entries of a row that is added up: which are there, where that is in question, and what is added to
/// what.
std::uint32_t lists_per_sum(const Settings& settings) {
  return may_drop(settings) ? 2 : 1;
}

std::uint64_t sums_bytes(const moesaic_core_info& info, const Settings& settings) {
  const std::uint64_t rows =
      settings.results == Results::tree ? info.tokens : EvenSplit(info.nodes, info.tokens).largest();
  return aligned(rows * info.hidden * 4);
}
bool wants_sums_in_sram(const Settings& settings) {
  return settings.results == Results::sram || settings.results == Results::tree;
}

/// The rows of all tokens, and the list by which own ones are sent.
std::uint64_t push_list_bytes(const moesaic_core_info& info) {
  return aligned(std::uint64_t{EvenSplit(info.nodes, info.tokens).largest()} * kListEntry);
}
std::uint64_t pushed_bytes(const moesaic_core_info& info) {
  return aligned(std::uint64_t{info.tokens} * info.hidden) + push_list_bytes(info);
}

SliceDemand demand(const moesaic_core_info& info, const Settings& settings, const Shape& shape) {
  SliceDemand d;
  const std::uint64_t y_row = std::uint64_t{info.hidden} * 4;
  d.sram_bytes = info.sram_bytes;
  d.fixed_bytes = shape.areas * (3 * kSramAlignment +
                                 rows_of_a_sum(info, shape) * (y_row + lists_per_sum(settings) * kListEntry));
  if (shape.sums_in_sram) d.fixed_bytes += 2 * sums_bytes(info, settings);
  if (settings.push) d.fixed_bytes += pushed_bytes(info);
  d.row_bytes = shape.areas * (y_row + (settings.push ? 0 : info.hidden) + kListsPerRow * kListEntry);
  d.rows_wanted = info.tokens;
  d.hidden = info.hidden;
  d.expert_width = info.expert_width;
  d.buffers = settings.prefetch;
  d.columns = settings.slice_columns;
  d.narrowest = kEngineColumns;  // a pass of the engine's array costs the same for fewer columns
  return d;
}

bool large_experts(const moesaic_core_info& info) {
  return 3 * std::uint64_t{info.hidden} * info.expert_width > kLargeExpert * info.sram_bytes;
}

/// In order of preference; the last one needs least SRAM.
std::vector<Shape> shapes(const moesaic_core_info& info, const Settings& settings) {
  if (!settings.overlap) return {{wants_sums_in_sram(settings), 1}};
  if (wants_sums_in_sram(settings)) return {{true, 2}, {true, 1}};
  // Results in SRAM spare the memory their way there and back, which counts where experts are small.
  const bool sums_fit = 2 * sums_bytes(info, settings) <= info.sram_bytes / 3;
  std::vector<Shape> out;
  if (!large_experts(info)) {
    if (settings.results == Results::automatic && sums_fit) out.push_back({true, 2});
    out.push_back({false, 2});
  }
  out.push_back({false, 1});
  return out;
}

}  // namespace

std::uint32_t Capacity::rows(std::uint32_t tokens, std::uint32_t experts, std::uint32_t top_k) const {
  const std::uint64_t factor = factor_percent;
  std::uint64_t rows = tokens;
  // DeepSpeed's gates: ceil(S / E * CF), with 2 CF for two experts per token: k CF here. Tutel: k int(CF
  // ceil(T / E)).
  if (formula == Formula::deepspeed)
    rows = divide_up(std::uint64_t{tokens} * factor * top_k, 100ull * experts);
  if (formula == Formula::tutel) rows = top_k * (factor * divide_up(tokens, experts) / 100);
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(rows, least));
}

std::uint64_t Plan::least_sram(const moesaic_core_info& info, const Settings& settings) {
  return minimum_sram(demand(info, settings, shapes(info, settings).back()));
}

Plan::Plan(const moesaic_core_info& info, const Settings& settings)
    : nodes(info.nodes),
      hidden(info.hidden),
      experts(info.experts),
      top_k(info.top_k),
      dynamic(settings.assignment != Assignment::fixed),
      asks_scheduler(dynamic && settings.profile != Profile::offline),
      choices(choices_of(info)),
      homes(info.nodes, info.tokens),
      owners(settings.placement, info.nodes, info.experts),
      weights(settings.weights),
      overlap(settings.overlap),
      single_pulls(settings.single_pulls),
      push(settings.push),
      cam(settings.cam),
      capacity(settings.capacity),
      prefetch(settings.prefetch),
      tree(settings.results == Results::tree),
      columns_(info.columns) {
  const auto require = [&](std::uint64_t has, std::uint64_t needs, const char* what) {
    if (has < needs)
      throw std::runtime_error(std::string(settings.image) + " needs at least " + std::to_string(needs) +
                               " " + what + "; the die has " + std::to_string(has));
  };
  // 1. What the die must have.
  events.prefetch = static_cast<std::uint16_t>(prefetch);
  events.nodes = static_cast<std::uint16_t>(nodes);
  require(info.command_queues, Queues::count, "command queues");
  require(info.events,
          tree   ? events.gathered(nodes)
          : push ? events.arrived(nodes)
                 : events.granted(nodes),
          "event counters");
  if (homes.largest() >= 0xFFFF)
    throw std::runtime_error(std::string(settings.image) + " numbers at most 65534 tokens per die");
  if (push && capacity.padded)
    throw std::runtime_error(std::string(settings.image) +
                             ": dispatch=push sends rows of tokens, not of padding: say padded=false");
  if (push && info.tokens > 0x10000)
    throw std::runtime_error(std::string(settings.image) + ": dispatch=push numbers at most 65536 tokens");
  if (dynamic && settings.profile == Profile::offline && info.oracle == 0)
    throw std::runtime_error(std::string(settings.image) +
                             ": owners are planned from the routing that will be run: say run.oracle=true");
  require(info.sram_bytes, least_sram(info, settings), "bytes of SRAM");
  // 2. Tiles and slices.
  const std::vector<Shape> all = shapes(info, settings);
  std::optional<SlicePlan> found;
  Shape shape{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    shape = all[i];
    found = plan_slices(demand(info, settings, shape));
    if (found && found->rows >= std::min(kRowsWanted, info.tokens)) break;
  }
  slices = *found;
  sums_in_sram = shape.sums_in_sram;
  areas = shape.areas;
  require(info.slots, prefetch + (sums_in_sram ? 3 : 1) + (push ? 1 : 0), "slots");
  // 3. SRAM, front to back.
  const std::uint32_t sums = sums_in_sram ? static_cast<std::uint32_t>(sums_bytes(info, settings)) : 0;
  sums_base = 0;
  returned_base = sums;
  pushed_base = 2 * sums;
  push_list =
      pushed_base + (push ? static_cast<std::uint32_t>(pushed_bytes(info) - push_list_bytes(info)) : 0);
  buffer_base_ = push_list + (push ? static_cast<std::uint32_t>(push_list_bytes(info)) : 0);
  buffer_bytes = static_cast<std::uint32_t>(slice_bytes(hidden, slices.columns));
  area_base = buffer(prefetch);
  const std::uint32_t sum_rows = rows_of_a_sum(info, shape);
  x_offset_ = aligned(std::uint64_t{slices.rows + sum_rows} * y_row_bytes());
  area_bytes = x_offset_ + (push ? 0 : aligned(std::uint64_t{slices.rows} * hidden));
  list_bytes = aligned((kListsPerRow * slices.rows + lists_per_sum(settings) * sum_rows) * kListEntry);
  sum_lists_ = lists_per_sum(settings);
}

std::uint16_t Plan::toward(std::uint32_t die, std::uint32_t home) const {
  const std::uint32_t x = die % columns_, y = die / columns_;
  const std::uint32_t to_x = home % columns_, to_y = home / columns_;
  if (x != to_x) return static_cast<std::uint16_t>(to_x > x ? die + 1 : die - 1);
  if (y != to_y) return static_cast<std::uint16_t>(to_y > y ? die + columns_ : die - columns_);
  return static_cast<std::uint16_t>(die);
}

std::uint32_t Plan::below(std::uint32_t die, std::uint32_t home) const {
  std::uint32_t count = 0;
  for (std::uint32_t other = 0; other < nodes; ++other)
    if (other != die && other != home && toward(other, home) == die) ++count;
  return count;
}

bool Plan::passes_sums(std::uint32_t from, std::uint32_t to) const {
  for (std::uint32_t home = 0; home < nodes; ++home)
    if (home != from && homes.count(home) > 0 && toward(from, home) == to) return true;
  return false;
}

std::uint32_t Plan::tokens_per_sum() const {
  return std::min(area_bytes / (choices * y_row_bytes()), list_bytes / (sum_lists_ * choices * kListEntry));
}

}  // namespace moesaic::firmware::ep
