// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <tuple>

#include "sc_main/report/units.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr const char* kWhere = "report.attribution";

/// Latest first without a gap or an overlap, from the makespan down to zero.
void check_tiling(const std::vector<PathStep>& path, Tick makespan) {
  Tick to = makespan;
  for (const PathStep& step : path) {
    if (step.to != to || step.from > step.to) {
      panic(kWhere, step.to, "the critical path has a gap or an overlap");
    }
    to = step.from;
  }
  if (to != 0) panic(kWhere, to, "the critical path does not reach back to the start");
}

template <typename Share>
void sort_longest_first(std::vector<Share>& shares) {
  // Stable: equal times keep the order of cause, die and unit.
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.time > b.time; });
}

std::vector<FamilyShare> families_of(const std::vector<CauseShare>& causes) {
  std::vector<FamilyShare> families;
  for (const CauseShare& share : causes) {
    if (share.time == 0) continue;
    const char* name = family_of(share.cause);
    const auto found = std::find_if(families.begin(), families.end(),
                                    [&](const FamilyShare& f) { return std::strcmp(f.family, name) == 0; });
    if (found == families.end()) {
      families.push_back({name, share.time});
    } else {
      found->time += share.time;
    }
  }
  sort_longest_first(families);
  return families;
}

std::string sentence(const Attribution& a) {
  if (a.families.empty()) return "Nothing ran.";
  const FamilyShare& first = a.families.front();
  const auto top =
      std::max_element(a.causes.begin(), a.causes.end(), [&](const CauseShare& x, const CauseShare& y) {
        const bool x_in = std::strcmp(family_of(x.cause), first.family) == 0;
        const bool y_in = std::strcmp(family_of(y.cause), first.family) == 0;
        return (x_in ? x.time : 0) < (y_in ? y.time : 0);
      });
  const auto place = std::find_if(a.places.begin(), a.places.end(),
                                  [&](const PlaceShare& p) { return p.cause == top->cause; });
  std::string text =
      fmt::format("{} of the time the critical path is {}: mostly {} ({}), where {}; most of it on {} ({}).",
                  percent(first.time, a.makespan), first.family, describe(top->cause).name,
                  percent(top->time, a.makespan), describe(top->cause).sentence, name_of(place->node),
                  percent(place->time, a.makespan));
  if (a.families.size() > 1) {
    text +=
        fmt::format(" Next is {} with {}.", a.families[1].family, percent(a.families[1].time, a.makespan));
  }
  return text;
}

}  // namespace

const char* family_of(Cause cause) {
  switch (cause) {
    case Cause::firmware:
    case Cause::interrupt:
    case Cause::timer:
    case Cause::command:
      return "control";
    case Cause::dma:
    case Cause::sram:
      return "on-die movement";
    case Cause::memory_transfer:
    case Cause::memory_row:
    case Cause::memory_turnaround:
    case Cause::memory_refresh:
    case Cause::memory_queue:
    case Cause::memory_latency:
      return "memory";
    case Cause::fabric_transfer:
    case Cause::fabric_latency:
    case Cause::fabric_queue:
      return "fabric";
    case Cause::engine_compute:
    case Cause::engine_fill:
    case Cause::engine_vector:
      return "engine";
    case Cause::count:
      break;
  }
  panic(kWhere, 0, "unknown cause");
}

const char* name_of(UnitId unit) {
  static constexpr std::array<const char*, static_cast<std::size_t>(UnitId::count)> kNames{
      "router",        "network_interface", "memory",     "sram",          "dma",
      "tensor_engine", "command_processor", "agent_core", "scheduler_core"};
  const auto i = static_cast<std::size_t>(unit);
  return i < kNames.size() ? kNames[i] : "start";
}

std::string name_of(NodeId node) {
  return node == kNoNode ? "start" : fmt::format("die {}", index_of(node));
}

Attribution attribute(const std::vector<PathStep>& path, const std::vector<Activity>& activities,
                      Tick makespan) {
  // 1. The invariant everything below relies on.
  if (path.size() != activities.size()) panic(kWhere, 0, "a step of the critical path has no activity");
  check_tiling(path, makespan);
  // 2. By cause, and by place.
  Attribution a;
  a.makespan = makespan;
  CauseTimes by_cause{};
  std::map<std::tuple<std::uint16_t, UnitId, Cause>, Tick> by_place;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Tick time = path[i].to - path[i].from;
    by_cause[static_cast<std::size_t>(path[i].cause)] += time;
    by_place[{index_of(activities[i].node), activities[i].unit, path[i].cause}] += time;
  }
  for (std::size_t i = 0; i < kCauseCount; ++i) a.causes.push_back({static_cast<Cause>(i), by_cause[i]});
  for (const auto& [place, time] : by_place) {
    a.places.push_back({NodeId{std::get<0>(place)}, std::get<1>(place), std::get<2>(place), time});
  }
  sort_longest_first(a.places);
  // 3. For people.
  a.families = families_of(a.causes);
  a.why = sentence(a);
  return a;
}

}  // namespace moesaic
