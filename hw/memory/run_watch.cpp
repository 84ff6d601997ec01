// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/run_watch.h"

#include <algorithm>

namespace moesaic {

MapRotation::MapRotation(const DramAddressDecoder& decoder, const DramOrganisation& organisation,
                         unsigned burst_bits) {
  const auto selects = [&](unsigned bit) { return (decoder.place_bits() >> (burst_bits + bit) & 1) != 0; };
  // Decoding is linear over exclusive or: each address bit flips the same bits of the place everywhere.
  const auto regroups = [&](unsigned bit) {
    const auto place = decoder.decode(std::uint64_t{1} << (burst_bits + bit));
    return place.pseudo_channel != 0 || index_of(place.bank) >= organisation.banks_per_group;
  };
  // 1. Up to the highest bit of a group that has not three others above it.
  unsigned kinds = 2;
  while (regroups(kinds) || regroups(kinds + 1) || regroups(kinds + 2)) ++kinds;
  while (kinds > 2 && !regroups(kinds - 1)) --kinds;
  // 2. Up to the highest bit of a bank below the next columns, and over these.
  unsigned places = kinds;
  while (selects(places)) ++places;
  unsigned end = places;
  while (end < 40 && !selects(end)) ++end;
  if ((std::uint64_t{1} << places) > kLongest) return;
  period = 1U << kinds;
  banks = 1U << places;
  region_bytes = std::uint64_t{1} << (burst_bits + end);
  for (unsigned i = 0; i < banks; ++i) {
    const auto place = decoder.decode(std::uint64_t{i} << burst_bits);
    flat[i] = static_cast<std::uint8_t>(place.pseudo_channel * BurstQueue::kBanks + index_of(place.bank));
    row[i] = place.row;
  }
}

std::uint64_t RunWatch::steps_until(HalfCycle end) const {
  const HalfCycle newest = steps_[(next_ + mask_) & mask_].at;
  const std::uint64_t turns =
      end <= newest ? 0 : static_cast<std::uint64_t>(end - newest) / static_cast<std::uint64_t>(interval_);
  std::uint64_t count = turns * period();
  while (step(count).at <= end) ++count;
  return count;
}

void RunWatch::advance(std::uint64_t count) {
  for (std::uint64_t i = 0; i < period(); ++i) {
    const std::uint64_t turns = count / period() + (i < count % period() ? 1 : 0);
    Step& step = steps_[(next_ + i) & mask_];
    step.sequence += turns * period();
    step.at += static_cast<HalfCycle>(turns) * interval_;
  }
  next_ = (next_ + count) & mask_;
}

}  // namespace moesaic
