// SPDX-License-Identifier: Apache-2.0
// How often latencies fell between fixed bounds: a distribution that needs no trace of every request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

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

  std::array<std::uint64_t, 16> counts{};

  void add(Tick latency) {
    std::size_t bin = 0;
    while (bin < kBounds.size() && latency >= kBounds[bin] * kNanosecond) ++bin;
    ++counts[bin];
  }
};

template <class V>
void describe_metrics(V& v, const LatencyHistogram& h) {
  for (std::size_t bin = 0; bin < h.counts.size(); ++bin)
    v(Field{LatencyHistogram::kNames[bin], "count",
            "trains that took so long from arrival to response, and no bin before"},
      h.counts[bin]);
}

}  // namespace moesaic
