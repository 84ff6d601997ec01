// SPDX-License-Identifier: Apache-2.0
// The user's mistakes in configuration files: collected with their places, reported all at once.
//
// Contract: whoever reads a file adds every mistake it finds and goes on; raise() is called once, when
// everything has been read. The message has the form of a compiler's:
//
//   quad.yaml:41:17: error: memory.channels: 12 is not allowed
//     expected a power of two from 1 to 32
//   1 error; nothing was simulated.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace moesaic {

/// Where a value was given. Line 0: no line is known (command line, a whole file).
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  std::string key;  ///< key path inside that file

  std::string text() const;  ///< "file:line:column"
};

/// Place of every value that a file or the command line has set, by its full key path.
using Places = std::map<std::string, Place>;

/// The place of `path`, or of the nearest enclosing group that has one.
Place place_of(const Places& places, const std::string& path);

class Problems {
 public:
  /// "place: error: place.key: what", and, unless empty, the remedy on a line of its own.
  void add(const Place& place, const std::string& what, const std::string& remedy = "");
  bool empty() const { return problems_.empty(); }
  std::size_t count() const { return problems_.size(); }
  /// Throws a UserError with every problem, file by file in the order of reading, by line inside a file.
  [[noreturn]] void raise() const;
  void raise_if_any() const;

 private:
  struct Problem {
    Place place;
    std::string text;
  };
  std::vector<Problem> problems_;
};

/// The path as messages and results show it: relative to the working directory where it lies below or beside
/// it.
std::string shown_path(const std::filesystem::path& path);

/// The candidate nearest to `word` by edit distance, or "" when none is near enough to be meant.
std::string nearest_word(const std::string& word, const std::vector<std::string>& candidates);

/// "a", "a or b", "a, b or c".
std::string join_alternatives(const std::vector<std::string>& words);

}  // namespace moesaic
