// SPDX-License-Identifier: Apache-2.0
// The lower bounds against arithmetic done by hand.
#include "tests/catch.h"

#include "sc_main/report/report.h"

using namespace moesaic;

namespace {

ModelParams small_model() {
  ModelParams model;
  model.name = "small";
  model.hidden = 64;
  model.expert_width = 32;
  model.experts = 4;
  model.top_k = 2;
  model.layers = 2;
  return model;
}

/// Every token of every layer chooses experts 0 and 1.
Routing two_experts(std::uint32_t tokens, std::uint32_t layers) {
  Routing routing;
  routing.layers = layers;
  routing.tokens = tokens;
  routing.top_k = 2;
  routing.experts = 4;
  for (std::uint32_t i = 0; i < tokens * layers; ++i) {
    routing.choices.push_back({0, 16384});
    routing.choices.push_back({1, 16384});
  }
  return routing;
}

constexpr std::uint64_t kExpertBytes = 3 * 64 * 32;

}  // namespace

TEST_CASE("needed work counts active experts once and every row once") {
  const NeededWork work = needed_work(small_model(), two_experts(5, 3));
  CHECK(work.weight_bytes == 3 * 2 * kExpertBytes);
  CHECK(work.activation_bytes == 3 * 5 * 64);
  CHECK(work.output_bytes == 3 * 5 * 64 * 4);
  CHECK(work.macs == 3 * 5 * 2 * kExpertBytes);
}

TEST_CASE("shared experts are active in every layer and used by every token") {
  ModelParams model = small_model();
  model.shared_experts = 1;
  const NeededWork work = needed_work(model, two_experts(5, 1));
  CHECK(work.weight_bytes == 3 * kExpertBytes);
  CHECK(work.macs == 5 * 3 * kExpertBytes);
}

TEST_CASE("no tokens need no work") {
  ModelParams model = small_model();
  model.shared_experts = 1;
  const NeededWork work = needed_work(model, two_experts(0, 1));
  CHECK(work.memory_bytes() == 0);
  CHECK(work.macs == 0);
  CHECK(lower_bounds(work, {1e9, 1e9}).distance(1000) == 0.0);
}

TEST_CASE("the memory bound is needed bytes over the bandwidth of all sites") {
  PackageParams package;  // 2x2, two channels of 12.8 GB/s at each die
  const PeakRates peak = peak_rates(package);
  CHECK(peak.memory_bytes_per_s == Approx(4 * 25.6e9));
  NeededWork work;
  work.weight_bytes = 1'024'000;
  const Bounds bounds = lower_bounds(work, peak);
  CHECK(bounds.all[0].time == 10 * kMicrosecond);
  CHECK(std::string(bounds.largest().resource) == "memory");
  CHECK(bounds.distance(20 * kMicrosecond) == Approx(2.0));
}

TEST_CASE("memory at the corners alone counts the corners alone") {
  PackageParams package;
  package.rows = 3;
  package.columns = 3;
  package.memory_attach = MemoryAttach::corners;
  CHECK(peak_rates(package).memory_bytes_per_s == Approx(4 * 25.6e9));
  CHECK(peak_rates(package).macs_per_s == Approx(9 * 2048 * 0.8e9));
}

TEST_CASE("the engine bound is needed MACs over the peak of all arrays") {
  PackageParams package;  // 4 dies x 2048 MACs x 800 MHz
  NeededWork work;
  work.macs = 4ull * 2048 * 800;  // one microsecond
  const Bounds bounds = lower_bounds(work, peak_rates(package));
  CHECK(bounds.all[1].time == kMicrosecond);
  CHECK(std::string(bounds.largest().resource) == "engine");
}

TEST_CASE("fabric and control are bounded by zero, since no image has to use them") {
  NeededWork work;
  work.weight_bytes = 1000;
  work.macs = 1000;
  const Bounds bounds = lower_bounds(work, peak_rates(PackageParams{}));
  CHECK(bounds.all[2].time == 0);
  CHECK(bounds.all[3].time == 0);
}
