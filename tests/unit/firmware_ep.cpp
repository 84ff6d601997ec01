// SPDX-License-Identifier: Apache-2.0
// The image ep on a package without time, under many orders of events: right results, no race, no hang.
#include "tests/catch.h"
#include "tests/unit/image_check.h"

using moesaic::fake::Config;
using moesaic::fake::Package;

namespace {

const moesaic_image& ep() {
  return moesaic::fake::load_image(MOESAIC_IMAGE_DIR, "ep");
}

std::string complaint(const Config& config, unsigned seeds) {
  return moesaic::fake::complaint(ep(), config, seeds);
}
std::uint32_t minimum_sram(const Config& config) {
  return moesaic::fake::minimum_sram(ep(), config);
}

}  // namespace

TEST_CASE("ep computes what the reference computes on two by two dies") {
  CHECK(complaint(Config{}, 200) == "");
}

TEST_CASE("ep runs several layers and iterations") {
  Config config;
  config.layers = 3;
  config.iterations = 2;
  config.shared_experts = 2;
  CHECK(complaint(config, 100) == "");
}

TEST_CASE("ep runs on a single die") {
  Config config;
  config.rows = config.columns = 1;
  config.shared_experts = 1;
  config.layers = 2;
  CHECK(complaint(config, 30) == "");
}

TEST_CASE("ep runs with fewer tokens than dies and fewer experts than dies") {
  Config config;
  config.rows = 3;
  config.tokens = 2;
  CHECK(complaint(config, 60) == "");
  config.experts = 3;
  config.shared_experts = 1;
  CHECK(complaint(config, 60) == "");
  config.tokens = 1;
  config.experts = 1;
  config.top_k = 1;
  CHECK(complaint(config, 60) == "");
}

TEST_CASE("ep runs in the SRAM that it says it needs, in many waves, and not in less") {
  for (const std::uint32_t tokens : {7u, 16u, 33u}) {
    Config config;
    config.tokens = tokens;
    config.layers = 2;
    config.hidden = 7;
    config.expert_width = 5;
    config.top_k = 3;
    config.sram_bytes = minimum_sram(config);
    CHECK(complaint(config, 40) == "");
    config.sram_bytes -= 1;
    CHECK(complaint(config, 1).find("ep needs at least") != std::string::npos);
  }
}

TEST_CASE("ep runs between its least SRAM and plenty") {
  Config config;
  config.tokens = 30;
  config.expert_width = 11;
  config.hidden = 5;
  config.shared_experts = 1;
  const std::uint32_t least = minimum_sram(config);
  for (std::uint32_t more = 0; more < 3000; more += 151) {
    config.sram_bytes = least + more;
    CHECK(complaint(config, 4) == "");
  }
}

TEST_CASE("ep brings partial results together in SRAM and in memory, whoever holds the weights") {
  Config config;
  config.layers = 2;
  config.iterations = 2;
  config.tokens = 26;
  config.top_k = 3;
  for (const char* weights : {"everywhere", "owner"}) {
    for (const char* results : {"auto", "sram", "memory"}) {
      for (const std::uint32_t shared : {0u, 1u}) {
        config.shared_experts = shared;
        config.options = {"round_robin", "2", "0", weights, results};
        config.sram_bytes = 1u << 16;
        CHECK(complaint(config, 25) == "");
        config.sram_bytes = minimum_sram(config);
        CHECK(complaint(config, 25) == "");
        config.sram_bytes -= 1;
        CHECK(complaint(config, 1).find("ep needs at least") != std::string::npos);
      }
    }
  }
}

TEST_CASE("ep numbers the rows of token lists anew where 16 bits do not reach") {
  Config config;
  config.rows = config.columns = 1;
  config.hidden = config.expert_width = 1;
  config.experts = config.top_k = 200;
  config.tokens = 331;  // 66,200 partial rows
  config.options = {"round_robin", "2", "0", "everywhere", "memory"};
  CHECK(complaint(config, 1) == "");
}

TEST_CASE("ep serves every top-k from one to eight, with all tokens on the same experts too") {
  for (std::uint32_t k = 1; k <= 8; ++k) {
    for (const bool sticky : {false, true}) {
      Config config;
      config.top_k = k;
      config.experts = 12;
      config.sticky_routing = sticky;
      config.tokens = 21;
      CHECK(complaint(config, 10) == "");
    }
  }
}

TEST_CASE("ep runs with contiguous owners, other numbers of buffers and given slice widths") {
  Config config;
  config.experts = 10;
  config.expert_width = 13;
  for (const char* placement : {"round_robin", "contiguous"}) {
    for (const char* prefetch : {"1", "3", "8"}) {
      for (const char* columns : {"0", "1", "4", "100"}) {
        config.options = {placement, prefetch, columns};
        CHECK(complaint(config, 4) == "");
      }
    }
  }
}

TEST_CASE("ep runs with short and few command queues, small mailboxes and few slots") {
  Config config;
  config.shared_experts = 1;
  config.layers = 2;
  for (const std::uint32_t queues : {4u, 5u, 6u, 16u}) {
    for (const std::uint32_t depth : {1u, 2u, 3u, 64u}) {
      config.command_queues = queues;
      config.queue_depth = depth;
      config.mail_depth = depth == 1 ? 1 : 2;
      config.slots = queues == 5 ? 5 : 64;
      CHECK(complaint(config, 8) == "");
    }
  }
  config.command_queues = 3;
  CHECK(complaint(config, 1).find("ep needs at least 4 command queues") != std::string::npos);
}

TEST_CASE("ep uses the nearest memory where a die has none") {
  Config config;
  config.rows = config.columns = 3;
  const std::uint64_t some = 1u << 20;
  config.memory = {some, 0, some, 0, 0, 0, some, 0, some};
  config.tokens = 20;
  CHECK(complaint(config, 10) == "");
  config.memory = std::vector<std::uint64_t>(9, 0);
  CHECK(complaint(config, 1).find("no die of the package has memory") != std::string::npos);
  config.memory[4] = 100;
  CHECK(complaint(config, 1).find("weights and tokens need") != std::string::npos);
}

TEST_CASE("ep finds its results among random shapes") {
  std::mt19937_64 random(42);
  const auto between = [&](std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random() % (high - low + 1));
  };
  for (unsigned i = 0; i < 150; ++i) {
    Config config;
    config.rows = between(1, 3);
    config.columns = between(1, 3);
    config.hidden = between(1, 12);
    config.expert_width = between(1, 20);
    config.experts = between(1, 20);
    config.top_k = std::min(config.experts, between(1, 8));
    config.shared_experts = between(0, 2);
    config.tokens = between(1, 40);
    config.layers = between(1, 2);
    config.queue_depth = between(1, 10);
    config.mail_depth = between(1, 5);
    config.sram_bytes = minimum_sram(config) + between(0, 4000);
    INFO("shape " << i);
    CHECK(complaint(config, 2) == "");
  }
}

TEST_CASE("ep spends control time that grows with the work") {
  Config config;
  Package small(ep(), config);
  small.run();
  config.tokens *= 20;
  config.sram_bytes *= 4;
  Package large(ep(), config);
  large.run();
  CHECK(large.charged_cycles() > 3 * small.charged_cycles());
}
