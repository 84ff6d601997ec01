// SPDX-License-Identifier: Apache-2.0
// The fabric alone under synthetic traffic, or a trace: zero-load latency, latency at a load, saturation.
//
// Models: every die creates packets by a Bernoulli process, a fixed number of flits each, into an unbounded
// queue; dies take what arrives at once. Latency runs from the creation of a packet to the arrival of its
// tail, the wait at its source included. Loads are in flits per die and cycle. Packets created in the
// measured window count, however late they arrive.
// Time: flit cycles of the fabric.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hw/d2d/fabric_core.h"

namespace moesaic {

enum class TrafficPattern : std::uint8_t {
  uniform,         ///< every die with equal probability, the own one included
  uniform_others,  ///< every other die
  neighbour,       ///< the die one column and one row on, around the edges
  nearest,         ///< the dies one link away, with equal probability
  transpose,       ///< (x, y) to (y, x); dies on the diagonal send to themselves
  hotspot,         ///< one die in a part of the cases, else every other die
  trace            ///< packets of a file: cycle, source, destination, flits
};
constexpr std::array<const char*, 7> enum_names(TrafficPattern) {
  return {"uniform", "uniform_others", "neighbour", "nearest", "transpose", "hotspot", "trace"};
}

struct TrafficParams {
  TrafficPattern pattern = TrafficPattern::uniform;
  std::uint32_t flits = 8;
  std::uint64_t seed = 1;
  Cycle warm_up = 10'000;
  Cycle measured = 30'000;
  unsigned hotspot = 0;
  double hotspot_share = 0.2;
  PacketClass kind = PacketClass::stream;
};

/// A packet of a trace.
struct TracePacket {
  Cycle at = 0;
  unsigned source = 0;
  unsigned destination = 0;
  std::uint32_t flits = 1;
};

struct TrafficResult {
  double load = 0;      ///< offered, flits per die and cycle
  double accepted = 0;  ///< arrived, flits per die and cycle
  double latency = 0;   ///< mean, cycles
  double mean = 0;      ///< latency of the packets that arrived, whether it settles or not
  double hops = 0;      ///< routers, mean
  std::uint64_t packets = 0;
  Cycle longest = 0;                     ///< latency
  std::vector<std::uint64_t> latencies;  ///< histogram: packets by latency in cycles; the last: that or more
  std::uint64_t steps = 0;               ///< of the timing core
  Cycle cycles = 0;                      ///< of the whole run, warm-up and last packets included
  std::vector<ChannelStats> links;       ///< over all these cycles, by Topology::links()
  std::uint64_t turned_back = 0;         ///< packets that met a link that is down
  std::vector<std::string> waits;        ///< nothing moves any more: who waits for whom
  std::vector<std::uint64_t> by_hops;    ///< packets by links on their way

  /// The latency that `share` of the packets do not exceed.
  Cycle percentile(double share) const;
};

/// One run at a load. `give_up`: the run ends when the mean latency is certain to exceed it.
TrafficResult run_traffic(const Topology& topology, const FabricParams& params, const TrafficParams& traffic,
                          double load, double give_up = 0);
/// Plays the packets of a trace.
TrafficResult run_trace(const Topology& topology, const FabricParams& params, PacketClass kind,
                        const std::vector<TracePacket>& packets);
/// CSV with the columns cycle,source,destination,flits. Throws UserError.
std::vector<TracePacket> read_trace(const std::string& path, unsigned dies);

/// Latency of packets that meet nobody.
TrafficResult zero_load(const Topology& topology, const FabricParams& params, TrafficParams traffic);
/// The largest load whose mean latency is at most three times `zero`, by bisection.
double saturation(const Topology& topology, const FabricParams& params, const TrafficParams& traffic,
                  double zero, double step = 0.004);

}  // namespace moesaic
