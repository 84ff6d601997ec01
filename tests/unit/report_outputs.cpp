// SPDX-License-Identifier: Apache-2.0
// The dictionary, results.json, the summary and docs/output.md say the same.
#include "tests/catch.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "sc_main/report/budget.h"
#include "sc_main/report/comparison.h"
#include "sc_main/report/html.h"
#include "sc_main/report/json.h"
#include "sc_main/report/metrics.h"
#include "sc_main/report/output_folder.h"
#include "sc_main/report/summary.h"
#include "tlm/diagnostics.h"

using namespace moesaic;
using Json = nlohmann::ordered_json;

namespace {

/// A run of two dies that spent 60 us on memory and 40 us computing; every list has an entry.
struct Specimen {
  PackageParams package;
  ModelParams model;
  Routing routing;
  RunResult result;

  Specimen() {
    package.name = "pair";
    package.rows = 1;
    package.columns = 2;
    model.name = "tiny";
    model.hidden = 64;
    model.expert_width = 32;
    model.experts = 2;
    model.top_k = 1;
    model.layers = 1;
    routing.synthetic = true;
    routing.source = "made by hand";
    routing.layers = 1;
    routing.tokens = 2;
    routing.top_k = 1;
    routing.experts = 2;
    routing.choices = {{0, 32768}, {1, 32768}};
    run();
  }
  void run() {
    result.image_name = "none";
    result.makespan = 100 * kMicrosecond;
    result.layers = {{0, 0, 0, result.makespan}};
    result.iterations = {{0, IterationKind::measured, 0, result.makespan, 2, 1, 0, 0}};
    CausalLog log;
    const ActivityId load = log.begin(kRootActivity, 0, NodeId{0}, UnitId::dma, 1);
    log.extend(load, Cause::memory_transfer, 60 * kMicrosecond);
    const ActivityId compute = log.begin(load, 60 * kMicrosecond, NodeId{1}, UnitId::tensor_engine, 2);
    log.extend(compute, Cause::engine_compute, result.makespan);
    result.critical_path = log.critical_path(compute, result.makespan);
    for (const PathStep& step : result.critical_path) result.path_activities.push_back(log[step.activity]);
    result.nodes.resize(2);
    for (unsigned n = 0; n < 2; ++n) {
      NodeResult& node = result.nodes[n];
      node.node = NodeId(n);
      node.memory.resize(2);
      node.memory[0].read_bytes = 640'000;
      node.memory[0].read_bursts = 20'000;
      node.memory[0].row_hits = 15'000;
      node.memory[0].activates = 5'000;
      node.memory[0].refreshes = 25;
      node.memory[0].lost_to_refresh = 7 * kMicrosecond;
      node.memory[0].read_latency_sum = 400 * kMicrosecond;
      node.memory[0].peak_bytes_per_second = 12.8e9;
      node.tensor_engine.macs = 81'920'000;  // half of the peak in 100 us
      node.tensor_engine.busy = 50 * kMicrosecond;
      node.agent.busy = 10 * kMicrosecond;
      node.command_processor.commands[0] = 3;
      node.peak_slot_bytes = 1 << 20;
      node.network.packets_by_hops[1] = 2;
      node.network.latency[3].add(0, 2, 0, 30 * kNanosecond);
    }
    result.links.resize(1);
    result.links[0] = {NodeId{0}, NodeId{1}, {}};
    result.links[0].stats.wire_bytes = 1000;
    result.links[0].stats.peak_bytes_per_s = 288e9;
    result.deviations = {{"drop", 7}};
    result.image_statistics = {{NodeId{0}, "agent", "rows", "count", 3.0},
                               {NodeId{1}, "agent", "rows", "count", 4.5},
                               {NodeId{1}, "agent", "share", "ratio", -0.25}};
    result.work.pairs = 2;
    result.functional = FunctionalCheck{128, 0, ""};
  }
  Report report() const { return make_report({"by hand", package, model, routing, result, true, 1}); }
};

/// Paths of all leaves: "nodes[].dma.loads"; lists of numbers or texts are leaves.
void leaves(const Json& json, const std::string& path, std::set<std::string>& out) {
  for (const auto& [key, value] : json.items()) {
    const std::string here = path.empty() ? key : path + "." + key;
    if (value.is_object()) {
      leaves(value, here, out);
    } else if (value.is_array() && !value.empty() && value.front().is_object()) {
      for (const Json& entry : value) leaves(entry, here + "[]", out);
    } else {
      out.insert(here);
    }
  }
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("every leaf of results.json is in the dictionary, and every entry of the dictionary is a leaf") {
  Json json = Json::parse(results_json(Specimen().report(), {{"package.rows", "1"}}));
  CHECK(json.at("schema") == "moesaic-results");
  CHECK(json.at("schema_version") == kSchemaVersion);
  CHECK(json.at("configuration").at("package.rows") == "1");
  for (const char* key : {"schema", "schema_version", "configuration"}) json.erase(key);
  std::set<std::string> found, declared;
  leaves(json, "", found);
  for (const MetricInfo& info : metric_dictionary()) declared.insert(info.path);
  for (const std::string& path : found) {
    INFO(path);
    CHECK(declared.count(path) == 1);
  }
  for (const std::string& path : declared) {
    INFO(path);
    CHECK(found.count(path) == 1);
  }
}

TEST_CASE("every metric has one path, a sentence, an owner and a known unit") {
  const std::set<std::string> units{"",    "count", "bytes",  "fs", "ratio", "bytes/s",
                                    "1/s", "MACs",  "cycles", "J",  "W"};
  std::set<std::string> paths;
  for (const MetricInfo& info : metric_dictionary()) {
    INFO(info.path << " " << info.unit);
    CHECK(paths.insert(info.path).second);
    CHECK_FALSE(info.sentence.empty());
    CHECK(info.sentence.back() != '.');
    CHECK_FALSE(info.owner.empty());
    CHECK(units.count(info.unit) == 1);
  }
}

TEST_CASE("docs/output.md is what the declarations give") {
  const auto path = std::filesystem::path(MOESAIC_SOURCE_DIR) / "docs" / "output.md";
  INFO("make it again: moesaic list metrics --markdown > docs/output.md");
  CHECK(file_text(path) == metric_document());
}

TEST_CASE("rates and shares of the summary row follow from the counters") {
  const Report report = Specimen().report();
  CHECK(report.summary.makespan == 100 * kMicrosecond);
  CHECK(report.summary.engine_macs_share == Approx(0.5));
  CHECK(report.summary.engine_busy_share == Approx(0.5));
  CHECK(report.summary.memory_bytes_per_s == Approx(12.8e9));
  CHECK(report.summary.peak_memory_bytes_per_s == Approx(51.2e9));
  CHECK(report.summary.memory_share == Approx(0.25));
  CHECK(report.nodes[0].memory[0].share == Approx(0.5));
  CHECK(report.summary.control_busy_share_max == Approx(0.1));
  CHECK(report.summary.commands == 6);
  CHECK(report.summary.peak_slot_bytes == 1 << 20);
}

TEST_CASE("causes in the report sum to the makespan exactly") {
  const Report report = Specimen().report();
  Tick causes = 0, places = 0;
  for (const CauseRow& row : report.causes) causes += row.time;
  for (const PlaceRow& row : report.critical_path) places += row.time;
  CHECK(causes == report.summary.makespan);
  CHECK(places == report.summary.makespan);
}

TEST_CASE("energy is events times constants, each with its evidence") {
  const Report report = Specimen().report();
  double sum = 0.0;
  for (const EnergyRow& row : report.energy) {
    CHECK_FALSE(row.evidence.empty());
    CHECK_FALSE(row.source.empty());
    sum += row.joules;
  }
  CHECK(sum == Approx(report.summary.joules));
  CHECK(report.energy[0].joules == Approx(2 * 81'920'000 * 0.07e-12));
  const auto joules = [&](const std::string& component) {
    for (const EnergyRow& row : report.energy)
      if (row.component == component) return row.joules;
    return -1.0;
  };
  CHECK(joules("memory_activate") == Approx(2 * 5'000 * 1200e-12));
  CHECK(joules("memory_read") == Approx(2 * 640'000 * 8 * 5.0e-12));
  CHECK(joules("memory_write") == 0.0);
  CHECK(joules("memory_refresh") == Approx(2 * 25 * 44800e-12));
  CHECK(joules("memory_background") == Approx(2 * 2 * 38e-3 * 100e-6));  // two dies, two channels each
  CHECK(joules("idle") == Approx(2 * 0.1 * 100e-6));
  // Control and idle; activate, refresh and background of LPDDR5.
  CHECK(report.identity.assumptions.size() == 5);
}

TEST_CASE("a memory channel shows row hits, refresh loss and mean occupancy as shares of the run") {
  const Report report = Specimen().report();
  const ChannelRow& channel = report.nodes[0].memory[0];
  CHECK(channel.row_hit_share == Approx(0.75));
  CHECK(channel.refresh_share == Approx(0.07));
  CHECK(channel.turnaround_share == 0.0);
  CHECK(channel.queue_mean == Approx(4.0));
}

TEST_CASE("what nobody has sourced of the memory device is said with every result") {
  Specimen specimen;
  specimen.package.memory.device = "X";
  specimen.package.memory.assumed = {"all timings"};
  const Report report = specimen.report();
  CHECK(report.identity.assumptions.front() == "memory X: all timings");
  CHECK(summary_text(report).find("assumed: memory X: all timings") != std::string::npos);
  CHECK(results_json(report, {}).find("memory X: all timings") != std::string::npos);
}

TEST_CASE("the summary labels synthetic routing, oracles, deviations and assumptions") {
  Specimen specimen;
  specimen.result.oracle = true;
  const std::string text = summary_text(specimen.report());
  for (const char* said : {"SYNTHETIC", "ORACLE", "deviation: drop of 7 pairs", "assumed: energy of idle",
                           "100.000 us", "60.0 %", "all equal the reference", "times the lower bound"}) {
    INFO(said << "\n" << text);
    CHECK(text.find(said) != std::string::npos);
  }
}

TEST_CASE("the summary shows the spread of an image's statistics over its cores") {
  const std::string text = summary_text(Specimen().report());
  INFO(text);
  CHECK(text.find("What image none says of itself\n"
                  "  statistic  unit   cores  least   mean  greatest\n"
                  "  rows       count      2      3   3.75       4.5\n"
                  "  share      ratio      1  -0.25  -0.25     -0.25\n") != std::string::npos);
  Specimen silent;
  silent.result.image_statistics.clear();
  CHECK(summary_text(silent.report()).find("says of itself") == std::string::npos);
  CHECK(html_report(Specimen().report()).find("<td>rows</td><td>3</td><td>count</td>") != std::string::npos);
}

TEST_CASE("area and power follow the formulas of the budget model, and the summary warns above a limit") {
  PackageParams package;
  package.d2d.modules = 3;
  package.d2d.lanes = 32;
  package.d2d.gbit_per_s_per_lane = 24;  // 288 GB/s
  package.chiplet.sram.size_bytes = 6'656'000;
  package.budget.die_mm2 = 13.9;
  const std::vector<BudgetItem> items = budget_of(package);
  REQUIRE(items.size() == 2);
  CHECK(items[0].all() == Approx(9.6 + 2.6 + 1.7));
  CHECK(!items[0].exceeded());
  const double memory = package.memory.bytes_per_second() / 1e9;
  CHECK(items[1].all() == Approx(288 * 8.864e-3 + memory / 12.8 * 6.5 + 9.492));
  CHECK(!items[1].exceeded());  // no limit
  Specimen specimen;
  specimen.package = package;
  CHECK(summary_text(specimen.report()).find("exceeds the package's budget") == std::string::npos);
  specimen.package.budget.package_w = 12.0;
  const std::string text = summary_text(specimen.report());
  CHECK(text.find("package_power of") != std::string::npos);
  CHECK(text.find("exceeds the package's budget of 12.00 W") != std::string::npos);
}

TEST_CASE("the summary has colours only when asked for") {
  const Report report = Specimen().report();
  CHECK(summary_text(report).find('\x1b') == std::string::npos);
  CHECK(summary_text(report, {true, ""}).find('\x1b') != std::string::npos);
}

TEST_CASE("a failed run says so and shows its messages") {
  Specimen specimen;
  specimen.result.outcome = Outcome::hang;
  specimen.result.messages = {"die 0 waits for die 1"};
  specimen.result.critical_path.clear();
  specimen.result.path_activities.clear();
  const std::string text = summary_text(specimen.report());
  CHECK(text.find("The run failed: hang") != std::string::npos);
  CHECK(text.find("die 0 waits for die 1") != std::string::npos);
  CHECK(text.find("stopped at 100.000 us") != std::string::npos);
  CHECK(text.find("exactly once") == std::string::npos);
}

TEST_CASE("equal results give equal bytes") {
  CHECK(results_json(Specimen().report(), {}) == results_json(Specimen().report(), {}));
  CHECK(summary_text(Specimen().report()) == summary_text(Specimen().report()));
}

TEST_CASE("a comparison gives ratios to the first run") {
  Specimen slow, fast;
  slow.result.image_name = "slow";
  fast.result.image_name = "fast";
  const std::string a = results_json(slow.report(), {});
  Json half = Json::parse(results_json(fast.report(), {}));
  half["summary"]["makespan"] = 50 * kMicrosecond;
  const std::string text = comparison_text({{"slow", a}, {"fast", half.dump()}});
  INFO(text);
  CHECK(text.find("1.000") != std::string::npos);
  CHECK(text.find("0.500") != std::string::npos);
  CHECK(text.find("fast") != std::string::npos);
  CHECK(Json::parse(comparison_json({{"slow", a}, {"fast", half.dump()}})).at("runs").size() == 2);
}

TEST_CASE("files of a run appear whole, and a bad folder is the user's mistake") {
  const auto root = std::filesystem::temp_directory_path() / "moesaic_report_outputs";
  std::filesystem::remove_all(root);
  const OutputFolder folder(root / "a" / "b");
  folder.write("x.txt", "one\n");
  folder.write("x.txt", "two\n");
  CHECK(file_text(root / "a" / "b" / "x.txt") == "two\n");
  CHECK(std::distance(std::filesystem::directory_iterator(root / "a" / "b"), {}) == 1);
  CHECK_THROWS_AS(OutputFolder(root / "a" / "b" / "x.txt" / "c"), UserError);
  std::filesystem::remove_all(root);
}
