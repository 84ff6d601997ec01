// SPDX-License-Identifier: Apache-2.0
// naive_fse_dp: fully sharded expert data parallelism without virtualization rules, the starting point of
// Expert Streaming's ablation (arXiv 2603.27624): tokens stay, and every slice rotates around all dies in
// step.
#include "firmware/sdk/image.h"

#include "firmware/images/naive_fse_dp/agent.h"

namespace {

using namespace moesaic::firmware;

naive_fse_dp::Settings settings_of(const Options& options) {
  return {static_cast<std::uint32_t>(options.integer("slice_columns")), options.flag("send_early")};
}

struct Image {
  static constexpr const char* kName = "naive_fse_dp";
  static constexpr const char* kSummary =
      "FSE-DP without virtualization rules: tokens stay, whole slices rotate around all dies in step";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 2> kOptions = {{
      {"slice_columns", MOESAIC_OPTION_INT, "0", 0, 65535, nullptr,
       "F columns of a slice; 0: one slice for each die, or a multiple of that where they do not fit"},
      {"send_early", MOESAIC_OPTION_BOOL, "false", 0, 0, nullptr,
       "send a slice on while it is computed, not after"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info& info, const Options& options) {
    return naive_fse_dp::Plan::least_sram(info, settings_of(options));
  }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return std::make_unique<naive_fse_dp::Agent>(hal, settings_of(options));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)
