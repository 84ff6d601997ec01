// SPDX-License-Identifier: Apache-2.0
// Why the run took as long as it did: the critical path, summed by cause and by the place where it ran.
//
// Models: nothing. The steps of the path tile the makespan, so the sums are exact; a gap or an overlap is a
// bug of the model and ends in a panic.
// Does not model: what would happen if a cause went away: the next path may be almost as long.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tlm/causal_log.h"
#include "tlm/tick.h"

namespace moesaic {

struct CauseShare {
  Cause cause{};
  Tick time = 0;
};

/// Time of the critical path at one unit of one die, by cause.
struct PlaceShare {
  NodeId node{};  ///< kNoNode: before the first activity
  UnitId unit{};
  Cause cause{};
  Tick time = 0;
};

/// The causes of one kind taken together: what a person asks first.
struct FamilyShare {
  const char* family = "";  ///< "memory", "engine", "fabric", "control", "on-die movement"
  Tick time = 0;
};

struct Attribution {
  Tick makespan = 0;
  std::vector<CauseShare> causes;     ///< every cause, enum order; sums to the makespan
  std::vector<FamilyShare> families;  ///< longest first; sums to the makespan
  std::vector<PlaceShare> places;     ///< longest first; sums to the makespan
  std::string why;                    ///< one or two sentences for people
};

/// REQUIRES: `activities[i]` is the activity of `path[i]`; the path is latest first, as CausalLog gives it.
Attribution attribute(const std::vector<PathStep>& path, const std::vector<Activity>& activities,
                      Tick makespan);

const char* family_of(Cause cause);
const char* name_of(UnitId unit);
/// "die 3", or "start" for kNoNode.
std::string name_of(NodeId node);

}  // namespace moesaic
