// SPDX-License-Identifier: Apache-2.0
// The memory controller of a die: two target sockets in front of the channels of one memory site.
//
// Models: interleaving of transactions over channels, a bounded number of transactions per port with
//   back-pressure by a withheld END_REQ, fixed controller latency, everything dram_channel.h models; in
//   functional mode the bytes; ECC: a read with a correctable error is late, one with an uncorrectable error
//   is answered by an error response and poisoned.
// Does not model: caches, merging of requests, errors of the code itself, scrubbing, accumulation (an
//   accumulating write is a misuse).
// Time: a read is answered when its last data have passed the controller; a write when the device has taken
//   its last data, not when a write queue has. Bytes are read and written at that instant. The extension's
//   causes sum to the time from the first BEGIN_REQ offer to BEGIN_RESP; waiting for END_REQ is memory_queue.
// Debug: transport_dbg reads and writes the bytes in both run modes, ignoring strides.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "hw/context.h"
#include "hw/memory/contents.h"
#include "hw/memory/dram_channel.h"
#include "hw/memory/params.h"
#include "hw/memory/stats.h"
#include "hw/memory/trace.h"
#include "tlm/ports.h"
#include "tlm/who_waits.h"

namespace moesaic {

class MemoryController : public sc_core::sc_module, private Server, private WheelClient, public WhoWaits {
 public:
  static constexpr unsigned kPorts = kMemoryPorts;

  /// REQUIRES: `contents` outlives the module. Throws UserError when `params` do not fit together.
  MemoryController(const sc_core::sc_module_name& name, NodeId node, const MemoryParams& params,
                   HwContext& ctx, const ContentSource& contents);

  ServicePort dma_in;     ///< the die's own DMA engine (port 0)
  ServicePort fabric_in;  ///< other dies (port 1)

  const MemoryParams& params() const { return params_; }
  unsigned channels() const { return static_cast<unsigned>(channels_.size()); }
  MemoryStats stats(unsigned channel) const { return channels_[channel].stats(); }
  const MemoryPortStats& port_stats(unsigned port) const { return port_stats_[port]; }
  const MemoryErrorStats& errors() const { return errors_; }
  const DramChannel& channel(unsigned index) const { return channels_[index]; }
  /// Commands of a channel are appended to `commands` from now on, for traces; null: no more.
  void record(unsigned channel, std::vector<DramCommand>* commands) { channels_[channel].record(commands); }

  void report_waits(std::vector<std::string>& lines) const override;

 private:
  struct Transaction {
    tlm::tlm_generic_payload* payload;
    std::uint64_t id;
    Tick offered;   ///< first BEGIN_REQ offer
    Tick accepted;  ///< END_REQ
    unsigned port;
    unsigned parts;     ///< channels that are not done
    CauseTimes causes;  ///< of the part done last
    Tick due = 0;       ///< of a response that error correction delays
  };

  bool offer(unsigned port, tlm::tlm_generic_payload& payload) override;
  unsigned debug(unsigned port, tlm::tlm_generic_payload& payload) override;
  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override;

  tlm::tlm_response_status check(const tlm::tlm_generic_payload& payload, std::string& why) const;
  void reject(Transaction& transaction, tlm::tlm_response_status status, const std::string& why);
  void collect(Tick now, std::vector<Transaction>& done);
  void repair(Tick now, std::vector<Transaction>& done);
  Tick correct(Transaction& transaction);
  void respond(Tick now, Transaction& transaction);
  void move_bytes(tlm::tlm_generic_payload& payload);
  void arm();
  ServicePort& port(unsigned index) { return index == 0 ? dma_in : fabric_in; }

  NodeId node_;
  MemoryParams params_;
  HwContext& ctx_;
  BackingStore contents_;
  WakeUp wake_up_;
  std::vector<DramChannel> channels_;
  std::vector<Transaction> transactions_;  // accepted, in order
  std::vector<Transaction> repairing_;     // their data are through, their words are being corrected
  std::vector<Transaction> done_;          // scratch of on_wheel
  std::array<Tick, kPorts> first_offer_;   // kNever: no request is withheld
  std::array<unsigned, kPorts> in_flight_{};
  std::array<MemoryPortStats, kPorts> port_stats_{};
  MemoryErrorStats errors_;
  std::uint64_t next_id_ = 0;
  std::unique_ptr<MemoryTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
