// SPDX-License-Identifier: Apache-2.0
// An image that computes everything and does not save every result exactly once fails the run, in timing mode
// as in functional mode.
#include "tests/catch.h"
#include "tests/support/child.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

Summary forgetful(const std::string& saves, bool functional) {
  Experiment e;
  e.package.rows = 1;
  e.package.columns = 2;
  e.model.name = "forgetful";
  e.model.hidden = 32;
  e.model.expert_width = 8;
  e.model.experts = 6;
  e.model.shared_experts = 1;
  e.model.top_k = 2;
  e.model.layers = 2;
  e.workload.tokens = 7;
  e.workload.layers = 2;
  e.workload.routing.source = "test";
  e.firmware.image = test_image("forgetful");
  e.firmware.options["saves"] = saves;
  e.run.functional = functional;
  return run_in_child(e);
}

// 7 tokens on 2 dies, 2 layers: every die leaves out its last row in every layer.
void must_fail(const std::string& saves, std::uint64_t violations, const std::string& sentence) {
  for (const bool functional : {false, true}) {
    const Summary s = forgetful(saves, functional);
    INFO(s.text);
    CHECK((s.outcome == Outcome::not_conserved || s.outcome == Outcome::not_equal));
    CHECK(s.violations == violations);
    CHECK(s.text.find(sentence) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("an image that computes everything and saves it passes, in both modes") {
  const Summary timing = forgetful("all", false);
  const Summary functional = forgetful("all", true);
  INFO(timing.text << functional.text);
  CHECK(timing.outcome == Outcome::ok);
  CHECK(functional.outcome == Outcome::ok);
  CHECK(functional.values == 2 * 7 * 32);
  CHECK(timing.makespan == functional.makespan);
}
TEST_CASE("an image that saves nothing fails") {
  must_fail("nothing", 14, "layer 0, token 0: its result was not stored");
}
TEST_CASE("an image that leaves out one row fails") {
  must_fail("all_but_one", 4, "layer 0, token 3: its result was not stored");
}
TEST_CASE("an image that leaves out the end of a row fails") {
  must_fail("in_part", 4, "layer 1, token 6: its result was stored in part only");
}
TEST_CASE("an image that stores a row twice fails") {
  must_fail("twice", 4, "layer 0, output, row 3: was stored a second time");
}
