// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "hw/d2d/format.h"
#include "hw/memory/address_decoder.h"
#include "hw/memory/dram_channel.h"
#include "sc_main/config/dramsys_map.h"
#include "sc_main/config/printer.h"
#include "sc_main/config/yaml_reader.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace fs = std::filesystem;

namespace {

constexpr const char* kCommandLine = "command line";

template <class S>
FieldNode whole_tree(S& value) {
  return FieldTree::make(Field{"", "", ""}, value);
}

template <class S>
S load_file(const std::string& name, const Library& library) {
  S value;
  FieldNode tree = whole_tree(value);
  Problems problems;
  Places places;
  YamlReader reader(library, problems, places);
  reader.read_file(library.resolve(name, tree.folder, fs::current_path()), tree, "", {});
  reader.report_missing(tree, "");
  problems.raise_if_any();
  return value;
}

/// A check that the hardware makes itself, when it is built: its message with the place of the key.
template <class Build>
void collect(const Places& places, Problems& problems, const std::string& key, const std::string& prefix,
             Build build) {
  try {
    build();
  } catch (const UserError& error) {
    const std::string text = error.what();
    problems.add(place_of(places, key), text.rfind(prefix, 0) == 0 ? text.substr(prefix.size()) : text);
  }
}

/// An address map that is a file of DRAMSys becomes bit lists, so that what is shown needs no file.
void resolve_address_map(MemoryParams& memory, const std::string& path, const Places& places,
                         Problems& problems) {
  std::string& bits = memory.address_map.bits;
  if (fs::path(bits).extension() != ".json") return;
  collect(places, problems, path + "address_map.bits", "", [&] { bits = read_dramsys_map(bits, memory); });
}

void check_memory(const MemoryParams& memory, const std::string& path, const Places& places,
                  Problems& problems) {
  collect(places, problems, path + "address_map.bits",
          "address_map.bits: ", [&] { DramAddressDecoder(memory.address_map, memory.organisation); });
  const std::string whole = path.empty() ? path : path.substr(0, path.size() - 1);
  if (problems.empty()) collect(places, problems, whole, "memory: ", [&] { DramChannel(memory, 0); });
}

/// Collects the checks that need more than one field.
class Checker {
 public:
  Checker(const Experiment& experiment, Problems& problems) : e_(experiment), problems_(problems) {}

  void check() {
    check_model();
    check_workload();
    check_package();
    for (std::size_t i = 0; i < e_.run.inject.size(); ++i)
      require(e_.run.inject[i].node < e_.package.nodes(), fmt::format("run.inject.{}.node", i),
              e_.run.inject[i].node,
              fmt::format("expected at most {}, the last die of the package", e_.package.nodes() - 1));
    require(e_.run.inject.empty() || e_.run.functional, "run.inject", "a list",
            "set run.functional to true: in timing mode no bytes are carried that could be corrupted");
  }

 private:
  template <class T>
  void require(bool good, const std::string& key, const T& value, const std::string& remedy) {
    if (!good) problems_.add(place_of(e_.places, key), fmt::format("{} is not allowed", value), remedy);
  }

  void check_model() {
    const ModelParams& m = e_.model;
    require(m.top_k <= m.experts, "model.top_k", m.top_k,
            fmt::format("expected at most {}, the model's experts", m.experts));
    require(m.hidden % 8 == 0, "model.hidden", m.hidden, "expected a multiple of 8");
    require(m.heads % m.kv_heads == 0, "model.kv_heads", m.kv_heads,
            fmt::format("expected a divisor of heads, {}", m.heads));
    // Every product is at most 127 * 128; the sum over all columns of a token's experts has to fit an int32.
    const std::uint64_t columns = std::uint64_t{m.top_k + m.shared_experts} * m.expert_width;
    require(columns <= 131'071, "model.expert_width", m.expert_width,
            fmt::format("expected at most {}: with {} experts per token a wider sum overflows int32",
                        131'071 / (m.top_k + m.shared_experts), m.top_k + m.shared_experts));
  }

  void check_workload() {
    const WorkloadParams& w = e_.workload;
    require(w.layers <= e_.model.layers, "workload.layers", w.layers,
            fmt::format("expected at most {}, the layers of model {}", e_.model.layers, e_.model.name));
    const RoutingParams& r = w.routing;
    if (!r.trace.empty()) return;
    require(w.tokens > 0, "workload.tokens", w.tokens,
            "expected at least 1: generated routing has no length of its own");
    require(!r.source.empty(), "workload.routing.source", "an empty text",
            "expected where the figures of the profile come from");
    require(w.trace_layers.empty(), "workload.trace_layers", "a list",
            "expected none: generated routing has no numbered layers");
  }

  void check_package() {
    const PackageParams& p = e_.package;
    require(p.scheduler_node < p.nodes(), "package.scheduler_node", p.scheduler_node,
            fmt::format("expected at most {}, the last die of a package of {}x{}", p.nodes() - 1, p.rows,
                        p.columns));
    const SramParams& sram = p.chiplet.sram;
    const std::uint64_t all_banks = std::uint64_t{sram.banks} * sram.bank_bytes_per_cycle;
    require(
        sram.port_bytes_per_cycle >= sram.bank_bytes_per_cycle && sram.port_bytes_per_cycle <= all_banks,
        "package.chiplet.sram.port_bytes_per_cycle", sram.port_bytes_per_cycle,
        fmt::format("expected from {}, one bank, to {}, all banks", sram.bank_bytes_per_cycle, all_banks));
    const TensorEngineParams& engine = p.chiplet.tensor_engine;
    require(engine.row_quantum_cycles == 0 || engine.dataflow == Dataflow::ideal,
            "package.chiplet.tensor_engine.row_quantum_cycles", engine.row_quantum_cycles,
            "expected 0: only the ideal array has rows of whole quanta");
    for (const std::string& mistake : moesaic::check(p.d2d, p.rows, p.columns)) {
      problems_.add(place_of(e_.places, "package.d2d"), mistake);
    }
    check_memory(p.memory, "package.memory.", e_.places, problems_);
  }

  const Experiment& e_;
  Problems& problems_;
};

}  // namespace

void check_experiment(const Experiment& experiment, Problems& problems) {
  Checker(experiment, problems).check();
}

Experiment load_experiment(const std::string& name, const Library& library,
                           const std::vector<Override>& overrides) {
  Experiment experiment;
  FieldNode tree = whole_tree(experiment);
  Problems problems;
  YamlReader reader(library, problems, experiment.places);
  reader.read_file(library.resolve(name, tree.folder, fs::current_path()), tree, "", {});
  for (const Override& item : overrides) reader.read_override(tree, item.first, item.second, kCommandLine);
  // Its fields have defaults, but an experiment that names no hardware is a mistake.
  const auto package = experiment.places.lower_bound("package");
  if (problems.empty() && (package == experiment.places.end() || package->first.rfind("package", 0) != 0))
    problems.add(place_of(experiment.places, "package"), "missing",
                 "expected " + expectation(*tree.child("package")));
  reader.report_missing(tree, "");
  if (problems.empty())
    resolve_address_map(experiment.package.memory, "package.memory.", experiment.places, problems);
  // With a value missing or wrong, comparing it with others would only repeat the complaint.
  if (problems.empty()) check_experiment(experiment, problems);
  problems.raise_if_any();
  return experiment;
}

Experiment load_experiment(const std::string& name, const std::vector<Override>& overrides) {
  return load_experiment(name, Library::find(), overrides);
}

void set_field(Experiment& experiment, const std::string& key, const std::string& value,
               const Library& library) {
  FieldNode tree = whole_tree(experiment);
  Problems problems;
  YamlReader reader(library, problems, experiment.places);
  reader.read_override(tree, key, value, kCommandLine);
  if (problems.empty())
    resolve_address_map(experiment.package.memory, "package.memory.", experiment.places, problems);
  if (problems.empty()) check_experiment(experiment, problems);
  problems.raise_if_any();
}

void set_field(Experiment& experiment, const std::string& key, const std::string& value) {
  set_field(experiment, key, value, Library::find());
}

MemoryParams load_memory(const std::string& name, const Library& library,
                         const std::vector<Override>& overrides) {
  MemoryParams memory;
  FieldNode tree = whole_tree(memory);
  Problems problems;
  Places places;
  YamlReader reader(library, problems, places);
  reader.read_file(library.resolve(name, tree.folder, fs::current_path()), tree, "", {});
  for (const Override& item : overrides) reader.read_override(tree, item.first, item.second, kCommandLine);
  if (problems.empty()) resolve_address_map(memory, "", places, problems);
  if (problems.empty()) check_memory(memory, "", places, problems);
  problems.raise_if_any();
  return memory;
}

PackageParams load_package(const std::string& name, const Library& library) {
  return load_file<PackageParams>(name, library);
}

ModelParams load_model(const std::string& name, const Library& library) {
  return load_file<ModelParams>(name, library);
}

std::string show_experiment(const Experiment& experiment) {
  Experiment copy = experiment;
  return show_fields(whole_tree(copy));
}

Routing load_routing(const Experiment& experiment, const Library& library) {
  const MatchingModels matching = [&](std::uint32_t top_k, std::uint32_t highest) {
    std::vector<std::string> names;
    for (const std::string& name : library.names("models")) {
      try {
        const ModelParams model = load_model(name, library);
        if (model.top_k == top_k && model.experts > highest) names.push_back(name);
      } catch (const UserError&) {
        // A broken file of another model is not what this message is about.
      }
    }
    return names;
  };
  return make_routing(experiment.model, experiment.workload, experiment.run.seed, matching);
}

Routing load_routing(const Experiment& experiment) {
  return load_routing(experiment, Library::find());
}

std::string experiment_error(const Experiment& experiment, const std::string& key, const std::string& what,
                             const std::string& remedy) {
  Problems problems;
  problems.add(place_of(experiment.places, key), what, remedy);
  try {
    problems.raise();
  } catch (const UserError& error) {
    return error.what();
  }
}

}  // namespace moesaic
