// SPDX-License-Identifier: Apache-2.0
// talker: says things about itself, rightly or wrongly, and computes nothing.
#include <limits>

#include "firmware/lib/place_everything.h"
#include "firmware/sdk/image.h"

namespace {

using namespace moesaic::firmware;

class Talker : public Core {
 public:
  Talker(Hal& hal, std::string what) : hal_(hal), what_(std::move(what)) {}
  void on_boot() override {
    if (hal_.info().role == MOESAIC_AGENT) place_everything(hal_);
  }
  void on_layer_start(std::uint32_t, std::uint32_t) override {
    if (what_ == "fail") throw std::runtime_error("enough");
    if (what_ == "statistics") talk();
    if (what_ == "bad_name") hal_.statistic("Zeal", "", 1);
    if (what_ == "no_name") hal_.statistic("", "", 1);
    if (what_ == "not_finite") hal_.statistic("zeal", "", std::numeric_limits<double>::quiet_NaN());
    hal_.layer_done();
  }

 private:
  void talk() {
    if (hal_.info().role == MOESAIC_SCHEDULER) return hal_.statistic("age", "", 1e6);
    hal_.statistic("zeal", "grams", -1);
    hal_.statistic("age", "layers", 0.125);
    hal_.statistic("zeal", "percent", hal_.node() + 2.5);
  }
  Hal& hal_;
  std::string what_;
};

struct Image {
  static constexpr const char* kName = "talker";
  static constexpr const char* kSummary = "test image: publishes statistics, or gives up";
  static constexpr std::uint32_t kRoles = role_bit(MOESAIC_AGENT) | role_bit(MOESAIC_SCHEDULER);
  static constexpr std::array<moesaic_option, 1> kOptions = {{
      {"what", MOESAIC_OPTION_NAME, "statistics", 0, 0, "statistics fail bad_name no_name not_finite",
       "what it says"},
  }};
  static std::uint64_t minimum_sram(const moesaic_core_info&, const Options&) { return 0; }
  static std::unique_ptr<Core> make(Hal& hal, const Options& options) {
    return std::make_unique<Talker>(hal, options.name("what"));
  }
};

}  // namespace

MOESAIC_IMAGE(Image)
