// SPDX-License-Identifier: Apache-2.0
#include "hw/sram/beats.h"

#include <algorithm>

#include "tlm/divide.h"

namespace moesaic {

BeatGeometry::BeatGeometry(const SramParams& params)
    : bank_bytes_(params.bank_bytes_per_cycle),
      banks_(params.banks),
      port_bytes_(std::clamp<std::uint64_t>(params.port_bytes_per_cycle, params.bank_bytes_per_cycle,
                                            std::uint64_t{params.banks} * params.bank_bytes_per_cycle)),
      two_ports_(params.bank_ports == BankPorts::read_and_write) {}

BankUse BeatGeometry::use(SramAccess access, std::uint64_t begin, std::uint64_t end) const {
  const std::uint64_t first = begin / bank_bytes_;
  const std::uint64_t words = (end - 1) / bank_bytes_ - first + 1;
  const std::uint64_t shift = first % banks_;
  const std::uint64_t mask = (words >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << words) - 1) << shift;
  if (access == SramAccess::read) return {mask, 0};
  if (access == SramAccess::write) return {0, mask};
  // While these words are read, as many of the other half of the port width are written back. A port of one
  // bank reads and writes half a word.
  const std::uint64_t half = port_bytes_ / bank_bytes_ / 2;
  return {mask, half == 0 ? mask : (shift & half) != 0 ? mask >> half : mask << half};
}

BeatPlan::BeatPlan(const Stream& stream, std::uint64_t beat_bytes, const Clock& clock)
    : stream_(stream), beat_(beat_bytes), clock_(clock) {
  if (stream_.train.contiguous()) {
    plan_contiguous();
  } else {
    plan_strided();
  }
  if (shape_ == Shape::irregular) {
    const std::uint64_t left =
        (stream_.train.count - stream_.index) * std::uint64_t{stream_.train.size} - stream_.offset;
    count_ = divide_up(left, beat_);
  }
}

void BeatPlan::plan_contiguous() {
  const Train& train = stream_.train;
  const std::uint64_t first = stream_.address() / beat_;
  const std::uint64_t beats = stream_.last_address() / beat_ - first + 1;
  if (train.count == 1) {
    shape_ = Shape::whole;
    per_ = first_group_ = beats;
  } else if (train.size % beat_ == 0) {
    // A beat belongs to the access with its last byte.
    shape_ = Shape::whole;
    per_ = train.size / beat_;
    first_group_ = (train.address_of(stream_.index) + train.size) / beat_ - first;
  } else if (beat_ % train.size == 0) {
    shape_ = Shape::merged;
    per_ = beat_ / train.size;
    const std::uint64_t to_end = (first + 1) * beat_ - train.address;
    const std::uint64_t access = divide_up(to_end, train.size) - 1;
    first_access_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(access, train.count - 1));
  }
  count_ = beats;
}

void BeatPlan::plan_strided() {
  const Train& train = stream_.train;
  const std::uint64_t per = (train.address % beat_ + train.size - 1) / beat_ + 1;
  if (train.stride % beat_ != 0 || train.stride < per * beat_) return;
  shape_ = Shape::whole;
  per_ = per;
  const std::uint64_t last = (train.address_of(stream_.index) + train.size - 1) / beat_;
  first_group_ = last - stream_.address() / beat_ + 1;
  count_ = first_group_ + (train.count - 1 - stream_.index) * per_;
}

std::uint32_t BeatPlan::completing_access(std::uint64_t q) const {
  std::uint64_t access = 0;
  if (shape_ == Shape::merged) {
    access = first_access_ + q * per_;
  } else {
    access = stream_.index + (q < first_group_ ? 0 : 1 + (q - first_group_) / per_);
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(access, stream_.train.count - 1));
}

// E(q) = max(first + q, max over q' <= q of A(q') + q - q'). With A(i) = ceil(i * period / cycle + const),
// A(q') - q' falls or grows with every group of beats, according to whether the accesses arrive faster or
// slower than they are served; only the first group and the last beat are uneven. So the maximum is at the
// first beat, the first beat of the second group, that of the last group, or at one of the last two beats. (A
// train that is not aligned has one beat more in its last group: hence the place one group back.)
std::uint64_t BeatPlan::served(std::uint64_t q, std::uint64_t first) const {
  std::uint64_t cycle = std::max(first + q, bound(0, q));
  if (stream_.train.period == 0) return cycle;
  if (shape_ == Shape::whole && q >= first_group_) {
    cycle = std::max(cycle, bound(first_group_, q));
    cycle = std::max(cycle, bound(q - (q - first_group_) % per_, q));
    if (q >= per_) cycle = std::max(cycle, bound(q - per_, q));
  }
  if (q > 0) cycle = std::max(cycle, bound(q - 1, q));
  return std::max(cycle, bound(q, q));
}

std::uint64_t BeatPlan::last_served(std::uint64_t first) const {
  if (regular()) return served(count_ - 1, first);
  return std::max(first + count_ - 1, stream_.arrival_cycle(stream_.train.count - 1, clock_));
}

std::uint64_t BeatPlan::served_by(std::uint64_t limit, std::uint64_t first) const {
  if (served(0, first) > limit) return 0;
  // Beat `low` is served by `limit`, beat `high` is not (or does not exist).
  std::uint64_t low = 0;
  std::uint64_t high = std::min(count_, limit - first + 1);
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (served(middle, first) <= limit ? low : high) = middle;
  }
  return low + 1;
}

void BeatPlan::skip(Stream& stream, std::uint64_t beats) const {
  if (beats == 0) return;
  const Train& train = stream.train;
  const std::uint64_t next = (stream.address() / beat_ + beats) * beat_;
  if (train.contiguous()) {
    stream.index = static_cast<std::uint32_t>((next - train.address) / train.size);
    stream.offset = (next - train.address) % train.size;
  } else if (beats < first_group_) {
    stream.offset = next - train.address_of(stream.index);
  } else {
    const std::uint64_t behind = beats - first_group_;
    stream.index += static_cast<std::uint32_t>(1 + behind / per_);
    const std::uint64_t begin = train.address_of(stream.index);
    stream.offset = behind % per_ == 0 ? 0 : (begin / beat_ + behind % per_) * beat_ - begin;
  }
}

}  // namespace moesaic
