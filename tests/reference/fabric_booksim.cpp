// SPDX-License-Identifier: Apache-2.0
// The fabric beside BookSim 2 (booksim/booksim2 at 28f4329; settings and numbers in
// docs/validation-fabric.md): zero-load latency within one cycle of the closed form, latency at 10, 30, 50
// and 70 % of saturation within 10 %, saturation within 5 %, throughput beyond it within 5 %.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "sc_main/fabric/traffic.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

enum class Set { a, b, l4, l16b32 };
struct Row {
  Set set;
  unsigned size;
  TrafficPattern pattern;
  std::uint32_t flits;
  double zero, saturation, accepted;
  std::array<double, 4> latency;  // at 10, 30, 50, 70 % of saturation
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
      {Set::a, 2, TrafficPattern::uniform, 1, 12.01, 0.877, 0.885, {12.08, 12.22, 12.51, 13.14}},
      {Set::a, 2, TrafficPattern::uniform, 8, 18.97, 0.759, 0.853, {19.66, 21.79, 25.34, 31.13}},
      {Set::a, 2, TrafficPattern::neighbour, 1, 17.00, 1.000, 1.000, {17.01, 17.06, 17.23, 17.65}},
      {Set::a, 2, TrafficPattern::neighbour, 8, 24.02, 0.946, 0.991, {24.39, 25.35, 27.29, 30.66}},
      {Set::a, 2, TrafficPattern::transpose, 1, 12.02, 1.000, 1.000, {12.02, 12.04, 12.11, 12.33}},
      {Set::a, 2, TrafficPattern::transpose, 8, 19.02, 0.931, 0.991, {19.31, 20.30, 22.27, 25.57}},
      {Set::a, 2, TrafficPattern::nearest, 1, 12.00, 0.977, 0.984, {12.05, 12.18, 12.39, 12.81}},
      {Set::a, 2, TrafficPattern::nearest, 8, 19.02, 0.820, 0.928, {19.70, 21.46, 24.62, 29.70}},
      {Set::a, 2, TrafficPattern::uniform_others, 1, 13.69, 0.935, 0.942, {13.73, 13.93, 14.28, 15.11}},
      {Set::a, 2, TrafficPattern::uniform_others, 8, 20.71, 0.805, 0.902, {21.53, 23.59, 27.12, 33.12}},
      {Set::a, 4, TrafficPattern::uniform, 1, 19.45, 0.744, 0.755, {19.60, 20.06, 20.77, 22.28}},
      {Set::a, 4, TrafficPattern::uniform, 8, 26.59, 0.671, 0.729, {27.40, 30.32, 34.40, 41.75}},
      {Set::a, 4, TrafficPattern::neighbour, 1, 22.00, 1.000, 1.000, {22.01, 22.05, 22.35, 23.15}},
      {Set::a, 4, TrafficPattern::neighbour, 8, 28.94, 0.935, 0.996, {29.34, 30.42, 32.07, 35.76}},
      {Set::a, 4, TrafficPattern::transpose, 1, 19.56, 0.330, 0.625, {19.45, 19.69, 20.02, 20.62}},
      {Set::a, 4, TrafficPattern::transpose, 8, 26.58, 0.322, 0.623, {26.82, 27.83, 29.26, 32.21}},
      {Set::a, 4, TrafficPattern::nearest, 1, 12.00, 0.851, 0.879, {12.05, 12.18, 12.38, 12.77}},
      {Set::a, 4, TrafficPattern::nearest, 8, 19.03, 0.751, 0.849, {19.77, 21.64, 24.60, 29.75}},
      {Set::a, 4, TrafficPattern::uniform_others, 1, 20.40, 0.713, 0.725, {20.47, 20.88, 21.65, 23.26}},
      {Set::a, 4, TrafficPattern::uniform_others, 8, 27.29, 0.652, 0.705, {28.37, 31.12, 35.39, 42.79}},
      {Set::l4, 2, TrafficPattern::uniform, 1, 15.01, 0.877, 0.884, {15.09, 15.21, 15.50, 16.14}},
      {Set::l4, 2, TrafficPattern::uniform, 8, 21.94, 0.774, 0.851, {22.80, 25.19, 28.73, 34.60}},
      {Set::l4, 4, TrafficPattern::uniform, 1, 26.93, 0.744, 0.752, {27.07, 27.57, 28.28, 29.77}},
      {Set::l4, 4, TrafficPattern::uniform, 8, 34.11, 0.675, 0.723, {35.20, 37.88, 42.34, 49.77}},
      {Set::l16b32, 2, TrafficPattern::uniform, 1, 27.03, 0.881, 0.885, {27.14, 27.20, 27.52, 28.11}},
      {Set::l16b32, 2, TrafficPattern::uniform, 8, 33.78, 0.835, 0.905, {34.92, 37.31, 41.89, 48.86}},
      {Set::l16b32, 4, TrafficPattern::uniform, 1, 56.81, 0.763, 0.763, {57.18, 57.56, 58.34, 60.03}},
      {Set::l16b32, 4, TrafficPattern::uniform, 8, 64.20, 0.740, 0.770, {65.32, 68.05, 73.50, 83.20}},
      {Set::b, 2, TrafficPattern::uniform, 1, 8.00, 0.908, 0.921, {8.06, 8.20, 8.48, 9.08}},
      {Set::b, 2, TrafficPattern::uniform, 8, 14.99, 0.721, 0.858, {15.65, 17.60, 20.88, 25.94}},
      {Set::b, 2, TrafficPattern::transpose, 1, 8.01, 1.000, 1.000, {8.01, 8.00, 8.00, 8.00}},
      {Set::b, 2, TrafficPattern::transpose, 8, 15.02, 0.912, 0.991, {15.32, 16.29, 18.09, 21.02}},
      {Set::b, 2, TrafficPattern::nearest, 1, 8.00, 0.981, 0.991, {8.03, 8.13, 8.29, 8.67}},
      {Set::b, 2, TrafficPattern::nearest, 8, 15.02, 0.797, 0.931, {15.61, 17.24, 20.18, 24.80}},
      {Set::b, 4, TrafficPattern::uniform, 1, 12.47, 0.766, 0.769, {12.57, 12.86, 13.37, 14.47}},
      {Set::b, 4, TrafficPattern::uniform, 8, 19.59, 0.629, 0.735, {20.55, 23.15, 27.37, 34.03}},
      {Set::b, 4, TrafficPattern::transpose, 1, 12.54, 0.330, 0.625, {12.46, 12.56, 12.67, 12.88}},
      {Set::b, 4, TrafficPattern::transpose, 8, 19.58, 0.322, 0.624, {19.85, 20.96, 22.48, 25.55}},
      {Set::b, 4, TrafficPattern::nearest, 1, 8.00, 0.847, 0.875, {8.04, 8.14, 8.32, 8.67}},
      {Set::b, 4, TrafficPattern::nearest, 8, 15.03, 0.713, 0.852, {15.66, 17.32, 19.93, 24.44}},
  };
  return kRows;
}

FabricParams params_of(Set set) {
  FabricParams p;  // RC, VA, SA, ST, link: 1 cycle each; any free virtual channel
  for (auto& vcs : p.classes) vcs = {0, 4};
  p.depths.assign(4, set == Set::l16b32 ? 32 : 8);
  if (set == Set::l4) p.link = 4;
  if (set == Set::l16b32) p.link = 16;
  if (set != Set::b) return p;
  p.route = 0;
  p.speculative = true;
  p.credit = 2;
  return p;
}

void compare(const Row& row) {
  const Topology topology = Topology::mesh(row.size, row.size);
  const FabricParams params = params_of(row.set);
  TrafficParams traffic;
  traffic.pattern = row.pattern;
  traffic.flits = row.flits;
  traffic.warm_up = 5'000;
  traffic.measured = (row.flits == 1 ? 12'000u : 24'000u) * 16 / topology.nodes();
  INFO("mesh " << row.size << "x" << row.size << ", "
               << enum_names(row.pattern)[static_cast<std::size_t>(row.pattern)] << ", " << row.flits
               << " flits, link " << params.link);
  // 1. Zero load: per router and per link a constant, 2 at the source, the flits behind the first.
  const TrafficResult zero = run_traffic(topology, params, traffic, 0.003);
  const double router = row.set == Set::b ? 3 : 5;
  const double form =
      router * zero.hops + (static_cast<double>(params.link) - 1) * (zero.hops - 1) + 2 + row.flits - 1;
  CHECK(std::abs(zero.latency - form) < 0.5);
  CHECK(std::abs(zero.latency - row.zero) < 0.05 * row.zero);  // the mean way differs with the seed
  // 2. On the way to saturation.
  const std::array<double, 4> shares{0.1, 0.3, 0.5, 0.7};
  for (std::size_t i = 0; i < shares.size(); ++i) {
    INFO("at " << shares[i] << " of saturation");
    const double latency = run_traffic(topology, params, traffic, shares[i] * row.saturation).latency;
    CHECK(latency > 0.9 * row.latency[i]);
    CHECK(latency < 1.1 * row.latency[i]);
  }
  // 3. Saturation: the load at which the mean is three times that at zero load.
  const double limit = 3 * row.zero;
  CHECK(run_traffic(topology, params, traffic, 0.95 * row.saturation, limit).latency <= limit);
  if (1.05 * row.saturation < 1)
    CHECK(run_traffic(topology, params, traffic, 1.05 * row.saturation, limit).latency > limit);
  const double accepted = run_traffic(topology, params, traffic, 1.0, 1).accepted;
  CHECK(std::abs(accepted - row.accepted) < 0.05 * row.accepted);
}

void compare_all(Set set, unsigned size) {
  unsigned compared = 0;
  for (const Row& row : rows()) {
    if (row.set != set || row.size != size) continue;
    ++compared;
    compare(row);
  }
  CHECK(compared >= 2);
}

}  // namespace

TEST_CASE("a 2x2 mesh stands beside BookSim") {
  compare_all(Set::a, 2);
}
TEST_CASE("a 4x4 mesh stands beside BookSim") {
  compare_all(Set::a, 4);
}
TEST_CASE("meshes with longer links and deeper buffers stand beside BookSim") {
  for (const unsigned size : {2u, 4u}) {
    compare_all(Set::l4, size);
    compare_all(Set::l16b32, size);
  }
}
TEST_CASE("a 2x2 mesh of fast routers stands beside BookSim") {
  compare_all(Set::b, 2);
}
TEST_CASE("a 4x4 mesh of fast routers stands beside BookSim") {
  compare_all(Set::b, 4);
}
