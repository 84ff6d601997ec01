// SPDX-License-Identifier: Apache-2.0
// A queue that holds its first `N` elements in itself, and more of them in one block that grows and never
// shrinks: what the timing core of the fabric keeps its small, busy queues in (a std::deque allocates and
// frees while it runs, and is somewhere else in memory).
#pragma once

#include <cstdint>

namespace moesaic {

/// `N`: a power of two.
template <class T, std::uint32_t N>
class Ring {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { release(); }
  bool empty() const { return size_ == 0; }
  std::uint32_t size() const { return size_; }
  T& front() { return slots_[first_]; }
  const T& front() const { return slots_[first_]; }
  T& back() { return slots_[place(size_ - 1)]; }
  const T& back() const { return slots_[place(size_ - 1)]; }
  T& operator[](std::uint32_t i) { return slots_[place(i)]; }
  const T& operator[](std::uint32_t i) const { return slots_[place(i)]; }

  void push_back(const T& value) {
    if (size_ > mask_) [[unlikely]]
      grow();
    slots_[place(size_)] = value;
    ++size_;
  }
  void push_front(const T& value) {
    if (size_ > mask_) [[unlikely]]
      grow();
    first_ = place(mask_);
    slots_[first_] = value;
    ++size_;
  }
  void pop_front() { drop_front(1); }
  /// `count`: 0 or 1.
  void drop_front(std::uint32_t count) {
    first_ = place(count);
    size_ -= count;
  }
  void pop_back() { --size_; }

 private:
  std::uint32_t place(std::uint32_t i) const { return (first_ + i) & mask_; }
  void grow() {
    const std::uint32_t slots = 2 * (mask_ + 1);
    T* larger = new T[slots];
    for (std::uint32_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
    release();
    slots_ = larger;
    mask_ = slots - 1;
    first_ = 0;
  }
  void release() {
    if (slots_ != own_) delete[] slots_;
  }
  T* slots_ = own_;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t mask_ = N - 1;
  T own_[N];
};

}  // namespace moesaic
