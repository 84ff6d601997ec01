// SPDX-License-Identifier: Apache-2.0
// hydra_simple: what the script behind Expert Streaming (arXiv 2603.27624) calls Hydra: expert parallelism
// with the paired load order, each expert on the die that already holds most of its tokens. That script drops
// experts with a single token; here nothing is dropped unless token_threshold asks for it.
#include "firmware/sdk/image.h"

#include "firmware/lib/ep_agent.h"
#include "firmware/lib/ep_options.h"

namespace {

using namespace moesaic::firmware;

ep::Settings settings_of(const Options& options) {
  ep::Settings settings;
  settings.image = "hydra_simple";
  ep::read_options(options, settings);
  settings.assignment = ep::Assignment::most_tokens;
  settings.order = ep::order_named(options.name("order"));
  settings.token_threshold = static_cast<std::uint32_t>(options.integer("token_threshold"));
  return settings;
}

struct Image {
  static constexpr const char* kName = "hydra_simple";
  static constexpr const char* kSummary =
      "expert parallelism as Expert Streaming's script codes Hydra: paired order, experts where most tokens "
      "are";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT) | role_bit(MOESAIC_SCHEDULER);
  static constexpr std::array<moesaic_option, 8> kOptions = {{
      {"token_threshold", MOESAIC_OPTION_INT, "0", 0, 65535, nullptr,
       "experts with at most so many tokens are dropped (a declared deviation); the script has 1"},
      {"order", MOESAIC_OPTION_NAME, "paired", 0, 0, "paired number",
       "order of the package's experts: hottest, coldest, second hottest, ...; by number"},
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
