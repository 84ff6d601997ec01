// SPDX-License-Identifier: Apache-2.0
// The values of the tensor engine in functional mode: operand buffers filled from SRAM reads, results handed
// to SRAM writes. It sees bytes, shapes and gate weights, never expert numbers or token ids.
//
// Models: values, by hw/tensor_engine/numerics.h. Does not model: time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/command.h"
#include "hw/tensor_engine/command_steps.h"

namespace moesaic {

class Datapath {
 public:
  /// Forgets everything; the next command has this list (empty: none).
  void begin(const std::vector<ListEntry>& list);
  /// Bytes that an SRAM read has returned.
  void put(Operand operand, std::uint64_t at, const std::uint8_t* data, std::uint64_t bytes);
  /// Computes what `step` asks for, from operands put so far.
  void execute(const Command& command, const Step& step);
  /// Results of the last execute(), as they go to SRAM.
  const std::uint8_t* result(std::uint64_t at) const { return buffer(Operand::result).data() + at; }

 private:
  using Bytes = std::vector<std::uint8_t>;
  Bytes& buffer(Operand o) { return buffers_[static_cast<std::size_t>(o)]; }
  const Bytes& buffer(Operand o) const { return buffers_[static_cast<std::size_t>(o)]; }
  const std::int8_t* int8(Operand o) const { return reinterpret_cast<const std::int8_t*>(buffer(o).data()); }
  void set_result(const std::vector<std::int32_t>& values);

  std::vector<std::int32_t> up_product(const FfnSlice& ffn, Operand weights, Operand bias,
                                       std::uint32_t bias_offset) const;
  void compute_hidden(const FfnSlice& ffn);
  void compute_ffn_tile(const FfnSlice& ffn, const Step& step);
  void compute_gemm_tile(const Gemm& gemm, const Step& step);
  void compute_attention(const AttentionStep& attention);
  void pass_rows(const Vector& vector, const Step& step);
  void fill(const Vector& vector);

  std::array<Bytes, static_cast<std::size_t>(Operand::count)> buffers_;
  std::vector<std::uint16_t> gates_;  // of the list entries, Q1.15
  std::vector<std::int32_t> gate_sums_;
  std::vector<std::int32_t> up_sums_;
  std::vector<std::int8_t> hidden_;  // one row of f_count per list entry
};

}  // namespace moesaic
