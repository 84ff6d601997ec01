// SPDX-License-Identifier: Apache-2.0
// The built program as a user meets it: exit codes, messages, files. The smallest experiment is
// platforms/experiments/tiny.yaml.
#include "tests/catch.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/scratch.h"

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

using moesaic::test::Answer;
using moesaic::test::file_text;
using moesaic::test::has;
using moesaic::test::Scratch;

TEST_CASE("no words print the help with examples and exit codes") {
  const Scratch scratch;
  const Answer answer = scratch.run("");
  CHECK(answer.code == 0);
  CHECK(has(answer.out, "Examples:"));
  CHECK(has(answer.out, "Exit codes:"));
  CHECK(answer.err.empty());
}

TEST_CASE("every subcommand has help with an example") {
  const Scratch scratch;
  for (const char* verb :
       {"run", "compare", "show", "list", "schema", "new", "memory-bench", "import-memspec"}) {
    INFO(verb);
    const Answer answer = scratch.run(std::string(verb) + " --help");
    CHECK(answer.code == 0);
    CHECK(has(answer.out, "Example"));
  }
}

namespace {
// The lines of the ```sh blocks of a page, continued lines joined.
std::vector<std::string> shell_lines(const fs::path& page) {
  std::istringstream lines(file_text(page));
  std::vector<std::string> found;
  bool shell = false;
  std::string command;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("```", 0) == 0) shell = line == "```sh";
    if (!shell) continue;
    const bool more = !line.empty() && line.back() == '\\';
    command += more ? line.substr(0, line.size() - 1) : line;
    if (more) continue;
    found.push_back(command);
    command.clear();
  }
  return found;
}

// All commands that README and docs show, each once, in the order of the pages.
std::vector<std::string> documented_commands() {
  std::set<fs::path> pages{fs::path(MOESAIC_SOURCE_DIR) / "README.md"};
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(MOESAIC_SOURCE_DIR) / "docs"))
    if (entry.path().extension() == ".md") pages.insert(entry.path());
  std::vector<std::string> commands;
  std::set<std::string> seen;
  const std::string launcher = "./moesaic ";
  for (const fs::path& page : pages) {
    for (const std::string& line : shell_lines(page)) {
      if (line.rfind(launcher, 0) != 0 || line == launcher + "test" || line == launcher + "build") continue;
      if (seen.insert(line).second) commands.push_back(line.substr(launcher.size()));
    }
  }
  return commands;
}

// Several test cases share the commands, so that they run side by side.
void run_documented_commands(std::size_t part, std::size_t parts) {
  const Scratch scratch;
  const std::vector<std::string> commands = documented_commands();
  CHECK(commands.size() > 20);
  for (std::size_t i = part; i < commands.size(); i += parts) {
    const Answer answer = scratch.run(commands[i]);
    INFO(commands[i] << "\n" << answer.err);
    CHECK(answer.code == 0);
  }
}
}  // namespace

TEST_CASE("every command in the documents runs, first third") {
  run_documented_commands(0, 3);
}
TEST_CASE("every command in the documents runs, second third") {
  run_documented_commands(1, 3);
}
TEST_CASE("every command in the documents runs, last third") {
  run_documented_commands(2, 3);
}

TEST_CASE("memory-bench says the same in text and in JSON, and twice the same") {
  const Scratch scratch;
  const std::string bench = "memory-bench lpddr5_6400_x16 --traffic mix:70 --requests 500 --outstanding 16";
  const Answer text = scratch.run(bench);
  CHECK(text.code == 0);
  for (const char* said : {"bandwidth", "latency", "refresh", "turnaround", "pJ/bit", "assumed:"})
    CHECK(has(text.out, said));
  const Answer json = scratch.run(bench + " --json");
  CHECK(json.code == 0);
  CHECK(has(json.out, "\"requests\": 500"));
  CHECK(scratch.run(bench + " --json").out == json.out);
  CHECK(scratch.run(bench + " --json --seed 2").out != json.out);
}

TEST_CASE("the version is printed") {
  const Scratch scratch;
  const Answer answer = scratch.run("--version");
  CHECK(answer.code == 0);
  CHECK(answer.out.rfind("moesaic ", 0) == 0);
}

TEST_CASE("the banner of SystemC is not printed") {
  const Scratch scratch;
  const Answer answer = scratch.run("--version");
  CHECK_FALSE(has(answer.out + answer.err, "Accellera"));
}

TEST_CASE("unknown words and options are mistakes with a remedy") {
  const Scratch scratch;
  const Answer verb = scratch.run("rnu");
  CHECK(verb.code == 2);
  CHECK(has(verb.err, "did you mean \"run\""));
  const Answer option = scratch.run("run --tokns 3");
  CHECK(option.code == 2);
  CHECK(has(option.err, "did you mean \"--tokens\""));
  const Answer topic = scratch.run("list metrcs");
  CHECK(topic.code == 2);
  CHECK(has(topic.err, "did you mean \"metrics\""));
  const Answer kind = scratch.run("schema pakage");
  CHECK(kind.code == 2);
  CHECK(has(kind.err, "did you mean \"package\""));
  const Answer number = scratch.run("run --tokens many");
  CHECK(number.code == 2);
}

TEST_CASE("mistakes in an experiment leave nothing behind") {
  const Scratch scratch;
  for (const char* arguments :
       {"run nowhere.yaml", "run tiny --set package.rows=99", "run tiny --set package.rwos=2",
        "run tiny --set nonsense", "run tiny --firmware no_such_image", "run tiny -o no_such_option=1",
        "run tiny --model no-such-model", "run default --set package.chiplet.sram.size_bytes=4096",
        "compare tiny", "memory-bench no_such_memory",
        "memory-bench lpddr5_6400_x16 --traffic no_such_traffic",
        "memory-bench lpddr5_6400_x16 --outstanding 0", "memory-bench lpddr5_6400_x16 --set timing.ras=3",
        "memory-bench lpddr5_6400_x16 --set timing.ras_cycles", "import-memspec nowhere.json"}) {
    const Answer answer = scratch.run(arguments);
    INFO(arguments << "\n" << answer.err);
    CHECK(answer.code == 2);
    CHECK_FALSE(answer.err.empty());
    CHECK(answer.out.empty());
    CHECK_FALSE(fs::exists(scratch / "results"));
  }
}

TEST_CASE("a folder that cannot be made is found before the run") {
  const Scratch scratch;
  std::ofstream(scratch / "file") << "x";
  const Answer answer = scratch.run("run tiny --out file/results");
  CHECK(answer.code == 2);
  CHECK(has(answer.err, "--out"));
}

TEST_CASE("the smallest experiment runs, is conserved, and writes its folder") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --out here");
  INFO(answer.out << answer.err);
  REQUIRE(answer.code == 0);
  for (const char* file : {"summary.txt", "results.json", "report.html", "experiment.yaml"}) {
    INFO(file);
    CHECK(fs::exists(scratch / "here" / file));
  }
  CHECK(has(answer.out, "times the lower bound"));
  CHECK(has(answer.out, "each exactly once"));
  CHECK(has(answer.err, "events/s"));
  const Json json = Json::parse(file_text(scratch / "here" / "results.json"));
  CHECK(json.at("identity").at("outcome") == "ok");
  CHECK(json.at("work").at("violation_count") == 0);
  CHECK(json.at("summary").at("distance_to_bound").get<double>() >= 1.0);
}

TEST_CASE("the causes in results.json sum to the makespan exactly") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --json");
  REQUIRE(answer.code == 0);
  const Json json = Json::parse(answer.out);
  std::uint64_t causes = 0, places = 0;
  for (const Json& cause : json.at("causes")) causes += cause.at("time").get<std::uint64_t>();
  for (const Json& place : json.at("critical_path")) places += place.at("time").get<std::uint64_t>();
  CHECK(causes == json.at("summary").at("makespan").get<std::uint64_t>());
  CHECK(places == causes);
}

TEST_CASE("two runs of the same input write the same bytes") {
  const Scratch scratch;
  const Answer first = scratch.run("run tiny --out a --log debug");
  const Answer second = scratch.run("run tiny --out b --log debug");
  REQUIRE(first.code == 0);
  REQUIRE(second.code == 0);
  for (const char* file : {"summary.txt", "results.json", "report.html", "experiment.yaml", "firmware.log"}) {
    INFO(file);
    CHECK(file_text(scratch / "a" / file) == file_text(scratch / "b" / file));
  }
}

TEST_CASE("the written experiment repeats the run") {
  const Scratch scratch;
  REQUIRE(scratch.run("run tiny --seed 7 --out a").code == 0);
  REQUIRE(scratch.run("run a/experiment.yaml --out b").code == 0);
  CHECK(file_text(scratch / "a" / "results.json") == file_text(scratch / "b" / "results.json"));
}

TEST_CASE("functional mode equals the reference and takes the same simulated time") {
  const Scratch scratch;
  const Answer timing = scratch.run("run tiny --set run.functional=false --json --out a");
  const Answer functional = scratch.run("run tiny --functional --json --out b");
  INFO(functional.err);
  REQUIRE(timing.code == 0);
  REQUIRE(functional.code == 0);
  const Json a = Json::parse(timing.out), b = Json::parse(functional.out);
  CHECK(a.at("work").at("functional_checked") == false);
  CHECK(b.at("work").at("functional_checked") == true);
  CHECK(b.at("work").at("functional_values").get<std::uint64_t>() > 0);
  CHECK(b.at("work").at("functional_mismatches") == 0);
  CHECK(a.at("summary").at("makespan") == b.at("summary").at("makespan"));
}

TEST_CASE("the summary has no colours in a pipe, and --quiet prints nothing") {
  const Scratch scratch;
  const Answer loud = scratch.run("run tiny");
  CHECK(loud.code == 0);
  CHECK_FALSE(has(loud.out, "\x1b["));
  const Answer quiet = scratch.run("run tiny --quiet");
  CHECK(quiet.code == 0);
  CHECK(quiet.out.empty());
  CHECK(quiet.err.empty());
}

TEST_CASE("misuse by an image ends the run with 1, a summary and a report") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --out here --firmware " MOESAIC_TEST_IMAGE_DIR
                                    "/misuse.so -o what=unallocated_write");
  INFO(answer.out << answer.err);
  CHECK(answer.code == 1);
  CHECK(has(answer.out, "The run failed: fault"));
  CHECK(has(answer.out, "image misuse, die 0"));
  CHECK(Json::parse(file_text(scratch / "here" / "results.json")).at("identity").at("outcome") == "fault");
}

TEST_CASE("a wait for what never comes ends with 3 and says who waits") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --quiet --firmware " MOESAIC_TEST_IMAGE_DIR
                                    "/misuse.so -o what=unsatisfiable_wait");
  INFO(answer.out << answer.err);
  CHECK(answer.code == 3);
  CHECK(answer.out.empty());
  CHECK(has(answer.err, "waits for"));
}

TEST_CASE("an image of another contract is refused with both versions") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --firmware " MOESAIC_TEST_IMAGE_DIR "/wrong_abi.so");
  INFO(answer.err);
  CHECK(answer.code == 2);
  CHECK(has(answer.err, "999"));
}

TEST_CASE("compare keeps the results of images that ran when another one fails") {
  const Scratch scratch;
  const Answer answer = scratch.run("compare tiny --out both --firmware ep --firmware " MOESAIC_TEST_IMAGE_DIR
                                    "/misuse.so:what=unallocated_write");
  INFO(answer.out << answer.err);
  CHECK(answer.code == 1);
  CHECK(has(answer.out, "fault"));
  CHECK(has(answer.err, "image misuse, die 0"));
  CHECK(fs::exists(scratch / "both" / "ep" / "results.json"));
}

TEST_CASE("an oracle is said in the summary") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --oracle");
  CHECK(answer.code == 0);
  CHECK(has(answer.out, "ORACLE"));
}

TEST_CASE("compare puts two images side by side, the first at 1.000") {
  const Scratch scratch;
  const Answer answer = scratch.run("compare tiny --firmware ep --firmware ep --out both");
  INFO(answer.out << answer.err);
  REQUIRE(answer.code == 0);
  CHECK(has(answer.out, "1.000"));
  CHECK(fs::exists(scratch / "both" / "ep" / "results.json"));
  CHECK(fs::exists(scratch / "both" / "ep_2" / "results.json"));
  CHECK(file_text(scratch / "both" / "ep" / "results.json") ==
        file_text(scratch / "both" / "ep_2" / "results.json"));
  const Answer again = scratch.run("run tiny --firmware ep --firmware ep --out both");
  CHECK(again.out == answer.out);
}

TEST_CASE("compare finds the mistake of one image before it runs the other") {
  const Scratch scratch;
  const Answer answer = scratch.run("compare tiny --firmware ep --firmware no_such_image");
  CHECK(answer.code == 2);
  CHECK_FALSE(fs::exists(scratch / "results"));
}

TEST_CASE("show prints the configuration with the overrides in it") {
  const Scratch scratch;
  const Answer answer = scratch.run("show tiny --set package.chiplet.dma.channels=2");
  CHECK(answer.code == 0);
  CHECK(has(answer.out, "channels: 2"));
}

TEST_CASE("everything that can be listed is listed") {
  const Scratch scratch;
  for (const auto& [topic, part] :
       std::vector<std::pair<std::string, std::string>>{{"firmware", "ep"},
                                                        {"models", "qwen3-30b-a3b"},
                                                        {"packages", "2x2"},
                                                        {"memories", ""},
                                                        {"routing", "uniform"},
                                                        {"metrics", "makespan"},
                                                        {"registers", "QUEUE_PUSH"},
                                                        {"fields", "sram"},
                                                        {"causes", "memory_transfer"}}) {
    const Answer answer = scratch.run("list " + topic);
    INFO(topic << "\n" << answer.out << answer.err);
    CHECK(answer.code == 0);
    CHECK(has(answer.out, part));
  }
}

TEST_CASE("schemas are JSON") {
  const Scratch scratch;
  for (const char* kind : {"experiment", "package", "memory", "model", "routing"}) {
    const Answer answer = scratch.run(std::string("schema ") + kind);
    CHECK(answer.code == 0);
    CHECK(Json::parse(answer.out).contains("$schema"));
  }
}

TEST_CASE("a run with protocol checkers watches transactions and takes the same time") {
  const Scratch scratch;
  const Answer off = scratch.run("run tiny --json --out a");
  const Answer on = scratch.run("run tiny --check-protocol --json --out b");
  INFO(on.err);
  REQUIRE(off.code == 0);
  REQUIRE(on.code == 0);
  const Json a = Json::parse(off.out), b = Json::parse(on.out);
  CHECK(b.at("summary").at("protocol_transactions").get<std::uint64_t>() > 0);
  CHECK(a.at("summary").at("makespan") == b.at("summary").at("makespan"));
}
