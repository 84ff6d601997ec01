// SPDX-License-Identifier: Apache-2.0
// What a network interface keeps of transactions and packets that are on their way through it.
#pragma once

#include <cstdint>

#include "hw/d2d/protocol.h"

namespace moesaic {

/// A remote memory transaction of the local DMA that waits for its response.
struct PendingAccess {
  tlm::tlm_generic_payload* payload = nullptr;  // null: the place is free
  Tick offered = 0;
};

/// Packets that have arrived, or will: those before `next` have gone on, those before `written` are written.
struct PacketBatch {
  Arrival arrival;
  std::uint32_t next = 0;
  std::uint32_t written = 0;
  CauseTimes causes{};
  Tick written_at = 0;
  bool begun = false;  // mail: its way has become an activity
  bool last() const {
    const MessagePart& part = *arrival.part;
    return arrival.first + arrival.count == part.packets() && part.number + 1 == part.message->parts.size();
  }
};

/// A write of packets to the SRAM.
struct SramWrite {
  PacketBatch* batch = nullptr;  // null: the place is free
  std::uint32_t packets = 0;
  Tick last_tail = 0;
};

/// A request of another die that is being served.
struct ServedRequest {
  MessagePart* part = nullptr;  // null: the place is free
  std::uint32_t packet = 0;
  unsigned vc = 0;
  Tick tail = 0;
  bool last() const {
    return packet + 1 == part->packets() && part->number + 1 == part->message->parts.size();
  }
};

/// What a network interface does at a later time: a response, or a message that has left.
struct DueEvent {
  tlm::tlm_generic_payload* payload = nullptr;
  Message* message = nullptr;
};

}  // namespace moesaic
