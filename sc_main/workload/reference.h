// SPDX-License-Identifier: Apache-2.0
// The independent functional reference: what every token's layer output must be, bit for bit.
//
// Models: docs/numerics.md, from model, routing and seed alone, by plain loops. Knows nothing of dies, slices
// or addresses and shares no code with the tensor engine; only the procedural bytes are common.
// Does not model: time; anything but the routed and shared experts.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sc_main/workload/model.h"
#include "sc_main/workload/routing.h"

namespace moesaic {

/// A (token, expert) pair that an image has declared as dropped (MOESAIC_DROP).
struct DroppedWork {
  std::uint16_t layer = 0;
  std::uint16_t expert = 0;
  std::uint32_t token = 0;
};

/// Output of one layer: [token][hidden] int32.
std::vector<std::int32_t> reference_layer(const ModelParams& model, const Routing& routing,
                                          std::uint32_t layer, std::uint64_t seed,
                                          const std::vector<DroppedWork>& dropped = {});

/// The reference's own SiLU: entry q + 128 is silu(q / 16) * 16, rounded half away from zero.
const std::array<std::int8_t, 256>& reference_silu();

}  // namespace moesaic
