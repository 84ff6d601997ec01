// SPDX-License-Identifier: Apache-2.0
// What a network interface answers: requests of other dies, and packets that cannot leave because a link is
// down.
#include <algorithm>
#include <string>

#include "hw/d2d/network_interface.h"

namespace moesaic {

namespace {
// Set in the cookie of an access that serves another die's request; the rest is its place.
constexpr std::uint64_t kServes = std::uint64_t{1} << 32;
}  // namespace

// --- requests of other dies

void NetworkInterface::drain_requests() {
  while (!request_waiting_.empty() && serving_ < served_places_.size()) {
    const ServedRequest request = request_waiting_.front();
    MessagePart& part = *request.part;
    Message& message = *part.message;
    request_waiting_.pop_front();
    ++serving_;
    free_buffer(part, request.packet, request.vc, request.tail);
    if (refuse_request(request)) continue;
    const auto free = std::find_if(served_places_.begin(), served_places_.end(),
                                   [](const ServedRequest& s) { return s.part == nullptr; });
    const std::uint64_t cookie = kServes | static_cast<std::uint64_t>(free - served_places_.begin());
    *free = request;
    if (message.kind == PacketKind::read_request) {
      send_local(message.train.address,
                 local_access(tlm::TLM_READ_COMMAND, message, message.train, 0, cookie));
      continue;
    }
    // A write is acknowledged as a whole: remember how much of it is on its way to the memory.
    ++message.written.outstanding;
    message.written.last_seen = message.written.last_seen || request.last();
    const Train write = packets_of(part, request.packet, 1, 0);
    send_local(write.address, local_access(tlm::TLM_WRITE_COMMAND, message, write,
                                           part.offset + part.payload(request.packet), cookie));
  }
}

// True when this die has no memory for the packet to go to: a fault, and an error for the requester.
bool NetworkInterface::refuse_request(const ServedRequest& request) {
  Message& message = *request.part->message;
  if (Address::unit(message.train.address) != AddressUnit::memory || memory_out.socket.size() > 0)
    return false;
  if (request.last()) {
    const bool read = message.kind == PacketKind::read_request;
    ctx_.faults.report({message.source, UnitId::network_interface, ctx_.log[message.activity].tag, now(),
                        "a remote access goes to the memory of die " + std::to_string(index_of(node_)) +
                            ", which has none"});
    answer(read ? PacketKind::read_data : PacketKind::write_acknowledge, message, CauseTimes{},
           tlm::TLM_ADDRESS_ERROR_RESPONSE, false, nullptr);
  } else {
    --serving_;
  }
  done_with(message, 1);
  return true;
}

void NetworkInterface::send_local(std::uint64_t address, tlm::tlm_generic_payload& payload) {
  (Address::unit(address) == AddressUnit::sram ? sram_out : memory_out).send(payload);
}

void NetworkInterface::responded(unsigned, tlm::tlm_generic_payload& payload) {
  const std::uint64_t cookie = train_of(payload).cookie;
  if ((cookie & kServes) == 0) {
    const SramWrite write = sram_places_[cookie];
    sram_places_[cookie] = SramWrite{};
    packets_written(write, train_of(payload));
    drain_stream();
    return;
  }
  const ServedRequest served = served_places_[cookie & ~kServes];
  served_places_[cookie & ~kServes] = ServedRequest{};
  if (served.part->message->kind == PacketKind::read_request) {
    read_served(served, payload);
  } else {
    write_served(served, payload);
  }
  done_with(*served.part->message, 1);
  drain_requests();
}

// Why a request took from its arrival until now: what the memory says of itself, which begins with the offer,
// and before that the wait for a place at the memory.
CauseTimes NetworkInterface::causes_since_arrival(Tick tail, const CauseTimes& served) const {
  CauseTimes causes = served;
  Tick known = 0;
  for (const Tick part : served) known += part;
  causes[static_cast<std::size_t>(Cause::memory_queue)] += now() - tail - known;
  return causes;
}

void NetworkInterface::read_served(const ServedRequest& served, tlm::tlm_generic_payload& payload) {
  const bool ok = payload.get_response_status() == tlm::TLM_OK_RESPONSE;
  answer(PacketKind::read_data, *served.part->message,
         causes_since_arrival(served.tail, train_of(payload).causes), payload.get_response_status(),
         train_of(payload).poisoned, ok ? &payload : nullptr);
}

void NetworkInterface::write_served(const ServedRequest& served, tlm::tlm_generic_payload& payload) {
  Message& message = *served.part->message;
  WriteProgress& written = message.written;
  // 1. The write that ends last is what the acknowledgement waited for.
  --written.outstanding;
  written.causes = causes_since_arrival(served.tail, train_of(payload).causes);
  written.poisoned = written.poisoned || train_of(payload).poisoned;
  if (written.status == tlm::TLM_OK_RESPONSE) written.status = payload.get_response_status();
  // 2. Its place among the served goes over to the acknowledgement, or becomes free.
  if (written.outstanding > 0 || !written.last_seen || message.turned_back) {
    --serving_;
    return;
  }
  answer(PacketKind::write_acknowledge, message, written.causes, written.status, written.poisoned, nullptr);
}

void NetworkInterface::answer(PacketKind kind, const Message& request, const CauseTimes& causes,
                              tlm::tlm_response_status status, bool poisoned,
                              tlm::tlm_generic_payload* data) {
  MessageHeader header;
  header.kind = kind;
  header.source = node_;
  header.destination = request.source;
  header.transaction = request.transaction;
  header.activity = request.activity;
  header.offered = now();
  header.latency = latency_of(request);
  header.status = status;
  header.poisoned = poisoned;
  Message& message = messages_.acquire(header);
  message.causes = causes;
  if (data != nullptr) {
    message.train = Train::block(0, data->get_data_length());
    if (ctx_.pool.functional())
      message.data.assign(data->get_data_ptr(), data->get_data_ptr() + data->get_data_length());
  }
  submit(message);
}

// --- links that are down

// Packets that could not leave this die's router: their source hears of it once.
void NetworkInterface::turn_back(MessagePart& part, std::uint32_t packets) {
  Message& message = *part.message;
  const bool first = !message.turned_back;
  message.turned_back = true;
  const bool answers = class_of(message.kind) == PacketClass::response;
  if (first && (answers || message.source == node_)) {
    // A response that cannot return is reported here, in the name of the command that waits for it.
    undelivered(message.kind, answers ? message.destination : node_, message.destination, node_,
                message.activity);
  }
  if (first && !answers) {
    MessageHeader header;
    header.kind = PacketKind::undeliverable;
    header.source = node_;
    header.destination = message.source;
    header.transaction = message.transaction;
    header.activity = message.activity;
    header.offered = now();
    header.latency = std::min(latency_of(message), now() - message.offered);
    header.status = tlm::TLM_GENERIC_ERROR_RESPONSE;
    header.failed_kind = message.kind;
    header.failed_destination = message.destination;
    if (message.source == node_) {
      // Its own: no way back is needed.
      header.latency = 0;
      Message local;
      static_cast<MessageHeader&>(local) = header;
      if (message.kind == PacketKind::read_request || message.kind == PacketKind::write_data)
        complete(pending_[message.transaction], local, now());
    } else {
      submit(messages_.acquire(header));
    }
  }
  done_with(message, packets);
}

// A fault in the name of the command at `source`.
void NetworkInterface::undelivered(PacketKind kind, NodeId source, NodeId destination, NodeId stopped,
                                   ActivityId activity) {
  static constexpr std::array<const char*, 7> kWhat{"a signal or mail",
                                                    "a send",
                                                    "a remote read",
                                                    "a remote write",
                                                    "the data of a remote read",
                                                    "an acknowledgement",
                                                    "a notice of a failure"};
  ctx_.faults.report({source, UnitId::network_interface, ctx_.log[activity].tag, now(),
                      std::string(kWhat[static_cast<std::size_t>(kind)]) + " to die " +
                          std::to_string(index_of(destination)) + " did not get beyond die " +
                          std::to_string(index_of(stopped)) +
                          ", whose link is down; routing: table can go another way"});
}

}  // namespace moesaic
