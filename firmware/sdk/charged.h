// SPDX-License-Identifier: Apache-2.0
// Containers that charge the control core for what they do, so that control time grows with work. Models: the
// operation counts of tables, scans, queues and comparison sorts, each at its configured cost (cost_of). Does
// not model: caches. Time: charged per operation; clear() and size() are free.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include "hal.h"

namespace moesaic::firmware {

/// A table: one lookup per access, one queue operation per append, one scan step per element visited.
template <class T>
class ChargedVector {
 public:
  explicit ChargedVector(Hal& hal, std::size_t size = 0) : hal_(&hal), items_(size) {}
  void push_back(T item) {
    hal_->charge(MOESAIC_OP_QUEUE);
    items_.push_back(std::move(item));
  }
  T& operator[](std::size_t i) {
    hal_->charge(MOESAIC_OP_LOOKUP);
    return items_.at(i);
  }
  /// Removes an element; the others keep their order. One queue operation.
  T take(std::size_t i) {
    hal_->charge(MOESAIC_OP_QUEUE);
    T item = std::move(items_.at(i));
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i));
    return item;
  }
  template <class Body>
  void scan(Body body) {
    hal_->charge(MOESAIC_OP_SCAN_ITEM, items_.size());
    for (T& item : items_) body(item);
  }
  template <class Less>
  void sort(Less less) {
    hal_->charge(MOESAIC_OP_SORT_STEP, sort_steps(items_.size()));
    std::stable_sort(items_.begin(), items_.end(), less);
  }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  void clear() { items_.clear(); }
  /// The elements as a whole, to hand them to a call that charges by itself.
  const std::vector<T>& items() const { return items_; }

  /// n * ceil(log2 n): comparisons of a merge sort, to its leading term.
  static std::uint64_t sort_steps(std::uint64_t n) {
    std::uint64_t levels = 0;
    while ((std::uint64_t{1} << levels) < n) ++levels;
    return n * levels;
  }

 private:
  Hal* hal_;
  std::vector<T> items_;
};

/// An ordered table by key: one lookup per access.
template <class Key, class Value>
class ChargedMap {
 public:
  explicit ChargedMap(Hal& hal) : hal_(&hal) {}
  Value& operator[](const Key& key) {
    hal_->charge(MOESAIC_OP_LOOKUP);
    return items_[key];
  }
  Value* find(const Key& key) {
    hal_->charge(MOESAIC_OP_LOOKUP);
    const auto found = items_.find(key);
    return found == items_.end() ? nullptr : &found->second;
  }
  void erase(const Key& key) {
    hal_->charge(MOESAIC_OP_LOOKUP);
    items_.erase(key);
  }
  template <class Body>
  void scan(Body body) {
    hal_->charge(MOESAIC_OP_SCAN_ITEM, items_.size());
    for (auto& [key, value] : items_) body(key, value);
  }
  std::size_t size() const { return items_.size(); }

 private:
  Hal* hal_;
  std::map<Key, Value> items_;
};

/// First in, first out.
template <class T>
class ChargedQueue {
 public:
  explicit ChargedQueue(Hal& hal) : hal_(&hal) {}
  void push(T item) {
    hal_->charge(MOESAIC_OP_QUEUE);
    items_.push_back(std::move(item));
  }
  const T& front() const { return items_.front(); }
  void pop() {
    hal_->charge(MOESAIC_OP_QUEUE);
    items_.pop_front();
  }
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }

 private:
  Hal* hal_;
  std::deque<T> items_;
};

}  // namespace moesaic::firmware
