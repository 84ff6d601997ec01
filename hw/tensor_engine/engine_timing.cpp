// SPDX-License-Identifier: Apache-2.0
#include "hw/tensor_engine/engine_timing.h"

#include <algorithm>

#include "tlm/divide.h"

namespace moesaic {

namespace {

std::uint64_t round_up(std::uint64_t a, std::uint64_t unit) {
  return divide_up(a, unit) * unit;
}

struct Fold {
  std::uint64_t rows;
  std::uint64_t columns;
};

// The stationary operand (output_stationary: the result) of `rows` x `columns`, cut into folds of the array;
// `streamed` elements pass every PE of a fold.
class FoldSchedule {
 public:
  FoldSchedule(const TensorEngineParams& p, std::uint64_t rows, std::uint64_t columns, std::uint64_t streamed)
      : p_(p),
        row_tiles_(divide_up(rows, p.rows)),
        column_tiles_(divide_up(columns, p.columns)),
        streamed_(streamed),
        last_{p.rows, p.columns} {
    if (p.partial_folds == PartialFolds::whole_array) return;
    last_.rows = rows - (row_tiles_ - 1) * p.rows;
    last_.columns = columns - (column_tiles_ - 1) * p.columns;
  }

  GemmTime time() const {
    const std::uint64_t folds = row_tiles_ * column_tiles_;
    const std::uint64_t total = p_.double_buffered_weights ? overlapped() : one_by_one();
    return {folds, folds * streamed_, total - folds * streamed_};
  }

 private:
  bool outputs_stay() const { return p_.dataflow == Dataflow::output_stationary; }
  // Row tiles are counted first.
  Fold fold(std::uint64_t i) const {
    return {i % row_tiles_ + 1 == row_tiles_ ? last_.rows : p_.rows,
            i / row_tiles_ + 1 == column_tiles_ ? last_.columns : p_.columns};
  }
  // The chain of registers in a column takes a cycle per row, more when a row of weights takes more than one.
  std::uint64_t load(const Fold& f) const {
    if (outputs_stay()) return 0;
    return std::max(f.rows, divide_up(f.rows * f.columns, p_.weight_load_bytes_per_cycle));
  }
  // From the last element's entry to the last result, which then may have to leave through the array.
  std::uint64_t skew(const Fold& f) const {
    return f.rows + f.columns - 2 + (outputs_stay() && p_.drain_counts ? f.rows : 0);
  }
  // What keeps the second register of fold `f` busy while the next fold, or that one itself, streams.
  std::uint64_t hidden(const Fold& f) const { return outputs_stay() ? f.rows : load(f); }

  // Sum of `cost` over all folds: there are at most four kinds of them.
  template <class Cost>
  std::uint64_t sum(Cost cost) const {
    const std::uint64_t r = row_tiles_ - 1;
    const std::uint64_t c = column_tiles_ - 1;
    return r * c * cost(Fold{p_.rows, p_.columns}) + r * cost(Fold{p_.rows, last_.columns}) +
           c * cost(Fold{last_.rows, p_.columns}) + cost(last_);
  }

  std::uint64_t one_by_one() const {
    return sum([&](const Fold& f) { return load(f) + streamed_ + skew(f); });
  }

  // From the start of one fold's stream to that of the next. With stationary weights the next fold's load is
  // hidden; with stationary outputs, the leaving of this fold's results.
  std::uint64_t period(std::uint64_t next) const {
    return std::max(streamed_, hidden(fold(outputs_stay() ? next - 1 : next)));
  }

  std::uint64_t overlapped() const {
    const std::uint64_t folds = row_tiles_ * column_tiles_;
    // 1. Until the last fold starts to stream: every period but one.
    const Fold left_out = fold(outputs_stay() ? folds - 1 : 0);
    const std::uint64_t started = load(fold(0)) +
                                  sum([&](const Fold& f) { return std::max(streamed_, hidden(f)); }) -
                                  std::max(streamed_, hidden(left_out));
    // 2. Until the last result: of a larger fold before it, if that takes longer to leave the array.
    std::uint64_t tail = 0;
    std::uint64_t before = 0;  // how much earlier fold i started
    for (std::uint64_t i = folds; i-- > 0 && before <= 2ull * p_.rows + p_.columns;) {
      const std::uint64_t end = streamed_ + skew(fold(i));
      if (end > before) tail = std::max(tail, end - before);
      if (i > 0) before += period(i);
    }
    return started + tail;
  }

  const TensorEngineParams& p_;
  std::uint64_t row_tiles_;
  std::uint64_t column_tiles_;
  std::uint64_t streamed_;
  Fold last_;
};

}  // namespace

GemmTime gemm_time(const TensorEngineParams& p, const GemmShape& s) {
  switch (p.dataflow) {
    case Dataflow::weight_stationary:
      return FoldSchedule(p, s.k, s.n, s.m).time();
    case Dataflow::input_stationary:
      return FoldSchedule(p, s.k, s.m, s.n).time();
    case Dataflow::output_stationary:
      return FoldSchedule(p, s.m, s.n, s.k).time();
    case Dataflow::ideal:
      break;
  }
  const std::uint64_t peak = std::uint64_t{p.rows} * p.columns;
  if (p.row_quantum_cycles == 0) return {1, divide_up(s.macs(), peak), 0};
  return {1, s.m * round_up(divide_up(s.k * s.n, peak), p.row_quantum_cycles), 0};
}

}  // namespace moesaic
