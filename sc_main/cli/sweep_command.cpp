// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/sweep_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "sc_main/report/output_folder.h"
#include "sc_main/report/table.h"
#include "sc_main/report/units.h"
#include "sc_main/sweep/csv.h"
#include "sc_main/sweep/figures.h"
#include "sc_main/sweep/sweep_file.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr const char* kConfidence = "  +-: 95 % confidence over seeds.\n";

/// Why runs were refused or failed, each text once.
void print_complaints(const std::vector<StoredRun>& runs) {
  std::vector<std::string> said;
  std::fflush(stdout);
  for (const StoredRun& run : runs) {
    if (run.status == "ok" || run.said.empty()) continue;
    if (std::find(said.begin(), said.end(), run.said) != said.end()) continue;
    said.push_back(run.said);
    fmt::print(stderr, "{}: {}: {}", run.label, run.status, run.said);
  }
}

std::vector<std::string> cells_of(const SeedFigures& f) {
  const bool any = f.iteration_s.samples > 0;
  return {f.status, spread_text(f.iteration_s),
          any ? count_text(static_cast<std::uint64_t>(f.tokens_per_s.mean)) : "-",
          any ? fmt::format("{:.2f}", f.to_bound.mean) : "-",
          any ? bytes_text(static_cast<std::uint64_t>(f.slot_bytes.mean)) : "-"};
}
const std::vector<std::string> kCellHeads{"outcome", "iteration", "tokens/s", "to bound", "SRAM slots"};

std::vector<std::string> csv_cells(const SeedFigures& f) {
  const auto number = [](double value) { return fmt::format("{:.9g}", value); };
  return {f.status,
          std::to_string(f.iteration_s.samples),
          number(f.iteration_s.mean),
          number(f.iteration_s.half_width),
          number(f.tokens_per_s.mean),
          number(f.tokens_per_s.half_width),
          number(f.to_bound.mean),
          number(f.slot_bytes.mean),
          number(f.first.memory_share),
          number(f.first.engine_share),
          number(f.first.link_share),
          number(f.first.control_share),
          number(f.first.joules),
          number(f.first.deferred_requests)};
}
const std::vector<std::string> kCsvHeads{
    "outcome",         "seeds",         "iteration_s", "iteration_s_95",   "tokens_per_s",
    "tokens_per_s_95", "to_bound",      "slot_bytes",  "memory_share",     "engine_share",
    "link_share",      "control_share", "joules",      "deferred_requests"};

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string outcome_line(std::size_t runs, std::size_t points) {
  return fmt::format("{} point{}, {} run{}", points, points == 1 ? "" : "s", runs, runs == 1 ? "" : "s");
}

}  // namespace

int sweep_command(const StoreLine& line) {
  // 1. What is to run; mistakes of any point are found before the first one runs.
  const Library library = Library::find();
  const SweepParams sweep = load_sweep(line.file, library);
  const std::vector<SweepPoint> points = expand_sweep(sweep, library);
  const OutputFolder files(line.folder.empty() ? std::filesystem::path("results") / folder_name(sweep.name)
                                               : std::filesystem::path(line.folder));
  Store store(line.store);
  std::vector<RunRequest> requests;
  for (const SweepPoint& point : points)
    for (const Experiment& experiment : point.by_seed)
      requests.push_back({fmt::format("{}", fmt::join(point.values, ", ")), experiment});
  // 2. Run what the store does not have.
  const std::vector<StoredRun> runs = run_requests(requests, library, {&store, line.jobs});
  // 3. A row for each point.
  std::vector<std::string> axes;
  for (const AxisParams& axis : sweep.axes) axes.push_back(axis.title());
  Table table(joined(axes, kCellHeads), axes.size());
  std::string csv = csv_line(joined(axes, kCsvHeads));
  auto next = runs.begin();
  for (const SweepPoint& point : points) {
    const std::vector<StoredRun> by_seed(next, next + sweep.seeds);
    next += sweep.seeds;
    const SeedFigures figures = seed_figures(by_seed);
    table.add(joined(point.values, cells_of(figures)));
    csv += csv_line(joined(point.values, csv_cells(figures)));
  }
  std::string text =
      fmt::format("{}: {}\n{}", sweep.name, outcome_line(runs.size(), points.size()), table.text());
  if (sweep.seeds > 1) text += kConfidence;
  files.write("sweep.csv", csv);
  files.write("sweep.txt", text);
  fmt::print("{}Written to {}; every run is in {}\n", text, files.path().string(), store.file().string());
  print_complaints(runs);
  return exit_code_of(runs);
}

int runs_command(const StoreLine& line) {
  if (!std::filesystem::exists(line.store))
    throw UserError(
        fmt::format("{}: error: there is no such store\n  `moesaic sweep` and `moesaic reproduce` make it; "
                    "or name one with --store",
                    line.store));
  const Store store(line.store);
  if (!line.key.empty()) {
    for (const StoredRun& run : store.list()) {
      if (run.key.rfind(line.key, 0) != 0) continue;
      fmt::print("{}",
                 line.configuration ? store.find(run.key)->configuration : store.find(run.key)->results);
      return kExitOk;
    }
    throw UserError(
        fmt::format("{}: error: no run has a key that begins with {}\n  `moesaic runs` lists them",
                    line.store, line.key));
  }
  const std::vector<std::string> heads{"key",   "status", "experiment", "package",    "model",
                                       "image", "tokens", "layers",     "iterations", "seed"};
  Table table(joined({"key", "image", "model", "package", "tokens", "seed"}, {"outcome", "time", "to bound"}),
              4);
  std::string csv = csv_line(joined(heads, {"makespan_fs", "tokens_per_s", "to_bound", "wall_s", "version"}));
  for (const StoredRun& r : store.list()) {
    table.add({r.key.substr(0, 8), r.label, r.model, r.package, std::to_string(r.tokens),
               std::to_string(r.seed), r.status, time_text(r.makespan_fs),
               fmt::format("{:.2f}", r.distance_to_bound)});
    csv += csv_line({r.key, r.status, r.experiment, r.package, r.model, r.image, std::to_string(r.tokens),
                     std::to_string(r.layers), std::to_string(r.iterations), std::to_string(r.seed),
                     std::to_string(r.makespan_fs), fmt::format("{:.9g}", r.tokens_per_s),
                     fmt::format("{:.9g}", r.distance_to_bound), fmt::format("{:.2f}", r.wall_s), r.version});
  }
  fmt::print("{}", line.csv ? csv : table.text(0));
  return kExitOk;
}

int run_seeds(const std::vector<Chosen>& chosen, const Library& library, std::uint32_t seeds) {
  std::vector<RunRequest> requests;
  for (const Chosen& c : chosen)
    for (const Experiment& experiment : with_seeds(c.experiment, seeds))
      requests.push_back({c.label, experiment});
  const std::vector<StoredRun> runs = run_requests(requests, library, {});
  const Experiment& e = chosen.front().experiment;
  fmt::print("{} on {}, {} tokens, {} layer(s), {} seeds from {}\n", e.model.name, e.package.name,
             count_text(runs.front().tokens), e.workload.layers, seeds, e.run.seed);
  if (!e.workload.routing.trace.empty())
    fmt::print("  the routing is recorded: seeds change gate weights, requests and contents only\n");
  Table table(joined({"image"}, kCellHeads));
  for (std::size_t c = 0; c < chosen.size(); ++c) {
    const auto begin = runs.begin() + static_cast<std::ptrdiff_t>(c * seeds);
    table.add(joined({chosen[c].label}, cells_of(seed_figures({begin, begin + seeds}))));
  }
  fmt::print("{}{}", table.text(), kConfidence);
  print_complaints(runs);
  return exit_code_of(runs);
}

}  // namespace moesaic
