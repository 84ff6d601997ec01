// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/place_everything.h"

#include "firmware/lib/homes.h"
#include "firmware/lib/memory_plan.h"

namespace moesaic::firmware {

void place_everything(Hal& hal) {
  const moesaic_core_info& info = hal.info();
  const EvenSplit homes(info.nodes, info.tokens);
  const std::uint32_t experts = info.experts + info.shared_experts;
  const auto owner = [&](std::uint32_t e) { return e < info.experts ? e % info.nodes : 0u; };
  const std::uint64_t matrix = std::uint64_t{info.expert_width} * info.hidden;
  // 1. What every die needs.
  std::vector<std::uint64_t> needs(info.nodes, 0);
  for (std::uint32_t e = 0; e < experts; ++e) needs[owner(e)] += 3 * memory_footprint(matrix) * info.layers;
  for (std::uint32_t n = 0; n < info.nodes; ++n)
    for (const std::uint64_t row : {info.hidden, 4 * info.hidden})
      needs[n] += memory_footprint(row * homes.count(n)) * info.layers;
  MemoryRegion region(hal, needs);
  // 2. This die's part.
  for (std::uint16_t layer = 0; layer < info.layers; ++layer) {
    for (std::uint32_t e = 0; e < experts; ++e)
      for (const auto kind : {MOESAIC_GATE_WEIGHTS, MOESAIC_UP_WEIGHTS, MOESAIC_DOWN_WEIGHTS})
        if (owner(e) == info.node)
          hal.place({static_cast<std::uint16_t>(kind), layer, static_cast<std::uint16_t>(e), 0, 0,
                     info.expert_width, region.take(matrix)});
    const std::uint32_t first = homes.first(info.node);
    const std::uint32_t count = homes.count(info.node);
    if (count == 0) continue;
    hal.place(
        {MOESAIC_ACTIVATIONS, layer, 0, 0, first, count, region.take(std::uint64_t{count} * info.hidden)});
    hal.place(
        {MOESAIC_OUTPUT, layer, 0, 0, first, count, region.take(std::uint64_t{count} * info.hidden * 4)});
  }
}

}  // namespace moesaic::firmware
