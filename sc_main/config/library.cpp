// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/library.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace fs = std::filesystem;

namespace {

bool is_platforms(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "packages", ignored) && fs::is_directory(folder / "experiments", ignored);
}

std::optional<fs::path> find_above(fs::path folder) {
  while (!folder.empty()) {
    if (is_platforms(folder / "platforms")) return folder / "platforms";
    if (is_platforms(folder / "share" / "moesaic" / "platforms"))
      return folder / "share" / "moesaic" / "platforms";
    if (folder == folder.root_path()) break;
    folder = folder.parent_path();
  }
  return std::nullopt;
}

}  // namespace

fs::path program_prefix() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path();
}

Library Library::find() {
  if (const char* given = std::getenv("MOESAIC_PLATFORMS")) {
    if (is_platforms(given)) return Library(fs::path(given).lexically_normal());
    throw UserError(std::string("MOESAIC_PLATFORMS: error: ") + given +
                    " is not a folder with packages and experiments in it\n  expected the path of moesaic's "
                    "folder `platforms`");
  }
  std::error_code ignored;
  // In a build, share/moesaic/platforms is a link into the sources: messages show the file that one edits.
  for (const fs::path& start : {program_prefix(), fs::current_path(ignored)})
    if (const auto found = find_above(start)) return Library(fs::canonical(*found));
  throw UserError(
      "platforms: error: the folder `platforms` was found neither above the program nor above the working "
      "directory\n  set MOESAIC_PLATFORMS to its path");
}

std::vector<std::string> Library::names(const std::string& folder) const {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(root_ / folder, ignored))
    if (entry.path().extension() == ".yaml") found.push_back(entry.path().stem().string());
  std::sort(found.begin(), found.end());
  return found;
}

bool Library::is_bare_name(const std::string& name) {
  if (name.find('/') != std::string::npos) return false;
  const std::string suffix = fs::path(name).extension().string();
  return suffix != ".yaml" && suffix != ".yml";
}

fs::path Library::resolve(const std::string& name, const std::string& folder,
                          const fs::path& naming_directory) const {
  if (is_bare_name(name)) return (root_ / folder / (name + ".yaml")).lexically_normal();
  return (naming_directory / name).lexically_normal();
}

}  // namespace moesaic
