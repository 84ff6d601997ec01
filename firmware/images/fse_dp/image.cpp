// SPDX-License-Identifier: Apache-2.0
// fse_dp: Expert Streaming's fully sharded expert data parallelism (arXiv 2603.27624), virtualization rules 1
// to 4 and the paired load order. Tokens stay on their dies; micro-slices of experts travel from die to die.
#include "firmware/sdk/image.h"

#include "firmware/images/fse_dp/agent.h"
#include "firmware/images/fse_dp/scheduler.h"

namespace {

using namespace moesaic::firmware;

fse_dp::Settings settings_of(const Options& options) {
  fse_dp::Settings settings;
  settings.placement =
      options.name("placement") == "experts" ? fse_dp::Placement::experts : fse_dp::Placement::slices;
  settings.paired = options.flag("paired");
  settings.reserved_slot = options.flag("reserved_slot");
  settings.slots = static_cast<std::uint32_t>(options.integer("slots"));
  settings.slice_columns = static_cast<std::uint32_t>(options.integer("slice_columns"));
  return settings;
}

struct Image {
  static constexpr const char* kName = "fse_dp";
  static constexpr const char* kSummary =
      "Expert Streaming (FSE-DP): tokens stay, micro-slices of experts travel around the dies that need them";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT) | role_bit(MOESAIC_SCHEDULER);
  static constexpr std::array<moesaic_option, 5> kOptions = {{
      {"placement", MOESAIC_OPTION_NAME, "slices", 0, 0, "slices experts",
       "what is dealt to the memories in turn: the slices of every expert, or whole experts"},
      {"paired", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "load order: hottest expert, coldest, second hottest, ...; else by number"},
      {"reserved_slot", MOESAIC_OPTION_BOOL, "true", 0, 0, nullptr,
       "keep one slot of each die for arrivals that have passed the seam of the ring; without, rings can "
       "deadlock"},
      {"slots", MOESAIC_OPTION_INT, "0", 0, 255, nullptr,
       "micro-slices that a die holds at once, 2 or more; 0: as many as its SRAM allows"},
      {"slice_columns", MOESAIC_OPTION_INT, "0", 0, 65535, nullptr,
       "F columns of a micro-slice; 0: 10 to 16 slices per expert, more where SRAM is small"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options& options) {
    return fse_dp::Plan::least_sram(info, settings_of(options));
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    const fse_dp::Settings settings = settings_of(options);
    if (settings.slots == 1) throw std::runtime_error("fse_dp: slots must be 0, or 2 or more");
    if (hal.info().role == MOESAIC_SCHEDULER) return std::make_unique<fse_dp::Scheduler>(hal, settings);
    return std::make_unique<fse_dp::Agent>(hal, settings);
  }
};

}  // namespace

MOESAIC_IMAGE(Image)
