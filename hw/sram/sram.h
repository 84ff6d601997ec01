// SPDX-License-Identifier: Apache-2.0
// The SRAM of a die: sockets for tensor engine, DMA engine, network interface and control cores.
//
// Models: banked timing (hw/sram/sram_core.h), bounded queues per port, the slot table (every write of the
// data plane must lie in one allocated slot, and come from this die or the granted one; every read and every
// accumulation must find bytes that something has written), read-modify-write accumulation of int32, and in
// functional mode the bytes. Bytes are read and stored at the response.
// Does not model: ECC; contention of the control cores' few bytes with the data plane.
// Time: a request is accepted when its port's queue has a place, arrives then, and is answered when the last
// of its accesses is. Core accesses take the read or write latency plus a cycle per further bank word.
// Debug: transport_dbg on any socket reads and writes stored bytes. In timing mode only bytes that a control
// core wrote are meaningful; in both modes a token list must consist of such bytes.
#pragma once

#include <systemc>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/context.h"
#include "hw/sram/params.h"
#include "hw/sram/slot_table.h"
#include "hw/sram/sram_core.h"
#include "hw/sram/stats.h"
#include "hw/sram/storage.h"
#include "hw/sram/trace.h"
#include "tlm/ports.h"
#include "tlm/who_waits.h"

namespace moesaic {

class Sram : public sc_core::sc_module, public WhoWaits, private Server, private WheelClient {
 public:
  Sram(const sc_core::sc_module_name& name, NodeId node, const SramParams& params, HwContext& ctx);

  ServicePort engine_in;     ///< AT
  ServicePort dma_in;        ///< AT
  ServicePort fabric_in;     ///< AT
  ServicePort core_in;       ///< b_transport, agent core
  ServicePort scheduler_in;  ///< b_transport, scheduler core; unbound where there is none

  /// For the command processor, which allocates and releases slots and reports their misuse itself.
  SlotTable& slots() { return slots_; }
  const SlotTable& slots() const { return slots_; }
  const SramStats& stats() const { return stats_; }
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  struct Request {
    tlm::tlm_generic_payload* payload = nullptr;
    Tick begin = 0;     // BEGIN_REQ
    Tick accepted = 0;  // END_REQ
    std::optional<std::string> misuse;
    std::uint64_t generation = 0;  // of the slot table when it was checked
  };

  // Server
  bool offer(unsigned port, tlm::tlm_generic_payload& payload) override;
  unsigned debug(unsigned port, tlm::tlm_generic_payload& payload) override;
  void access(unsigned port, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
  // WheelClient
  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override;

  std::uint64_t new_request();
  std::optional<std::string> check(unsigned port, tlm::tlm_generic_payload& payload) const;
  std::optional<std::string> check_range(const Train& train) const;
  std::optional<std::string> check_slots(unsigned port, const TrainExtension& extension) const;
  std::optional<std::string> check_list(const Train& train) const;
  std::optional<std::string> check_data(const Train& train, const char* what) const;
  std::optional<std::string> check_now(unsigned port, const Request& request) const;
  void note_use(unsigned port, const TrainExtension& extension);
  void note_write(const Train& train);
  void complete(unsigned port, std::uint64_t id, Tick now);
  void move_bytes(tlm::tlm_generic_payload& payload);
  void move_poison(tlm::tlm_generic_payload& payload);
  void forget_control_data(const Train& train);
  void account(unsigned port, const Request& request, Tick now);
  void refuse(const Request& request, Tick now);
  ServicePort& port_of(unsigned port);

  NodeId node_;
  SramParams params_;
  HwContext& ctx_;
  Clock clock_;
  SramCore core_;
  SlotTable slots_;
  Storage storage_;
  ByteRanges control_data_;  // written by a control core, and not overwritten by the data plane since
  ByteRanges poisoned_;      // written with data that had an uncorrectable error
  WakeUp wake_;
  std::vector<Request> requests_;
  std::vector<std::uint64_t> free_requests_;
  std::array<std::uint32_t, kSramPorts> outstanding_{};
  std::array<Tick, kSramPorts> withheld_since_;
  SramStats stats_;
  std::unique_ptr<SramTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
