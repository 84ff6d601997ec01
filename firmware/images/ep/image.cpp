// SPDX-License-Identifier: Apache-2.0
// ep: expert parallelism, the baseline. Every expert has one owner die; rows of tokens travel to the owners
// of their experts and results travel back.
#include "firmware/sdk/image.h"

#include "firmware/lib/ep_agent.h"
#include "firmware/lib/ep_options.h"

namespace {

using namespace moesaic::firmware;

ep::Settings settings_of(const Options& options) {
  ep::Settings settings;
  settings.image = "ep";
  ep::read_options(options, settings);
  settings.placement = options.name("placement") == "contiguous" ? ExpertOwners::Rule::contiguous
                                                                 : ExpertOwners::Rule::round_robin;
  settings.push = options.name("dispatch") == "push";
  if (options.name("placement") == "needed") {
    settings.assignment = ep::Assignment::needed;
    settings.profile = ep::Profile::offline;
  }
  settings.order = ep::order_named(options.name("order"));
  const std::string capacity = options.name("capacity");
  if (capacity == "deepspeed") settings.capacity.formula = ep::Capacity::Formula::deepspeed;
  if (capacity == "tutel") settings.capacity.formula = ep::Capacity::Formula::tutel;
  settings.capacity.padded = options.flag("padded");
  settings.capacity.factor_percent = static_cast<std::uint32_t>(options.integer("capacity_percent"));
  if (capacity == "deepspeed")
    settings.capacity.least = static_cast<std::uint32_t>(options.integer("min_capacity"));
  return settings;
}

struct Image {
  static constexpr const char* kName = "ep";
  static constexpr const char* kSummary =
      "expert parallelism: experts have an owner die, tokens travel to them; dropless and unpadded unless "
      "asked";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 13> kOptions = {{
      {"placement", MOESAIC_OPTION_NAME, "round_robin", 0, 0, "round_robin contiguous needed",
       "owner of expert e: die e modulo dies; dies get runs of neighbours; or the experts that have tokens "
       "are dealt to the dies in turn, which needs run.oracle"},
      ep::kPrefetchOption,
      ep::kSliceColumnsOption,
      ep::kWeightsOption,
      ep::kResultsOption,
      {"order", MOESAIC_OPTION_NAME, "hottest", 0, 0, "hottest paired number",
       "order of a die's experts: hottest first; hottest, coldest, second hottest, ...; by number"},
      {"capacity", MOESAIC_OPTION_NAME, "dropless", 0, 0, "dropless deepspeed tutel",
       "rows that an expert has for the tokens of one die: as many as come, or by the formula of DeepSpeed "
       "or Tutel, which drop what is more"},
      {"capacity_percent", MOESAIC_OPTION_INT, "100", 1, 100000, nullptr,
       "capacity factor of the formula, in percent"},
      {"min_capacity", MOESAIC_OPTION_INT, "8", 0, 65535, nullptr, "least capacity of the DeepSpeed formula"},
      {"padded", MOESAIC_OPTION_BOOL, "false", 0, 0, nullptr,
       "every expert gets as many rows as the capacity says (dropless: as many as the hottest has), of every "
       "die"},
      ep::kOverlapOption,
      ep::kPullsOption,
      ep::kDispatchOption,
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
