// SPDX-License-Identifier: Apache-2.0
// The ledger of declared deviations: what is declared must be what is done, no less and no more.
#include "sc_main/run/conservation.h"

#include "tests/catch.h"

using namespace moesaic;

namespace {

/// One layer, one token on experts 0 and 1, which are four columns wide.
struct Case {
  ModelParams model;
  Routing routing;

  Case() {
    model.hidden = 8;
    model.expert_width = 4;
    model.experts = 3;
    model.top_k = 2;
    routing.layers = routing.tokens = 1;
    routing.top_k = 2;
    routing.experts = 3;
    routing.choices = {{0, 32768}, {1, 32768}};
  }
  /// Violations when expert 0 and 1 are computed, and then `more` happens.
  template <class More>
  std::uint64_t violations(More more) const {
    Conservation ledger(model, routing);
    for (const std::uint16_t expert : {0, 1}) ledger.retired(slice(expert, 0, 4, {0}));
    more(ledger);
    return ledger.result().violation_count;
  }
  static RetiredSlice slice(std::uint16_t expert, std::uint16_t begin, std::uint16_t count,
                            std::vector<std::uint32_t> tokens) {
    RetiredSlice s{};
    s.layer = 0;
    s.expert = expert;
    s.f_begin = begin;
    s.f_count = count;
    s.tokens = std::move(tokens);
    return s;
  }
};

}  // namespace

TEST_CASE("padding must be as many rows as declared, through all columns of the expert") {
  const Case c;
  const auto padding = [&](Conservation& ledger) {
    ledger.retired(Case::slice(2, 0, 3, {MOESAIC_NO_TOKEN, MOESAIC_NO_TOKEN}));
    ledger.retired(Case::slice(2, 3, 1, {MOESAIC_NO_TOKEN, MOESAIC_NO_TOKEN}));
  };
  CHECK(c.violations([](Conservation&) {}) == 0);
  CHECK(c.violations(padding) == 1);  // undeclared
  CHECK(c.violations([&](Conservation& ledger) {
    ledger.declare({MOESAIC_PAD, 0, 2, 0, 2});
    padding(ledger);
  }) == 0);
  CHECK(c.violations([&](Conservation& ledger) {
    ledger.declare({MOESAIC_PAD, 0, 2, 0, 3});
    padding(ledger);
  }) == 1);
  CHECK(c.violations([&](Conservation& ledger) { ledger.declare({MOESAIC_PAD, 0, 1, 0, 2}); }) == 1);
  Conservation ledger(c.model, c.routing);
  ledger.declare({MOESAIC_PAD, 0, 2, 0, 2});
  REQUIRE(ledger.deviations().size() == 1);
  CHECK(ledger.deviations()[0].kind == "padding");
  CHECK(ledger.deviations()[0].tokens == 2);
}

TEST_CASE("a dropped pair must not be computed, and one that is computed twice must be declared") {
  const Case c;
  CHECK(c.violations([](Conservation& ledger) { ledger.declare({MOESAIC_DROP, 0, 1, 0, 0}); }) == 1);
  const auto again = [](Conservation& ledger) { ledger.retired(Case::slice(1, 0, 4, {0})); };
  CHECK(c.violations(again) > 0);
  CHECK(c.violations([&](Conservation& ledger) {
    ledger.declare({MOESAIC_RECOMPUTE, 0, 1, 0, 0});
    again(ledger);
  }) == 0);
}
