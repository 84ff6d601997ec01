// SPDX-License-Identifier: Apache-2.0
// One die: composes its blocks and wires them.
//
// Models: tensor engine, SRAM, DMA engine, command processor, control core (and the scheduler's core where
// the package says so), a memory controller where memory is attached, and a network interface in packages of
// more than one die. The router belongs to the package (hw/package), which wires it to the network interface.
// Does not model: anything of its own. Wiring is in one place, in blocks: control, interrupts, memory,
// network.
#pragma once

#include <systemc>

#include <memory>
#include <vector>

#include "hw/context.h"
#include "hw/control/command_processor.h"
#include "hw/control/control_core.h"
#include "hw/d2d/network_interface.h"
#include "hw/dma/dma_engine.h"
#include "hw/memory/memory_controller.h"
#include "hw/package/params.h"
#include "hw/sram/sram.h"
#include "hw/tensor_engine/tensor_engine.h"
#include "tlm/protocol_checker.h"
#include "tlm/who_waits.h"

namespace moesaic {

class Chiplet : public sc_core::sc_module, public WhoWaits {
 public:
  using Checkers = std::vector<std::unique_ptr<ProtocolChecker>>;

  /// `checkers` null: sockets are bound directly, else through protocol checkers that are added to it.
  Chiplet(const sc_core::sc_module_name& name, NodeId node, const PackageParams& package,
          const Topology& topology, bool with_scheduler, FirmwareHost& host, const ContentSource& contents,
          HwContext& ctx, Checkers* checkers);

  NodeId node;
  Sram sram;
  TensorEngine tensor_engine;
  DmaEngine dma;
  CommandProcessor command_processor;
  ControlCore agent_core;
  std::unique_ptr<ControlCore> scheduler_core;  ///< null: the image has no scheduler, or it is on another die
  std::unique_ptr<MemoryController> memory;     ///< null: no memory is attached to this die
  std::unique_ptr<NetworkInterface> network;    ///< null: the package has one die

  void report_waits(std::vector<std::string>& lines) const override;

 private:
  void wire_control();
  void wire_data(Checkers* checkers);
  void wire_network(Checkers* checkers);
};

}  // namespace moesaic
