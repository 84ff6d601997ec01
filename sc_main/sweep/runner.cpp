// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/runner.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sc_main/report/json.h"
#include "sc_main/report/report.h"
#include "sc_main/run/guard.h"
#include "sc_main/run/image_loader.h"
#include "sc_main/run/simulate.h"
#include "sc_main/sweep/pool.h"
#include "sc_main/workload/procedural.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::ordered_json;

/// 128 bits of two multiply-and-mix sums; guards against accidents, not against malice.
class Hash {
 public:
  void add(const std::string& bytes) {
    add_word(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
      std::uint64_t word = 0;
      for (std::size_t b = i; b < std::min(i + 8, bytes.size()); ++b)
        word |= std::uint64_t{static_cast<unsigned char>(bytes[b])} << (8 * (b - i));
      add_word(word);
    }
  }
  std::string text() const { return fmt::format("{:016x}{:016x}", mix64(a_), mix64(b_)); }

 private:
  void add_word(std::uint64_t word) {
    a_ = mix64(a_ ^ word) + kGoldenGamma;
    b_ = (b_ + word) * 0xD6E8FEB86659FD93u;
    b_ ^= b_ >> 29;
  }
  std::uint64_t a_ = 0x6D6F6573616963u, b_ = 0x72756E73u;
};

std::string file_hash(const fs::path& path) {
  static std::map<fs::path, std::string> known;
  const auto found = known.find(path);
  if (found != known.end()) return found->second;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  Hash hash;
  hash.add(bytes.str());
  return known[path] = hash.text();
}

/// A trace is a file, or a folder of files.
std::string trace_hash(const fs::path& trace) {
  std::error_code ignored;
  if (!fs::is_directory(trace, ignored)) return file_hash(trace);
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(trace, ignored))
    files[entry.path().filename().string()] = file_hash(entry.path());
  Hash hash;
  for (const auto& [name, contents] : files) hash.add(name), hash.add(contents);
  return hash.text();
}

/// In the child: simulates and hands over the results, without what grows with the package.
int simulate_item(const Experiment& experiment, const Library& library, std::string& text) {
  const Routing routing = load_routing(experiment, library);
  const RunResult result = simulate(experiment, routing);
  Report report = make_report({experiment.name, experiment.package, experiment.model, routing, result,
                               experiment.run.functional, experiment.run.seed, experiment.workload});
  report.nodes.clear();
  report.links.clear();
  report.layers.clear();
  text = results_json(report, {});
  for (const std::string& message : result.messages) fmt::print(stderr, "{}\n", message);
  return exit_code_of(result.outcome);
}

StoredRun described(const RunRequest& request, const std::string& key) {
  const Experiment& e = request.experiment;
  StoredRun run;
  run.key = key;
  run.label = request.label;
  run.experiment = e.name;
  run.package = e.package.name;
  run.model = e.model.name;
  run.image = e.firmware.image;
  run.version = MOESAIC_VERSION;
  run.tokens = e.workload.tokens;
  run.layers = e.workload.layers;
  run.iterations = e.workload.iterations;
  run.seed = e.run.seed;
  return run;
}

void take_result(StoredRun& run, const Experiment& experiment, const PoolResult& result) {
  run.said = result.said;
  run.wall_s = result.wall_s;
  if (result.code == kExitUserError || result.text.empty()) {
    run.status = result.code == kExitUserError ? "refused" : "crashed";
    return;
  }
  const Json json = Json::parse(result.text);
  const Json& summary = json.at("summary");
  run.status = json.at("identity").at("outcome").get<std::string>();
  run.tokens = json.at("identity").at("tokens").get<std::uint64_t>();
  run.makespan_fs = summary.at("makespan").get<std::uint64_t>();
  run.tokens_per_s = summary.at("measured_tokens_per_s").get<double>();
  run.distance_to_bound = summary.at("distance_to_bound").get<double>();
  run.configuration = show_experiment(experiment);
  run.results = result.text;
}

bool is_kept(const StoredRun& run) {
  return run.status != "refused" && run.status != "crashed";
}

}  // namespace

std::string run_key(const Experiment& experiment) {
  Hash hash;
  hash.add(MOESAIC_VERSION);
  hash.add(file_hash("/proc/self/exe"));
  hash.add(file_hash(Image::load(experiment).path()));
  hash.add(show_experiment(experiment));
  if (const std::string& trace = experiment.workload.routing.trace; !trace.empty())
    hash.add(trace_hash(trace));
  return hash.text();
}

std::vector<StoredRun> run_requests(const std::vector<RunRequest>& requests, const Library& library,
                                    const RunnerOptions& options) {
  // 1. What is there, and what is asked for twice.
  std::map<std::string, StoredRun> rows;
  std::vector<std::string> keys;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    keys.push_back(run_key(requests[i].experiment));
    if (rows.count(keys[i]) > 0) continue;
    auto known = options.store == nullptr ? std::nullopt : options.store->find(keys[i]);
    if (!known) missing.push_back(i);
    rows[keys[i]] = known ? std::move(*known) : described(requests[i], keys[i]);
  }
  // 2. What is missing. Each row is kept as soon as it is known.
  run_pool(
      missing.size(), options.at_once, "run",
      [&](std::size_t item, std::string& text) {
        return guarded([&] { return simulate_item(requests[missing[item]].experiment, library, text); });
      },
      [&](std::size_t item, const PoolResult& result) {
        StoredRun& row = rows[keys[missing[item]]];
        take_result(row, requests[missing[item]].experiment, result);
        if (options.store != nullptr && is_kept(row)) options.store->put(row);
      });
  // 3. In the order of the requests, under the labels they use.
  std::vector<StoredRun> found;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    found.push_back(rows[keys[i]]);
    found.back().label = requests[i].label;
  }
  return found;
}

}  // namespace moesaic
