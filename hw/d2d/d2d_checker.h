// SPDX-License-Identifier: Apache-2.0
// In-line checker of the D2D protocol: sits between any D2dOut and D2dIn and takes no time.
//
// Checks the rules of hw/d2d/protocol.h: no packet without credits, credits never above the depth, no overlap
// of packets, sizes that agree with the format, virtual channels of the right class, and order per source,
// destination and class (routes are fixed, so every flow passes a point completely or not at all).
// Models: nothing. Time: none. Debug: violations() lists what was found, in order.
#pragma once

#include <systemc>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "hw/d2d/protocol.h"
#include "hw/d2d/sender.h"

namespace moesaic {

class D2dChecker : public sc_core::sc_module, private D2dOwner {
 public:
  /// A violation is a bug of the model: stop at once, or, for tests of the checker, write it down.
  enum class OnViolation : std::uint8_t { panic, record };

  D2dIn in;
  D2dOut out;

  D2dChecker(const sc_core::sc_module_name& name, const Mesh& mesh, const D2dParams& params,
             OnViolation on_violation = OnViolation::panic);

  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t packets() const { return packets_; }
  /// All credits have come back.
  bool settled() const { return taken_ == std::vector<std::uint32_t>(taken_.size(), 0); }

 private:
  struct Due {
    Tick at;
    std::uint32_t flits;
  };
  void packet_arrives(unsigned port, Packet& packet) override;
  void credit_returns(unsigned port, Packet& packet, Tick at) override;
  void check_shape(const Packet& packet);
  void check_credits(const Packet& packet);
  void check_order(const Packet& packet);
  void require(bool holds, const std::string& what);

  Mesh mesh_;
  D2dFormat format_;
  OnViolation on_violation_;
  std::vector<std::uint32_t> held_;
  std::vector<std::uint32_t> taken_;  // sent and not yet announced back
  std::vector<std::vector<Due>> due_;
  std::map<std::tuple<NodeId, NodeId, PacketClass>, std::uint32_t> next_sequence_;
  Tick free_at_ = 0;
  std::uint64_t packets_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace moesaic
