// SPDX-License-Identifier: Apache-2.0
// Conservation of work: every (token, expert) pair of the routing has each of its F columns computed exactly
// once over all iterations, in either run mode. Declared deviations are applied: a dropped pair must not be
// computed at all, a recomputed one may be computed more than once, and rows of padding must be as many as
// declared, with all columns.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "firmware/sdk/abi.h"
#include "hw/context.h"
#include "sc_main/run/run_result.h"
#include "sc_main/workload/model.h"
#include "sc_main/workload/reference.h"
#include "sc_main/workload/routing.h"

namespace moesaic {

class Conservation {
 public:
  Conservation(const ModelParams& model, const Routing& routing);

  /// `slice.tokens` are numbers of the run (Batch); what is no token at all goes to stranger().
  void retired(const RetiredSlice& slice);
  void stranger(std::uint32_t layer, std::uint32_t expert, std::uint32_t token);
  /// Whether any of the work of a token in a layer has been done.
  bool touched(std::uint32_t layer, std::uint32_t token) const;
  /// Applies to the whole run, whenever it is declared.
  void declare(const moesaic_deviation& deviation);
  /// Counts and the first violations. Call once, when the run has ended.
  WorkCount result() const;
  std::vector<DeviationCount> deviations() const;
  /// What the reference leaves out.
  std::vector<DroppedWork> dropped() const;

 private:
  bool is_dropped(std::uint32_t layer, std::uint32_t token, std::uint32_t expert) const;
  struct Columns {
    std::uint32_t begin, end;
  };
  using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;  // layer, token, expert

  std::uint32_t pairs_per_token() const { return routing_.top_k + model_.shared_experts; }
  std::string name_of(std::uint32_t token) const;
  std::size_t pair_index(std::uint32_t layer, std::uint32_t token, std::uint32_t slot) const;
  /// Which of its pairs_per_token() pairs this is, or pairs_per_token() when the token does not use the
  /// expert.
  std::uint32_t slot_of(std::uint32_t layer, std::uint32_t token, std::uint32_t expert) const;
  std::uint32_t expert_of(std::uint32_t layer, std::uint32_t token, std::uint32_t slot) const;
  void check_padding(WorkCount& count) const;
  void check_pair(std::uint32_t layer, std::uint32_t token, std::uint32_t slot, WorkCount& count) const;

  const ModelParams& model_;
  const Routing& routing_;
  std::vector<std::vector<Columns>> computed_;  // per pair
  std::vector<std::string> strangers_;          // computes that belong to no pair
  std::uint64_t stranger_count_ = 0;
  std::uint64_t slices_ = 0;
  std::set<Key> dropped_;
  struct Padding {
    std::uint64_t declared_rows = 0, computed_columns = 0;
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, Padding> padding_;  // by layer, expert
  std::set<Key> recomputed_;
};

}  // namespace moesaic
