// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/fabric_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "hw/d2d/d2d_fabric.h"
#include "sc_main/cli/experiment_choice.h"
#include "sc_main/config/problems.h"
#include "sc_main/fabric/traffic.h"
#include "sc_main/report/fabric_text.h"
#include "sc_main/report/summary.h"
#include "sc_main/report/table.h"
#include "sc_main/run/run_result.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

[[noreturn]] void refuse(const std::string& option, const std::string& what) {
  throw UserError(fmt::format("command line: error: {}: {}", option, what));
}

TrafficPattern pattern_of(const std::string& name) {
  const auto names = enum_names(TrafficPattern{});
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<TrafficPattern>(found - names.begin());
  std::vector<std::string> known(names.begin(), names.end());
  const std::string near = nearest_word(name, known);
  refuse("--traffic " + name, "unknown pattern" + (near.empty() ? "" : "; did you mean \"" + near + "\"?") +
                                  "\n  expected " + join_alternatives(known));
}

std::vector<std::string> row(const TrafficResult& r, const D2dFormat& format) {
  const bool settled = r.latency < 1e8;
  const auto cycles = [&](Cycle c) { return settled ? fmt::format("{}", c) : std::string("-"); };
  return {fmt::format("{:.3f}", r.load),
          fmt::format("{:.3f}", r.accepted),
          settled ? fmt::format("{:.2f}", r.latency) : "grows",
          settled ? fmt::format("{:.2f}", r.latency * static_cast<double>(format.cycle()) / 1e6) : "-",
          cycles(r.percentile(0.5)),
          cycles(r.percentile(0.99)),
          fmt::format("{:.2f}", r.hops),
          fmt::format("{}", r.packets)};
}

Table curve_table() {
  return Table({"offered", "accepted", "latency", "ns", "median", "99 %", "routers", "packets"}, 0);
}

/// Links, latencies and hops of one run.
void statistics(const TrafficResult& r, const PackageParams& package, const Topology& topology,
                const D2dFormat& format) {
  constexpr std::size_t kLinksPrinted = 8;
  const Tick time = format.time_of(r.cycles);
  std::vector<LinkRow> links;
  for (std::size_t i = 0; i < r.links.size(); ++i) {
    const FabricLink& link = topology.links()[i];
    links.push_back(link_row(
        {link.from, link.to, link_stats(r.links[i], format, package.d2d, topology.interval(i))}, time));
  }
  PacketRow packets;
  packets.kind = kPacketClassNames[static_cast<std::size_t>(PacketClass::stream)];
  for (std::size_t cycles = 0; cycles < r.latencies.size(); ++cycles)
    packets.histogram.add(format.time_of(cycles), r.latencies[cycles], 0);
  packets.packets = r.packets;
  packets.mean = static_cast<Tick>(r.mean * static_cast<double>(format.cycle()));
  packets.max = format.time_of(r.longest);
  std::vector<HopRow> hops;
  for (std::size_t n = 0; n < r.by_hops.size(); ++n) {
    if (r.by_hops[n] == 0) continue;
    hops.push_back({n, r.by_hops[n], static_cast<double>(r.by_hops[n]) / static_cast<double>(r.packets)});
  }
  fmt::print("\nlinks at an offered load of {:.3f}, over {} cycles; busy share in percent, by direction:\n",
             r.load, r.cycles);
  fmt::print("{}{}{}{}", link_map_text(package.rows, package.columns, links, Ink(wants_colours(1))),
             link_table(links, kLinksPrinted), packet_table({packets}), hop_line(hops));
}

/// Returns the run at nine tenths of saturation.
TrafficResult curve(const Topology& topology, const D2dFormat& format, const TrafficParams& traffic) {
  const FabricParams& params = format.fabric();
  const TrafficResult zero = zero_load(topology, params, traffic);
  const double limit = saturation(topology, params, traffic, zero.latency);
  const TrafficResult full = run_traffic(topology, params, traffic, 1.0);
  fmt::print("zero-load latency {:.2f} cycles through {:.2f} routers\n", zero.latency, zero.hops);
  fmt::print(
      "saturation at {:.3f} flits per die and cycle: the largest load with at most three times that "
      "latency\n",
      limit);
  fmt::print("accepted when 1.0 is offered: {:.3f}\n\n", full.accepted);
  Table table = curve_table();
  TrafficResult last;
  for (const double share : {0.1, 0.3, 0.5, 0.7, 0.8, 0.9}) {
    last = run_traffic(topology, params, traffic, share * limit);
    table.add(row(last, format));
  }
  fmt::print("{}", table.text());
  return last;
}

}  // namespace

int fabric_command(const CommandLine& line) {
  const FabricBench& b = line.fabric;
  const Experiment experiment = choose_experiments(line.overrides, Library::find()).front().experiment;
  const PackageParams& package = experiment.package;
  if (package.nodes() < 2) refuse(line.overrides.package, "a package of one die has no fabric");
  if (package.d2d.model == FabricModel::fixed_delay)
    refuse(line.overrides.package, "with d2d.model: fixed_delay there are no routers and links to measure");
  const Topology topology(package.d2d.topology, package.rows, package.columns);
  const D2dFormat format(package.d2d);
  // 1. What was asked for.
  TrafficParams traffic;
  traffic.pattern = pattern_of(b.traffic);
  traffic.flits = b.flits;
  traffic.seed = b.seed;
  traffic.measured = b.cycles;
  traffic.warm_up = b.cycles / 3;
  traffic.hotspot = b.hotspot;
  traffic.hotspot_share = b.hotspot_share;
  if (traffic.pattern == TrafficPattern::transpose && package.rows != package.columns)
    refuse("--traffic transpose", "the package is not square");
  if (b.hotspot >= package.nodes())
    refuse("--hotspot", fmt::format("the package has dies 0 to {}", package.nodes() - 1));
  if ((traffic.pattern == TrafficPattern::trace) != !b.trace.empty())
    refuse("--trace", "a trace needs --traffic trace and --trace FILE, other patterns take none");
  // 2. What it runs on.
  fmt::print("{}: {} dies, flit cycle {:.3f} ns, {} flits per packet, traffic {}, class stream\n",
             package.name, package.nodes(), static_cast<double>(format.cycle()) / 1e6, b.flits, b.traffic);
  // 3. The numbers.
  TrafficResult result;
  if (traffic.pattern != TrafficPattern::trace && b.load <= 0) {
    result = curve(topology, format, traffic);
  } else {
    result = traffic.pattern == TrafficPattern::trace
                 ? run_trace(topology, format.fabric(), traffic.kind, read_trace(b.trace, package.nodes()))
                 : run_traffic(topology, format.fabric(), traffic, b.load);
    Table table = curve_table();
    table.add(row(result, format));
    fmt::print("{}", table.text());
  }
  statistics(result, package, topology, format);
  if (result.turned_back > 0)
    fmt::print("  {} packets met a link that is down and were turned back\n", result.turned_back);
  if (!result.waits.empty()) {
    fmt::print(stderr, "hang: packets are on their way, and nothing moves any more\n");
    for (const std::string& wait : result.waits) fmt::print(stderr, "{}\n", wait);
    return kExitHang;
  }
  return kExitOk;
}

}  // namespace moesaic
