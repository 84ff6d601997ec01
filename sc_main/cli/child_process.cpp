// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "tlm/diagnostics.h"

namespace moesaic {

ChildProcess::ChildProcess(const std::function<int()>& work) : errors_(std::tmpfile()) {
  if (!errors_) throw UserError("temporary files cannot be made\n  check TMPDIR and the space of its disk");
  // What is still buffered belongs to the parent alone.
  std::fflush(nullptr);
  std::cout.flush();
  process_ = fork();
  if (process_ < 0) throw UserError("a child process cannot be started: the limit of processes is reached");
  if (process_ > 0) return;
  const int nothing = open("/dev/null", O_WRONLY);
  if (nothing >= 0) dup2(nothing, STDOUT_FILENO);
  dup2(fileno(errors_.get()), STDERR_FILENO);
  const int code = work();
  std::fflush(nullptr);
  std::_Exit(code);
}

int ChildProcess::wait() {
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kExitPanic;
}

std::string ChildProcess::said() const {
  std::rewind(errors_.get());
  std::string text;
  std::array<char, 4096> part{};
  for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), errors_.get())) > 0;) {
    text.append(part.data(), n);
  }
  return text;
}

}  // namespace moesaic
