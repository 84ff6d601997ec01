// SPDX-License-Identifier: Apache-2.0
// Sorts the changes of a waveform by time. Blocks report ahead of time and behind it, without a bound on how
// much (an idle memory channel decides its refreshes when the next request comes), so that no window of
// reordering would do: changes are sorted in runs of bounded size, full runs go to a file that nobody sees,
// and at the end the runs are merged. Memory is bounded whatever the length of the simulation.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <vector>

#include "tlm/tick.h"

namespace moesaic {

struct Change {
  Tick at;
  std::uint64_t value;   ///< or, added, a two's complement amount
  std::uint32_t signal;  ///< index
  bool added;
};

class ChangeStore {
 public:
  /// `folder` takes the runs; it is made when the first one is full.
  explicit ChangeStore(std::filesystem::path folder, std::size_t run_length = std::size_t{1} << 20);
  ~ChangeStore();
  ChangeStore(const ChangeStore&) = delete;
  ChangeStore& operator=(const ChangeStore&) = delete;

  /// Throws UserError when the disk is full.
  void put(const Change& change);
  /// Visits all changes by (time, signal, order of put). Once.
  void merge(const std::function<void(const Change&)>& visit);

 private:
  void sort();
  void spill();

  std::filesystem::path folder_;
  std::size_t run_length_;
  std::vector<Change> run_;         // in memory
  std::vector<std::size_t> spilt_;  // lengths of the runs in the file, one behind the other
  std::FILE* file_ = nullptr;
};

}  // namespace moesaic
