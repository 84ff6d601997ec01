// SPDX-License-Identifier: Apache-2.0
// The tree that a multicast takes: the union of the routes to its dies.
//
// Models: a packet for several dies goes the way they share as one; the router where their ways part copies it,
// once for each output. A copy for one die is a packet like any other.
// Does not model: ways that part and meet again (the link they share then carries both copies).
// Time: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hw/d2d/topology.h"

namespace moesaic {

/// A part of the way on which packets for `dies` are one.
struct MulticastStretch {
  std::uint64_t dies = 0;             ///< bit n: goes to die n
  NodeId fork = kNoNode;              ///< router that copies it; kNoNode: it has one die and goes there
  std::vector<std::size_t> branches;  ///< stretches that begin at `fork`, by output
  /// Its route is that of any of its dies.
  NodeId toward() const { return NodeId(static_cast<unsigned>(__builtin_ctzll(dies))); }
};

/// The first stretch begins at `source`; every stretch comes before its branches. REQUIRES: ways are not
/// adaptive; `dies` is not empty, and without `source`.
std::vector<MulticastStretch> multicast_tree(const Topology& topology, NodeId source, std::uint64_t dies);

/// Into how many outputs a packet may have to be copied, by router and input: those that the routes through
/// the input take; 0 where they all take the same. REQUIRES: ways are not adaptive.
std::vector<std::vector<unsigned>> copies_by_input(const Topology& topology);

/// Inputs of a router, those for copies included.
inline constexpr unsigned kMostRouterInputs = 64;

/// Why routers of this shape cannot copy packets, one sentence each; empty when they can.
std::vector<std::string> multicast_problems(const Topology& topology);

}  // namespace moesaic
