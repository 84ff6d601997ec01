// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/injection_core.h"

#include <algorithm>

namespace moesaic {

InjectionCore::InjectionCore(const Mesh& mesh, const D2dParams& params, Owner& owner)
    : mesh_(mesh),
      format_(params),
      owner_(owner),
      sender_(Sender::Medium::local, format_),
      sequences_(std::size_t{mesh.nodes()} * kPacketClasses, 0) {
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    // A response keeps the place of the request that it answers: no more are ever waiting than are served.
    const bool response = kind == static_cast<std::size_t>(PacketClass::response);
    queues_.emplace_back(kPacketClassNames[kind],
                         response ? params.served_requests : params.injection_queue_depth);
  }
}

bool InjectionCore::empty() const {
  return std::all_of(queues_.begin(), queues_.end(), [](const auto& queue) { return queue.empty(); });
}

Tick InjectionCore::push(Tick now, Message message) {
  message.ready = now + format_.ni_latency();
  message.header.latency += format_.ni_latency();
  // Contiguous accesses are packed across their borders.
  if (carries_train(message.header.kind) && message.train.contiguous() && message.train.period == 0)
    message.train = Train::block(message.train.address, static_cast<std::uint32_t>(message.train.bytes()));
  const Tick ready = next_ready(message);
  queues_[static_cast<std::size_t>(class_of(message.header.kind))].push(now, std::move(message));
  return std::max(ready, sender_.free_at());
}

Tick InjectionCore::credit(unsigned vc, std::uint32_t flits, Tick at) {
  sender_.give_back(vc, flits, at);
  for (const auto& queue : queues_) {
    if (!queue.empty() && vc_of(queue.front()) == vc) return std::max(at, sender_.free_at());
  }
  return kNever;
}

Tick InjectionCore::advance(Tick now) {
  if (sender_.free_at() <= now) {
    for (unsigned i = 0; i < kPacketClasses; ++i) {
      const unsigned kind = (next_class_ + i) % kPacketClasses;
      BoundedQueue<Message>& queue = queues_[kind];
      if (queue.empty() || next_ready(queue.front()) > now) continue;
      const std::uint32_t flits = format_.flits(next_payload(queue.front()));
      if (sender_.credits(vc_of(queue.front()), now) < flits) continue;
      next_class_ = (kind + 1) % kPacketClasses;
      send_next(queue.front(), now);
      if (queue.front().header.last) owner_.left(queue.pop(now), sender_.free_at());
      break;
    }
  }
  return next_time(now);
}

bool InjectionCore::carries_train(PacketKind kind) {
  return kind == PacketKind::stream_data || kind == PacketKind::write_data || kind == PacketKind::read_data;
}

std::uint32_t InjectionCore::next_payload(const Message& message) const {
  if (!carries_train(message.header.kind)) return message.control_bytes;
  return std::min(format_.max_payload(), message.train.size - message.in_access);
}

// Access i of a train becomes known at its period.
Tick InjectionCore::next_ready(const Message& message) const {
  return message.ready + message.access * message.train.period;
}

unsigned InjectionCore::vc_of(const Message& message) const {
  return format_.vc(class_of(message.header.kind), mesh_, message.header.destination);
}

void InjectionCore::send_next(Message& message, Tick now) {
  const PacketHeader& header = message.header;
  const std::uint32_t payload = next_payload(message);
  const bool train = carries_train(header.kind);
  // 1. Where the packet stands in its transaction.
  const std::uint64_t address = train ? message.train.address_of(message.access) + message.in_access : 0;
  const std::uint32_t offset = message.offset;
  message.offset += payload;
  message.in_access += payload;
  if (train && message.in_access == message.train.size) {
    message.in_access = 0;
    ++message.access;
  }
  message.header.last = !train || message.access == message.train.count;
  // 2. The packet.
  Packet& packet = pool_.acquire(header);
  const auto kind = static_cast<std::size_t>(class_of(header.kind));
  packet.sequence = sequences_[index_of(header.destination) * kPacketClasses + kind]++;
  packet.payload_bytes = payload;
  packet.flits = format_.flits(payload);
  packet.wire_bytes = format_.wire_bytes(payload);
  packet.vc = vc_of(message);
  packet.offset = offset;
  packet.address = address;
  if (header.kind == PacketKind::read_request) packet.train = message.train;
  if (header.kind == PacketKind::control_message) packet.control = message.control;
  packet.causes = message.causes;
  if (train && message.data != nullptr)
    packet.data.assign(message.data + offset, message.data + offset + payload);
  // 3. Away with it.
  sender_.send(packet, now, now);
  owner_.inject(packet);
}

// A lower bound of the next time at which a packet can leave.
Tick InjectionCore::next_time(Tick now) const {
  Tick next = kNever;
  for (const auto& queue : queues_) {
    if (queue.empty()) continue;
    const Message& message = queue.front();
    const Tick credits = sender_.credits_by(vc_of(message), format_.flits(next_payload(message)));
    next = std::min(next, std::max({next_ready(message), sender_.free_at(), credits, now}));
  }
  return next;
}

void InjectionCore::report_waits(const std::string& name, std::vector<std::string>& lines) const {
  for (const auto& queue : queues_) {
    if (queue.empty()) continue;
    const unsigned vc = vc_of(queue.front());
    lines.push_back(name + ": " + std::to_string(queue.size()) + " transactions in the " + queue.name() +
                    " queue, first to die " + std::to_string(index_of(queue.front().header.destination)) +
                    ", wait for " + std::to_string(format_.flits(next_payload(queue.front()))) +
                    " credits of VC " + std::to_string(vc) + ", which has " +
                    std::to_string(sender_.held_at_end(vc)) + " of " + std::to_string(sender_.depth(vc)));
  }
}

}  // namespace moesaic
