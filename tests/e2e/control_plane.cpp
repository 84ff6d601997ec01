// SPDX-License-Identifier: Apache-2.0
// Roles, mailboxes, the timer, the charge for control time, and the rule of local knowledge, end to end.
#include "tests/catch.h"
#include "tests/support/child.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

Experiment with_image(const std::string& image, unsigned rows, unsigned columns) {
  Experiment e;
  e.package.rows = rows;
  e.package.columns = columns;
  e.model.name = "control";
  e.model.hidden = 64;
  e.model.expert_width = 8;
  e.model.experts = 16;
  e.model.top_k = 1;
  e.model.layers = 1;
  e.workload.tokens = 8;
  e.workload.routing.source = "test";
  e.firmware.image = test_image(image);
  return e;
}

}  // namespace

TEST_CASE("scheduler and agents exchange messages on every mesh, also with tiny mailboxes") {
  for (const unsigned side : {1u, 2u, 3u, 4u}) {
    Experiment e = with_image("chatter", side, side);
    e.package.scheduler_node = side * side - 1;
    e.package.chiplet.control.mail_depth = 1;
    e.firmware.options["rounds"] = "20";
    const Summary s = run_in_child(e);
    INFO(side << "x" << side << ": " << s.text);
    REQUIRE(s.outcome ==
            Outcome::not_conserved);  // it computes nothing; what matters is that it comes to its end
    REQUIRE(s.makespan > 0);
    REQUIRE(s.causes_total == s.makespan);
  }
}

TEST_CASE("a longer timer makes the run longer by exactly that") {
  Experiment e = with_image("chatter", 1, 2);
  e.package.chiplet.control.hz = 1'000'000'000;
  e.firmware.options["pause"] = "1000";
  const Summary shorter = run_in_child(e);
  e.firmware.options["pause"] = "5000";
  const Summary longer = run_in_child(e);
  REQUIRE(longer.makespan - shorter.makespan == 4000 * kNanosecond);
}

TEST_CASE("ten times the experts cost about ten times the control time") {
  Experiment e = with_image("busy_loop", 1, 1);
  const Summary few = run_in_child(e);
  e.model.experts *= 10;
  const Summary many = run_in_child(e);
  REQUIRE(many.control_busy > 9 * few.control_busy);
  REQUIRE(many.control_busy < 11 * few.control_busy);
}

TEST_CASE("the oracle lifts the rule of local knowledge") {
  Experiment e = with_image("misuse", 1, 2);
  e.firmware.options["what"] = "foreign_gate";
  REQUIRE(run_in_child(e).outcome == Outcome::fault);
  e.run.oracle = true;
  REQUIRE(run_in_child(e).outcome == Outcome::not_conserved);
}
