// SPDX-License-Identifier: Apache-2.0
#include "sc_main/run/saved_outputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {
constexpr std::size_t kShownViolations = 10;
}

SavedOutputs::SavedOutputs(const TensorMap& tensors, unsigned nodes) : tensors_(tensors), saved_(nodes) {}

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
      violation(tensors_.describe(node, from) + ": was stored a second time");
    }
    saved.add(from, until);
    begin = until;
  }
  return "";
}

void SavedOutputs::violation(std::string what) {
  ++violation_count_;
  if (violations_.size() == kShownViolations) return;
  if (iteration_ > 0) what = fmt::format("iteration {}, {}", iteration_, what);
  violations_.push_back(std::move(what));
}

void SavedOutputs::end_iteration(const Batch& batch) {
  const std::uint64_t bytes = tensors_.row_bytes(MOESAIC_OUTPUT);
  for (std::uint32_t layer = 0; layer < batch.layers(); ++layer) {
    for (std::uint32_t token = 0; token < batch.places(); ++token) {
      const auto address = tensors_.output_address(layer, token);
      if (!address) panic("saved outputs", 0, "a result row has no address after boot");
      const ByteRanges& saved = saved_[index_of(Address::node(*address))];
      const std::uint64_t begin = Address::offset(*address);
      const bool touched = saved.touches(begin, begin + bytes);
      if (!batch.passed(token, layer)) {
        if (touched)
          violation(fmt::format("layer {}, token {}: a result was stored, but the token is not there", layer,
                                token));
      } else if (saved.covers(begin, begin + bytes)) {
        ++outputs_;
      } else {
        violation(fmt::format("layer {}, token {}: its result was {}", layer, token,
                              touched ? "stored in part only" : "not stored"));
      }
    }
  }
  for (ByteRanges& ranges : saved_) ranges = {};
  ++iteration_;
}

void SavedOutputs::add_to(WorkCount& count) const {
  count.outputs = outputs_;
  count.violation_count += violation_count_;
  for (const std::string& what : violations_)
    if (count.violations.size() < kShownViolations) count.violations.push_back(what);
}

}  // namespace moesaic
