// SPDX-License-Identifier: Apache-2.0
// The network interface of a die: turns the DMA's remote accesses and the command processor's messages into
// packets, and arriving packets into SRAM writes, memory accesses, signals and mail.
//
// Models: bounded queues on every side. Sends to SRAM are posted: they are responded when their last byte has
// left the die. Remote memory reads and writes are responded when the data or the acknowledgement are back.
// Arriving stream packets are written to SRAM as they come; a signal is raised when its transaction and all
// earlier ones from the same die have been written. A packet keeps its buffer (and its credits) until it has
// got a place at the SRAM, the memory, or in the mailbox.
// Does not model: multicast, translation or protection of addresses (the SRAM checks slots).
// Time: as D2dRouter. Every response and signal carries its time by cause, exact to the femtosecond.
// Debug: transport_dbg does not reach other dies; report_waits() names queues, credits and open transactions.
#pragma once

#include <systemc>

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "hw/context.h"
#include "hw/d2d/control_message.h"
#include "hw/d2d/injection_core.h"
#include "hw/d2d/protocol.h"
#include "hw/d2d/stats.h"
#include "hw/d2d/trace.h"
#include "tlm/ports.h"
#include "tlm/who_waits.h"

namespace moesaic {

class NetworkInterface : public sc_core::sc_module,
                         public WhoWaits,
                         private ControlNetwork,
                         private Server,
                         private Requester,
                         private D2dOwner,
                         private InjectionCore::Owner,
                         private WheelClient {
 public:
  ServicePort dma_in;      ///< writes to other dies' SRAM or memory, reads of other dies' memory or SRAM
  RequestPort sram_out;    ///< this die's SRAM
  RequestPort memory_out;  ///< this die's memory controller; unbound: it has none
  sc_core::sc_export<ControlNetwork> control_network;
  sc_core::sc_port<ControlReceiver> control_receiver;
  D2dOut router_out;  ///< to the router's input `local`
  D2dIn router_in;    ///< from the router's output `local`

  NetworkInterface(const sc_core::sc_module_name& name, NodeId node, const Mesh& mesh,
                   const D2dParams& params, HwContext& ctx);

  const NiStats& stats() const { return stats_; }
  const InjectionCore& injection() const { return core_; }
  /// Nothing is queued, in flight or being served here.
  bool idle() const;
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  // A remote memory transaction of the local DMA that waits for its response.
  struct Pending {
    tlm::tlm_generic_payload* payload = nullptr;  // null: the place is free
    Tick offered = 0;
  };
  // A remote write to the local memory that comes in several packets.
  struct OpenWrite {
    NodeId source;
    std::uint32_t transaction;
    std::uint32_t outstanding;  // packets given to the memory
    bool last_seen;
    PacketHeader header;  // of the packet that was written last
    CauseTimes causes;
    bool poisoned;
    tlm::tlm_response_status status;
  };
  enum Wake : std::uint64_t { kInject, kArrive, kRespond };

  // Sending (network_interface.cpp).
  bool offer(unsigned port, tlm::tlm_generic_payload& payload) override;
  unsigned debug(unsigned, tlm::tlm_generic_payload&) override { return 0; }
  bool accept(tlm::tlm_generic_payload& payload, Tick offered);
  bool refuse_misuse(tlm::tlm_generic_payload& payload);
  bool try_send(const ControlMessage& message) override;
  void retry_delivery() override { drain_control(); }
  void inject(Packet& packet) override;
  void left(const Message& message, Tick tail) override;
  void respond_at(Tick at, tlm::tlm_generic_payload& payload);
  void respond_due(Tick now);
  CauseTimes split(Tick total, Tick latency, std::uint64_t bytes, const CauseTimes& remote) const;
  void credit_returns(unsigned port, Packet& packet, Tick at) override;
  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override;

  // Receiving (network_interface_receive.cpp).
  void packet_arrives(unsigned port, Packet& packet) override;
  void arrive(Tick now);
  void count(const Packet& packet);
  void take_response(Packet& packet, Tick now);
  void complete(Pending& pending, const Packet& packet, Tick now);
  void drain_control();
  void drain_stream();
  void drain_requests();
  bool refuse_request(Packet& packet);
  void drop_buffer(Packet& packet);
  void responded(unsigned port, tlm::tlm_generic_payload& payload) override;
  void stream_written(Packet& packet, const TrainExtension& extension);
  void raise_signal(const Packet& packet, Tick now);
  CauseTimes causes_since_arrival(const Packet& packet, const CauseTimes& served) const;
  void read_served(Packet& packet, tlm::tlm_generic_payload& payload);
  void write_served(Packet& packet, tlm::tlm_generic_payload& payload);
  tlm::tlm_generic_payload& local_access(tlm::tlm_command command, const Packet& packet, const Train& train,
                                         std::uint64_t cookie);
  void send_local(std::uint64_t address, tlm::tlm_generic_payload& payload);
  void answer(PacketKind kind, const PacketHeader& request, const CauseTimes& causes,
              tlm::tlm_response_status status, bool poisoned, tlm::tlm_generic_payload* data);
  std::deque<Packet*>& waiting(PacketClass kind) { return waiting_[static_cast<std::size_t>(kind)]; }
  Tick now() const { return ctx_.wheel.now(); }

  HwContext& ctx_;
  NodeId node_;
  Mesh mesh_;
  D2dFormat format_;
  NiStats stats_;
  InjectionCore core_;
  WakeUp inject_wake_;
  WakeUp arrive_wake_;
  WakeUp respond_wake_;

  // Sending.
  tlm::tlm_generic_payload* withheld_ = nullptr;  // refused at withheld_since_
  Tick withheld_since_ = 0;
  bool control_refused_ = false;
  std::vector<Pending> pending_;
  std::map<std::pair<Tick, std::uint64_t>, tlm::tlm_generic_payload*> responses_;  // by time, then order
  std::uint64_t responses_scheduled_ = 0;

  // Receiving.
  std::deque<Packet*> arrivals_;                             // head arrived or on its way, tail to come
  std::array<std::deque<Packet*>, kPacketClasses> waiting_;  // complete, in their buffers
  std::vector<std::deque<Packet*>> stream_order_;            // by source: at the SRAM or behind one that is
  std::vector<Packet*> sram_places_;                         // null: free
  std::vector<Packet*> served_places_;                       // null: free
  std::uint32_t serving_ = 0;                                // requests until their response has left
  std::vector<OpenWrite> open_writes_;
  std::unique_ptr<NetworkTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
