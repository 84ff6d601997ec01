// SPDX-License-Identifier: Apache-2.0
// One simulation is one process: runs a function in a child and keeps what it said on stderr.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace moesaic {

class ChildProcess {
 public:
  /// Forks; the child runs `work` with its stdout closed and exits with the code it returns. It does not
  /// outlive this process. REQUIRES: no other thread runs in this process.
  explicit ChildProcess(const std::function<int()>& work);

  /// Waits for its end. The exit code; 70 when a signal ended it.
  int wait();
  /// Whether it has ended; does not wait.
  bool over();
  /// What it wrote to stderr. REQUIRES: wait() has returned.
  std::string said() const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> errors_;
  pid_t process_ = -1;
  std::optional<int> code_;
};

}  // namespace moesaic
