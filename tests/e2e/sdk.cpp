// SPDX-License-Identifier: Apache-2.0
// The SDK as an image author meets it: installation, skeleton, a build out of tree, the commands of the
// pages, log, statistics and marks.
#include "tests/catch.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/scratch.h"
#include "tests/support/small_case.h"

namespace fs = std::filesystem;
using namespace moesaic;
using namespace moesaic::test;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kCorrect = "all equal the reference";

/// The blocks of shell commands of a page, one behind the other.
std::string commands_of(const fs::path& page) {
  std::istringstream lines(file_text(page));
  std::string commands;
  bool shell = false;
  for (std::string line; std::getline(lines, line);) {
    const bool fence = line.rfind("```", 0) == 0;
    if (shell && !fence) commands += line + "\n";
    if (fence) shell = line == "```sh";
  }
  return commands;
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

void install(const Scratch& scratch, const std::string& prefix) {
  const Answer answer = scratch.shell("cmake --install '" MOESAIC_BUILD_DIR "' --prefix " + prefix);
  INFO(answer.err);
  REQUIRE(answer.code == 0);
}

Answer build_image(const Scratch& scratch, const std::string& folder, const std::string& prefix) {
  return scratch.shell("cmake -S " + folder + " -B " + folder + "/build -DCMAKE_PREFIX_PATH='" + prefix +
                       "' && cmake --build " + folder + "/build");
}

}  // namespace

TEST_CASE("an image builds out of tree against an installation, and the installed program runs it") {
  const Scratch scratch;
  // 1. An installation stays whole when it is moved.
  install(scratch, "first");
  fs::rename(scratch / "first", scratch / "prefix");
  const std::string program = "prefix/bin/moesaic ";
  for (const char* header : {"image.h", "sdk/abi.h", "sdk/hal.h", "lib/backlog.h", "lib/homes.h"})
    CHECK(fs::exists(scratch / "prefix/include/moesaic" / header));
  // 2. It finds what belongs to it, and only that.
  const std::string prefix = fs::canonical(scratch / "prefix").string();
  CHECK(has(scratch.shell(program + "list firmware").out, prefix + "/lib/moesaic/images/ep.so"));
  CHECK(has(scratch.shell(program + "run --set package.chiplet.control.command_queues=2").err,
            "prefix/share/moesaic/platforms/experiments/default.yaml:"));
  for (const auto& entry : fs::recursive_directory_iterator(scratch / "prefix")) {
    if (!entry.is_regular_file() || entry.path().extension() == ".a" || entry.path().extension() == ".so" ||
        entry.path().filename() == "moesaic")
      continue;
    INFO(entry.path());
    CHECK_FALSE(has(file_text(entry.path()), MOESAIC_SOURCE_DIR "/"));
    CHECK_FALSE(has(file_text(entry.path()), MOESAIC_BUILD_DIR "/"));
  }
  // 3. A new image.
  const Answer made = scratch.shell(program + "new firmware mine");
  INFO(made.out << made.err);
  REQUIRE(made.code == 0);
  CHECK_FALSE(has(file_text(scratch / "mine/image.cpp"), "@NAME@"));
  const Answer built = build_image(scratch, "mine", prefix);
  INFO(built.out << built.err);
  REQUIRE(built.code == 0);
  // 4. By path, by name, and from a file elsewhere.
  const Answer by_path = scratch.shell(program + "run tiny --firmware mine/build/mine.so");
  INFO(by_path.out << by_path.err);
  CHECK(by_path.code == 0);
  CHECK(has(by_path.out, "image mine"));
  CHECK(has(by_path.out, kCorrect));
  CHECK(has(by_path.out, "each exactly once"));
  const std::string path = "MOESAIC_IMAGE_PATH=nowhere:mine/build ";
  const Answer by_name = scratch.shell(path + program + "run tiny --firmware mine");
  CHECK(by_name.out.substr(0, by_name.out.find("Written")) ==
        by_path.out.substr(0, by_path.out.find("Written")));
  CHECK(has(scratch.shell(path + program + "list firmware").out, "buffers  int   2        1 to 16"));
  std::ofstream(scratch / "mine/run.yaml")
      << "base: tiny\nname: from_file\nfirmware:\n  image: build/mine.so\n  options: {buffers: 1}\n";
  CHECK(scratch.shell(program + "run mine/run.yaml --quiet --out here").code == 0);
  CHECK(scratch.shell("cd mine && ../" + program + "run ../here/experiment.yaml --quiet --out there").code ==
        0);
  CHECK(file_text(scratch / "here/results.json") == file_text(scratch / "mine/there/results.json"));
}

TEST_CASE("an image builds out of tree against the build") {
  const Scratch scratch;
  const std::string program = "'" MOESAIC_PROGRAM "' ";
  REQUIRE(scratch.shell(program + "new firmware mine --dir some/where").code == 0);
  const Answer built = build_image(scratch, "some/where/mine", MOESAIC_BUILD_DIR);
  INFO(built.out << built.err);
  REQUIRE(built.code == 0);
  const Answer run = scratch.shell(program + "run tiny --firmware some/where/mine/build/mine.so");
  INFO(run.out << run.err);
  CHECK(run.code == 0);
  CHECK(has(run.out, kCorrect));
}

TEST_CASE("the commands of docs/firmware.md and of the skeleton's README run, in order") {
  const Scratch scratch;
  // The clone, as the page sees it: its launcher, and its folder `build`, which is built already.
  std::ofstream(scratch / "moesaic_launcher") << "";
  std::ofstream(scratch / "program.sh") << "[ \"$1\" = build ] || exec '" MOESAIC_PROGRAM "' \"$@\"\n";
  fs::create_directory(scratch / "clone");
  fs::create_directory_symlink(MOESAIC_BUILD_DIR, scratch / "clone/build");
  std::ofstream(scratch / "clone/moesaic") << "#!/bin/sh\n. '" + (scratch / "program.sh").string() + "'\n";
  fs::permissions(scratch / "clone/moesaic", fs::perms::owner_all);
  const std::string page = commands_of(fs::path(MOESAIC_SOURCE_DIR) / "docs/firmware.md");
  const std::string readme = commands_of(fs::path(MOESAIC_SOURCE_DIR) / "firmware/template/README.md");
  CHECK(lines_of(page) >= 14);
  CHECK(lines_of(readme) >= 5);
  std::string own = readme;
  for (std::size_t at = 0; (at = own.find("@NAME@", at)) != std::string::npos;) own.replace(at, 6, "mine");
  std::ofstream(scratch / "page.sh") << "set -ex\ncd clone\n" << page << "cd mine\n" << own;
  const Answer answer = scratch.shell("sh page.sh");
  INFO(answer.out << answer.err);
  CHECK(answer.code == 0);
  CHECK(has(answer.out, kCorrect));
}

TEST_CASE("a skeleton is never written over something, and has a name that can be built") {
  const Scratch scratch;
  REQUIRE(scratch.run("new firmware mine").code == 0);
  std::ofstream(scratch / "mine/image.cpp") << "changed";
  const Answer again = scratch.run("new firmware mine");
  CHECK(again.code == 2);
  CHECK(has(again.err, "mine is there already"));
  CHECK(file_text(scratch / "mine/image.cpp") == "changed");
  for (const char* arguments : {"new firmware Mine", "new firmware 'a b'", "new firmware 9th",
                                "new firmware ../up", "new firmware test", "new firmware ''",
                                "new hardware mine2", "new firmware", "new firmware mine2 --dir stderr/below",
                                "new firmware a_name_that_is_much_longer_than_a_name_should_be"}) {
    const Answer answer = scratch.run(arguments);
    INFO(arguments << "\n" << answer.out << answer.err);
    CHECK(answer.code == 2);
    CHECK_FALSE(answer.err.empty());
  }
  CHECK(std::distance(fs::directory_iterator(scratch.path()), {}) == 2);  // mine and stderr
}

TEST_CASE("the skeleton equals the reference on random small cases, in the same time as timing mode") {
  for (std::uint32_t seed = 500; seed < 540; ++seed) {
    Experiment e = small_case(seed);
    const bool tight = e.package.chiplet.sram.size_bytes != PackageParams{}.chiplet.sram.size_bytes;
    e.firmware.image = test_image("template");
    e.firmware.options.clear();
    if (tight) e.package.chiplet.sram.size_bytes = smallest_sram(e);
    const Summary functional = run_in_child(e);
    INFO("case " << seed << ": " << functional.text << "\n" << show_experiment(e));
    REQUIRE(!functional.refused);
    REQUIRE(functional.outcome == Outcome::ok);
    REQUIRE(functional.values == std::uint64_t{e.workload.tokens} * e.model.hidden * e.workload.layers);
    e.run.functional = false;
    REQUIRE(run_in_child(e).makespan == functional.makespan);
  }
}

TEST_CASE("the log keeps what is at least as grave as its level, and changes nothing else") {
  const Scratch scratch;
  REQUIRE(scratch.run("run tiny --out none").code == 0);
  CHECK_FALSE(fs::exists(scratch / "none/firmware.log"));
  std::vector<std::string> logs;
  for (const char* level : {"error", "info", "debug"}) {
    REQUIRE(scratch.run(std::string("run tiny --out ") + level + " --log " + level).code == 0);
    logs.push_back(file_text(scratch / level / "firmware.log"));
    CHECK(file_text(scratch / level / "results.json") == file_text(scratch / "none/results.json"));
  }
  CHECK(logs[0].empty());
  CHECK(has(logs[1], "  info   agent of die 3: plan: experts owned 2"));
  CHECK(has(logs[1], " us  mark   agent of die 0: layer 1\n"));
  CHECK_FALSE(has(logs[1], "debug"));
  CHECK(has(logs[2], "  debug  agent of die 0: layer 0: "));
  CHECK(lines_of(logs[2]) > lines_of(logs[1]));
  // What the page shows is what it writes, but for the times.
  std::istringstream page(file_text(fs::path(MOESAIC_SOURCE_DIR) / "docs/firmware.md"));
  unsigned shown = 0;
  for (std::string line; std::getline(page, line);) {
    const std::size_t text = line.find(" us  ");
    if (line.rfind("   ", 0) != 0 || text == std::string::npos) continue;
    INFO(line);
    CHECK(has(logs[2], line.substr(text, line.find(", ...") - text)));
    ++shown;
  }
  CHECK(shown == 3);
  CHECK(scratch.run("run tiny --log loud").code == 2);
}

TEST_CASE("marks of an image are on the timeline and in the waveform") {
  const Scratch scratch;
  REQUIRE(scratch.run("run tiny --out here --timeline t.json --vcd w.vcd").code == 0);
  CHECK(has(file_text(scratch / "t.json"), "\"layer 1\""));
  CHECK(has(file_text(scratch / "w.vcd"), "layer"));
}

TEST_CASE("what an image gives up with is the last line of its log") {
  const Scratch scratch;
  REQUIRE(
      scratch
          .run("run tiny --out here --log error --firmware " MOESAIC_TEST_IMAGE_DIR "/talker.so -o what=fail")
          .code == 1);
  const std::string log = file_text(scratch / "here/firmware.log");
  CHECK(has(log, "error  agent of die "));
  CHECK(has(log, ": gave up: enough\n"));
}

TEST_CASE("statistics of an image are in results, summary and dictionary") {
  const Scratch scratch;
  const Answer answer = scratch.run("run tiny --out here");
  REQUIRE(answer.code == 0);
  CHECK(has(answer.out, "What image ep says of itself"));
  CHECK(has(answer.out, "rows_per_tile"));
  const Json all = Json::parse(file_text(scratch / "here/results.json")).at("image_statistics");
  const Json row = {
      {"node", 3}, {"core", "agent"}, {"name", "tile_areas"}, {"unit", "areas"}, {"value", 2.0}};
  CHECK(std::count(all.begin(), all.end(), row) == 1);
  CHECK(has(scratch.run("list metrics").out, "image_statistics[]  (firmware)"));
}

TEST_CASE("the last value of a core and name counts, and a name or value that cannot be one ends the run") {
  const Scratch scratch;
  const std::string image = "--firmware " MOESAIC_TEST_IMAGE_DIR "/talker.so ";
  const Answer good = scratch.run("run tiny --out here " + image + "-o what=statistics");
  INFO(good.out << good.err);
  const Json all = Json::parse(file_text(scratch / "here/results.json")).at("image_statistics");
  REQUIRE(all.size() == 9);  // two of each agent, one of the scheduler
  CHECK(all[0] ==
        Json({{"node", 0}, {"core", "agent"}, {"name", "zeal"}, {"unit", "percent"}, {"value", 2.5}}));
  CHECK(all[1].at("name") == "age");
  CHECK(std::count_if(all.begin(), all.end(), [](const Json& s) { return s.at("core") == "scheduler"; }) ==
        1);
  CHECK(has(good.out, "zeal       percent      4        2.5          4        5.5"));
  for (const char* what : {"bad_name", "no_name", "not_finite"}) {
    const Answer bad = scratch.run("run tiny --out bad " + image + "-o what=" + what);
    INFO(what << bad.out);
    CHECK(bad.code == 1);
    CHECK(has(bad.out, "expected a name of lower-case letters"));
  }
}

TEST_CASE("what cannot be used is listed with the reason") {
  const Scratch scratch;
  std::ofstream(scratch / "broken.so") << "nothing";
  const Answer answer = scratch.shell("MOESAIC_IMAGE_PATH=$PWD:'" MOESAIC_TEST_IMAGE_DIR "' '" MOESAIC_PROGRAM
                                      "' list firmware");
  CHECK(answer.code == 0);
  CHECK(has(answer.out, "broken  (cannot be used)\n  "));
  CHECK(has(answer.out, "wrong_abi  (cannot be used)\n  " MOESAIC_TEST_IMAGE_DIR
                        "/wrong_abi.so was built for firmware ABI 999"));
  CHECK(has(answer.out, "ep  (agents)"));
}

TEST_CASE("mistakes in the choice of an image name the place where it was chosen") {
  const Scratch scratch;
  const auto refused = [&](const std::string& lines, const std::string& expected) {
    std::ofstream(scratch / "x.yaml") << "base: tiny\nname: x\n" << lines;
    const Answer answer = scratch.run("run x.yaml");
    INFO(lines << answer.err);
    CHECK(answer.code == 2);
    CHECK(has(answer.err, expected));
    CHECK_FALSE(fs::exists(scratch / "results"));
  };
  refused("firmware:\n  image: epp\n",
          "x.yaml:4:10: error: firmware.image: \"epp\" is not known; did you mean");
  refused("firmware:\n  image: x.yaml.so\n", "x.yaml:4:10: error: firmware.image: ");
  refused("firmware:\n  options:\n    prefech: 2\n",
          "x.yaml:5:14: error: firmware.options.prefech: image ep has no such option; did you mean "
          "\"prefetch\"?");
  refused("firmware:\n  options:\n    prefetch: 99\n",
          "x.yaml:5:15: error: firmware.options.prefetch: \"99\" is");
  refused(
      "package:\n  base: tiny-2x2\n  chiplet:\n    sram:\n      size_bytes: 4 KiB\nmodel: qwen3-30b-a3b\n",
      "x.yaml:7:19: error: package.chiplet.sram.size_bytes: 4096 bytes are too few");
  const Answer typed = scratch.run("compare tiny --firmware ep --firmware ep:prefetch=0");
  CHECK(typed.code == 2);
  CHECK(has(typed.err, "command line: error: firmware.options.prefetch: \"0\" is not allowed by image ep"));
}
