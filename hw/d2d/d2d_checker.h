// SPDX-License-Identifier: Apache-2.0
// In-line checker between a network interface and the fabric; takes no time.
//
// Checks the rules of hw/d2d/protocol.h: times, sizes that agree with the format, packets of a port that do
// not overlap, buffers that hold no more than their depth and are freed once, every packet exactly once, and
// order per source, destination and class, multicasts by themselves (unless ways are adaptive or virtual
// channels free to choose).
// Models: nothing. Time: none. Debug: violations() lists what was found, in order.
#pragma once

#include <systemc>

#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hw/d2d/format.h"
#include "hw/d2d/protocol.h"
#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

class D2dChecker : public sc_core::sc_module, private D2dNetwork, private D2dDie {
 public:
  /// A violation is a bug of the model: stop at once, or, for tests of the checker, write it down.
  enum class OnViolation : std::uint8_t { panic, record };

  sc_core::sc_export<D2dNetwork> network;    ///< to the network interface
  sc_core::sc_port<D2dNetwork> network_out;  ///< to the fabric
  sc_core::sc_export<D2dDie> die;            ///< to the fabric
  sc_core::sc_port<D2dDie> die_out;          ///< to the network interface

  D2dChecker(const sc_core::sc_module_name& name, NodeId node, const Topology& topology,
             const D2dParams& params, OnViolation on_violation = OnViolation::panic);

  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t packets() const { return packets_; }
  /// Everything has left, and all buffers are free.
  bool settled() const {
    return under_way_ == 0 && occupied_ == std::vector<std::uint32_t>(occupied_.size(), 0);
  }

 private:
  struct Freed {
    Tick at;
    std::uint32_t flits;
  };
  void submit(MessagePart& part, Tick ready) override;
  void release(NodeId node, unsigned vc, std::uint32_t flits, Tick at) override;
  void arrives(const Arrival& arrival) override;
  void left(MessagePart& part, Tick at) override;
  void check_packet(const Arrival& arrival, std::uint32_t i);
  void check_order(const MessagePart& part, std::uint32_t packet);
  void require(bool holds, const std::string& what);

  NodeId node_;
  D2dFormat format_;
  bool ordered_;
  bool turns_back_;  // links go down
  OnViolation on_violation_;
  std::uint64_t under_way_ = 0;           // parts submitted and not left
  std::vector<std::uint32_t> occupied_;   // flits arrived and not announced free
  std::vector<std::deque<Freed>> freed_;  // announced free, perhaps later
  std::vector<std::uint32_t> held_;       // occupied_ and what becomes free later
  // Part and packet, by source, class and whether it is a multicast.
  std::map<std::tuple<NodeId, PacketClass, bool>, std::pair<std::uint32_t, std::uint32_t>> next_;
  Tick last_tail_ = 0;
  std::uint64_t packets_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace moesaic
