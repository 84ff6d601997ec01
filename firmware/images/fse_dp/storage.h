// SPDX-License-Identifier: Apache-2.0
// Where micro-slices and token rows lie in memory: gate rows, up rows and down rows of a slice (or of a piece
// of it) behind each other, so that one load brings it. Every die knows all addresses. Offline: no charge.
#pragma once

#include <vector>

#include "firmware/images/fse_dp/plan.h"
#include "firmware/lib/weight_pieces.h"

namespace moesaic::firmware::fse_dp {

class Storage {
 public:
  Storage(Hal& hal, const Plan& plan, Placement placement);
  /// Registers what the memory of this die holds, and its own tokens.
  void place(Hal& hal) const;
  /// Place in the ring of the die whose memory holds a slice; of a striped one, whose turn it is.
  RingPlace memory(std::uint32_t expert, std::uint32_t slice) const {
    return plan_.ring.place(memories_[number(expert, slice) % memories_.size()]);
  }
  const std::vector<std::uint16_t>& memories() const { return memories_; }
  std::vector<WeightPiece> pieces(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice) const;
  std::uint64_t activations(std::uint32_t layer) const { return activations_ + layer * activation_bytes_; }
  std::uint64_t outputs(std::uint32_t layer) const { return outputs_ + layer * output_bytes_; }

 private:
  /// Slices (or experts) are dealt to the memories in the order of this number.
  std::uint32_t number(std::uint32_t expert, std::uint32_t slice) const {
    return placement_ == Placement::experts ? expert : expert * plan_.slices.slices + slice;
  }

  const Plan& plan_;
  Placement placement_;
  std::uint32_t node_, experts_, layers_;
  std::vector<std::uint16_t> memories_;  ///< dies with memory, ascending
  std::vector<std::uint64_t> weights_;   ///< address of the weights in each of them
  std::uint64_t piece_bytes_, layer_pieces_, activation_bytes_, output_bytes_;
  std::uint64_t activations_ = 0, outputs_ = 0;
};

}  // namespace moesaic::firmware::fse_dp
