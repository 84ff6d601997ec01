// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/cli.h"

#include <fmt/format.h>

#include "sc_main/cli/command_line.h"
#include "sc_main/cli/experiment_choice.h"
#include "sc_main/cli/fabric_command.h"
#include "sc_main/cli/list_command.h"
#include "sc_main/cli/memory_command.h"
#include "sc_main/cli/new_command.h"
#include "sc_main/cli/reproduce_command.h"
#include "sc_main/cli/run_command.h"
#include "sc_main/cli/sweep_command.h"
#include "sc_main/report/budget.h"
#include "sc_main/run/guard.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

/// What the package takes of its budget, as lines that a reader of the file passes over.
std::string budget_comments(const PackageParams& package) {
  std::string text;
  for (const BudgetItem& b : budget_of(package)) {
    text += fmt::format("# budget: {} {:.2f} {}", b.name, b.all(), b.unit);
    text += b.limit > 0.0
                ? fmt::format(" of {:.2f} {}{}\n", b.limit, b.unit, b.exceeded() ? ": EXCEEDED" : "")
                : std::string("; no limit\n");
  }
  return text;
}

int show_command(const CommandLine& line) {
  const std::vector<Chosen> chosen = choose_experiments(line.overrides, Library::find());
  for (const Chosen& c : chosen) {
    if (&c != &chosen.front()) fmt::print("---\n");
    fmt::print("{}{}", show_experiment(c.experiment), budget_comments(c.experiment.package));
  }
  return kExitOk;
}

int dispatch(const CommandLine& line) {
  switch (line.verb) {
    case Verb::run:
      return run_command(line);
    case Verb::compare:
      return compare_command(line);
    case Verb::show:
      return show_command(line);
    case Verb::list:
      return list_command(line.topic, line.markdown);
    case Verb::schema:
      return schema_command(line.kind);
    case Verb::new_firmware:
      return new_command(line.topic, line.name, line.directory);
    case Verb::memory_bench:
      return memory_bench_command(line.memory_bench);
    case Verb::import_memspec:
      return import_memspec_command(line.memspec);
    case Verb::fabric_bench:
      return fabric_command(line);
    case Verb::sweep:
      return sweep_command(line.store);
    case Verb::runs:
      return runs_command(line.store);
    case Verb::reproduce:
      return reproduce_command(line.store);
    case Verb::none:
      break;
  }
  return kExitOk;
}

}  // namespace

int run_cli(int argc, const char* const* argv) {
  return guarded([&] {
    const CommandLine line = parse_command_line(argc, argv);
    return line.finish ? *line.finish : dispatch(line);
  });
}

}  // namespace moesaic
