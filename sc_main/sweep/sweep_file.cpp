// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/sweep_file.h"

#include <fmt/format.h>

#include "sc_main/config/yaml_reader.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

/// One value of an axis.
struct Step {
  std::string name;
  std::vector<Override> overrides;
};

std::vector<Step> steps_of(const AxisParams& axis) {
  std::vector<Step> steps;
  for (const std::string& value : axis.values) steps.push_back({value, {{axis.key, value}}});
  for (const VariantParams& variant : axis.variants)
    steps.push_back({variant.name, {variant.set.begin(), variant.set.end()}});
  return steps;
}

}  // namespace

void check_axis(const AxisParams& axis, const Place& place, Problems& problems) {
  if (!axis.complete())
    problems.add(place, "the axis is not complete", "expected key and values, or name and variants");
}

SweepParams load_sweep(const std::string& file, const Library& library) {
  SweepParams sweep;
  FieldNode tree = FieldTree::make(Field{"", "", ""}, sweep);
  Problems problems;
  Places places;
  YamlReader reader(library, problems, places);
  reader.read_file(library.resolve(file, tree.folder, std::filesystem::current_path()), tree, "", {});
  reader.report_missing(tree, "");
  for (std::size_t i = 0; problems.empty() && i < sweep.axes.size(); ++i)
    check_axis(sweep.axes[i], place_of(places, fmt::format("axes.{}", i)), problems);
  problems.raise_if_any();
  return sweep;
}

std::vector<Experiment> with_seeds(const Experiment& experiment, std::uint32_t seeds) {
  std::vector<Experiment> all(seeds, experiment);
  for (std::uint32_t s = 0; s < seeds; ++s) all[s].run.seed += s;
  return all;
}

std::vector<SweepPoint> expand_sweep(const SweepParams& sweep, const Library& library) {
  std::vector<std::vector<Step>> axes;
  std::size_t count = 1;
  for (const AxisParams& axis : sweep.axes) {
    axes.push_back(steps_of(axis));
    count *= axes.back().size();
  }
  std::vector<SweepPoint> points;
  for (std::size_t n = 0; n < count; ++n) {
    SweepPoint point;
    std::vector<Override> overrides(sweep.set.begin(), sweep.set.end());
    std::string where;
    std::size_t rest = n, block = count;
    for (std::size_t a = 0; a < axes.size(); ++a) {
      block /= axes[a].size();
      const Step& step = axes[a][rest / block];
      rest %= block;
      point.values.push_back(step.name);
      overrides.insert(overrides.end(), step.overrides.begin(), step.overrides.end());
      where += fmt::format("{}{}={}", where.empty() ? "" : ", ", sweep.axes[a].title(), step.name);
    }
    try {
      point.by_seed = with_seeds(load_experiment(sweep.experiment, library, overrides), sweep.seeds);
    } catch (const UserError& error) {
      throw UserError(fmt::format("sweep {}, at {}:\n{}", sweep.name, where, error.what()));
    }
    points.push_back(std::move(point));
  }
  return points;
}

}  // namespace moesaic
