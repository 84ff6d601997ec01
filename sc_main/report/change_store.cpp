// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/change_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <queue>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

bool before(const Change& a, const Change& b) {
  return std::tie(a.at, a.signal) < std::tie(b.at, b.signal);
}

// One run, read block by block.
class RunReader {
 public:
  RunReader(std::FILE* file, std::size_t first, std::size_t count)
      : file_(file), next_(first), left_(count) {}

  bool read(Change& change) {
    if (at_ == block_.size()) {
      const std::size_t n = std::min<std::size_t>(left_, 4096);
      if (n == 0) return false;
      block_.resize(n);
      std::fseek(file_, static_cast<long>(next_ * sizeof(Change)), SEEK_SET);
      if (std::fread(block_.data(), sizeof(Change), n, file_) != n) {
        throw UserError("the changes of the waveform cannot be read back from the disk");
      }
      next_ += n;
      left_ -= n;
      at_ = 0;
    }
    change = block_[at_++];
    return true;
  }

 private:
  std::FILE* file_;
  std::size_t next_;
  std::size_t left_;
  std::vector<Change> block_;
  std::size_t at_ = 0;
};

}  // namespace

ChangeStore::ChangeStore(std::filesystem::path folder, std::size_t run_length)
    : folder_(std::move(folder)), run_length_(run_length) {}

ChangeStore::~ChangeStore() {
  if (file_ != nullptr) std::fclose(file_);
}

void ChangeStore::put(const Change& change) {
  if (run_.size() == run_length_) spill();
  run_.push_back(change);
}

void ChangeStore::sort() {
  std::stable_sort(run_.begin(), run_.end(), before);
}

void ChangeStore::spill() {
  if (file_ == nullptr) {
    // A file without a name: it is gone when the process is, however it ends.
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    std::string name = (folder_ / ".moesaic-changes-XXXXXX").string();
    const int descriptor = mkstemp(name.data());
    if (descriptor >= 0) unlink(name.c_str());
    file_ = descriptor < 0 ? nullptr : fdopen(descriptor, "w+b");
    if (file_ == nullptr)
      throw UserError(fmt::format("{}: error: the folder cannot be written", folder_.string()));
  }
  sort();
  const bool written = std::fwrite(run_.data(), sizeof(Change), run_.size(), file_) == run_.size();
  if (!written || std::fflush(file_) != 0) {
    throw UserError(fmt::format("{}: error: the disk is full\n  record less with --vcd-scope or --vcd-window",
                                folder_.string()));
  }
  spilt_.push_back(run_.size());
  run_.clear();
}

void ChangeStore::merge(const std::function<void(const Change&)>& visit) {
  if (spilt_.empty()) {
    sort();
    for (const Change& change : run_) visit(change);
    return;
  }
  if (!run_.empty()) spill();
  // Of equal changes the one of the earlier run was put earlier.
  using Head = std::pair<Change, std::size_t>;
  const auto later = [](const Head& a, const Head& b) {
    if (before(a.first, b.first)) return false;
    return before(b.first, a.first) || a.second > b.second;
  };
  std::priority_queue<Head, std::vector<Head>, decltype(later)> heads(later);
  std::vector<RunReader> readers;
  std::size_t first = 0;
  Change change{};
  for (const std::size_t length : spilt_) {
    readers.emplace_back(file_, first, length);
    first += length;
    if (readers.back().read(change)) heads.emplace(change, readers.size() - 1);
  }
  while (!heads.empty()) {
    const auto [next, run] = heads.top();
    heads.pop();
    visit(next);
    if (readers[run].read(change)) heads.emplace(change, run);
  }
}

}  // namespace moesaic
