// SPDX-License-Identifier: Apache-2.0
// hydra: expert parallelism whose experts go where their tokens are: simulated annealing over how many tokens
// each die has for each expert, weighted with hops. A reconstruction of Hydra (DAC
// 2025, 10.1109/DAC63849.2025.11133023) from its abstract; what is reconstructed and what cannot be is in
// docs/baselines.md.
#include "firmware/sdk/image.h"

#include "firmware/lib/ep_agent.h"
#include "firmware/lib/ep_options.h"

namespace {

using namespace moesaic::firmware;

ep::Settings settings_of(const Options& options) {
  ep::Settings settings;
  settings.image = "hydra";
  ep::read_options(options, settings);
  settings.assignment = ep::Assignment::annealed;
  const std::string profile = options.name("profile");
  settings.profile = profile == "history"   ? ep::Profile::history
                     : profile == "offline" ? ep::Profile::offline
                                            : ep::Profile::layer;
  settings.order = ep::order_named(options.name("order"));
  settings.annealing.iterations = static_cast<std::uint32_t>(options.integer("annealing_steps"));
  settings.annealing.hop_weight = static_cast<std::uint32_t>(options.integer("hop_weight"));
  settings.annealing.load_weight = static_cast<std::uint32_t>(options.integer("load_weight"));
  settings.history_percent = static_cast<std::uint32_t>(options.integer("history_percent"));
  settings.cam = options.flag("cam");
  return settings;
}

struct Image {
  static constexpr const char* kName = "hydra";
  static constexpr const char* kSummary =
      "expert parallelism with experts placed by annealing over where their tokens are (after Hydra, DAC "
      "2025)";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT) | role_bit(MOESAIC_SCHEDULER);
  static constexpr std::array<moesaic_option, 13> kOptions = {{
      {"profile", MOESAIC_OPTION_NAME, "layer", 0, 0, "layer history offline",
       "what placement is decided from: the counts of the layer, which everybody waits for; those of earlier "
       "iterations; the routing itself, before the run (needs run.oracle)"},
      {"annealing_steps", MOESAIC_OPTION_INT, "2000", 0, 1000000, nullptr,
       "moves that are tried; 0 leaves expert e on die e modulo dies"},
      {"hop_weight", MOESAIC_OPTION_INT, "1", 0, 1000, nullptr, "cost of a token's way over one hop"},
      {"load_weight", MOESAIC_OPTION_INT, "4", 0, 1000, nullptr,
       "cost of a token above the mean on a die; 0 looks at ways only"},
      {"history_percent", MOESAIC_OPTION_INT, "50", 0, 100, nullptr,
       "how much of the past counts stays with each iteration (profile=history)"},
      {"order", MOESAIC_OPTION_NAME, "paired", 0, 0, "paired number",
       "order of the package's experts: hottest, coldest, second hottest, ...; by number"},
      {"cam", MOESAIC_OPTION_BOOL, "false", 0, 0, nullptr,
       "a content-addressable memory permutes: finding the rows of an expert costs the core nothing"},
      ep::kPrefetchOption,
      ep::kSliceColumnsOption,
      ep::kWeightsOption,
      ep::kResultsOption,
      ep::kOverlapOption,
      ep::kPullsOption,
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options& options) {
    return ep::Plan::least_sram(info, settings_of(options));
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return ep::make_core(hal, settings_of(options));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)
