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

// The same with a third die, where the second must report.
void must_report_at_die_1(const std::string& what, const std::string& unit, const std::string& sentence) {
  Experiment e = two_dies("misuse");
  e.package.columns = 3;
  e.firmware.options["what"] = what;
  const Summary s = run_in_child(e);
  INFO(s.text);
  REQUIRE(s.outcome == Outcome::fault);
  REQUIRE(s.text.find("image misuse, die 1, " + unit) != std::string::npos);
  REQUIRE(s.text.find(", at ") != std::string::npos);
  REQUIRE(s.text.find(sentence) != std::string::npos);
}

// Refused at boot, with image, core and time.
void must_refuse(const std::string& what, const std::string& sentence) {
  const Summary s = misuse(what);
  INFO(s.text);
  REQUIRE(s.outcome == Outcome::firmware_failure);
  REQUIRE(s.text.find("image misuse") != std::string::npos);
  REQUIRE(s.text.find(sentence) != std::string::npos);
}

const std::string kOwnTag = "command tag 2989, at ";

}  // namespace

// --- slots

TEST_CASE("a slot that overlaps an allocated one is a fault") {
  must_report("overlap_slot", "command processor, " + kOwnTag, "overlap");
}
TEST_CASE("a slot that ends beyond the SRAM is a fault") {
  must_report("slot_beyond", "command processor, " + kOwnTag, "the SRAM has 3407872 bytes");
}
TEST_CASE("a slot granted to a die that does not exist is a fault") {
  must_report("slot_granted_to_nobody", "command processor, " + kOwnTag, "granted to die 2");
}
TEST_CASE("a write outside every slot is a fault") {
  must_report("unallocated_write", "SRAM, " + kOwnTag, "in no allocated slot");
}
TEST_CASE("a write to a released slot is a fault") {
  must_report("released_slot", "SRAM, " + kOwnTag, "in no allocated slot");
}
TEST_CASE("a slot that is released twice is a fault") {
  must_report("double_release", "command processor, " + kOwnTag, "slot 0 is released but was not allocated");
}
TEST_CASE("a slot that is released while a command uses it is a fault") {
  must_report("release_in_use", "command processor, " + kOwnTag, "slot 0 is released while command tag 0");
}
TEST_CASE("reading what was in a released slot is a fault") {
  must_report("read_after_release", "SRAM, " + kOwnTag, "bytes 0 to 63 are read");
}
TEST_CASE("a write to another die without a grant is a fault at that die") {
  must_report_at_die_1("no_grant", "SRAM, " + kOwnTag, "granted to no other die");
}
TEST_CASE("a write to a slot that is granted to a third die is a fault at the die of the slot") {
  must_report_at_die_1("foreign_grant", "SRAM, " + kOwnTag,
                       "die 0 writes slot 0 without a grant; it is granted to die 2");
}

// --- queues, events, mail

TEST_CASE("a command queue that overflows is a fault") {
  must_report("queue_overflow", "command processor, " + kOwnTag, "overflows");
}
TEST_CASE("a doorbell for more than was staged is a fault") {
  must_report("doorbell", "command processor", "starts 3 descriptors that were not staged");
}
TEST_CASE("a command queue that does not exist is a fault") {
  must_report("no_such_queue", "command processor, " + kOwnTag, "command queue 8 does not exist");
}
TEST_CASE("an event that does not exist is a fault") {
  must_report("no_such_event", "command processor, " + kOwnTag, "event 256 does not exist");
}
TEST_CASE("an event counter that overflows is a fault") {
  must_report("event_overflow", "command processor, " + kOwnTag,
              "event 2 overflows: 2 is added to 4294967294");
}
TEST_CASE("mail to a die that does not exist is a fault") {
  must_report("mail_to_nowhere", "command processor", "core 0 of die 2: no such receiver");
}
TEST_CASE("mail to a scheduler where there is none is a fault at the receiving die") {
  must_report_at_die_1("mail_to_no_scheduler", "command processor",
                       "a message of kind 3 from die 0 to the scheduler core of this die, which has none");
}

// --- descriptors and operands

TEST_CASE("a descriptor of an unknown kind is a fault") {
  must_report("bad_kind", "command processor, " + kOwnTag, "kind 77");
}
TEST_CASE("a priority that does not exist is a fault") {
  must_report("bad_priority", "command processor, " + kOwnTag, "priority 8; it is 0 to 7");
}
TEST_CASE("a continued descriptor without its continuation is a fault") {
  must_report("lone_continuation", "command processor, " + kOwnTag, "without its continuation");
}
TEST_CASE("a multicast that names its own die is a fault") {
  must_report("multicast_to_self", "command processor, " + kOwnTag, "names its own die, 0");
}
TEST_CASE("a multicast that names a die that does not exist is a fault") {
  must_report("multicast_to_nowhere", "command processor, " + kOwnTag,
              "names die 2; the package has dies 0 to 1");
}
TEST_CASE("an operand that ends beyond the SRAM is a fault") {
  must_report("operand_beyond", "command processor, " + kOwnTag, "down_weights at 3407809");
}
TEST_CASE("a list whose rows lie beyond the SRAM is a fault") {
  must_report("list_beyond_sram", "SRAM, " + kOwnTag, "is outside the SRAM");
}
TEST_CASE("a token list that no core has written is a fault") {
  must_report("list_unwritten", "SRAM, " + kOwnTag, "was not written by a control core");
}
TEST_CASE("computing on bytes that nothing has written is a fault") {
  must_report("unwritten_bytes", "SRAM, " + kOwnTag,
              "bytes 0 to 15 are read, but not all of them were written");
}
TEST_CASE("adding to bytes that nothing has written is a fault") {
  must_report("unwritten_sum", "SRAM, " + kOwnTag, "bytes 512 to 527 are added to, but not all");
}
TEST_CASE("a store beyond the capacity of the memory is a fault") {
  must_report("store_beyond", "memory controller, " + kOwnTag, "ends beyond the memory's");
}
TEST_CASE("a store over weights is a fault") {
  must_report(
      "store_over_weights", "DMA engine, " + kOwnTag,
      "a store overwrites bytes 0 to 63 of the memory of die 0: layer 0, expert 0, gate weights, row 0");
}

// --- the core and the program

TEST_CASE("asking for another die's gate results is a fault") {
  must_report("foreign_gate", "agent core", "not known to this core");
}
TEST_CASE("a bus access to another die is a fault") {
  must_report("foreign_bus", "agent core", "own die only");
}
TEST_CASE("a core's access beyond the SRAM is a fault") {
  must_report("core_beyond_sram", "SRAM", "a control core accesses bytes 3407868 to 3407875");
}
TEST_CASE("an access to a register that does not exist is a fault") {
  must_report("no_such_register", "agent core", "no such register");
}
TEST_CASE("placing a tensor after boot is a fault") {
  must_report("late_place", "agent core", "place() is for boot only");
}
TEST_CASE("a deviation from work that does not exist is a fault") {
  must_report("unknown_deviation", "agent core", "a deviation of kind 7");
}
TEST_CASE("layer_done twice is a fault") {
  must_report("layer_done_twice", "agent core", "layer_done() twice in layer 0");
}
TEST_CASE("layer_done before a layer has started is a fault") {
  must_report("layer_done_at_boot", "agent core", "layer_done() before a layer has started");
}
TEST_CASE("layer_done while an own store is under way is a fault") {
  must_report("layer_done_early", "agent core",
              "layer_done() in layer 0, but the store with tag 2989 is still under way");
}
TEST_CASE("placing a tensor over another, beyond the memory, elsewhere or twice is refused") {
  must_refuse("place_over",
              "agent of die 0, at 0 fs: cannot place layer 0, expert 0, gate weights, rows 0 to 0");
  must_refuse("place_beyond", "it ends at byte");
  must_refuse("place_in_sram", "is not in the memory unit of a die");
  must_refuse("place_twice", "token 0 is already placed");
  must_refuse("place_unknown_kind", "kind 9 is unknown");
}
TEST_CASE("an image that does not place everything is refused, with what is missing") {
  must_refuse("place_nothing",
              "did not place every tensor at boot: layer 0, expert 0, gate weights: rows 0 to 7");
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
  REQUIRE(s.violations == 12);  // 6 pairs and 6 result rows
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
