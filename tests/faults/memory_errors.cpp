// SPDX-License-Identifier: Apache-2.0
// Errors of the memory device behind ECC: one wrong bit of a word is repaired and costs time, two are never
// silent, whoever uses the data on whichever die.
#include "tests/catch.h"
#include "tests/support/child.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

Experiment base_case(bool functional) {
  Experiment e;
  e.package.rows = 1;
  e.package.columns = 2;
  e.package.memory.controller.ecc = MemoryEcc::sec_ded;
  e.package.memory.controller.ecc_correct_cycles = 400;
  e.model.name = "errors";
  e.model.hidden = 32;
  e.model.expert_width = 24;
  e.model.experts = 8;
  e.model.top_k = 2;
  e.model.layers = 1;
  e.model.activation = ModelActivation::identity;
  e.workload.tokens = 24;
  e.workload.routing.source = "test";
  e.firmware.image = product_image("ep");
  e.run.functional = functional;
  return e;
}

// Wrong bits of word 0 of read `nth` of die `node`'s memory.
Summary with_errors(bool functional, std::uint16_t node, std::uint64_t nth, unsigned bits) {
  Experiment e = base_case(functional);
  for (unsigned i = 0; i < bits; ++i) {
    InjectParams p;
    p.kind = InjectKind::memory_flip;
    p.node = node;
    p.nth = nth;
    p.byte = i;
    p.bit = 7;
    e.run.inject.push_back(p);
  }
  return run_in_child(e);
}

}  // namespace

TEST_CASE("one wrong bit behind ECC is repaired, and the run is later in both modes alike") {
  const Summary clean = run_in_child(base_case(true));
  REQUIRE(clean.outcome == Outcome::ok);
  Tick later = 0;
  for (std::uint64_t nth = 0; nth < 6; ++nth) {
    const Summary functional = with_errors(true, 0, nth, 1);
    const Summary timing = with_errors(false, 0, nth, 1);
    INFO(functional.text);
    CHECK(functional.outcome == Outcome::ok);
    CHECK(functional.mismatches == 0);
    CHECK(functional.makespan == timing.makespan);
    later += functional.makespan != clean.makespan;
  }
  CHECK(later > 0);
}

TEST_CASE("two wrong bits behind ECC end the run where the data are used, on whichever die") {
  for (const bool functional : {false, true}) {
    for (std::uint16_t node = 0; node < 2; ++node) {
      bool elsewhere = false;
      for (std::uint64_t nth = 0; nth < 5; ++nth) {
        const Summary run = with_errors(functional, node, nth, 2);
        INFO(run.text);
        CHECK(run.outcome == Outcome::fault);
        CHECK(run.text.find("uncorrectable error") != std::string::npos);
        elsewhere = elsewhere || run.text.find(node == 0 ? "die 1" : "die 0") != std::string::npos;
      }
      CHECK(elsewhere);  // poison crossed the fabric
    }
  }
}
