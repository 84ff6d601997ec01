// SPDX-License-Identifier: Apache-2.0
// Streams weight slices through `prefetch` buffers: loads and computes in the same order, each buffer handed
// back and forth by two events, so that firmware may post as far ahead as it likes.
#pragma once

#include <deque>
#include <vector>

#include "backlog.h"
#include "ep_storage.h"

namespace moesaic::firmware::ep {

/// A token list in SRAM, and the rows that it is about.
struct TileRows {
  std::uint32_t x, y;  ///< offsets of row 0
  std::uint32_t list, count;
};

class WeightStream {
 public:
  WeightStream(Hal& hal, const Plan& plan, const Storage& storage, Backlog& weights, Backlog& compute)
      : hal_(hal),
        plan_(plan),
        storage_(storage),
        weights_(weights),
        compute_(compute),
        pieces_(plan.prefetch) {}
  /// Posts the loads of all slices of an expert.
  void load_expert(std::uint32_t layer, std::uint32_t expert);
  /// Posts its computes: y = the expert's result. Contract: experts are computed in the order in which they
  /// are loaded.
  void compute_expert(std::uint32_t layer, std::uint32_t expert, const TileRows& rows);

 private:
  void load_slice(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice);
  void compute_slice(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice, const TileRows& rows);
  /// For traces: 1 is a load, 2 a compute.
  static std::uint32_t tag(std::uint32_t what, std::uint32_t expert, std::uint32_t slice) {
    return (what << 28) | ((expert & 0xFFFF) << 12) | (slice & 0xFFF);
  }

  Hal& hal_;
  const Plan& plan_;
  const Storage& storage_;
  Backlog& weights_;
  Backlog& compute_;
  std::uint32_t loads_ = 0;            ///< posted since the start of the run
  std::uint32_t computes_ = 0;         ///< the same
  std::vector<std::uint32_t> pieces_;  ///< by buffer: loads posted
  std::deque<std::uint32_t> uses_;     ///< per slice posted and not computed: pieces_ when it is there
};

}  // namespace moesaic::firmware::ep
