// SPDX-License-Identifier: Apache-2.0
// A text table: columns as wide as their widest cell, the first ones flush left, the others flush right.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moesaic {

class Table {
 public:
  explicit Table(std::vector<std::string> head, std::size_t flush_left = 1)
      : head_(std::move(head)), flush_left_(flush_left) {}
  /// REQUIRES: as many cells as the head.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// The last column is prose: flush left, not padded.
  Table& last_is_prose() {
    last_is_prose_ = true;
    return *this;
  }
  bool empty() const { return rows_.empty(); }
  /// Every line begins with `indent` spaces and ends with a newline.
  std::string text(unsigned indent = 2) const;

 private:
  std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;

  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
  std::size_t flush_left_;
  bool last_is_prose_ = false;
};

}  // namespace moesaic
