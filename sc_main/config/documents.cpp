// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/documents.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "sc_main/config/experiment.h"
#include "sc_main/config/field_tree.h"
#include "sc_main/config/problems.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

using Json = nlohmann::ordered_json;

bool required(const FieldNode& node) {
  const bool leaf = node.kind != FieldNode::Kind::group && node.kind != FieldNode::Kind::list &&
                    node.kind != FieldNode::Kind::map;
  return leaf && !value_allowed(node);
}

std::string sentence(const FieldNode& node) {
  const std::string unit = node.field.unit;
  const bool shows_unit = !unit.empty() && unit != "count" && unit != "path";
  return std::string(node.field.help) + (shows_unit ? " [" + unit + "]" : "");
}

// --- JSON Schema

Json schema_of(const FieldNode& node, bool top);

Json group_schema(const FieldNode& node, bool top) {
  Json map;
  map["type"] = "object";
  map["additionalProperties"] = false;
  Json properties = Json::object();
  if (node.folder != nullptr) {
    properties["base"]["type"] = "string";
    properties["base"]["description"] =
        fmt::format("file of platforms/{} whose values hold where this map gives none", node.folder);
  }
  for (const FieldNode& child : node.children) properties[child.field.name] = schema_of(child, false);
  map["properties"] = std::move(properties);
  if (node.folder == nullptr || top) return map;
  Json either;
  either["anyOf"] = Json::array({Json{{"type", "string"}}, std::move(map)});
  return either;
}

Json number_schema(const FieldNode& node) {
  Json plain;
  plain["type"] = node.kind == FieldNode::Kind::integer ? "integer" : "number";
  // Integers are written as such: an editor shows 65536, not 65536.0.
  const auto bound = [&](double value) {
    return node.kind == FieldNode::Kind::integer ? Json(static_cast<std::int64_t>(value)) : Json(value);
  };
  plain["minimum"] = bound(node.field.min);
  if (std::isfinite(node.field.max)) plain["maximum"] = bound(node.field.max);
  if (unit_suffixes(node.field.unit).empty()) return plain;
  Json either;
  either["anyOf"] = Json::array({plain, Json{{"type", "string"}, {"pattern", "^[0-9.]+ ?[A-Za-z/]+$"}}});
  return either;
}

Json schema_of(const FieldNode& node, bool top) {
  Json json;
  switch (node.kind) {
    case FieldNode::Kind::group:
      json = group_schema(node, top);
      break;
    case FieldNode::Kind::toggle:
      json["type"] = "boolean";
      break;
    case FieldNode::Kind::integer:
    case FieldNode::Kind::real:
      json = number_schema(node);
      break;
    case FieldNode::Kind::text:
      json["type"] = "string";
      break;
    case FieldNode::Kind::choice:
      for (const auto& choice : node.choices) json["enum"].push_back(choice.first);
      break;
    case FieldNode::Kind::list:
      json["type"] = "array";
      json["items"] = schema_of(node.prototype(), false);
      break;
    case FieldNode::Kind::map:
      json["type"] = "object";
      json["additionalProperties"]["type"] = Json::array({"string", "number", "boolean"});
      break;
  }
  if (!top && std::string(node.field.help) != "") json["description"] = sentence(node);
  return json;
}

// --- Markdown

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

std::string allowed(const FieldNode& node) {
  const std::string unit = node.field.unit;
  switch (node.kind) {
    case FieldNode::Kind::integer:
    case FieldNode::Kind::real: {
      const auto bound = [&](double value) {
        return node.kind == FieldNode::Kind::real ? format_quantity(value, unit)
                                                  : format_quantity(static_cast<WideInteger>(value), unit);
      };
      const std::string high = std::isfinite(node.field.max) ? " to " + bound(node.field.max) : " or more";
      return bound(node.field.min) + high + (node.field.power_of_two ? ", power of two" : "");
    }
    case FieldNode::Kind::list:
      return node.prototype().kind == FieldNode::Kind::group ? "list of maps"
                                                             : "list; each " + allowed(node.prototype());
    default:
      return expectation(node);
  }
}

void add_rows(const FieldNode& group, const std::string& prefix, std::string& text) {
  for (const FieldNode& node : group.children) {
    const std::string key = prefix + node.field.name;
    const std::string unit = std::string(node.field.unit) == "path" ? "" : node.field.unit;
    if (node.kind == FieldNode::Kind::group && node.folder != nullptr) {
      text += fmt::format("| `{}` | | | file of `platforms/{}`, or a map | {} |\n", key, node.folder,
                          escaped(node.field.help));
    } else if (node.kind == FieldNode::Kind::group) {
      add_rows(node, key + ".", text);
    } else {
      const bool scalar = node.kind != FieldNode::Kind::list && node.kind != FieldNode::Kind::map;
      const std::string initial = !scalar || value_text(node) == "\"\"" ? "" : "`" + value_text(node) + "`";
      text += fmt::format("| `{}` | {} | {} | {} | {} |\n", key, unit,
                          required(node) ? "must be given" : escaped(initial), escaped(allowed(node)),
                          escaped(node.field.help));
      if (!scalar && node.kind == FieldNode::Kind::list && node.prototype().kind == FieldNode::Kind::group)
        add_rows(node.prototype(), key + ".N.", text);
    }
  }
}

std::string section(const std::string& title, const FieldNode& tree) {
  std::string text = fmt::format("\n## {}\n\nFiles in `platforms/{}`.\n\n", title, tree.folder);
  text += "| key | unit | default | allowed | meaning |\n|---|---|---|---|---|\n";
  add_rows(tree, "", text);
  return text;
}

std::string schema_path(const std::string& kind) {
  return fmt::format("platforms/schema/{}.json", kind);
}

constexpr const char* kIntroduction = R"(# Configuration reference

This page is generated from the field declarations in the code (a test compares both); do not edit it.

An experiment names a package, a model and a routing profile or trace; a package names a memory. A bare name is
looked up in `platforms/<folder>/<name>.yaml`; anything with a slash or a suffix is a path, relative to the file
that names it. Instead of a name a map with the fields may stand. A map, and any such file, may begin with
`base: NAME` and then give only what differs.

Numbers may carry a suffix of their unit's kind: `3.25 MiB`, `800 MHz`, `4.02 ns`. Sizes: B, kB, KiB, MB, MiB,
GB, GiB, TB, TiB (kB is 1000 bytes, KiB is 1024). A number without a suffix is in the unit of its column.

Every key can be set on the command line by its dotted path: `--set package.rows=3`,
`--set workload.routing=trace.csv`, `--set firmware.options.depth=2`.
)";

}  // namespace

std::string json_schema(const std::string& kind) {
  std::vector<std::string> known;
  const std::string path = schema_path(kind);
  for (const GeneratedFile& file : configuration_documents()) {
    if (file.path == path) return file.text;
    const std::filesystem::path name(file.path);
    if (name.extension() == ".json") known.push_back(name.stem().string());
  }
  throw UserError(kind + ": error: unknown kind of file\n  expected " + join_alternatives(known));
}

std::vector<GeneratedFile> configuration_documents() {
  // The defaults of the structs, at fixed addresses that the trees point to.
  Experiment experiment;
  PackageParams package;
  MemoryParams memory;
  ModelParams model;
  RoutingParams routing;
  const Field none{"", "", ""};
  std::vector<GeneratedFile> files;
  std::string reference = kIntroduction;
  const auto add = [&](const std::string& kind, const std::string& title, const FieldNode& tree) {
    Json schema;
    schema["$schema"] = "http://json-schema.org/draft-07/schema#";
    schema["title"] = "moesaic " + kind;
    schema.update(schema_of(tree, true));
    files.push_back({schema_path(kind), schema.dump(1) + "\n"});
    reference += section(title, tree);
  };
  add("experiment", "Experiment", FieldTree::make(none, experiment));
  add("package", "Package", FieldTree::make(none, package));
  add("memory", "Memory", FieldTree::make(none, memory));
  add("model", "Model", FieldTree::make(none, model));
  add("routing", "Routing profile", FieldTree::make(none, routing));
  files.push_back({"docs/configuration.md", reference});
  return files;
}

}  // namespace moesaic
