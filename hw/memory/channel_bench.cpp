// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/channel_bench.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

class Feeder : public ChannelClient {
 public:
  Feeder(DramChannel& channel, Tick way, const std::vector<BenchRequest>& requests,
         const BenchOptions& options)
      : channel_(channel),
        way_(way),
        requests_(requests),
        limit_(options.outstanding == 0 ? std::numeric_limits<std::size_t>::max() : options.outstanding),
        offered_at_(requests.size()),
        accepted_(requests.size()),
        done_(requests.size()) {
    latencies_.reserve(requests.size());
    offer(0);
  }

  void accepted(std::uint64_t id, Tick at) override {
    // It passed the port so much before it entered the queue; the next one is on its way by then.
    accepted_[id] = std::max(offered_at_[id], at - std::min(at, way_));
    offered_ = false;
    offer(after(accepted_[id]));
  }
  void served(std::uint64_t id, Tick at) override {
    latencies_.push_back(at - accepted_[id]);
    done_[id] = at;
    last_ = std::max(last_, at);
    answers_.push(at);
    offer(0);
  }

  bool finished() const { return latencies_.size() == requests_.size(); }
  Tick last() const { return last_; }
  std::vector<Tick>& latencies() { return latencies_; }
  /// Sum over requests of offer to last data.
  double response_ns() const {
    double sum = 0.0;
    for (std::size_t i = 0; i < done_.size(); ++i)
      sum += static_cast<double>(done_[i] - offered_at_[i]) / kNanosecond;
    return sum;
  }
  /// Most requests between offer and last data.
  std::size_t peak() const {
    std::vector<Tick> ends = done_;
    std::sort(ends.begin(), ends.end());
    std::size_t most = 0, ended = 0;
    for (std::size_t i = 0; i < offered_at_.size(); ++i) {  // offers ascend
      while (ends[ended] <= offered_at_[i]) ++ended;
      most = std::max(most, i + 1 - ended);
    }
    return most;
  }

 private:
  Tick after(Tick at) const { return channel_.clock().after(at + 1, 0); }

  // The next request, not before `at`, unless one is on offer already or too many are under way.
  void offer(Tick at) {
    earliest_ = std::max(earliest_, at);
    if (offered_ || next_ == requests_.size()) return;
    if (next_ >= limit_) {
      if (answers_.empty()) return;
      earliest_ = std::max(earliest_, after(answers_.top()));
      answers_.pop();
    }
    offered_ = true;
    const BenchRequest& r = requests_[next_];
    earliest_ = std::max(earliest_, channel_.clock().after(r.at, 0));
    offered_at_[next_] = earliest_;
    channel_.post(earliest_, Train::block(r.address, r.bytes), r.write, next_, 0);
    ++next_;
  }

  DramChannel& channel_;
  Tick way_;  ///< from the port to the queue
  const std::vector<BenchRequest>& requests_;
  std::size_t limit_;
  std::size_t next_ = 0;
  bool offered_ = false;
  Tick earliest_ = 0, last_ = 0;
  std::vector<Tick> offered_at_, accepted_, done_;
  std::vector<Tick> latencies_;
  std::priority_queue<Tick, std::vector<Tick>, std::greater<>>
      answers_;  // of requests under way, not yet used
};

}  // namespace

BenchResult run_channel_bench(const MemoryParams& params, const std::vector<BenchRequest>& requests,
                              const BenchOptions& options, std::vector<DramCommand>* commands) {
  MemoryParams one = params;
  one.capacity_bytes /= one.channels;
  one.channels = 1;
  BenchResult result;
  for (const BenchRequest& r : requests) {
    if (r.bytes == 0) throw UserError("memory: a request of no bytes");
    result.bytes += r.bytes;
  }
  result.requests = requests.size();
  if (requests.empty()) return result;
  DramChannel channel(one);
  channel.record(commands);
  Feeder feeder(channel, channel.clock().edge(one.controller.request_latency_cycles), requests, options);
  channel.listen(&feeder);
  DramChannel::Done done;
  constexpr Tick kStep = 200 * kNanosecond;  // lets answered requests go; no effect on the result
  for (Tick now = kStep; !feeder.finished(); now += kStep) {
    channel.advance(now);
    while (channel.pop_done(done)) {
    }
  }
  const auto ns = [](Tick t) { return static_cast<double>(t) / kNanosecond; };
  std::vector<Tick>& latencies = feeder.latencies();
  for (const Tick t : latencies) result.latency_mean_ns += ns(t) / static_cast<double>(latencies.size());
  std::sort(latencies.begin(), latencies.end());
  result.latency_p50_ns = ns(latencies[latencies.size() / 2]);
  result.latency_p99_ns = ns(latencies[latencies.size() * 99 / 100]);
  result.simulated = feeder.last();
  result.gbyte_per_s = static_cast<double>(result.bytes) / ns(result.simulated);
  result.stats = channel.stats();
  result.work = channel.work();
  // Answered requests stay in the channel until they are popped: count those that are under way.
  result.stats.queue_peak = feeder.peak();
  result.in_flight_mean = feeder.response_ns() / ns(result.simulated);
  result.response_mean_ns = feeder.response_ns() / static_cast<double>(latencies.size());
  result.latencies = std::move(latencies);
  return result;
}

}  // namespace moesaic
