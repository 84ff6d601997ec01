// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/saved_outputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {
constexpr std::size_t kShownViolations = 10;
}

SavedOutputs::SavedOutputs(const TensorMap& tensors, unsigned nodes, std::uint32_t layers,
                           std::uint32_t tokens)
    : tensors_(tensors), layers_(layers), tokens_(tokens), saved_(nodes) {}

std::string SavedOutputs::stored(const Train& rows) {
  const NodeId node = Address::node(rows.address);
  const std::uint64_t begin = Address::offset(rows.address);
  if (rows.contiguous()) return stored(node, begin, begin + rows.bytes());
  for (std::uint32_t i = 0; i < rows.count; ++i) {
    const std::uint64_t row = begin + i * rows.stride;
    if (std::string wrong = stored(node, row, row + rows.size); !wrong.empty()) return wrong;
  }
  return "";
}

// One placed tensor after the other; what lies between them belongs to the image.
std::string SavedOutputs::stored(NodeId node, std::uint64_t begin, std::uint64_t end) {
  while (begin < end) {
    const TensorMap::Placement* at = tensors_.find(node, begin);
    if (at == nullptr || at->begin >= end) break;
    const std::uint64_t from = std::max(begin, at->begin);
    const std::uint64_t until = std::min(end, at->end);
    if (at->tensor.kind != MOESAIC_OUTPUT) {
      return fmt::format("a store overwrites bytes {} to {} of the memory of die {}: {}", from, until - 1,
                         index_of(node), tensors_.describe(node, from));
    }
    ByteRanges& saved = saved_[index_of(node)];
    if (saved.touches(from, until)) {
      ++repeat_count_;
      if (repeats_.size() < kShownViolations)
        repeats_.push_back(tensors_.describe(node, from) + ": was stored a second time");
    }
    saved.add(from, until);
    begin = until;
  }
  return "";
}

void SavedOutputs::add_to(WorkCount& count) const {
  const auto violation = [&](const std::string& what) {
    if (count.violations.size() < kShownViolations) count.violations.push_back(what);
  };
  count.violation_count += repeat_count_;
  for (const std::string& repeat : repeats_) violation(repeat);
  const std::uint64_t bytes = tensors_.row_bytes(MOESAIC_OUTPUT);
  for (std::uint32_t layer = 0; layer < layers_; ++layer) {
    for (std::uint32_t token = 0; token < tokens_; ++token) {
      const auto address = tensors_.output_address(layer, token);
      if (!address) panic("saved outputs", 0, "a result row has no address after boot");
      const ByteRanges& saved = saved_[index_of(Address::node(*address))];
      const std::uint64_t begin = Address::offset(*address);
      if (saved.covers(begin, begin + bytes)) {
        ++count.outputs;
        continue;
      }
      ++count.violation_count;
      violation(fmt::format("layer {}, token {}: its result was {}", layer, token,
                            saved.touches(begin, begin + bytes) ? "stored in part only" : "not stored"));
    }
  }
}

}  // namespace moesaic
