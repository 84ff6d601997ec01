// SPDX-License-Identifier: Apache-2.0
// What the scheduler's decisions cost: the control core's cycles for tables, scans and sorts, or those of the
// paper's hardware (section V-B there) for the same work.
//
// Models: EIT (expert table: trajectory mask and token count, written and read by the entry), bitonic sorter
//   (log n (log n + 1) / 2 stages over the next power of two), ICV (idle vector: allocate, release) and
//   matcher (dies and path of one expert). Does not model: the unit's interface; mail and handlers cost what
//   the core's cost in both cases. The paper says single-cycle table and sub-microsecond decisions, and no
//   other number.
// Time: charged to the core at once; `cycles` is the sum for the image's statistics.
#pragma once

#include "firmware/images/fse_dp/settings.h"
#include "firmware/sdk/charged.h"

namespace moesaic::firmware::fse_dp {

class SchedulerCost {
 public:
  SchedulerCost(Hal& hal, const HardwareScheduler& hardware) : hal_(hal), hardware_(hardware) {}

  /// `entries` of the expert table are written from a report with `counts` numbers.
  void record(std::uint64_t counts, std::uint64_t entries) {
    hardware_.used ? spend(hardware_.table_cycles * entries)
                   : spend(cost(MOESAIC_OP_SCAN_ITEM) * counts + cost(MOESAIC_OP_LOOKUP) * entries);
  }
  /// The table is searched for `entries` experts, or the order is walked over them.
  void walk(std::uint64_t entries) {
    spend((hardware_.used ? hardware_.table_cycles : cost(MOESAIC_OP_SCAN_ITEM)) * entries);
  }
  void sort(std::uint64_t entries) {
    hardware_.used ? spend(hardware_.sort_cycles * bitonic_stages(entries))
                   : spend(cost(MOESAIC_OP_SORT_STEP) * ChargedVector<int>::sort_steps(entries));
  }
  /// One expert is given its dies and its path, of which `steps` alternatives were compared.
  void match(std::uint64_t steps) {
    ++decisions_;
    hardware_.used ? spend(hardware_.match_cycles)
                   : spend(3 * cost(MOESAIC_OP_LOOKUP) + cost(MOESAIC_OP_SCAN_ITEM) * steps);
  }
  /// Dies become idle, or are taken.
  void idle() { spend(hardware_.used ? hardware_.idle_cycles : cost(MOESAIC_OP_LOOKUP)); }

  std::uint64_t cycles() const { return cycles_; }
  std::uint64_t decisions() const { return decisions_; }

  static std::uint64_t bitonic_stages(std::uint64_t entries) {
    std::uint64_t levels = 0;
    while ((std::uint64_t{1} << levels) < entries) ++levels;
    return levels * (levels + 1) / 2;
  }

 private:
  std::uint64_t cost(moesaic_operation operation) const { return hal_.cost(operation); }
  void spend(std::uint64_t cycles) {
    cycles_ += cycles;
    hal_.charge(cycles);
  }

  Hal& hal_;
  const HardwareScheduler hardware_;
  std::uint64_t cycles_ = 0, decisions_ = 0;
};

}  // namespace moesaic::firmware::fse_dp
