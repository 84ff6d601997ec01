// SPDX-License-Identifier: Apache-2.0
// DMA engine of a die: load (memory -> SRAM), store (SRAM -> memory) and send (SRAM -> another die's SRAM).
//
// Models: several channels, each one transfer at a time; chunks with a bounded number outstanding per
// channel, read and written through the TLM sockets of SRAM, memory and fabric; token lists that gather and
// scatter rows; multicast sends, whose chunks are read once and written to one die after the other, in order
// of their numbers, or, where the network copies them, once; priorities: a request overtakes those of lower
// priority that wait at the same port, except the one on offer. Does not model: descriptor prefetch
// (hw/control), address translation, byte lanes.
// Time: a transfer starts when a channel is free, spends setup_cycles, and is done with its last write
// response; a send is done when its last packet has left into the fabric. Writes of a transfer are issued in
// order. Debug: stats(), report_waits().
#pragma once

#include <systemc>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/command.h"
#include "hw/context.h"
#include "hw/dma/params.h"
#include "hw/dma/stats.h"
#include "hw/dma/trace.h"
#include "hw/dma/transfer_plan.h"
#include "tlm/ports.h"
#include "tlm/who_waits.h"

namespace moesaic {

class DmaEngine : public sc_core::sc_module,
                  public CommandUnit,
                  public WheelClient,
                  public WhoWaits,
                  private Requester {
 public:
  /// `network_copies`: a multicast goes to the network once.
  DmaEngine(const sc_core::sc_module_name& name, NodeId node, const DmaParams& params, HwContext& ctx,
            bool network_copies = false);

  sc_core::sc_export<CommandUnit> commands;
  sc_core::sc_port<CommandDone> done_out;
  RequestPort sram_out;
  RequestPort memory_out;  ///< unbound where no memory is attached
  RequestPort fabric_out;  ///< unbound in a package of one die

  // CommandUnit
  bool can_issue() const override;
  void issue(Command command) override;

  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override;
  const DmaStats& stats() const { return stats_; }
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  // One chunk on its way through the channel's buffer.
  struct InFlight {
    std::uint64_t sequence = 0;
    Train write;
    Tick read_begin = 0;
    Tick read_end = 0;
    Tick write_begin = 0;
    CauseTimes read_causes{};
    tlm::tlm_generic_payload* data = nullptr;  // the finished read, held until its write is issued
    bool read_done = false;
    unsigned writes_left = 1;  // a multicast has one for each destination
  };
  struct Channel {
    bool busy = false;
    Command command;
    std::unique_ptr<TransferPlan> plan;
    std::deque<InFlight> chunks;    // oldest first; the front `writes_issued` are being written
    std::size_t writes_issued = 0;  // of `chunks`
    std::uint64_t next_sequence = 0;
    CommandStatus status = CommandStatus::ok;
    Tick started = 0;
    Tick free_since = 0;
    ActivityId last_activity = kRootActivity;
  };

  const Transfer& transfer_of(const Channel& channel) const {
    return std::get<Transfer>(channel.command.body);
  }
  void begin_transfer(unsigned index, Tick now);
  void read_list(unsigned index);
  void make_plan(unsigned index, std::vector<ListEntry> list);
  void pump(unsigned index, Tick now);
  void issue_read(unsigned index, Chunk chunk, Tick now);
  void issue_write(unsigned index, InFlight& chunk, bool last, Tick now);
  void issue_copy(unsigned index, const InFlight& chunk, const Train& write, bool last,
                  std::uint64_t dies = 0);
  std::optional<std::string> check(const Transfer& transfer, const std::vector<ListEntry>& list) const;
  void finish_if_done(unsigned index, Tick now);
  void attribute(Channel& channel, const InFlight& chunk, const CauseTimes& write_causes, Tick now);
  RequestPort& port_for(std::uint64_t address);
  void responded(unsigned port, tlm::tlm_generic_payload& payload) override;
  InFlight& chunk_of(Channel& channel, std::uint64_t cookie);
  void read_responded(unsigned index, tlm::tlm_generic_payload& payload, Tick now);
  void write_responded(unsigned index, tlm::tlm_generic_payload& payload, Tick now);

  NodeId node_;
  DmaParams params_;
  HwContext& ctx_;
  Clock clock_;
  bool network_copies_;
  std::vector<Channel> channels_;
  DmaStats stats_;
  std::unique_ptr<DmaTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
