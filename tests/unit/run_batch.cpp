// SPDX-License-Identifier: Apache-2.0
// Requests, iterations and deferral without a simulation: whose tokens are where, and each exactly once.
#include "tests/catch.h"

#include <map>
#include <random>
#include <set>

#include "sc_main/run/batch.h"

using namespace moesaic;

namespace {

/// `requests[place]` has that place in every iteration.
RequestPlan steady(std::vector<std::uint32_t> requests, std::uint32_t iterations) {
  RequestPlan plan;
  plan.batch = static_cast<std::uint32_t>(requests.size());
  plan.iterations = iterations;
  plan.requests = *std::max_element(requests.begin(), requests.end()) + 1;
  for (std::uint32_t i = 0; i < iterations; ++i)
    for (const std::uint32_t request : requests) plan.tokens.push_back({request, TokenPhase::decode});
  return plan;
}

std::vector<std::uint32_t> requests_of(const Batch& batch, unsigned die) {
  std::vector<std::uint32_t> requests;
  for (const moesaic_token& token : batch.tokens_of(die)) requests.push_back(token.request);
  return requests;
}

using Requests = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a plan fills every iteration with whole decode tokens and chunks of prompts", "[iterations]") {
  RequestParams params;
  params.decode_share = 0.25;
  params.prompt_tokens = 20;
  params.output_tokens = 3;
  for (const LengthSpread spread : {LengthSpread::fixed, LengthSpread::uniform, LengthSpread::geometric}) {
    params.lengths = spread;
    const RequestPlan plan = plan_requests(params, 16, 50, 7);
    REQUIRE(plan.tokens.size() == 16 * 50);
    std::map<std::uint32_t, std::vector<TokenPhase>> phases;
    for (std::uint32_t i = 0; i < 50; ++i) {
      std::map<std::uint32_t, int> decoding;
      for (std::uint32_t place = 0; place < 16; ++place) {
        const BatchToken& token = plan.at(i, place);
        REQUIRE(token.request < plan.requests);
        if (token.phase == TokenPhase::decode) ++decoding[token.request];
        // A place decodes or reads, in every iteration alike.
        CHECK(token.phase == plan.at(0, place).phase);
        phases[token.request].push_back(token.phase);
      }
      CHECK(decoding.size() == 4);
      for (const auto& entry : decoding) CHECK(entry.second == 1);
    }
    std::set<std::size_t> outputs;
    for (const auto& [request, all] : phases) {
      // Reading comes before decoding.
      CHECK(std::is_sorted(all.begin(), all.end(),
                           [](TokenPhase a, TokenPhase b) { return a == TokenPhase::prefill && b != a; }));
      if (all.front() == TokenPhase::prefill && spread == LengthSpread::fixed)
        CHECK(std::count(all.begin(), all.end(), TokenPhase::prefill) <= 20);
      outputs.insert(static_cast<std::size_t>(std::count(all.begin(), all.end(), TokenPhase::decode)));
    }
    if (spread == LengthSpread::fixed) CHECK(*outputs.rbegin() == 3);
    if (spread == LengthSpread::uniform) CHECK(*outputs.rbegin() == 5);
    CHECK(plan_requests(params, 16, 50, 7).requests == plan.requests);
  }
}

TEST_CASE("of a token, the one before it is the last of its request", "[iterations]") {
  const auto previous = steady({0, 0, 1}, 2).previous_tokens();
  CHECK_FALSE(previous[0]);
  CHECK(previous[1] == 0u);
  CHECK_FALSE(previous[2]);
  CHECK(previous[3] == 1u);
  CHECK(previous[4] == 3u);
  CHECK(previous[5] == 2u);
}

TEST_CASE("without deferrals the tokens of an iteration are those planned for it", "[iterations]") {
  Batch batch(steady({0, 1, 2, 3}, 3), 2, 2);
  for (std::uint32_t i = 0; i < 3; ++i) {
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      CHECK(batch.iteration() == i);
      CHECK(batch.layer() == layer);
      for (std::uint32_t place = 0; place < 4; ++place) {
        CHECK(batch.running(place) == 4 * i + place);
        CHECK(batch.reached(place, layer) == 4 * i + place);
        CHECK_FALSE(batch.reached(place, layer + 1));
      }
      CHECK(requests_of(batch, 1) == Requests{2, 3});
      CHECK(batch.end_layer().empty());
      CHECK(batch.next_layer() == (layer == 0));
    }
    CHECK(batch.count().ended == 4);
    CHECK(batch.passed(3, 1) == 4 * i + 3);
    CHECK(batch.next_iteration() == (i < 2));
  }
}

TEST_CASE("a deferred request leaves the layer, comes back in it, and holds up its own next pass only",
          "[iterations]") {
  Batch batch(steady({0, 0, 1}, 2), 3, 2);
  // Iteration 0: request 0 waits at layer 1, on both of its dies.
  REQUIRE(batch.end_layer().empty());
  REQUIRE(batch.next_layer());
  REQUIRE(batch.defer(0, 0).empty());
  CHECK_FALSE(batch.running(0));
  CHECK(batch.reached(0, 1) == 0u);  // its gate result is kept
  REQUIRE(batch.defer(1, 0).empty());
  REQUIRE(batch.end_layer().empty());
  CHECK_FALSE(batch.next_layer());
  CHECK(batch.count().deferred_requests == 1);
  CHECK(batch.count().deferred_tokens == 2);
  CHECK(batch.count().ended == 1);
  CHECK(batch.passed(0, 0) == 0u);
  CHECK_FALSE(batch.passed(0, 1));
  // Iteration 1: layer 0 has request 1 alone, layer 1 both.
  REQUIRE(batch.next_iteration());
  CHECK(batch.layer() == 0);
  CHECK(requests_of(batch, 0).empty());
  CHECK(batch.running(2) == 5u);
  CHECK(batch.entered(2) == 5u);
  CHECK_FALSE(batch.entered(0));
  REQUIRE(batch.end_layer().empty());
  REQUIRE(batch.next_layer());
  CHECK(batch.running(0) == 0u);
  CHECK(batch.running(2) == 5u);
  REQUIRE(batch.end_layer().empty());
  CHECK_FALSE(batch.next_layer());
  CHECK_FALSE(batch.passed(0, 0));
  CHECK(batch.passed(0, 1) == 0u);
  // Iteration 2, a drain: request 0 makes its second pass.
  REQUIRE(batch.next_iteration());
  CHECK(batch.iteration() == 2);
  CHECK(batch.entered(1) == 4u);
  CHECK(batch.tokens_of(0).at(0).pass == 1);
  CHECK_FALSE(batch.running(2));
  REQUIRE(batch.end_layer().empty());
  REQUIRE(batch.next_layer());
  REQUIRE(batch.end_layer().empty());
  CHECK_FALSE(batch.next_layer());
  CHECK_FALSE(batch.next_iteration());
}

TEST_CASE("an iteration of deferred tokens alone begins at their layer", "[iterations]") {
  Batch batch(steady({0}, 1), 1, 3);
  REQUIRE(batch.end_layer().empty());
  REQUIRE(batch.next_layer());
  REQUIRE(batch.defer(0, 0).empty());
  REQUIRE(batch.end_layer().empty());
  CHECK_FALSE(batch.next_layer());
  REQUIRE(batch.next_iteration());
  CHECK(batch.layer() == 1);
}

TEST_CASE("a deferral that is not whole or not possible is refused", "[iterations]") {
  Batch batch(steady({0, 0, 1}, 1), 3, 1);
  CHECK(batch.defer(2, 0).find("no token on this die") != std::string::npos);
  CHECK(batch.defer(0, 9).find("no token on this die") != std::string::npos);
  REQUIRE(batch.defer(1, 0).empty());
  CHECK(batch.defer(1, 0).find("twice") != std::string::npos);
  CHECK(batch.end_layer() == "request 0 was deferred in layer 0, but not on die 0, which has tokens of it");
}

TEST_CASE("however requests are deferred, every token goes through every layer once, in order",
          "[iterations]") {
  RequestParams params;
  params.decode_share = 0.5;
  params.prompt_tokens = 9;
  params.output_tokens = 4;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    const RequestPlan plan = plan_requests(params, 12, 8, seed);
    Batch batch(plan, 4, 3);
    std::vector<std::uint32_t> layers_done(plan.tokens.size(), 0);
    std::map<std::uint32_t, std::uint32_t> last_of_request;
    do {
      do {
        std::map<std::uint32_t, bool> waits;
        for (unsigned die = 0; die < 4; ++die) {
          std::set<std::uint32_t> requests;
          for (const std::uint32_t request : requests_of(batch, die)) requests.insert(request);
          for (const std::uint32_t request : requests) {
            const bool wait = waits.emplace(request, random() % 4 == 0).first->second;
            if (wait) REQUIRE(batch.defer(die, request).empty());
          }
        }
        for (std::uint32_t place = 0; place < 12; ++place) {
          const auto token = batch.running(place);
          if (!token) continue;
          REQUIRE(layers_done[*token]++ == batch.layer());
          std::uint32_t& last = last_of_request[plan.tokens[*token].request];
          REQUIRE(last / 12 <= *token / 12);
          last = *token;
        }
        REQUIRE(batch.end_layer().empty());
      } while (batch.next_layer());
    } while (batch.next_iteration());
    for (const std::uint32_t done : layers_done) REQUIRE(done == 3);
  }
}
