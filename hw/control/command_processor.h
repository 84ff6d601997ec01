// SPDX-License-Identifier: Apache-2.0
// Command processor of a die: the register file that firmware sees, and the dispatcher behind it.
//
// Models: command queues with doorbells, in-order issue per queue, event counters that commands wait for and
// add to, completion queues, mailboxes, a timer and an interrupt line per control core; one decoder shared by
// all queues, round robin; of the loads, stores and sends that can go, one of the highest priority does.
// Registers: firmware/sdk/registers.h (docs/register-map.md). Does not model: descriptor fetch over the
// memory system (queues are on-die), speculation. Time: a descriptor takes decode_cycles in the decoder, then
// its unit; slot operations and fences end there. A queue's head waits for its event, then for its unit; the
// next descriptor of the queue is looked at when the head has been issued, not when it is done. Debug:
// registers read by transport_dbg without side effect; stats(), report_waits().
#pragma once

#include <systemc>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/command.h"
#include "hw/context.h"
#include "hw/control/control_context.h"
#include "hw/control/interrupt.h"
#include "hw/control/params.h"
#include "hw/control/stats.h"
#include "hw/control/trace.h"
#include "hw/d2d/control_message.h"
#include "hw/sram/slot_table.h"
#include "tlm/ports.h"
#include "tlm/who_waits.h"

namespace moesaic {

inline constexpr unsigned kContexts = 2;

class CommandProcessor : public sc_core::sc_module,
                         public CommandDone,
                         public ControlReceiver,
                         public InterruptSource,
                         public WheelClient,
                         public WhoWaits,
                         private Server {
 public:
  /// `slots` is the slot table of the die's SRAM.
  CommandProcessor(const sc_core::sc_module_name& name, NodeId node, unsigned nodes,
                   const ControlParams& params, SlotTable& slots, HwContext& ctx);

  // Control: the cores' buses, their interrupt lines, and what made them rise.
  ServicePort bus_in;
  ServicePort scheduler_bus_in;  ///< unbound where no scheduler core is
  sc_core::sc_port<InterruptLine> agent_irq;
  sc_core::sc_port<InterruptLine, 1, sc_core::SC_ZERO_OR_MORE_BOUND> scheduler_irq;
  sc_core::sc_export<InterruptSource> irq_source;
  // Units.
  sc_core::sc_port<CommandUnit> dma_out;
  sc_core::sc_port<CommandUnit> engine_out;
  sc_core::sc_export<CommandDone> done_in;
  // Network: unbound in a package of one die.
  sc_core::sc_port<ControlNetwork, 1, sc_core::SC_ZERO_OR_MORE_BOUND> network_out;
  sc_core::sc_export<ControlReceiver> network_in;

  // CommandDone
  void done(const Command& command, CommandStatus status) override;
  // ControlReceiver
  bool deliver(const ControlMessage& message) override;
  void signal(std::uint16_t event, std::uint16_t add, ActivityId cause) override;
  void network_ready() override;
  // InterruptSource
  Happening last_news(unsigned context) const override { return contexts_[context].news; }

  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override;
  /// A sentence about a store or engine command of this core that its unit has not finished; none: there is
  /// none. Loads and sends may be ahead of what the core is doing.
  std::optional<std::string> unfinished_work(unsigned context) const;
  const CommandProcessorStats& stats() const { return stats_; }
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  struct Executing {
    unsigned context;
    CommandKind kind;
    std::uint32_t tag;
  };
  struct Decoding {
    unsigned context;
    unsigned queue;
  };

  // Dispatch (command_processor.cpp).
  void wake_dispatch(Tick now);
  void dispatch(Tick now);
  Decoding place_of(unsigned number) const;
  bool can_go(unsigned number, Tick now);
  std::uint8_t priority_at(unsigned number) const;
  unsigned most_urgent(unsigned number, Tick now);
  bool prepare_head(unsigned context, unsigned queue, Tick now);
  bool issuable(const CommandQueue& queue);
  void issue(Decoding decoding, Tick now);
  void execute_here(Command& command, Tick now);
  CommandUnit* unit_of(CommandKind kind);
  Happening& freed_of(CommandKind kind);
  void add_to_event(std::uint16_t event, std::uint16_t add, Happening happening);
  void send_signal(const Signal& signal, Happening happening);
  void signal_empty_send(const Command& command, Happening happening);
  void pump_messages(Tick now);
  bool send_mail(const MailNews& news);
  void complete(const Command& command, CommandStatus status, Tick now);
  void raise_or_drop(unsigned context, Happening happening);
  void misuse(std::uint32_t tag, std::string what);
  void show();

  // Registers (command_processor_registers.cpp).
  bool offer(unsigned port, tlm::tlm_generic_payload& payload) override;
  void access(unsigned port, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  unsigned debug(unsigned port, tlm::tlm_generic_payload& payload) override;
  bool read_register(std::uint32_t offset, std::uint8_t* data, std::uint32_t bytes, bool side_effects);
  bool write_register(std::uint32_t offset, const std::uint8_t* data, std::uint32_t bytes, Happening by);
  void pop_completion(unsigned context, std::uint8_t* data, bool side_effects);
  void pop_mail(unsigned context, std::uint8_t* data, bool side_effects);
  void push_mail(unsigned context, const std::uint8_t* data, Happening by);
  void push_descriptor(unsigned context, unsigned queue, const std::uint8_t* data);
  void ring_doorbell(unsigned context, unsigned queue, std::uint32_t count, Happening by);
  void arm_timer(unsigned context, std::uint64_t cycle, Happening by);

  NodeId node_;
  unsigned nodes_;
  ControlParams params_;
  SlotTable& slots_;
  HwContext& ctx_;
  Clock clock_;
  std::vector<ControlContext> contexts_;
  std::vector<std::uint32_t> events_;
  std::deque<ControlMessage> signals_out_;  // bounded by the commands under way
  std::array<Happening, 2> freed_;          // last command done by the DMA engine, by the tensor engine
  std::optional<Decoding> decoding_;
  std::map<std::uint64_t, Executing> executing_;  // in a unit, by number
  unsigned next_queue_ = 0;                       // round robin over all queues of both contexts
  std::uint64_t commands_issued_ = 0;
  WakeUp dispatch_wake_;
  WakeUp message_wake_;
  CommandProcessorStats stats_;
  std::unique_ptr<CommandProcessorTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
