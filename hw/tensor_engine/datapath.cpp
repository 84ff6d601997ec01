// SPDX-License-Identifier: Apache-2.0
#include "hw/tensor_engine/datapath.h"

#include <algorithm>
#include <variant>

#include "hw/tensor_engine/numerics.h"

namespace moesaic {

namespace {

std::vector<std::int32_t> int32_of(const std::vector<std::uint8_t>& bytes) {
  std::vector<std::int32_t> values(bytes.size() / 4);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint8_t* p = &bytes[4 * i];
    values[i] = static_cast<std::int32_t>(std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 |
                                          std::uint32_t{p[2]} << 16 | std::uint32_t{p[3]} << 24);
  }
  return values;
}

}  // namespace

void Datapath::begin(const std::vector<ListEntry>& list) {
  for (Bytes& bytes : buffers_) bytes.clear();
  gates_.clear();
  for (const ListEntry& entry : list) gates_.push_back(entry.gate);
}

void Datapath::put(Operand operand, std::uint64_t at, const std::uint8_t* data, std::uint64_t bytes) {
  Bytes& to = buffer(operand);
  if (to.size() < at + bytes) to.resize(at + bytes);
  std::copy(data, data + bytes, to.begin() + static_cast<std::ptrdiff_t>(at));
}

void Datapath::execute(const Command& command, const Step& step) {
  for (const Work work : step.work) {
    switch (work) {
      case Work::gate_sums: {
        const auto& ffn = std::get<FfnSlice>(command.body);
        gate_sums_ = up_product(ffn, Operand::gate_weights, Operand::gate_bias, ffn.gate_bias);
        break;
      }
      case Work::up_sums: {
        const auto& ffn = std::get<FfnSlice>(command.body);
        up_sums_ = up_product(ffn, Operand::up_weights, Operand::up_bias, ffn.up_bias);
        break;
      }
      case Work::hidden:
        compute_hidden(std::get<FfnSlice>(command.body));
        break;
      case Work::ffn_tile:
        compute_ffn_tile(std::get<FfnSlice>(command.body), step);
        break;
      case Work::gemm_tile:
        compute_gemm_tile(std::get<Gemm>(command.body), step);
        break;
      case Work::attention:
        compute_attention(std::get<AttentionStep>(command.body));
        break;
      case Work::pass_rows:
        pass_rows(std::get<Vector>(command.body), step);
        break;
      case Work::fill:
        fill(std::get<Vector>(command.body));
        break;
    }
  }
}

std::vector<std::int32_t> Datapath::up_product(const FfnSlice& ffn, Operand weights, Operand bias,
                                               std::uint32_t bias_offset) const {
  std::vector<std::int32_t> sums(gates_.size() * ffn.f_count, 0);
  gemm_weight_rows(int8(Operand::x), int8(weights), sums.data(), gates_.size(), ffn.hidden, ffn.f_count);
  if (bias_offset == kNoOffset) return sums;
  const std::vector<std::int32_t> addend = int32_of(buffer(bias));
  for (std::size_t row = 0; row < gates_.size(); ++row) {
    add_rows(&sums[row * ffn.f_count], addend.data(), ffn.f_count);
  }
  return sums;
}

void Datapath::compute_hidden(const FfnSlice& ffn) {
  const bool has_up = ffn.up_weights != kNoOffset;
  const HiddenRule rule{static_cast<Activation>(ffn.activation), ffn.shift_pre, ffn.shift_post, has_up};
  hidden_.resize(gate_sums_.size());
  for (std::size_t i = 0; i < hidden_.size(); ++i) {
    hidden_[i] = hidden_value(rule, gate_sums_[i], has_up ? up_sums_[i] : 0, gates_[i / ffn.f_count]);
  }
}

void Datapath::compute_ffn_tile(const FfnSlice& ffn, const Step& step) {
  const std::size_t columns = step.tile_columns;
  std::vector<std::int32_t> y(gates_.size() * columns, 0);
  gemm_weight_columns(hidden_.data(), ffn.f_count, int8(Operand::tile_weights), y.data(), gates_.size(),
                      ffn.f_count, columns);
  if (ffn.down_bias != kNoOffset) {
    const std::vector<std::int32_t> bias = int32_of(buffer(Operand::down_bias));
    for (std::size_t row = 0; row < gates_.size(); ++row) {
      add_rows(&y[row * columns], &bias[step.tile_begin], columns);
    }
  }
  set_result(y);
}

void Datapath::compute_gemm_tile(const Gemm& gemm, const Step& step) {
  std::vector<std::int32_t> y(std::size_t{gemm.m} * step.tile_columns, 0);
  gemm_weight_rows(int8(Operand::x), int8(Operand::tile_weights), y.data(), gemm.m, gemm.k,
                   step.tile_columns);
  set_result(y);
}

void Datapath::compute_attention(const AttentionStep& a) {
  Bytes& out = buffer(Operand::result);
  out.resize(std::size_t{a.m} * a.d);
  attention(int8(Operand::x), int8(Operand::keys), int8(Operand::values),
            reinterpret_cast<std::int8_t*>(out.data()), a.m, a.n, a.d, a.shift_score);
}

// The SRAM adds: its read-modify-write cannot lose what arrives from other dies meanwhile.
void Datapath::pass_rows(const Vector& vector, const Step& step) {
  const std::size_t bytes = std::size_t{step.tile_columns} * vector.width * 4;
  const Bytes& x = buffer(Operand::x);
  buffer(Operand::result).assign(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(bytes));
}

void Datapath::fill(const Vector& vector) {
  set_result(std::vector<std::int32_t>(std::size_t{vector.rows} * vector.width, vector.value));
}

void Datapath::set_result(const std::vector<std::int32_t>& values) {
  Bytes& bytes = buffer(Operand::result);
  bytes.resize(values.size() * 4);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto v = static_cast<std::uint32_t>(values[i]);
    for (unsigned b = 0; b < 4; ++b) bytes[4 * i + b] = static_cast<std::uint8_t>(v >> (8 * b));
  }
}

}  // namespace moesaic
