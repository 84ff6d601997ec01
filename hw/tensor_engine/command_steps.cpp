// SPDX-License-Identifier: Apache-2.0
#include "hw/tensor_engine/command_steps.h"

#include <algorithm>

#include "tlm/divide.h"

namespace moesaic {

namespace {

// Appends the accesses of one operand to a step, packed one behind the other.
class OperandWriter {
 public:
  OperandWriter(Step& step, StepAccess like) : step_(step), like_(like) {}

  // Contiguous bytes, in accesses of `unit` bytes.
  void block(std::uint64_t address, std::uint64_t bytes, std::uint32_t unit) {
    while (bytes > 0) {
      const std::uint64_t n = std::min<std::uint64_t>(bytes, kLargestTrain);
      const std::uint64_t whole = n / unit * unit;
      const std::uint64_t now = whole > 0 ? whole : n;
      const auto size = static_cast<std::uint32_t>(whole > 0 ? unit : n);
      add({address, size, static_cast<std::uint32_t>(now / size), size, 0});
      address += now;
      bytes -= now;
    }
  }

  // `count` rows, `stride` apart.
  void rows(std::uint64_t address, std::uint64_t row_bytes, std::uint64_t stride, std::uint64_t count) {
    if (row_bytes > kLargestTrain) {
      for (std::uint64_t i = 0; i < count; ++i) block(address + i * stride, row_bytes, kLargestTrain);
      return;
    }
    const std::uint64_t most = kLargestTrain / row_bytes;
    while (count > 0) {
      const std::uint64_t n = std::min(count, most);
      add({address, static_cast<std::uint32_t>(row_bytes), static_cast<std::uint32_t>(n), stride, 0});
      address += n * stride;
      count -= n;
    }
  }

  // Rows that a list picks; rows that advance evenly become one train.
  template <class RowOf>
  void picked_rows(const std::vector<ListEntry>& list, RowOf row_of, std::uint64_t address,
                   std::uint64_t row_bytes, std::uint64_t pitch) {
    for (std::size_t i = 0; i < list.size();) {
      const std::uint64_t first = row_of(list[i]);
      const std::uint64_t step =
          i + 1 < list.size() && row_of(list[i + 1]) > first ? row_of(list[i + 1]) - first : 0;
      std::size_t n = 1;
      while (step > 0 && i + n < list.size() && row_of(list[i + n]) == first + n * step) ++n;
      rows(address + first * pitch, row_bytes, std::max<std::uint64_t>(step, 1) * pitch, n);
      i += n;
    }
  }

 private:
  void add(const Train& train) {
    StepAccess access = like_;
    access.train = train;
    like_.at += train.bytes();
    step_.accesses.push_back(access);
  }

  Step& step_;
  StepAccess like_;
};

OperandWriter reads(Step& step, Operand operand) {
  StepAccess like;
  like.operand = operand;
  return OperandWriter(step, like);
}
OperandWriter writes(Step& step, bool accumulate) {
  StepAccess like;
  like.operand = Operand::result;
  like.write = true;
  like.accumulate = accumulate;
  return OperandWriter(step, like);
}

void read_bias(Step& step, Operand operand, std::uint32_t offset, std::uint32_t elements,
               std::uint32_t unit) {
  if (offset != kNoOffset) reads(step, operand).block(offset, std::uint64_t{elements} * 4, unit);
}

std::uint64_t in_row(const ListEntry& e) {
  return e.in_row;
}
std::uint64_t out_row(const ListEntry& e) {
  return e.out_row;
}

// Share `s` of `steps` of a whole.
std::uint64_t share(std::uint64_t whole, std::uint64_t s, std::uint64_t steps) {
  return whole * (s + 1) / steps - whole * s / steps;
}

void set_time(Step& step, const GemmTime& time, std::uint64_t s = 0, std::uint64_t steps = 1) {
  const std::uint64_t cycles = share(time.cycles(), s, steps);
  step.compute_cycles = std::min(cycles, share(time.compute_cycles, s, steps));
  step.fill_cycles = cycles - step.compute_cycles;
}

void count(StepTotals& totals, const GemmShape& shape, const GemmTime& time) {
  totals.macs += shape.macs();
  totals.folds += time.folds;
}

Step vector_step(const TensorEngineParams& params, StepTotals& totals, std::uint64_t elements) {
  Step step;
  step.phase = EnginePhase::activation;
  step.vector_cycles = divide_up(elements, params.vector_lanes);
  totals.vector_elements += elements;
  return step;
}

// Columns [begin, end) of tile t: whole array widths, as even as possible.
struct Tiles {
  std::uint64_t columns;  // of the matrix
  std::uint64_t width;    // of the array
  std::uint64_t count() const { return std::min<std::uint64_t>(kTiles, divide_up(columns, width)); }
  std::uint64_t begin(std::uint64_t t) const {
    return std::min(columns, divide_up(columns, width) * t / count() * width);
  }
};

// The steps of a GEMM with results in SRAM. read(step, begin, end) adds the reads of a tile, write the
// writes.
template <class Read, class Write>
void add_tiled_gemm(StepPlan& plan, const TensorEngineParams& params, const GemmShape& shape, Work work,
                    Read read, Write write) {
  const GemmTime time = gemm_time(params, shape);
  count(plan.totals, shape, time);
  const Tiles tiles{shape.n, params.columns};
  const std::uint64_t steps = tiles.count() + 1;
  for (std::uint64_t s = 0; s < steps; ++s) {
    Step step;
    step.phase = work == Work::ffn_tile ? EnginePhase::down : EnginePhase::gemm;
    set_time(step, time, s, steps);
    if (s < tiles.count()) read(step, tiles.begin(s), tiles.begin(s + 1));
    if (s > 0) {
      step.work = {work};
      step.tile_begin = static_cast<std::uint32_t>(tiles.begin(s - 1));
      step.tile_columns = static_cast<std::uint32_t>(tiles.begin(s) - tiles.begin(s - 1));
      write(step, tiles.begin(s - 1), tiles.begin(s));
    }
    plan.steps.push_back(std::move(step));
  }
}

}  // namespace

Step list_step(std::uint32_t offset, std::uint32_t entries) {
  Step step;
  step.phase = EnginePhase::list;
  reads(step, Operand::list).block(offset, std::uint64_t{entries} * sizeof(ListEntry), kLargestTrain);
  return step;
}

StepPlan plan(const TensorEngineParams& params, const FfnSlice& ffn, const std::vector<ListEntry>& list) {
  StepPlan plan;
  const std::uint32_t unit = params.sram_port_bytes_per_cycle;
  const std::uint64_t weight_bytes = std::uint64_t{ffn.f_count} * ffn.hidden;
  // 1. x . Wg, and x . Wu if there is one: read only.
  const GemmShape up_shape{list.size(), ffn.hidden, ffn.f_count};
  const GemmTime up_time = gemm_time(params, up_shape);
  const auto add_up = [&](Operand weights, std::uint32_t offset, Operand bias, std::uint32_t bias_offset) {
    Step step;
    step.phase = weights == Operand::gate_weights ? EnginePhase::gate : EnginePhase::up;
    set_time(step, up_time);
    reads(step, Operand::x).picked_rows(list, in_row, ffn.x, ffn.hidden, ffn.hidden);
    reads(step, weights).block(offset, weight_bytes, unit);
    read_bias(step, bias, bias_offset, ffn.f_count, unit);
    count(plan.totals, up_shape, up_time);
    plan.steps.push_back(std::move(step));
  };
  add_up(Operand::gate_weights, ffn.gate_weights, Operand::gate_bias, ffn.gate_bias);
  const bool has_up = ffn.up_weights != kNoOffset;
  if (has_up) {
    add_up(Operand::up_weights, ffn.up_weights, Operand::up_bias, ffn.up_bias);
    plan.steps.back().work = {Work::gate_sums};
  }
  read_bias(plan.steps.back(), Operand::down_bias, ffn.down_bias, ffn.hidden, unit);
  // 2. Activation, product and gate weight on the vector unit.
  plan.steps.push_back(vector_step(params, plan.totals, list.size() * ffn.f_count));
  plan.steps.back().work = {has_up ? Work::up_sums : Work::gate_sums, Work::hidden};
  // 3. h . Wd into y.
  const auto read = [&](Step& step, std::uint64_t begin, std::uint64_t end) {
    reads(step, Operand::tile_weights).rows(ffn.down_weights + begin, end - begin, ffn.hidden, ffn.f_count);
  };
  const auto write = [&](Step& step, std::uint64_t begin, std::uint64_t end) {
    writes(step, ffn.accumulate)
        .picked_rows(list, out_row, ffn.y + begin * 4, (end - begin) * 4, std::uint64_t{ffn.hidden} * 4);
  };
  add_tiled_gemm(plan, params, {list.size(), ffn.f_count, ffn.hidden}, Work::ffn_tile, read, write);
  return plan;
}

StepPlan plan(const TensorEngineParams& params, const Gemm& gemm) {
  StepPlan plan;
  const std::uint32_t unit = params.sram_port_bytes_per_cycle;
  const auto read = [&](Step& step, std::uint64_t begin, std::uint64_t end) {
    if (begin == 0) reads(step, Operand::x).block(gemm.x, std::uint64_t{gemm.m} * gemm.k, unit);
    reads(step, Operand::tile_weights).block(gemm.w + begin * gemm.k, (end - begin) * gemm.k, unit);
  };
  const auto write = [&](Step& step, std::uint64_t begin, std::uint64_t end) {
    writes(step, gemm.accumulate)
        .rows(gemm.y + begin * 4, (end - begin) * 4, std::uint64_t{gemm.n} * 4, gemm.m);
  };
  add_tiled_gemm(plan, params, {gemm.m, gemm.k, gemm.n}, Work::gemm_tile, read, write);
  return plan;
}

StepPlan plan(const TensorEngineParams& params, const AttentionStep& a) {
  StepPlan plan;
  const std::uint32_t unit = params.sram_port_bytes_per_cycle;
  const std::uint64_t scores = std::uint64_t{a.m} * a.n;
  // 1. Scores: the keys are the weights.
  const GemmShape score_shape{a.m, a.d, a.n};
  const GemmTime score_time = gemm_time(params, score_shape);
  Step score;
  set_time(score, score_time);
  count(plan.totals, score_shape, score_time);
  reads(score, Operand::x).block(a.q, std::uint64_t{a.m} * a.d, unit);
  reads(score, Operand::keys).block(a.keys, std::uint64_t{a.n} * a.d, unit);
  plan.steps.push_back(std::move(score));
  // 2. Softmax in three passes: largest, exponential and sum, division.
  plan.steps.push_back(vector_step(params, plan.totals, 3 * scores));
  // 3. Mix of the values: read, then write, half the time each.
  const GemmShape mix_shape{a.m, a.n, a.d};
  const GemmTime mix_time = gemm_time(params, mix_shape);
  count(plan.totals, mix_shape, mix_time);
  Step mix;
  set_time(mix, mix_time, 0, 2);
  reads(mix, Operand::values).block(a.values, std::uint64_t{a.n} * a.d, unit);
  plan.steps.push_back(std::move(mix));
  Step out;
  set_time(out, mix_time, 1, 2);
  out.work = {Work::attention};
  writes(out, false).block(a.out, std::uint64_t{a.m} * a.d, unit);
  plan.steps.push_back(std::move(out));
  for (Step& step : plan.steps) step.phase = EnginePhase::attention;
  return plan;
}

StepPlan plan(const TensorEngineParams& params, const Vector& v, const std::vector<ListEntry>& list) {
  StepPlan plan;
  const std::uint64_t row_bytes = std::uint64_t{v.width} * 4;
  const Step whole = vector_step(params, plan.totals, std::uint64_t{v.rows} * v.width);
  const auto rows = [&](OperandWriter to, auto row_of, std::uint64_t address, std::uint64_t begin,
                        std::uint64_t end) {
    if (list.empty()) {
      to.rows(address + begin * row_bytes, row_bytes, row_bytes, end - begin);
    } else {
      const std::vector<ListEntry> part(list.begin() + static_cast<std::ptrdiff_t>(begin),
                                        list.begin() + static_cast<std::ptrdiff_t>(end));
      to.picked_rows(part, row_of, address, row_bytes, row_bytes);
    }
  };
  if (v.op == VectorOp::fill) {
    plan.steps.push_back(whole);
    plan.steps[0].phase = EnginePhase::vector;
    plan.steps[0].work = {Work::fill};
    plan.steps[0].tile_columns = v.rows;
    rows(writes(plan.steps[0], false), out_row, v.y, 0, v.rows);
    return plan;
  }
  // Tiles of rows, read one step ahead of their write, as in add_tiled_gemm().
  const Tiles tiles{v.rows, 1};
  const std::uint64_t steps = tiles.count() + 1;
  for (std::uint64_t s = 0; s < steps; ++s) {
    Step step;
    step.phase = EnginePhase::vector;
    step.vector_cycles = share(whole.vector_cycles, s, steps);
    if (s < tiles.count()) rows(reads(step, Operand::x), in_row, v.x, tiles.begin(s), tiles.begin(s + 1));
    if (s > 0) {
      step.work = {Work::pass_rows};
      step.tile_begin = static_cast<std::uint32_t>(tiles.begin(s - 1));
      step.tile_columns = static_cast<std::uint32_t>(tiles.begin(s) - tiles.begin(s - 1));
      rows(writes(step, true), out_row, v.y, tiles.begin(s - 1), tiles.begin(s));
    }
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

}  // namespace moesaic
