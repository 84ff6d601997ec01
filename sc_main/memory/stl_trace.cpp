// SPDX-License-Identifier: Apache-2.0
#include "sc_main/memory/stl_trace.h"

#include <fmt/format.h>

#include <fstream>

#include "sc_main/config/problems.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr std::uint64_t kMaxSize = 1 << 20;
constexpr std::uint64_t kMaxAddress = (std::uint64_t{1} << 40) - 1;
constexpr std::size_t kMaxProblems = 10;
constexpr Tick kLatest = kSecond;  // a request later than that is a mistake of the trace

/// Reads one line from left to right; what() says what was wrong.
class LineReader {
 public:
  LineReader(const std::string& text, std::uint32_t size, Tick period)
      : text_(text), size_(size), period_(period) {}

  /// Nothing but blanks or a comment.
  bool blank() {
    skip();
    return at_ == text_.size() || text_[at_] == '#' || text_.compare(at_, 2, "//") == 0;
  }
  bool request(TrafficRequest& out) {
    std::uint64_t cycle = 0, bytes = size_;
    if (!number(cycle, kLatest / period_, "a cycle")) return false;
    if (!accept(':')) return fail("':' after the cycle");
    if (accept('(') && (!number(bytes, kMaxSize, "the bytes of the request") || !accept(')')))
      return why_.empty() ? fail("')' after the bytes") : false;
    if (bytes == 0) return fail("at least one byte");
    const std::string word = letters();
    if (word != "read" && word != "write") return fail("read or write");
    std::uint64_t address = 0;
    if (!number(address, kMaxAddress, "an address")) return false;
    if (!blank()) return fail("the end of the line");
    out = {cycle * period_, address, static_cast<std::uint32_t>(bytes), word == "write"};
    return true;
  }
  std::size_t column() const { return at_ + 1; }
  const std::string& expected() const { return why_; }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool fail(const std::string& expected) {
    why_ = expected;
    return false;
  }
  bool accept(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string letters() {
    skip();
    const std::size_t first = at_;
    while (at_ < text_.size() && text_[at_] >= 'a' && text_[at_] <= 'z') ++at_;
    const std::string word = text_.substr(first, at_ - first);
    if (word != "read" && word != "write") at_ = first;
    return word;
  }
  /// Decimal, or hexadecimal behind 0x.
  bool number(std::uint64_t& out, std::uint64_t most, const char* what) {
    skip();
    const bool hex = text_.compare(at_, 2, "0x") == 0 || text_.compare(at_, 2, "0X") == 0;
    const std::size_t first = at_ + (hex ? 2 : 0);
    std::size_t end = first;
    out = 0;
    for (; end < text_.size(); ++end) {
      const char c = text_[end];
      const int digit = c >= '0' && c <= '9'          ? c - '0'
                        : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : hex && c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                      : -1;
      if (digit < 0) break;
      const std::uint64_t base = hex ? 16 : 10;
      if (out > (most - static_cast<std::uint64_t>(digit)) / base)
        return fail(fmt::format("{} of at most {}", what, most));
      out = out * base + static_cast<std::uint64_t>(digit);
    }
    if (end == first) return fail(what);
    at_ = end;
    return true;
  }

  const std::string& text_;
  std::uint32_t size_;
  Tick period_;
  std::size_t at_ = 0;
  std::string why_;
};

}  // namespace

std::vector<TrafficRequest> read_stl_trace(const std::string& file, std::uint32_t size, Tick period) {
  std::ifstream in(file);
  if (!in) throw UserError(fmt::format("{}: error: cannot be read\n  expected a trace in .stl syntax", file));
  std::vector<TrafficRequest> requests;
  std::string text, line, previous;
  std::size_t number = 0, problems = 0;
  const auto complain = [&](std::size_t column, const std::string& expected) {
    if (++problems <= kMaxProblems)
      text +=
          fmt::format("{}:{}:{}: error: this is no request\n  expected {}, as in \"10: (64) read 0x4c0\"\n",
                      file, number, column, expected);
  };
  while (std::getline(in, line)) {
    ++number;
    LineReader reader(line, size, period);
    if (reader.blank()) continue;
    TrafficRequest request;
    if (!reader.request(request)) {
      complain(reader.column(), reader.expected());
    } else if (!requests.empty() && request.at < requests.back().at) {
      complain(1, "a cycle no earlier than that of the line before");
    } else {
      requests.push_back(request);
    }
  }
  if (problems > kMaxProblems) text += fmt::format("and {} more lines\n", problems - kMaxProblems);
  if (problems == 0 && requests.empty()) text = fmt::format("{}: error: no request in it\n", file);
  if (!text.empty()) throw UserError(text);
  return requests;
}

}  // namespace moesaic
