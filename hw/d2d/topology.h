// SPDX-License-Identifier: Apache-2.0
// The shape of the fabric: which router port leads where, and the ways a packet may take.
//
// Models: routers with a local port and link ports; meshes and tori (ports north, east, south, west), rings,
// fully connected packages, any list of pairs, several links between a pair. Routing by dimension order (XY,
// YX), west-first and odd-even (adaptive, minimal), or a table of shortest ways.
// Links may have lost lanes or be down; tables avoid those that are down from the start.
// Deadlock: where links close a cycle (ring, torus), each class needs two sets of virtual channels; a packet
// changes to the second when it crosses the dateline. cyclic_dependency() finds what is left.
// Time: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hw/d2d/params.h"
#include "tlm/address_map.h"
#include "tlm/tick.h"

namespace moesaic {

inline constexpr unsigned kLocalPort = 0;
inline constexpr unsigned kNoPort = ~0u;

/// One direction of a link: leaves `from` at port `out`, enters `to` at port `in`.
struct FabricLink {
  NodeId from = kNoNode;
  unsigned out = kNoPort;
  NodeId to = kNoNode;
  unsigned in = kNoPort;
};

/// A link direction that takes no more packets from `at` on.
struct Outage {
  std::size_t link = 0;  ///< index in Topology::links()
  Tick at = 0;
};

class Topology {
 public:
  /// The far end of a router port.
  struct Peer {
    NodeId node = kNoNode;
    unsigned port = kNoPort;
    unsigned link = 0;  ///< index in links()
    bool connected() const { return node != kNoNode; }
  };
  /// Ports on a way, at most this many to choose from.
  struct Choice {
    unsigned ports[4];
    unsigned count = 0;
    void add(unsigned port) { ports[count++] = port; }
  };

  /// REQUIRES: check(params, rows, columns) found nothing.
  Topology(const TopologyParams& params, unsigned rows, unsigned columns);
  /// A mesh with XY routing.
  static Topology mesh(unsigned rows, unsigned columns) { return {TopologyParams{}, rows, columns}; }

  unsigned rows() const { return rows_; }
  unsigned columns() const { return columns_; }
  unsigned nodes() const { return rows_ * columns_; }
  bool contains(NodeId node) const { return index_of(node) < nodes(); }
  unsigned ports(NodeId node) const { return static_cast<unsigned>(peers_[index_of(node)].size()); }
  const Peer& peer(NodeId node, unsigned port) const { return peers_[index_of(node)][port]; }
  /// Every link direction, by source node and port.
  const std::vector<FabricLink>& links() const { return links_; }
  /// Flit cycles that a flit takes on a link.
  std::uint32_t interval(std::size_t link) const { return intervals_[link]; }
  const std::vector<Outage>& outages() const { return outages_; }
  std::string port_name(NodeId node, unsigned port) const;

  /// Outputs at `here` for a packet from `source` to `destination`, the preferred first.
  Choice routes(NodeId here, NodeId source, NodeId destination) const;
  /// More than one way: packets of a flow may overtake each other.
  bool adaptive() const {
    return routing_ == FabricRouting::west_first || routing_ == FabricRouting::odd_even;
  }
  /// Sets of virtual channels that each class needs.
  unsigned vc_sets() const { return vc_sets_; }
  /// The set that the packet takes on the link at port `out` of `here`.
  unsigned vc_set(NodeId here, unsigned out, NodeId source) const;
  /// Links on a shortest way that routes() takes.
  unsigned hops(NodeId from, NodeId to) const;

  /// Virtual channels that wait for each other in a circle, "0 -> 1 (set 0), ..."; empty when there is none.
  std::string cyclic_dependency() const;
  /// What is wrong with the parameters, one sentence each.
  static std::vector<std::string> check(const TopologyParams& params, unsigned rows, unsigned columns);

 private:
  unsigned row(NodeId node) const { return index_of(node) / columns_; }
  unsigned column(NodeId node) const { return index_of(node) % columns_; }
  NodeId at(unsigned row, unsigned column) const { return NodeId(row * columns_ + column); }
  void connect(unsigned from, unsigned out, unsigned to, unsigned in);
  void connect_grid(bool wrap);

  void number_links();
  void read_states(const TopologyParams& params);
  bool works(unsigned from, unsigned out) const;
  // Tables (topology_table.cpp).
  void fill_table(const std::string& overrides);
  void shortest_ways();
  void up_down_ways();
  std::vector<unsigned> neighbours(unsigned here) const;
  std::vector<unsigned> distances(unsigned destination) const;
  unsigned port_to(unsigned here, unsigned next, unsigned destination) const;
  unsigned toward(unsigned from, unsigned to, unsigned size, unsigned up, unsigned down) const;
  void dimension_order(Choice& choice, NodeId here, NodeId destination) const;
  void west_first(Choice& choice, NodeId here, NodeId destination) const;
  void odd_even(Choice& choice, NodeId here, NodeId source, NodeId destination) const;

  TopologyKind kind_;
  FabricRouting routing_;
  unsigned rows_;
  unsigned columns_;
  unsigned vc_sets_ = 1;
  std::vector<std::vector<Peer>> peers_;
  std::vector<FabricLink> links_;
  std::vector<std::uint32_t> intervals_;  // by link
  std::vector<Outage> outages_;
  std::vector<std::vector<unsigned>> table_;  // table routing: port by node and destination
};

}  // namespace moesaic
