// SPDX-License-Identifier: Apache-2.0
#include "hw/chiplet/chiplet.h"

namespace moesaic {

Chiplet::Chiplet(const sc_core::sc_module_name& name, NodeId node_id, const PackageParams& package,
                 const Topology& topology, bool with_scheduler, FirmwareHost& host,
                 const ContentSource& contents, HwContext& ctx, Checkers* checkers)
    : sc_module(name),
      node(node_id),
      sram("sram", node, package.chiplet.sram, ctx),
      tensor_engine("tensor_engine", node, package.chiplet.tensor_engine, ctx),
      dma("dma", node, package.chiplet.dma, ctx, package.d2d.router.multicast),
      command_processor("command_processor", node, package.nodes(), package.chiplet.control, sram.slots(),
                        ctx),
      agent_core("agent_core", {node, MOESAIC_AGENT}, package.chiplet.control, host, ctx) {
  if (with_scheduler) {
    scheduler_core = std::make_unique<ControlCore>("scheduler_core", CoreId{node, MOESAIC_SCHEDULER},
                                                   package.chiplet.control, host, ctx);
  }
  if (package.has_memory(node)) {
    memory = std::make_unique<MemoryController>("memory", node, package.memory, ctx, contents);
  }
  if (package.nodes() > 1) {
    network = std::make_unique<NetworkInterface>("network", node, topology, package.d2d, ctx);
  }
  wire_control();
  wire_data(checkers);
  if (network) wire_network(checkers);
}

void Chiplet::wire_control() {
  // Cores to registers and SRAM.
  agent_core.register_bus.bind(command_processor.bus_in.socket);
  agent_core.sram_bus.bind(sram.core_in.socket);
  // Interrupts.
  command_processor.agent_irq.bind(agent_core.irq_in);
  agent_core.irq_source.bind(command_processor.irq_source);
  if (scheduler_core) {
    scheduler_core->register_bus.bind(command_processor.scheduler_bus_in.socket);
    scheduler_core->sram_bus.bind(sram.scheduler_in.socket);
    command_processor.scheduler_irq.bind(scheduler_core->irq_in);
    scheduler_core->irq_source.bind(command_processor.irq_source);
  }
  // Commands.
  command_processor.dma_out.bind(dma.commands);
  command_processor.engine_out.bind(tensor_engine.commands);
  dma.done_out.bind(command_processor.done_in);
  tensor_engine.done_out.bind(command_processor.done_in);
}

void Chiplet::wire_data(Checkers* checkers) {
  bind_ports("check_engine_sram", tensor_engine.sram_out, sram.engine_in, checkers);
  bind_ports("check_dma_sram", dma.sram_out, sram.dma_in, checkers);
  if (memory) bind_ports("check_dma_memory", dma.memory_out, memory->dma_in, checkers);
}

void Chiplet::wire_network(Checkers* checkers) {
  bind_ports("check_dma_network", dma.fabric_out, network->dma_in, checkers);
  bind_ports("check_network_sram", network->sram_out, sram.fabric_in, checkers);
  if (memory) bind_ports("check_network_memory", network->memory_out, memory->fabric_in, checkers);
  command_processor.network_out.bind(network->control_network);
  network->control_receiver.bind(command_processor.network_in);
}

void Chiplet::report_waits(std::vector<std::string>& lines) const {
  agent_core.report_waits(lines);
  if (scheduler_core) scheduler_core->report_waits(lines);
  command_processor.report_waits(lines);
  tensor_engine.report_waits(lines);
  dma.report_waits(lines);
  sram.report_waits(lines);
  if (memory) memory->report_waits(lines);
  if (network) network->report_waits(lines);
}

}  // namespace moesaic
