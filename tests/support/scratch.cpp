// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scratch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/catch.h"

namespace moesaic::test {

namespace fs = std::filesystem;

Scratch::Scratch() : path_(fs::temp_directory_path() / ("moesaic_test_" + std::to_string(getpid()))) {
  fs::remove_all(path_);
  fs::create_directories(path_);
}

Scratch::~Scratch() {
  fs::remove_all(path_);
}

Answer Scratch::run(const std::string& arguments) const {
  return in_shell("MOESAIC_PLATFORMS='" MOESAIC_SOURCE_DIR
                  "/platforms' MOESAIC_IMAGE_PATH='" MOESAIC_IMAGE_DIR "' '" MOESAIC_PROGRAM "' " +
                  arguments);
}

Answer Scratch::shell(const std::string& command) const {
  return in_shell("unset MOESAIC_PLATFORMS MOESAIC_IMAGE_PATH && export CXX='" MOESAIC_COMPILER
                  "' CMAKE_GENERATOR=Ninja HOME='" +
                  path_.string() + "' && " + command);
}

Answer Scratch::in_shell(const std::string& line) const {
  const fs::path errors = path_ / "stderr";
  const std::string command = "cd '" + path_.string() + "' && { " + line + "\n} 2>'" + errors.string() + "'";
  Answer answer;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  for (std::size_t n = 0; (n = fread(part.data(), 1, part.size(), pipe)) > 0;)
    answer.out.append(part.data(), n);
  const int status = pclose(pipe);
  answer.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  answer.err = file_text(errors);
  return answer;
}

std::string file_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace moesaic::test
