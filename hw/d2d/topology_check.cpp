// SPDX-License-Identifier: Apache-2.0
// What is wrong with a topology: texts, reachability, deadlock.
#include <algorithm>
#include <utility>

#include "hw/d2d/topology.h"
#include "hw/d2d/topology_text.h"

namespace moesaic {

// --- deadlock

// Dally and Seitz, IEEE TC 1987: routing is free of deadlock if the dependencies between channels, here
// (link, set), have no cycle. Adaptive ways are followed too.
std::string Topology::cyclic_dependency() const {
  const auto sets = static_cast<std::size_t>(vc_sets_);
  const std::size_t count = links_.size() * sets;
  std::vector<std::vector<bool>> waits(count, std::vector<bool>(count, false));
  for (unsigned s = 0; s < nodes(); ++s) {
    for (unsigned d = 0; d < nodes(); ++d) {
      if (s == d) continue;
      // Every (node, channel by which it was reached) of all ways from s to d.
      std::vector<bool> seen(count, false);
      std::vector<std::pair<NodeId, std::size_t>> open{{NodeId(s), count}};
      while (!open.empty()) {
        const auto [here, by] = open.back();
        open.pop_back();
        if (here == NodeId(d)) continue;
        const Choice choice = routes(here, NodeId(s), NodeId(d));
        for (unsigned i = 0; i < choice.count; ++i) {
          if (choice.ports[i] == kNoPort) continue;
          const Peer& next = peer(here, choice.ports[i]);
          const std::size_t channel = next.link * sets + vc_set(here, choice.ports[i], NodeId(s));
          if (by != count) waits[by][channel] = true;
          if (seen[channel]) continue;
          seen[channel] = true;
          open.push_back({next.node, channel});
        }
      }
    }
  }
  // Take away channels that wait for none of the rest; what stays has a cycle.
  std::vector<bool> gone(count, false);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t a = 0; a < count; ++a) {
      if (gone[a]) continue;
      bool waiting = false;
      for (std::size_t b = 0; b < count; ++b) waiting = waiting || (waits[a][b] && !gone[b]);
      if (!waiting) gone[a] = changed = true;
    }
  }
  const auto first = std::find(gone.begin(), gone.end(), false);
  if (first == gone.end()) return "";
  std::vector<std::size_t> way;
  std::vector<std::size_t> place(count, count);
  auto at = static_cast<std::size_t>(first - gone.begin());
  while (place[at] == count) {
    place[at] = way.size();
    way.push_back(at);
    for (std::size_t b = 0; b < count; ++b) {
      if (waits[at][b] && !gone[b]) {
        at = b;
        break;
      }
    }
  }
  std::string text;
  for (std::size_t i = place[at]; i < way.size(); ++i) {
    const FabricLink& link = links_[way[i] / sets];
    text += std::to_string(index_of(link.from)) + "-" + std::to_string(index_of(link.to)) + ", ";
  }
  const FabricLink& again = links_[at / sets];
  return text + std::to_string(index_of(again.from)) + "-" + std::to_string(index_of(again.to));
}

std::vector<std::string> Topology::check(const TopologyParams& params, unsigned rows, unsigned columns) {
  std::vector<std::string> problems;
  const unsigned nodes = rows * columns;
  const bool grid = params.kind == TopologyKind::mesh || params.kind == TopologyKind::torus;
  const bool adaptive =
      params.routing == FabricRouting::west_first || params.routing == FabricRouting::odd_even;
  // 1. What is written.
  std::vector<std::string> bad;
  for (const DiePair& pair : read_pairs(params.links, &bad)) {
    if (pair.a >= nodes || pair.b >= nodes || pair.a == pair.b)
      problems.push_back("links: " + std::to_string(pair.a) + "-" + std::to_string(pair.b) +
                         " does not join two dies; the package has dies 0 to " + std::to_string(nodes - 1));
  }
  for (const std::string& word : bad) problems.push_back("links: '" + word + "' is not a pair such as 0-1");
  bad.clear();
  const std::vector<TableEntry> entries = read_table(params.table, &bad);
  for (const std::string& word : bad)
    problems.push_back("table: '" + word +
                       "' is not an entry such as 0>3:1 (at die 0, to die 3, go to die 1)");
  bad.clear();
  read_slow(params.slow_links, &bad);
  for (const std::string& word : bad)
    problems.push_back("slow_links: '" + word +
                       "' is not an entry such as 0-1:2, with a factor from 1 to 64");
  bad.clear();
  read_down(params.down_links, &bad);
  for (const std::string& word : bad)
    problems.push_back("down_links: '" + word +
                       "' is not an entry such as 0-1, or 0-1@2500 (from 2500 ns on; at most a second)");
  // 2. What fits together.
  if (params.kind == TopologyKind::list && params.links.empty() && nodes > 1)
    problems.push_back("links: kind is list, but no pair of dies is given");
  if (params.kind != TopologyKind::list && !params.links.empty())
    problems.push_back("links: given, but kind is not list");
  if (!params.table.empty() && params.routing != FabricRouting::table)
    problems.push_back("table: given, but routing is not table");
  if (adaptive && params.kind != TopologyKind::mesh)
    problems.push_back("routing: west_first and odd_even are for kind mesh");
  if (params.routing == FabricRouting::yx && !grid) problems.push_back("routing: yx is for meshes and tori");
  if (!problems.empty()) return problems;
  // 3. Every die reaches every other, and none waits for itself.
  for (const TableEntry& e : entries) {
    if (e.here >= nodes || e.destination >= nodes || e.next >= nodes)
      problems.push_back("table: an entry names a die beyond " + std::to_string(nodes - 1));
  }
  if (!problems.empty()) return problems;
  const Topology topology(params, rows, columns);
  for (unsigned a = 0; a < nodes; ++a) {
    for (unsigned b = 0; b < nodes; ++b) {
      NodeId here{static_cast<std::uint16_t>(a)};
      unsigned hops = 0;
      while (here != NodeId(b) && hops++ < nodes) {
        const unsigned port = topology.routes(here, NodeId(a), NodeId(b)).ports[0];
        if (port == kNoPort) break;
        here = topology.peer(here, port).node;
      }
      if (here != NodeId(b)) {
        problems.push_back(
            "packets from die " + std::to_string(a) + " do not reach die " + std::to_string(b) +
            (params.down_links.empty() ? "" : "; tables avoid links that are down from the start"));
        return problems;
      }
    }
  }
  const auto require_link = [&](const char* field, const DiePair& pair) {
    const bool known = std::any_of(topology.links_.begin(), topology.links_.end(), [&](const FabricLink& l) {
      return index_of(l.from) == pair.a && index_of(l.to) == pair.b;
    });
    if (!known)
      problems.push_back(std::string(field) + ": there is no link between dies " + std::to_string(pair.a) +
                         " and " + std::to_string(pair.b));
  };
  for (const SlowLink& slow : read_slow(params.slow_links)) require_link("slow_links", slow);
  for (const DownLink& down : read_down(params.down_links)) require_link("down_links", down);
  const std::string cycle = topology.cyclic_dependency();
  if (!cycle.empty() && !params.allow_deadlock)
    problems.push_back("routing can deadlock: links wait for each other in a circle, " + cycle +
                       "; choose other ways, or say allow_deadlock");
  return problems;
}

}  // namespace moesaic
