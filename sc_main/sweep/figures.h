// SPDX-License-Identifier: Apache-2.0
// The numbers of a stored run that tables show, and of several seeds together.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sc_main/sweep/statistics.h"
#include "sc_main/sweep/store.h"

namespace moesaic {

struct Figures {
  std::string status;
  double iteration_s = 0.0;  ///< mean time of a measured iteration
  double tokens_per_s = 0.0;
  double to_bound = 0.0;       ///< makespan divided by the largest lower bound
  std::string bound;           ///< which resource that is
  double slot_bytes = 0.0;     ///< most SRAM in slots at once, fullest die
  double memory_share = 0.0;   ///< of the peak of all channels
  double engine_share = 0.0;   ///< multiply-accumulates of the peak
  double link_share = 0.0;     ///< busiest link
  double control_share = 0.0;  ///< busiest control core
  double joules = 0.0;
  double deferred_requests = 0.0;
  std::vector<std::pair<std::string, double>>
      reasons;                          ///< causes of the critical path with their shares, largest first
  std::vector<std::string> deviations;  ///< "drop of 12 pairs"

  bool ok() const { return status == "ok"; }
};

Figures figures_of(const StoredRun& run);

/// A point of several seeds: the runs that ended well.
struct SeedFigures {
  std::string status;  ///< ok, else that of the first run that is not
  Spread iteration_s, tokens_per_s, to_bound, slot_bytes;
  Spread token_s;  ///< measured time divided by the tokens that went through all layers in it
  Figures first;   ///< of the first seed, for what has no mean
};

SeedFigures seed_figures(const std::vector<StoredRun>& by_seed);

/// "4.793 ms", "4.793 ms +- 1.2 %" of several seeds.
std::string spread_text(const Spread& seconds_spread);

/// 70 when a run crashed, 1 when one ended badly or was refused, else 0.
int exit_code_of(const std::vector<StoredRun>& runs);

}  // namespace moesaic
