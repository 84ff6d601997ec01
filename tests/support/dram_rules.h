// SPDX-License-Identifier: Apache-2.0
// The constraints of a DRAM device as a table of rules between pairs of commands, and a checker that holds a
// list of commands against it: an account of the standards that shares nothing with hw/memory/dram_limits.h
// but the parameters.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hw/memory/command.h"
#include "hw/memory/params.h"

namespace moesaic::memory_test {

/// Which commands a rule relates: those of the same bank, ... of the same pseudo channel but another rank.
enum class Scope { bank, group, rank, pseudo_channel, other_stack, other_rank };

struct Rule {
  std::string name;
  std::vector<DramCommandKind> from, to;
  Scope scope;
  std::int64_t half_cycles;  ///< from the last edge of the first to the last edge of the second
  bool to_masked = false;    ///< only before a masked write
  unsigned window = 1;       ///< between a command and the window-th after it (tFAW: 4)
};

class DramRules {
 public:
  explicit DramRules(const MemoryParams& params);

  const std::vector<Rule>& rules() const { return rules_; }
  std::int64_t length(DramCommandKind kind) const;
  bool applies(const Rule& rule, const DramCommand& from, const DramCommand& to) const;
  /// Smallest start of `next` that every rule allows after `history` (in order of time).
  std::int64_t earliest(const std::vector<DramCommand>& history, const DramCommand& next) const;
  /// Smallest slack of each rule, by index; a negative one is a violation. kUnseen: no pair.
  std::vector<std::int64_t> slacks(const std::vector<DramCommand>& commands) const;
  /// Commands that overlap on a bus, columns of a row that is not open, refreshes of open banks: 0 is right.
  unsigned disorder(const std::vector<DramCommand>& commands) const;

  static constexpr std::int64_t kUnseen = std::int64_t{1} << 40;

 private:
  unsigned rank_of(const DramCommand& c) const;
  std::int64_t edge(const DramCommand& c) const {
    return static_cast<std::int64_t>(c.half_cycle) + length(c.kind);
  }

  DramOrganisation organisation_;
  DramCommandBus bus_;
  std::vector<Rule> rules_;
};

}  // namespace moesaic::memory_test
