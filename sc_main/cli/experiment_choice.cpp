// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/experiment_choice.h"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <sstream>

#include "sc_main/config/field_tree.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

/// "key=value" cut at the first '='.
Override cut(const std::string& option, const std::string& text, const std::string& key_prefix) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UserError(fmt::format("command line: error: {} {}: a value is missing\n  expected {} KEY=VALUE",
                                option, text, option));
  }
  return {key_prefix + text.substr(0, equals), text.substr(equals + 1)};
}

/// Files first, then single values, so that the more specific wins; --set last.
std::vector<Override> common_overrides(const Overrides& o) {
  std::vector<Override> all;
  const auto text = [&all](const char* key, const std::string& value) {
    if (!value.empty()) all.emplace_back(key, value);
  };
  const auto flag = [&all](const char* key, bool value) {
    if (value) all.emplace_back(key, "true");
  };
  text("package", o.package);
  text("model", o.model);
  text("workload.routing", o.routing);
  // Who names a trace means all of it; the experiment's number of tokens was meant for its own routing.
  const std::string suffix = std::filesystem::path(o.routing).extension().string();
  const bool trace = suffix == ".csv" || suffix == ".json";
  text("workload.tokens", trace && o.tokens.empty() ? "0" : o.tokens);
  text("workload.iterations", o.iterations);
  text("workload.layers", o.layers);
  text("run.seed", o.seed);
  flag("run.functional", o.functional);
  flag("run.oracle", o.oracle);
  flag("run.check_protocol", o.check_protocol);
  for (const std::string& set : o.sets) all.push_back(cut("--set", set, ""));
  for (const std::string& option : o.options) all.push_back(cut("-o", option, "firmware.options."));
  return all;
}

/// "NAME:key=value,key=value" as overrides.
std::vector<Override> image_overrides(const std::string& spec) {
  const std::size_t colon = spec.find(':');
  std::vector<Override> all{{"firmware.image", spec.substr(0, colon)}};
  if (colon == std::string::npos) return all;
  std::istringstream rest(spec.substr(colon + 1));
  for (std::string item; std::getline(rest, item, ',');) {
    all.push_back(cut("--firmware", item, "firmware.options."));
  }
  return all;
}

void flatten(const FieldNode& node, const std::string& path, FlatConfiguration& out) {
  switch (node.kind) {
    case FieldNode::Kind::group:
      for (const FieldNode& child : node.children) {
        flatten(child, path.empty() ? child.field.name : path + "." + child.field.name, out);
      }
      return;
    case FieldNode::Kind::map:
      for (const auto& [key, value] : *static_cast<const std::map<std::string, std::string>*>(node.data)) {
        out.emplace_back(path + "." + key, value);
      }
      return;
    case FieldNode::Kind::list:
      for (std::size_t i = 0; i < node.size(node.data); ++i) {
        flatten(node.element(node.data, i), fmt::format("{}.{}", path, i), out);
      }
      return;
    default:
      out.emplace_back(path, value_text(node));
  }
}

}  // namespace

std::vector<Chosen> choose_experiments(const Overrides& o, const Library& library) {
  const std::vector<Override> common = common_overrides(o);
  const std::string name = o.experiment.empty() ? "default" : o.experiment;
  std::vector<Chosen> all;
  for (const std::string& image : o.firmware) {
    std::vector<Override> overrides = common;
    const std::vector<Override> own = image_overrides(image);
    overrides.insert(overrides.end(), own.begin(), own.end());
    all.push_back({image, load_experiment(name, library, overrides)});
  }
  if (all.empty()) {
    Experiment experiment = load_experiment(name, library, common);
    const std::string image = experiment.firmware.image;
    all.push_back({image, std::move(experiment)});
  }
  return all;
}

std::vector<Chosen> choose_runs(const Overrides& o, const Library& library) {
  std::vector<Chosen> all = choose_experiments(o, library);
  std::istringstream others(all.front().experiment.firmware.compare_with);
  for (Chosen& chosen : all) chosen.experiment.firmware.compare_with.clear();
  // Options on the command line are options of the image that the experiment names.
  if (!o.firmware.empty() || !o.options.empty()) return all;
  const Experiment first = all.front().experiment;
  for (std::string image; others >> image;) {
    Experiment experiment = first;
    experiment.firmware.options.clear();
    for (const auto& [key, value] : image_overrides(image)) set_field(experiment, key, value, library);
    all.push_back({image, std::move(experiment)});
  }
  return all;
}

FlatConfiguration flat_configuration(const Experiment& experiment) {
  Experiment copy = experiment;
  FlatConfiguration out;
  flatten(FieldTree::make(Field{"", "", ""}, copy), "", out);
  return out;
}

std::string folder_name(const std::string& text) {
  std::string name;
  // A path of an image stands for its file name.
  const std::size_t slash = text.substr(0, text.find(':')).rfind('/');
  for (const char c : slash == std::string::npos ? text : text.substr(slash + 1)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    name += plain ? c : '-';
  }
  return name;
}

}  // namespace moesaic
