// SPDX-License-Identifier: Apache-2.0
// Emphasis for terminals; plain text when colours are off.
#pragma once

#include <fmt/format.h>

#include <string>

namespace moesaic {

class Ink {
 public:
  explicit Ink(bool on = false) : on_(on) {}
  std::string bold(const std::string& text) const { return paint("1", text); }
  std::string warning(const std::string& text) const { return paint("33", text); }
  std::string good(const std::string& text) const { return paint("32", text); }
  std::string bad(const std::string& text) const { return paint("1;31", text); }
  std::string head(const std::string& text) const { return bold(text) + "\n"; }

 private:
  std::string paint(const char* code, const std::string& text) const {
    return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool on_;
};

}  // namespace moesaic
