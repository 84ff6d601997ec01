// SPDX-License-Identifier: Apache-2.0
// Whole parts.
#pragma once

namespace moesaic {

/// The smallest number of parts of `b` that hold `a`. REQUIRES: b > 0; a + b - 1 fits the wider of the types.
template <class A, class B>
constexpr auto divide_up(A a, B b) {
  return (a + b - 1) / b;
}

}  // namespace moesaic
