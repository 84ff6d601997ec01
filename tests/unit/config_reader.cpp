// SPDX-License-Identifier: Apache-2.0
// Every mistake in a file is told with its place, its value and a remedy, and all of them at once.
#include <algorithm>

#include "tests/catch.h"
#include "tests/unit/config_folder.h"

using namespace moesaic;
using namespace moesaic::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kGood =
    "name: good\npackage: tiny-2x2\nmodel: tiny\nworkload:\n  tokens: 4\n  routing: uniform\n";

}  // namespace

TEST_CASE("a small experiment that names its parts loads", "[config]") {
  const Folder folder;
  const Experiment e = load_experiment(folder.write("good.yaml", kGood), library());
  CHECK(e.name == "good");
  CHECK(e.package.nodes() == 4);
  CHECK(e.package.chiplet.sram.size_bytes == 65536);
  CHECK(e.model.hidden == 32);
  CHECK(e.workload.tokens == 4);
  CHECK(e.workload.routing.source == "uniform random routing");
  CHECK(e.firmware.image == "ep");
  CHECK(place_of(e.places, "workload.tokens").text() == folder.path("good.yaml") + ":5:11");
}

TEST_CASE("an unknown key is told with its place and the key that was meant", "[config]") {
  const Folder folder;
  const std::string file = folder.write("e.yaml", std::string(kGood) + "frimware:\n  image: ep\n");
  CHECK(load_error(file) == file +
                                ":7:1: error: frimware: unknown key; did you mean \"firmware\"?\n"
                                "1 error; nothing was simulated.");
}

TEST_CASE("a key at the wrong depth is told with its right path", "[config]") {
  const Folder folder;
  const std::string file = folder.write("e.yaml", std::string(kGood) + "trace_layers: [1]\n");
  CHECK_THAT(load_error(file), Contains("did you mean \"workload.trace_layers\"?"));
}

TEST_CASE("all mistakes of a file are reported, in the order of its lines", "[config]") {
  const Folder folder;
  const std::string file = folder.write("e.yaml",
                                        "name: bad\n"
                                        "package:\n"
                                        "  base: tiny-2x2\n"
                                        "  memory:\n"
                                        "    base: lpddr5_6400_x16\n"
                                        "    channels: 12\n"
                                        "  memry: 3\n"
                                        "  rows: two\n"
                                        "model: tiny\n"
                                        "workload: {tokens: 4, tokens: 5, routing: uniform}\n"
                                        "run: {functional: yes}\n");
  CHECK(load_error(file) ==
        file +
            ":6:15: error: package.memory.channels: 12 is not allowed\n"
            "  expected a power of two from 1 to 64\n" +
            file + ":7:3: error: package.memry: unknown key; did you mean \"memory\"?\n" + file +
            ":8:9: error: package.rows: two is not allowed\n"
            "  expected an integer from 1 to 8\n" +
            file + ":10:23: error: workload.tokens: given twice\n  first in line 10\n" + file +
            ":11:19: error: run.functional: yes is not allowed\n  expected true or false\n"
            "5 errors; nothing was simulated.");
}

TEST_CASE("a mistake in a named file is told with that file's place", "[config]") {
  const Folder folder;
  const std::string model = folder.write(
      "models/m.yaml", "name: m\nhidden: 32\nexpert_width: 0\nexperts: 8\ntop_k: 2\nlayers: 1\n");
  const std::string file = folder.write(
      "e.yaml",
      "name: e\npackage: tiny-2x2\nmodel: models/m.yaml\nworkload: {tokens: 1, routing: uniform}\n");
  CHECK_THAT(load_error(file), Contains(model + ":3:15: error: expert_width: 0 is not allowed\n"
                                                "  expected an integer from 1 to 65535"));
}

TEST_CASE("a wrong unit is refused with the units that fit", "[config]") {
  const Folder folder;
  const std::string file = folder.write("e.yaml", std::string(kGood));
  CHECK_THAT(load_error(file, {{"package.chiplet.sram.size_bytes", "64 MHz"}}),
             Contains("command line: error: package.chiplet.sram.size_bytes: 64 MHz is not allowed") &&
                 Contains("KiB"));
  CHECK_THAT(load_error(file, {{"package.d2d.link_latency_ns", "4 GHz"}}), Contains("4 GHz is not allowed"));
  CHECK(load_experiment(file, library(), {{"package.d2d.link_latency_ns", "5 ns"}})
            .package.d2d.link_latency_ns == 5.0);
}

TEST_CASE("values of the wrong shape are refused", "[config]") {
  const Folder folder;
  const auto error = [&](const std::string& line) {
    return load_error(folder.write("e.yaml", std::string(kGood) + line));
  };
  CHECK_THAT(error("run: 3\n"), Contains("e.yaml:7:6: error: run: 3 is not allowed\n  expected a map"));
  CHECK_THAT(error("run: [1]\n"), Contains("run: a list is not allowed"));
  CHECK_THAT(error("run: {seed: [1]}\n"), Contains("run.seed: a list is not allowed"));
  CHECK_THAT(error("run: {seed: {a: 1}}\n"), Contains("run.seed: a map is not allowed"));
  CHECK_THAT(error("run: {seed: }\n"), Contains("run.seed: an empty value is not allowed"));
  CHECK_THAT(error("run:\n"), Contains(":7:1: error: run: an empty value is not allowed"));
  CHECK_THAT(error("run: {inject: {kind: link_flip}}\n"),
             Contains("run.inject: a map is not allowed\n  expected a list"));
  CHECK_THAT(error("run: {inject: [3]}\n"), Contains("run.inject.0: 3 is not allowed"));
  CHECK_THAT(error("run: {inject: [{kind: lnik_flip}]}\n"), Contains("did you mean \"link_flip\"?"));
  CHECK_THAT(error("firmware: {options: {a: [1]}}\n"), Contains("firmware.options.a: a list is not allowed"));
  CHECK_THAT(error("? [a, b]\n: 3\n"), Contains("a key is not a name"));
  CHECK_THAT(error("run: {seed: -1}\n"), Contains("run.seed: -1 is not allowed"));
  CHECK_THAT(error("run: {seed: 18446744073709551616}\n"), Contains("is not allowed"));
  CHECK_THAT(error("run: {seed: 1.5}\n"), Contains("run.seed: 1.5 is not allowed"));
}

TEST_CASE("text that is not YAML is told with line and column", "[config]") {
  const Folder folder;
  const std::string file = folder.write("e.yaml", "name: a\n\tpackage: [2\n");
  CHECK_THAT(load_error(file), Contains(file + ":2:1: error: not YAML: "));
  const std::string open = folder.write("open.yaml", "name: \"never closed\n");
  CHECK_THAT(load_error(open), Contains("open.yaml:") && Contains("not YAML"));
}

TEST_CASE("files that hold no map are refused", "[config]") {
  const Folder folder;
  CHECK_THAT(load_error(folder.write("a.yaml", "")), Contains("a.yaml:1:1: error: the file is empty"));
  CHECK_THAT(load_error(folder.write("b.yaml", "# only a comment\n")), Contains("the file is empty"));
  CHECK_THAT(load_error(folder.write("c.yaml", "- 1\n- 2\n")), Contains("the file is not a map"));
  CHECK_THAT(load_error(folder.write("d.yaml", "a: 1\n---\nb: 2\n")), Contains("more than one document"));
  CHECK_THAT(load_error(folder.write("e.yaml", std::string(100000, '['))), Contains("nested too deeply"));
  CHECK_THAT(load_error(folder.path(".") + "/"), Contains("is not a readable file"));
}

TEST_CASE("a file that does not exist is told where it was named, with a near name", "[config]") {
  const Folder folder;
  const std::string file = folder.write(
      "e.yaml", "name: e\npackage: tiny-2x3\nmodel: ../no/m.yaml\nworkload: {tokens: 1, routing: uniform}\n");
  const std::string error = load_error(file);
  CHECK_THAT(error, Contains(file + ":2:10: error: package: ") &&
                        Contains("does not exist\n  did you mean \"tiny-2x2\"?"));
  CHECK_THAT(error, Contains(file + ":3:8: error: model: ") && Contains("2 errors"));
  CHECK_THAT(load_error("defualt"), Contains("defualt.yaml: error: the file does not exist") &&
                                        Contains("did you mean \"default\"?"));
}

TEST_CASE("files that name each other in a circle are refused", "[config]") {
  const Folder folder;
  folder.write("a.yaml", "base: b.yaml\nname: a\n");
  const std::string b = folder.write("b.yaml", "base: a.yaml\nname: b\n");
  CHECK_THAT(load_error(folder.path("a.yaml")),
             Contains(b + ":1:7: error: base: ") && Contains("in a circle"));
  CHECK_THAT(load_error(folder.write("self.yaml", "base: self.yaml\n")), Contains("in a circle"));
}

TEST_CASE("what is missing is reported once per part", "[config]") {
  const Folder folder;
  CHECK_THAT(
      load_error(folder.write("none.yaml", "name: none\n")),
      Contains(
          "none.yaml:1:1: error: package: missing\n  expected the name of a file in platforms/packages") &&
          Contains("error: model: missing"));
  const std::string file =
      folder.write("e.yaml", "name: e\npackage: tiny-2x2\nworkload: {tokens: 4, routing: uniform}\n");
  CHECK_THAT(load_error(file),
             Contains("error: model: missing\n  expected the name of a file in platforms/models") &&
                 Contains("1 error;"));
  const std::string half = folder.write(
      "h.yaml",
      "name: e\npackage: tiny-2x2\nmodel: {name: m, hidden: 8}\nworkload: {tokens: 4, routing: uniform}\n");
  CHECK_THAT(load_error(half), Contains("h.yaml:3:8: error: model.experts: missing") &&
                                   Contains("model.top_k: missing") && Contains("4 errors"));
}

TEST_CASE("base starts from another file wherever it stands, and a name replaces what was there",
          "[config]") {
  const Folder folder;
  folder.write("parent.yaml", std::string(kGood) + "run: {seed: 7, oracle: true}\n");
  const std::string child = folder.write("child.yaml", "run: {seed: 8}\nname: child\nbase: parent.yaml\n");
  const Experiment e = load_experiment(child, library());
  CHECK(e.name == "child");
  CHECK(e.run.seed == 8);
  CHECK(e.run.oracle);
  CHECK(e.workload.tokens == 4);
  const Experiment other = load_experiment(child, library(),
                                           {{"workload.routing", "qwen3-prose"},
                                            {"model", "deepseek-moe-16b"},
                                            {"model", "qwen3-30b-a3b"},
                                            {"workload.routing", "zipf-0.8"}});
  CHECK(other.model.shared_experts == 0);  // not left over from deepseek
  CHECK(other.workload.routing.token_reuse == 0.0);
  CHECK(other.workload.routing.popularity.empty());
}

TEST_CASE("overrides reach groups, lists, maps and files, and are checked like a file", "[config]") {
  const Folder folder;
  const std::string file = folder.write("e.yaml", kGood);
  const Experiment e = load_experiment(file, library(),
                                       {{"package.rows", "3"},
                                        {"firmware.options.depth", "2"},
                                        {"run.functional", "true"},
                                        {"run.inject", "[{kind: sram_flip, nth: 4}, {}]"},
                                        {"run.inject.1.bit", "7"},
                                        {"name", "a: b # c"}});
  CHECK(e.package.rows == 3);
  CHECK(e.firmware.options.at("depth") == "2");
  REQUIRE(e.run.inject.size() == 2);
  CHECK(e.run.inject[0].kind == InjectKind::sram_flip);
  CHECK(e.run.inject[1].bit == 7);
  CHECK(e.name == "a: b # c");
  const auto error = [&](const char* key, const char* value) { return load_error(file, {{key, value}}); };
  CHECK_THAT(error("package.rws", "3"),
             Contains("command line: error: package.rws: unknown key; did you mean \"rows\"?"));
  CHECK_THAT(error("package.rows", "9"), Contains("command line: error: package.rows: 9 is not allowed"));
  CHECK_THAT(error("package.rows.x", "9"), Contains("unknown key"));
  CHECK_THAT(error("run.inject.0.bit", "1"), Contains("has no element 0"));
  CHECK_THAT(error("run.inject", "[{"), Contains("command line: error: run.inject: not YAML"));
  CHECK_THAT(error("", "1"), Contains("a key is missing"));
  CHECK_THAT(error("model", ""), Contains("is not allowed") || Contains("does not exist"));
}

TEST_CASE("values that contradict each other are told with their place", "[config]") {
  const Folder folder;
  const std::string file = folder.write("e.yaml", std::string(kGood) + "run: {inject: [{node: 4}]}\n");
  const std::string error =
      load_error(file, {{"model.top_k", "9"}, {"workload.layers", "3"}, {"package.scheduler_node", "4"}});
  CHECK_THAT(error, Contains("command line: error: model.top_k: 9 is not allowed\n  expected at most 8"));
  CHECK_THAT(error, Contains("workload.layers: 3 is not allowed\n  expected at most 2"));
  CHECK_THAT(error, Contains("package.scheduler_node: 4 is not allowed\n  expected at most 3"));
  CHECK_THAT(error, Contains("e.yaml:7:23: error: run.inject.0.node: 4 is not allowed"));
  CHECK_THAT(error, Contains("set run.functional to true"));
  CHECK_THAT(load_error(file, {{"run.inject", "[]"}, {"model.hidden", "33"}}),
             Contains("expected a multiple of 8"));
  CHECK_THAT(load_error(file, {{"run.inject", "[]"}, {"workload.tokens", "0"}}),
             Contains("expected at least 1"));
  CHECK_THAT(load_error(file, {{"run.inject", "[]"}, {"package.memory.address_map.bits", "BG=5"}}),
             Contains("package.memory.address_map.bits: "));
  CHECK_THAT(load_error(file, {{"run.inject", "[]"}, {"package.memory.controller.write_low_bursts", "30"}}),
             Contains("write_low_bursts < write_high_bursts"));
  CHECK_THAT(load_error(file, {{"run.inject", "[]"}, {"package.chiplet.sram.port_bytes_per_cycle", "8"}}),
             Contains("one bank"));
}

TEST_CASE("the nearest word is found by edit distance and not guessed from afar", "[config]") {
  const std::vector<std::string> words{"memory", "model", "firmware", "size_bytes"};
  CHECK(nearest_word("memry", words) == "memory");
  CHECK(nearest_word("mdoel", words) == "model");
  CHECK(nearest_word("size", words) == "size_bytes");
  CHECK(nearest_word("xyzzy", words).empty());
  CHECK(nearest_word("", words).empty());
}
