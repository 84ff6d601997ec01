// SPDX-License-Identifier: Apache-2.0
// Array times against SCALE-Sim v3.0.0, every row of the measured table: single-buffered as the tool counts,
// and what the closed form of double buffering makes of the same shapes. The table is not part of the
// repository: without it the tests say so and pass.
#include <algorithm>
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

struct Measured {
  TensorEngineParams params;  // single-buffered, weights at one column row a cycle
  GemmShape shape;
  std::uint64_t reported;  // SCALE-Sim numbers its cycles from 0 and reports the largest number
  bool own_memory;         // the whole tool ran, not only its demand generation
};

std::vector<Measured> measured_table() {
  std::vector<Measured> rows;
  std::ifstream table(MOESAIC_SOURCE_DIR "/../shared/reference/tensor_engine.csv");
  if (!table) {
    WARN("tensor_engine.csv is not there; nothing was compared");
    return rows;
  }
  std::string line;
  std::getline(table, line);
  const std::vector<std::string> header = split(line);
  REQUIRE(header == std::vector<std::string>{"simulator", "commit", "dataflow", "rows", "cols", "M", "N", "K",
                                             "total_cycles", "compute_util", "mapping_eff"});
  while (std::getline(table, line)) {
    // Cells are counted from the end: the simulator's name may hold a comma.
    const std::vector<std::string> cells = split(line);
    REQUIRE(cells.size() >= header.size());
    const auto cell = [&](std::size_t from_end) { return cells[cells.size() - from_end]; };
    Measured row;
    row.params.dataflow = dataflow_of(cell(9));
    row.params.rows = static_cast<std::uint32_t>(std::stoul(cell(8)));
    row.params.columns = static_cast<std::uint32_t>(std::stoul(cell(7)));
    row.params.weight_load_bytes_per_cycle = row.params.columns;
    row.params.double_buffered_weights = false;
    row.shape = {std::stoull(cell(6)), std::stoull(cell(4)), std::stoull(cell(5))};
    row.reported = std::stoull(cell(3));
    row.own_memory = line.find("own memory") != std::string::npos;
    rows.push_back(row);
  }
  CHECK(rows.size() == 1015);
  return rows;
}

std::uint64_t tiles(std::uint64_t whole, std::uint64_t part) {
  return (whole + part - 1) / part;
}

}  // namespace

TEST_CASE("single-buffered cycles equal SCALE-Sim's in every measured case", "[tensor_engine]") {
  unsigned own_memory = 0;
  const auto table = measured_table();
  for (const Measured& row : table) {
    INFO(row.params.rows << "x" << row.params.columns << " M " << row.shape.m << " N " << row.shape.n << " K "
                         << row.shape.k);
    REQUIRE(gemm_time(row.params, row.shape).cycles() == row.reported + 1);
    own_memory += row.own_memory;
  }
  if (!table.empty()) CHECK(own_memory == 247);  // the other 768 are all cases of the sweep
}

TEST_CASE("in every measured case the other options follow their closed forms", "[tensor_engine]") {
  for (const Measured& row : measured_table()) {
    const std::uint64_t r = row.params.rows;
    const std::uint64_t c = row.params.columns;
    const GemmShape& s = row.shape;
    TensorEngineParams p = row.params;
    INFO(r << "x" << c << " M " << s.m << " N " << s.n << " K " << s.k);
    if (p.dataflow == Dataflow::output_stationary) {
      // SCALE-Sim leaves out the R cycles in which a fold's results leave; the tool's paper has them.
      const std::uint64_t folds = tiles(s.m, r) * tiles(s.n, c);
      p.drain_counts = true;
      REQUIRE(gemm_time(p, s).cycles() == row.reported + 1 + folds * r);
      p.double_buffered_weights = true;
      REQUIRE(gemm_time(p, s).cycles() == (folds - 1) * std::max(s.k, r) + s.k + r + c - 2 + r);
      continue;
    }
    const bool weights = p.dataflow == Dataflow::weight_stationary;
    const std::uint64_t folds = tiles(s.k, r) * tiles(weights ? s.n : s.m, c);
    const std::uint64_t streamed = weights ? s.m : s.n;
    for (const std::uint64_t supply : {c, c / 2, c / 8}) {
      p.weight_load_bytes_per_cycle = static_cast<std::uint32_t>(supply);
      const std::uint64_t load = tiles(r * c, supply);
      p.double_buffered_weights = false;
      REQUIRE(gemm_time(p, s).cycles() == folds * (load + streamed + r + c - 2));
      p.double_buffered_weights = true;
      REQUIRE(gemm_time(p, s).cycles() ==
              load + (folds - 1) * std::max(streamed, load) + streamed + r + c - 2);
    }
  }
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
