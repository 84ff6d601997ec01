// SPDX-License-Identifier: Apache-2.0
// One DRAM channel alone, fed from a list of requests: what a device gives before anything is built on it.
//
// One request is offered per clock. Saturated: as fast as the queue takes them. With `outstanding`: no more
// than so many at once; an answered request is followed by the next one a clock later. Requests are taken in
// order. Latency runs from acceptance, when the last burst of the request passed the port on its way to the
// queue, to the last data, with the fixed delays of the controller; bandwidth is bytes by the time of the
// last data.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/memory/dram_channel.h"

namespace moesaic {

struct BenchRequest {
  std::uint64_t address = 0;
  std::uint32_t bytes = 64;
  bool write = false;
  Tick at = 0;  ///< offered no earlier
};

struct BenchOptions {
  unsigned outstanding = 0;  ///< 0: saturated
};

struct BenchResult {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
  Tick simulated = 0;  ///< to the last data
  double gbyte_per_s = 0.0;
  double latency_mean_ns = 0.0;
  double latency_p50_ns = 0.0;
  double latency_p99_ns = 0.0;
  double response_mean_ns = 0.0;  ///< from the offer, so that waiting for the queue counts
  double in_flight_mean = 0.0;    ///< requests between offer and last data, over time
  std::vector<Tick> latencies;    ///< of every request, ascending
  MemoryStats stats;
  DramChannel::Work work;
};

/// `params` with one channel. Throws UserError when they do not fit together, or a request is empty.
BenchResult run_channel_bench(const MemoryParams& params, const std::vector<BenchRequest>& requests,
                              const BenchOptions& options = {}, std::vector<DramCommand>* commands = nullptr);

}  // namespace moesaic
