// SPDX-License-Identifier: Apache-2.0
// The array's closed forms against a schedule of every register of every PE.
#include <algorithm>
#include <random>
#include <vector>

#include "hw/tensor_engine/engine_timing.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

// One PE: when its two registers and its multiplier are free again.
struct Pe {
  std::uint64_t swapped = 0;   // the shadow register was last handed over
  std::uint64_t loaded = 0;    // the shadow register holds the next fold's operand
  std::uint64_t computed = 0;  // the multiplier has finished the last fold
};

// Earliest schedule, fold by fold and PE by PE. The load of a fold and its stream run diagonally through the
// array: PE (r, c) sees them r + c cycles later. `load` cycles per fold go over one supply port.
std::uint64_t scheduled(std::uint64_t rows, std::uint64_t columns, std::uint64_t folds,
                        std::uint64_t streamed, std::uint64_t load) {
  std::vector<Pe> pes(rows * columns);
  std::uint64_t port_free = 0;
  std::uint64_t last = 0;
  for (std::uint64_t fold = 0; fold < folds; ++fold) {
    // The load may not shift through a shadow register before that register was handed over.
    std::uint64_t load_begin = port_free;
    for (std::uint64_t r = 0; r < rows; ++r)
      for (std::uint64_t c = 0; c < columns; ++c) {
        const std::uint64_t swapped = pes[r * columns + c].swapped;
        if (swapped > r + c) load_begin = std::max(load_begin, swapped - r - c);
      }
    port_free = load_begin + load;
    for (std::uint64_t r = 0; r < rows; ++r)
      for (std::uint64_t c = 0; c < columns; ++c) pes[r * columns + c].loaded = load_begin + load + r + c;
    // The stream needs every PE loaded and idle when its first element passes.
    std::uint64_t stream_begin = 0;
    for (std::uint64_t r = 0; r < rows; ++r)
      for (std::uint64_t c = 0; c < columns; ++c) {
        const Pe& pe = pes[r * columns + c];
        stream_begin = std::max(stream_begin, std::max(pe.loaded, pe.computed) - std::min(r + c, pe.loaded));
      }
    for (std::uint64_t r = 0; r < rows; ++r)
      for (std::uint64_t c = 0; c < columns; ++c) {
        Pe& pe = pes[r * columns + c];
        pe.swapped = stream_begin + r + c;
        pe.computed = stream_begin + r + c + streamed;
        last = std::max(last, pe.computed);
      }
  }
  return last;
}

std::uint64_t up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

TEST_CASE("double-buffered arrays take what a schedule of every PE takes", "[tensor_engine]") {
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    TensorEngineParams p;
    p.rows = 1 + random() % 9;
    p.columns = 1 + random() % 9;
    p.weight_load_bytes_per_cycle = 1 + random() % 12;
    const GemmShape s{1 + random() % 30, 1 + random() % 30, 1 + random() % 30};
    const std::uint64_t load =
        std::max<std::uint64_t>(p.rows, up(p.rows * p.columns, p.weight_load_bytes_per_cycle));
    p.dataflow = Dataflow::weight_stationary;
    REQUIRE(gemm_time(p, s).cycles() ==
            scheduled(p.rows, p.columns, up(s.k, p.rows) * up(s.n, p.columns), s.m, load));
    p.dataflow = Dataflow::input_stationary;
    REQUIRE(gemm_time(p, s).cycles() ==
            scheduled(p.rows, p.columns, up(s.k, p.rows) * up(s.m, p.columns), s.n, load));
  }
}

TEST_CASE("double buffering never costs and never gains more than the array's edges", "[tensor_engine]") {
  std::mt19937 random(2);
  for (int i = 0; i < 400; ++i) {
    TensorEngineParams p;
    p.dataflow = static_cast<Dataflow>(random() % 3);
    p.rows = 1 + random() % 64;
    p.columns = 1 + random() % 64;
    p.weight_load_bytes_per_cycle = p.columns;
    const GemmShape s{1 + random() % 300, 1 + random() % 300, 1 + random() % 300};
    const GemmTime doubled = gemm_time(p, s);
    p.double_buffered_weights = false;
    const GemmTime single = gemm_time(p, s);
    CHECK(doubled.cycles() <= single.cycles());
    CHECK(doubled.compute_cycles == single.compute_cycles);
    CHECK(doubled.folds == single.folds);
    if (single.folds == 1) CHECK(doubled.cycles() == single.cycles());
    // No array does more than one MAC per PE and cycle.
    CHECK(doubled.compute_cycles * p.rows * p.columns >= s.macs());
    p.dataflow = Dataflow::ideal;
    CHECK(gemm_time(p, s).cycles() == up(s.macs(), std::uint64_t{p.rows} * p.columns));
    CHECK(gemm_time(p, s).cycles() <= doubled.cycles());
  }
}

TEST_CASE("a slow supply of weights lengthens every fold", "[tensor_engine]") {
  TensorEngineParams p;  // 32 x 64, weights in 32 cycles
  const GemmShape s{8, 320, 64};
  CHECK(gemm_time(p, s).cycles() == 32 + 9 * 32 + 8 + 32 + 64 - 2);
  p.weight_load_bytes_per_cycle = 16;  // 128 cycles
  CHECK(gemm_time(p, s).cycles() == 128 + 9 * 128 + 8 + 32 + 64 - 2);
  p.weight_load_bytes_per_cycle = 4096;  // the chain of 32 registers remains
  CHECK(gemm_time(p, s).cycles() == 32 + 9 * 32 + 8 + 32 + 64 - 2);
}
