// SPDX-License-Identifier: Apache-2.0
// A queue in one block of memory that grows and never shrinks: what the timing core of the fabric keeps its
// small, busy queues in (a std::deque allocates and frees while it runs).
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace moesaic {

template <class T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T& front() { return slots_[first_]; }
  const T& front() const { return slots_[first_]; }
  T& back() { return slots_[place(size_ - 1)]; }
  const T& back() const { return slots_[place(size_ - 1)]; }
  T& operator[](std::size_t i) { return slots_[place(i)]; }
  const T& operator[](std::size_t i) const { return slots_[place(i)]; }

  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    slots_[place(size_)] = std::move(value);
    ++size_;
  }
  void pop_front() {
    first_ = place(1);
    --size_;
  }
  void pop_back() { --size_; }

 private:
  std::size_t place(std::size_t i) const { return (first_ + i) & (slots_.size() - 1); }
  void grow() {
    std::vector<T> larger(slots_.empty() ? 4 : 2 * slots_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move(slots_[place(i)]);
    slots_.swap(larger);
    first_ = 0;
  }
  std::vector<T> slots_;  // a power of two
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace moesaic
