// SPDX-License-Identifier: Apache-2.0
// Synthetic routing from the figures of a profile (RoutingParams). What it makes is labelled synthetic.
//
// Models: per layer a popularity order of the experts; choices that repeat the previous token's, follow the
// same token's choices of the previous layer, or come from the co-activation group the token belongs to,
// each with its own probability; the rest is drawn by popularity, without replacement.
// Does not model: text; anything that a router learns beyond these four figures.
//
// Integers only: the same seed gives the same routing on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "sc_main/workload/routing.h"

namespace moesaic {

/// Throws a UserError when the profile does not fit the model or no number of tokens is given.
Routing generate_routing(const ModelParams& model, const WorkloadParams& workload, std::uint64_t seed);

/// Weights by popularity rank, largest first; 2^32 for rank 1. For r^-exponent by integer arithmetic:
/// log2 and exp2 are computed bit by bit, with an error below 2^-24.
std::vector<std::uint64_t> popularity_weights(const RoutingParams& profile, std::uint32_t experts);

}  // namespace moesaic
