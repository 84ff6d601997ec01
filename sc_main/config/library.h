// SPDX-License-Identifier: Apache-2.0
// The folder `platforms`: where bare names of packages, memories, models, routing profiles and experiments
// are looked up.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace moesaic {

class Library {
 public:
  explicit Library(std::filesystem::path root) : root_(std::move(root)) {}

  /// $MOESAIC_PLATFORMS, else PREFIX/share/moesaic/platforms of the running program PREFIX/bin/moesaic (a
  /// build has the layout of an installation), else `platforms` above the program or the working directory.
  /// Throws a UserError when there is none.
  static Library find();

  const std::filesystem::path& root() const { return root_; }
  /// Names in platforms/<folder>, sorted.
  std::vector<std::string> names(const std::string& folder) const;

  /// A bare name (no directory, no suffix) is root/<folder>/<name>.yaml; anything else is a path, relative to
  /// `naming_directory`.
  std::filesystem::path resolve(const std::string& name, const std::string& folder,
                                const std::filesystem::path& naming_directory) const;
  static bool is_bare_name(const std::string& name);

 private:
  std::filesystem::path root_;
};

/// PREFIX of the running program PREFIX/bin/moesaic: where the rest of the installation, or of the build, is.
std::filesystem::path program_prefix();

}  // namespace moesaic
