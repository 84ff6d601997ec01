// SPDX-License-Identifier: Apache-2.0
// The result of a simulation depends on nothing but its input: not on the order in which modules are
// constructed, not on the protocol checkers, not on which run of the same it is.
#include "tests/catch.h"
#include "tests/support/small_case.h"

using namespace moesaic;
using namespace moesaic::test;

TEST_CASE("dies constructed last to first give identical results") {
  for (std::uint32_t seed = 300; seed < 320; ++seed) {
    const Experiment e = small_case(seed, seed % 2 == 0 ? "ep" : "fse_dp");
    SimulateOptions reversed;
    reversed.reverse_construction = true;
    const Summary a = run_in_child(e);
    const Summary b = run_in_child(e, reversed);
    INFO("case " << seed << ": " << a.text << b.text);
    REQUIRE(a.outcome == Outcome::ok);
    REQUIRE(a.makespan == b.makespan);
    REQUIRE(a.statistics == b.statistics);
  }
}

TEST_CASE("protocol checkers watch without changing anything") {
  Experiment e = small_case(321);
  e.run.check_protocol = false;
  const Summary plain = run_in_child(e);
  e.run.check_protocol = true;
  const Summary watched = run_in_child(e);
  REQUIRE(plain.outcome == Outcome::ok);
  REQUIRE(watched.outcome == Outcome::ok);
  REQUIRE(plain.makespan == watched.makespan);
  REQUIRE(plain.statistics == watched.statistics);
}

TEST_CASE("another seed gives another routing and another time") {
  Experiment e = small_case(322);
  e.workload.tokens = 30;
  e.model.experts = 16;
  e.model.top_k = 3;
  e.package.rows = 2;
  e.package.columns = 2;
  const Summary one = run_in_child(e);
  e.run.seed = 12345;
  REQUIRE(run_in_child(e).makespan != one.makespan);
}
