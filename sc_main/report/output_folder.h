// SPDX-License-Identifier: Apache-2.0
// Where a run's files go. A file appears complete or not at all.
#pragma once

#include <filesystem>
#include <string>

namespace moesaic {

class OutputFolder {
 public:
  /// Makes nothing yet. Throws UserError when the folder could not be made or written.
  explicit OutputFolder(std::filesystem::path folder);

  /// Makes the folder where needed, writes to a temporary name in it, and renames. Throws UserError.
  void write(const std::string& name, const std::string& text) const;

  const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace moesaic
