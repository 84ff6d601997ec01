// SPDX-License-Identifier: Apache-2.0
// A control core: runs the handlers of one firmware object and gives it the hardware abstraction layer.
//
// Models: an in-order core that spends cycles on every call, on handler entry, on interrupts, and on each
// access to the registers and SRAM of its own die over a blocking bus. Does not model: an instruction set,
// caches, preemption. A handler runs to its end. Time: cost accumulates and is waited out before every bus
// access and at the end of a handler, so that hardware never sees an access earlier than the core could have
// made it. Debug: stats(), report_waits().
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <systemc>

#include <memory>
#include <vector>

#include "firmware/sdk/abi.h"
#include "hw/context.h"
#include "hw/control/firmware_host.h"
#include "hw/control/interrupt.h"
#include "hw/control/params.h"
#include "hw/control/stats.h"
#include "hw/control/trace.h"
#include "tlm/who_waits.h"

namespace moesaic {

class ControlCore : public sc_core::sc_module, public InterruptLine, public WheelClient, public WhoWaits {
 public:
  ControlCore(const sc_core::sc_module_name& name, CoreId id, const ControlParams& params, FirmwareHost& host,
              HwContext& ctx);

  tlm_utils::simple_initiator_socket<ControlCore> register_bus;
  tlm_utils::simple_initiator_socket<ControlCore> sram_bus;
  sc_core::sc_export<InterruptLine> irq_in;
  sc_core::sc_port<InterruptSource> irq_source;

  CoreId id() const { return id_; }
  const moesaic_hal& hal() const { return hal_; }
  /// The firmware object that this core runs; before the simulation starts. The core does not own it.
  void load(const moesaic_core& firmware) { firmware_ = firmware; }
  /// The gate results of a layer are there: the layer_start handler runs next.
  void start_layer(std::uint32_t iteration, std::uint32_t layer, Happening why);

  // InterruptLine
  void level(bool high, Happening since) override;

  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override;
  const ControlCoreStats& stats() const { return stats_; }
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  void run();
  void boot();
  void serve_interrupts();
  void serve_completion();
  void serve_mail();
  void serve_layer_start();
  void begin_handler(Happening why, CoreState kind);
  void end_handler();
  void wait_for_news();
  void spend(std::uint64_t cycles) { pending_cycles_ += cycles; }
  void wait_out();

  template <typename T>
  T read_register(std::uint32_t offset);
  void bus(std::uint64_t address, void* data, std::uint32_t bytes, bool write);
  void gate_results_into(std::uint32_t layer, std::uint32_t token);
  static moesaic_hal make_hal(ControlCore& core);
  static ControlCore& core_of(void* context) { return *static_cast<ControlCore*>(context); }

  CoreId id_;
  ControlParams params_;
  FirmwareHost& host_;
  HwContext& ctx_;
  Clock clock_;
  moesaic_hal hal_;
  moesaic_core firmware_{};
  sc_core::sc_event resume_;
  bool irq_high_ = false;
  Happening irq_since_;
  bool layer_pending_ = false;
  std::uint32_t pending_iteration_ = 0;
  std::uint32_t pending_layer_ = 0;
  Happening layer_why_;
  bool idle_ = false;
  bool in_boot_ = false;
  std::uint64_t pending_cycles_ = 0;
  ActivityId activity_ = kRootActivity;  // of the handler running or run last
  Tick busy_since_ = 0;
  std::vector<moesaic_choice> choices_;
  ControlCoreStats stats_;
  std::unique_ptr<ControlCoreTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
