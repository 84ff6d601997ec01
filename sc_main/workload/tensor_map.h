// SPDX-License-Identifier: Apache-2.0
// Where an image has placed the tensors of the workload, and what the memories therefore contain at boot.
//
// Contract: the run calls place() during boot, seal() once after it; from then on the map is read only and is
// the ContentSource of every memory. The bytes of a row depend on which row it is, never on its address.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firmware/sdk/abi.h"
#include "hw/memory/contents.h"
#include "sc_main/workload/model.h"
#include "tlm/address_map.h"

namespace moesaic {

class TensorMap final : public ContentSource {
 public:
  struct Placement {
    std::uint64_t begin = 0, end = 0;  ///< offsets in the memory of the node
    moesaic_tensor tensor{};
  };

  /// `capacity_bytes`: memory of each node, 0 where none is attached.
  TensorMap(const ModelParams& model, std::uint32_t layers, std::uint32_t tokens, std::uint64_t seed,
            std::vector<std::uint64_t> capacity_bytes);

  /// Empty when the tensor was placed, else why not, in one sentence with values; the map is then unchanged.
  [[nodiscard]] std::string place(const moesaic_tensor& tensor);

  /// Ends placing. Empty when everything is there, else the list of what is missing, a line each.
  [[nodiscard]] std::string seal();

  /// REQUIRES: sealed.
  void fill(NodeId node, std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const override;

  /// Address of a token's output row (hidden int32) of a layer; nothing when it was not placed.
  std::optional<std::uint64_t> output_address(std::uint32_t layer, std::uint32_t token) const;
  /// Address of a token's input row (hidden int8) of a layer, likewise.
  std::optional<std::uint64_t> input_address(std::uint32_t layer, std::uint32_t token) const;
  /// Whose bytes lie at an address: "layer 3, expert 17, up weights, row 5"; "nothing placed".
  /// REQUIRES: sealed.
  std::string describe(NodeId node, std::uint64_t offset) const;

  /// What holds `offset`, else what lies behind it; null: nothing does. REQUIRES: sealed; a node of the
  /// package.
  const Placement* find(NodeId node, std::uint64_t offset) const;
  std::uint64_t row_bytes(std::uint16_t kind) const;

  std::uint64_t placed_bytes(NodeId node) const;
  std::size_t placements() const;

 private:
  bool holds_weights(std::uint16_t kind) const { return kind <= MOESAIC_DOWN_WEIGHTS; }
  std::uint32_t rows_of(std::uint16_t kind) const;
  std::string refusal(const moesaic_tensor& tensor) const;
  std::size_t first_row_index(const moesaic_tensor& tensor) const;
  std::string name_of(const moesaic_tensor& tensor) const;

  ModelParams model_;
  std::uint32_t layers_;
  std::uint32_t tokens_;
  std::uint64_t seed_;
  std::vector<std::uint64_t> capacity_;
  std::vector<std::map<std::uint64_t, Placement>> placing_;  // by node, then offset; until seal()
  std::vector<std::vector<Placement>> sealed_;               // by node, sorted by offset
  std::vector<std::uint64_t> bytes_;                         // placed, by node
  std::vector<bool> covered_[5];                             // by kind, then row over all layers and experts
  // Address by layer * tokens + token; 0: none.
  std::vector<std::uint64_t> inputs_, outputs_;
};

}  // namespace moesaic
