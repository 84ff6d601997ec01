// SPDX-License-Identifier: Apache-2.0
// A bench for module tests: one SRAM with an engine and a second initiator on its DMA and fabric ports, over
// real sockets. Build it, put data and lists into the SRAM, run commands one behind the other.
#pragma once

#include <systemc>

#include <memory>
#include <string>
#include <vector>

#include "hw/sram/sram.h"
#include "hw/tensor_engine/tensor_engine.h"
#include "tlm/protocol_checker.h"
#include "tlm/sc_tick.h"

namespace moesaic {

struct BenchFaults : FaultSink {
  void report(Fault fault) override { faults.push_back(std::move(fault)); }
  std::vector<Fault> faults;
};
struct BenchWork : WorkObserver {
  void retired(const RetiredSlice& slice) override { slices.push_back(slice); }
  std::vector<RetiredSlice> slices;
};

/// A module that sends trains and keeps what comes back.
class BenchInitiator : public sc_core::sc_module, private Requester {
 public:
  struct Answer {
    Tick at;
    bool ok;
    CauseTimes causes;
    std::vector<std::uint8_t> data;
    bool poisoned;
  };
  BenchInitiator(const sc_core::sc_module_name& name, PayloadPool& pool)
      : sc_module(name), out("out", *this), pool_(pool) {}

  RequestPort out;
  std::vector<Answer> answers;
  std::vector<Tick> accepted_at;

  void read(const Train& train, bool list = false) {
    send(tlm::TLM_READ_COMMAND, train, {}, list, false, {});
  }
  void write(const Train& train, std::vector<std::uint8_t> data = {}, bool accumulate = false,
             NodeId requester = NodeId(0), bool poisoned = false) {
    send(tlm::TLM_WRITE_COMMAND, train, std::move(data), false, accumulate, requester, poisoned);
  }

 private:
  void send(tlm::tlm_command command, const Train& train, std::vector<std::uint8_t> data, bool list,
            bool accumulate, NodeId requester, bool poisoned = false) {
    auto& payload = pool_.acquire(command, train);
    if (pool_.functional()) std::copy(data.begin(), data.end(), payload.get_data_ptr());
    train_of(payload).requester = requester;
    train_of(payload).list = list;
    train_of(payload).accumulate = accumulate;
    train_of(payload).poisoned = poisoned;
    out.send(payload);
  }
  void accepted(unsigned, tlm::tlm_generic_payload&) override { accepted_at.push_back(now_tick()); }
  void responded(unsigned, tlm::tlm_generic_payload& payload) override {
    Answer answer{
        now_tick(), payload.is_response_ok(), train_of(payload).causes, {}, train_of(payload).poisoned};
    if (pool_.functional()) {
      answer.data.assign(payload.get_data_ptr(), payload.get_data_ptr() + payload.get_data_length());
    }
    answers.push_back(std::move(answer));
  }
  PayloadPool& pool_;
};

class CoreStub : public sc_core::sc_module {
 public:
  explicit CoreStub(const sc_core::sc_module_name& name) : sc_module(name), out("out") {}
  tlm_utils::simple_initiator_socket<CoreStub> out;

  /// A control core's access; returns its annotated delay.
  Tick access(tlm::tlm_command command, std::uint64_t offset, std::uint8_t* data, unsigned bytes) {
    tlm::tlm_generic_payload payload;
    prepare(payload, command, offset, data, bytes);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    out->b_transport(payload, delay);
    ok = payload.is_response_ok();
    return to_tick(delay);
  }
  void poke(std::uint64_t offset, const std::uint8_t* data, std::uint64_t bytes) {
    tlm::tlm_generic_payload payload;
    prepare(payload, tlm::TLM_WRITE_COMMAND, offset, const_cast<std::uint8_t*>(data),
            static_cast<unsigned>(bytes));
    out->transport_dbg(payload);
  }
  std::vector<std::uint8_t> peek(std::uint64_t offset, std::uint64_t bytes) {
    std::vector<std::uint8_t> data(bytes);
    tlm::tlm_generic_payload payload;
    prepare(payload, tlm::TLM_READ_COMMAND, offset, data.data(), static_cast<unsigned>(bytes));
    out->transport_dbg(payload);
    return data;
  }
  bool ok = false;

 private:
  static void prepare(tlm::tlm_generic_payload& payload, tlm::tlm_command command, std::uint64_t offset,
                      std::uint8_t* data, unsigned bytes) {
    payload.set_command(command);
    payload.set_address(Address::make(NodeId(0), AddressUnit::sram, offset));
    payload.set_data_ptr(data);
    payload.set_data_length(bytes);
    payload.set_streaming_width(bytes);
  }
};

/// Ends elaboration; from here on sockets can be used.
inline void elaborate() {
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
}
/// Runs until nothing happens any more.
inline void run_out() {
  sc_core::sc_start();
}

/// SRAM with bench initiators on all ports that nothing else is bound to.
struct SramBench {
  explicit SramBench(RunMode mode, const SramParams& params = {}, const std::string& suffix = "")
      : pool(mode),
        process(("wheel" + suffix).c_str(), wheel),
        context{wheel, process, pool, log, faults, work},
        sram(("sram" + suffix).c_str(), NodeId(0), params, context),
        dma(("dma" + suffix).c_str(), pool),
        fabric(("fabric" + suffix).c_str(), pool),
        core(("core" + suffix).c_str()) {
    bind_ports("check_dma" + suffix, dma.out, sram.dma_in, &checkers);
    bind_ports("check_fabric" + suffix, fabric.out, sram.fabric_in, &checkers);
    core.out.bind(sram.core_in.socket);
  }

  EventWheel wheel;
  PayloadPool pool;
  CausalLog log;
  BenchFaults faults;
  BenchWork work;
  WheelProcess process;
  HwContext context;
  Sram sram;
  BenchInitiator dma;
  BenchInitiator fabric;
  CoreStub core;
  std::vector<std::unique_ptr<ProtocolChecker>> checkers;  // a violation of the protocol is a panic
};

/// The SRAM bench with a tensor engine.
struct EngineBench : SramBench, CommandDone {
  struct Ended {
    std::uint32_t tag;
    CommandStatus status;
    Tick at;
    ActivityId activity;
  };

  explicit EngineBench(RunMode mode, const TensorEngineParams& engine_params = {},
                       const SramParams& sram_params = {}, const std::string& suffix = "")
      : SramBench(mode, sram_params, suffix),
        engine(("engine" + suffix).c_str(), NodeId(0), engine_params, context) {
    bind_ports("check_engine" + suffix, engine.sram_out, sram.engine_in, &checkers);
    engine.done_out.bind(*this);
  }

  void done(const Command& command, CommandStatus status) override {
    ended.push_back({command.tag, status, now_tick(), command.activity});
    issue_next();
  }
  template <class Body>
  void enqueue(CommandKind kind, const Body& body) {
    Command command;
    command.kind = kind;
    command.tag = 100 + static_cast<std::uint32_t>(enqueued++);
    command.body = body;
    waiting.push_back(command);
  }
  /// Issues what is enqueued, as fast as the engine takes it; also called when a command is done.
  void issue_next() {
    while (!waiting.empty() && engine.can_issue()) {
      Command command = waiting.front();
      waiting.erase(waiting.begin());
      command.ready = now_tick();
      engine.issue(command);
    }
  }
  /// Token list at `offset`, written by the control core.
  void write_list(std::uint64_t offset, const std::vector<ListEntry>& list) {
    std::vector<std::uint8_t> bytes;
    for (const ListEntry& e : list) {
      for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(e.token >> (8 * i)));
      for (const std::uint16_t v : {e.in_row, e.out_row, e.gate, e.zero}) {
        bytes.push_back(static_cast<std::uint8_t>(v));
        bytes.push_back(static_cast<std::uint8_t>(v >> 8));
      }
    }
    core.access(tlm::TLM_WRITE_COMMAND, offset, bytes.data(), static_cast<unsigned>(bytes.size()));
  }

  TensorEngine engine;
  std::vector<Command> waiting;
  std::vector<Ended> ended;
  std::size_t enqueued = 0;
};

}  // namespace moesaic
