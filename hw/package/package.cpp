// SPDX-License-Identifier: Apache-2.0
#include "hw/package/package.h"

#include <fmt/format.h>

namespace moesaic {

Package::Package(const sc_core::sc_module_name& name, const PackageParams& params, const Options& options,
                 FirmwareHost& host, const ContentSource& contents, HwContext& ctx)
    : sc_module(name), mesh_(params.rows, params.columns) {
  chiplets.resize(params.nodes());
  for (unsigned i = 0; i < params.nodes(); ++i) {
    const unsigned n = options.reverse_order ? params.nodes() - 1 - i : i;
    const bool with_scheduler = options.with_scheduler && n == params.scheduler_node;
    chiplets[n] =
        std::make_unique<Chiplet>(fmt::format("die{}", n).c_str(), NodeId(n), params, mesh_, with_scheduler,
                                  host, contents, ctx, options.check_protocol ? &checkers : nullptr);
  }
  if (params.nodes() > 1) build_fabric(params, options.check_protocol, ctx);
}

void Package::build_fabric(const PackageParams& params, bool check_protocol, HwContext& ctx) {
  // 1. A router per die, joined to its network interface.
  for (unsigned n = 0; n < params.nodes(); ++n) {
    routers.push_back(
        std::make_unique<D2dRouter>(fmt::format("router{}", n).c_str(), NodeId(n), mesh_, params.d2d, ctx));
    chiplets[n]->network->router_out.bind(routers[n]->in[index_of(Port::local)]);
    routers[n]->out[index_of(Port::local)].bind(chiplets[n]->network->router_in);
  }
  // 2. A link for every direction between neighbours.
  for (const MeshLink& link : mesh_.links()) {
    const std::string name = fmt::format("link_{}_{}", index_of(link.from), index_of(link.to));
    links.push_back(std::make_unique<D2dLink>(name.c_str(), link.from, params.d2d, ctx));
    routers[index_of(link.from)]->out[index_of(link.out)].bind(links.back()->in);
    D2dIn& destination = routers[index_of(link.to)]->in[index_of(link.in)];
    if (!check_protocol) {
      links.back()->out.bind(destination);
      continue;
    }
    d2d_checkers.push_back(std::make_unique<D2dChecker>(("check_" + name).c_str(), mesh_, params.d2d));
    links.back()->out.bind(d2d_checkers.back()->in);
    d2d_checkers.back()->out.bind(destination);
  }
}

std::vector<ControlCore*> Package::cores() {
  std::vector<ControlCore*> all;
  for (auto& chiplet : chiplets) all.push_back(&chiplet->agent_core);
  for (auto& chiplet : chiplets) {
    if (chiplet->scheduler_core) all.push_back(chiplet->scheduler_core.get());
  }
  return all;
}

void Package::report_waits(std::vector<std::string>& lines) const {
  for (const auto& chiplet : chiplets) chiplet->report_waits(lines);
  for (const auto& router : routers) router->report_waits(lines);
}

}  // namespace moesaic
