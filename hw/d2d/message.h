// SPDX-License-Identifier: Apache-2.0
// A transaction on its way through the fabric, and the pool it comes from.
//
// Ownership: the network interface of the source acquires it and submits its parts; the network interface of
// the destination returns it to its pool when everything of it has been dealt with. A part is what the fabric
// moves: a train of equal packets, the last perhaps shorter. A transaction has one part, unless its accesses
// are neither contiguous nor of whole packets, or come one by one: then one for each access. A multicast that
// routers copy is a message for each of its dies, and one, the carrier, that leaves the source; the carrier
// goes back to its pool behind the last of them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "hw/d2d/control_message.h"
#include "hw/d2d/fabric_core.h"
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
  write_acknowledge,
  undeliverable  ///< to the source of a transaction that met a link that is down
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
constexpr bool carries_data(PacketKind kind) {
  return kind == PacketKind::stream_data || kind == PacketKind::write_data || kind == PacketKind::read_data;
}

/// What a transaction, and the response to it, say of themselves.
struct MessageHeader {
  PacketKind kind = PacketKind::control_message;
  NodeId source = kNoNode;
  NodeId destination = kNoNode;
  std::uint32_t transaction = 0;  ///< place in the table of the die that waits for the response
  bool accumulate = false;
  bool poisoned = false;
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;  ///< responses
  PacketKind failed_kind = PacketKind::stream_data;        ///< undeliverable: what was turned back
  NodeId failed_destination = kNoNode;                     ///< undeliverable: where it was to go
  std::uint16_t signal_event = TrainExtension::kNoSignal;
  std::uint16_t signal_add = 0;
  ActivityId activity = kRootActivity;  ///< the command it belongs to
  Tick offered = 0;                     ///< when it was offered to the network
  Tick latency = 0;                     ///< fixed latencies on the way; a response continues its request's
};

/// A remote write to a memory, which may come in several packets, and is acknowledged as a whole.
struct WriteProgress {
  std::uint32_t outstanding = 0;  ///< packets given to the memory
  bool last_seen = false;
  CauseTimes causes{};
  bool poisoned = false;
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
};

struct Message;

/// A train of packets of a message. `offset`: of its first byte in the packed data; `address`: where that
/// goes.
struct MessagePart : PacketTrain {
  Message* message = nullptr;
  std::uint32_t number = 0;    ///< among the parts of its message
  std::uint32_t sequence = 0;  ///< per source, destination and class, those of multicasts by themselves
  std::uint64_t offset = 0;
  Train train;
};

/// What a carrier keeps.
struct MulticastState {
  std::vector<Message*> copies;   ///< by die; each is released at its die
  std::deque<MessagePart> inner;  ///< from fork to fork
  std::deque<PacketFork> forks;
  std::size_t under_way = 0;  ///< copies not released
};

class MessagePool;

struct Message : MessageHeader {
  Train train;                                  ///< where data go; read_request: what is to be read
  std::uint32_t control_bytes = 0;              ///< payload without a train (mail)
  tlm::tlm_generic_payload* payload = nullptr;  ///< of the source: responded, or released, when it has left
  CauseTimes causes{};                          ///< time the unit at the far end took
  bool turned_back = false;                     ///< some of it met a link that is down
  WriteProgress written;                        ///< write_data, at the destination
  ControlMessage control;
  std::vector<std::uint8_t> data;  ///< the payload in functional mode, else empty
  std::deque<MessagePart> parts;
  std::uint32_t parts_left = 0;               ///< not yet out of the source
  std::uint64_t packets_left = 0;             ///< not yet dealt with at the destination
  std::unique_ptr<MulticastState> multicast;  ///< null: it is not a carrier
  Message* carrier = nullptr;                 ///< null: it is not a copy
  MessagePool* home = nullptr;
};

/// Messages are recycled, so that a run allocates only while its traffic grows.
class MessagePool {
 public:
  MessagePool() = default;
  MessagePool(const MessagePool&) = delete;
  MessagePool& operator=(const MessagePool&) = delete;

  Message& acquire(const MessageHeader& header) {
    if (idle_.empty()) {
      all_.emplace_back();
      all_.back().home = this;
      idle_.push_back(&all_.back());
    }
    Message& message = *idle_.back();
    idle_.pop_back();
    static_cast<MessageHeader&>(message) = header;
    message.train = Train{};
    message.control_bytes = 0;
    message.payload = nullptr;
    message.causes = CauseTimes{};
    message.turned_back = false;
    message.written = WriteProgress{};
    message.data.clear();
    message.parts.clear();
    message.packets_left = 0;
    message.multicast.reset();
    message.carrier = nullptr;
    return message;
  }
  static void release(Message& message) {
    Message* carrier = message.carrier;
    message.home->idle_.push_back(&message);
    if (carrier != nullptr && --carrier->multicast->under_way == 0) release(*carrier);
  }
  std::size_t live() const { return all_.size() - idle_.size(); }

 private:
  std::deque<Message> all_;  // stable addresses
  std::vector<Message*> idle_;
};

}  // namespace moesaic
