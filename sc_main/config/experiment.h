// SPDX-License-Identifier: Apache-2.0
// One experiment: package, model, workload, firmware and how to run them, validated once at load.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hw/package/params.h"
#include "sc_main/config/field_tree.h"
#include "sc_main/config/library.h"
#include "sc_main/config/problems.h"
#include "sc_main/workload/model.h"
#include "sc_main/workload/routing.h"
#include "sc_main/workload/workload_params.h"
#include "tlm/field.h"

namespace moesaic {

struct FirmwareParams {
  std::string image = "ep";
  std::map<std::string, std::string> options;
  std::string compare_with;
};

template <class V>
void describe_fields(V& v, FirmwareParams& p) {
  v(Field{"image", "name or path", "name of an image, or path of its .so", 1}, p.image);
  v(Field{"options", "", "options of the image, as `moesaic list firmware` lists them"}, p.options);
  v(Field{"compare_with", "",
          "more images, separated by spaces, each as `--firmware` takes it: `run` and `compare` put them "
          "beside this one, unless the command line names images"},
    p.compare_with);
}

enum class InjectKind : std::uint8_t { memory_flip, link_flip, sram_flip, swap_loads };
constexpr std::array<const char*, 4> enum_names(InjectKind) {
  return {"memory_flip", "link_flip", "sram_flip", "swap_loads"};
}

struct InjectParams {
  InjectKind kind = InjectKind::memory_flip;
  std::uint16_t node = 0;
  std::uint64_t nth = 0;
  std::uint32_t byte = 0;
  std::uint8_t bit = 0;
};

template <class V>
void describe_fields(V& v, InjectParams& p) {
  v(Field{"kind", "", "what is corrupted: a bit on one of three ways, or the sources of two loads"}, p.kind);
  v(Field{"node", "", "die where it happens (memory, receiving end of the link, SRAM, DMA engine)", 0, 63},
    p.node);
  v(Field{"nth", "count", "which passing transaction, from 0; swap_loads: this load and the next", 0}, p.nth);
  v(Field{"byte", "", "byte of the transaction, modulo its length", 0}, p.byte);
  v(Field{"bit", "", "bit of the byte", 0, 7}, p.bit);
}

struct RunParams {
  bool functional = false;
  bool oracle = false;
  bool check_protocol = false;
  std::uint64_t seed = 1;
  std::vector<InjectParams> inject;
};

template <class V>
void describe_fields(V& v, RunParams& p) {
  v(Field{"functional", "", "carry the bytes and compare the output with the reference"}, p.functional);
  v(Field{"oracle", "",
          "let firmware see all gate results at once and for nothing; printed with every result"},
    p.oracle);
  v(Field{"check_protocol", "", "check every TLM and D2D transaction against its protocol"},
    p.check_protocol);
  v(Field{"seed", "", "seed of generated routing, gate weights and tensor contents", 0}, p.seed);
  v(Field{"inject", "", "faults to inject, for tests of the functional mode"}, p.inject);
}

struct Experiment {
  std::string name = "unnamed";
  PackageParams package;
  ModelParams model;
  WorkloadParams workload;
  FirmwareParams firmware;
  RunParams run;

  Places places;  ///< where each value was given, by key path; for messages of later checks
};

template <class V>
void describe_fields(V& v, Experiment& p) {
  v(Field{"name", "", "name of the experiment in every output", 1}, p.name);
  v.group("package", "the hardware", p.package);
  v.group("model", "the Mixture-of-Experts model", p.model);
  v.group("workload", "tokens, layers and their routing", p.workload);
  v.group("firmware", "the scheduler under test", p.firmware);
  v.group("run", "how it is run", p.run);
}

template <>
struct FileKind<PackageParams> {
  static constexpr const char* folder = "packages";
  static constexpr const char* data_field = nullptr;
  static constexpr const char* data_suffixes = "";
};
template <>
struct FileKind<MemoryParams> {
  static constexpr const char* folder = "memories";
  static constexpr const char* data_field = nullptr;
  static constexpr const char* data_suffixes = "";
};
template <>
struct FileKind<ModelParams> {
  static constexpr const char* folder = "models";
  static constexpr const char* data_field = nullptr;
  static constexpr const char* data_suffixes = "";
};
template <>
struct FileKind<RoutingParams> {
  static constexpr const char* folder = "routing";
  static constexpr const char* data_field = "trace";
  static constexpr const char* data_suffixes = ".csv .json";
};
template <>
struct FileKind<Experiment> {
  static constexpr const char* folder = "experiments";
  static constexpr const char* data_field = nullptr;
  static constexpr const char* data_suffixes = "";
};

/// "package.rows" = "3", as `--set package.rows=3` gives it.
using Override = std::pair<std::string, std::string>;

/// Reads an experiment (a bare name, or a path relative to the working directory), applies the overrides in
/// order, and checks everything. Throws a UserError that lists all mistakes.
Experiment load_experiment(const std::string& name, const Library& library,
                           const std::vector<Override>& overrides = {});
Experiment load_experiment(const std::string& name, const std::vector<Override>& overrides = {});

/// One more override, checked like the others. Where several belong together (rows and columns with
/// scheduler_node), give them to load_experiment.
void set_field(Experiment& experiment, const std::string& key, const std::string& value,
               const Library& library);
void set_field(Experiment& experiment, const std::string& key, const std::string& value);

/// Checks that need more than one field (what load_experiment calls at its end).
void check_experiment(const Experiment& experiment, Problems& problems);

/// A memory: a name from platforms/memories, or a path; with overrides such as {"controller.page_policy",
/// "closed"}, checked like those of an experiment.
MemoryParams load_memory(const std::string& name, const Library& library,
                         const std::vector<Override>& overrides = {});
PackageParams load_package(const std::string& name, const Library& library);
ModelParams load_model(const std::string& name, const Library& library);

/// The effective configuration as YAML that load_experiment reads back to the same experiment.
std::string show_experiment(const Experiment& experiment);

/// The experiment's routing: its trace, or generated. Remedies name models of the library.
Routing load_routing(const Experiment& experiment, const Library& library);
Routing load_routing(const Experiment& experiment);

/// The message of a mistake that only a later stage can see, with the place where the key was given.
std::string experiment_error(const Experiment& experiment, const std::string& key, const std::string& what,
                             const std::string& remedy);

}  // namespace moesaic
