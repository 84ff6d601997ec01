// SPDX-License-Identifier: Apache-2.0
// A bounded, named FIFO with the statistics every queue of the machine has.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "tlm/diagnostics.h"
#include "tlm/tick.h"

namespace moesaic {

template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(std::string name, std::size_t capacity) : name_(std::move(name)), capacity_(capacity) {}

  bool full() const { return items_.size() >= capacity_; }
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  std::size_t capacity() const { return capacity_; }
  const std::string& name() const { return name_; }

  /// REQUIRES: !full().
  void push(Tick now, T item) {
    if (full()) panic(name_, now, "push to a full queue");
    account(now);
    items_.push_back(std::move(item));
    peak_ = std::max(peak_, items_.size());
  }
  /// REQUIRES: !empty().
  T pop(Tick now) {
    if (empty()) panic(name_, now, "pop from an empty queue");
    account(now);
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  T& front() { return items_.front(); }
  const T& front() const { return items_.front(); }

  std::size_t peak() const { return peak_; }
  /// Mean occupancy from tick 0 to `now`.
  double mean_occupancy(Tick now) const {
    const double total = area_ + static_cast<double>(items_.size()) * static_cast<double>(now - since_);
    return now == 0 ? 0.0 : total / static_cast<double>(now);
  }

 private:
  void account(Tick now) {
    area_ += static_cast<double>(items_.size()) * static_cast<double>(now - since_);
    since_ = now;
  }

  std::string name_;
  std::size_t capacity_;
  std::deque<T> items_;
  std::size_t peak_ = 0;
  double area_ = 0.0;
  Tick since_ = 0;
};

}  // namespace moesaic
