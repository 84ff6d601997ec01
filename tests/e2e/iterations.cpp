// SPDX-License-Identifier: Apache-2.0
// A run of several iterations: every token computed once and right, whatever waits for the next iteration.
#include "tests/catch.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/child.h"
#include "tests/support/scratch.h"

using namespace moesaic;
using namespace moesaic::test;
using Json = nlohmann::ordered_json;

namespace {

/// 2x1 dies, 10 tokens an iteration of which 4 read prompts, 3 layers; functional.
Experiment small(const std::string& image) {
  Experiment e;
  e.package.rows = 1;
  e.package.columns = 2;
  e.model.name = "small";
  e.model.hidden = 64;
  e.model.expert_width = 8;
  e.model.experts = 6;
  e.model.shared_experts = 1;
  e.model.top_k = 2;
  e.model.layers = 3;
  e.workload.tokens = 10;
  e.workload.layers = 3;
  e.workload.iterations = 3;
  e.workload.warmup_iterations = 1;
  e.workload.requests.decode_share = 0.6;
  e.workload.requests.prompt_tokens = 7;
  e.workload.requests.output_tokens = 2;
  e.workload.routing.source = "test";
  e.firmware.image = image;
  e.run.functional = true;
  return e;
}

void must_be_right(const Experiment& e) {
  const Summary s = run_in_child(e);
  INFO(e.firmware.image << ": " << s.text);
  REQUIRE_FALSE(s.refused);
  REQUIRE(s.outcome == Outcome::ok);
  const std::uint64_t tokens = std::uint64_t{10} * 4 * 3;  // through layers
  REQUIRE(s.pairs == tokens * 3);
  REQUIRE(s.violations == 0);
  REQUIRE(s.values == tokens * 64);
  REQUIRE(s.mismatches == 0);
}

Experiment deferring(const std::string& how) {
  Experiment e = small(test_image("forgetful"));
  e.firmware.options["defers"] = how;
  return e;
}

void must_report(const Experiment& e, const std::string& sentence) {
  const Summary s = run_in_child(e);
  INFO(s.text);
  REQUIRE(s.outcome == Outcome::fault);
  REQUIRE(s.text.find(sentence) != std::string::npos);
}

}  // namespace

TEST_CASE("images compute each iteration's own tokens") {
  for (const char* image : {"ep", "fse_dp"}) must_be_right(small(product_image(image)));
  must_be_right(small(test_image("template")));
}

TEST_CASE("deferred requests are computed in a later iteration, exactly once and right") {
  must_be_right(deferring("rule"));
  const std::vector<std::uint64_t> counts = numbers_from_child([] {
    const Experiment e = deferring("rule");
    const RunResult result = simulate(e, load_routing(e));
    std::vector<std::uint64_t> numbers{0, 0,
                                       0};  // deferrals, tokens ended, iterations behind the planned ones
    for (const IterationTime& i : result.iterations) {
      numbers[0] += i.deferred_requests;
      numbers[1] += i.tokens;
      numbers[2] += i.kind == IterationKind::drain ? 1 : 0;
    }
    return numbers;
  });
  CHECK(counts[0] > 10);
  CHECK(counts[1] == 40);
  CHECK(counts[2] > 0);
}

TEST_CASE("a request that is deferred on some of its dies only is a fault") {
  must_report(deferring("one_die"), "but not on die 1, which has tokens of it");
}

TEST_CASE("deferrals of what is not there, or no longer, are faults") {
  must_report(deferring("twice"), "was deferred twice in layer 0");
  must_report(deferring("foreign"), "request 1000000 was deferred, which has no token on this die");
  must_report(deferring("late"), "defer() of request 0 after layer_done() in layer 0 of iteration 0");
  must_report(deferring("computed"), "where work of its token");
  must_report(deferring("computes_all_the_same"), "which is not in layer 0 of iteration 0");
}

TEST_CASE("a result of a token that waits must not be stored") {
  Experiment e = deferring("rule");
  e.firmware.options["saves"] = "absent_too";
  const Summary s = run_in_child(e);
  INFO(s.text);
  CHECK(s.outcome == Outcome::not_conserved);
}

TEST_CASE("iterations are named in results and summary, and only measured ones give the rate") {
  const Scratch scratch;
  const Answer answer = scratch.run(
      "run tiny --iterations 2 --out here --set workload.warmup_iterations=1 --set "
      "workload.requests.decode_share=0.5");
  INFO(answer.out << answer.err);
  REQUIRE(answer.code == 0);
  CHECK(has(answer.out,
            "2 iterations measured behind 1 of warm-up; 8 tokens of an iteration decode, 8 read prompts"));
  const Json all = Json::parse(file_text(scratch / "here/results.json"));
  const Json& iterations = all.at("iterations");
  REQUIRE(iterations.size() == 3);
  CHECK(iterations[0].at("kind") == "warmup");
  CHECK(iterations[2].at("kind") == "measured");
  std::uint64_t time = 0;
  for (const int i : {1, 2}) time += iterations[i].at("time").get<std::uint64_t>();
  CHECK(all.at("summary").at("measured_time") == time);
  CHECK(all.at("summary").at("measured_tokens") == 32);
  CHECK(all.at("layers").size() == 6);
}

TEST_CASE("a trace that is too short for all iterations is repeated, and says so") {
  const Scratch scratch;
  std::string rows = "layer,token,expert_1,expert_2\n";
  for (int token = 0; token < 6; ++token)
    rows += "0," + std::to_string(token) + ",0," + std::to_string(1 + token % 3) + "\n";
  std::ofstream(scratch / "t.csv") << rows;
  const Answer answer = scratch.run("run tiny --layers 1 --tokens 3 --iterations 4 --routing t.csv");
  INFO(answer.out << answer.err);
  REQUIRE(answer.code == 0);
  CHECK(has(answer.out, "t.csv (REPEATED: 2 recorded iterations of 3 tokens for 4)"));
}
