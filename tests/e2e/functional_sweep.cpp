// SPDX-License-Identifier: Apache-2.0
// Randomly drawn small cases: the bytes equal the independent reference, work is conserved, the causes sum to
// the makespan, and timing mode takes exactly the same simulated time. The sweep is cut into test cases so
// that they run side by side.
#include <map>
#include <set>

#include "tests/catch.h"
#include "tests/support/small_case.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

constexpr std::uint32_t kCasesPerTest = 26;

void check_in_both_modes(Experiment e) {
  const Summary functional = run_in_child(e);
  INFO(e.name << ": " << functional.text << "\n" << show_experiment(e));
  REQUIRE(!functional.refused);
  REQUIRE(functional.outcome == Outcome::ok);
  REQUIRE(functional.mismatches == 0);
  REQUIRE(functional.violations == 0);
  REQUIRE(functional.values == std::uint64_t{e.workload.tokens} * e.model.hidden * e.workload.layers);
  REQUIRE(functional.pairs ==
          std::uint64_t{e.workload.tokens} * (e.model.top_k + e.model.shared_experts) * e.workload.layers);
  REQUIRE(functional.causes_total == functional.makespan);
  e.run.functional = false;
  const Summary timing = run_in_child(e);
  REQUIRE(timing.outcome == Outcome::ok);
  REQUIRE(timing.makespan == functional.makespan);
  REQUIRE(timing.statistics == functional.statistics);
}

void sweep(std::uint32_t part, const std::string& image = "ep", bool baseline = false) {
  for (std::uint32_t seed = part * kCasesPerTest; seed < (part + 1) * kCasesPerTest; ++seed)
    check_in_both_modes(small_case(seed, image, baseline));
}

// ep whose homes send rows to all owners at once, copied at the source or by the routers; in some of the
// cases results are added up on the way home.
void sweep_pushing(std::uint32_t part) {
  for (std::uint32_t seed = part * kCasesPerTest; seed < (part + 1) * kCasesPerTest; ++seed) {
    Experiment e = small_case(seed);
    e.firmware.options["dispatch"] = "push";
    e.package.d2d.router.multicast = seed % 2 == 0;
    if (seed % 3 == 0) e.firmware.options["results"] = "tree";
    e.package.chiplet.sram.size_bytes =
        std::max<std::uint64_t>(e.package.chiplet.sram.size_bytes, smallest_sram(e));
    check_in_both_modes(e);
  }
}

}  // namespace

TEST_CASE("random small cases 0 to 25 equal the reference bit for bit, in the same time as timing mode") {
  sweep(0);
}
TEST_CASE("random small cases 26 to 51 equal the reference bit for bit, in the same time as timing mode") {
  sweep(1);
}
TEST_CASE("random small cases 52 to 77 equal the reference bit for bit, in the same time as timing mode") {
  sweep(2);
}
TEST_CASE("random small cases 78 to 103 equal the reference bit for bit, in the same time as timing mode") {
  sweep(3);
}
TEST_CASE("random small cases 104 to 129 equal the reference bit for bit, in the same time as timing mode") {
  sweep(4);
}
TEST_CASE("random small cases 130 to 155 equal the reference bit for bit, in the same time as timing mode") {
  sweep(5);
}
TEST_CASE("random small cases 156 to 181 equal the reference bit for bit, in the same time as timing mode") {
  sweep(6);
}
TEST_CASE("random small cases 182 to 207 equal the reference bit for bit, in the same time as timing mode") {
  sweep(7);
}

TEST_CASE("random small cases 0 to 25 under fse_dp equal the reference, in the same time as timing mode") {
  sweep(0, "fse_dp");
}
TEST_CASE("random small cases 26 to 51 under fse_dp equal the reference, in the same time as timing mode") {
  sweep(1, "fse_dp");
}
TEST_CASE("random small cases 52 to 77 under fse_dp equal the reference, in the same time as timing mode") {
  sweep(2, "fse_dp");
}
TEST_CASE("random small cases 78 to 103 under fse_dp equal the reference, in the same time as timing mode") {
  sweep(3, "fse_dp");
}
TEST_CASE("random small cases 104 to 129 under fse_dp equal the reference, in the same time as timing mode") {
  sweep(4, "fse_dp");
}

TEST_CASE("random small cases under ep with rows pushed by multicast equal the reference in both modes") {
  sweep_pushing(2);
}
TEST_CASE("more random small cases under ep with rows pushed by multicast equal the reference") {
  sweep_pushing(3);
}

TEST_CASE("random small cases under ep with results added up on the way equal the reference in both modes") {
  for (std::uint32_t seed = 4 * kCasesPerTest; seed < 5 * kCasesPerTest; ++seed) {
    Experiment e = small_case(seed);
    e.firmware.options["results"] = "tree";
    e.package.chiplet.sram.size_bytes =
        std::max<std::uint64_t>(e.package.chiplet.sram.size_bytes, smallest_sram(e));
    check_in_both_modes(e);
  }
}

TEST_CASE("random small cases under ep with capacities and orders equal the reference in both modes") {
  sweep(8, "ep", true);
}
TEST_CASE("random small cases under hydra equal the reference, in the same time as timing mode") {
  sweep(9, "hydra", true);
}
TEST_CASE("random small cases under hydra_simple equal the reference, in the same time as timing mode") {
  sweep(10, "hydra_simple", true);
}
TEST_CASE("random small cases under naive_fse_dp equal the reference, in the same time as timing mode") {
  sweep(11, "naive_fse_dp");
}

TEST_CASE("the cases drawn for the baselines cover drops, padding and every profile") {
  std::set<std::string> profiles, capacities;
  unsigned padded = 0, dropping = 0, idle = 0;
  for (std::uint32_t seed = 8 * kCasesPerTest; seed < 9 * kCasesPerTest; ++seed) {
    const auto options = small_case(seed, "ep", true).firmware.options;
    padded += options.count("padded") != 0;
    if (options.count("capacity") != 0) capacities.insert(options.at("capacity"));
    idle += options.count("overlap") != 0;
  }
  for (std::uint32_t seed = 9 * kCasesPerTest; seed < 10 * kCasesPerTest; ++seed) {
    const auto options = small_case(seed, "hydra", true).firmware.options;
    profiles.insert(options.count("profile") != 0 ? options.at("profile") : "layer");
  }
  for (std::uint32_t seed = 10 * kCasesPerTest; seed < 11 * kCasesPerTest; ++seed)
    dropping += small_case(seed, "hydra_simple", true).firmware.options.count("token_threshold") != 0;
  REQUIRE(profiles == std::set<std::string>{"history", "layer", "offline"});
  REQUIRE(capacities == std::set<std::string>{"deepspeed", "tutel"});
  REQUIRE(padded >= 8);
  REQUIRE(idle >= 8);
  REQUIRE(dropping >= 8);
}

TEST_CASE("the drawn cases cover what they are meant to cover") {
  std::set<unsigned> nodes, top_k, shared;
  unsigned one_token = 0, uneven = 0, idle_dies = 0, odd_width = 0, corners = 0, two_layers = 0;
  for (std::uint32_t seed = 0; seed < 8 * kCasesPerTest; ++seed) {
    const Experiment e = small_case(seed);
    nodes.insert(e.package.nodes());
    top_k.insert(e.model.top_k);
    shared.insert(e.model.shared_experts);
    one_token += e.workload.tokens == 1;
    uneven += e.workload.tokens % e.package.nodes() != 0;
    idle_dies += e.workload.tokens < e.package.nodes();
    odd_width += e.model.expert_width % 2;
    corners += e.package.memory_attach == MemoryAttach::corners && e.package.nodes() == 9;
    two_layers += e.workload.layers == 2;
  }
  REQUIRE(nodes == std::set<unsigned>{1, 2, 3, 4, 6, 9});
  REQUIRE(top_k == std::set<unsigned>{1, 2, 3, 4, 5, 6, 7, 8});
  REQUIRE(shared == std::set<unsigned>{0, 1, 2});
  REQUIRE(one_token >= 20);
  REQUIRE(uneven >= 50);
  REQUIRE(idle_dies >= 20);
  REQUIRE(odd_width >= 50);
  REQUIRE(corners >= 1);
  REQUIRE(two_layers >= 20);
}

TEST_CASE("the cases drawn for fse_dp cover what only it can choose") {
  std::map<std::string, std::map<std::string, unsigned>> drawn;
  unsigned many_slices = 0, other_scheduler = 0, least_sram = 0;
  for (std::uint32_t seed = 0; seed < 5 * kCasesPerTest; ++seed) {
    Experiment e = small_case(seed, "fse_dp");
    const auto& options = e.firmware.options;
    for (const auto& [option, value] : options) ++drawn[option][value];
    many_slices += options.count("slice_columns") != 0 &&
                   std::stoul(options.at("slice_columns")) * 4 <= e.model.expert_width;
    other_scheduler += e.package.scheduler_node != 0;
    least_sram += e.package.chiplet.sram.size_bytes < 100'000;
  }
  const std::map<std::string, std::vector<std::string>> wanted = {
      {"placement", {"slices", "experts", "striped"}},
      {"order", {"paired", "hottest_first", "id"}},
      {"scheduler", {"firmware", "hardware"}},
      {"control", {"interrupts", "chains"}},
      {"ring", {"snake", "spiral", "shortest"}},
      {"scheduling", {"tables", "trajectories"}},
      {"entry", {"nearest_memory", "least_loaded", "most_tokens"}},
      {"rule1", {"false"}},
      {"rule2", {"false"}},
      {"rule3", {"false"}},
      {"rule4", {"false"}},
      {"rule5", {"true"}},
      {"fuse", {"false"}},
      {"skip_dies", {"false"}},
      {"slots", {"2", "3", "4", "5"}},
      {"preload", {"0", "1", "5"}}};
  for (const auto& [option, values] : wanted) {
    for (const std::string& value : values) {
      INFO(option << "=" << value);
      REQUIRE(drawn[option][value] >= 5);
    }
  }
  REQUIRE(many_slices >= 20);
  REQUIRE(other_scheduler >= 50);
  REQUIRE(least_sram >= 40);
}
