// SPDX-License-Identifier: Apache-2.0
// The tensor engine of a die: a systolic array, a vector unit and one SRAM port. Executes FFN slices, GEMMs,
// attention heads and vector operations, one at a time, with one more waiting.
//
// Models: array time by closed form (hw/tensor_engine/engine_timing.h); all SRAM traffic as trains with
// back-pressure, at the rate the engine consumes and produces (hw/tensor_engine/command_steps.h); in
// functional mode the values, computed only from the bytes that its SRAM reads return.
// Does not model: overlap of two commands, or of two GEMMs of one (each pays its own fill and drain); the
// capacity of operand and result buffers; sparsity.
// Time: a command starts at a clock edge, after what occupied the engine; then set-up, then its steps one
// behind the other. A step lasts its cycles, or until its last SRAM response (the excess is Cause::sram).
// Time does not depend on the run mode.
// Accumulation into y is a read-modify-write of the SRAM, so sums arriving over the fabric are not lost.
#pragma once

#include <systemc>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/command.h"
#include "hw/context.h"
#include "hw/tensor_engine/command_steps.h"
#include "hw/tensor_engine/datapath.h"
#include "hw/tensor_engine/params.h"
#include "hw/tensor_engine/stats.h"
#include "hw/tensor_engine/trace.h"
#include "tlm/ports.h"
#include "tlm/who_waits.h"

namespace moesaic {

class TensorEngine : public sc_core::sc_module,
                     public CommandUnit,
                     public WhoWaits,
                     private Requester,
                     private WheelClient {
 public:
  TensorEngine(const sc_core::sc_module_name& name, NodeId node, const TensorEngineParams& params,
               HwContext& ctx);

  sc_core::sc_export<CommandUnit> commands;
  sc_core::sc_port<CommandDone> done_out;
  RequestPort sram_out;

  bool can_issue() const override { return !pending_; }
  void issue(Command command) override;

  const TensorEngineStats& stats() const { return stats_; }
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  // The command in execution.
  struct Active {
    Command command;
    std::vector<ListEntry> list;
    StepPlan plan;
    CommandStatus status = CommandStatus::ok;
    bool started = false;
    bool list_known = false;
    std::size_t next_step = 0;  // steps before it are finished, or it is the one in progress + 1
  };
  // The step in progress. Cycles are numbers of clock edges.
  struct Progress {
    bool running = false;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  // when no access is late
    std::size_t sent = 0;
    std::uint64_t cost_sent = 0;
    std::uint64_t cost = 0;
    unsigned outstanding = 0;
  };

  void responded(unsigned port, tlm::tlm_generic_payload& payload) override;
  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override;

  void start_next(Tick now);
  void begin_command(std::uint64_t cycle);
  std::optional<std::string> check() const;
  void make_plan();
  void read_list();
  void begin_step(std::uint64_t cycle);
  void send_due(std::uint64_t cycle);
  void send(const StepAccess& access, std::size_t index, Tick period);
  bool step_over(std::uint64_t cycle) const;
  void finish_step(std::uint64_t cycle);
  void finish_command(Tick now);
  void retire(const Active& done);
  void refuse_poison(const TrainExtension& extension);
  void arm();
  const Step& step() const { return active_->plan.steps[active_->next_step - 1]; }
  std::uint64_t due(std::uint64_t cost) const;

  NodeId node_;
  TensorEngineParams params_;
  HwContext& ctx_;
  Clock clock_;
  WakeUp wake_;
  Datapath datapath_;
  std::optional<Active> active_;
  std::optional<Command> pending_;
  Progress progress_;
  Tick start_at_ = 0;  // of the active command, while it has not started
  Tick started_at_ = 0;
  Tick unit_free_ = 0;  // when the command before ended
  ActivityId previous_ = kRootActivity;
  TensorEngineStats stats_;
  std::unique_ptr<TensorEngineTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
