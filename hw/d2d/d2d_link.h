// SPDX-License-Identifier: Apache-2.0
// One direction of a D2D link, between an output of one router and an input of the next.
//
// Models: see hw/d2d/link_core.h. In functional mode the bytes of every packet pass the injector here.
// Time: forwards at once, with the latency added to the annotated times.
// Debug: none; the link holds no state that software could see.
#pragma once

#include <systemc>

#include <memory>

#include "hw/context.h"
#include "hw/d2d/link_core.h"
#include "hw/d2d/protocol.h"
#include "hw/d2d/trace.h"

namespace moesaic {

class D2dLink : public sc_core::sc_module, private D2dOwner {
 public:
  D2dIn in;
  D2dOut out;

  /// `from` is the die the link leaves.
  D2dLink(const sc_core::sc_module_name& name, NodeId from, const D2dParams& params, HwContext& ctx)
      : sc_module(name), in("in"), out("out"), ctx_(ctx), from_(from), core_(params) {
    in.set_owner(*this, 0);
    out.set_owner(*this, 0);
    if (ctx.trace) trace_ = std::make_unique<LinkTrace>(ctx, from, sc_module::name());
  }

  const LinkStats& stats() const { return core_.stats(); }

 private:
  void packet_arrives(unsigned, Packet& packet) override {
    if (trace_) trace_->packet(packet);
    core_.pass(packet);
    if (ctx_.injector != nullptr && !packet.data.empty())
      ctx_.injector->pass(InjectionPoint::link, from_, packet.data.data(), packet.data.size());
    out.send(packet);
  }
  void credit_returns(unsigned, Packet& packet, Tick at) override { in.credit(packet, core_.credit(at)); }

  HwContext& ctx_;
  NodeId from_;
  LinkCore core_;
  std::unique_ptr<LinkTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
