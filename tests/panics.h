// SPDX-License-Identifier: Apache-2.0
// For tests of our own bugs: runs a function in a child process and looks whether it panicked.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tlm/diagnostics.h"

namespace moesaic {

/// What `function` printed to stderr if it panicked; empty if it did not.
template <typename Function>
std::string panic_text(Function function) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    function();
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[512];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == kExitPanic ? text : std::string();
}

template <typename Function>
bool panics(Function function) {
  return !panic_text(function).empty();
}

}  // namespace moesaic
