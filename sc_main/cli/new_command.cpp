// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/new_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "sc_main/config/library.h"
#include "sc_main/config/problems.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace fs = std::filesystem;

namespace {

constexpr std::array<const char*, 3> kFiles{"CMakeLists.txt", "image.cpp", "README.md"};
constexpr const char* kPlaceholder = "@NAME@";
constexpr std::size_t kLongestName = 40;

[[noreturn]] void refuse(const std::string& word, const std::string& what, const std::string& remedy) {
  throw UserError(fmt::format("command line: error: new firmware {}: {}\n  {}", word, what, remedy));
}

/// The name becomes a file, a folder and a target of the build.
void check_name(const std::string& name) {
  constexpr std::array<const char*, 7> kTargets{"all",     "clean",   "edit_cache", "help",
                                                "install", "package", "test"};
  const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (name.empty() || !plain || name[0] < 'a' || name.size() > kLongestName) {
    refuse(name, "this cannot be the name of an image",
           fmt::format("expected a lower-case letter, then lower-case letters, digits and _; at most {}",
                       kLongestName));
  }
  if (std::find(kTargets.begin(), kTargets.end(), name) != kTargets.end())
    refuse(name, "the build has a target of this name", "choose another name");
}

std::string template_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw UserError(
        fmt::format("{}: error: the template cannot be read\n  this installation is incomplete; "
                    "install moesaic again",
                    file.string()));
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string with_name(std::string text, const std::string& name) {
  for (std::size_t at = 0; (at = text.find(kPlaceholder, at)) != std::string::npos; at += name.size())
    text.replace(at, std::string(kPlaceholder).size(), name);
  return text;
}

}  // namespace

int new_command(const std::string& kind, const std::string& name, const std::string& directory) {
  if (kind != "firmware") {
    throw UserError(fmt::format("command line: error: new {}: unknown\n  expected: new firmware NAME", kind));
  }
  check_name(name);
  const fs::path prefix = program_prefix();
  const fs::path folder = fs::path(directory) / name;
  std::error_code error;
  if (fs::exists(folder, error))
    refuse(name, fmt::format("{} is there already", shown_path(folder)), "choose another name or --dir");
  // 1. Everything that can fail without a trace.
  std::vector<std::string> texts;
  for (const char* file : kFiles)
    texts.push_back(with_name(template_text(prefix / "share/moesaic/template" / file), name));
  // 2. The folder.
  fs::create_directories(folder, error);
  if (error)
    refuse(name, fmt::format("{} cannot be made: {}", shown_path(folder), error.message()),
           "choose another --dir");
  for (std::size_t i = 0; i < kFiles.size(); ++i) {
    std::ofstream out(folder / kFiles[i], std::ios::binary);
    if (!(out << texts[i]).flush())
      refuse(name, fmt::format("{} cannot be written", shown_path(folder / kFiles[i])), "is the disk full?");
  }
  // 3. What to do with it.
  const std::string shown = shown_path(folder);
  fmt::print(
      "Written to {0}: CMakeLists.txt, image.cpp, README.md\n\nBuild and run it:\n"
      "  cmake -S {0} -B {0}/build -DCMAKE_PREFIX_PATH={1}\n"
      "  cmake --build {0}/build\n"
      "  {1}/bin/moesaic run tiny --firmware {0}/build/{2}.so\n",
      shown, prefix.string(), name);
  return kExitOk;
}

}  // namespace moesaic
