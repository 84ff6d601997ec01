// SPDX-License-Identifier: Apache-2.0
// Slots and grants of fse_dp on the modelled hardware: with one reserved slot per die two slots are enough on
// every mesh; without, greedy loads fill a ring, and the hang report names who waits for whom.
#include "tests/catch.h"
#include "tests/support/small_case.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

/// Two slots of one column on every die, and every token needs every expert: nothing fills rings better.
Experiment two_slots(unsigned rows, unsigned columns, bool reserved_slot) {
  Experiment e;
  e.package.rows = rows;
  e.package.columns = columns;
  e.model.hidden = 16;
  e.model.expert_width = 8;
  e.model.experts = e.model.top_k = 3;
  e.model.layers = 1;
  e.workload.tokens = 2 * rows * columns;
  e.workload.layers = 1;
  e.workload.routing.source = "test";
  e.firmware.image = product_image("fse_dp");
  e.firmware.options = {
      {"slots", "2"}, {"slice_columns", "1"}, {"reserved_slot", reserved_slot ? "true" : "false"}};
  e.run.functional = true;
  e.package.chiplet.sram.size_bytes = smallest_sram(e);
  return e;
}

}  // namespace

TEST_CASE("two slots on every die are enough on every mesh up to four by four") {
  for (unsigned rows = 1; rows <= 4; ++rows) {
    for (unsigned columns = 1; columns <= 4; ++columns) {
      const Summary run = run_in_child(two_slots(rows, columns, true));
      INFO(rows << " x " << columns << ": " << run.text);
      CHECK(run.outcome == Outcome::ok);
      CHECK(run.mismatches == 0);
    }
  }
}

TEST_CASE("without a reserved slot two dies wait for each other, and the hang report says so") {
  const Summary run = run_in_child(two_slots(1, 2, false));
  INFO(run.text);
  REQUIRE(run.outcome == Outcome::hang);
  for (const char* line : {"waits for die 1 to grant a slot", "waits for die 0 to grant a slot",
                           "2 slices of other dies wait for a slot here; all 2 are taken or reserved"})
    CHECK(run.text.find(line) != std::string::npos);
}

TEST_CASE("without a reserved slot a ring of nine dies hangs too") {
  const Summary run = run_in_child(two_slots(3, 3, false));
  INFO(run.text);
  REQUIRE(run.outcome == Outcome::hang);
}
