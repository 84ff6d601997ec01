// SPDX-License-Identifier: Apache-2.0
// What ep sends in another way: rows to all owners at once, and sums that are added up on the way home. Bytes
// on links in closed form, and beside the plain way.
#include "tests/catch.h"
#include "tests/support/child.h"
#include "tests/support/small_case.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

Experiment three_by_two() {
  Experiment e = small_case(1);
  e.package.rows = 2;
  e.package.columns = 3;
  e.package.memory_attach = MemoryAttach::every_die;
  e.package.chiplet.sram.size_bytes = ChipletParams{}.sram.size_bytes;
  e.model.hidden = 64;
  e.model.experts = 12;
  e.model.top_k = 4;
  e.model.shared_experts = 0;
  e.workload.tokens = 30;
  e.workload.layers = 2;
  e.firmware.options = {{"weights", "owner"}, {"results", "sram"}};
  return e;
}

// Payload of streams, summed over links.
std::uint64_t streamed(const Experiment& e) {
  const std::vector<std::uint64_t> run = numbers_from_child([&] {
    const RunResult result = simulate(e, load_routing(e));
    std::uint64_t bytes = 0;
    for (const LinkResult& link : result.links)
      bytes += link.stats.payload_bytes_by_class[static_cast<std::size_t>(PacketClass::stream)];
    return std::vector<std::uint64_t>{result.outcome == Outcome::ok, bytes};
  });
  REQUIRE(run.at(0) == 1);
  return run.at(1);
}

}  // namespace

TEST_CASE("sums added up on the way cross each link of the tree to their home once") {
  Experiment e = three_by_two();
  const std::uint64_t plain = streamed(e);
  e.firmware.options["results"] = "tree";
  const std::uint64_t tree = streamed(e);
  // A tree over six dies has five links; a row of sums is 64 int32.
  CHECK(tree == std::uint64_t{2} * 30 * 5 * 64 * 4);
  CHECK(plain > tree);
}

TEST_CASE("routers that copy carry less than a source that copies, which a plain run does not need") {
  Experiment e = three_by_two();
  e.firmware.options["results"] = "memory";
  CHECK(streamed(e) == 0);
  e.firmware.options["dispatch"] = "push";
  const std::uint64_t by_source = streamed(e);
  e.package.d2d.router.multicast = true;
  const std::uint64_t by_routers = streamed(e);
  // Four of twelve experts, on six dies: almost every row goes to several dies, at most to all other five.
  CHECK(by_routers < by_source);
  CHECK(by_routers <= std::uint64_t{2} * 30 * 5 * 64);
  CHECK(by_routers > std::uint64_t{2} * 30 * 2 * 64);
}
