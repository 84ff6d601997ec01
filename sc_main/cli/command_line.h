// SPDX-License-Identifier: Apache-2.0
// What the user typed, as plain data. Knows words and options, nothing of experiments or simulations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moesaic {

enum class Verb : std::uint8_t {
  none,
  run,
  compare,
  show,
  list,
  schema,
  new_firmware,
  memory_bench,
  import_memspec,
  fabric_bench,
  sweep,
  runs,
  reproduce
};

/// What changes an experiment file on the command line; absent values leave the file's.
struct Overrides {
  std::string experiment;  ///< empty: platforms/experiments/default.yaml
  std::string package, model, routing;
  std::string tokens, iterations, layers, seed;  ///< as typed; the configuration checks them
  std::vector<std::string> firmware;             ///< images: "NAME", "path.so", or "NAME:key=value,key=value"
  std::vector<std::string> options;              ///< "key=value", options of the image
  std::vector<std::string> sets;                 ///< "key.path=value", fields of the configuration
  bool functional = false;
  bool oracle = false;
  bool check_protocol = false;
};

struct Output {
  std::string folder;  ///< empty: results/<experiment>-<image>
  bool quiet = false;
  bool json = false;
  std::string vcd;                      ///< file of the waveform; empty: none
  std::vector<std::string> vcd_scopes;  ///< patterns of hierarchical names; empty: everything
  std::string vcd_window;               ///< "FROM..TO"; empty: the whole run
  std::string timeline;                 ///< file of the timeline; empty: none
  std::string log;  ///< keep the firmware's log up to this level: error, info, debug; empty: none
};

/// Of `memory-bench`; numbers as typed.
struct MemoryBenchLine {
  std::string device;
  std::string traffic = "a_seq";
  std::string outstanding = "saturated";
  std::string requests, size, seed;  ///< empty: as the traffic has it
  std::vector<std::string> sets;     ///< "key.path=value", fields of the memory
  bool json = false;
};

/// Of `fabric-bench`.
struct FabricBench {
  std::string traffic = "uniform";
  std::uint32_t flits = 8;
  double load = 0;  ///< 0: the whole curve
  std::uint64_t seed = 1;
  std::uint64_t cycles = 30'000;
  unsigned hotspot = 0;
  double hotspot_share = 0.2;
  std::string trace;
};

/// Of `sweep`, `runs` and `reproduce`.
struct StoreLine {
  std::string file;  ///< of the sweep; what is reproduced
  std::string folder;
  std::string store = "results/moesaic.db";
  unsigned jobs = 0;  ///< runs at once; 0: processors
  bool quick = false;
  bool csv = false;
  std::string key;             ///< one run
  bool configuration = false;  ///< of it, instead of its results
};

struct CommandLine {
  Verb verb = Verb::none;
  Overrides overrides;
  Output output;
  std::string topic;      ///< of `list`, `new`
  bool markdown = false;  ///< of `list`: as in docs/
  std::string kind;       ///< of `schema`
  std::string name;       ///< of `new firmware`
  std::string directory;  ///< of `new firmware`: where its folder is made
  MemoryBenchLine memory_bench;
  FabricBench fabric;
  StoreLine store;
  std::uint32_t seeds = 1;    ///< of `run`
  std::string memspec;        ///< of `import-memspec`: its file
  std::optional<int> finish;  ///< set when there is nothing left to do: the exit code
};

/// Parses; prints help, version or the user's mistake by itself and then sets `finish`.
CommandLine parse_command_line(int argc, const char* const* argv);

/// The names `moesaic list` knows.
const std::vector<std::string>& list_topics();
/// The levels `--log` knows, gravest first.
const std::vector<std::string>& log_levels();
/// The kinds `moesaic schema` knows.
const std::vector<std::string>& schema_kinds();

}  // namespace moesaic
