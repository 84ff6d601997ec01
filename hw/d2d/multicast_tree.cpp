// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/multicast_tree.h"

#include <map>
#include <numeric>

namespace moesaic {

namespace {

// Adds the stretch of `dies` that begins at `here`, and what follows it. Returns its place.
std::size_t add_stretch(const Topology& topology, NodeId source, NodeId here, std::uint64_t dies,
                        std::vector<MulticastStretch>& tree) {
  const std::size_t place = tree.size();
  tree.emplace_back();
  tree[place].dies = dies;
  while ((dies & (dies - 1)) != 0) {
    // 1. Where they go from here.
    std::map<unsigned, std::uint64_t> outputs;
    for (std::uint64_t left = dies; left != 0; left &= left - 1) {
      const auto die = static_cast<unsigned>(__builtin_ctzll(left));
      outputs[topology.routes(here, source, NodeId(die)).ports[0]] |= std::uint64_t{1} << die;
    }
    if (outputs.size() == 1) {
      here = topology.peer(here, outputs.begin()->first).node;
      continue;
    }
    // 2. Their ways part.
    tree[place].fork = here;
    for (const auto& [out, part] : outputs) {
      const NodeId next = out == kLocalPort ? here : topology.peer(here, out).node;
      const std::size_t branch = add_stretch(topology, source, next, part, tree);
      tree[place].branches.push_back(branch);
    }
    break;
  }
  return place;
}

}  // namespace

std::vector<MulticastStretch> multicast_tree(const Topology& topology, NodeId source, std::uint64_t dies) {
  std::vector<MulticastStretch> tree;
  add_stretch(topology, source, source, dies, tree);
  return tree;
}

std::vector<std::vector<unsigned>> copies_by_input(const Topology& topology) {
  std::vector<std::vector<std::uint64_t>> outputs(topology.nodes());
  for (unsigned n = 0; n < topology.nodes(); ++n) outputs[n].assign(topology.ports(NodeId(n)), 0);
  for (unsigned s = 0; s < topology.nodes(); ++s) {
    for (unsigned d = 0; d < topology.nodes(); ++d) {
      NodeId here = NodeId(s);
      for (unsigned in = kLocalPort; s != d;) {
        const unsigned out = topology.routes(here, NodeId(s), NodeId(d)).ports[0];
        outputs[index_of(here)][in] |= std::uint64_t{1} << out;
        if (out == kLocalPort) break;
        const Topology::Peer& next = topology.peer(here, out);
        here = next.node;
        in = next.port;
      }
    }
  }
  std::vector<std::vector<unsigned>> copies(topology.nodes());
  for (unsigned n = 0; n < topology.nodes(); ++n) {
    for (const std::uint64_t outs : outputs[n]) {
      const auto count = static_cast<unsigned>(__builtin_popcountll(outs));
      copies[n].push_back(count > 1 ? count : 0);
    }
  }
  return copies;
}

std::vector<std::string> multicast_problems(const Topology& topology) {
  if (topology.adaptive())
    return {"routers copy packets on fixed ways only; use routing xy, yx or table, or multicast: false"};
  const std::vector<std::vector<unsigned>> copies = copies_by_input(topology);
  for (unsigned n = 0; n < topology.nodes(); ++n) {
    const unsigned inputs =
        std::accumulate(copies[n].begin(), copies[n].end(), static_cast<unsigned>(copies[n].size()));
    if (inputs > kMostRouterInputs)
      return {"router " + std::to_string(n) + " would have " + std::to_string(inputs) +
              " inputs for packets and their copies, at most " + std::to_string(kMostRouterInputs) +
              " are possible; use multicast: false"};
  }
  return {};
}

}  // namespace moesaic
