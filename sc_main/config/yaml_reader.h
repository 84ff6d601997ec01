// SPDX-License-Identifier: Apache-2.0
// YAML to structs: fills the members behind a FieldNode tree and collects every mistake with its place.
//
// Contract: unknown and duplicate keys, wrong types, wrong units and values outside the declared range are
// problems; reading goes on after each of them. Keys that a file does not give keep the member's value. Where
// a struct with files of its own is expected (FileKind), the value may be the name of a file, or a map. A
// name replaces everything the struct held before; a map changes what it gives. A map, and any such file, may
// say `base: NAME` to start from another file.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "sc_main/config/field_tree.h"
#include "sc_main/config/library.h"
#include "sc_main/config/problems.h"

namespace YAML {
class Node;
}

namespace moesaic {

class YamlReader {
 public:
  /// REQUIRES: all three outlive the reader.
  YamlReader(const Library& library, Problems& problems, Places& places)
      : library_(library), problems_(problems), places_(places) {}

  /// Reads one file whose top level is `root`. `path` is the root's full key path ("" for the whole).
  /// `named_at` is where the file was named; its `file` is empty when the user named it directly.
  void read_file(const std::filesystem::path& file, FieldNode& root, const std::string& path,
                 const Place& named_at);

  /// Sets the field at a dotted path ("package.rows", "run.inject.0.bit") from text, as a command line does.
  /// Relative paths in `text` are relative to the working directory.
  void read_override(FieldNode& root, const std::string& path, const std::string& text,
                     const std::string& origin);

  /// Reports the fields under `root` that have no allowed default and were not given.
  void report_missing(const FieldNode& root, const std::string& path);

 private:
  struct Scope {
    std::string file;  ///< as shown
    std::filesystem::path directory;
    std::string path;  ///< full key path of the node that is read
    std::string key;   ///< the same inside the file

    Scope inside(const std::string& name) const;
  };

  void read_node(const YAML::Node& yaml, FieldNode& node, const Scope& scope, const Place& place);
  void read_group(const YAML::Node& yaml, FieldNode& node, const Scope& scope);
  void read_group_or_file(const YAML::Node& yaml, FieldNode& node, const Scope& scope, const Place& place);
  void read_named(const std::string& name, FieldNode& node, const Scope& scope, const Place& place);
  void read_base(const YAML::Node& yaml, FieldNode& node, const Scope& scope, const Place& place);
  std::string file_remedy(const std::filesystem::path& file, const FieldNode& root) const;
  void forget(FieldNode& node, const std::string& path);
  void read_list(const YAML::Node& yaml, FieldNode& node, const Scope& scope);
  void read_map(const YAML::Node& yaml, FieldNode& node, const Scope& scope);
  void read_leaf(const std::string& text, FieldNode& node, const Scope& scope, const Place& place);
  void refuse(const Place& place, const std::string& value, const FieldNode& node);
  bool parses(const std::string& text, FieldNode& node, const Scope& scope);
  void report_unknown(const std::string& key, const FieldNode& group, const Place& place);

  const Library& library_;
  Problems& problems_;
  Places& places_;
  std::vector<std::filesystem::path> open_;  // files being read, outermost first
  std::set<std::string> broken_;             // paths whose file could not be read
};

}  // namespace moesaic
