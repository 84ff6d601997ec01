// SPDX-License-Identifier: Apache-2.0
// What several seeds say together.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moesaic {

/// Mean of a sample and half the width of its 95 % confidence interval, by Student's t distribution;
/// independent samples of one normal distribution are assumed. One value has no interval: half width 0.
struct Spread {
  double mean = 0.0;
  double half_width = 0.0;
  std::size_t samples = 0;
};

Spread spread_of(const std::vector<double>& values);

}  // namespace moesaic
