// SPDX-License-Identifier: Apache-2.0
// The baselines (docs/baselines.md) on a package without time: right results, what they declare is what they
// do, no race and no hang under any order of events, whatever their options.
#include <numeric>

#include "firmware/lib/ep_plan.h"
#include "firmware/lib/expert_placement.h"
#include "tests/catch.h"
#include "tests/unit/image_check.h"

using namespace moesaic::fake;
using namespace moesaic::firmware;

namespace {

const moesaic_image& image(const char* name) {
  static std::map<std::string, const moesaic_image*> loaded;
  auto& found = loaded[name];
  if (found == nullptr) found = &load_image(MOESAIC_IMAGE_DIR, name);
  return *found;
}

/// Skewed, uneven, with a shared expert, several layers and iterations.
Config busy(const char* name, const OptionMap& options) {
  Config config;
  config.tokens = 26;
  config.experts = 10;
  config.top_k = 3;
  config.shared_experts = 1;
  config.layers = 2;
  config.iterations = 2;
  config.expert_width = 9;
  if ((image(name).roles & (1u << MOESAIC_SCHEDULER)) != 0) config.scheduler = 2;
  config.options = option_values(image(name), options);
  return config;
}

/// A complaint in plenty of SRAM or in the least, with partial results in SRAM or in memory.
std::string any_complaint(const char* name, const OptionMap& options, unsigned seeds = 6,
                          Declared* declared = nullptr) {
  for (const bool plenty : {true, false}) {
    Config config = busy(name, options);
    if (!plenty) config.sram_bytes = minimum_sram(image(name), config);
    const std::string wrong = complaint(image(name), config, seeds, declared);
    if (!wrong.empty()) return wrong;
    config.sram_bytes = minimum_sram(image(name), config) - 1;
    if (complaint(image(name), config, 1).find("needs at least") == std::string::npos)
      return "runs in less SRAM than it says it needs";
  }
  return "";
}

}  // namespace

TEST_CASE("ep runs in every order of its experts, without overlap, and with rows fetched one by one") {
  for (const char* results : {"auto", "sram", "memory", "tree"}) {
    for (const char* order : {"hottest", "paired", "number"})
      CHECK(any_complaint("ep", {{"results", results}, {"order", order}}) == "");
    CHECK(any_complaint("ep", {{"results", results}, {"overlap", "false"}}) == "");
    CHECK(any_complaint("ep", {{"results", results}, {"overlap", "false"}, {"prefetch", "1"}}) == "");
    CHECK(any_complaint("ep", {{"results", results}, {"pulls", "single"}}) == "");
  }
}

TEST_CASE("ep deals the experts that have tokens, and loads from a copy in every memory") {
  for (const char* results : {"auto", "sram", "memory"})
    CHECK(any_complaint("ep", {{"results", results}, {"weights", "copies"}}) == "");
  CHECK(any_complaint("hydra", {{"weights", "copies"}, {"annealing_steps", "60"}}) == "");
  Config config = busy("ep", {{"placement", "needed"}});
  CHECK(complaint(image("ep"), config, 1).find("run.oracle=true") != std::string::npos);
  config.oracle = true;
  for (const char* weights : {"everywhere", "owner", "copies"}) {
    for (const char* order : {"hottest", "number"}) {
      config.options =
          option_values(image("ep"), {{"placement", "needed"}, {"weights", weights}, {"order", order}});
      CHECK(complaint(image("ep"), config, 6) == "");
    }
  }
}

TEST_CASE("experts with tokens are dealt to the dies in turn, by number") {
  Demand demand(3, 7);
  for (const std::uint32_t e : {1, 2, 4, 5, 6}) demand.at(e % 3, e) = e;
  const ExpertPlacement placement = place_in_turn(demand);
  CHECK(placement.order == std::vector<std::uint16_t>{1, 2, 4, 5, 6});
  CHECK(placement.owners == std::vector<std::uint16_t>{0, 0, 1, 0, 2, 0, 1});
}

TEST_CASE("ep drops what exceeds the capacity, declares it, and computes the rest") {
  for (const char* results : {"sram", "memory", "tree"}) {
    for (const char* padded : {"false", "true"}) {
      OptionMap options{{"results", results}, {"padded", padded}, {"capacity", "deepspeed"}};
      Declared declared;
      options["min_capacity"] = "1";
      CHECK(any_complaint("ep", options, 6, &declared) == "");
      CHECK(declared.dropped > 0);
      CHECK((declared.padding_rows > 0) == (std::string(padded) == "true"));
      options["min_capacity"] = "7";  // as many as the largest home has tokens
      CHECK(any_complaint("ep", options, 3, &declared) == "");
      CHECK(declared.dropped == 0);
      options["capacity"] = "tutel";
      options["capacity_percent"] = "30";  // an int(0.3) of zero: everything is dropped
      CHECK(any_complaint("ep", options, 3, &declared) == "");
      CHECK(declared.dropped == 26u * 3u * 2u);
      CHECK(declared.padding_rows == 0);
    }
  }
}

TEST_CASE("ep pads every expert to the capacity, or dropless to the largest") {
  Declared declared;
  Config config = busy("ep", {{"padded", "true"}});
  config.iterations = 1;
  config.layers = 1;
  REQUIRE(complaint(image("ep"), config, 10, &declared) == "");
  CHECK(declared.dropped == 0);
  // Every one of 10 experts has as many rows of each of 4 homes as the largest; 26 * 3 of them are real.
  CHECK((declared.padding_rows + 26 * 3) % 40 == 0);
  CHECK(declared.padding_rows > 0);
  config.options = option_values(image("ep"), {{"padded", "true"}, {"capacity", "tutel"}});
  REQUIRE(complaint(image("ep"), config, 10, &declared) == "");
  // Tutel: 3 * int(1.0 * ceil(7 / 10)) = 3 rows for each home and expert.
  CHECK(declared.padding_rows == 10 * 4 * 3 - (26 * 3 - declared.dropped));
}

TEST_CASE("capacities follow the formulas of DeepSpeed and Tutel") {
  ep::Capacity c;
  CHECK(c.rows(100, 8, 2) == 100);  // dropless
  c.formula = ep::Capacity::Formula::deepspeed;
  c.least = 8;
  CHECK(c.rows(100, 8, 1) == 13);  // ceil(100 / 8)
  CHECK(c.rows(100, 8, 2) == 25);  // twice the factor for two experts per token
  CHECK(c.rows(16, 128, 8) == 8);  // the least
  c.factor_percent = 125;
  CHECK(c.rows(100, 8, 1) == 16);  // ceil(15.625)
  c.formula = ep::Capacity::Formula::tutel;
  c.least = 0;
  CHECK(c.rows(100, 8, 2) == 32);  // 2 * int(1.25 * 13)
}

TEST_CASE("hydra computes what the reference computes, from whatever it plans its placement") {
  for (const char* profile : {"layer", "history"}) {
    for (const char* results : {"auto", "sram", "memory"})
      CHECK(any_complaint("hydra", {{"profile", profile}, {"results", results}, {"annealing_steps", "60"}}) ==
            "");
    CHECK(any_complaint("hydra", {{"profile", profile}, {"weights", "owner"}, {"cam", "true"}}) == "");
    CHECK(any_complaint("hydra", {{"profile", profile}, {"order", "number"}, {"overlap", "false"}}) == "");
  }
  Config config = busy("hydra", {{"profile", "offline"}});
  CHECK(complaint(image("hydra"), config, 1).find("run.oracle=true") != std::string::npos);
  config.oracle = true;
  CHECK(complaint(image("hydra"), config, 10) == "");
}

TEST_CASE("hydra_simple drops experts with few tokens only when asked, and declares them") {
  Declared declared;
  CHECK(any_complaint("hydra_simple", {}, 10, &declared) == "");
  CHECK(declared.dropped == 0);
  for (const char* results : {"sram", "memory"}) {
    CHECK(any_complaint("hydra_simple", {{"token_threshold", "4"}, {"results", results}}, 6, &declared) ==
          "");
    CHECK(declared.dropped > 0);
    CHECK(declared.dropped < 26 * 3 * 2);
    CHECK(any_complaint("hydra_simple", {{"token_threshold", "1000"}, {"results", results}}, 3, &declared) ==
          "");
    CHECK(declared.dropped == 26 * 3 * 2);
  }
}

TEST_CASE(
    "images with a scheduler run on one die, with fewer tokens than dies, on nine dies and in small queues") {
  for (const char* name : {"hydra", "hydra_simple"}) {
    Config config = busy(name, {});
    config.rows = config.columns = 1;
    config.scheduler = 0;
    CHECK(complaint(image(name), config, 10) == "");
    config.rows = config.columns = 3;
    config.scheduler = 5;
    CHECK(complaint(image(name), config, 10) == "");
    config.tokens = 2;
    CHECK(complaint(image(name), config, 10) == "");
    config = busy(name, {});
    config.queue_depth = 1;
    config.mail_depth = 1;
    CHECK(complaint(image(name), config, 10) == "");
  }
}

TEST_CASE("naive_fse_dp computes what the reference computes, on one to nine dies, in one wave and many") {
  for (const char* early : {"false", "true"}) {
    for (const char* columns : {"0", "1", "4", "100"})
      CHECK(any_complaint("naive_fse_dp", {{"send_early", early}, {"slice_columns", columns}}) == "");
    for (const unsigned rows : {1u, 2u, 3u}) {
      for (const std::uint32_t tokens : {1u, 2u, 26u}) {
        Config config = busy("naive_fse_dp", {{"send_early", early}});
        config.rows = config.columns = rows;
        config.tokens = tokens;
        CHECK(complaint(image("naive_fse_dp"), config, 3) == "");
        config.queue_depth = config.mail_depth = config.command_queues = 1;
        CHECK(complaint(image("naive_fse_dp"), config, 3) == "");
      }
    }
  }
}

TEST_CASE(
    "most tokens: each expert goes to the emptiest dies, of these to the one that has most tokens for it") {
  Demand demand(4, 5);
  const std::uint32_t tokens[5][4] = {{0, 9, 0, 1}, {0, 7, 0, 2}, {1, 0, 0, 0}, {0, 0, 0, 0}, {3, 3, 3, 3}};
  for (std::uint32_t e = 0; e < 5; ++e)
    for (std::uint32_t d = 0; d < 4; ++d) demand.at(d, e) = tokens[e][d];
  // Sorted: 4 (12 tokens), 0 (10), 1 (9), 2 (1); paired: 4, 2, 0, 1.
  CHECK(load_order(demand, true) == std::vector<std::uint16_t>{4, 2, 0, 1});
  CHECK(load_order(demand, false) == std::vector<std::uint16_t>{0, 1, 2, 4});
  const ExpertPlacement placed = place_by_most_tokens(demand, 2, {0, 1, 2, 3, 3}, true);
  CHECK(placed.owners[4] == 3);  // a tie everywhere: where its memory is
  CHECK(placed.owners[2] == 0);
  CHECK(placed.owners[0] == 1);
  CHECK(placed.owners[1] == 2);  // die 1 would have more tokens, but has an expert
}

TEST_CASE(
    "annealing lowers the cost that it says it lowers, within the slots, the same way for the same seed") {
  Demand demand(9, 40);
  for (std::uint32_t e = 0; e < 40; ++e)
    for (std::uint32_t d = 0; d < 9; ++d) demand.at(d, e) = (e * 7 + d * 13 + e * d) % 11 * (e < 6 ? 9 : 1);
  Annealing settings;
  settings.seed = 3;
  settings.iterations = 0;
  const std::vector<std::uint16_t> before = anneal_placement(demand, 3, settings, true).owners;
  settings.iterations = 5000;
  const ExpertPlacement after = anneal_placement(demand, 3, settings, true);
  CHECK(placement_cost(demand, 3, after.owners, settings) * 5 <
        placement_cost(demand, 3, before, settings) * 4);
  CHECK(anneal_placement(demand, 3, settings, true).owners == after.owners);
  CHECK(after.steps > 5000);
  std::vector<unsigned> held(9, 0);
  for (const std::uint16_t d : after.owners) ++held[d];
  for (const unsigned n : held) CHECK(n <= 5);
  settings.load_weight = 0;
  const ExpertPlacement ways_only = anneal_placement(demand, 3, settings, true);
  CHECK(placement_cost(demand, 3, ways_only.owners, settings) <
        placement_cost(demand, 3, after.owners, settings));
}
