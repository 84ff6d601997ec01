// SPDX-License-Identifier: Apache-2.0
// Traces are read strictly: every malformed line is told with its place, and a trace that does not fit the
// model is told with a remedy.
#include <sstream>

#include "sc_main/workload/routing.h"
#include "tests/catch.h"
#include "tests/unit/config_folder.h"

using namespace moesaic;
using namespace moesaic::test;
using Catch::Matchers::Contains;

namespace {

ModelParams small_model() {
  ModelParams m;
  m.name = "small";
  m.hidden = 32;
  m.expert_width = 8;
  m.experts = 8;
  m.top_k = 2;
  m.layers = 4;
  return m;
}

WorkloadParams workload_of(const std::string& trace) {
  WorkloadParams w;
  w.routing.trace = trace;
  return w;
}

constexpr const char* kHeader = "layer,token,expert_1,expert_2\n";

std::string trace_error(const std::string& file, WorkloadParams workload = {}) {
  workload.routing.trace = file;
  return error_of([&] { make_routing(small_model(), workload, 1); });
}

}  // namespace

TEST_CASE("a CSV trace is read row by row, in any order and with any line ends", "[workload]") {
  const Folder folder;
  WorkloadParams w =
      workload_of(folder.write("t.csv", std::string(kHeader) + "0,1,7,0\r\n0,0,3,2\r\n2,0,1,4\n2,1,5,6"));
  w.layers = 2;
  const Routing r = make_routing(small_model(), w, 1);
  CHECK_FALSE(r.synthetic);
  CHECK(r.layers == 2);
  CHECK(r.tokens == 2);
  CHECK(r.trace_layers == std::vector<std::uint32_t>{0, 2});
  CHECK(r.row(0, 0)[0].expert == 3);
  CHECK(r.row(0, 1)[0].expert == 7);
  CHECK(r.row(1, 1)[1].expert == 6);
  CHECK(r.expert_loads(0) == std::vector<std::uint32_t>{1, 0, 1, 1, 0, 0, 0, 1});
}

TEST_CASE("layers and tokens of a trace are picked by the experiment", "[workload]") {
  const Folder folder;
  WorkloadParams w =
      workload_of(folder.write("t.csv", std::string(kHeader) + "0,0,1,0\n0,1,2,0\n3,0,3,0\n3,1,4,0\n"));
  w.trace_layers = {3};
  w.tokens = 1;
  const Routing r = make_routing(small_model(), w, 1);
  CHECK(r.tokens == 1);
  CHECK(r.row(0, 0)[0].expert == 3);
  w.tokens = 3;
  CHECK_THAT(error_of([&] { make_routing(small_model(), w, 1); }),
             Contains("layer 3 has no token 2\n  it has 2 tokens"));
  w.tokens = 0;
  w.trace_layers = {5};
  CHECK_THAT(error_of([&] { make_routing(small_model(), w, 1); }), Contains("no layer 5\n  it has 0 or 3"));
  w.trace_layers = {};
  w.layers = 3;
  CHECK_THAT(error_of([&] { make_routing(small_model(), w, 1); }),
             Contains("asks for 3 layers, 2 are in the trace\n  set workload.layers to 2"));
}

TEST_CASE("weights of a CSV trace become Q1.15", "[workload]") {
  const Folder folder;
  const std::string header = "layer,token,expert_1,expert_2,weight_1,weight_2\n";
  const Routing r =
      make_routing(small_model(), workload_of(folder.write("t.csv", header + "0,0,1,2,0.75,0.25\n")), 1);
  CHECK(r.row(0, 0)[0].gate_q15 == 24576);
  CHECK(r.row(0, 0)[1].gate_q15 == 8192);
  for (const char* bad : {"1.5", "-0.1", "nan", "x", "", "0.5 "})
    CHECK_THAT(trace_error(folder.write("b.csv", header + "0,0,1,2,0.5," + bad + "\n")),
               Contains("b.csv:2:13: error: weight \"" + std::string(bad) + "\" is not allowed"));
}

TEST_CASE("every malformed line of a CSV trace is told with its place", "[workload]") {
  const Folder folder;
  const std::string file = folder.write("t.csv", std::string(kHeader) +
                                                     "0,0,1,2\n"
                                                     "0,1,1\n"
                                                     "0,2,3,3\n"
                                                     "0,3,x,2\n"
                                                     "\n"
                                                     "0,4,-1,2\n"
                                                     "0,5,1,2,3\n");
  CHECK(trace_error(file) ==
        file + ":3:1: error: the line has 3 columns\n  expected 4, as the header has\n" + file +
            ":4:1: error: expert 3 is chosen twice\n  expected distinct experts for a token\n" + file +
            ":5:5: error: expert \"x\" is not allowed\n"
            "  expected a whole number from 0 to 65534\n" +
            file + ":6:1: error: the line is empty\n  expected 4, as the header has\n" + file +
            ":7:5: error: expert \"-1\" is not allowed\n"
            "  expected a whole number from 0 to 65534\n" +
            file +
            ":8:1: error: the line has 5 columns\n  expected 4, as the header has\n"
            "6 errors; nothing was simulated.");
}

TEST_CASE("a wrong header, an empty file and a missing file are told", "[workload]") {
  const Folder folder;
  const auto error = [&](const std::string& text) { return trace_error(folder.write("t.csv", text)); };
  CHECK_THAT(error(""), Contains("the trace is empty"));
  CHECK_THAT(error(kHeader), Contains("a header and nothing else"));
  CHECK_THAT(error("layer;token\n0;0\n"), Contains("t.csv:1:1: error: the header does not fit"));
  CHECK_THAT(error("layer,token\n0,0\n"), Contains("the header does not fit"));
  CHECK_THAT(error("layer,token,expert_0,expert_1\n"),
             Contains("t.csv:1:13: error: the header does not fit at \"expert_0\""));
  CHECK_THAT(error("layer,token,expert_1,expert_2,weight_1\n0,0,1,2,1\n"),
             Contains("the header does not fit"));
  CHECK_THAT(error("0,0,1,2\n"), Contains("expected layer,token,expert_1"));
  CHECK_THAT(trace_error(folder.path("none.csv")), Contains("none.csv: error: the trace does not exist"));
  CHECK_THAT(trace_error(folder.write("t.npz", "x")), Contains("this kind of trace is unknown"));
}

TEST_CASE("a token given twice and a gap in the tokens are told", "[workload]") {
  const Folder folder;
  CHECK_THAT(trace_error(folder.write("t.csv", std::string(kHeader) + "0,0,1,2\n0,0,1,3\n")),
             Contains("t.csv:3:1: error: layer 0 token 0 is given twice\n  first at") &&
                 Contains("layer 0 has no token 1"));
  CHECK_THAT(trace_error(folder.write("g.csv", std::string(kHeader) + "0,0,1,2\n0,2,1,3\n")),
             Contains("layer 0 has no token 1"));
}

TEST_CASE("a trace that does not fit the model is told with models that do", "[workload]") {
  const Folder folder;
  const std::string ids = folder.write("ids.csv", std::string(kHeader) + "0,0,1,2\n0,1,8,2\n");
  CHECK_THAT(trace_error(ids), Contains("ids.csv:3:1: error: layer 0 token 1: model small has no expert 8"));
  std::ostringstream wide;
  wide << "layer,token";
  for (int i = 1; i <= 8; ++i) wide << ",expert_" << i;
  wide << "\n0,0,100,1,2,3,4,5,6,7\n";
  const Experiment e = load_experiment("tiny", library(),
                                       {{"workload.routing", folder.write("k.csv", wide.str())},
                                        {"workload.layers", "1"},
                                        {"workload.tokens", "0"}});
  CHECK_THAT(error_of([&] { load_routing(e, library()); }),
             Contains("the trace has 8 experts per token, model tiny uses 2\n"
                      "  use a model that fits this trace: --model qwen3-30b-a3b"));
}

TEST_CASE("a flood of mistakes is cut off", "[workload]") {
  const Folder folder;
  std::string text = kHeader;
  for (int i = 0; i < 1000; ++i) text += "0," + std::to_string(i) + ",x,y\n";
  CHECK_THAT(trace_error(folder.write("t.csv", text)), Contains("20 errors; nothing was simulated."));
}

TEST_CASE("token_experts.json is read, its layer from its name", "[workload]") {
  const Folder folder;
  const std::string file = folder.write("layer_3_token_experts.json", "{\"1\": [4, 5],\n \"0\": [1, 2]}");
  const Routing r = make_routing(small_model(), workload_of(file), 1);
  CHECK(r.trace_layers == std::vector<std::uint32_t>{3});
  CHECK(r.tokens == 2);
  CHECK(r.row(0, 1)[0].expert == 4);

  folder.write("layer_1_token_experts.json", "{\"0\": [6, 7], \"1\": [0, 7]}");
  WorkloadParams w = workload_of(folder.path("."));
  w.layers = 2;
  const Routing both = make_routing(small_model(), w, 1);
  CHECK(both.trace_layers == std::vector<std::uint32_t>{1, 3});
  CHECK(both.row(0, 0)[0].expert == 6);
}

TEST_CASE("malformed JSON traces are told with line and column", "[workload]") {
  const Folder folder;
  const auto error = [&](const std::string& text) { return trace_error(folder.write("t.json", text)); };
  CHECK_THAT(error("{\"0\": [1, 2],\n \"1\": [1, ]}"), Contains("t.json:2:11: error: not JSON: "));
  CHECK_THAT(error("[[1, 2]]"), Contains("t.json:1:1: error: a list is not allowed here"));
  CHECK_THAT(error("{\"0\": {\"a\": 1}}"), Contains("a map is not allowed here"));
  CHECK_THAT(error("{\"0\": [1, 2.5]}"), Contains("t.json:1:11: error: 2.5 is not allowed here"));
  CHECK_THAT(error("{\"0\": [1, \"x\"]}"),
             Contains("t.json:1:11: error: the text \"x\" is not allowed here"));
  CHECK_THAT(error("{\"0\": [1, -2]}"), Contains("-2 is not allowed here"));
  CHECK_THAT(error("{\"0\": [[1]]}"), Contains("a list is not allowed here"));
  CHECK_THAT(error("{\"zero\": [1, 2]}"), Contains("token \"zero\" is not allowed"));
  CHECK_THAT(error("{\"0\": [1, 2], \"1\": [3]}"), Contains("token 1 has 1 experts\n  expected 2"));
  CHECK_THAT(error("{\"0\": [1, 1]}"), Contains("expert 1 is chosen twice"));
  CHECK_THAT(error("{\"0\": [1, 2], \"0\": [3, 4]}"), Contains("token 0 is given twice"));
  CHECK_THAT(error("{\"0\": []}"), Contains("token 0 has 0 experts"));
  CHECK_THAT(error("{}"), Contains("the trace has no tokens"));
  CHECK_THAT(error("{\"0\": 3}"), Contains("3 is not allowed here"));
  CHECK_THAT(error("null"), Contains("null is not allowed here"));
  CHECK_THAT(error("{\"0\": [1, 2]} x"), Contains("not JSON"));
  CHECK_THAT(error(""), Contains("the trace is empty"));
}

TEST_CASE("gate weights of a trace without them descend and sum to one exactly", "[workload]") {
  const Folder folder;
  std::string text = kHeader;
  for (int t = 0; t < 100; ++t) text += "0," + std::to_string(t) + ",1,2\n";
  const WorkloadParams w = workload_of(folder.write("t.csv", text));
  const Routing r = make_routing(small_model(), w, 1);
  bool differ = false;
  for (std::uint32_t t = 0; t < 100; ++t) {
    CHECK(r.row(0, t)[0].gate_q15 + r.row(0, t)[1].gate_q15 == 32768);
    CHECK(r.row(0, t)[0].gate_q15 >= r.row(0, t)[1].gate_q15);
    differ = differ || r.row(0, t)[0].gate_q15 != r.row(0, 0)[0].gate_q15;
  }
  CHECK(differ);
  CHECK(make_routing(small_model(), w, 2).row(0, 0)[0].gate_q15 != r.row(0, 0)[0].gate_q15);
}
