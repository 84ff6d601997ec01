// SPDX-License-Identifier: Apache-2.0
// A file that is written bit by bit, and appears complete or not at all.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

namespace moesaic {

/// Throws UserError when `path` could not be made, now, before any work is done for it. `what` names the
/// file's contents ("the waveform"), `option` how the user chose it.
void check_writable(const std::filesystem::path& path, const std::string& what, const std::string& option);

class AtomicFile {
 public:
  /// Makes the folder where needed and opens a temporary file beside `path`. Throws UserError.
  explicit AtomicFile(std::filesystem::path path);
  /// Removes the temporary file unless it was committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view text);
  /// The file takes its name. Throws UserError when anything could not be written.
  void commit();

 private:
  [[noreturn]] void fail();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::FILE* file_ = nullptr;
};

}  // namespace moesaic
