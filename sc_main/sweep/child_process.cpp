// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tlm/diagnostics.h"

namespace moesaic {

ChildProcess::ChildProcess(const std::function<int()>& work) : errors_(std::tmpfile()) {
  if (!errors_) throw UserError("temporary files cannot be made\n  check TMPDIR and the space of its disk");
  // What is still buffered belongs to the parent alone.
  std::fflush(nullptr);
  std::cout.flush();
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ < 0) throw UserError("a child process cannot be started: the limit of processes is reached");
  if (process_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) std::_Exit(kExitPanic);  // it has ended already
  const int nothing = open("/dev/null", O_WRONLY);
  if (nothing >= 0) dup2(nothing, STDOUT_FILENO);
  dup2(fileno(errors_.get()), STDERR_FILENO);
  const int code = work();
  std::fflush(nullptr);
  std::_Exit(code);
}

int ChildProcess::wait() {
  int status = 0;
  while (!code_) {
    const pid_t ended = waitpid(process_, &status, 0);
    if (ended < 0 && errno == EINTR) continue;
    code_ = ended == process_ && WIFEXITED(status) ? WEXITSTATUS(status) : kExitPanic;
  }
  return *code_;
}

bool ChildProcess::over() {
  int status = 0;
  if (code_) return true;
  const pid_t ended = waitpid(process_, &status, WNOHANG);
  if (ended == 0) return false;
  code_ = ended == process_ && WIFEXITED(status) ? WEXITSTATUS(status) : kExitPanic;
  return true;
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
