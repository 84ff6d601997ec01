// SPDX-License-Identifier: Apache-2.0
// Drives one DRAM channel without SystemC: timed arrivals in, commands and completions out.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

#include "hw/memory/dram_channel.h"

namespace moesaic::memory_test {

/// One channel, no controller latency, map M2 without hash: addresses say the bank (place()).
inline MemoryParams bare_params() {
  MemoryParams p;
  p.channels = 1;
  p.address_map.bits = "M2";
  p.controller.request_latency_cycles = 0;
  p.controller.response_latency_cycles = 0;
  p.controller.port_requests = 4096;
  return p;
}

/// Address of a 32-byte burst in map M2. REQUIRES: column < 64.
inline std::uint64_t place(unsigned group, unsigned bank, std::uint64_t row, unsigned column = 0) {
  return (row << 15) | (std::uint64_t{bank} << 13) | (std::uint64_t{column >> 1} << 8) |
         (std::uint64_t{group} << 6) | (std::uint64_t{column & 1} << 5);
}

struct Arrival {
  Tick at;
  Train train;
  bool write = false;
  std::uint64_t id = 0;
  ComponentId port = 0;
};

struct Outcome {
  std::vector<DramCommand> commands;
  std::map<std::uint64_t, DramChannel::Done> done;
  MemoryStats stats;
  DramChannel::Work work;
  Tick last = 0;
};

/// Runs arrivals (in any order; calls of one instant happen in the order given) to the end, waking the
/// channel exactly when it asks for it, and at `extra` times besides.
inline Outcome run(const MemoryParams& params, std::vector<Arrival> arrivals, std::vector<Tick> extra = {}) {
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
  std::sort(extra.begin(), extra.end());
  DramChannel channel(params, 0);
  Outcome outcome;
  channel.record(&outcome.commands);
  std::size_t next = 0, next_extra = 0;
  DramChannel::Done done;
  while (next < arrivals.size() || channel.trains() > 0) {
    Tick now = channel.next_wake();
    if (next < arrivals.size()) now = std::min(now, arrivals[next].at);
    if (next_extra < extra.size()) now = std::min(now, extra[next_extra]);
    while (next_extra < extra.size() && extra[next_extra] == now) ++next_extra;
    for (; next < arrivals.size() && arrivals[next].at == now; ++next) {
      const Arrival& a = arrivals[next];
      channel.arrive(now, a.train, a.write, a.id, a.port);
    }
    channel.advance(now);
    while (channel.pop_done(done)) {
      if (done.at != now) throw std::logic_error("a train was done before the channel asked to be woken");
      outcome.done[done.id] = done;
      outcome.last = now;
    }
  }
  outcome.stats = channel.stats();
  outcome.work = channel.work();
  return outcome;
}

/// Cycle of the n-th command of a kind (bank optional).
inline std::optional<std::uint64_t> cycle_of(const std::vector<DramCommand>& commands, DramCommandKind kind,
                                             unsigned n = 0, std::optional<unsigned> bank = {}) {
  for (const DramCommand& c : commands) {
    if (c.kind != kind || (bank && index_of(c.bank) != *bank)) continue;
    if (n-- == 0) return c.cycle();
  }
  return std::nullopt;
}

inline Tick sum(const CauseTimes& causes) {
  Tick total = 0;
  for (const Tick t : causes) total += t;
  return total;
}

/// Bursts of one stream of accesses with `outstanding` in flight: bytes per second, and latencies in ns.
struct Measured {
  double gbyte_per_s = 0.0;
  double mean_ns = 0.0;
  double median_ns = 0.0;
  MemoryStats stats;
};
struct Access {
  std::uint64_t address;
  bool write = false;
};
inline Measured measure(const MemoryParams& params, const std::vector<Access>& accesses, unsigned outstanding,
                        std::uint32_t bytes = 64, Tick think = 0) {
  DramChannel channel(params);
  std::vector<Tick> start(accesses.size());
  std::vector<double> latency;
  std::size_t next = 0;
  Tick now = 0, last = 0;
  DramChannel::Done done;
  while (latency.size() < accesses.size()) {
    for (; next < accesses.size() && next - latency.size() < outstanding; ++next) {
      start[next] = now;
      channel.arrive(now, Train::block(accesses[next].address, bytes), accesses[next].write, next, 0);
    }
    now = channel.next_wake();
    channel.advance(now);
    bool any = false;
    while (channel.pop_done(done)) {
      any = true;
      last = done.at;
      latency.push_back(static_cast<double>(done.at - start[done.id]) / kNanosecond);
    }
    if (any) now += think;
  }
  Measured m;
  for (const double x : latency) m.mean_ns += x / static_cast<double>(latency.size());
  std::sort(latency.begin(), latency.end());
  m.median_ns = latency[latency.size() / 2];
  m.gbyte_per_s = static_cast<double>(accesses.size()) * bytes / (static_cast<double>(last) / kNanosecond);
  m.stats = channel.stats();
  return m;
}

}  // namespace moesaic::memory_test
