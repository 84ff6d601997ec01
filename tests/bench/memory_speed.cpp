// SPDX-License-Identifier: Apache-2.0
// How fast a DRAM channel is simulated: 64-byte requests per CPU-second, beside the peers' figures
// (reference/dram.md section 3.5, their faster one of each workload) and the rate of a bare EventWheel in the
// same run. Streams are also fed as they come from a DMA engine: 4 KB and 64 KB a transaction, counted in 64
// bytes. Beside each rate what it was spent on, per 64 bytes: commands and moments decided about one by one,
// rows opened, and the share of bursts that were committed in runs (hw/memory/channel_runs.cpp). Shares of
// CPU time by function: docs/memory.md says how. Prints a table; asserts nothing.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/memory_peers.h"
#include "tests/support/memory_traffic.h"
#include "tlm/event_wheel.h"

using namespace moesaic;
using namespace moesaic::memory_test;

namespace {

// Best of three, in CPU seconds.
template <class Run>
double fastest(Run run) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t from = std::clock();
    run();
    best = std::min(best, static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC);
  }
  return best;
}

// As configured for a peer's measurement with this address map.
MemoryParams as_peer(const char* simulator, const char* device, const char* policy, const char* map) {
  PeerRow row;
  row.simulator = simulator;
  row.device = device;
  row.policy = policy;
  row.map = std::string("(") + device + "-" + map + ")";
  MemoryParams params;
  if (!configure(row, params)) throw std::logic_error("no such peer");
  return params;
}

void report(const std::string& name, const MemoryParams& params, const std::vector<BenchRequest>& requests,
            double peer_k) {
  double accesses = 0;
  for (const BenchRequest& r : requests) accesses += r.bytes / 64.0;
  BenchResult result;
  const double rate = accesses / fastest([&] { result = run_channel_bench(params, requests, {}); });
  const double bursts = static_cast<double>(result.stats.read_bursts + result.stats.write_bursts);
  fmt::print("{:<36} {:>6.2f} M/s  {:>4.0f} k/s  x{:<5.1f} {:>6.2f} {:>6.3f} {:>5.0f} %\n", name, rate / 1e6,
             peer_k, rate / 1e3 / peer_k, static_cast<double>(result.work.decisions) / accesses,
             static_cast<double>(result.stats.activates) / accesses,
             100 * static_cast<double>(result.work.run_bursts) / bursts);
}

std::vector<BenchRequest> blocks(std::uint32_t bytes) {
  std::vector<BenchRequest> out;
  for (std::uint64_t at = 0; at < 32ULL << 20; at += bytes) out.push_back({at, bytes, false});
  return out;
}

class Bouncer : public WheelClient {
 public:
  explicit Bouncer(EventWheel& wheel) : wheel_(wheel) {}
  void on_wheel(Tick now, Phase, std::uint64_t cookie) override {
    if (++count_ < kEvents)
      wheel_.schedule(now + 1250 * (1 + cookie), Phase::arbitrate, ComponentId(1), *this, cookie);
  }
  static constexpr std::uint64_t kEvents = 4'000'000;

 private:
  EventWheel& wheel_;
  std::uint64_t count_ = 0;
};

}  // namespace

/// SystemC's library asks for one; nothing of it runs here.
int sc_main(int, char**) {
  return 0;
}

int main() {
  const auto a = peer_trace("a_seq"), b = peer_trace("b_rand"), d = peer_trace("d_mix");
  const MemoryParams hbm2 = as_peer("ramulator", "hbm2", "", "M1");
  const MemoryParams hbm3 = as_peer("ramulator", "hbm3", "", "M1");
  const MemoryParams lpddr4 = as_peer("dramsys", "LPDDR4-3200", "fr_fcfs", "robaco");
  const MemoryParams lpddr5 = as_peer("ramulator", "lpddr5", "", "M2");
  fmt::print("64-byte requests per CPU-second, best of three\n");
  fmt::print("{:<36} {:>10}  {:>8}  {:<6} {:>6} {:>6} {:>7}\n", "", "here", "peer", "", "decide", "rows",
             "in runs");
  report("HBM2 sequential", hbm2, a, 389);
  report("HBM2 random", hbm2, b, 108);
  report("HBM3 sequential", hbm3, a, 243);
  report("HBM3 random", hbm3, b, 68);
  report("HBM3 half writes", hbm3, d, 167);
  report("LPDDR4 sequential", lpddr4, a, 267);
  report("LPDDR4 random", lpddr4, b, 163);
  report("LPDDR4 half writes", lpddr4, d, 270);
  report("LPDDR5 sequential", lpddr5, a, 210);
  report("LPDDR5 random", lpddr5, b, 90);
  report("LPDDR5 half writes", lpddr5, d, 195);
  for (const std::uint32_t bytes : {4096U, 65536U}) {
    const std::string size = fmt::format(" in transactions of {} KB", bytes / 1024);
    report("HBM2" + size, hbm2, blocks(bytes), 389);
    report("HBM3" + size, hbm3, blocks(bytes), 243);
    report("LPDDR4" + size, lpddr4, blocks(bytes), 267);
    report("LPDDR5" + size, lpddr5, blocks(bytes), 210);
  }
  const double wheel = fastest([] {
    EventWheel queue;
    Bouncer bouncer(queue);
    for (std::uint64_t i = 0; i < 16; ++i) queue.schedule(1, Phase::arbitrate, ComponentId(1), bouncer, i);
    while (!queue.empty()) queue.run_one();
  });
  fmt::print("{:<36} {:>6.2f} M/s\n", "bare event wheel, 16 pending: events", Bouncer::kEvents / wheel / 1e6);
  return 0;
}
