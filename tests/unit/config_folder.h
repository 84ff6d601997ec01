// SPDX-License-Identifier: Apache-2.0
// A folder of files for one test, and what a configuration that is wrong says.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "sc_main/config/experiment.h"
#include "tlm/diagnostics.h"

namespace moesaic::test {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "moesaic-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// Writes a file and returns its path, as messages show it.
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path(name);
  }
  std::string path(const std::string& name) const { return shown_path(path_ / name); }
  std::string absolute(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline Library library() {
  return Library(std::filesystem::path(MOESAIC_SOURCE_DIR) / "platforms");
}

/// The message of the UserError that `act` throws; "no error" when it throws none.
template <class Act>
std::string error_of(Act act) {
  try {
    act();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

/// What loading an experiment file says.
inline std::string load_error(const std::string& file, const std::vector<Override>& overrides = {}) {
  return error_of([&] { load_experiment(file, library(), overrides); });
}

}  // namespace moesaic::test
