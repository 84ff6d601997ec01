// SPDX-License-Identifier: Apache-2.0
// The D2D router of a die: five ports, in the order of enum class Port.
//
// Models: see hw/d2d/router_core.h. Ports at the edge of the mesh stay unbound.
// Time: one wheel event per packet and hop, more under contention.
// Debug: report_waits() names every blocked packet and the credits it waits for.
#pragma once

#include <systemc>

#include <memory>

#include "hw/context.h"
#include "hw/d2d/protocol.h"
#include "hw/d2d/router_core.h"
#include "tlm/who_waits.h"

namespace moesaic {

class D2dRouter : public sc_core::sc_module,
                  public WhoWaits,
                  private D2dOwner,
                  private RouterCore::Wires,
                  private WheelClient {
 public:
  sc_core::sc_vector<D2dOut> out;
  sc_core::sc_vector<D2dIn> in;

  D2dRouter(const sc_core::sc_module_name& name, NodeId node, const Mesh& mesh, const D2dParams& params,
            HwContext& ctx);

  /// The direction from the router to its own die.
  const LinkStats& local_stats() const { return core_.local_stats(); }
  const RouterCore& core() const { return core_; }
  void report_waits(std::vector<std::string>& lines) const override { core_.report_waits(name(), lines); }

 private:
  void packet_arrives(unsigned port, Packet& packet) override {
    wake_.arm(core_.receive(Port(port), packet));
  }
  void credit_returns(unsigned port, Packet& packet, Tick at) override {
    wake_.arm(core_.credit(Port(port), packet.vc, packet.flits, at));
  }
  void credit(Port port, Packet& packet, Tick at) override { in[index_of(port)].credit(packet, at); }
  void forward(Port port, Packet& packet) override { out[index_of(port)].send(packet); }
  void on_wheel(Tick now, Phase, std::uint64_t) override {
    if (wake_.take(now)) wake_.arm(core_.advance(now));
  }

  RouterCore core_;
  std::unique_ptr<RouterTrace> trace_;  // null: nothing is recorded
  WakeUp wake_;
};

}  // namespace moesaic
