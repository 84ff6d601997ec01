// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/command_line.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <iostream>

#include "sc_main/config/problems.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr const char* kAbout =
    "moesaic: a SystemC/TLM-2.0 virtual prototype of a multi-chiplet accelerator for Mixture-of-Experts\n"
    "inference. It runs real firmware on a modelled package and says how long a layer takes, and why.";

constexpr const char* kFooter =
    "Examples:\n"
    "  moesaic run                                       the default experiment\n"
    "  moesaic run --tokens 256 -o prefetch=4            another batch, another option of the image\n"
    "  moesaic compare --firmware ep --firmware ep:prefetch=1\n"
    "                                                    one package under two schedulers\n"
    "  moesaic show --set package.memory.channels=4      the configuration that would run\n"
    "  moesaic list firmware                             what can be chosen\n"
    "  moesaic memory-bench hbm3_6400 --traffic random   what one memory channel gives, alone\n"
    "  moesaic new firmware mine                         a scheduler of your own, to start from\n"
    "\n"
    "Exit codes:\n"
    "  0   done; every check of the run passed\n"
    "  1   the run failed a check: conservation, functional equality, a hardware fault, the firmware gave "
    "up\n"
    "  2   a mistake in the command line or in a file; nothing was simulated\n"
    "  3   the run hung; the report says who waits for whom\n"
    "  70  a bug in moesaic";

void add_overrides(CLI::App& app, Overrides& o) {
  app.add_option("experiment", o.experiment,
                 "a name from platforms/experiments, or a file; default: default");
  app.add_option("--package", o.package, "package: a name from `moesaic list packages`, or a file");
  app.add_option("--model", o.model, "model: a name from `moesaic list models`, or a file");
  app.add_option("--routing", o.routing,
                 "routing: a profile from `moesaic list routing`, or a trace file (all its tokens, unless "
                 "--tokens says)");
  app.add_option("--tokens", o.tokens, "tokens of an iteration")->type_name("N");
  app.add_option("--iterations", o.iterations, "iterations to measure")->type_name("N");
  app.add_option("--layers", o.layers, "layers to run, one after the other")->type_name("N");
  app.add_option("--seed", o.seed, "seed of everything that is generated")->type_name("N");
  app.add_option(
         "--firmware", o.firmware,
         "image: a name from `moesaic list firmware`, or a .so; with options of its own behind a colon; "
         "repeatable: each runs in a process of its own, and the results are compared")
      ->type_name("IMAGE[:KEY=VALUE,...]")
      ->allow_extra_args(false);
  app.add_option("-o,--option", o.options, "option of the image; repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--set", o.sets, "any field of the configuration (`moesaic list fields`); repeatable")
      ->type_name("KEY.PATH=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--functional", o.functional, "carry bytes, compute, and compare with the reference");
  app.add_flag("--oracle", o.oracle, "every core knows the whole routing for free; said in every result");
  app.add_flag("--check-protocol", o.check_protocol, "watch every socket with the protocol checkers");
}

void add_output(CLI::App& app, Output& o) {
  app.add_option("--out", o.folder, "folder of the results (default: results/<experiment>-<image>)");
  app.add_flag("--quiet", o.quiet, "print no summary");
  app.add_flag("--json", o.json, "print results.json instead of the summary");
  CLI::Option* vcd =
      app.add_option("--vcd", o.vcd,
                     "write a waveform, for GTKWave and others (docs/waveform.md); several images write "
                     "one each, with the image's name in the file name");
  vcd->type_name("FILE");
  app.add_option(
         "--vcd-scope", o.vcd_scopes,
         "only signals whose name, or a scope around it, fits (* and ?; `moesaic list signals`); repeatable")
      ->type_name("PATTERN")
      ->allow_extra_args(false)
      ->needs(vcd);
  app.add_option("--vcd-window", o.vcd_window, "only this time, such as 10us..25us")
      ->type_name("FROM..TO")
      ->needs(vcd);
  app.add_option("--timeline", o.timeline, "write a timeline, for Perfetto and chrome://tracing")
      ->type_name("FILE");
  app.add_option("--log", o.log, "write what the firmware logs, up to this level, to firmware.log")
      ->type_name("error|info|debug")
      ->check(CLI::IsMember(log_levels()).description(""));
}

/// The arguments that neither the program nor its subcommand knows, as one message with a remedy.
std::string unexpected(const CLI::App& root, const std::vector<std::string>& args) {
  const auto chosen = root.get_subcommands();
  const CLI::App& app = chosen.empty() ? root : *chosen.front();
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  if (chosen.empty()) {
    for (const CLI::App* sub : root.get_subcommands({})) known.push_back(sub->get_name());
  }
  std::string text;
  for (const std::string& arg : args) {
    const std::string word = arg.substr(0, arg.find('='));
    const std::string near = nearest_word(word, known);
    const bool is_option = word.rfind("-", 0) == 0;
    text += fmt::format("moesaic: {}: unknown {}", word, is_option ? "option" : "argument");
    if (!near.empty()) text += fmt::format("; did you mean \"{}\"?", near);
    text += "\n";
  }
  const std::string verb = chosen.empty() ? "" : app.get_name() + " ";
  return text + fmt::format("  try: moesaic {}--help\n", verb);
}

int finish(const CLI::App& root, const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    return root.exit(error, std::cout, std::cerr);  // --help, --version
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto rest = root.remaining(true);
    std::cerr << unexpected(root, rest);
  } else {
    std::cerr << "moesaic: " << error.what() << "\n  try: moesaic --help\n";
  }
  return kExitUserError;
}

/// A subcommand that says in `line` that it was chosen.
CLI::App* add_verb(CLI::App& app, CommandLine& line, Verb verb, const char* name, const char* help,
                   const char* footer) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->footer(footer);
  sub->callback([&line, verb] { line.verb = verb; });
  return sub;
}

void add_run_verbs(CLI::App& app, CommandLine& line) {
  CLI::App* run = add_verb(app, line, Verb::run, "run", "simulate an experiment and say what it measured",
                           "Example:\n  moesaic run --tokens 64 --set package.chiplet.sram.size_bytes=8MiB");
  add_overrides(*run, line.overrides);
  add_output(*run, line.output);
  run->add_option("--seeds", line.seeds,
                  "run it under N seeds from run.seed on, and say mean and 95 % confidence only")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  CLI::App* compare =
      add_verb(app, line, Verb::compare, "compare", "run one experiment under several images, side by side",
               "Example:\n  moesaic compare --firmware ep --firmware ep:prefetch=1 --tokens 64");
  add_overrides(*compare, line.overrides);
  add_output(*compare, line.output);
  CLI::App* show = add_verb(app, line, Verb::show, "show", "print the effective configuration as YAML",
                            "Example:\n  moesaic show --set package.memory.channels=4");
  add_overrides(*show, line.overrides);
}

void add_store(CLI::App& app, StoreLine& s) {
  app.add_option("--store", s.store, "SQLite file with a row a run")
      ->type_name("FILE")
      ->capture_default_str();
}

void add_jobs(CLI::App& app, StoreLine& s) {
  app.add_option("--jobs", s.jobs, "runs at once (default: as many as there are processors)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""));
}

void add_store_verbs(CLI::App& app, CommandLine& line) {
  StoreLine& s = line.store;
  CLI::App* sweep =
      add_verb(app, line, Verb::sweep, "sweep", "run every combination of some fields' values",
               "What has been run is in the store and is not repeated: a sweep that was cut off goes on.\n"
               "\n"
               "FILE.yaml:\n"
               "  name: bandwidth\n"
               "  experiment: default\n"
               "  axes:\n"
               "    - {key: workload.tokens, values: [16, 64]}\n"
               "    - name: image\n"
               "      variants:\n"
               "        - {name: ep, set: {firmware.image: ep}}\n"
               "        - {name: few_slots, set: {firmware.image: fse_dp, firmware.options.slots: 8}}\n"
               "  seeds: 3\n"
               "\n"
               "Example:\n  moesaic sweep bandwidth.yaml");
  sweep->add_option("file", s.file, "a name from platforms/sweeps, or a file")->required();
  sweep->add_option("--out", s.folder, "folder of sweep.csv and sweep.txt (default: results/<name>)");
  add_store(*sweep, s);
  add_jobs(*sweep, s);
  CLI::App* reproduce = add_verb(
      app, line, Verb::reproduce, "reproduce", "run the evaluation of a paper and put its claims beside it",
      "Runs in parallel and keeps every run: when it is cut off, the next start goes on.\n"
      "Writes tables.md, a CSV file for each part, and index.html, which needs no network.\n"
      "\n"
      "Examples:\n"
      "  moesaic reproduce expert-streaming --quick\n"
      "  nohup moesaic reproduce expert-streaming --out paper &");
  reproduce->add_option("file", s.file, "a name from platforms/reproductions, or a file")->required();
  reproduce->add_flag("--quick", s.quick, "a part of it that takes minutes");
  reproduce->add_option("--out", s.folder, "folder of the tables (default: results/<name>)");
  add_store(*reproduce, s);
  add_jobs(*reproduce, s);
  CLI::App* runs =
      add_verb(app, line, Verb::runs, "runs", "list what is in the store, or print one run of it",
               "Examples:\n  moesaic runs --csv > runs.csv\n  moesaic runs 4f2a91c0 --configuration");
  runs->add_option("key", s.key, "beginning of a run's key: prints its results as JSON");
  runs->add_flag("--configuration", s.configuration, "of that run: its effective configuration as YAML");
  runs->add_flag("--csv", s.csv, "as comma-separated values");
  add_store(*runs, s);
}

void add_list_verbs(CLI::App& app, CommandLine& line) {
  CLI::App* list = add_verb(app, line, Verb::list, "list", "what can be chosen, and what the words mean",
                            "Examples:\n  moesaic list firmware\n  moesaic list metrics");
  list->add_option("topic", line.topic, fmt::format("one of {}", join_alternatives(list_topics())))
      ->required();
  list->add_flag("--markdown", line.markdown, "as it stands in docs/ (metrics, signals)");
  CLI::App* schema =
      add_verb(app, line, Verb::schema, "schema", "print the JSON Schema of a kind of file, for editors",
               "Example:\n  moesaic schema package > package.schema.json");
  schema->add_option("kind", line.kind, fmt::format("one of {}", join_alternatives(schema_kinds())))
      ->required();
}

void add_new_verb(CLI::App& app, CommandLine& line) {
  CLI::App* sub = add_verb(app, line, Verb::new_firmware, "new", "write the skeleton of a firmware image",
                           "Example:\n  moesaic new firmware mine --dir ~/schedulers");
  sub->add_option("kind", line.topic, "firmware")->required();
  sub->add_option("name", line.name, "of the image: lower-case letters, digits and _")->required();
  sub->add_option("--dir", line.directory, "where its folder is made (default: the working directory)")
      ->type_name("DIR");
}

void add_memory_verbs(CLI::App& app, CommandLine& line) {
  CLI::App* bench = add_verb(
      app, line, Verb::memory_bench, "memory-bench",
      "run one channel of a memory alone and say what it gives",
      "Traffic:\n"
      "  a_seq b_rand c1_rand c2_rowhit c3_conflict d_mix e_4K_x1 e_4K_x2 e_4K_x4 e_64K_x1 e_64K_x2 "
      "e_64K_x4\n"
      "            the traces of the reference measurements (docs/validation.md), request for request\n"
      "  stream    consecutive reads\n"
      "  random    reads at random places, aligned to their size\n"
      "  mix:70    consecutive, 70 % reads and 30 % writes at random\n"
      "  FILE.stl  a trace of DRAMSys: lines \"cycle: (bytes) read|write 0xaddress\"\n"
      "\n"
      "Examples:\n"
      "  moesaic memory-bench lpddr5_6400_x16\n"
      "  moesaic memory-bench hbm3_6400 --traffic random --size 4096 --outstanding 16\n"
      "  moesaic memory-bench ddr4_2400 --traffic mix:50 --set controller.write_drain=mixed\n"
      "  moesaic memory-bench hbm2 --traffic c2_rowhit --outstanding 1 --set address_map.bits=M1");
  MemoryBenchLine& b = line.memory_bench;
  bench->add_option("device", b.device, "a name from `moesaic list memories`, or a file")->required();
  bench->add_option("--traffic", b.traffic, "see below (default: a_seq)")->type_name("NAME|FILE.stl");
  bench->add_option("--outstanding", b.outstanding, "requests under way at once (default: saturated)")
      ->type_name("N|saturated");
  bench->add_option("--requests", b.requests, "how many (default: 131072; c1 to c3: 20000; a trace: all)")
      ->type_name("N");
  bench->add_option("--size", b.size, "bytes of a request of stream, random and mix (default: 64)")
      ->type_name("N");
  bench->add_option("--seed", b.seed, "seed of random and mix (default: 1)")->type_name("N");
  bench->add_option("--set", b.sets, "any field of the memory (docs/configuration.md, Memory); repeatable")
      ->type_name("KEY.PATH=VALUE")
      ->allow_extra_args(false);
  bench->add_flag("--json", b.json, "print JSON instead of text");
  CLI::App* import =
      add_verb(app, line, Verb::import_memspec, "import-memspec",
               "print a memspec JSON of DRAMSys as a memory of ours",
               "Example:\n  moesaic import-memspec HBM2.json > platforms/memories/my_hbm2.yaml");
  import->add_option("file", line.memspec, "a file of DRAMSys' configs/memspec")->required();
}

void add_fabric_verb(CLI::App& app, CommandLine& line) {
  CLI::App* sub =
      add_verb(app, line, Verb::fabric_bench, "fabric-bench",
               "run the fabric of a package alone: latency, saturation, latency-load curve",
               "Loads are in flits per die and cycle, latencies in flit cycles, from the creation of a\n"
               "packet to the arrival of its tail, the wait at its source included.\n"
               "Example:\n  moesaic fabric-bench booksim-4x4 --traffic transpose --flits 8");
  FabricBench& b = line.fabric;
  sub->add_option("package", line.overrides.package, "a name from `moesaic list packages`, or a file")
      ->required();
  sub->add_option(
         "--traffic", b.traffic,
         "uniform (the own die included), uniform_others, neighbour (one column and row on), nearest "
         "(one link away), transpose, hotspot, or trace")
      ->capture_default_str();
  sub->add_option("--flits", b.flits, "of a packet")
      ->check(CLI::Range(1, 4096).description(""))
      ->capture_default_str();
  sub->add_option("--load", b.load, "this load only (default: the curve up to saturation)")
      ->check(CLI::Range(0.0001, 1.0).description(""));
  sub->add_option("--cycles", b.cycles, "measured, after a third as many")
      ->check(CLI::Range(300, 100'000'000).description(""))
      ->capture_default_str();
  sub->add_option("--seed", b.seed, "of the traffic")->capture_default_str();
  sub->add_option("--hotspot", b.hotspot, "die of traffic hotspot")->capture_default_str();
  sub->add_option("--hotspot-share", b.hotspot_share, "of the packets that go there")
      ->check(CLI::Range(0.0, 1.0).description(""))
      ->capture_default_str();
  sub->add_option("--trace", b.trace, "CSV with the columns cycle,source,destination,flits")
      ->type_name("FILE");
  sub->add_option("--set", line.overrides.sets,
                  "any field of the configuration, such as package.d2d.stream.depth_flits=16; repeatable")
      ->type_name("KEY.PATH=VALUE")
      ->allow_extra_args(false);
}

}  // namespace

const std::vector<std::string>& list_topics() {
  static const std::vector<std::string> kTopics{"firmware", "models",    "packages", "memories", "routing",
                                                "metrics",  "registers", "fields",   "causes",   "signals"};
  return kTopics;
}

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> kLevels{"error", "info", "debug"};
  return kLevels;
}

const std::vector<std::string>& schema_kinds() {
  static const std::vector<std::string> kKinds{"experiment", "package", "memory", "model", "routing"};
  return kKinds;
}

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app{kAbout, "moesaic"};
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("moesaic ") + MOESAIC_VERSION, "print the version");
  app.require_subcommand(0, 1);
  add_run_verbs(app, line);
  add_list_verbs(app, line);
  add_new_verb(app, line);
  add_memory_verbs(app, line);
  add_fabric_verb(app, line);
  add_store_verbs(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    line.finish = finish(app, error);
    return line;
  }
  if (line.verb == Verb::none) {
    std::cout << app.help();
    line.finish = kExitOk;
  }
  return line;
}

}  // namespace moesaic
