// SPDX-License-Identifier: Apache-2.0
// Randomly drawn small experiments: odd sizes, few tokens, tiny SRAM.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "sc_main/config/experiment.h"
#include "sc_main/run/firmware_runtime.h"
#include "sc_main/run/image_loader.h"
#include "tests/support/child.h"

namespace moesaic::test {

/// The least SRAM with which the image accepts the experiment, in whole lines of 1 KiB.
inline std::uint64_t smallest_sram(const Experiment& e) {
  const Image image = Image::load(e.firmware.image);
  const auto info = FirmwareRuntime::core_info(e, make_routing(e.model, e.workload, e.run.seed), image,
                                               {NodeId(0), MOESAIC_AGENT});
  const auto values = image.option_values(e.firmware.options);
  std::vector<const char*> texts;
  for (const std::string& value : values) texts.push_back(value.c_str());
  const std::uint64_t bytes = image.table().minimum_sram(&info, texts.data());
  return std::max<std::uint64_t>(4096, (bytes + 1023) / 1024 * 1024);
}

/// What only fse_dp can choose: slices of many widths, few or many slots, any die as the scheduler's, and
/// every rule and policy in company with others, as far as the image takes them together.
inline void draw_fse_dp(Experiment& e, std::mt19937& random) {
  const auto draw = [&](std::uint32_t high) { return static_cast<std::uint32_t>(random() % (high + 1)); };
  e.package.scheduler_node = draw(e.package.nodes() - 1);
  auto& options = e.firmware.options;
  const auto pick = [&](const char* option, std::initializer_list<const char*> values) {
    options[option] = *(values.begin() + draw(static_cast<std::uint32_t>(values.size()) - 1));
  };
  const auto turn = [&](const char* option, const char* value) {
    if (draw(3) == 0) options[option] = value;
  };
  pick("placement", {"slices", "experts", "striped"});
  pick("order", {"paired", "hottest_first", "id"});
  pick("scheduler", {"firmware", "hardware"});
  turn("skip_dies", "false");
  if (draw(2) > 0) options["slice_columns"] = std::to_string(1 + draw(e.model.expert_width / 2));
  if (draw(2) == 0) options["slots"] = std::to_string(2 + draw(3));
  pick("control", {"interrupts", "interrupts", "chains"});
  pick("ring", {"snake", "spiral"});
  if (options["control"] == "chains") return;
  pick("ring", {"snake", "spiral", "shortest"});
  for (const char* rule : {"rule1", "rule2", "rule3", "rule4"}) turn(rule, "false");
  pick("scheduling", {"tables", "trajectories"});
  options["preload"] = std::to_string(draw(5));
  turn("rule5", "true");
  if (options.count("rule5") != 0) return;
  turn("fuse", "false");
  pick("entry", {"nearest_memory", "least_loaded", "most_tokens"});
}

/// What only ep can choose: where weights lie and where partial results meet.
inline void draw_ep(Experiment& e, std::mt19937& random) {
  auto& options = e.firmware.options;
  if (const std::uint32_t weights = random() % 6; weights < 3)
    options["weights"] = weights < 2 ? "owner" : "copies";
  const std::uint32_t results = random() % 3;
  if (results > 0) options["results"] = results == 1 ? "sram" : "memory";
}

/// The options of one image of expert parallelism, each now and then: capacities, order, what overlaps,
/// placement.
inline void draw_baseline(Experiment& e, const std::string& image, std::mt19937& random) {
  auto& options = e.firmware.options;
  const auto one_of = [&](const char* name, const std::vector<std::string>& values) {
    if (const std::size_t n = random() % (values.size() + 1); n > 0) options[name] = values[n - 1];
  };
  draw_ep(e, random);
  one_of("overlap", {"false"});
  one_of("pulls", {"single"});
  one_of("prefetch", {"1", "3"});
  e.package.scheduler_node = static_cast<unsigned>(random() % e.package.nodes());
  if (image == "ep") {
    one_of("order", {"paired", "number"});
    one_of("placement", {"contiguous", "needed"});
    e.run.oracle = options.count("placement") != 0 && options["placement"] == "needed";
    one_of("capacity", {"deepspeed", "tutel"});
    one_of("capacity_percent", {"50", "125"});
    one_of("min_capacity", {"0", "2"});
    one_of("padded", {"true"});
  } else if (image == "hydra") {
    one_of("profile", {"history", "offline"});
    e.run.oracle = options.count("profile") != 0 && options["profile"] == "offline";
    one_of("annealing_steps", {"0", "100"});
    one_of("cam", {"true"});
  } else {
    one_of("token_threshold", {"1", "3"});
  }
}

/// What only naive_fse_dp can choose.
inline void draw_naive(Experiment& e, std::mt19937& random) {
  auto& options = e.firmware.options;
  if (random() % 2 == 0) options["send_early"] = "true";
  if (random() % 2 == 0) options["slice_columns"] = std::to_string(1 + random() % 70);
}

/// A valid experiment with sizes small enough for functional mode in milliseconds. Every draw from `seed`
/// alone; the same case for every image, but for what only that image has. `baseline`: with the options of
/// docs/baselines.md.
inline Experiment small_case(std::uint32_t seed, const std::string& image = "ep", bool baseline = false) {
  std::mt19937 random(seed);
  const auto draw = [&](std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random() % (high - low + 1));
  };
  Experiment e;
  e.name = "case" + std::to_string(seed);
  e.package.rows = draw(1, 3);
  e.package.columns = draw(1, 3);
  if (draw(0, 3) == 0) e.package.memory_attach = MemoryAttach::corners;
  e.model.name = "random";
  e.model.hidden = 8 * draw(1, 9);
  e.model.expert_width = draw(1, 70);
  e.model.experts = draw(1, 20);
  e.model.shared_experts = draw(0, 2);
  e.model.top_k = std::min(draw(1, 8), e.model.experts);
  e.model.layers = 4;
  e.model.activation = static_cast<ModelActivation>(draw(0, 2));
  e.workload.tokens = draw(0, 4) == 0 ? 1 : draw(1, 40);
  e.workload.layers = draw(0, 3) == 0 ? 2 : 1;
  e.workload.routing.source = "test";
  e.workload.routing.zipf_exponent = draw(0, 1) ? 1.0 : 0.0;
  e.firmware.image = product_image(image);
  e.run.functional = true;
  e.run.check_protocol = draw(0, 1) != 0;
  e.run.seed = seed;
  const bool least_sram = draw(0, 1) != 0;
  if (image == "ep" && !baseline) draw_ep(e, random);
  if (image == "fse_dp") draw_fse_dp(e, random);
  if (image == "naive_fse_dp") draw_naive(e, random);
  if (baseline) draw_baseline(e, image, random);
  if (least_sram) e.package.chiplet.sram.size_bytes = smallest_sram(e);
  return e;
}

}  // namespace moesaic::test
