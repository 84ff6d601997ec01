// SPDX-License-Identifier: Apache-2.0
// The options that images of expert parallelism share, and what they set.
#pragma once

#include "ep_plan.h"

namespace moesaic::firmware::ep {

inline constexpr moesaic_option kPrefetchOption{
    "prefetch",
    MOESAIC_OPTION_INT,
    "2",
    1,
    16,
    nullptr,
    "weight slice buffers: 2 loads one slice while the other is computed"};
inline constexpr moesaic_option kSliceColumnsOption{
    "slice_columns",
    MOESAIC_OPTION_INT,
    "0",
    0,
    65535,
    nullptr,
    "F columns of a weight slice; 0 derives them from the SRAM"};
inline constexpr moesaic_option kWeightsOption{
    "weights",
    MOESAIC_OPTION_NAME,
    "everywhere",
    0,
    0,
    "everywhere owner copies",
    "where weights lie: a piece of every slice in every memory; whole experts, dealt to the dies; or all "
    "experts in the memory of every die that computes them"};
inline constexpr moesaic_option kResultsOption{"results",
                                               MOESAIC_OPTION_NAME,
                                               "auto",
                                               0,
                                               0,
                                               "auto sram memory tree",
                                               "where partial results wait: in the home's SRAM, added up; in "
                                               "its memory, side by side; tree: in the SRAM "
                                               "of every die on the way home, added up"};
inline constexpr moesaic_option kOverlapOption{
    "overlap",
    MOESAIC_OPTION_BOOL,
    "true",
    0,
    0,
    nullptr,
    "false: rows, weights, computing and returning of a tile follow each other, one tile after the other"};
inline constexpr moesaic_option kPullsOption{
    "pulls",
    MOESAIC_OPTION_NAME,
    "batch",
    0,
    0,
    "batch single",
    "how an owner fetches rows: side by side, or one after the other"};

inline constexpr moesaic_option kDispatchOption{
    "dispatch",
    MOESAIC_OPTION_NAME,
    "pull",
    0,
    0,
    "pull push",
    "how rows get to owners: an owner loads them from their home's memory, for each expert; or the home "
    "loads "
    "a row once and sends it to all owners at once, by multicast"};

/// Order of experts: named as the choices of the option `order`.
inline Order order_named(const std::string& name) {
  return name == "paired" ? Order::paired : name == "number" ? Order::number : Order::hottest;
}

/// Sets what the options above say; an image has all of them.
inline void read_options(const Options& options, Settings& settings) {
  settings.prefetch = static_cast<std::uint32_t>(options.integer("prefetch"));
  settings.slice_columns = static_cast<std::uint32_t>(options.integer("slice_columns"));
  const std::string weights = options.name("weights");
  settings.weights = weights == "everywhere" ? Weights::everywhere
                     : weights == "owner"    ? Weights::owner
                                             : Weights::copies;
  const std::string results = options.name("results");
  settings.results = results == "sram"     ? Results::sram
                     : results == "memory" ? Results::memory
                     : results == "tree"   ? Results::tree
                                           : Results::automatic;
  settings.overlap = options.flag("overlap");
  settings.single_pulls = options.name("pulls") == "single";
}

}  // namespace moesaic::firmware::ep
