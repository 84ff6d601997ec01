// SPDX-License-Identifier: Apache-2.0
// Where things lie in the memories. A weight slice is cut into pieces, ranges of its columns: one in each
// memory, so that all memories bring every slice together, whoever needs it; one with the expert's owner; or
// one with everybody (shared experts then have a copy on every die). A piece is its gate rows, up rows, down
// rows. Layer inputs, results, and the partial results that wait for each other lie with the token's home.
// Offline: no charge.
#pragma once

#include <vector>

#include "ep_plan.h"
#include "weight_pieces.h"

namespace moesaic::firmware::ep {

class Storage {
 public:
  Storage(Hal& hal, const Plan& plan);
  /// Registers everything that this die's memory region holds.
  void place(Hal& hal) const;
  /// `expert`: a routed one, or experts + s for shared expert s.
  std::vector<WeightPiece> pieces(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice) const;
  /// Columns of a slice: the last one of an expert may have fewer.
  std::uint32_t columns(std::uint32_t slice) const;
  /// Input row of a token; `token` counts from the first one of its home.
  std::uint64_t activation(std::uint32_t layer, std::uint32_t home, std::uint32_t token) const {
    return tokens_[home] + (std::uint64_t{layer} * plan_.homes.count(home) + token) * plan_.x_row_bytes();
  }
  /// Result row of a token of this die.
  std::uint64_t output(std::uint32_t layer, std::uint32_t token) const {
    return outputs_ + (std::uint64_t{layer} * plan_.homes.count(node_) + token) * plan_.y_row_bytes();
  }
  /// The first of the `choices` partial rows of a token (Results::memory).
  std::uint64_t partial(std::uint32_t home, std::uint32_t token) const {
    return partials_[home] + std::uint64_t{token} * plan_.choices * plan_.y_row_bytes();
  }

  /// A row in the home's memory for results of padding that die `from` has computed.
  std::uint64_t scratch(std::uint32_t home, std::uint32_t from) const {
    return scratch_[home] + std::uint64_t{from} * plan_.y_row_bytes();
  }

 private:
  const Plan& plan_;
  std::uint32_t node_, width_, routed_, experts_, layers_;
  std::vector<std::uint16_t> memories_;  ///< dies that have one
  std::uint64_t piece_bytes_, layer_pieces_;
  std::vector<std::uint64_t> weights_, tokens_, partials_, scratch_;  ///< by die
  std::uint64_t outputs_ = 0;
};

}  // namespace moesaic::firmware::ep
