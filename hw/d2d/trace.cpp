// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/trace.h"

namespace moesaic {

FabricTrace::FabricTrace(HwContext& ctx, const std::string& scope, const Topology& topology,
                         const D2dFormat& format)
    : sink_(*ctx.trace), topology_(topology), format_(format), routers_(topology.nodes()) {
  for (unsigned n = 0; n < topology_.nodes(); ++n) {
    RouterSignals& router = routers_[n];
    const unsigned ports = topology_.ports(NodeId(n));
    router.outputs.resize(ports);
    router.names.resize(ports);
    for (unsigned port = 0; port < ports; ++port) {
      if (port != kLocalPort && !topology_.peer(NodeId(n), port).connected()) continue;
      router.names[port] = topology_.port_name(NodeId(n), port);
      for (const std::uint32_t depth : format_.fabric().depths)
        router.outputs[port].vcs.push_back({depth, kNoSignal});
    }
    declare_signals(sink_, NodeId(n), scope + ".router" + std::to_string(n), router);
  }
  for (std::size_t i = 0; i < topology_.links().size(); ++i) {
    const FabricLink& link = topology_.links()[i];
    std::string name =
        "link_" + std::to_string(index_of(link.from)) + "_" + std::to_string(index_of(link.to));
    unsigned before = 0;  // links between the same dies
    for (std::size_t j = 0; j < i; ++j)
      before += topology_.links()[j].from == link.from && topology_.links()[j].to == link.to ? 1 : 0;
    if (before > 0) name += "_" + std::to_string(before);
    links_.emplace_back(ctx, link.from, scope + "." + name, format_.cycle());
  }
}

void FabricTrace::freed(NodeId node, unsigned in, unsigned vc, std::uint32_t count, Cycle at) {
  if (in == kLocalPort) return;
  const FabricParams& f = format_.fabric();
  const Topology::Peer& before = topology_.peer(node, in);
  for (std::uint32_t i = 0; i < count; ++i)
    returned(before.node, before.port, vc, 1, format_.time_of(at + i + f.switch_alloc + f.link + f.credit));
}

void FabricTrace::passed(const FabricCore::Passage& p) {
  const FabricParams& f = format_.fabric();
  const std::uint32_t end = p.flit + p.count;
  // 1. Credits: taken here, given back to where the flits came from.
  for (std::uint32_t i = 0; i < p.count; ++i) {
    if (p.out == kNoPort) break;
    const Tick at = format_.time_of(p.at + i);
    sink_.add(at, routers_[index_of(p.node)].outputs[p.out].vcs[p.out_vc].credits, -1);
    if (p.in == kLocalPort || p.in >= topology_.ports(p.node)) continue;
    const Topology::Peer& before = topology_.peer(p.node, p.in);
    returned(before.node, before.port, p.in_vc, 1,
             at + (f.switch_alloc + f.link + f.credit) * format_.cycle());
  }
  // 2. The link.
  if (p.out == kNoPort || p.out == kLocalPort) return;
  const auto& part = static_cast<const MessagePart&>(p.train);
  const std::uint32_t before = p.flit / part.flits;
  const std::uint32_t tails = end == part.total ? part.packets() : end / part.flits;
  links_[topology_.peer(p.node, p.out).link].pass(part, format_.time_of(p.at),
                                                  format_.time_of(p.at + p.count),
                                                  part.payload(tails) - part.payload(before), tails - before);
}

}  // namespace moesaic
