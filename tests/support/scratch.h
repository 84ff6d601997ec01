// SPDX-License-Identifier: Apache-2.0
// An empty folder of one test, and the built program run in it as a user would.
#pragma once

#include <filesystem>
#include <string>

namespace moesaic::test {

struct Answer {
  int code = -1;
  std::string out;  ///< stdout
  std::string err;  ///< stderr
};

/// Removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  /// The built program, with the platforms and images of this build.
  Answer run(const std::string& arguments) const;
  /// A command of the shell, without any variable of moesaic; CMake takes the compiler of this build and
  /// Ninja.
  Answer shell(const std::string& command) const;

 private:
  Answer in_shell(const std::string& line) const;
  std::filesystem::path path_;
};

std::string file_text(const std::filesystem::path& path);
bool has(const std::string& text, const std::string& part);

}  // namespace moesaic::test
