// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/reproduce_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "sc_main/cli/experiment_choice.h"
#include "sc_main/report/output_folder.h"
#include "sc_main/sweep/reproduction_page.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

std::vector<RunRequest> requests_of(const std::vector<PartResult>& parts) {
  std::vector<RunRequest> requests;
  for (const PartResult& part : parts) {
    for (std::size_t i = 0; i < part.cells.size(); ++i) {
      const std::string& column = part.columns[i % part.columns.size()];
      for (const Experiment& experiment : part.cells[i])
        requests.push_back({fmt::format("{}: {}, {}", part.part.name,
                                        fmt::join(part.rows[i / part.columns.size()], ", "), column),
                            experiment});
    }
  }
  return requests;
}

/// In the order of the requests.
void take_results(std::vector<PartResult>& parts, const std::vector<StoredRun>& runs) {
  auto next = runs.begin();
  for (PartResult& part : parts) {
    for (const std::vector<Experiment>& cell : part.cells) {
      const auto end = next + static_cast<std::ptrdiff_t>(cell.size());
      part.figures.push_back(seed_figures({next, end}));
      next = end;
    }
  }
}

}  // namespace

int reproduce_command(const StoreLine& line) {
  // 1. What is to run.
  const Library library = Library::find();
  const ReproductionParams reproduction = load_reproduction(line.file, library);
  std::vector<PartResult> parts = expand_reproduction(reproduction, line.quick, library);
  const std::string name = reproduction.name + (line.quick ? "-quick" : "");
  const OutputFolder files(line.folder.empty() ? std::filesystem::path("results") / folder_name(name)
                                               : std::filesystem::path(line.folder));
  Store store(line.store);
  // 2. Run what the store does not have.
  const std::vector<StoredRun> runs = run_requests(requests_of(parts), library, {&store, line.jobs});
  take_results(parts, runs);
  // 3. Tables, CSV, page.
  const std::string command = fmt::format("moesaic reproduce {}{}", line.file, line.quick ? " --quick" : "");
  const std::string text = reproduction_markdown(reproduction, parts);
  files.write("tables.md", text);
  for (const PartResult& part : parts) files.write(folder_name(part.part.name) + ".csv", part_csv(part));
  files.write("index.html", reproduction_html(reproduction, parts, command));
  fmt::print("{}\nWritten to {}: index.html, tables.md, a CSV file for each part; every run is in {}\n", text,
             files.path().string(), store.file().string());
  // 4. What did not end well.
  std::fflush(stdout);
  std::vector<std::string> said;
  for (const StoredRun& run : runs) {
    if (run.status == "ok" || std::find(said.begin(), said.end(), run.said) != said.end()) continue;
    said.push_back(run.said);
    fmt::print(stderr, "{}: {}: {}", run.label, run.status, run.said);
  }
  return exit_code_of(runs);
}

}  // namespace moesaic
