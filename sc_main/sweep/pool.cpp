// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/pool.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <list>
#include <memory>
#include <thread>

#include "sc_main/sweep/child_process.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

using Clock = std::chrono::steady_clock;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// A child and the file through which it hands its text over.
struct Running {
  std::size_t item;
  Clock::time_point begin;
  std::unique_ptr<std::FILE, CloseFile> text;
  std::unique_ptr<ChildProcess> child;
};

std::string text_of(std::FILE* file) {
  std::rewind(file);
  std::string text;
  std::array<char, 65536> part{};
  for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), file)) > 0;)
    text.append(part.data(), n);
  return text;
}

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// One line on the terminal that is written over; nothing where stderr is a file.
class Progress {
 public:
  Progress(std::size_t items, std::string what)
      : items_(items), what_(std::move(what)), on_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (on_) fmt::print(stderr, "\r\x1b[K");
  }
  void show(std::size_t done, std::size_t running) const {
    if (!on_) return;
    std::string left;
    if (done > 0) {
      const double s = since(begin_) / static_cast<double>(done) * static_cast<double>(items_ - done);
      left =
          s < 90 ? fmt::format(", about {:.0f} s left", s) : fmt::format(", about {:.0f} min left", s / 60);
    }
    fmt::print(stderr, "\r\x1b[K{} of {} {}s done, {} at work{}", done, items_, what_, running, left);
    std::fflush(stderr);
  }

 private:
  std::size_t items_;
  std::string what_;
  bool on_;
  Clock::time_point begin_ = Clock::now();
};

Running start(std::size_t item, const std::function<int(std::size_t, std::string&)>& work) {
  Running running{item, Clock::now(), std::unique_ptr<std::FILE, CloseFile>(std::tmpfile()), nullptr};
  if (!running.text)
    throw UserError("temporary files cannot be made\n  check TMPDIR and the space of its disk");
  std::FILE* out = running.text.get();
  running.child = std::make_unique<ChildProcess>([item, out, &work] {
    std::string text;
    const int code = work(item, text);
    const bool whole = std::fwrite(text.data(), 1, text.size(), out) == text.size() && std::fflush(out) == 0;
    if (!whole) fmt::print(stderr, "moesaic: the disk of temporary files is full\n");
    return whole ? code : kExitUserError;
  });
  return running;
}

}  // namespace

unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

void run_pool(std::size_t items, unsigned at_once, const std::string& what,
              const std::function<int(std::size_t, std::string&)>& work,
              const std::function<void(std::size_t, const PoolResult&)>& done) {
  const std::size_t limit = at_once == 0 ? processors() : at_once;
  const Progress progress(items, what);
  std::list<Running> running;
  std::size_t next = 0, ended = 0;
  while (ended < items) {
    // 1. As many as may run.
    while (next < items && running.size() < limit) running.push_back(start(next++, work));
    progress.show(ended, running.size());
    // 2. Those that have ended.
    const std::size_t before = ended;
    for (auto it = running.begin(); it != running.end();) {
      if (!it->child->over()) {
        ++it;
        continue;
      }
      PoolResult result;
      result.code = it->child->wait();
      result.said = it->child->said();
      result.text = text_of(it->text.get());
      result.wall_s = since(it->begin);
      const std::size_t item = it->item;
      it = running.erase(it);
      ++ended;
      done(item, result);
    }
    if (ended == before) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace moesaic
