// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/statistics.h"

#include <array>
#include <cmath>

namespace moesaic {

namespace {

/// Two-sided 95 % quantiles of Student's t with 1 to 30 degrees of freedom (any table of it, e.g. the
/// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2); beyond, the normal distribution's.
constexpr std::array<double, 30> kT{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                    2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                    2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
constexpr double kNormal = 1.960;

}  // namespace

Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  spread.samples = values.size();
  if (values.empty()) return spread;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) spread.mean += value / n;
  if (values.size() == 1) return spread;
  double squares = 0.0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  const std::size_t freedom = values.size() - 1;
  const double t = freedom <= kT.size() ? kT[freedom - 1] : kNormal;
  spread.half_width = t * std::sqrt(squares / static_cast<double>(freedom) / n);
  return spread;
}

}  // namespace moesaic
