// SPDX-License-Identifier: Apache-2.0
// The VCD writer: bytes of a small case, order, window, scopes, and the strict reader that the other tests
// rely on.
#include <unistd.h>

#include <array>
#include <random>

#include "sc_main/report/change_store.h"
#include "sc_main/report/signal_listing.h"
#include "sc_main/report/vcd_writer.h"
#include "tests/catch.h"
#include "tests/support/scratch.h"
#include "tests/support/vcd.h"
#include "tlm/diagnostics.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

constexpr std::array<const char*, 3> kStates{"idle", "read", "write"};

// Declares three signals, and reports changes behind and ahead of time.
std::string small_dump(const Scratch& scratch, VcdOptions options, std::size_t run_length = 100) {
  options.file = scratch / "a.vcd";
  VcdWriter writer(options, run_length);
  const std::string die = "package.die0.";
  const SignalId state = writer.declare(NodeId(0), die + "memory", TraceSignal::names("state", kStates, "s"));
  const SignalId rate =
      writer.declare(NodeId(0), die + "memory", TraceSignal::thousandths("rate", "GB/s", "r"));
  const SignalId irq = writer.declare(NodeId(0), die + "core", TraceSignal::bits("irq", 1, "", "i"));
  const SignalId credits =
      writer.declare(NodeId(1), "package.router1", TraceSignal::bits("credits", 8, "flits", "c").from(80));
  writer.change(30, irq, 1);
  writer.change(10, state, 1);  // late
  writer.add(25, credits, -4);
  writer.add(90, credits, 4);  // ahead of what follows
  writer.add(40, credits, -6);
  writer.change(20, state, 2);
  writer.change(20, state, 0);  // the last of a time counts
  writer.change(50, irq, 1);    // not a change
  writer.add(20, rate, 2500);
  writer.add(60, rate, -2500);
  writer.change(200, irq, 0);  // after the end
  writer.write(100);
  return file_text(scratch / "a.vcd");
}

constexpr const char* kWhole = R"($version moesaic $end
$timescale 1 fs $end
$scope module package $end
$scope module die0 $end
$scope module core $end
$var wire 1 ! irq $end
$upscope $end
$scope module memory $end
$var wire 2 " state [1:0] $end
$var real 64 # rate $end
$upscope $end
$upscope $end
$scope module router1 $end
$var wire 8 $ credits [7:0] $end
$upscope $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
0!
b0 "
r0.000 #
b1010000 $
$end
#10
b1 "
#20
b0 "
r2.500 #
#25
b1001100 $
#30
1!
#40
b1000110 $
#60
r0.000 #
#90
b1001010 $
#100
)";

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a waveform is sorted by time, whatever the order of the reports") {
  const Scratch scratch;
  CHECK(small_dump(scratch, {}) == kWhole);
  CHECK(parse_vcd(kWhole).errors.empty());
}

TEST_CASE("a waveform that does not fit into memory has the same bytes") {
  const Scratch scratch;
  for (const std::size_t run_length : {1, 2, 3, 7}) CHECK(small_dump(scratch, {}, run_length) == kWhole);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path()))
    files += entry.is_regular_file();
  CHECK(files == 2);  // the dump and its save file: no run is left behind
}

TEST_CASE("runs are merged by time, signal and order of report") {
  const Scratch scratch;
  std::mt19937 random(7);
  std::vector<Change> put;
  ChangeStore store(scratch.path(), 10);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    put.push_back({random() % 50, i, static_cast<std::uint32_t>(random() % 4), false});
    store.put(put.back());
  }
  std::stable_sort(put.begin(), put.end(), [](const Change& a, const Change& b) {
    return std::make_pair(a.at, a.signal) < std::make_pair(b.at, b.signal);
  });
  std::size_t at = 0;
  store.merge([&](const Change& change) {
    REQUIRE(at < put.size());
    REQUIRE(change.value == put[at++].value);
  });
  CHECK(at == put.size());
}

TEST_CASE("a window begins with the values of its begin and ends at its end") {
  const Scratch scratch;
  VcdOptions options;
  options.from = 25;
  options.to = 60;
  const std::string text = small_dump(scratch, options);
  CHECK(text.substr(text.find("#25")) ==
        "#25\n$dumpvars\n0!\nb0 \"\nr2.500 #\nb1001100 $\n$end\n#30\n1!\n#40\nb1000110 $\n#60\nr0.000 #\n");
  options.from = 300;
  options.to = kNever;
  const std::string late = small_dump(scratch, options);
  CHECK(late.substr(late.find("#300")) == "#300\n$dumpvars\n0!\nb0 \"\nr0.000 #\nb1001010 $\n$end\n");
}

TEST_CASE("patterns choose signals by name or by a scope around them") {
  CHECK(scope_matches("package.die0.dma", "package.die0.dma.channel3.kind"));
  CHECK(scope_matches("package.die0.dma.channel3.kind", "package.die0.dma.channel3.kind"));
  CHECK(scope_matches("*.kind", "package.die0.dma.channel3.kind"));
  CHECK(scope_matches("*.dma.channel?", "package.die0.dma.channel3.kind"));
  CHECK(scope_matches("*", "package.die0.dma.channel3.kind"));
  CHECK_FALSE(scope_matches("die0", "package.die0.dma.channel3.kind"));
  CHECK_FALSE(scope_matches("package.die", "package.die0.dma.channel3.kind"));
  CHECK_FALSE(scope_matches("*.dma.channel?", "package.die0.dma.channel12.kind"));
  CHECK_FALSE(scope_matches("", "package"));
  const Scratch scratch;
  VcdOptions options;
  options.scopes = {"package.router1", "*.irq"};
  const Vcd vcd = parse_vcd(small_dump(scratch, options));
  CHECK(vcd.errors.empty());
  CHECK(vcd.signals.size() == 2);
  CHECK(vcd.signals.count("package.die0.core.irq") == 1);
  CHECK(vcd.signals.count("package.router1.credits") == 1);
}

TEST_CASE("a pattern that fits nothing is refused, with examples of each kind of scope") {
  const Scratch scratch;
  VcdOptions options;
  options.file = scratch / "a.vcd";
  options.scopes = {"package.die0", "*.dye1.*"};
  VcdWriter writer(options);
  for (const unsigned die : {0u, 1u}) {
    for (const char* block : {".dma", ".sram"})
      writer.declare(NodeId(die), "package.die" + std::to_string(die) + block,
                     TraceSignal::bits("depth", 8, "count", "d"));
  }
  const std::string said = refusal([&] { writer.check_scopes(); });
  CHECK(has(said, "--vcd-scope *.dye1.*"));
  CHECK(has(said, "package.die1.dma.depth\n    package.die1.sram.depth\n"));
  CHECK_FALSE(std::filesystem::exists(scratch / "a.vcd"));
}

TEST_CASE("one of many alike is left out, with its scope, where nothing of it changes") {
  const Scratch scratch;
  VcdOptions options;
  options.file = scratch / "a.vcd";
  VcdWriter writer(options);
  std::vector<SignalId> slots;
  for (int i = 0; i < 4; ++i) {
    const std::string scope = "package.die0.sram.slot" + std::to_string(i);
    slots.push_back(writer.declare(NodeId(0), scope, TraceSignal::bits("bytes", 32, "bytes", "b").seldom()));
    writer.declare(NodeId(0), scope, TraceSignal::bits("grants", 8, "count", "g").seldom());
  }
  writer.change(5, slots[2], 7);
  writer.change(5, slots[3], 0);  // what it is already
  writer.write(10);
  const Vcd vcd = parse_vcd(file_text(scratch / "a.vcd"));
  CHECK(vcd.errors.empty());
  CHECK(vcd.signals.size() == 2);
  CHECK(vcd.signals.count("package.die0.sram.slot2.bytes") == 1);
  CHECK(vcd.signals.count("package.die0.sram.slot2.grants") == 1);
}

TEST_CASE("dies are in the order of their numbers, and codes do not repeat") {
  const Scratch scratch;
  VcdOptions options;
  options.file = scratch / "a.vcd";
  VcdWriter writer(options);
  for (unsigned die = 199; die + 1 > 0; --die)
    writer.declare(NodeId(die), "package.die" + std::to_string(die), TraceSignal::bits("a", 1, "", "a"));
  writer.write(10);
  const std::string text = file_text(scratch / "a.vcd");
  const Vcd vcd = parse_vcd(text);
  CHECK(vcd.errors.empty());
  CHECK(vcd.signals.size() == 200);
  CHECK(text.find(" die9 ") < text.find(" die10 "));
  CHECK(text.find(" die99 ") < text.find(" die100 "));
}

TEST_CASE("texts are numbers in the dump and words for the viewer") {
  const Scratch scratch;
  VcdOptions options;
  options.file = scratch / "a.vcd";
  VcdWriter writer(options);
  const SignalId mark = writer.declare(NodeId(0), "package.die0.agent_core", TraceSignal::text("mark", "m"));
  writer.text(30, mark, "experts done");
  writer.text(10, mark, "layer 0");
  writer.text(40, mark, "layer 0");
  writer.write(50);
  const Vcd vcd = parse_vcd(file_text(scratch / "a.vcd"));
  CHECK(vcd.errors.empty());
  const VcdSignal& signal = vcd.signals.at("package.die0.agent_core.mark");
  CHECK(signal.at(9) == 0);
  CHECK(signal.at(10) == 2);
  CHECK(signal.at(30) == 1);
  CHECK(signal.at(40) == 2);
  CHECK(file_text(scratch / "a.vcd.enums/mark.txt") == "0 -\n1 experts done\n2 layer 0\n");
}

TEST_CASE("the save file names groups, rows and value names of the dump") {
  const Scratch scratch;
  small_dump(scratch, {});
  const std::string save = file_text(scratch / "a.vcd.gtkw");
  const std::string file = (scratch / "a.vcd").string();
  CHECK(has(save, "[dumpfile] \"" + file + "\"\n"));
  CHECK(has(save, "@800200\n-die 0\n"));
  CHECK(has(save, "@2024\n^1 " + file +
                      ".enums/dieN.memory.state.txt\n+{memory state} package.die0.memory.state[1:0]\n"));
  CHECK(has(save, "@1000200\n-die 0\n"));
  CHECK(file_text(scratch / "a.vcd.enums/dieN.memory.state.txt") == "0 ?gray25?idle\n1 read\n2 write\n");
}

TEST_CASE("windows have units, an order, and two ends of which each may be missing") {
  CHECK(parse_window("10us..25us") == std::make_pair(10 * kMicrosecond, 25 * kMicrosecond));
  CHECK(parse_window("1.5ns..2 ns") == std::make_pair(1500 * kPicosecond, 2 * kNanosecond));
  CHECK(parse_window("..3ms") == std::make_pair(Tick{0}, 3 * kMillisecond));
  CHECK(parse_window("0..3ms") == std::make_pair(Tick{0}, 3 * kMillisecond));
  CHECK(parse_window("3ms..") == std::make_pair(3 * kMillisecond, kNever));
  CHECK(has(refusal([] { parse_window("10us-20us"); }), "is not a time\n  expected FROM..TO"));
  CHECK(has(refusal([] { parse_window("10us..20"); }), "\"20\" has no unit"));
  CHECK(has(refusal([] { parse_window("10us..20MHz"); }), "\"20MHz\" is not a time"));
  CHECK(has(refusal([] { parse_window("-1us..2us"); }), "\"-1us\" is not a whole time"));
  CHECK(has(refusal([] { parse_window("0.5fs..2us"); }), "\"0.5fs\" is not a whole time"));
  CHECK(has(refusal([] { parse_window("20us..20us"); }), "ends before it has begun"));
}

TEST_CASE("a file that cannot be written is refused before anything is recorded") {
  const Scratch scratch;
  VcdOptions options;
  options.file = scratch.path();
  CHECK(has(refusal([&] { VcdWriter writer(options); }), "it is a folder"));
  options.file = "/proc/version/a.vcd";
  CHECK(has(refusal([&] { VcdWriter writer(options); }), "/proc/version is not a folder"));
}

TEST_CASE("the strict reader finds what is wrong with a dump") {
  const auto spoilt = [](const std::string& from, const std::string& to) {
    std::string text = kWhole;
    text.replace(text.find(from), from.size(), to);
    return parse_vcd(text).errors;
  };
  CHECK(spoilt("#30", "#20").size() >= 1);                         // time does not grow
  CHECK(spoilt("b1 \"", "b01 \"").size() == 1);                    // leading zero
  CHECK(spoilt("b1 \"", "b111 \"").size() == 1);                   // too wide
  CHECK(spoilt("1!\n#40", "1?\n#40").size() == 1);                 // unknown code
  CHECK(spoilt("$timescale 1 fs $end\n", "").size() == 1);         // no timescale
  CHECK(spoilt("b1010000 $\n", "").size() >= 1);                   // no initial value
  CHECK(spoilt("$upscope $end\n$enddef", "$enddef").size() >= 1);  // open scope
  CHECK(spoilt("$var wire 1 !", "$var wire 1 \"").size() >= 1);    // code used twice
  CHECK(spoilt("r2.500 #", "r2.5x #").size() == 1);
  CHECK(spoilt("#25\nb1001100 $", "#25\nb1010000 $").size() == 1);  // not a change
}

TEST_CASE("the table of signals in docs/waveform.md is what the blocks declare") {
  const std::string page = file_text(std::string(MOESAIC_SOURCE_DIR) + "/docs/waveform.md");
  INFO("moesaic list signals --markdown");
  CHECK(has(page, signal_document()));
}
