// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/comparison.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sc_main/report/json.h"
#include "sc_main/report/table.h"
#include "sc_main/report/units.h"

namespace moesaic {

namespace {

using Json = nlohmann::ordered_json;

std::string text_at(const Json& row, const char* key) {
  return row.at(key).get<std::string>();
}
std::uint64_t count_at(const Json& row, const char* key) {
  return row.at(key).get<std::uint64_t>();
}
double real_at(const Json& row, const char* key) {
  return row.at(key).get<double>();
}

struct Run {
  std::string label;
  Json json;
};

std::vector<Run> parsed(const std::vector<ComparedRun>& compared) {
  std::vector<Run> runs;
  for (const ComparedRun& c : compared) runs.push_back({c.label, Json::parse(c.results)});
  return runs;
}

std::string heading(const Json& id) {
  std::string text =
      fmt::format("{} on {}, {} tokens, {} layer(s), seed {}\n  routing: {}\n", text_at(id, "model"),
                  text_at(id, "package"), count_text(count_at(id, "tokens")), count_at(id, "layers"),
                  count_at(id, "seed"), text_at(id, "routing_source"));
  if (id.at("synthetic")) text += "  SYNTHETIC routing: made by a generator, not recorded\n";
  if (id.at("oracle")) text += "  ORACLE: every core knows the whole routing for free\n";
  return text;
}

}  // namespace

std::string comparison_text(const std::vector<ComparedRun>& compared) {
  const std::vector<Run> runs = parsed(compared);
  const double first = real_at(runs.front().json.at("summary"), "makespan");
  std::string text = heading(runs.front().json.at("identity"));
  Table table({"image", "outcome", "time", "to first", "to bound", "memory", "engines", "hottest link",
               "D2D wire", "SRAM slots", "energy", "control"});
  for (const auto& [label, run] : runs) {
    const Json& s = run.at("summary");
    table.add({label, text_at(run.at("identity"), "outcome"), time_text(count_at(s, "makespan")),
               fmt::format("{:.3f}", ratio(real_at(s, "makespan"), first)),
               fmt::format("{:.2f}", real_at(s, "distance_to_bound")), percent(real_at(s, "memory_share")),
               percent(real_at(s, "engine_macs_share")), percent(real_at(s, "link_busy_max")),
               bytes_text(count_at(s, "d2d_wire_bytes")), bytes_text(count_at(s, "peak_slot_bytes")),
               energy_text(real_at(s, "joules")), percent(real_at(s, "control_busy_share_max"))});
  }
  text += "\n" + table.text();
  text +=
      "\n  to first: time divided by the first image's; to bound: time divided by the largest lower bound.\n"
      "  memory, engines: achieved of peak. SRAM slots: fullest die. control: busiest control core.\n\nWhy\n";
  for (const auto& [label, run] : runs) {
    text += fmt::format("  {}\n", label) + wrapped(text_at(run.at("summary"), "why"), 4);
    for (const Json& d : run.at("deviations")) {
      text +=
          fmt::format("    declared deviation: {} of {} pairs\n", text_at(d, "kind"), count_at(d, "tokens"));
    }
  }
  return text;
}

std::string comparison_json(const std::vector<ComparedRun>& compared) {
  Json json = Json::object();
  json["schema"] = "moesaic-comparison";
  json["schema_version"] = kSchemaVersion;
  json["runs"] = Json::array();
  for (const Run& run : parsed(compared)) {
    Json entry = Json::object();
    entry["label"] = run.label;
    entry["results"] = run.json;
    json["runs"].push_back(std::move(entry));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace moesaic
