// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/atomic_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace fs = std::filesystem;

void check_writable(const fs::path& path, const std::string& what, const std::string& option) {
  const auto refuse = [&](const std::string& why) {
    throw UserError(fmt::format("{}: error: {} cannot be written: {}\n  choose another file with {}",
                                path.string(), what, why, option));
  };
  std::error_code error;
  if (path.filename().empty() || fs::is_directory(path, error)) refuse("it is a folder");
  if (fs::exists(path, error) && access(path.c_str(), W_OK) != 0) refuse("the file there is write-protected");
  fs::path above = fs::absolute(path, error).parent_path();
  while (!fs::exists(above, error) && above.has_relative_path()) above = above.parent_path();
  if (!fs::is_directory(above, error)) refuse(above.string() + " is not a folder");
  if (access(above.c_str(), W_OK) != 0) refuse("the folder " + above.string() + " is write-protected");
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  const fs::path folder = fs::absolute(path_, error).parent_path();
  fs::create_directories(folder, error);
  // The process id keeps two runs from sharing a temporary file.
  temporary_ = folder / fmt::format(".{}.{}", path_.filename().string(), getpid());
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr) fail();
}

AtomicFile::~AtomicFile() {
  if (file_ != nullptr) std::fclose(file_);
  std::error_code error;
  if (!temporary_.empty()) fs::remove(temporary_, error);
}

void AtomicFile::fail() {
  throw UserError(fmt::format("{}: error: the file cannot be written", path_.string()));
}

void AtomicFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail();
}

void AtomicFile::commit() {
  const bool flushed = std::fclose(std::exchange(file_, nullptr)) == 0;
  std::error_code error;
  if (flushed) fs::rename(temporary_, path_, error);
  if (!flushed || error) fail();
  temporary_.clear();
}

}  // namespace moesaic
