// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <sstream>

#include "sc_main/cli/record_choice.h"
#include "sc_main/cli/sweep_command.h"
#include "sc_main/report/html.h"
#include "sc_main/report/output_folder.h"
#include "sc_main/report/report.h"
#include "sc_main/report/summary.h"
#include "sc_main/report/units.h"
#include "sc_main/run/simulate.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

moesaic_log_level log_level_of(const std::string& level) {
  const auto found = std::find(log_levels().begin(), log_levels().end(), level);
  return static_cast<moesaic_log_level>(found - log_levels().begin());
}

/// Wall time goes to stderr only: it differs between equal runs.
void print_speed(const RunResult& result, double wall_s) {
  std::fflush(stdout);  // in order, where both go to one file
  fmt::print(stderr, "moesaic: simulated {} in {:.2f} s ({:.2f} M events/s)\n", time_text(result.makespan),
             wall_s, wall_s > 0.0 ? static_cast<double>(result.wheel_events) / wall_s / 1e6 : 0.0);
}

void print_failure(const RunResult& result) {
  fmt::print(stderr, "moesaic: the run failed\n");
  for (const std::string& message : result.messages) fmt::print(stderr, "  {}\n", message);
}

/// To stderr, beside the speed: the results do not depend on what was recorded.
void print_recorded(const RecordOptions& record, const RunResult& result) {
  if (record.vcd) {
    fmt::print(stderr, "moesaic: waveform in {0}; open it with: gtkwave {0}.gtkw\n",
               record.vcd->file.string());
    if (record.vcd->from >= result.makespan) {
      fmt::print(stderr, "moesaic: nothing happens in it: the window begins at {}, the run ended at {}\n",
                 format_time(record.vcd->from), format_time(result.makespan));
    }
  }
  if (!record.timeline.empty()) {
    fmt::print(stderr, "moesaic: timeline in {}; open it at https://ui.perfetto.dev\n",
               record.timeline.string());
  }
}

std::filesystem::path folder_of(const Output& output, const std::string& experiment,
                                const std::string& tail) {
  if (!output.folder.empty()) return output.folder;
  return std::filesystem::path("results") / folder_name(experiment + "-" + tail);
}

}  // namespace

int run_one(const Experiment& experiment, const Library& library, const std::filesystem::path& folder,
            const Output& output) {
  // 1. Simulate; nothing is written before this has succeeded.
  const OutputFolder files(folder);
  const RecordOptions record = record_options(output);
  std::optional<Recorder> recorder;
  if (record.any()) recorder.emplace(record);
  const Routing routing = load_routing(experiment, library);
  std::ostringstream log;
  SimulateOptions options;
  if (recorder) options.trace = &*recorder;
  if (!output.log.empty()) options.log = &log;
  if (!output.log.empty()) options.log_level = log_level_of(output.log);
  const auto begin = std::chrono::steady_clock::now();
  const RunResult result = simulate(experiment, routing, options);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  // 2. Report.
  const Report report = make_report({experiment.name, experiment.package, experiment.model, routing, result,
                                     experiment.run.functional, experiment.run.seed, experiment.workload});
  const std::string json = results_json(report, flat_configuration(experiment));
  files.write("results.json", json);
  files.write("summary.txt", summary_text(report));
  files.write("report.html", html_report(report));
  files.write("experiment.yaml", show_experiment(experiment));
  if (!output.log.empty()) files.write("firmware.log", log.str());
  if (recorder) recorder->write(result);
  // 3. Print.
  if (output.json) {
    fmt::print("{}", json);
  } else if (!output.quiet) {
    fmt::print("{}", summary_text(report, {wants_colours(STDOUT_FILENO), folder.string()}));
  }
  if (!output.quiet) print_speed(result, wall.count());
  if (!output.quiet) print_recorded(record, result);
  // The summary says it too.
  if (result.outcome != Outcome::ok && (output.quiet || output.json)) print_failure(result);
  return exit_code_of(result.outcome);
}

int run_command(const CommandLine& line) {
  const Library library = Library::find();
  const std::vector<Chosen> chosen = choose_runs(line.overrides, library);
  const Chosen& first = chosen.front();
  if (line.seeds > 1) return run_seeds(chosen, library, line.seeds);
  if (chosen.size() == 1)
    return run_one(first.experiment, library, folder_of(line.output, first.experiment.name, first.label),
                   line.output);
  return run_several(chosen, library, folder_of(line.output, first.experiment.name, "compare"), line.output);
}

int compare_command(const CommandLine& line) {
  const Library library = Library::find();
  const std::vector<Chosen> chosen = choose_runs(line.overrides, library);
  const Experiment& first = chosen.front().experiment;
  if (chosen.size() == 1 && line.overrides.firmware.empty()) {
    throw UserError(
        "command line: error: compare: no image is named\n  expected --firmware NAME, once for each image "
        "(`moesaic list firmware`), or an experiment with firmware.compare_with");
  }
  return run_several(chosen, library, folder_of(line.output, first.name, "compare"), line.output);
}

}  // namespace moesaic
