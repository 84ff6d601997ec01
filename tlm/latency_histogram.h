// SPDX-License-Identifier: Apache-2.0
// How often latencies fell between fixed bounds: a distribution that needs no trace of every request.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "tlm/divide.h"
#include "tlm/field.h"
#include "tlm/tick.h"

namespace moesaic {

struct LatencyHistogram {
  /// Upper bounds in ns, exclusive; the last bin has none.
  static constexpr std::array<std::uint32_t, 15> kBounds{25,  50,  75,   100,  150,  200,  300, 400,
                                                         600, 800, 1200, 1600, 2400, 3200, 6400};
  static constexpr std::array<const char*, 16> kNames{
      "below_25_ns",   "below_50_ns",   "below_75_ns",   "below_100_ns", "below_150_ns",  "below_200_ns",
      "below_300_ns",  "below_400_ns",  "below_600_ns",  "below_800_ns", "below_1200_ns", "below_1600_ns",
      "below_2400_ns", "below_3200_ns", "below_6400_ns", "from_6400_ns"};

  /// Meaning of a bin; what is counted is said by who keeps the histogram.
  const char* sentence = "trains that took so long from arrival to response, and no bin before";
  std::array<std::uint64_t, 16> counts{};

  void add(Tick latency) { add(latency, 1, 0); }
  /// `count` latencies: `first`, `first` + `step`, and so on. The cost does not depend on `count`.
  void add(Tick first, std::uint64_t count, Tick step) {
    for (std::size_t bin = 0; count > 0; ++bin) {
      std::uint64_t here = count;
      if (bin < kBounds.size()) {
        const Tick bound = kBounds[bin] * kNanosecond;
        if (first >= bound) continue;
        if (step > 0) here = std::min<std::uint64_t>(count, divide_up(bound - first, step));
      }
      counts[bin] += here;
      count -= here;
      first += here * step;
    }
  }
  void add(const LatencyHistogram& other) {
    for (std::size_t bin = 0; bin < counts.size(); ++bin) counts[bin] += other.counts[bin];
  }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts) sum += count;
    return sum;
  }
  /// The first bin that, with those before it, holds at least `share` of all. REQUIRES: total() > 0.
  std::size_t bin_of(double share) const {
    const double wanted = share * static_cast<double>(total());
    std::uint64_t sum = 0;
    for (std::size_t bin = 0; bin + 1 < counts.size(); ++bin) {
      sum += counts[bin];
      if (static_cast<double>(sum) >= wanted) return bin;
    }
    return counts.size() - 1;
  }
};

template <class V>
void describe_metrics(V& v, const LatencyHistogram& h) {
  for (std::size_t bin = 0; bin < h.counts.size(); ++bin)
    v(Field{LatencyHistogram::kNames[bin], "count", h.sentence}, h.counts[bin]);
}

}  // namespace moesaic
