// SPDX-License-Identifier: Apache-2.0
#include "sc_main/fabric/traffic.h"

#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include <algorithm>
#include <deque>
#include <fstream>
#include <sstream>

#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr std::size_t kLongest = 4096;  // latencies in the histogram

struct TimedTrain : PacketTrain {
  Cycle created = 0;
  bool measured = false;
};

// Sources and sinks around the core.
class Bench : FabricCore::Owner {
 public:
  Bench(const Topology& topology, FabricParams params) : core(topology, with_sinks(params), *this) {}

  TimedTrain& acquire() {
    if (idle_.empty()) {
      all_.emplace_back();
      return all_.back();
    }
    TimedTrain& train = *idle_.back();
    idle_.pop_back();
    return train;
  }
  void submit(unsigned source, unsigned destination, PacketClass kind, std::uint32_t flits, Cycle at,
              bool measured) {
    TimedTrain& train = acquire();
    train.source = NodeId(static_cast<std::uint16_t>(source));
    train.destination = NodeId(static_cast<std::uint16_t>(destination));
    train.kind = kind;
    train.flits = train.total = flits;
    train.created = at;
    train.measured = measured;
    if (measured) ++open;
    core.submit(train, at);
  }

  FabricCore core;
  Cycle from = 0, until = kNoCycle;  // flits that arrive in between count as accepted
  std::uint64_t open = 0;            // measured packets under way
  std::uint64_t accepted = 0;
  std::uint64_t latency_sum = 0;
  std::uint64_t routers = 0;
  Cycle last_arrival = 0;
  TrafficResult result;

 private:
  static FabricParams with_sinks(FabricParams params) {
    params.automatic_sinks = params.to_self = true;
    return params;
  }
  void arrived(PacketTrain& base, std::uint32_t, std::uint32_t, Cycle, Cycle tail, unsigned) override {
    auto& train = static_cast<TimedTrain&>(base);
    last_arrival = tail;
    if (tail >= from && tail < until) accepted += train.flits;
    if (train.measured) {
      const Cycle latency = tail - train.created;
      latency_sum += latency;
      result.longest = std::max(result.longest, latency);
      const unsigned hops = core.topology().hops(train.source, train.destination);
      routers += hops + 1;
      if (result.by_hops.size() <= hops) result.by_hops.resize(hops + 1);
      ++result.by_hops[hops];
      result.latencies.resize(kLongest + 1);
      ++result.latencies[std::min<Cycle>(latency, kLongest)];
      ++result.packets;
      --open;
    }
    idle_.push_back(&train);
  }
  void turned_back(PacketTrain& base, std::uint32_t, std::uint32_t, Cycle tail, Cycle, unsigned,
                   NodeId) override {
    auto& train = static_cast<TimedTrain&>(base);
    last_arrival = tail;
    ++result.turned_back;
    if (train.measured) --open;
    idle_.push_back(&train);
  }
  void left(PacketTrain&, Cycle) override {}

  std::deque<TimedTrain> all_;
  std::vector<TimedTrain*> idle_;
};

class Destinations {
 public:
  Destinations(const Topology& topology, const TrafficParams& traffic) : t_(topology), p_(traffic) {}
  unsigned next(unsigned source, boost::random::mt19937& random) const {
    const unsigned rows = t_.rows();
    const unsigned columns = t_.columns();
    const unsigned x = source % columns;
    const unsigned y = source / columns;
    switch (p_.pattern) {
      case TrafficPattern::uniform:
        return below(random, t_.nodes());
      case TrafficPattern::neighbour:
        return (y + 1) % rows * columns + (x + 1) % columns;
      case TrafficPattern::transpose:
        return x * columns + y;
      case TrafficPattern::nearest: {
        std::vector<unsigned> near;
        for (unsigned port = 1; port < t_.ports(NodeId(source)); ++port) {
          const Topology::Peer& peer = t_.peer(NodeId(source), port);
          if (peer.connected()) near.push_back(index_of(peer.node));
        }
        return near[below(random, static_cast<unsigned>(near.size()))];
      }
      case TrafficPattern::hotspot:
        if (source != p_.hotspot && random() < p_.hotspot_share * 4294967296.0) return p_.hotspot;
        return other(source, random);
      default:
        return other(source, random);
    }
  }

 private:
  static unsigned below(boost::random::mt19937& random, unsigned n) {
    return boost::random::uniform_int_distribution<unsigned>(0, n - 1)(random);
  }
  unsigned other(unsigned source, boost::random::mt19937& random) const {
    return (source + 1 + below(random, t_.nodes() - 1)) % t_.nodes();
  }
  const Topology& t_;
  const TrafficParams& p_;
};

void finish(Bench& bench, double load) {
  TrafficResult& r = bench.result;
  r.load = load;
  if (r.packets > 0) {
    r.mean = r.latency = static_cast<double>(bench.latency_sum) / static_cast<double>(r.packets);
    r.hops = static_cast<double>(bench.routers) / static_cast<double>(r.packets);
  }
  // Packets are on their way and none has come for a long time: they wait for each other.
  constexpr Cycle kLongSilence = 5000;
  const bool silent =
      bench.core.next_cycle() == kNoCycle || bench.core.now() > bench.last_arrival + kLongSilence;
  if (bench.open > 0 && silent) bench.core.report_waits("fabric", r.waits);
  r.steps = bench.core.steps();
  r.cycles = bench.core.now();
  for (const FabricLink& link : bench.core.topology().links())
    r.links.push_back(bench.core.stats(link.from, link.out));
}

}  // namespace

TrafficResult run_traffic(const Topology& topology, const FabricParams& params, const TrafficParams& traffic,
                          double load, double give_up) {
  Bench bench(topology, params);
  const Destinations destinations(topology, traffic);
  boost::random::mt19937 random(static_cast<std::uint32_t>(traffic.seed));
  const double chance = std::min(1.0, load / traffic.flits) * 4294967296.0;
  const Cycle end = traffic.warm_up + traffic.measured;
  bench.from = traffic.warm_up;
  bench.until = end;
  // Traffic goes on while measured packets are under way, so that the last ones meet what the first met.
  const Cycle longest = 3 * end;
  for (Cycle at = 0; at < longest && (at < end || bench.open > 0); ++at) {
    const bool measured = at >= traffic.warm_up && at < end;
    for (unsigned source = 0; source < topology.nodes(); ++source) {
      if (random() >= chance) continue;
      bench.submit(source, destinations.next(source, random), traffic.kind, traffic.flits, at, measured);
    }
    bench.core.advance(at + 1);
    // What waits already takes the mean beyond the limit.
    if (give_up > 0 && at % 1024 == 0 && at > end &&
        static_cast<double>(bench.open) * static_cast<double>(at - end) >
            give_up * static_cast<double>(bench.open + bench.result.packets))
      break;
  }
  finish(bench, load);
  bench.result.accepted =
      static_cast<double>(bench.accepted) / (static_cast<double>(traffic.measured) * topology.nodes());
  if (bench.open > 0) bench.result.latency = 1e9;  // it does not settle
  return bench.result;
}

TrafficResult run_trace(const Topology& topology, const FabricParams& params, PacketClass kind,
                        const std::vector<TracePacket>& packets) {
  Bench bench(topology, params);
  std::uint64_t flits = 0;
  for (const TracePacket& p : packets) {
    bench.core.advance(p.at);
    bench.submit(p.source, p.destination, kind, p.flits, p.at, true);
    flits += p.flits;
  }
  bench.core.advance(kNoCycle);
  const Cycle last = packets.empty() ? 1 : packets.back().at + 1;
  finish(bench, static_cast<double>(flits) / (static_cast<double>(last) * topology.nodes()));
  bench.result.accepted =
      static_cast<double>(flits) / (static_cast<double>(bench.core.now()) * topology.nodes());
  return bench.result;
}

std::vector<TracePacket> read_trace(const std::string& path, unsigned dies) {
  std::ifstream file(path);
  if (!file) throw UserError(path + ": cannot be read");
  std::vector<TracePacket> packets;
  std::string line;
  for (unsigned number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#' || line.rfind("cycle", 0) == 0) continue;
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream in(line);
    TracePacket p;
    const std::string place = path + ":" + std::to_string(number) + ": ";
    if (!(in >> p.at >> p.source >> p.destination >> p.flits) || !(in >> std::ws).eof())
      throw UserError(place + "expected cycle,source,destination,flits");
    if (p.source >= dies || p.destination >= dies)
      throw UserError(place + "the package has dies 0 to " + std::to_string(dies - 1));
    if (p.flits == 0 || p.flits > 65536) throw UserError(place + "flits: expected 1 to 65536");
    if (!packets.empty() && p.at < packets.back().at)
      throw UserError(place + "cycles go back; sort the trace by cycle");
    packets.push_back(p);
  }
  return packets;
}

TrafficResult zero_load(const Topology& topology, const FabricParams& params, TrafficParams traffic) {
  traffic.measured = std::max<Cycle>(traffic.measured, 400'000 * traffic.flits / topology.nodes());
  return run_traffic(topology, params, traffic, 0.003);
}

double saturation(const Topology& topology, const FabricParams& params, const TrafficParams& traffic,
                  double zero, double step) {
  double low = 0.0;
  double high = 1.0;
  const auto holds = [&](double load) {
    return run_traffic(topology, params, traffic, load, 3 * zero).latency <= 3 * zero;
  };
  if (holds(high)) return high;
  while (high - low > step) {
    const double middle = (low + high) / 2;
    (holds(middle) ? low : high) = middle;
  }
  return low;
}

Cycle TrafficResult::percentile(double share) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < latencies.size(); ++i) {
    sum += latencies[i];
    if (static_cast<double>(sum) >= share * static_cast<double>(packets)) return i;
  }
  return 0;
}

}  // namespace moesaic
