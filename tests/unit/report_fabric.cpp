// SPDX-License-Identifier: Apache-2.0
// What the report says of the fabric: rows from counters, the heat map, energy of links and routers.
#include <vector>

#include "sc_main/report/energy.h"
#include "sc_main/report/fabric_text.h"
#include "sc_main/run/run_result.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

LinkRow busy(unsigned from, unsigned to, double share) {
  LinkRow row;
  row.from = from;
  row.to = to;
  row.busy_share = share;
  row.stats.flits = 1;
  return row;
}

const EnergyItem& item(const Energy& energy, const std::string& component) {
  for (const EnergyItem& i : energy.items)
    if (i.component == component) return i;
  throw std::runtime_error("no " + component);
}

}  // namespace

TEST_CASE("the heat map draws every link between its dies, and the others below") {
  const std::vector<LinkRow> links{busy(0, 1, 0.41), busy(1, 0, 0.07), busy(0, 3, 1.0), busy(3, 0, 0.0),
                                   busy(2, 5, 0.5),  busy(0, 2, 0.3),  busy(5, 0, 0.6)};
  CHECK(link_map_text(2, 3, links, Ink()) ==
        "     [0]    41> <7     [1]               [2]\n"
        "  100v ^0                              50v\n"
        "     [3]               [4]               [5]\n"
        "  others: 5->0 60 0->2 30\n");
}

TEST_CASE("of several links between a pair the map shows the busiest") {
  const std::vector<LinkRow> links{busy(0, 1, 0.2), busy(0, 1, 0.9), busy(1, 0, 0.1)};
  CHECK(link_map_text(1, 2, links, Ink()) == "     [0]    90> <10    [1]\n");
}

TEST_CASE("hot links have a colour on terminals only, and the columns stay") {
  const std::vector<LinkRow> links{busy(0, 1, 0.9), busy(1, 0, 0.1)};
  const std::string coloured = link_map_text(1, 2, links, Ink(true));
  CHECK(coloured == "     [0]    \x1b[1;31m90>\x1b[0m <10    [1]\n");
}

TEST_CASE("the map of the HTML report has a direction each, and says what it is") {
  const std::string svg = link_map_svg(2, 2, {busy(0, 1, 0.25), busy(0, 3, 1.0)});
  CHECK(svg.find("<title>0 to 1: busy 25.0 %") != std::string::npos);
  CHECK(svg.find("<title>0 to 3: busy 100.0 %") != std::string::npos);
  CHECK(svg.find("rgb(213,40,0)") != std::string::npos);  // full
  CHECK(svg.find("die 3") != std::string::npos);
}

TEST_CASE("packets of all dies are summed by class and by hops") {
  std::vector<NodeResult> nodes(2);
  constexpr auto kStream = static_cast<std::size_t>(PacketClass::stream);
  nodes[0].network.latency[kStream].add(10 * kNanosecond, 3, 20 * kNanosecond, 50 * kNanosecond);
  nodes[1].network.latency[kStream].add(0, 1, 0, 7 * kMicrosecond);
  nodes[0].network.packets_by_hops[1] = 3;
  nodes[1].network.packets_by_hops[4] = 1;
  const std::vector<PacketRow> packets = packet_rows(nodes);
  REQUIRE(packets.size() == 4);
  CHECK(packets[kStream].packets == 4);
  CHECK(packets[kStream].mean == (10 + 30 + 50 + 7000) * kNanosecond / 4);
  CHECK(packets[kStream].max == 7 * kMicrosecond);
  CHECK(packets[kStream].histogram.counts[0] == 1);
  CHECK(packets[kStream].histogram.counts[1] == 1);
  CHECK(packets[kStream].histogram.counts[2] == 1);
  CHECK(packets[kStream].histogram.counts[15] == 1);
  CHECK(packets[0].packets == 0);
  const std::vector<HopRow> hops = hop_rows(nodes);
  REQUIRE(hops.size() == 2);
  CHECK(hops[0].hops == 1);
  CHECK(hops[0].share == 0.75);
  CHECK(hops[1].hops == 4);
  CHECK(hop_line(hops) == "  links on the way of a packet: 1: 75.0 %, 4: 25.0 %\n");
  CHECK(packet_table(packets).find("below 50 ns") != std::string::npos);
}

TEST_CASE("a histogram of evenly spaced latencies is that of one by one") {
  for (const Tick step : {Tick{0}, Tick{1}, 3 * kNanosecond, 77 * kNanosecond, 10 * kMicrosecond}) {
    for (const Tick first : {Tick{0}, 24 * kNanosecond, 25 * kNanosecond - 1, 1200 * kNanosecond}) {
      LatencyHistogram together, apart;
      together.add(first, 50, step);
      for (unsigned i = 0; i < 50; ++i) apart.add(first + i * step);
      CHECK(together.counts == apart.counts);
      CHECK(together.total() == 50);
    }
  }
}

TEST_CASE("links cost energy by bit and while nothing is on them, routers by bit") {
  EnergyEvents events;
  events.d2d_wire_bytes = 1000;
  events.router_bytes = 2500;
  events.link_bytes_per_s = 288'000'000'000;
  events.d2d_idle = 3 * kMicrosecond;
  const Energy energy = energy_of(events, EnergyParams{}, DramEnergyParams{});
  CHECK(item(energy, "d2d").joules == Approx(8000 * 0.6e-12));
  CHECK(item(energy, "d2d_router").joules == Approx(20000 * 0.4e-12));
  // 288 GB/s at 0.6 pJ/b are 1.3824 W; 15 % of it, for three microseconds.
  CHECK(item(energy, "d2d_idle").constant == Approx(0.15 * 1.3824));
  CHECK(item(energy, "d2d_idle").joules == Approx(3e-6 * 0.15 * 1.3824));
  CHECK(item(energy, "d2d_router").evidence == "V");
}
