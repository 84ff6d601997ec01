// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/slice_plan.h"

#include <algorithm>

#include "firmware/sdk/address.h"

namespace moesaic::firmware {

namespace {

/// Widest slice whose buffers fit beside `rows` rows; 0 when none does.
std::uint32_t widest(const SliceDemand& d, std::uint32_t rows) {
  const std::uint64_t used = d.fixed_bytes + rows * d.row_bytes;
  if (used >= d.sram_bytes) return 0;
  const std::uint64_t buffer = (d.sram_bytes - used) / d.buffers / kSramAlignment * kSramAlignment;
  const std::uint64_t columns = buffer / (3 * std::uint64_t{d.hidden});
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(columns, d.expert_width));
}

/// A width of at most `limit` that suits the engine.
std::uint32_t tidy(const SliceDemand& d, std::uint32_t limit) {
  const std::uint32_t wanted = divide_up(d.expert_width, kSlicesWanted);
  const std::uint32_t most = std::max(d.narrowest, d.expert_width / d.fewest_slices);
  const std::uint32_t columns =
      std::min({limit, most, static_cast<std::uint32_t>(round_up(wanted, kEngineColumns))});
  if (columns >= d.expert_width) return d.expert_width;
  if (columns < kNarrowStep) return columns;
  if (columns < kEngineColumns) return columns / kNarrowStep * kNarrowStep;
  const std::uint32_t widest = columns / kEngineColumns * kEngineColumns;
  for (std::uint32_t even = widest; even > 0; even -= kEngineColumns)
    if (d.expert_width % even == 0) return even;
  return widest;
}

SlicePlan finish(const SliceDemand& d, std::uint32_t rows, std::uint32_t columns) {
  SlicePlan plan;
  plan.columns = columns;
  plan.slices = divide_up(d.expert_width, columns);
  plan.rows = rows;
  plan.waves = divide_up(std::max(d.rows_wanted, 1u), rows);
  return plan;
}

/// Fewest waves whose rows leave room for slices of `columns`; 0 rows when none does.
std::uint32_t rows_beside(const SliceDemand& d, std::uint32_t columns) {
  const std::uint32_t wanted = std::max(d.rows_wanted, 1u);
  for (std::uint32_t waves = divide_up(wanted, d.row_limit); waves <= wanted; ++waves) {
    const std::uint32_t rows = divide_up(wanted, waves);
    if (widest(d, rows) >= columns) return rows;
  }
  return 0;
}

}  // namespace

std::uint64_t slice_bytes(std::uint32_t hidden, std::uint32_t columns) {
  return round_up(3 * std::uint64_t{hidden} * columns, kSramAlignment);
}

std::optional<SlicePlan> plan_slices(const SliceDemand& demand) {
  if (demand.columns != 0) {
    const std::uint32_t columns = std::min(demand.columns, demand.expert_width);
    const std::uint32_t rows = rows_beside(demand, columns);
    if (rows == 0) return std::nullopt;
    return finish(demand, rows, columns);
  }
  // The least width halves until at least one row fits beside it.
  std::uint32_t rows = 0;
  for (std::uint32_t least = demand.narrowest; rows == 0 && least > 0; least /= 2)
    rows = rows_beside(demand, std::min(demand.expert_width, least));
  if (rows == 0) return std::nullopt;
  const std::uint32_t columns = tidy(demand, widest(demand, rows));
  return finish(demand, rows, columns);
}

std::uint64_t minimum_sram(const SliceDemand& demand) {
  const std::uint32_t columns = demand.columns == 0 ? 1 : std::min(demand.columns, demand.expert_width);
  return demand.fixed_bytes + demand.row_bytes + demand.buffers * slice_bytes(demand.hidden, columns);
}

}  // namespace moesaic::firmware
