// SPDX-License-Identifier: Apache-2.0
#include "hw/package/package.h"

#include <fmt/format.h>

namespace moesaic {

Package::Package(const sc_core::sc_module_name& name, const PackageParams& params, const Options& options,
                 FirmwareHost& host, const ContentSource& contents, HwContext& ctx)
    : sc_module(name), topology_(params.d2d.topology, params.rows, params.columns) {
  chiplets.resize(params.nodes());
  for (unsigned i = 0; i < params.nodes(); ++i) {
    const unsigned n = options.reverse_order ? params.nodes() - 1 - i : i;
    const bool with_scheduler = options.with_scheduler && n == params.scheduler_node;
    chiplets[n] = std::make_unique<Chiplet>(fmt::format("die{}", n).c_str(), NodeId(n), params, topology_,
                                            with_scheduler, host, contents, ctx,
                                            options.check_protocol ? &checkers : nullptr);
  }
  if (params.nodes() > 1) build_fabric(params, options.check_protocol, ctx);
}

void Package::build_fabric(const PackageParams& params, bool check_protocol, HwContext& ctx) {
  fabric = std::make_unique<D2dFabric>("fabric", topology_, params.d2d, ctx, name());
  for (unsigned n = 0; n < params.nodes(); ++n) {
    NetworkInterface& network = *chiplets[n]->network;
    if (!check_protocol) {
      network.fabric_out.bind(fabric->network);
      fabric->dies[n].bind(network.fabric_in);
      continue;
    }
    d2d_checkers.push_back(std::make_unique<D2dChecker>(fmt::format("check_fabric{}", n).c_str(), NodeId(n),
                                                        topology_, params.d2d));
    D2dChecker& checker = *d2d_checkers.back();
    network.fabric_out.bind(checker.network);
    checker.network_out.bind(fabric->network);
    fabric->dies[n].bind(checker.die);
    checker.die_out.bind(network.fabric_in);
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
  if (fabric) fabric->report_waits(lines);
}

}  // namespace moesaic
