// SPDX-License-Identifier: Apache-2.0
// The sending side of a network interface: cuts transactions into packets and injects them.
//
// Models: one bounded queue of transactions per class; the transaction at the front of a queue is cut into
// packets of at most max_packet_payload_bytes, accesses of a strided train one by one; classes take turns,
// packet by packet, each under the credits of its virtual channel; a serialiser towards the router. This is
// where a train is stepped through: n packets of one transaction leave as n transactions of one packet would.
// Time: as RouterCore.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "hw/d2d/sender.h"
#include "tlm/bounded_queue.h"

namespace moesaic {

/// A transaction on its way into the network.
struct Message {
  PacketHeader header;
  Train train;                                  ///< data: where it goes; read_request: what is to be read
  std::uint32_t control_bytes = 0;              ///< payload of a single packet without a train (mail)
  const std::uint8_t* data = nullptr;           ///< packed bytes of the train; null: none are carried
  tlm::tlm_generic_payload* payload = nullptr;  ///< handed back by left(); not looked at
  CauseTimes causes{};
  ControlMessage control;

  // Cursor.
  Tick ready = 0;
  std::uint32_t access = 0;     // of the train; a contiguous train counts as one access
  std::uint32_t in_access = 0;  // bytes of that access already sent
  std::uint32_t offset = 0;     // bytes already sent
};

class InjectionCore {
 public:
  /// Contract: called from advance().
  class Owner {
   public:
    virtual void inject(Packet& packet) = 0;
    /// The last packet of `message` was injected; its last byte leaves at `tail`. The queue has space.
    virtual void left(const Message& message, Tick tail) = 0;

   protected:
    ~Owner() = default;
  };

  InjectionCore(const Mesh& mesh, const D2dParams& params, Owner& owner);

  bool full(PacketClass kind) const { return queues_[static_cast<std::size_t>(kind)].full(); }
  bool empty() const;
  /// REQUIRES: !full(class). Returns when advance() has to run.
  Tick push(Tick now, Message message);
  Tick credit(unsigned vc, std::uint32_t flits, Tick at);
  Tick advance(Tick now);

  const Sender& sender() const { return sender_; }
  const PacketPool& pool() const { return pool_; }
  void report_waits(const std::string& name, std::vector<std::string>& lines) const;

 private:
  static bool carries_train(PacketKind kind);
  std::uint32_t next_payload(const Message& message) const;
  Tick next_ready(const Message& message) const;
  unsigned vc_of(const Message& message) const;
  void send_next(Message& message, Tick now);
  Tick next_time(Tick now) const;

  Mesh mesh_;
  D2dFormat format_;
  Owner& owner_;
  Sender sender_;
  PacketPool pool_;
  std::vector<BoundedQueue<Message>> queues_;  // by class
  std::vector<std::uint32_t> sequences_;       // by destination and class
  unsigned next_class_ = 0;
};

}  // namespace moesaic
