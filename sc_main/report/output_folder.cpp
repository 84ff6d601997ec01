// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/output_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <system_error>

#include "tlm/diagnostics.h"

namespace moesaic {

OutputFolder::OutputFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  // What exists of the path already has to be a folder that can be written.
  std::filesystem::path above = std::filesystem::absolute(folder_, error);
  while (!std::filesystem::exists(above, error) && above.has_relative_path()) above = above.parent_path();
  if (std::filesystem::is_directory(above, error) && access(above.c_str(), W_OK) == 0) return;
  throw UserError(
      fmt::format("{}: error: the folder of the results cannot be made: {} {}\n  choose another with --out",
                  folder_.string(), above.string(),
                  std::filesystem::is_directory(above, error) ? "cannot be written" : "is not a folder"));
}

void OutputFolder::write(const std::string& name, const std::string& text) const {
  // The process id keeps two runs into one folder from sharing a temporary file.
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  const std::filesystem::path temporary = folder_ / fmt::format(".{}.{}", name, getpid());
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file) {
      std::filesystem::remove(temporary, error);
      throw UserError(fmt::format("{}: error: the file cannot be written", (folder_ / name).string()));
    }
  }
  std::filesystem::rename(temporary, folder_ / name);
}

}  // namespace moesaic
