// SPDX-License-Identifier: Apache-2.0
// busy_loop: every agent scans a table with one row per expert, `loops` times per layer, and does nothing
// else. Its control time must grow with the number of experts.
#include "firmware/sdk/image.h"
#include "firmware/lib/place_everything.h"
#include "firmware/sdk/charged.h"

namespace {

using namespace moesaic::firmware;

class Agent : public Core {
 public:
  Agent(Hal& hal, std::int64_t loops) : hal_(hal), table_(hal, hal.info().experts), loops_(loops) {}
  void on_boot() override { place_everything(hal_); }
  void on_layer_start(std::uint32_t, std::uint32_t) override {
    for (std::int64_t i = 0; i < loops_; ++i) table_.scan([](std::uint32_t& visits) { ++visits; });
    hal_.layer_done();
  }

 private:
  Hal& hal_;
  ChargedVector<std::uint32_t> table_;
  std::int64_t loops_;
};

struct Image {
  static constexpr const char* kName = "busy_loop";
  static constexpr const char* kSummary = "test image: control time that grows with the number of experts";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT);
  static constexpr std::array<moesaic_option, 1> kOptions = {{
      {"loops", MOESAIC_OPTION_INT, "100", 1, 1000000, nullptr, "scans per layer"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info&, const Options&) { return 0; }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return std::make_unique<Agent>(hal, options.integer("loops"));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)
