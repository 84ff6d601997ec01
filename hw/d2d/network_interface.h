// SPDX-License-Identifier: Apache-2.0
// The network interface of a die: turns the DMA's remote accesses and the command processor's messages into
// packets, and arriving packets into SRAM writes, memory accesses, signals and mail.
//
// Models: bounded queues on every side; a transaction leaves as trains of packets. Sends to SRAM are posted:
// they are responded when their last byte has left the die. Remote memory reads and writes are responded when
// the data or the acknowledgement are back. Arriving stream packets are written to SRAM as they come; a
// signal is raised when its transaction and all earlier ones from the same die have been written. A packet
// keeps its buffer (and its credits) until it has got a place at the SRAM, the memory, or in the mailbox.
// Packets that arrive without a gap are one train for the SRAM too; its packets take their places together.
// A multicast is one transaction where routers copy it, and keeps its order among multicasts only.
//   Packets that met a link that is down end at the die before it, which says so to their source; there it is
//   a fault, and an error response where one is waited for.
// Does not model: translation or protection of addresses (the SRAM checks slots).
// Time: packets are announced ahead and dealt with when their last byte is there. Every response and signal
// carries its time by cause, exact to the femtosecond.
// Debug: transport_dbg does not reach other dies; report_waits() names queues, credits and open transactions.
#pragma once

#include <systemc>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "hw/context.h"
#include "hw/d2d/control_message.h"
#include "hw/d2d/format.h"
#include "hw/d2d/interface_records.h"
#include "hw/d2d/multicast_tree.h"
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
                         private D2dDie,
                         private WheelClient {
 public:
  ServicePort dma_in;      ///< writes to other dies' SRAM or memory, reads of other dies' memory or SRAM
  RequestPort sram_out;    ///< this die's SRAM
  RequestPort memory_out;  ///< this die's memory controller; unbound: it has none
  sc_core::sc_export<ControlNetwork> control_network;
  sc_core::sc_port<ControlReceiver> control_receiver;
  sc_core::sc_port<D2dNetwork> fabric_out;
  sc_core::sc_export<D2dDie> fabric_in;

  NetworkInterface(const sc_core::sc_module_name& name, NodeId node, const Topology& topology,
                   const D2dParams& params, HwContext& ctx);

  const NiStats& stats() const { return stats_; }
  const MessagePool& messages() const { return messages_; }
  /// Nothing is queued, in flight or being served here.
  bool idle() const;
  void report_waits(std::vector<std::string>& lines) const override;

 private:
  enum Wake : std::uint64_t { kArrive, kRespond };

  // Sending (network_interface.cpp).
  bool offer(unsigned port, tlm::tlm_generic_payload& payload) override;
  unsigned debug(unsigned, tlm::tlm_generic_payload&) override { return 0; }
  bool accept(tlm::tlm_generic_payload& payload, Tick offered);
  bool refuse_misuse(tlm::tlm_generic_payload& payload);
  bool try_send(const ControlMessage& message) override;
  void retry_delivery() override { drain_control(); }
  void submit(Message& message, std::uint64_t dies = 0);
  void add_part(Message& message, const Train& train, std::uint64_t offset, std::uint64_t bytes);
  void cut_into_parts(Message& message);
  // Multicasts (network_interface_multicast.cpp).
  void make_copies(Message& carrier, std::uint64_t dies);
  void join_parts(Message& carrier, std::uint64_t dies);
  static void for_each_copy(MessagePart& part, const std::function<void(MessagePart&)>& action);
  void left(MessagePart& part, Tick at) override;
  void message_left(Message& message, Tick at);
  void schedule(Tick at, tlm::tlm_generic_payload* payload, Message* message);
  void respond_at(Tick at, tlm::tlm_generic_payload& payload);
  void respond_due(Tick now);
  CauseTimes split(Tick total, Tick latency, std::uint64_t bytes, const CauseTimes& remote) const;
  bool full(PacketClass kind) const;
  void on_wheel(Tick now, Phase phase, std::uint64_t cookie) override;

  // Receiving (network_interface_receive.cpp).
  void arrives(const Arrival& arrival) override;
  void arrive(Tick now);
  void count(const Arrival& arrival);
  std::size_t free_sram_place() const;
  void turn_back(MessagePart& part, std::uint32_t packets);
  void undelivered(PacketKind kind, NodeId source, NodeId destination, NodeId stopped, ActivityId activity);
  void answered(const Message& message, Tick now);
  void complete(PendingAccess& pending, const Message& message, Tick now);
  void drain_control();
  void drain_stream();
  void write_packets(PacketBatch& batch, std::uint32_t packets, Tick period);
  std::uint32_t uniform(const PacketBatch& batch) const;
  std::uint32_t writable(const PacketBatch& batch, Tick* period) const;
  void drain_requests();
  bool refuse_request(const ServedRequest& request);
  void free_buffer(const MessagePart& part, std::uint32_t packet, unsigned vc, Tick tail);
  void done_with(Message& message, std::uint32_t packets);
  void responded(unsigned port, tlm::tlm_generic_payload& payload) override;
  void packets_written(SramWrite write, const TrainExtension& extension);
  void raise_signal(const PacketBatch& batch, Tick now);
  CauseTimes causes_since_arrival(Tick tail, const CauseTimes& served) const;
  void read_served(const ServedRequest& served, tlm::tlm_generic_payload& payload);
  void write_served(const ServedRequest& served, tlm::tlm_generic_payload& payload);
  tlm::tlm_generic_payload& local_access(tlm::tlm_command command, const Message& message, const Train& train,
                                         std::uint64_t from, std::uint64_t cookie);
  Train packets_of(const MessagePart& part, std::uint32_t first, std::uint32_t count, Tick period) const;
  std::uint32_t packets_per_access(const MessagePart& part) const;
  Tick latency_of(const Message& message) const {
    return message.latency + format_.way(class_of(message.kind), hops_[index_of(message.source)]);
  }
  void send_local(std::uint64_t address, tlm::tlm_generic_payload& payload);
  void answer(PacketKind kind, const Message& request, const CauseTimes& causes,
              tlm::tlm_response_status status, bool poisoned, tlm::tlm_generic_payload* data);
  Tick now() const { return ctx_.wheel.now(); }

  HwContext& ctx_;
  NodeId node_;
  Topology topology_;
  D2dFormat format_;
  D2dParams params_;
  std::vector<unsigned> hops_;  // from each die to this one
  NiStats stats_;
  MessagePool messages_;
  WakeUp arrive_wake_;
  WakeUp respond_wake_;

  // Sending.
  std::array<std::uint32_t, kPacketClasses> queued_{};  // transactions that have not left
  tlm::tlm_generic_payload* withheld_ = nullptr;        // refused at withheld_since_
  Tick withheld_since_ = 0;
  bool control_refused_ = false;
  std::vector<PendingAccess> pending_;
  std::vector<std::uint32_t> sequences_;  // by destination and class; then of multicasts, by destination
  // By time, then order.
  std::map<std::pair<Tick, std::uint64_t>, DueEvent> due_;
  std::uint64_t due_scheduled_ = 0;

  // Receiving.
  std::deque<PacketBatch> arrivals_;                   // not looked at: the first tail is to come
  std::deque<PacketBatch> control_waiting_;            // complete, in their buffers
  std::deque<ServedRequest> request_waiting_;          // the same
  std::deque<PacketBatch*> stream_waiting_;            // not all of it is at the SRAM
  std::vector<std::deque<PacketBatch>> stream_order_;  // by source: not all is written
  std::vector<SramWrite> sram_places_;
  std::uint32_t sram_packets_ = 0;  // in those places
  std::vector<ServedRequest> served_places_;
  std::uint32_t serving_ = 0;            // requests until their response has left
  std::unique_ptr<NetworkTrace> trace_;  // null: nothing is recorded
};

}  // namespace moesaic
