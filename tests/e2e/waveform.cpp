// SPDX-License-Identifier: Apache-2.0
// Waveforms and timelines of whole runs: they agree with the results, they change nothing, and equal runs
// give equal bytes.
#include <cmath>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "sc_main/report/recorder.h"
#include "sc_main/report/signal_listing.h"
#include "tests/catch.h"
#include "tests/support/scratch.h"
#include "tests/support/small_case.h"
#include "tests/support/timeline.h"
#include "tests/support/vcd.h"

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace moesaic;
using namespace moesaic::test;

namespace {

constexpr const char* kTiny = "run tiny --firmware ep ";

std::string node_name(std::size_t i) {
  return "package.die" + std::to_string(i) + ".";
}

std::set<std::string> files_of(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) names.insert(fs::relative(entry.path(), folder).string());
  }
  names.erase("stderr");
  return names;
}

}  // namespace

TEST_CASE("a waveform agrees with the results of its run") {
  const Scratch scratch;
  REQUIRE(scratch.run(std::string(kTiny) + "--out r --vcd w.vcd").code == 0);
  const Json results = Json::parse(file_text(scratch / "r/results.json"));
  const Vcd vcd = parse_vcd(file_text(scratch / "w.vcd"));
  for (const std::string& error : vcd.errors) UNSCOPED_INFO(error);
  REQUIRE(vcd.errors.empty());
  CHECK(vcd.version == "moesaic");
  CHECK(vcd.timescale == "1fs");
  CHECK(vcd.begin == 0);
  CHECK(vcd.end == results["summary"]["makespan"].get<std::uint64_t>());
  const auto signal = [&](const std::string& name) -> const VcdSignal& {
    INFO(name);
    REQUIRE(vcd.signals.count(name) == 1);
    return vcd.signals.at(name);
  };
  for (std::size_t n = 0; n < results["nodes"].size(); ++n) {
    const Json& node = results["nodes"][n];
    INFO("die " << n);
    // Engine: busy, and its parts.
    const Json& engine = node["tensor_engine"];
    const VcdSignal& phase = signal(node_name(n) + "tensor_engine.phase");
    CHECK(phase.time_not_zero(vcd.end) == engine["busy"].get<std::uint64_t>());
    CHECK(phase.time_with(static_cast<double>(EnginePhase::setup), vcd.end) ==
          engine["setup"].get<std::uint64_t>());
    CHECK(phase.time_with(static_cast<double>(EnginePhase::list), vcd.end) +
              phase.time_with(static_cast<double>(EnginePhase::stall), vcd.end) ==
          engine["sram_stall"].get<std::uint64_t>());
    // DMA channels, control core, memory, slots.
    std::uint64_t channels = 0;
    for (unsigned c = 0; vcd.signals.count(node_name(n) + "dma.channel" + std::to_string(c) + ".kind") > 0;
         ++c)
      channels += signal(node_name(n) + "dma.channel" + std::to_string(c) + ".kind").time_not_zero(vcd.end);
    CHECK(channels == node["dma"]["channel_busy"].get<std::uint64_t>());
    CHECK(signal(node_name(n) + "agent_core.state").time_not_zero(vcd.end) ==
          node["agent"]["busy"].get<std::uint64_t>());
    CHECK(signal(node_name(n) + "agent_core.handlers").largest() == node["agent"]["handlers"].get<double>());
    CHECK(signal(node_name(n) + "sram.slot_bytes").largest() ==
          node["sram"]["peak_slot_bytes"].get<double>());
    for (std::size_t c = 0; c < node["memory"].size(); ++c) {
      const Json& memory = node["memory"][c];
      const std::string name = node_name(n) + "memory.channel" + std::to_string(c);
      CHECK(signal(name + ".queue").largest() == memory["queue_peak"].get<double>());
      const std::uint64_t moved =
          signal(name + ".state").time_with(static_cast<double>(BusState::read), vcd.end) +
          signal(name + ".state").time_with(static_cast<double>(BusState::write), vcd.end);
      const auto busy = memory["busy"].get<std::uint64_t>();
      CHECK(moved >= busy);
      CHECK(moved <= busy + memory["lost_to_column"].get<std::uint64_t>());
    }
  }
  for (const Json& link : results["links"]) {
    const std::string name = "package.link_" + std::to_string(link["from"].get<int>()) + "_" +
                             std::to_string(link["to"].get<int>());
    INFO(name);
    // Packets whose bytes are still on the link when the run ends are counted whole.
    const std::uint64_t seen = signal(name + ".busy").time_not_zero(vcd.end);
    const auto busy = link["busy"].get<std::uint64_t>();
    CHECK(seen <= busy);
    CHECK(busy - seen < 10 * kNanosecond);
  }
}

TEST_CASE("every signal of a run is in the list of signals, and all kinds of a die are in a run") {
  const Scratch scratch;
  REQUIRE(scratch.run(std::string(kTiny) + "--quiet --out r --vcd w.vcd").code == 0);
  const std::string table = signal_document();
  const Vcd vcd = parse_vcd(file_text(scratch / "w.vcd"));
  std::set<std::string> kinds;
  for (const auto& [name, signal] : vcd.signals) {
    const std::string kind = without_numbers(name);
    INFO(kind);
    kinds.insert(kind);
    CHECK(has(table, "| `" + kind + "`"));
  }
  // What is not marked with a star is in every run.
  std::istringstream rows(table);
  for (std::string row; std::getline(rows, row);) {
    const std::size_t end = row.find('`', 3);
    if (row.rfind("| `", 0) != 0 || row.compare(end, 3, "` *") == 0) continue;
    const std::string name = row.substr(3, end - 3);
    INFO(name);
    CHECK((kinds.count(name) == 1 || has(name, "scheduler_core")));
  }
}

TEST_CASE("credits of a router output are back when nothing is under way") {
  const Scratch scratch;
  REQUIRE(
      scratch.run(std::string(kTiny) + "--quiet --out r --vcd w.vcd --vcd-scope 'package.router?'").code ==
      0);
  const Vcd vcd = parse_vcd(file_text(scratch / "w.vcd"));
  CHECK(vcd.errors.empty());
  REQUIRE(!vcd.signals.empty());
  bool used = false;
  for (const auto& [name, signal] : vcd.signals) {
    INFO(name);
    CHECK(signal.largest() == signal.at(0));  // never more than there are
    used = used || signal.changes.size() > 1;
  }
  CHECK(used);
}

TEST_CASE("a timeline is well formed and tells the story of the slices") {
  const Scratch scratch;
  REQUIRE(scratch.run(std::string(kTiny) + "--quiet --out r --timeline t.json").code == 0);
  const Json results = Json::parse(file_text(scratch / "r/results.json"));
  const Timeline timeline = parse_timeline(file_text(scratch / "t.json"));
  for (const std::string& error : timeline.errors) UNSCOPED_INFO(error);
  REQUIRE(timeline.errors.empty());
  const auto count = [&](const std::string& process, const std::string& track, const std::string& name) {
    return static_cast<std::uint64_t>(
        std::count_if(timeline.spans.begin(), timeline.spans.end(), [&](const TimelineSpan& s) {
          return s.process == process && s.track.rfind(track, 0) == 0 && s.name.rfind(name, 0) == 0;
        }));
  };
  for (std::size_t n = 0; n < results["nodes"].size(); ++n) {
    const Json& node = results["nodes"][n];
    const std::string die = "die " + std::to_string(n);
    CHECK(count(die, "tensor engine", "ffn") == node["tensor_engine"]["ffn_slices"].get<std::uint64_t>());
    CHECK(count(die, "DMA channel", "load") == node["dma"]["loads"].get<std::uint64_t>());
    CHECK(count(die, "DMA channel", "send") == node["dma"]["sends"].get<std::uint64_t>());
    CHECK(count(die, "agent core", "") == node["agent"]["handlers"].get<std::uint64_t>());
  }
  CHECK(count("package", "layers", "layer") == results["layers"].size());
  // Weights are loaded, then computed with; rows are sent, arrive, and something waits for them.
  const auto arrow = [&](const std::string& from, const std::string& to, const std::string& what) {
    return std::count_if(timeline.flows.begin(), timeline.flows.end(), [&](const TimelineFlow& flow) {
      const TimelineSpan& a = timeline.spans[flow.from];
      const TimelineSpan& b = timeline.spans[flow.to];
      return a.track.rfind(from, 0) == 0 && b.track.rfind(to, 0) == 0 && b.name.rfind(what, 0) == 0;
    });
  };
  CHECK(arrow("DMA channel", "tensor engine", "") > 0);
  CHECK(arrow("DMA channel", "from die", "data") > 0);
  CHECK(arrow("from die", "", "") > 0);
  // An FFN says which slice it is, and its causes sum to its length.
  const auto ffn = std::find_if(timeline.spans.begin(), timeline.spans.end(), [](const TimelineSpan& s) {
    return s.track == "tensor engine" && s.name.rfind("ffn", 0) == 0;
  });
  REQUIRE(ffn != timeline.spans.end());
  for (const char* arg : {"tag", "layer", "expert", "f_begin", "f_count", "tokens"})
    CHECK(ffn->args.count(arg) == 1);
  std::int64_t sum = 0;
  const Json causes = Json::parse(ffn->args.at("causes"));
  for (const auto& [cause, time] : causes.items()) sum += time.get<std::int64_t>();
  CHECK(std::llabs(sum / 1000000 - (ffn->end - ffn->begin)) <= 1);
  CHECK(timeline.counters.count("die 0/sram.slot_bytes") == 1);
  CHECK(timeline.counters.count("die 0/memory.gbyte_per_s") == 1);
}

TEST_CASE("tracks and signals show the same commands at the same times") {
  const Scratch scratch;
  REQUIRE(scratch.run(std::string(kTiny) + "--quiet --out r --vcd w.vcd --timeline t.json").code == 0);
  const Vcd vcd = parse_vcd(file_text(scratch / "w.vcd"));
  const Timeline timeline = parse_timeline(file_text(scratch / "t.json"));
  const VcdSignal& tag = vcd.signals.at("package.die1.tensor_engine.tag");
  const VcdSignal& phase = vcd.signals.at("package.die1.tensor_engine.phase");
  std::size_t seen = 0;
  for (const TimelineSpan& span : timeline.spans) {
    if (span.process != "die 1" || span.track != "tensor engine" || span.args.count("tag") == 0) continue;
    const auto middle = static_cast<std::uint64_t>((span.begin + span.end) / 2) * kNanosecond;
    CHECK(std::to_string(static_cast<std::uint64_t>(tag.at(middle))) == span.args.at("tag"));
    CHECK(phase.at(middle) != 0);
    ++seen;
  }
  CHECK(seen > 3);
}

TEST_CASE("recording changes no result, and equal runs give equal files") {
  const Scratch scratch;
  for (const char* image : {"ep", "fse_dp"}) {
    const std::string base = std::string("run tiny --quiet --firmware ") + image;
    REQUIRE(scratch.run(base + " --out plain").code == 0);
    REQUIRE(scratch.run(base + " --out one --vcd w.vcd --timeline t.json").code == 0);
    std::map<std::string, std::string> first;
    for (const std::string& name : files_of(scratch.path())) first[name] = file_text(scratch / name);
    REQUIRE(scratch.run(base + " --out one --vcd w.vcd --timeline t.json").code == 0);
    for (const auto& [name, text] : first) {
      INFO(name);
      CHECK(file_text(scratch / name) == text);
    }
    for (const char* name : {"results.json", "summary.txt", "report.html", "experiment.yaml"}) {
      INFO(name);
      CHECK(file_text(scratch / (std::string("plain/") + name)) ==
            file_text(scratch / (std::string("one/") + name)));
    }
  }
}

TEST_CASE("dies constructed last to first give the same waveform and timeline") {
  const Scratch scratch;
  Experiment e = small_case(322);
  e.package.rows = 2;
  e.package.columns = 2;
  e.workload.tokens = 20;
  for (const bool reverse : {false, true}) {
    const fs::path folder = scratch / (reverse ? "reverse" : "forward");
    numbers_from_child([&] {
      fs::create_directories(folder);
      fs::current_path(folder);
      RecordOptions record;
      record.vcd.emplace();
      record.vcd->file = "w.vcd";
      record.timeline = "t.json";
      Recorder recorder(record);
      SimulateOptions options;
      options.reverse_construction = reverse;
      options.trace = &recorder;
      const RunResult result = simulate(e, make_routing(e.model, e.workload, e.run.seed), options);
      recorder.write(result);
      return std::vector<std::uint64_t>{result.makespan};
    });
  }
  const std::set<std::string> files = files_of(scratch / "forward");
  CHECK(files.count("w.vcd") == 1);
  CHECK(files == files_of(scratch / "reverse"));
  for (const std::string& name : files) {
    INFO(name);
    CHECK(file_text(scratch / "forward" / name) == file_text(scratch / "reverse" / name));
  }
}

TEST_CASE("a window and scopes cut the waveform, and tell so when nothing is in it") {
  const Scratch scratch;
  REQUIRE(scratch.run(std::string(kTiny) + "--quiet --out r --vcd w.vcd").code == 0);
  const Vcd whole = parse_vcd(file_text(scratch / "w.vcd"));
  REQUIRE(
      scratch
          .run(std::string(kTiny) +
               "--quiet --out r --vcd c.vcd --vcd-window 2us..5us --vcd-scope '*.tensor_engine' --vcd-scope "
               "'package.die2.dma*.kind'")
          .code == 0);
  const Vcd cut = parse_vcd(file_text(scratch / "c.vcd"));
  CHECK(cut.errors.empty());
  CHECK(cut.begin == 2 * kMicrosecond);
  CHECK(cut.end == 5 * kMicrosecond);
  REQUIRE(cut.signals.size() > 4);
  for (const auto& [name, signal] : cut.signals) {
    INFO(name);
    CHECK((has(name, ".tensor_engine.") || name.rfind("package.die2.dma", 0) == 0));
    for (const auto& [at, value] : signal.changes) CHECK(whole.signals.at(name).at(at) == value);
    for (const auto& [at, value] : whole.signals.at(name).changes) {
      if (at >= cut.begin && at <= cut.end) CHECK(signal.at(at) == value);
    }
  }
  const Answer late = scratch.run(std::string(kTiny) + "--out r --vcd l.vcd --vcd-window 1s..2s");
  CHECK(late.code == 0);
  CHECK(has(late.err, "nothing happens in it: the window begins at"));
  CHECK(parse_vcd(file_text(scratch / "l.vcd")).errors.empty());
}

TEST_CASE("mistakes in what to record end with 2, before anything is simulated or written") {
  const Scratch scratch;
  const auto refused = [&](const std::string& options, const std::string& said) {
    const Answer answer = scratch.run(std::string(kTiny) + "--out r " + options);
    INFO(options << ": " << answer.err);
    CHECK(answer.code == 2);
    CHECK(has(answer.err, said));
    CHECK(files_of(scratch.path()).empty());
  };
  refused("--vcd w.vcd --vcd-window 5us..2us", "the window ends before it has begun");
  refused("--vcd w.vcd --vcd-window soon", "expected FROM..TO");
  refused("--vcd w.vcd --vcd-scope 'package.die9.*'", "package.die0.agent_core.");
  refused("--vcd-scope '*'", "--vcd-scope requires --vcd");
  refused("--vcd-window 1us..2us", "--vcd-window requires --vcd");
  refused("--vcd /proc/version/w.vcd", "the waveform cannot be written");
  refused("--timeline /proc/version/t.json", "the timeline cannot be written");
  refused("--vcd same --timeline same", "both name same");
  refused("--vcd .", "it is a folder");
  const Answer compared =
      scratch.run("run tiny --firmware ep --firmware ep:prefetch=1 --out r --vcd /proc/version/w.vcd");
  CHECK(compared.code == 2);
  CHECK(files_of(scratch.path()).empty());
}

TEST_CASE("several images write a waveform and a timeline each") {
  const Scratch scratch;
  const Answer answer = scratch.run(
      "run tiny --quiet --firmware ep --firmware ep:prefetch=1 --out r --vcd w.vcd --timeline t.json");
  INFO(answer.err);
  REQUIRE(answer.code == 0);
  const std::set<std::string> files = files_of(scratch.path());
  CHECK(files.count("w.vcd") == 0);
  for (const char* name : {"w-ep.vcd", "w-ep.vcd.gtkw", "t-ep.json"}) CHECK(files.count(name) == 1);
  std::size_t dumps = 0;
  for (const std::string& name : files) {
    if (name.size() < 4 || name.substr(name.size() - 4) != ".vcd") continue;
    ++dumps;
    CHECK(parse_vcd(file_text(scratch / name)).errors.empty());
  }
  CHECK(dumps == 2);
}

TEST_CASE("a run that hangs shows who waits for what") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --quiet --firmware '" + test_image("misuse") +
                                    "' --out r --vcd w.vcd --timeline t.json");
  INFO(answer.err);
  CHECK(answer.code == 3);
  const Vcd vcd = parse_vcd(file_text(scratch / "w.vcd"));
  CHECK(vcd.errors.empty());
  const std::string queue = "package.die0.command_processor.agent.queue0.";
  CHECK(vcd.signals.at(queue + "head").at(vcd.end) == static_cast<double>(HeadState::event));
  CHECK(vcd.signals.at(queue + "event").at(vcd.end) == 2);
  const Timeline timeline = parse_timeline(file_text(scratch / "t.json"));
  CHECK(timeline.errors.empty());
  const auto waits = std::find_if(timeline.spans.begin(), timeline.spans.end(),
                                  [](const TimelineSpan& s) { return s.args.count("unfinished") == 1; });
  REQUIRE(waits != timeline.spans.end());
  CHECK(waits->track == "agent queue 0");
  CHECK(waits->args.at("waits_for") == "\"event 2 >= 1\"");
  CHECK(has(answer.err, "event 2 of die 0 to reach 1"));
}

TEST_CASE("marks of the firmware are in waveform and timeline") {
  const Scratch scratch;
  REQUIRE(scratch.run(std::string(kTiny) + "--quiet --out r --vcd w.vcd --timeline t.json").code == 0);
  const Timeline timeline = parse_timeline(file_text(scratch / "t.json"));
  REQUIRE(!timeline.marks.empty());
  const Vcd vcd = parse_vcd(file_text(scratch / "w.vcd"));
  CHECK(vcd.signals.at("package.die0.agent_core.mark").largest() > 0);
  CHECK(has(file_text(scratch / "w.vcd.enums/mark.txt"), " " + timeline.marks.front().name + "\n"));
}

TEST_CASE("vcd2fst of GTKWave takes the waveform") {
  const Scratch scratch;
  if (scratch.shell("command -v vcd2fst").code != 0) {
    WARN("skipped: vcd2fst is missing (apt-get install gtkwave)");
    return;
  }
  REQUIRE(scratch.run(std::string(kTiny) + "--quiet --out r --vcd w.vcd").code == 0);
  const Answer answer = scratch.shell("vcd2fst w.vcd w.fst && fst2vcd w.fst > back.vcd");
  INFO(answer.err);
  REQUIRE(answer.code == 0);
  // What comes back has the same values.
  const Vcd vcd = parse_vcd(file_text(scratch / "w.vcd"));
  const std::string back = file_text(scratch / "back.vcd");
  CHECK(std::count(back.begin(), back.end(), '#') > 100);
  CHECK(has(back, "#" + std::to_string(vcd.end)));
}
