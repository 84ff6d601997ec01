// SPDX-License-Identifier: Apache-2.0
// ep: expert parallelism, the baseline. Every expert has one owner die; rows of tokens travel to the owners
// of their experts and results travel back.
#include "firmware/sdk/image.h"

#include "firmware/images/ep/agent.h"

namespace {

using namespace moesaic::firmware;

ep::Settings settings_of(const Options& options) {
  ep::Settings settings;
  settings.placement = options.name("placement") == "contiguous" ? ExpertOwners::Rule::contiguous
                                                                 : ExpertOwners::Rule::round_robin;
  settings.spread_weights = options.name("weights") == "everywhere";
  settings.results = options.name("results") == "sram"     ? ep::Results::sram
                     : options.name("results") == "memory" ? ep::Results::memory
                                                           : ep::Results::automatic;
  settings.prefetch = static_cast<std::uint32_t>(options.integer("prefetch"));
  settings.slice_columns = static_cast<std::uint32_t>(options.integer("slice_columns"));
  return settings;
}

struct Image {
  static constexpr const char* kName = "ep";
  static constexpr const char* kSummary =
      "expert parallelism: experts have an owner die, tokens travel to them; dropless, unpadded";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 5> kOptions = {{
      {"placement", MOESAIC_OPTION_NAME, "round_robin", 0, 0, "round_robin contiguous",
       "owner of expert e: die e modulo dies, or dies get runs of neighbouring experts"},
      {"prefetch", MOESAIC_OPTION_INT, "2", 1, 16, nullptr,
       "weight slice buffers: 2 loads one slice while the other is computed"},
      {"slice_columns", MOESAIC_OPTION_INT, "0", 0, 65535, nullptr,
       "F columns of a weight slice; 0 derives them from the SRAM"},
      {"weights", MOESAIC_OPTION_NAME, "everywhere", 0, 0, "everywhere owner",
       "where weights lie: a piece of every slice in every memory, or whole experts with their owner"},
      {"results", MOESAIC_OPTION_NAME, "auto", 0, 0, "auto sram memory",
       "where partial results wait: added up in the home's SRAM, or side by side in its memory"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options& options) {
    return ep::Plan::least_sram(info, settings_of(options));
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return std::make_unique<ep::Agent>(hal, settings_of(options));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)
