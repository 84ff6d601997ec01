// SPDX-License-Identifier: Apache-2.0
// Functional mode computes from the bytes it is given: one flipped bit anywhere on their way, or two
// exchanged DMA sources, must change the output; time must not change.
#include "tests/catch.h"
#include "tests/support/child.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

// Two dies, so that tokens cross the link; every expert is used.
Experiment base_case() {
  Experiment e;
  e.package.rows = 1;
  e.package.columns = 2;
  e.model.name = "injection";
  e.model.hidden = 32;
  e.model.expert_width = 24;
  e.model.experts = 8;
  e.model.top_k = 2;
  e.model.layers = 1;
  e.model.activation = ModelActivation::identity;  // SiLU may hide a change of a very negative input
  e.workload.tokens = 24;
  e.workload.routing.source = "test";
  e.firmware.image = product_image("ep");
  e.firmware.options["weights"] = "owner";  // no weights on the link
  e.run.functional = true;
  return e;
}

InjectParams injection(InjectKind kind, std::uint16_t node, std::uint64_t nth, std::uint32_t byte,
                       std::uint8_t bit) {
  InjectParams p;
  p.kind = kind;
  p.node = node;
  p.nth = nth;
  p.byte = byte;
  p.bit = bit;
  return p;
}

Summary run_with(const InjectParams& p) {
  Experiment e = base_case();
  e.run.inject = {p};
  return run_in_child(e);
}

void must_differ(const InjectParams& p) {
  const Summary clean = run_in_child(base_case());
  REQUIRE(clean.outcome == Outcome::ok);
  const Summary hurt = run_with(p);
  INFO(hurt.text);
  REQUIRE(hurt.outcome == Outcome::not_equal);
  REQUIRE(hurt.mismatches > 0);
  REQUIRE(hurt.violations == 0);
  REQUIRE(hurt.makespan == clean.makespan);
}

}  // namespace

// Bit 7 of a byte changes an int8 by 128: enough to survive requantisation for one of its many tokens.
TEST_CASE("one flipped bit in what memory returns changes the output") {
  for (std::uint64_t nth = 0; nth < 5; ++nth) must_differ(injection(InjectKind::memory_flip, 0, nth, 5, 7));
}
TEST_CASE("one flipped bit in tokens on a link changes the output") {
  must_differ(injection(InjectKind::link_flip, 0, 0, 3, 7));
}
TEST_CASE("one flipped bit in partial results on a link changes the output") {
  // Bit 0 of byte 2 adds or takes 65536 in one value of int32 partial sums; in token rows, which cross the
  // link in between, it would change a whole output row or nothing.
  const InjectParams flip = injection(InjectKind::link_flip, 1, 3, 2, 0);
  must_differ(flip);
  REQUIRE(run_with(flip).mismatches == 1);
}
TEST_CASE("one flipped bit on its way into SRAM changes the output") {
  must_differ(injection(InjectKind::sram_flip, 0, 1, 9, 7));
}
TEST_CASE("two exchanged DMA sources change the output") {
  const Summary clean = run_in_child(base_case());
  unsigned changed = 0;
  // The first loads of die 0 fetch slices of its four experts and rows of tokens.
  for (std::uint64_t nth = 1; nth < 4; ++nth) {
    const Summary swapped = run_with(injection(InjectKind::swap_loads, 0, nth, 0, 0));
    REQUIRE(swapped.violations == 0);
    REQUIRE(swapped.outcome != Outcome::fault);
    changed += swapped.outcome == Outcome::not_equal;
  }
  REQUIRE(clean.outcome == Outcome::ok);
  REQUIRE(changed == 3);
}
