// SPDX-License-Identifier: Apache-2.0
// One packet of the fabric, and the pool it comes from.
//
// Ownership: the network interface of the source acquires it; whoever holds it passes it on; the interface of
// the destination returns it to the pool it came from. Head and tail are the times of its first and last byte
// at the input it is on its way to; they lie in the future of the call that hands the packet over.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "hw/d2d/control_message.h"
#include "hw/d2d/params.h"
#include "tlm/address_map.h"
#include "tlm/causal_log.h"
#include "tlm/tick.h"
#include "tlm/train.h"

namespace moesaic {

enum class PacketKind : std::uint8_t {
  control_message,
  stream_data,
  read_request,
  write_data,
  read_data,
  write_acknowledge
};
constexpr PacketClass class_of(PacketKind kind) {
  switch (kind) {
    case PacketKind::control_message:
      return PacketClass::control;
    case PacketKind::stream_data:
      return PacketClass::stream;
    case PacketKind::read_request:
    case PacketKind::write_data:
      return PacketClass::request;
    default:
      return PacketClass::response;
  }
}

/// What all packets of one transaction have in common, and where this one stands in it.
struct PacketHeader {
  PacketKind kind = PacketKind::control_message;
  NodeId source = kNoNode;
  NodeId destination = kNoNode;
  std::uint32_t transaction = 0;  ///< place in the table of the die that waits for the response
  bool last = false;              ///< last packet of its transaction
  bool accumulate = false;
  bool poisoned = false;
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;  ///< responses
  std::uint16_t signal_event = TrainExtension::kNoSignal;
  std::uint16_t signal_add = 0;
  ActivityId activity = kRootActivity;  ///< the command it belongs to
  Tick offered = 0;                     ///< when its transaction was offered to the network
  Tick latency = 0;                     ///< fixed latencies passed so far; a response continues its request's
};

class PacketPool;

struct Packet : PacketHeader {
  std::uint32_t sequence = 0;       ///< per source, destination and class
  std::uint32_t payload_bytes = 0;  ///< without header and framing
  std::uint32_t flits = 0;          ///< buffer space and credits it takes
  std::uint32_t wire_bytes = 0;
  unsigned vc = 0;
  std::uint32_t offset = 0;   ///< of its payload in the packed data of the transaction
  std::uint64_t address = 0;  ///< data: where the payload goes
  Train train;                ///< read_request: what is to be read
  CauseTimes causes{};        ///< time the unit at the far end took
  ControlMessage control;
  std::vector<std::uint8_t> data;  ///< the payload in functional mode, else empty

  // The hop it is on.
  Tick head = 0;
  Tick tail = 0;
  Tick stall_credit = 0;  ///< the link had stood idle for want of credits before this packet
  Tick stall_vc = 0;      ///< the same, because its input port was sending from another virtual channel
  unsigned hops = 0;
  Tick written = 0;  ///< stream_data: when the SRAM had taken it; 0: not yet

  PacketPool* home = nullptr;
};

/// Packets are recycled, so that a run allocates only while its traffic grows.
class PacketPool {
 public:
  PacketPool() = default;
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  Packet& acquire(const PacketHeader& header) {
    if (idle_.empty()) {
      all_.emplace_back();
      all_.back().home = this;
      idle_.push_back(&all_.back());
    }
    Packet& packet = *idle_.back();
    idle_.pop_back();
    static_cast<PacketHeader&>(packet) = header;
    packet.hops = 0;
    packet.written = 0;
    packet.data.clear();
    return packet;
  }
  static void release(Packet& packet) { packet.home->idle_.push_back(&packet); }
  std::size_t live() const { return all_.size() - idle_.size(); }

 private:
  std::deque<Packet> all_;  // stable addresses
  std::vector<Packet*> idle_;
};

}  // namespace moesaic
