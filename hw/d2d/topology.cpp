// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/topology.h"

#include <algorithm>
#include <utility>

#include "hw/d2d/topology_text.h"

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
      for (const DiePair& pair : read_pairs(params.links)) {
        peers_[pair.a].emplace_back();
        peers_[pair.b].emplace_back();
        connect(pair.a, static_cast<unsigned>(peers_[pair.a].size()) - 1, pair.b,
                static_cast<unsigned>(peers_[pair.b].size()) - 1);
      }
  }
  number_links();
  read_states(params);
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

// Lanes that are lost, and links that are down: all links between the pair, in both directions.
void Topology::read_states(const TopologyParams& params) {
  intervals_.assign(links_.size(), 1);
  const auto joins = [&](std::size_t i, const DiePair& pair) {
    const unsigned from = index_of(links_[i].from);
    const unsigned to = index_of(links_[i].to);
    return (from == pair.a && to == pair.b) || (from == pair.b && to == pair.a);
  };
  for (std::size_t i = 0; i < links_.size(); ++i) {
    for (const SlowLink& slow : read_slow(params.slow_links)) {
      if (joins(i, slow)) intervals_[i] = slow.factor;
    }
    for (const DownLink& down : read_down(params.down_links)) {
      if (joins(i, down)) outages_.push_back({i, down.from_ns * kNanosecond});
    }
  }
}

// The port has a link that is not down from the start.
bool Topology::works(unsigned from, unsigned out) const {
  const Peer& peer = peers_[from][out];
  return peer.connected() && std::none_of(outages_.begin(), outages_.end(),
                                          [&](const Outage& o) { return o.link == peer.link && o.at == 0; });
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

}  // namespace moesaic
