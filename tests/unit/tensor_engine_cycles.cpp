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

struct FoldShape {
  std::uint64_t rows, columns, load;
};

// Earliest schedule, fold by fold and PE by PE. The load of a fold and its stream run diagonally through the
// part of the array that it occupies: PE (r, c) sees them r + c cycles later. The loads go over one supply
// port.
std::uint64_t scheduled(const TensorEngineParams& p, const std::vector<FoldShape>& folds,
                        std::uint64_t streamed) {
  std::vector<Pe> pes(std::size_t{p.rows} * p.columns);
  std::uint64_t port_free = 0;
  std::uint64_t last = 0;
  for (const FoldShape& fold : folds) {
    const auto each = [&](auto visit) {
      for (std::uint64_t r = 0; r < fold.rows; ++r)
        for (std::uint64_t c = 0; c < fold.columns; ++c) visit(pes[r * p.columns + c], r + c);
    };
    // The load may not shift through a shadow register before that register was handed over.
    std::uint64_t load_begin = port_free;
    each([&](const Pe& pe, std::uint64_t delay) {
      if (pe.swapped > delay) load_begin = std::max(load_begin, pe.swapped - delay);
    });
    port_free = load_begin + fold.load;
    each([&](Pe& pe, std::uint64_t delay) { pe.loaded = load_begin + fold.load + delay; });
    // The stream needs every PE loaded and idle when its first element passes.
    std::uint64_t stream_begin = 0;
    each([&](const Pe& pe, std::uint64_t delay) {
      stream_begin = std::max(stream_begin, std::max(pe.loaded, pe.computed) - std::min(delay, pe.loaded));
    });
    each([&](Pe& pe, std::uint64_t delay) {
      pe.swapped = stream_begin + delay;
      pe.computed = stream_begin + delay + streamed;
      last = std::max(last, pe.computed);
    });
  }
  return last;
}

// The same for results that stay: a PE hands its sum to a second register, and a column of them leaves in as
// many cycles as it has rows, before the PE can hand over the next.
std::uint64_t scheduled_outputs(const TensorEngineParams& p, const std::vector<FoldShape>& folds,
                                std::uint64_t streamed) {
  std::vector<Pe> pes(std::size_t{p.rows} * p.columns);  // swapped: the second register is free again
  std::uint64_t last = 0;
  for (const FoldShape& fold : folds) {
    std::uint64_t begin = 0;
    const auto each = [&](auto visit) {
      for (std::uint64_t r = 0; r < fold.rows; ++r)
        for (std::uint64_t c = 0; c < fold.columns; ++c) visit(pes[r * p.columns + c], r + c);
    };
    each([&](const Pe& pe, std::uint64_t delay) {
      if (pe.computed > delay) begin = std::max(begin, pe.computed - delay);
      if (pe.swapped > delay + streamed) begin = std::max(begin, pe.swapped - delay - streamed);
    });
    each([&](Pe& pe, std::uint64_t delay) {
      pe.computed = begin + delay + streamed;
      pe.swapped = pe.computed + fold.rows;
      last = std::max(last, p.drain_counts ? pe.swapped : pe.computed);
    });
  }
  return last;
}

// Folds of `rows` x `columns`, row tiles first, as large as the array or as what they occupy.
std::vector<FoldShape> folds_of(const TensorEngineParams& p, std::uint64_t rows, std::uint64_t columns) {
  std::vector<FoldShape> folds;
  for (std::uint64_t c = 0; c < columns; c += p.columns) {
    for (std::uint64_t r = 0; r < rows; r += p.rows) {
      FoldShape f{p.rows, p.columns, 0};
      if (p.partial_folds == PartialFolds::occupied_part) {
        f.rows = std::min<std::uint64_t>(f.rows, rows - r);
        f.columns = std::min<std::uint64_t>(f.columns, columns - c);
      }
      const std::uint64_t bytes = f.rows * f.columns;
      const std::uint64_t supply = p.weight_load_bytes_per_cycle;
      f.load = std::max(f.rows, (bytes + supply - 1) / supply);
      folds.push_back(f);
    }
  }
  return folds;
}

std::uint64_t up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

TEST_CASE("double-buffered arrays take what a schedule of every PE takes", "[tensor_engine]") {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    TensorEngineParams p;
    p.rows = 1 + random() % 9;
    p.columns = 1 + random() % 9;
    p.weight_load_bytes_per_cycle = 1 + random() % 12;
    const GemmShape s{1 + random() % 30, 1 + random() % 30, 1 + random() % 30};
    p.partial_folds = static_cast<PartialFolds>(random() % 2);
    INFO(i);
    p.dataflow = Dataflow::weight_stationary;
    REQUIRE(gemm_time(p, s).cycles() == scheduled(p, folds_of(p, s.k, s.n), s.m));
    p.dataflow = Dataflow::input_stationary;
    REQUIRE(gemm_time(p, s).cycles() == scheduled(p, folds_of(p, s.k, s.m), s.n));
    p.dataflow = Dataflow::output_stationary;
    p.drain_counts = random() % 2 == 0;
    REQUIRE(gemm_time(p, s).cycles() == scheduled_outputs(p, folds_of(p, s.m, s.n), s.k));
  }
}

TEST_CASE("one register per PE: every fold pays for its load, its stream, its edges and its drain",
          "[tensor_engine]") {
  std::mt19937 random(3);
  for (int i = 0; i < 400; ++i) {
    TensorEngineParams p;
    p.double_buffered_weights = false;
    p.rows = 1 + random() % 9;
    p.columns = 1 + random() % 9;
    p.weight_load_bytes_per_cycle = 1 + random() % 12;
    p.partial_folds = static_cast<PartialFolds>(random() % 2);
    p.drain_counts = random() % 2 == 0;
    p.dataflow = static_cast<Dataflow>(random() % 3);
    const GemmShape s{1 + random() % 30, 1 + random() % 30, 1 + random() % 30};
    const bool outputs = p.dataflow == Dataflow::output_stationary;
    const bool weights = p.dataflow == Dataflow::weight_stationary;
    const std::uint64_t streamed = weights ? s.m : outputs ? s.k : s.n;
    std::uint64_t cycles = 0;
    for (const FoldShape& f : folds_of(p, outputs ? s.m : s.k, weights || outputs ? s.n : s.m)) {
      cycles += (outputs ? 0 : f.load) + streamed + f.rows + f.columns - 2;
      if (outputs && p.drain_counts) cycles += f.rows;
    }
    INFO(i);
    REQUIRE(gemm_time(p, s).cycles() == cycles);
  }
}

TEST_CASE("folds that cost what they occupy are never slower, and equal where all are whole",
          "[tensor_engine]") {
  TensorEngineParams p;  // 32 x 64
  TensorEngineParams q = p;
  q.partial_folds = PartialFolds::occupied_part;
  // 48 columns of 64: loads and edges shrink with them. L = 32, skew 32 + 48 - 2.
  CHECK(gemm_time(p, {8, 2048, 48}).cycles() == 32 + 63 * 32 + 8 + 32 + 64 - 2);
  CHECK(gemm_time(q, {8, 2048, 48}).cycles() == 32 + 63 * 32 + 8 + 32 + 48 - 2);
  // 48 = 32 + 16 rows: the second row tile of each column tile loads in 16 cycles.
  CHECK(gemm_time(p, {8, 48, 2048}).cycles() == 32 + 63 * 32 + 8 + 32 + 64 - 2);
  CHECK(gemm_time(q, {8, 48, 2048}).cycles() == 32 + 31 * (16 + 32) + 16 + 8 + 16 + 64 - 2);
  std::mt19937 random(4);
  for (int i = 0; i < 300; ++i) {
    p.dataflow = q.dataflow = static_cast<Dataflow>(random() % 3);
    p.double_buffered_weights = q.double_buffered_weights = random() % 2 == 0;
    const GemmShape s{1 + random() % 200, 1 + random() % 200, 1 + random() % 200};
    CHECK(gemm_time(q, s).cycles() <= gemm_time(p, s).cycles());
    const GemmShape whole{64 * (1 + random() % 4), 64 * (1 + random() % 4), 64 * (1 + random() % 4)};
    CHECK(gemm_time(q, whole).cycles() == gemm_time(p, whole).cycles());
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

TEST_CASE("rows of an ideal array take whole quanta, where it has them", "[tensor_engine]") {
  TensorEngineParams p;
  p.dataflow = Dataflow::ideal;
  p.rows = 11;
  p.columns = 31;
  const GemmShape s{7, 2048, 16};  // 96.1 cycles a row
  CHECK(gemm_time(p, s).cycles() == 673);
  p.row_quantum_cycles = 40;
  CHECK(gemm_time(p, s).cycles() == 7 * 120);
  CHECK(gemm_time(p, {1, 2048, 16}).cycles() == 120);
  p.row_quantum_cycles = 97;
  CHECK(gemm_time(p, s).cycles() == 7 * 97);
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
