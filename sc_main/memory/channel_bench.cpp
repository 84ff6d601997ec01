// SPDX-License-Identifier: Apache-2.0
#include "sc_main/memory/channel_bench.h"

#include <algorithm>
#include <limits>

namespace moesaic {

namespace {

class Feeder {
 public:
  Feeder(DramChannel& channel, Clock clock, const std::vector<BenchRequest>& requests, unsigned outstanding)
      : channel_(channel),
        clock_(clock),
        requests_(requests),
        limit_(outstanding == 0 ? std::numeric_limits<std::size_t>::max() : outstanding),
        accepted_(requests.size()) {}

  Tick run(std::vector<Tick>& latencies) {
    Tick now = 0, last = 0;
    DramChannel::Done done{};
    while (latencies.size() < requests_.size()) {
      // 1. One request, when its time has come and there is room.
      const bool fits = next_ < requests_.size() && next_ - answered_ < limit_ && channel_.can_accept();
      if (fits && requests_[next_].at <= now && now >= earliest_) offer(now);
      // 2. What is done by now makes room for a request a clock later.
      channel_.advance(now);
      while (channel_.pop_done(done)) {
        latencies.push_back(done.at - accepted_[done.id]);
        last = std::max(last, done.at);
        ++answered_;
        earliest_ = std::max(earliest_, clock_.after(done.at + 1, 0));
      }
      // 3. The next edge at which a request may be offered, or the next that may be done.
      now = std::max(clock_.after(now + 1, 0), std::min(next_offer(), channel_.next_wake()));
    }
    return last;
  }

 private:
  void offer(Tick now) {
    const BenchRequest& r = requests_[next_];
    channel_.arrive(now, Train::block(r.address, r.bytes), r.write, next_, 0);
    accepted_[next_++] = now;
    earliest_ = clock_.after(now + 1, 0);
  }
  Tick next_offer() const {
    if (next_ == requests_.size() || next_ - answered_ >= limit_ || !channel_.can_accept()) return kNever;
    return std::max(earliest_, clock_.after(requests_[next_].at, 0));
  }

  DramChannel& channel_;
  Clock clock_;
  const std::vector<BenchRequest>& requests_;
  std::size_t limit_, next_ = 0, answered_ = 0;
  Tick earliest_ = 0;
  std::vector<Tick> accepted_;
};

}  // namespace

BenchResult run_channel_bench(const MemoryParams& params, const std::vector<BenchRequest>& requests,
                              const BenchOptions& options) {
  MemoryParams one = params;
  one.capacity_bytes /= one.channels;
  one.channels = 1;
  BenchResult result;
  result.requests = requests.size();
  for (const BenchRequest& r : requests) result.bytes += r.bytes;
  DramChannel channel(one);
  result.latencies.reserve(requests.size());
  Feeder feeder(channel, Clock(one.timing.clock_period_fs), requests, options.outstanding);
  result.simulated = feeder.run(result.latencies);
  std::sort(result.latencies.begin(), result.latencies.end());
  result.stats = channel.stats();
  return result;
}

}  // namespace moesaic
