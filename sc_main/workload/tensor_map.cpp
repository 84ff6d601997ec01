// SPDX-License-Identifier: Apache-2.0
#include "sc_main/workload/tensor_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sc_main/workload/procedural.h"

namespace moesaic {

namespace {

constexpr std::uint16_t kKinds = 5;
constexpr std::size_t kMaxMissingLines = 12;
constexpr std::array<const char*, kKinds> kKindNames{"gate weights", "up weights", "down weights",
                                                     "activations", "output"};

}  // namespace

TensorMap::TensorMap(const ModelParams& model, std::uint32_t layers, std::uint32_t tokens, std::uint64_t seed,
                     std::vector<std::uint64_t> capacity_bytes)
    : model_(model),
      layers_(layers),
      tokens_(tokens),
      seed_(seed),
      capacity_(std::move(capacity_bytes)),
      placing_(capacity_.size()),
      sealed_(capacity_.size()),
      bytes_(capacity_.size(), 0) {
  for (std::uint16_t kind = 0; kind < kKinds; ++kind) {
    const std::size_t experts = holds_weights(kind) ? model_.all_experts() : 1;
    covered_[kind].resize(std::size_t{layers_} * experts * rows_of(kind));
  }
  inputs_.resize(std::size_t{layers_} * tokens_);
  outputs_.resize(inputs_.size());
}

std::uint64_t TensorMap::row_bytes(std::uint16_t kind) const {
  return std::uint64_t{model_.hidden} * (kind == MOESAIC_OUTPUT ? 4 : 1);
}

std::uint32_t TensorMap::rows_of(std::uint16_t kind) const {
  return holds_weights(kind) ? model_.expert_width : tokens_;
}

std::size_t TensorMap::first_row_index(const moesaic_tensor& tensor) const {
  const std::size_t experts = holds_weights(tensor.kind) ? model_.all_experts() : 1;
  const std::size_t expert = holds_weights(tensor.kind) ? tensor.expert : 0;
  return (tensor.layer * experts + expert) * rows_of(tensor.kind) + tensor.row_begin;
}

std::string TensorMap::name_of(const moesaic_tensor& tensor) const {
  const char* kind = tensor.kind < kKinds ? kKindNames[tensor.kind] : "unknown kind";
  if (holds_weights(tensor.kind))
    return fmt::format("layer {}, expert {}, {}", tensor.layer, tensor.expert, kind);
  return fmt::format("layer {}, {}", tensor.layer, kind);
}

std::string TensorMap::refusal(const moesaic_tensor& tensor) const {
  if (tensor.kind >= kKinds) return fmt::format("kind {} is unknown, it is 0 to {}", tensor.kind, kKinds - 1);
  if (tensor.layer >= layers_)
    return fmt::format("layer {} does not exist, the workload has {} layers", tensor.layer, layers_);
  if (holds_weights(tensor.kind) && tensor.expert >= model_.all_experts())
    return fmt::format("expert {} does not exist, model {} has {} routed and {} shared experts",
                       tensor.expert, model_.name, model_.experts, model_.shared_experts);
  const std::uint64_t row_end = std::uint64_t{tensor.row_begin} + tensor.rows;
  if (tensor.rows == 0 || row_end > rows_of(tensor.kind))
    return fmt::format("rows {} to {} do not exist, the tensor has {} rows", tensor.row_begin, row_end,
                       rows_of(tensor.kind));
  const std::uint16_t node = index_of(Address::node(tensor.address));
  if (Address::package(tensor.address) != 0 || Address::unit(tensor.address) != AddressUnit::memory)
    return fmt::format("address {:#x} is not in the memory unit of a die", tensor.address);
  if (node >= capacity_.size())
    return fmt::format("die {} does not exist, there are {}", node, capacity_.size());
  const std::uint64_t end = Address::offset(tensor.address) + tensor.rows * row_bytes(tensor.kind);
  if (end > capacity_[node])
    return capacity_[node] == 0 ? fmt::format("die {} has no memory", node)
                                : fmt::format("it ends at byte {} of the memory of die {}, which has {}", end,
                                              node, capacity_[node]);
  return "";
}

std::string TensorMap::place(const moesaic_tensor& tensor) {
  const auto refuse = [&](const std::string& why) {
    return fmt::format("cannot place {}, rows {} to {}: {}", name_of(tensor), tensor.row_begin,
                       std::uint64_t{tensor.row_begin} + tensor.rows - 1, why);
  };
  if (const std::string why = refusal(tensor); !why.empty()) return refuse(why);

  const std::uint16_t node = index_of(Address::node(tensor.address));
  const std::uint64_t begin = Address::offset(tensor.address);
  const std::uint64_t end = begin + tensor.rows * row_bytes(tensor.kind);
  auto& placed = placing_[node];
  const auto next = placed.lower_bound(begin);
  const Placement* other = nullptr;
  if (next != placed.end() && next->second.begin < end) other = &next->second;
  if (next != placed.begin() && std::prev(next)->second.end > begin) other = &std::prev(next)->second;
  if (other != nullptr)
    return refuse(fmt::format("bytes {} to {} of die {} already hold {}", std::max(begin, other->begin),
                              std::min(end, other->end) - 1, node, name_of(other->tensor)));

  std::vector<bool>& covered = covered_[tensor.kind];
  const std::size_t first = first_row_index(tensor);
  if (!holds_weights(tensor.kind))
    for (std::size_t row = first; row < first + tensor.rows; ++row)
      if (covered[row])
        return refuse(fmt::format("token {} is already placed", tensor.row_begin + (row - first)));
  for (std::size_t row = first; row < first + tensor.rows; ++row) {
    covered[row] = true;
    if (!holds_weights(tensor.kind))
      (tensor.kind == MOESAIC_OUTPUT ? outputs_ : inputs_)[row] =
          tensor.address + (row - first) * row_bytes(tensor.kind);
  }
  placed.emplace_hint(next, begin, Placement{begin, end, tensor});
  bytes_[node] += end - begin;
  return "";
}

std::string TensorMap::seal() {
  for (std::size_t node = 0; node < placing_.size(); ++node) {
    for (const auto& entry : placing_[node]) sealed_[node].push_back(entry.second);
    placing_[node].clear();
  }
  std::string text;
  std::size_t lines = 0;
  for (std::uint16_t kind = 0; kind < kKinds; ++kind) {
    const std::vector<bool>& covered = covered_[kind];
    const std::uint32_t rows = rows_of(kind);
    for (std::size_t i = 0; i < covered.size(); ++i) {
      if (covered[i]) continue;
      std::size_t end = i;
      while (end < covered.size() && !covered[end] && end / rows == i / rows) ++end;
      moesaic_tensor missing{};
      const std::size_t tensor = i / rows;
      missing.kind = kind;
      missing.layer =
          static_cast<std::uint16_t>(holds_weights(kind) ? tensor / model_.all_experts() : tensor);
      missing.expert = static_cast<std::uint16_t>(holds_weights(kind) ? tensor % model_.all_experts() : 0);
      if (lines++ < kMaxMissingLines)
        text += fmt::format("{}: rows {} to {} of {} are not placed\n", name_of(missing), i % rows,
                            (end - 1) % rows, rows);
      i = end - 1;
    }
  }
  if (lines > kMaxMissingLines) text += fmt::format("and {} more\n", lines - kMaxMissingLines);
  if (!text.empty()) text.pop_back();
  return text;
}

const TensorMap::Placement* TensorMap::find(NodeId node, std::uint64_t offset) const {
  const std::vector<Placement>& placed = sealed_[index_of(node)];
  const auto after = std::upper_bound(placed.begin(), placed.end(), offset,
                                      [](std::uint64_t at, const Placement& p) { return at < p.end; });
  return after == placed.end() ? nullptr : &*after;
}

void TensorMap::fill(NodeId node, std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const {
  const std::vector<Placement>& placed = sealed_[index_of(node)];
  const Placement* at = find(node, offset);  // the one that holds the offset, or else the next
  while (bytes > 0) {
    const bool none = at == nullptr || at == placed.data() + placed.size();
    if (none || offset < at->begin || at->tensor.kind == MOESAIC_OUTPUT) {
      const std::uint64_t end = none ? offset + bytes : offset < at->begin ? at->begin : at->end;
      const std::uint64_t part = std::min(bytes, end - offset);
      fill_untouched(seed_, index_of(node), offset, out, part);
      if (!none && offset >= at->begin && offset + part == at->end) ++at;
      offset += part;
      out += part;
      bytes -= part;
      continue;
    }
    const std::uint64_t within = offset - at->begin;
    const std::uint64_t width = row_bytes(at->tensor.kind);
    const std::uint64_t column = within % width;
    const std::uint64_t part = std::min(bytes, width - column);
    const RowIdentity id{static_cast<std::uint8_t>(at->tensor.kind), at->tensor.layer,
                         holds_weights(at->tensor.kind) ? at->tensor.expert : std::uint16_t{0},
                         at->tensor.row_begin + static_cast<std::uint32_t>(within / width)};
    fill_row(row_key(seed_, id), column, out, part);
    offset += part;
    out += part;
    bytes -= part;
    if (offset == at->end) ++at;
  }
}

std::optional<std::uint64_t> TensorMap::output_address(std::uint32_t layer, std::uint32_t token) const {
  const std::size_t row = std::size_t{layer} * tokens_ + token;
  if (layer >= layers_ || token >= tokens_ || !covered_[MOESAIC_OUTPUT][row]) return std::nullopt;
  return outputs_[row];
}

std::optional<std::uint64_t> TensorMap::input_address(std::uint32_t layer, std::uint32_t token) const {
  const std::size_t row = std::size_t{layer} * tokens_ + token;
  if (layer >= layers_ || token >= tokens_ || !covered_[MOESAIC_ACTIVATIONS][row]) return std::nullopt;
  return inputs_[row];
}

std::string TensorMap::describe(NodeId node, std::uint64_t offset) const {
  if (index_of(node) >= sealed_.size()) return "no such die";
  const Placement* at = find(node, offset);
  if (at == nullptr || offset < at->begin) return "nothing placed";
  const std::uint64_t row = at->tensor.row_begin + (offset - at->begin) / row_bytes(at->tensor.kind);
  return fmt::format("{}, row {}", name_of(at->tensor), row);
}

std::uint64_t TensorMap::placed_bytes(NodeId node) const {
  return bytes_[index_of(node)];
}

std::size_t TensorMap::placements() const {
  std::size_t count = 0;
  for (std::size_t node = 0; node < sealed_.size(); ++node)
    count += sealed_[node].size() + placing_[node].size();
  return count;
}

}  // namespace moesaic
