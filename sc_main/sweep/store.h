// SPDX-License-Identifier: Apache-2.0
// What has been run: one SQLite file, a row a run. Whatever asks for a run that is there gets its row, so
// that work which was cut off goes on where it stopped.
//
// Contract: a row appears whole or not at all (one transaction each). Several processes may use one file. The key
// of a run is made of everything its result depends on (run_key), so that a row is never stale. Throws a
// UserError with file and remedy when the file is locked, damaged, of another program or version, or the disk
// is full.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;

namespace moesaic {

struct StoredRun {
  std::string key;
  std::string status;  ///< ok, fault, ..., as in results.json; or refused: a mistake in the configuration
  std::string label;   ///< the image as it was named
  std::string experiment, package, model, image, version;
  std::uint64_t tokens = 0, layers = 0, iterations = 0, seed = 0;
  std::uint64_t makespan_fs = 0;
  double tokens_per_s = 0.0;
  double distance_to_bound = 0.0;
  double wall_s = 0.0;        ///< differs from run to run; in no report
  std::string said;           ///< what the run wrote to stderr
  std::string configuration;  ///< effective, as YAML
  std::string results;        ///< results.json without dies, links and layers; empty when refused
};

class Store {
 public:
  /// Opens or makes the file, and the folder it is in.
  /// `patience_ms`: how long to wait for another process that writes.
  explicit Store(const std::filesystem::path& file, int patience_ms = 20'000);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::optional<StoredRun> find(const std::string& key) const;
  /// Replaces a row of the same key.
  void put(const StoredRun& run);
  /// All rows, in order of their first appearance, without configuration and results.
  std::vector<StoredRun> list() const;

  const std::filesystem::path& file() const { return file_; }

 private:
  struct Statement;
  [[noreturn]] void fail(int code) const;
  void execute(const char* sql) const;
  std::int64_t pragma(const char* name) const;
  void make_or_check();

  std::filesystem::path file_;
  int patience_ms_;
  sqlite3* db_ = nullptr;
};

}  // namespace moesaic
