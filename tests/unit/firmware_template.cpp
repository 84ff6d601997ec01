// SPDX-License-Identifier: Apache-2.0
// The image that `moesaic new firmware` writes, on a package without time, under many orders of events.
#include "tests/catch.h"
#include "tests/unit/firmware_fake.h"

using moesaic::fake::Config;
using moesaic::fake::Package;

namespace {

// Runs a configuration under `seeds` orders; the first complaint, or nothing.
std::string complaint(Config config, unsigned seeds) {
  const moesaic_image& image = moesaic::fake::load_image(MOESAIC_TEST_IMAGE_DIR, "template");
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    config.seed = seed;
    try {
      Package package(image, config);
      package.run();
      const std::string wrong = package.wrong_results();
      if (!wrong.empty()) return wrong + " (seed " + std::to_string(seed) + ")";
    } catch (const std::exception& error) {
      return std::string(error.what()) + " (seed " + std::to_string(seed) + ")";
    }
  }
  return "";
}

}  // namespace

TEST_CASE("the skeleton computes what the reference computes, in any order of events") {
  Config config;
  CHECK(complaint(config, 200) == "");
  config.layers = 3;
  config.iterations = 2;
  config.shared_experts = 2;
  CHECK(complaint(config, 100) == "");
}

TEST_CASE("the skeleton runs on one die, on odd shapes, and with fewer tokens or experts than dies") {
  for (const unsigned rows : {1u, 3u}) {
    for (const std::uint32_t tokens : {1u, 2u, 17u}) {
      Config config;
      config.rows = rows;
      config.columns = 1;
      config.tokens = tokens;
      config.experts = 2;
      config.hidden = 7;
      config.expert_width = 5;
      config.layers = 2;
      CHECK(complaint(config, 30) == "");
    }
  }
}

TEST_CASE("the skeleton runs with one buffer or many, two queues, little depth and memory on one die") {
  for (const char* buffers : {"1", "3", "16"}) {
    Config config;
    config.options = {buffers};
    config.command_queues = 2;
    config.queue_depth = 2;
    config.memory = {0, 0, 1u << 20, 0};
    CHECK(complaint(config, 50) == "");
  }
}

TEST_CASE("the skeleton works in waves where SRAM is small") {
  Config config;
  config.tokens = 40;
  config.sram_bytes = 700;
  CHECK(complaint(config, 100) == "");
}
