// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/topology.h"

#include <algorithm>
#include <queue>
#include <sstream>
#include <utility>

namespace moesaic {

namespace {

// Ports of meshes and tori.
constexpr unsigned kNorth = 1;
constexpr unsigned kEast = 2;
constexpr unsigned kSouth = 3;
constexpr unsigned kWest = 4;
constexpr std::array<const char*, 5> kGridPorts{"local", "north", "east", "south", "west"};
// Ports of rings.
constexpr unsigned kNext = 1;
constexpr unsigned kPrevious = 2;

struct Pair {
  unsigned a = 0;
  unsigned b = 0;
};

// "0-1 1-2": pairs of dies. What cannot be read is appended to `bad`.
std::vector<Pair> read_pairs(const std::string& text, std::vector<std::string>* bad = nullptr) {
  std::vector<Pair> pairs;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::istringstream in(word);
    Pair pair;
    char dash = 0;
    if (in >> pair.a >> dash >> pair.b && dash == '-' && in.peek() == EOF) {
      pairs.push_back(pair);
    } else if (bad != nullptr) {
      bad->push_back(word);
    }
  }
  return pairs;
}

struct SlowLink : Pair {
  unsigned factor = 0;
};

// "0-1:2".
std::vector<SlowLink> read_slow(const std::string& text, std::vector<std::string>* bad = nullptr) {
  std::vector<SlowLink> links;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::istringstream in(word);
    SlowLink link;
    char dash = 0;
    char colon = 0;
    if (in >> link.a >> dash >> link.b >> colon >> link.factor && dash == '-' && colon == ':' &&
        link.factor >= 1 && link.factor <= 64 && in.peek() == EOF) {
      links.push_back(link);
    } else if (bad != nullptr) {
      bad->push_back(word);
    }
  }
  return links;
}

struct TableEntry {
  unsigned here = 0;
  unsigned destination = 0;
  unsigned next = 0;
};

// "0>3:1": at die 0, packets to die 3 go to die 1.
std::vector<TableEntry> read_table(const std::string& text, std::vector<std::string>* bad = nullptr) {
  std::vector<TableEntry> entries;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::istringstream in(word);
    TableEntry e;
    char arrow = 0;
    char colon = 0;
    if (in >> e.here >> arrow >> e.destination >> colon >> e.next && arrow == '>' && colon == ':' &&
        in.peek() == EOF) {
      entries.push_back(e);
    } else if (bad != nullptr) {
      bad->push_back(word);
    }
  }
  return entries;
}

}  // namespace

Topology::Topology(const TopologyParams& params, unsigned rows, unsigned columns)
    : kind_(params.kind), routing_(params.routing), rows_(rows), columns_(columns), peers_(rows * columns) {
  for (auto& ports : peers_) ports.resize(1);  // the local port
  switch (kind_) {
    case TopologyKind::mesh:
    case TopologyKind::torus:
      connect_grid(kind_ == TopologyKind::torus);
      break;
    case TopologyKind::ring:
      for (unsigned n = 0; n < nodes(); ++n) peers_[n].resize(nodes() > 1 ? 3 : 1);
      for (unsigned n = 0; nodes() > 1 && n < nodes(); ++n) connect(n, kNext, (n + 1) % nodes(), kPrevious);
      break;
    case TopologyKind::fully_connected:
      for (unsigned a = 0; a < nodes(); ++a) {
        for (unsigned b = 0; b < a; ++b) {
          peers_[a].emplace_back();
          peers_[b].emplace_back();
          connect(a, static_cast<unsigned>(peers_[a].size()) - 1, b,
                  static_cast<unsigned>(peers_[b].size()) - 1);
        }
      }
      break;
    case TopologyKind::list:
      for (const Pair& pair : read_pairs(params.links)) {
        peers_[pair.a].emplace_back();
        peers_[pair.b].emplace_back();
        connect(pair.a, static_cast<unsigned>(peers_[pair.a].size()) - 1, pair.b,
                static_cast<unsigned>(peers_[pair.b].size()) - 1);
      }
  }
  number_links();
  intervals_.assign(links_.size(), 1);
  for (const SlowLink& slow : read_slow(params.slow_links)) {
    for (std::size_t i = 0; i < links_.size(); ++i) {
      const unsigned from = index_of(links_[i].from);
      const unsigned to = index_of(links_[i].to);
      if ((from == slow.a && to == slow.b) || (from == slow.b && to == slow.a)) intervals_[i] = slow.factor;
    }
  }
  if (kind_ == TopologyKind::ring || kind_ == TopologyKind::torus) vc_sets_ = 2;
  const bool by_table = routing_ == FabricRouting::table || kind_ == TopologyKind::list ||
                        kind_ == TopologyKind::fully_connected;
  if (by_table) {
    vc_sets_ = 1;
    fill_table(params.table);
  }
}

// Both directions of a link.
void Topology::connect(unsigned from, unsigned out, unsigned to, unsigned in) {
  peers_[from][out] = {NodeId(to), in, 0};
  peers_[to][in] = {NodeId(from), out, 0};
}

void Topology::connect_grid(bool wrap) {
  for (auto& ports : peers_) ports.resize(5);
  for (unsigned n = 0; n < nodes(); ++n) {
    const unsigned r = row(NodeId(n));
    const unsigned c = column(NodeId(n));
    if (c + 1 < columns_ || (wrap && columns_ > 2))
      connect(n, kEast, index_of(at(r, (c + 1) % columns_)), kWest);
    if (r + 1 < rows_ || (wrap && rows_ > 2)) connect(n, kSouth, index_of(at((r + 1) % rows_, c)), kNorth);
  }
}

void Topology::number_links() {
  for (unsigned n = 0; n < nodes(); ++n) {
    for (unsigned port = 1; port < peers_[n].size(); ++port) {
      Peer& peer = peers_[n][port];
      if (!peer.connected()) continue;
      peer.link = static_cast<unsigned>(links_.size());
      links_.push_back({NodeId(n), port, peer.node, peer.port});
    }
  }
}

// Shortest ways, to the die with the lowest number among equals; then what `overrides` says. Several links
// between a pair are shared by destination.
void Topology::fill_table(const std::string& overrides) {
  table_.assign(nodes(), std::vector<unsigned>(nodes(), kNoPort));
  const auto port_to = [&](unsigned here, unsigned next, unsigned destination) {
    std::vector<unsigned> ports;
    for (unsigned p = 1; p < peers_[here].size(); ++p) {
      if (peers_[here][p].node == NodeId(next)) ports.push_back(p);
    }
    return ports.empty() ? kNoPort : ports[destination % ports.size()];
  };
  for (unsigned destination = 0; destination < nodes(); ++destination) {
    std::vector<unsigned> distance(nodes(), ~0u);
    std::queue<unsigned> reached;
    distance[destination] = 0;
    reached.push(destination);
    while (!reached.empty()) {
      const unsigned n = reached.front();
      reached.pop();
      for (const Peer& peer : peers_[n]) {
        if (!peer.connected() || distance[index_of(peer.node)] != ~0u) continue;
        distance[index_of(peer.node)] = distance[n] + 1;
        reached.push(index_of(peer.node));
      }
    }
    for (unsigned n = 0; n < nodes(); ++n) {
      unsigned best = ~0u;
      for (const Peer& peer : peers_[n]) {
        if (peer.connected() && distance[n] != ~0u && distance[index_of(peer.node)] + 1 == distance[n])
          best = std::min<unsigned>(best, index_of(peer.node));
      }
      if (n != destination && best != ~0u) table_[n][destination] = port_to(n, best, destination);
    }
  }
  for (const TableEntry& e : read_table(overrides))
    table_[e.here][e.destination] = port_to(e.here, e.next, e.destination);
}

std::string Topology::port_name(NodeId node, unsigned port) const {
  if (port == kLocalPort) return "local";
  if (kind_ == TopologyKind::mesh || kind_ == TopologyKind::torus) return kGridPorts[port];
  if (kind_ == TopologyKind::ring) return port == kNext ? "next" : "previous";
  unsigned before = 0;  // links to the same die at lower ports
  for (unsigned p = 1; p < port; ++p) before += peer(node, p).node == peer(node, port).node ? 1 : 0;
  return "to" + std::to_string(index_of(peer(node, port).node)) +
         (before > 0 ? "_" + std::to_string(before) : "");
}

// --- ways

Topology::Choice Topology::routes(NodeId here, NodeId source, NodeId destination) const {
  Choice choice;
  if (here == destination) {
    choice.add(kLocalPort);
  } else if (!table_.empty()) {
    choice.add(table_[index_of(here)][index_of(destination)]);
  } else if (kind_ == TopologyKind::ring) {
    choice.add(toward(index_of(here), index_of(destination), nodes(), kNext, kPrevious));
  } else if (routing_ == FabricRouting::west_first) {
    west_first(choice, here, destination);
  } else if (routing_ == FabricRouting::odd_even) {
    odd_even(choice, here, source, destination);
  } else {
    dimension_order(choice, here, destination);
  }
  return choice;
}

// The shorter way round; upwards of equals. Without a way round, straight.
unsigned Topology::toward(unsigned from, unsigned to, unsigned size, unsigned up, unsigned down) const {
  if (kind_ == TopologyKind::mesh || size <= 2) return to > from ? up : down;
  return (to + size - from) % size <= size / 2 ? up : down;
}

void Topology::dimension_order(Choice& choice, NodeId here, NodeId destination) const {
  const bool x = column(here) != column(destination);
  const bool y = row(here) != row(destination);
  if (x && (routing_ != FabricRouting::yx || !y)) {
    choice.add(toward(column(here), column(destination), columns_, kEast, kWest));
  } else {
    choice.add(toward(row(here), row(destination), rows_, kSouth, kNorth));
  }
}

// Glass and Ni, ISCA 1992: all hops to the west come first, the others adaptively.
void Topology::west_first(Choice& choice, NodeId here, NodeId destination) const {
  if (column(destination) < column(here)) return choice.add(kWest);
  if (column(destination) > column(here)) choice.add(kEast);
  if (row(destination) != row(here)) choice.add(row(destination) > row(here) ? kSouth : kNorth);
}

// Chiu, IEEE TPDS 11(7) 2000, figure 3 (minimal): no turn from east to north or south in even columns, none
// from north or south to west in odd ones.
void Topology::odd_even(Choice& choice, NodeId here, NodeId source, NodeId destination) const {
  const unsigned c = column(here);
  const unsigned to = column(destination);
  const unsigned vertical = row(destination) > row(here) ? kSouth : kNorth;
  const bool y = row(destination) != row(here);
  if (to == c) return choice.add(vertical);
  if (to > c) {
    if (!y) return choice.add(kEast);
    if (to % 2 == 1 || to - c != 1) choice.add(kEast);
    if (c % 2 == 1 || c == column(source)) choice.add(vertical);
    return;
  }
  choice.add(kWest);
  if (y && c % 2 == 0) choice.add(vertical);
}

// On a circle of links, a packet is in the second set once it has passed from the last position to the first
// one (or back).
unsigned Topology::vc_set(NodeId here, unsigned out, NodeId source) const {
  if (vc_sets_ == 1 || out == kLocalPort) return 0;
  const Peer& next = peer(here, out);
  if (kind_ == TopologyKind::ring) {
    const unsigned n = index_of(next.node);
    return (out == kNext ? n < index_of(source) : n > index_of(source)) ? 1 : 0;
  }
  // A packet turns once, from the row (column) of its source to the column (row) of its destination.
  const bool x = out == kEast || out == kWest;
  const unsigned from = x ? column(source) : row(source);
  const unsigned now = x ? column(next.node) : row(next.node);
  return (out == kEast || out == kSouth ? now < from : now > from) ? 1 : 0;
}

unsigned Topology::hops(NodeId from, NodeId to) const {
  unsigned hops = 0;
  for (NodeId here = from; here != to && hops <= 4 * nodes(); ++hops)
    here = peer(here, routes(here, from, to).ports[0]).node;
  return hops;
}

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
  for (const Pair& pair : read_pairs(params.links, &bad)) {
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
        problems.push_back("packets from die " + std::to_string(a) + " do not reach die " +
                           std::to_string(b));
        return problems;
      }
    }
  }
  for (const SlowLink& slow : read_slow(params.slow_links)) {
    const bool known = std::any_of(topology.links_.begin(), topology.links_.end(), [&](const FabricLink& l) {
      return index_of(l.from) == slow.a && index_of(l.to) == slow.b;
    });
    if (!known)
      problems.push_back("slow_links: there is no link between dies " + std::to_string(slow.a) + " and " +
                         std::to_string(slow.b));
  }
  const std::string cycle = topology.cyclic_dependency();
  if (!cycle.empty() && !params.allow_deadlock)
    problems.push_back("routing can deadlock: links wait for each other in a circle, " + cycle +
                       "; choose other ways, or say allow_deadlock");
  return problems;
}

}  // namespace moesaic
