// SPDX-License-Identifier: Apache-2.0
// Single-buffered array times against SCALE-Sim v3.0.0, every row of the measured table. The table is not
// part of the repository: without it the test says so and passes.
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "hw/tensor_engine/engine_timing.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

std::vector<std::string> split(const std::string& line) {
  // The simulator's name may be quoted, but holds no comma.
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

Dataflow dataflow_of(const std::string& name) {
  if (name == "ws") return Dataflow::weight_stationary;
  if (name == "os") return Dataflow::output_stationary;
  REQUIRE(name == "is");
  return Dataflow::input_stationary;
}

}  // namespace

TEST_CASE("single-buffered cycles equal SCALE-Sim's in every measured case", "[tensor_engine]") {
  std::ifstream table(MOESAIC_SOURCE_DIR "/../shared/reference/tensor_engine.csv");
  if (!table) {
    WARN("tensor_engine.csv is not there; nothing was compared");
    return;
  }
  std::string line;
  std::getline(table, line);
  const std::vector<std::string> header = split(line);
  REQUIRE(header == std::vector<std::string>{"simulator", "commit", "dataflow", "rows", "cols", "M", "N", "K",
                                             "total_cycles", "compute_util", "mapping_eff"});
  unsigned compared = 0;
  while (std::getline(table, line)) {
    // Cells are counted from the end: the simulator's name may hold a comma.
    const std::vector<std::string> cells = split(line);
    REQUIRE(cells.size() >= header.size());
    const auto cell = [&](std::size_t from_end) { return cells[cells.size() - from_end]; };
    TensorEngineParams params;
    params.dataflow = dataflow_of(cell(9));
    params.rows = static_cast<std::uint32_t>(std::stoul(cell(8)));
    params.columns = static_cast<std::uint32_t>(std::stoul(cell(7)));
    params.weight_load_bytes_per_cycle = params.columns;
    params.double_buffered_weights = false;
    const GemmShape shape{std::stoull(cell(6)), std::stoull(cell(4)), std::stoull(cell(5))};
    INFO(line);
    // SCALE-Sim numbers its cycles from 0 and reports the largest number.
    REQUIRE(gemm_time(params, shape).cycles() == std::stoull(cell(3)) + 1);
    ++compared;
  }
  CHECK(compared == 1015);
}

TEST_CASE("double-buffered cycles equal the published table of closed forms", "[tensor_engine]") {
  // F*p against T_DB, 32x64 and 16x16, weight-stationary: the table of the SCALE-Sim comparison.
  struct Row {
    std::uint32_t rows, columns;
    std::uint64_t k, n, m, single, doubled;
  };
  const std::vector<Row> rows{
      {32, 64, 2048, 48, 1, 8128, 2143},        {32, 64, 48, 2048, 64, 12160, 4222},
      {32, 64, 2048, 48, 256, 24448, 16510},    {32, 64, 2048, 768, 32, 121344, 24702},
      {32, 64, 2048, 768, 256, 293376, 196734}, {16, 16, 2048, 48, 8, 20736, 6182},
      {16, 16, 2048, 48, 256, 115968, 98350}};
  for (const Row& row : rows) {
    TensorEngineParams params;
    params.rows = row.rows;
    params.columns = row.columns;
    params.weight_load_bytes_per_cycle = row.columns;
    CHECK(gemm_time(params, {row.m, row.k, row.n}).cycles() == row.doubled);
    params.double_buffered_weights = false;
    CHECK(gemm_time(params, {row.m, row.k, row.n}).cycles() == row.single);
  }
}
