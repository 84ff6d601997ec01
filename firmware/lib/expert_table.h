// SPDX-License-Identifier: Apache-2.0
// Which rows each expert of a die has to process: one token list per expert. Models: a table indexed by the
// expert's number on its die. Time: charged per operation (sdk/charged.h).
#pragma once

#include <vector>

#include "../sdk/charged.h"

namespace moesaic::firmware {

class ExpertTable {
 public:
  ExpertTable(Hal& hal, std::uint32_t experts) : hal_(hal), lists_(experts) {}
  void add(std::uint32_t expert, const moesaic_list_entry& entry) {
    hal_.charge(MOESAIC_OP_LOOKUP);
    hal_.charge(MOESAIC_OP_QUEUE);
    add_free(expert, entry);
  }
  /// Without a charge: what other hardware than the core finds out.
  void add_free(std::uint32_t expert, const moesaic_list_entry& entry) { lists_.at(expert).push_back(entry); }
  const std::vector<moesaic_list_entry>& list(std::uint32_t expert) const { return lists_.at(expert); }
  /// Experts that have rows, ascending.
  std::vector<std::uint32_t> active() {
    hal_.charge(MOESAIC_OP_SCAN_ITEM, lists_.size());
    std::vector<std::uint32_t> found;
    for (std::uint32_t e = 0; e < lists_.size(); ++e)
      if (!lists_[e].empty()) found.push_back(e);
    return found;
  }
  /// Another number of experts; empty afterwards.
  void resize(std::uint32_t experts) {
    clear();
    lists_.resize(experts);
  }
  void clear() {
    for (auto& list : lists_) list.clear();
  }

 private:
  Hal& hal_;
  std::vector<std::vector<moesaic_list_entry>> lists_;
};

}  // namespace moesaic::firmware
