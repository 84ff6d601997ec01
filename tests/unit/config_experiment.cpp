// SPDX-License-Identifier: Apache-2.0
// The files that ship, `show`, and the documents generated from the field declarations.
#include <cstdlib>
#include <sstream>

#include "sc_main/config/documents.h"
#include "tests/catch.h"
#include "tests/unit/config_folder.h"

using namespace moesaic;
using namespace moesaic::test;
using Catch::Matchers::Contains;

namespace {

std::string read_source(const std::string& path) {
  std::ifstream in(std::filesystem::path(MOESAIC_SOURCE_DIR) / path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("every file of platforms loads", "[config]") {
  for (const std::string& name : library().names("experiments")) {
    INFO(name);
    CHECK(load_error(name) == "no error");
  }
  for (const std::string& name : library().names("packages")) {
    INFO(name);
    CHECK(load_error("tiny", {{"package", name}}) == "no error");
  }
  for (const std::string& name : library().names("models")) {
    INFO(name);
    CHECK(load_error("tiny", {{"model", name}, {"workload.layers", "1"}}) == "no error");
  }
  for (const std::string& name : library().names("memories")) {
    INFO(name);
    CHECK(load_error("tiny", {{"package.memory", name}}) == "no error");
  }
  for (const std::string& name : library().names("routing")) {
    INFO(name);
    const Experiment e = load_experiment("default", library(), {{"workload.routing", name}});
    CHECK(load_routing(e, library()).synthetic);
  }
}

TEST_CASE("the default experiment is one layer of Qwen3 on the 2x2 package", "[config]") {
  const Experiment e = load_experiment("default", library());
  CHECK(e.model.name == "qwen3-30b-a3b");
  CHECK(e.model.expert_bytes() == 3u * 2048 * 768);
  CHECK(e.package.nodes() == 4);
  CHECK(e.package.chiplet.sram.size_bytes == 3328 * 1024);
  CHECK(e.package.memory.bytes_per_second() == 25.6e9);
  CHECK(e.workload.layers == 1);
  CHECK(e.firmware.image == "ep");
}

TEST_CASE("what show prints loads to the same experiment", "[config]") {
  const Folder folder;
  for (const char* name : {"default", "tiny"}) {
    const Experiment e = load_experiment(
        name, library(),
        {{"run.functional", "true"},
         {"run.inject", "[{kind: link_flip, node: 1, nth: 3, byte: 5, bit: 2}, {kind: swap_loads}]"},
         {"firmware.options.mode", "a \"quoted\" # text: with\ttab"},
         {"firmware.options.depth", "2"},
         {"workload.routing.popularity", "[9, 5, 5, 4, 4, 3, 2, 1]"},
         {"name", "null"},
         {"model.top_k", "2"},
         {"package.d2d.link_latency_ns", "0.1"}});
    const std::string shown = show_experiment(e);
    const Experiment again = load_experiment(folder.write("shown.yaml", shown), library());
    CHECK(show_experiment(again) == shown);
    CHECK(again.name == "null");
    CHECK(again.firmware.options == e.firmware.options);
    CHECK(again.run.inject.size() == 2);
    CHECK(again.run.inject[1].kind == InjectKind::swap_loads);
    CHECK(again.workload.routing.popularity == e.workload.routing.popularity);
    CHECK(again.package.d2d.link_latency_ns == 0.1);
  }
}

TEST_CASE("paths are relative to the file that names them", "[config]") {
  const Folder folder;
  folder.write("traces/t.csv", "layer,token,expert_1,expert_2\n0,0,1,2\n");
  folder.write("parts/p.yaml", "base: tiny-2x2\nmemory: ../mem/m.yaml\n");
  folder.write("mem/m.yaml", "base: lpddr5_6400_x16\nchannels: 4\n");
  const std::string file = folder.write("experiments/e.yaml",
                                        "name: e\npackage: ../parts/p.yaml\nmodel: tiny\n"
                                        "workload: {routing: ../traces/t.csv}\n");
  const Experiment e = load_experiment(file, library());
  CHECK(e.package.memory.channels == 4);
  CHECK(e.workload.routing.trace == folder.absolute("traces/t.csv"));
  CHECK(load_routing(e, library()).tokens == 1);
}

TEST_CASE("the schema of a kind can be asked for by name", "[config]") {
  CHECK_THAT(json_schema("model"), Contains("\"expert_width\""));
  CHECK_THAT(error_of([] { json_schema("modle"); }),
             Contains("expected experiment, package, memory, model or routing"));
}

TEST_CASE("schemas and configuration reference are current", "[config]") {
  const bool write = std::getenv("MOESAIC_WRITE_DOCUMENTS") != nullptr;
  for (const GeneratedFile& file : configuration_documents()) {
    if (write) std::ofstream(std::filesystem::path(MOESAIC_SOURCE_DIR) / file.path) << file.text;
    INFO(file.path << " is out of date; run this test with MOESAIC_WRITE_DOCUMENTS=1 to write it again");
    CHECK((read_source(file.path) == file.text));
  }
}
