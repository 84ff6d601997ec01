// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

namespace moesaic {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxListLength = 4096;

std::string joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

Place place_at(const YAML::Mark& mark, const std::string& file, const std::string& key) {
  if (mark.is_null()) return {file, 0, 0, key};
  return {file, mark.line + 1, mark.column + 1, key};
}

/// The value as a message shows it.
std::string shown(const YAML::Node& yaml) {
  if (yaml.IsNull()) return "an empty value";
  if (yaml.IsMap()) return "a map";
  if (yaml.IsSequence()) return "a list";
  const std::string& text = yaml.Scalar();
  if (text.empty()) return "an empty text";
  return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

bool names_data(const std::string& name, const FieldNode& node) {
  std::istringstream suffixes(node.data_suffixes);
  for (std::string suffix; suffixes >> suffix;)
    if (name.size() > suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0)
      return true;
  return false;
}

/// Whether a text is a path, by the unit of its field: "path", or "name or path" or "bits or path" and it
/// looks like one.
bool is_path(const std::string& unit, const std::string& text) {
  if (unit == "path") return !text.empty();
  if (unit == "bits or path") return fs::path(text).extension() == ".json";
  return unit == "name or path" &&
         (text.find('/') != std::string::npos || fs::path(text).extension() == ".so");
}

/// Full paths below `node` whose last part is `name`.
void find_deeper(const FieldNode& node, const std::string& path, const std::string& name,
                 std::vector<std::string>& found) {
  for (const FieldNode& child : node.children) {
    const std::string here = joined(path, child.field.name);
    if (!path.empty() && name == child.field.name) found.push_back(here);
    find_deeper(child, here, name, found);
  }
}

/// Whether a field under `node` has no allowed default.
bool incomplete(const FieldNode& node) {
  if (node.kind != FieldNode::Kind::group) return !value_allowed(node);
  return std::any_of(node.children.begin(), node.children.end(), incomplete);
}

/// The text of a file; nothing and a problem when it cannot be read.
std::optional<std::string> text_of(const fs::path& file, const Place& named_at, const std::string& remedy,
                                   Problems& problems) {
  std::error_code ignored;
  const bool regular = fs::is_regular_file(file, ignored);
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (regular && in) text << in.rdbuf();
  if (regular && in && !in.bad()) return text.str();
  const bool exists = fs::exists(file, ignored);
  const std::string what = exists ? "is not a readable file" : "does not exist";
  if (named_at.file.empty())
    problems.add({shown_path(file), 0, 0, ""}, "the file " + what, remedy);
  else
    problems.add(named_at, shown_path(file) + " " + what, remedy);
  return std::nullopt;
}

/// The one map a file consists of; nothing and a problem when it is anything else.
std::optional<YAML::Node> parse_map(const std::string& text, const std::string& file, Problems& problems) {
  const Place whole{file, 1, 1, ""};
  std::vector<YAML::Node> documents;
  try {
    // Without the final newline yaml-cpp 0.7 notices a quote that is never closed; with it, it does not.
    documents = YAML::LoadAll(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
  } catch (const YAML::DeepRecursion&) {
    problems.add(whole, "the file is nested too deeply");
    return std::nullopt;
  } catch (const YAML::Exception& e) {
    problems.add(place_at(e.mark, file, ""), "not YAML: " + e.msg);
    return std::nullopt;
  }
  if (documents.size() == 1 && documents[0].IsMap()) return documents[0];
  std::string what = "the file is not a map";
  if (documents.size() > 1) what = "the file has more than one document";
  if (documents.empty() || documents[0].IsNull()) what = "the file is empty";
  problems.add(whole, what, "expected lines of the form `key: value`");
  return std::nullopt;
}

}  // namespace

YamlReader::Scope YamlReader::Scope::inside(const std::string& name) const {
  return {file, directory, joined(path, name), joined(key, name)};
}

void YamlReader::read_file(const fs::path& file, FieldNode& root, const std::string& path,
                           const Place& named_at) {
  std::error_code ignored;
  const fs::path identity = fs::weakly_canonical(file, ignored);
  if (std::find(open_.begin(), open_.end(), identity) != open_.end()) {
    std::string chain;
    for (const fs::path& open : open_) chain += shown_path(open) + " -> ";
    problems_.add(named_at,
                  shown_path(file) + " is already being read: the files name each other in a circle",
                  chain + shown_path(file));
    broken_.insert(path);
    return;
  }
  const std::string shown_file = shown_path(file);
  const std::optional<std::string> text = text_of(file, named_at, file_remedy(file, root), problems_);
  const std::optional<YAML::Node> map = text ? parse_map(*text, shown_file, problems_) : std::nullopt;
  if (!map) {
    broken_.insert(path);
    return;
  }
  open_.push_back(identity);
  read_group(*map, root, Scope{shown_file, file.parent_path(), path, ""});
  open_.pop_back();
  places_[path] = Place{shown_file, 1, 1, ""};  // after reading, because a base has left its own
}

std::string YamlReader::file_remedy(const fs::path& file, const FieldNode& root) const {
  if (root.folder == nullptr) return "";
  const std::vector<std::string> names = library_.names(root.folder);
  const std::string near = nearest_word(file.stem().string(), names);
  if (!near.empty()) return fmt::format("did you mean \"{}\"?", near);
  return names.empty() ? "" : fmt::format("platforms/{} has {}", root.folder, join_alternatives(names));
}

void YamlReader::read_node(const YAML::Node& yaml, FieldNode& node, const Scope& scope, const Place& place) {
  places_[scope.path] = place;
  switch (node.kind) {
    case FieldNode::Kind::group:
      return read_group_or_file(yaml, node, scope, place);
    case FieldNode::Kind::list:
      if (!yaml.IsSequence()) return refuse(place, shown(yaml), node);
      return read_list(yaml, node, scope);
    case FieldNode::Kind::map:
      if (!yaml.IsMap()) return refuse(place, shown(yaml), node);
      return read_map(yaml, node, scope);
    default:
      if (!yaml.IsScalar()) return refuse(place, shown(yaml), node);
      return read_leaf(yaml.Scalar(), node, scope, place);
  }
}

void YamlReader::read_group_or_file(const YAML::Node& yaml, FieldNode& node, const Scope& scope,
                                    const Place& place) {
  if (yaml.IsMap()) return read_group(yaml, node, scope);
  if (yaml.IsScalar() && node.folder != nullptr) return read_named(yaml.Scalar(), node, scope, place);
  broken_.insert(scope.path);
  refuse(place, shown(yaml), node);
}

void YamlReader::read_named(const std::string& name, FieldNode& node, const Scope& scope,
                            const Place& place) {
  forget(node, scope.path);
  if (node.data_field != nullptr && names_data(name, node)) {
    FieldNode* field = node.child(node.data_field);
    places_[joined(scope.path, node.data_field)] = place;
    read_leaf(name, *field, scope, place);
    return;
  }
  read_file(library_.resolve(name, node.folder, scope.directory), node, scope.path, place);
}

void YamlReader::read_base(const YAML::Node& yaml, FieldNode& node, const Scope& scope, const Place& place) {
  if (yaml.IsScalar()) return read_named(yaml.Scalar(), node, scope, place);
  problems_.add(place, shown(yaml) + " is not allowed",
                fmt::format("expected the name of a file in platforms/{} or a path", node.folder));
}

void YamlReader::forget(FieldNode& node, const std::string& path) {
  node.reset(node.data);
  const std::string below = path.empty() ? "" : path + ".";
  for (auto at = places_.lower_bound(below); at != places_.end() && at->first.rfind(below, 0) == 0;)
    at = places_.erase(at);
}

void YamlReader::read_group(const YAML::Node& yaml, FieldNode& node, const Scope& scope) {
  std::map<std::string, Place> seen;
  std::vector<std::pair<FieldNode*, YAML::Node>> given;
  for (const auto& entry : yaml) {
    if (!entry.first.IsScalar()) {
      problems_.add(place_at(entry.first.Mark(), scope.file, scope.key), "a key is not a name");
      continue;
    }
    const std::string& name = entry.first.Scalar();
    const Place at = place_at(entry.first.Mark(), scope.file, joined(scope.key, name));
    const auto [first, fresh] = seen.emplace(name, at);
    if (!fresh) {
      problems_.add(at, "given twice", fmt::format("first in line {}", first->second.line));
      continue;
    }
    if (name == "base" && node.folder != nullptr) {
      // First of all, so that the other keys of this map override it wherever the line stands.
      read_base(entry.second, node, scope, place_at(entry.second.Mark(), scope.file, at.key));
      continue;
    }
    FieldNode* child = node.child(name);
    if (child == nullptr)
      report_unknown(name, node, at);
    else
      given.emplace_back(child, entry.second);
  }
  for (auto& [child, value] : given) {
    const std::string name = child->field.name;
    // An empty value has no place of its own worth pointing at.
    const Place at =
        value.IsNull() ? seen[name] : place_at(value.Mark(), scope.file, joined(scope.key, name));
    read_node(value, *child, scope.inside(name), at);
  }
}

void YamlReader::read_list(const YAML::Node& yaml, FieldNode& node, const Scope& scope) {
  if (yaml.size() > kMaxListLength) {
    problems_.add(places_[scope.path], fmt::format("a list of {} elements is not allowed", yaml.size()),
                  fmt::format("expected at most {}", kMaxListLength));
    return;
  }
  node.resize(node.data, 0);
  node.resize(node.data, yaml.size());
  for (std::size_t i = 0; i < yaml.size(); ++i) {
    FieldNode element = node.element(node.data, i);
    const Field& field = node.field;
    const bool leaf = element.kind != FieldNode::Kind::group;
    if (leaf) element.field = Field{"", field.unit, "", field.min, field.max, field.power_of_two};
    const Scope inside = scope.inside(std::to_string(i));
    const YAML::Node value = yaml[i];
    read_node(value, element, inside, place_at(value.Mark(), scope.file, inside.key));
  }
}

void YamlReader::read_map(const YAML::Node& yaml, FieldNode& node, const Scope& scope) {
  auto& map = *static_cast<std::map<std::string, std::string>*>(node.data);
  std::set<std::string> seen;
  for (const auto& entry : yaml) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const Scope inside = scope.inside(name);
    const Place at = place_at(entry.first.Mark(), scope.file, inside.key);
    if (name.empty()) {
      problems_.add(at, "a key is not a name");
    } else if (!seen.insert(name).second) {
      problems_.add(at, "given twice");
    } else if (!entry.second.IsScalar()) {
      problems_.add(at, shown(entry.second) + " is not allowed", "expected one value");
    } else {
      map[name] = entry.second.Scalar();
      places_[inside.path] = place_at(entry.second.Mark(), scope.file, inside.key);
    }
  }
}

void YamlReader::read_leaf(const std::string& text, FieldNode& node, const Scope& scope, const Place& place) {
  if (!parses(text, node, scope) || !value_allowed(node)) {
    refuse(place,
           text.empty()       ? "an empty text"
           : text.size() > 60 ? text.substr(0, 57) + "..."
                              : text,
           node);
  }
}

bool YamlReader::parses(const std::string& text, FieldNode& node, const Scope& scope) {
  switch (node.kind) {
    case FieldNode::Kind::toggle:
      if (text != "true" && text != "false") return false;
      node.set(node.data, text == "true" ? 1 : 0);
      return true;
    case FieldNode::Kind::integer: {
      const std::optional<Quantity> quantity = parse_quantity(text, node.field.unit);
      const std::optional<WideInteger> value = quantity ? quantity->whole() : std::nullopt;
      if (!value || *value < node.lowest || *value > node.highest) return false;
      node.set(node.data, *value);
      return true;
    }
    case FieldNode::Kind::real: {
      const std::optional<Quantity> quantity = parse_quantity(text, node.field.unit);
      if (quantity) *static_cast<double*>(node.data) = quantity->real();
      return quantity.has_value();
    }
    case FieldNode::Kind::choice:
      for (const auto& choice : node.choices)
        if (choice.first == text) {
          node.set(node.data, choice.second);
          return true;
        }
      return false;
    case FieldNode::Kind::text: {
      const bool path = is_path(node.field.unit, text);
      *static_cast<std::string*>(node.data) =
          path ? fs::absolute(scope.directory / text).lexically_normal().string() : text;
      return true;
    }
    default:
      return false;
  }
}

void YamlReader::refuse(const Place& place, const std::string& value, const FieldNode& node) {
  std::string remedy = "expected " + expectation(node);
  if (node.kind == FieldNode::Kind::choice) {
    std::vector<std::string> names;
    for (const auto& choice : node.choices) names.push_back(choice.first);
    const std::string near = nearest_word(value, names);
    if (!near.empty()) remedy += fmt::format("; did you mean \"{}\"?", near);
  }
  problems_.add(place, value + " is not allowed", remedy);
}

void YamlReader::report_unknown(const std::string& key, const FieldNode& group, const Place& place) {
  std::vector<std::string> names;
  for (const FieldNode& child : group.children) names.emplace_back(child.field.name);
  std::string near = nearest_word(key, names);
  std::vector<std::string> deeper;
  if (near.empty()) find_deeper(group, "", key, deeper);
  if (deeper.size() == 1) near = deeper[0];
  if (!near.empty())
    problems_.add(place, fmt::format("unknown key; did you mean \"{}\"?", near));
  else
    problems_.add(place, "unknown key", "expected " + join_alternatives(names));
}

void YamlReader::read_override(FieldNode& root, const std::string& path, const std::string& text,
                               const std::string& origin) {
  FieldNode* node = &root;
  FieldNode element;  // of the list last entered
  std::string done;
  std::istringstream parts(path);
  const Place place{origin, 0, 0, path};
  for (std::string name; std::getline(parts, name, '.'); done = joined(done, name)) {
    if (node->kind == FieldNode::Kind::map) {
      (*static_cast<std::map<std::string, std::string>*>(node->data))[path.substr(done.size() + 1)] = text;
      places_[path] = place;
      return;
    }
    if (node->kind == FieldNode::Kind::list) {
      const std::optional<Quantity> index = parse_quantity(name, "");
      const std::size_t size = node->size(node->data);
      const std::optional<WideInteger> whole = index ? index->whole() : std::nullopt;
      if (!whole || *whole < 0 || *whole >= static_cast<WideInteger>(size)) {
        problems_.add(place, fmt::format("{} has no element {}", done, name),
                      fmt::format("it has {} elements, counted from 0", size));
        return;
      }
      element = node->element(node->data, static_cast<std::size_t>(*whole));
      node = &element;
      continue;
    }
    FieldNode* child = node->child(name);
    if (child == nullptr) return report_unknown(name, *node, Place{origin, 0, 0, joined(done, name)});
    node = child;
  }
  if (path.empty()) {
    problems_.add(place, "a key is missing", "expected KEY=VALUE, such as package.rows=3");
    return;
  }
  const Scope scope{origin, fs::current_path(), path, path};
  const bool structured = node->kind == FieldNode::Kind::group || node->kind == FieldNode::Kind::list ||
                          node->kind == FieldNode::Kind::map;
  if (!structured) {
    places_[path] = place;
    return read_leaf(text, *node, scope, place);
  }
  try {
    read_node(YAML::Load(text), *node, scope, place);
  } catch (const YAML::Exception& e) {
    problems_.add(place, "not YAML: " + e.msg);
  }
}

void YamlReader::report_missing(const FieldNode& root, const std::string& path) {
  if (broken_.count(path) != 0) return;
  for (const FieldNode& node : root.children) {
    const std::string here = joined(path, node.field.name);
    if (node.kind == FieldNode::Kind::group) {
      const auto below = places_.lower_bound(here);
      const bool untouched = below == places_.end() || below->first.compare(0, here.size(), here) != 0;
      if (node.folder != nullptr && untouched && incomplete(node))
        problems_.add(place_of(places_, here), "missing", "expected " + expectation(node));
      else
        report_missing(node, here);
    } else if (node.kind == FieldNode::Kind::list) {
      for (std::size_t i = 0; i < node.size(node.data); ++i)
        report_missing(node.element(node.data, i), joined(here, std::to_string(i)));
    } else if (!value_allowed(node) && places_.count(here) == 0) {
      problems_.add(place_of(places_, here), "missing", "expected " + expectation(node));
    }
  }
}

}  // namespace moesaic
