// SPDX-License-Identifier: Apache-2.0
// The routers and links of a package.
//
// Models: hw/d2d/fabric_core.h, or hw/d2d/fixed_delay.h where the package says FabricModel::fixed_delay; in
//   functional mode, the bytes of every packet pass the injector on each link of their way.
// Does not model: links of different rates.
// Time: one wheel event for every few cycles in which something is decided.
// Debug: report_waits() names every packet that waits, and for what.
#pragma once

#include <systemc>

#include <memory>
#include <string>
#include <vector>

#include "hw/context.h"
#include "hw/d2d/fixed_delay.h"
#include "hw/d2d/format.h"
#include "hw/d2d/protocol.h"
#include "hw/d2d/stats.h"
#include "hw/d2d/trace.h"
#include "tlm/who_waits.h"

namespace moesaic {

/// Counters of an output in bytes and ticks. `interval`: flit cycles of a flit on its link.
LinkStats link_stats(const ChannelStats& channel, const D2dFormat& format, const D2dParams& params,
                     std::uint32_t interval);

class D2dFabric : public sc_core::sc_module,
                  public WhoWaits,
                  private D2dNetwork,
                  private FabricCore::Owner,
                  private FixedDelay::Owner,
                  private WheelClient {
 public:
  sc_core::sc_export<D2dNetwork> network;
  sc_core::sc_vector<sc_core::sc_port<D2dDie>> dies;

  /// `scope` is in front of the names of routers and links in the waveform.
  D2dFabric(const sc_core::sc_module_name& name, const Topology& topology, const D2dParams& params,
            HwContext& ctx, const std::string& scope);

  /// One direction of a link, or the port to the own die.
  LinkStats stats(NodeId node, unsigned out) const;
  FabricCore& core() { return core_; }
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  void submit(MessagePart& part, Tick ready) override;
  void release(NodeId node, unsigned vc, std::uint32_t flits, Tick at) override;
  void arrived(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail, Cycle last_tail,
               unsigned vc) override;
  void turned_back(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail, Cycle last_tail,
                   unsigned vc, NodeId at) override;
  void hand_over(NodeId die, PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                 Cycle last_tail, unsigned vc);
  void left(PacketTrain& train, Cycle at) override;
  void comes(MessagePart& part, Tick at) override;
  void gone(MessagePart& part, Tick at) override { dies[index_of(part.source)]->left(part, at); }
  void on_wheel(Tick now, Phase, std::uint64_t) override;
  void arm();
  void inject(MessagePart& part, std::uint32_t first, std::uint32_t count);

  HwContext& ctx_;
  D2dFormat format_;
  D2dParams params_;
  FabricCore core_;
  Cycle ahead_;                         // what dies do now shows in the fabric so many cycles later
  std::unique_ptr<FabricTrace> trace_;  // null: nothing is recorded
  WakeUp wake_;
  std::unique_ptr<FixedDelay> delays_;  // null: routers
};

}  // namespace moesaic
