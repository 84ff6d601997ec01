// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/d2d_router.h"

namespace moesaic {

D2dRouter::D2dRouter(const sc_core::sc_module_name& name, NodeId node, const Mesh& mesh,
                     const D2dParams& params, HwContext& ctx)
    : sc_module(name),
      out("out", kPorts),
      in("in", kPorts),
      core_(mesh, node, params, *this),
      wake_(ctx.wheel, Phase::arbitrate, component_id(node, UnitId::router), *this) {
  for (unsigned port = 0; port < kPorts; ++port) {
    out[port].set_owner(*this, port);
    in[port].set_owner(*this, port);
  }
  if (ctx.trace == nullptr) return;
  trace_ =
      std::make_unique<RouterTrace>(*ctx.trace, node, sc_module::name(), mesh, D2dFormat(params).depths());
  core_.show(trace_.get());
}

}  // namespace moesaic
