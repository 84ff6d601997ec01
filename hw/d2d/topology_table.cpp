// SPDX-License-Identifier: Apache-2.0
// Routing tables over links that work at the start.
#include <algorithm>
#include <queue>
#include <tuple>

#include "hw/d2d/topology.h"
#include "hw/d2d/topology_text.h"

namespace moesaic {

namespace {
constexpr unsigned kFar = ~0u;
}

// Dies that are one working link away, the lowest first.
std::vector<unsigned> Topology::neighbours(unsigned here) const {
  std::vector<unsigned> all;
  for (unsigned p = 1; p < peers_[here].size(); ++p) {
    if (works(here, p)) all.push_back(index_of(peers_[here][p].node));
  }
  std::sort(all.begin(), all.end());
  return all;
}

// Links from each die to `destination`.
std::vector<unsigned> Topology::distances(unsigned destination) const {
  std::vector<unsigned> distance(nodes(), kFar);
  std::queue<unsigned> reached;
  distance[destination] = 0;
  reached.push(destination);
  while (!reached.empty()) {
    const unsigned n = reached.front();
    reached.pop();
    for (const unsigned next : neighbours(n)) {
      if (distance[next] != kFar) continue;
      distance[next] = distance[n] + 1;
      reached.push(next);
    }
  }
  return distance;
}

// Several links to a die are shared by destination.
unsigned Topology::port_to(unsigned here, unsigned next, unsigned destination) const {
  std::vector<unsigned> ports;
  for (unsigned p = 1; p < peers_[here].size(); ++p) {
    if (peers_[here][p].node == NodeId(next)) ports.push_back(p);
  }
  return ports.empty() ? kNoPort : ports[destination % ports.size()];
}

// To the die with the lowest number among equals.
void Topology::shortest_ways() {
  for (unsigned destination = 0; destination < nodes(); ++destination) {
    const std::vector<unsigned> distance = distances(destination);
    for (unsigned n = 0; n < nodes(); ++n) {
      if (n == destination || distance[n] == kFar) continue;
      for (const unsigned next : neighbours(n)) {
        if (distance[next] + 1 != distance[n]) continue;
        table_[n][destination] = port_to(n, next, destination);
        break;
      }
    }
  }
}

// Up toward die 0 as far as needed, then down, never up again, so that no circle closes whatever the links
// are (up*/down* of Autonet: Schroeder et al., IEEE JSAC 9(8), 1991). REQUIRES: every die is reached.
void Topology::up_down_ways() {
  const std::vector<unsigned> level = distances(0);
  std::vector<unsigned> order(nodes());  // the highest first
  for (unsigned n = 0; n < nodes(); ++n) order[n] = n;
  const auto above = [&](unsigned a, unsigned b) { return std::tie(level[a], a) < std::tie(level[b], b); };
  std::sort(order.begin(), order.end(), above);
  for (unsigned destination = 0; destination < nodes(); ++destination) {
    std::vector<unsigned> down(nodes(), kFar);  // links to the destination, only down
    std::vector<unsigned> all(nodes(), kFar);   // up, then down
    down[destination] = all[destination] = 0;
    // 1. What can go down only, the lowest dies first.
    for (auto n = order.rbegin(); n != order.rend(); ++n) {
      for (const unsigned next : neighbours(*n)) {
        if (!above(*n, next) || down[next] == kFar || down[next] + 1 >= down[*n]) continue;
        down[*n] = all[*n] = down[next] + 1;
        table_[*n][destination] = port_to(*n, next, destination);
      }
    }
    // 2. The others go up, the highest dies first.
    for (const unsigned n : order) {
      if (down[n] != kFar) continue;
      for (const unsigned next : neighbours(n)) {
        if (!above(next, n) || all[next] == kFar || all[next] + 1 >= all[n]) continue;
        all[n] = all[next] + 1;
        table_[n][destination] = port_to(n, next, destination);
      }
    }
  }
}

// Shortest ways; where packets on them could wait for each other in a circle, those of a tree; then what
// `overrides` says.
void Topology::fill_table(const std::string& overrides) {
  table_.assign(nodes(), std::vector<unsigned>(nodes(), kNoPort));
  shortest_ways();
  const std::vector<unsigned> reached = distances(0);
  const bool whole = std::find(reached.begin(), reached.end(), kFar) == reached.end();
  if (whole && !cyclic_dependency().empty()) up_down_ways();
  for (const TableEntry& e : read_table(overrides))
    table_[e.here][e.destination] = port_to(e.here, e.next, e.destination);
}

}  // namespace moesaic
