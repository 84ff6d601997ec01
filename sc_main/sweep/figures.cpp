// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sc_main/report/units.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {
using Json = nlohmann::ordered_json;
}

Figures figures_of(const StoredRun& run) {
  Figures f;
  f.status = run.status;
  if (run.results.empty()) return f;
  const Json json = Json::parse(run.results);
  const Json& s = json.at("summary");
  const auto real = [&](const char* key) { return s.at(key).get<double>(); };
  f.iteration_s = real("time_per_iteration") / static_cast<double>(kSecond);
  f.tokens_per_s = real("measured_tokens_per_s");
  f.to_bound = real("distance_to_bound");
  f.slot_bytes = real("peak_slot_bytes");
  f.memory_share = real("memory_share");
  f.engine_share = real("engine_macs_share");
  f.link_share = real("link_busy_max");
  f.control_share = real("control_busy_share_max");
  f.joules = real("joules");
  f.deferred_requests = real("deferred_requests");
  double largest = 0.0;
  for (const Json& bound : json.at("bounds")) {
    if (bound.at("time").get<double>() <= largest) continue;
    largest = bound.at("time").get<double>();
    f.bound = bound.at("resource").get<std::string>();
  }
  for (const Json& cause : json.at("causes"))
    f.reasons.emplace_back(cause.at("cause").get<std::string>(), cause.at("share").get<double>());
  std::stable_sort(f.reasons.begin(), f.reasons.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const Json& d : json.at("deviations"))
    f.deviations.push_back(
        fmt::format("{} of {} pairs", d.at("kind").get<std::string>(), d.at("tokens").get<std::uint64_t>()));
  return f;
}

SeedFigures seed_figures(const std::vector<StoredRun>& by_seed) {
  SeedFigures all;
  all.status = "ok";
  std::vector<double> time, rate, per_token, distance, slots;
  for (const StoredRun& run : by_seed) {
    const Figures f = figures_of(run);
    if (&run == &by_seed.front()) all.first = f;
    if (!f.ok()) {
      if (all.status == "ok") all.status = f.status;
      continue;
    }
    time.push_back(f.iteration_s);
    rate.push_back(f.tokens_per_s);
    if (f.tokens_per_s > 0.0) per_token.push_back(1.0 / f.tokens_per_s);
    distance.push_back(f.to_bound);
    slots.push_back(f.slot_bytes);
  }
  all.iteration_s = spread_of(time);
  all.tokens_per_s = spread_of(rate);
  all.token_s = spread_of(per_token);
  all.to_bound = spread_of(distance);
  all.slot_bytes = spread_of(slots);
  return all;
}

std::string spread_text(const Spread& s) {
  if (s.samples == 0) return "-";
  const std::string mean = time_text(static_cast<Tick>(s.mean * static_cast<double>(kSecond) + 0.5));
  if (s.samples == 1) return mean;
  return fmt::format("{} +- {}", mean, percent(ratio(s.half_width, s.mean)));
}

int exit_code_of(const std::vector<StoredRun>& runs) {
  const auto any = [&](const char* status) {
    return std::any_of(runs.begin(), runs.end(), [&](const StoredRun& run) { return run.status == status; });
  };
  if (any("crashed")) return kExitPanic;
  const bool all_ok =
      std::all_of(runs.begin(), runs.end(), [](const StoredRun& run) { return run.status == "ok"; });
  return all_ok ? kExitOk : kExitRunFailed;
}

}  // namespace moesaic
