// SPDX-License-Identifier: Apache-2.0
// The shape of the fabric: which router port leads to which die, and the way a packet takes. An R x C mesh
// with dimension-ordered routing, columns first (XY), which is free of deadlock on every virtual channel.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tlm/address_map.h"

namespace moesaic {

/// A port of a router, in arbitration order.
enum class Port : std::uint8_t { local, north, east, south, west, count };
inline constexpr std::size_t kPorts = static_cast<std::size_t>(Port::count);
inline constexpr std::array<const char*, kPorts> kPortNames{"local", "north", "east", "south", "west"};
constexpr unsigned index_of(Port port) {
  return static_cast<unsigned>(port);
}
/// The port at the other end of a link.
constexpr Port opposite(Port port) {
  constexpr std::array<Port, kPorts> kOpposite{Port::local, Port::south, Port::west, Port::north, Port::east};
  return kOpposite[index_of(port)];
}

/// One direction of a link: leaves `from` at `out`, enters `to` at `in`.
struct MeshLink {
  NodeId from;
  Port out;
  NodeId to;
  Port in;
};

class Mesh {
 public:
  /// REQUIRES: rows > 0, columns > 0.
  Mesh(unsigned rows, unsigned columns) : rows_(rows), columns_(columns) {}

  unsigned rows() const { return rows_; }
  unsigned columns() const { return columns_; }
  unsigned nodes() const { return rows_ * columns_; }
  bool contains(NodeId node) const { return index_of(node) < nodes(); }
  unsigned row(NodeId node) const { return index_of(node) / columns_; }
  unsigned column(NodeId node) const { return index_of(node) % columns_; }
  NodeId at(unsigned row, unsigned column) const { return NodeId(row * columns_ + column); }

  /// The die behind a port, kNoNode at the edge of the mesh.
  NodeId neighbour(NodeId node, Port port) const {
    const unsigned r = row(node);
    const unsigned c = column(node);
    switch (port) {
      case Port::north:
        return r > 0 ? at(r - 1, c) : kNoNode;
      case Port::east:
        return c + 1 < columns_ ? at(r, c + 1) : kNoNode;
      case Port::south:
        return r + 1 < rows_ ? at(r + 1, c) : kNoNode;
      case Port::west:
        return c > 0 ? at(r, c - 1) : kNoNode;
      default:
        return kNoNode;
    }
  }
  /// The output port at `here` on the way to `destination`.
  Port route(NodeId here, NodeId destination) const {
    if (column(destination) != column(here))
      return column(destination) > column(here) ? Port::east : Port::west;
    if (row(destination) != row(here)) return row(destination) > row(here) ? Port::south : Port::north;
    return Port::local;
  }
  unsigned hops(NodeId a, NodeId b) const {
    const auto distance = [](unsigned x, unsigned y) { return x > y ? x - y : y - x; };
    return distance(row(a), row(b)) + distance(column(a), column(b));
  }
  /// Every link direction, by source node and port. Empty for 1 x 1.
  std::vector<MeshLink> links() const {
    std::vector<MeshLink> all;
    for (unsigned n = 0; n < nodes(); ++n) {
      for (const Port port : {Port::north, Port::east, Port::south, Port::west}) {
        const NodeId to = neighbour(NodeId(n), port);
        if (to != kNoNode) all.push_back({NodeId(n), port, to, opposite(port)});
      }
    }
    return all;
  }

 private:
  unsigned rows_;
  unsigned columns_;
};

}  // namespace moesaic
