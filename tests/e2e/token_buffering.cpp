// SPDX-License-Identifier: Apache-2.0
// Token buffering of fse_dp on the modelled hardware: whole requests wait for the next iteration and are
// computed there, once and right, whoever moves the slices.
#include "sc_main/config/experiment.h"
#include "sc_main/run/simulate.h"
#include "tests/catch.h"
#include "tests/support/child.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

constexpr std::uint64_t kTokens = 14, kIterations = 5, kLayers = 2, kTopK = 2, kHidden = 32;

/// 2x2 dies; 14 tokens an iteration, 6 of them of prompts that may lie on two dies; most experts have few
/// tokens.
Experiment buffered(const std::map<std::string, std::string>& options) {
  Experiment e;
  e.package.rows = e.package.columns = 2;
  e.model.name = "small";
  e.model.hidden = kHidden;
  e.model.expert_width = 8;
  e.model.experts = 10;
  e.model.shared_experts = 1;
  e.model.top_k = kTopK;
  e.model.layers = kLayers;
  e.workload.tokens = kTokens;
  e.workload.layers = kLayers;
  e.workload.iterations = kIterations;
  e.workload.requests.decode_share = 0.6;
  e.workload.requests.prompt_tokens = 12;
  e.workload.requests.output_tokens = 6;
  e.workload.routing.source = "test";
  e.firmware.image = product_image("fse_dp");
  e.firmware.options = options;
  e.run.functional = true;
  return e;
}

std::uint64_t deferrals(const std::map<std::string, std::string>& options) {
  return numbers_from_child([&] {
    const Experiment e = buffered(options);
    const RunResult result = simulate(e, load_routing(e));
    std::uint64_t requests = 0;
    for (const IterationTime& i : result.iterations) requests += i.deferred_requests;
    return std::vector<std::uint64_t>{requests};
  })[0];
}

}  // namespace

TEST_CASE("fse_dp computes requests that wait in a later iteration, bit for bit") {
  const std::vector<std::map<std::string, std::string>> all = {
      {},
      {{"rule5", "true"}, {"slice_columns", "3"}},
      {{"scheduling", "trajectories"}, {"scheduler", "hardware"}},
      {{"control", "chains"}},
      {{"skip_dies", "false"}, {"ring", "shortest"}, {"slots", "3"}}};
  for (std::map<std::string, std::string> options : all) {
    options["slack"] = "50";
    options["theta_min"] = "3";
    const Summary s = run_in_child(buffered(options));
    INFO(s.text);
    REQUIRE(s.outcome == Outcome::ok);
    CHECK(s.pairs == kTokens * kIterations * kLayers * (kTopK + 1));
    CHECK(s.values == kTokens * kIterations * kLayers * kHidden);
    CHECK(s.mismatches == 0);
    CHECK(s.violations == 0);
    CHECK(deferrals(options) > 5);
  }
  CHECK(deferrals({}) == 0);
}
