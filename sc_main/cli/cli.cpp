// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/cli.h"

#include <fmt/format.h>

#include "sc_main/cli/command_line.h"
#include "sc_main/cli/experiment_choice.h"
#include "sc_main/cli/fabric_command.h"
#include "sc_main/cli/guard.h"
#include "sc_main/cli/list_command.h"
#include "sc_main/cli/memory_command.h"
#include "sc_main/cli/new_command.h"
#include "sc_main/cli/reproduce_command.h"
#include "sc_main/cli/run_command.h"
#include "sc_main/cli/sweep_command.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

int show_command(const CommandLine& line) {
  const std::vector<Chosen> chosen = choose_experiments(line.overrides, Library::find());
  for (const Chosen& c : chosen) {
    if (&c != &chosen.front()) fmt::print("---\n");
    fmt::print("{}", show_experiment(c.experiment));
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
