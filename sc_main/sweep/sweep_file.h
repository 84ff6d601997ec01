// SPDX-License-Identifier: Apache-2.0
// A sweep: one experiment, and axes over any fields of its configuration. Every combination of the axes'
// values is a point; where there are several seeds, a point has a run for each.
//
//   name: bandwidth
//   experiment: default
//   axes:
//     - key: workload.tokens
//       values: [16, 64]
//     - name: image
//       variants:
//         - {name: ep, set: {firmware.image: ep}}
//         - {name: fse_dp, set: {firmware.image: fse_dp, firmware.options.slots: 8}}
//   seeds: 3
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sc_main/config/experiment.h"
#include "sc_main/config/problems.h"
#include "sc_main/sweep/runner.h"
#include "tlm/field.h"

namespace moesaic {

struct VariantParams {
  std::string name;
  std::map<std::string, std::string> set;
};

template <class V>
void describe_fields(V& v, VariantParams& p) {
  v(Field{"name", "", "what tables call it", 1}, p.name);
  v(Field{"set", "", "fields of the experiment and their values"}, p.set);
}

struct AxisParams {
  std::string name, key;
  std::vector<std::string> values;
  std::vector<VariantParams> variants;

  const std::string& title() const { return name.empty() ? key : name; }
  /// Has values of a key, or variants under a name.
  bool complete() const {
    const bool by_key = !key.empty() && !values.empty(), by_name = !name.empty() && !variants.empty();
    return by_key != by_name && values.empty() != variants.empty();
  }
};

template <class V>
void describe_fields(V& v, AxisParams& p) {
  v(Field{"name", "", "what tables call the axis; empty: its key"}, p.name);
  v(Field{"key", "", "field of the experiment that takes `values`"}, p.key);
  v(Field{"values", "", "of that field"}, p.values);
  v(Field{"variants", "", "instead of key and values: named sets of fields"}, p.variants);
}

struct SweepParams {
  std::string name;
  std::string experiment = "default";
  std::map<std::string, std::string> set;
  std::vector<AxisParams> axes;
  std::uint32_t seeds = 1;
};

template <class V>
void describe_fields(V& v, SweepParams& p) {
  v(Field{"name", "", "of the sweep, and of the folder of its results", 1}, p.name);
  v(Field{"experiment", "", "a name from platforms/experiments, or a file", 1}, p.experiment);
  v(Field{"set", "", "fields of the experiment and their values, in all runs"}, p.set);
  v(Field{"axes", "", "what is varied; the last one varies fastest"}, p.axes);
  v(Field{"seeds", "count", "runs of each point, with seeds run.seed, run.seed + 1, ...", 1, 1000}, p.seeds);
}

template <>
struct FileKind<SweepParams> {
  static constexpr const char* folder = "sweeps";
  static constexpr const char* data_field = nullptr;
  static constexpr const char* data_suffixes = "";
};

/// Complains about an axis that is not complete.
void check_axis(const AxisParams& axis, const Place& place, Problems& problems);

/// `file`: a name from platforms/sweeps, or a path. Throws a UserError that lists all mistakes.
SweepParams load_sweep(const std::string& file, const Library& library);

struct SweepPoint {
  std::vector<std::string> values;  ///< of each axis, as tables show them
  std::vector<Experiment> by_seed;
};

/// Every point with its experiments checked. Throws a UserError that names the point.
std::vector<SweepPoint> expand_sweep(const SweepParams& sweep, const Library& library);

/// An experiment once for each of `seeds`, beginning with its own seed.
std::vector<Experiment> with_seeds(const Experiment& experiment, std::uint32_t seeds);

}  // namespace moesaic
