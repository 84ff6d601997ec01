// SPDX-License-Identifier: Apache-2.0
// What the part `authors` of the reproduction of Expert Streaming assumes takes nothing from the results: on
// its package, with its options, every value is computed once and right. Its times: tests/reference.
#include <fmt/format.h>

#include "sc_main/config/library.h"
#include "sc_main/sweep/reproduction.h"
#include "tests/catch.h"
#include "tests/support/scratch.h"

using namespace moesaic;

namespace {

const PartParams& authors() {
  static const ReproductionParams reproduction =
      load_reproduction("expert-streaming", Library(std::filesystem::path(MOESAIC_SOURCE_DIR) / "platforms"));
  for (const PartParams& part : reproduction.parts)
    if (part.name == "authors") return part;
  throw std::runtime_error("the reproduction has no part `authors`");
}

}  // namespace

TEST_CASE("under the authors' assumptions every system computes every value once, bit for bit") {
  const test::Scratch scratch;
  REQUIRE(authors().axes.back().variants.size() >= 2);
  for (const VariantParams& system : authors().axes.back().variants) {
    std::string line = "run tiny --functional --check-protocol --out out";
    for (const auto& [key, value] : authors().set) line += fmt::format(" --set '{}={}'", key, value);
    for (const auto& [key, value] : system.set) line += fmt::format(" --set '{}={}'", key, value);
    const test::Answer answer = scratch.run(line);
    INFO(line << answer.out << answer.err);
    REQUIRE(answer.code == 0);
    CHECK(test::has(answer.out, "each exactly once"));
    CHECK(test::has(answer.out, "all equal the reference"));
    CHECK(test::has(answer.out, "deviations declared by the image: none"));
  }
}

TEST_CASE("experts that are dealt by need may have their rows pushed to them") {
  const test::Scratch scratch;
  for (const char* weights : {"everywhere", "owner", "copies"}) {
    const test::Answer answer = scratch.run(fmt::format(
        "run tiny --functional --set run.oracle=true --firmware ep -o placement=needed -o dispatch=push "
        "-o weights={} --out out",
        weights));
    INFO(answer.out << answer.err);
    CHECK(answer.code == 0);
    CHECK(test::has(answer.out, "all equal the reference"));
  }
}

TEST_CASE("placement=needed is refused without the routing, and fabric-bench without a fabric") {
  const test::Scratch scratch;
  const test::Answer needed = scratch.run("run tiny --firmware ep -o placement=needed --out out");
  CHECK(needed.code == 2);
  CHECK(test::has(needed.err, "run.oracle=true"));
  const test::Answer bench = scratch.run("fabric-bench expert-streaming-authors-2x2");
  CHECK(bench.code == 2);
  CHECK(test::has(bench.err, "fixed_delay"));
  const test::Answer quantum =
      scratch.run("run tiny --set package.chiplet.tensor_engine.row_quantum_cycles=4 --out out");
  CHECK(quantum.code == 2);
  CHECK(test::has(quantum.err, "only the ideal array"));
}
