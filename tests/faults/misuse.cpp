// SPDX-License-Identifier: Apache-2.0
// What a buggy image can do is detected by the hardware and reported with image, die, command and simulated
// time; an image that waits for what never comes ends in a report of who waits for whom.
#include <map>

#include "tests/catch.h"
#include "tests/support/child.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

Experiment two_dies(const std::string& image) {
  Experiment e;
  e.package.rows = 1;
  e.package.columns = 2;
  e.model.name = "misuse";
  e.model.hidden = 64;
  e.model.expert_width = 8;
  e.model.experts = 4;
  e.model.top_k = 1;
  e.model.layers = 1;
  e.workload.tokens = 6;
  e.workload.routing.source = "test";
  e.firmware.image = test_image(image);
  return e;
}

Summary misuse(const std::string& what) {
  Experiment e = two_dies("misuse");
  e.firmware.options["what"] = what;
  return run_in_child(e);
}

void must_report(const std::string& what, const std::string& unit, const std::string& sentence) {
  const Summary s = misuse(what);
  INFO(s.text);
  REQUIRE(s.outcome == Outcome::fault);
  REQUIRE(s.text.find("image misuse, die 0, " + unit) != std::string::npos);
  REQUIRE(s.text.find("command tag ") != std::string::npos);
  REQUIRE(s.text.find(", at ") != std::string::npos);
  REQUIRE(s.text.find(sentence) != std::string::npos);
}

}  // namespace

TEST_CASE("a slot that overlaps an allocated one is a fault") {
  must_report("overlap_slot", "command processor", "overlap");
}
TEST_CASE("a write outside every slot is a fault") {
  must_report("unallocated_write", "SRAM", "slot");
}
TEST_CASE("a write to a released slot is a fault") {
  must_report("released_slot", "SRAM", "slot");
}
TEST_CASE("a command queue that overflows is a fault") {
  must_report("queue_overflow", "command processor", "overflows");
}
TEST_CASE("asking for another die's gate results is a fault") {
  must_report("foreign_gate", "agent core", "not known to this core");
}
TEST_CASE("a bus access to another die is a fault") {
  must_report("foreign_bus", "agent core", "own die only");
}
TEST_CASE("a descriptor of an unknown kind is a fault") {
  must_report("bad_kind", "command processor", "kind 77");
}
TEST_CASE("a token list that no core has written is a fault") {
  must_report("list_unwritten", "SRAM", "list");
}

TEST_CASE("a write to another die without a grant is a fault at that die") {
  const Summary s = misuse("no_grant");
  INFO(s.text);
  REQUIRE(s.outcome == Outcome::fault);
  REQUIRE(s.text.find("image misuse, die 1, SRAM") != std::string::npos);
  REQUIRE(s.text.find("grant") != std::string::npos);
}

TEST_CASE("an exception of an image ends the run with its text") {
  const Summary s = misuse("exception");
  INFO(s.text);
  REQUIRE(s.outcome == Outcome::firmware_failure);
  REQUIRE(s.text.find("agent of die 0") != std::string::npos);
  REQUIRE(s.text.find("the image has had enough") != std::string::npos);
}

TEST_CASE("a wait that nothing can satisfy ends in a report of who waits for whom") {
  const Summary s = misuse("unsatisfiable_wait");
  INFO(s.text);
  REQUIRE(s.outcome == Outcome::hang);
  REQUIRE(s.text.find("hang: nothing is left to happen at") != std::string::npos);
  REQUIRE(s.text.find("die0.command_processor.agent.queue0: command tag 2989 waits for event 2 of die 0 to "
                      "reach 1 (it is "
                      "0); 1 descriptors behind it") != std::string::npos);
}

TEST_CASE("an image of another ABI version is refused, naming both versions") {
  const Summary s = run_in_child(two_dies("wrong_abi"));
  REQUIRE(s.refused);
  REQUIRE(s.text.find("ABI 999") != std::string::npos);
  REQUIRE(s.text.find("speaks ABI 1") != std::string::npos);
}

TEST_CASE("an image that computes nothing does not pass for one that does") {
  Experiment e = two_dies("chatter");
  const Summary s = run_in_child(e);
  INFO(s.text);
  REQUIRE(s.outcome == Outcome::not_conserved);
  REQUIRE(s.violations == 6);
  REQUIRE(s.text.find("columns 0 to 7 were not computed") != std::string::npos);
}

TEST_CASE("too small an SRAM is refused with the least that would do") {
  Experiment e = two_dies("misuse");
  e.firmware.image = product_image("ep");
  e.model.hidden = 4096;
  e.package.chiplet.sram.size_bytes = 4096;
  const Summary s = run_in_child(e);
  REQUIRE(s.refused);
  REQUIRE(s.text.find("expected at least") != std::string::npos);
}

TEST_CASE("unknown images, unknown options and bad option values are refused with what is known") {
  Experiment e = two_dies("misuse");
  e.firmware.image = "eq";
  Summary s = run_in_child(e);
  REQUIRE(s.refused);
  REQUIRE(s.text.find("\"eq\" is not known") != std::string::npos);
  e.firmware.image = product_image("ep");
  e.firmware.options["prefech"] = "2";
  s = run_in_child(e);
  REQUIRE(s.refused);
  REQUIRE(s.text.find("did you mean \"prefetch\"?") != std::string::npos);
  e.firmware.options = {{"prefetch", "many"}};
  s = run_in_child(e);
  REQUIRE(s.refused);
  REQUIRE(s.text.find("\"many\" is not allowed") != std::string::npos);
}
