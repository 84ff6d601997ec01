// SPDX-License-Identifier: Apache-2.0
// Generated routing: deterministic, legal, labelled, and with the statistics its profile promises.
#include "sc_main/workload/generator.h"

#include <algorithm>
#include <set>

#include "tests/catch.h"
#include "tests/unit/config_folder.h"

using namespace moesaic;
using namespace moesaic::test;
using Catch::Matchers::Contains;

namespace {

bool same_choices(const Routing& a, const Routing& b) {
  return std::equal(
      a.choices.begin(), a.choices.end(), b.choices.begin(), b.choices.end(),
      [](const Choice& x, const Choice& y) { return x.expert == y.expert && x.gate_q15 == y.gate_q15; });
}

/// Means over layers.
struct Figures {
  double hottest = 0, reuse = 0, shuffled = 0, distinct16 = 0, followed = 0;
};

Figures measure(const Routing& r) {
  Figures f;
  for (std::uint32_t l = 0; l < r.layers; ++l) {
    const auto loads = r.expert_loads(l);
    f.hottest += *std::max_element(loads.begin(), loads.end()) / double(r.tokens);
    for (const double n : loads) f.shuffled += n * (n - 1) / (double(r.tokens) * (r.tokens - 1)) / r.top_k;
    double again = 0, windows = 0, distinct = 0;
    for (std::uint32_t t = 0; t + 1 < r.tokens; ++t)
      for (const Choice& a : r.row(l, t))
        for (const Choice& b : r.row(l, t + 1)) again += a.expert == b.expert;
    f.reuse += again / (r.top_k * (r.tokens - 1.0));
    for (std::uint32_t t = 0; t + 16 <= r.tokens; ++t, ++windows) {
      std::set<std::uint16_t> experts;
      for (std::uint32_t u = t; u < t + 16; ++u)
        for (const Choice& c : r.row(l, u)) experts.insert(c.expert);
      distinct += double(experts.size());
    }
    f.distinct16 += distinct / windows;
  }
  for (double* figure : {&f.hottest, &f.reuse, &f.shuffled, &f.distinct16}) *figure /= r.layers;
  return f;
}

Routing generate(const char* profile, const char* tokens, const char* layers, const char* seed = "1") {
  return load_routing(load_experiment("default", library(),
                                      {{"workload.routing", profile},
                                       {"workload.tokens", tokens},
                                       {"workload.layers", layers},
                                       {"run.seed", seed}}),
                      library());
}

}  // namespace

TEST_CASE("the same seed gives the same routing and another seed another", "[workload]") {
  const Routing a = generate("qwen3-prose", "64", "2");
  CHECK(same_choices(a, generate("qwen3-prose", "64", "2")));
  CHECK_FALSE(same_choices(a, generate("qwen3-prose", "64", "2", "2")));
  CHECK(a.synthetic);
  CHECK_THAT(a.source, Contains("MoEArc"));
}

TEST_CASE("generated routing does not change unnoticed", "[workload]") {
  // First token of the default experiment, as this version generates it.
  const Routing r = generate("qwen3-prose", "64", "1");
  std::vector<int> experts;
  for (const Choice& c : r.row(0, 0)) experts.push_back(c.expert);
  CHECK(experts == std::vector<int>{33, 12, 97, 73, 65, 94, 104, 38});
}

TEST_CASE("every token has distinct experts whose gates descend and sum to one", "[workload]") {
  for (const char* profile : {"qwen3-prose", "qwen3-batch", "uniform", "zipf-0.8"}) {
    const Routing r = generate(profile, "40", "3");
    for (std::uint32_t l = 0; l < r.layers; ++l)
      for (std::uint32_t t = 0; t < r.tokens; ++t) {
        std::set<std::uint16_t> experts;
        std::uint32_t sum = 0, last = kFullGate;
        for (const Choice& c : r.row(l, t)) {
          CHECK(c.expert < 128);
          CHECK(c.gate_q15 <= last);
          experts.insert(c.expert);
          sum += c.gate_q15;
          last = c.gate_q15;
        }
        CHECK(experts.size() == 8);
        CHECK(sum == kFullGate);
      }
  }
}

TEST_CASE("qwen3-prose has the figures of the trace it is calibrated to", "[workload]") {
  const Figures f = measure(generate("qwen3-prose", "38", "48"));
  CHECK(f.hottest == Approx(0.69).margin(0.06));
  CHECK(f.reuse == Approx(0.435).margin(0.03));
  CHECK(f.shuffled == Approx(0.267).margin(0.03));
  CHECK(f.distinct16 == Approx(42.0).margin(2.0));
}

TEST_CASE("qwen3-batch has the figures of the iteration it is calibrated to", "[workload]") {
  const Routing r = generate("qwen3-batch", "1024", "4");
  const Figures f = measure(r);
  CHECK(f.hottest == Approx(0.795).margin(0.03));
  CHECK(f.reuse == Approx(0.34).margin(0.02));
  const auto loads = r.expert_loads(0);
  const auto active = std::count_if(loads.begin(), loads.end(), [](std::uint32_t n) { return n > 0; });
  CHECK(active <= 83);
  CHECK(active >= 70);
  const auto few = generate("qwen3-batch", "64", "1").expert_loads(0);
  CHECK(std::count_if(few.begin(), few.end(), [](std::uint32_t n) { return n > 0; }) == Approx(60).margin(9));
}

TEST_CASE("uniform routing has no locality beyond chance", "[workload]") {
  const Figures f = measure(generate("uniform", "256", "8"));
  CHECK(f.reuse == Approx(8.0 / 128).margin(0.01));
  CHECK(f.distinct16 == Approx(82.4).margin(1.5));
}

TEST_CASE("Zipf weights are r to the minus exponent", "[workload]") {
  RoutingParams profile;
  profile.zipf_exponent = 1.0;
  const auto one = popularity_weights(profile, 128);
  for (std::uint32_t r = 1; r <= 128; ++r)
    CHECK(double(one[r - 1]) / 4294967296.0 == Approx(1.0 / r).epsilon(1e-6));
  profile.zipf_exponent = 0.5;
  CHECK(double(popularity_weights(profile, 9)[8]) / 4294967296.0 == Approx(1.0 / 3).epsilon(1e-6));
  profile.zipf_exponent = 0.0;
  for (const std::uint64_t w : popularity_weights(profile, 7)) CHECK(w == std::uint64_t{1} << 32);
  profile.zipf_exponent = 4.0;
  CHECK(popularity_weights(profile, 4096)[4095] > 0);
}

TEST_CASE("a profile that cannot serve the model is refused", "[workload]") {
  const auto error = [](const char* key, const char* value) {
    return error_of([&] {
      load_routing(load_experiment("default", library(), {{"workload.routing", "uniform"}, {key, value}}),
                   library());
    });
  };
  CHECK_THAT(error("workload.routing.active_experts", "7"),
             Contains("only 7 experts can be drawn\n  expected at least 8"));
  CHECK_THAT(error("workload.routing.popularity", "[1, 2, 0]"), Contains("only 2 experts can be drawn"));
  CHECK(error("workload.routing.active_experts", "8") == "no error");
}
