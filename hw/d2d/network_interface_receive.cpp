// SPDX-License-Identifier: Apache-2.0
// The receiving half of the network interface.
#include <algorithm>

#include "hw/d2d/network_interface.h"

namespace moesaic {

namespace {
// Set in the cookie of an access that serves another die's request; the rest is its place.
constexpr std::uint64_t kServes = std::uint64_t{1} << 32;
constexpr std::size_t kNoPlace = ~std::size_t{0};

std::size_t free_place(const std::vector<Packet*>& places) {
  const auto place = std::find(places.begin(), places.end(), nullptr);
  return place == places.end() ? kNoPlace : static_cast<std::size_t>(place - places.begin());
}
}  // namespace

void NetworkInterface::packet_arrives(unsigned, Packet& packet) {
  arrivals_.push_back(&packet);
  arrive_wake_.arm(packet.tail);
}

void NetworkInterface::arrive(Tick at) {
  // 1. Everything whose last byte is here.
  while (!arrivals_.empty() && arrivals_.front()->tail <= at) {
    Packet& packet = *arrivals_.front();
    arrivals_.pop_front();
    count(packet);
    if (class_of(packet.kind) == PacketClass::response) {
      take_response(packet, at);
    } else {
      waiting(class_of(packet.kind)).push_back(&packet);
    }
  }
  // 2. What of it can go on.
  drain_control();
  drain_stream();
  drain_requests();
  // 3. The next.
  if (!arrivals_.empty()) arrive_wake_.arm(arrivals_.front()->tail);
}

void NetworkInterface::count(const Packet& packet) {
  const auto kind = static_cast<std::size_t>(class_of(packet.kind));
  ++stats_.packets_received[kind];
  stats_.bytes_received[kind] += packet.payload_bytes;
  stats_.hop_sum += packet.hops;
  const Tick latency = packet.tail - packet.offered;
  ClassLatency& sum = stats_.latency[kind];
  ++sum.count;
  sum.sum += latency;
  sum.max = std::max(sum.max, latency);
}

// The buffer of the packet at the router's `local` output is free a cycle from now.
void NetworkInterface::drop_buffer(Packet& packet) {
  router_in.credit(packet, now() + format_.router_cycle());
}

// --- responses to the local DMA

void NetworkInterface::take_response(Packet& packet, Tick at) {
  Pending& pending = pending_[packet.transaction];
  if (!packet.data.empty())
    std::copy(packet.data.begin(), packet.data.end(), pending.payload->get_data_ptr() + packet.offset);
  drop_buffer(packet);
  if (packet.last) complete(pending, packet, at);
  PacketPool::release(packet);
}

void NetworkInterface::complete(Pending& pending, const Packet& packet, Tick at) {
  tlm::tlm_generic_payload& payload = *pending.payload;
  TrainExtension& extension = train_of(payload);
  payload.set_response_status(packet.status);
  extension.poisoned = packet.poisoned;
  extension.causes = split(at - pending.offered, packet.latency, payload.get_data_length(), packet.causes);
  pending.payload = nullptr;
  dma_in.respond(payload);
  dma_in.retry();
}

// --- mail and signals

void NetworkInterface::drain_control() {
  std::deque<Packet*>& queue = waiting(PacketClass::control);
  while (!queue.empty()) {
    Packet& packet = *queue.front();
    // 1. The message's way through the network becomes an activity that ends now.
    if (packet.written == 0) {
      const ActivityId cause = packet.control.cause;
      packet.control.cause = ctx_.log.begin(cause, packet.offered, packet.source, UnitId::network_interface,
                                            ctx_.log[cause].tag);
      ctx_.log.extend(packet.control.cause,
                      split(now() - packet.offered, packet.latency, packet.payload_bytes, CauseTimes{}));
      packet.written = now();
    }
    ctx_.log.extend(packet.control.cause, Cause::fabric_queue, now());
    // 2. It keeps its buffer while the mailbox is full.
    if (!control_receiver->deliver(packet.control)) {
      ++stats_.refused_control;
      return;
    }
    if (trace_) {
      const bool mail = packet.control.kind == ControlMessage::Kind::mail;
      trace_->arrived(packet.source, packet.tail, now(), packet.control.cause,
                      mail ? "mail" : "signal, event " + std::to_string(packet.control.event));
    }
    queue.pop_front();
    drop_buffer(packet);
    PacketPool::release(packet);
  }
}

// --- writes to the SRAM

tlm::tlm_generic_payload& NetworkInterface::local_access(tlm::tlm_command command, const Packet& packet,
                                                         const Train& train, std::uint64_t cookie) {
  tlm::tlm_generic_payload& payload = ctx_.pool.acquire(command, train);
  TrainExtension& extension = train_of(payload);
  extension.requester = packet.source;
  extension.activity = packet.activity;
  extension.accumulate = packet.accumulate;
  extension.cookie = cookie;
  if (!packet.data.empty()) std::copy(packet.data.begin(), packet.data.end(), payload.get_data_ptr());
  return payload;
}

void NetworkInterface::drain_stream() {
  std::deque<Packet*>& queue = waiting(PacketClass::stream);
  while (!queue.empty()) {
    const std::size_t place = free_place(sram_places_);
    if (place == kNoPlace) return;
    Packet& packet = *queue.front();
    queue.pop_front();
    sram_places_[place] = &packet;
    stream_order_[index_of(packet.source)].push_back(&packet);
    drop_buffer(packet);
    sram_out.send(local_access(tlm::TLM_WRITE_COMMAND, packet,
                               Train::block(packet.address, packet.payload_bytes), place));
  }
}

void NetworkInterface::stream_written(Packet& packet, const TrainExtension& extension) {
  packet.causes = extension.causes;
  packet.written = now();
  // A signal is raised when everything before it from the same die is written too.
  std::deque<Packet*>& order = stream_order_[index_of(packet.source)];
  while (!order.empty() && order.front()->written != 0) {
    Packet& first = *order.front();
    order.pop_front();
    if (first.last && first.signal_event != TrainExtension::kNoSignal) raise_signal(first, now());
    PacketPool::release(first);
  }
}

void NetworkInterface::raise_signal(const Packet& packet, Tick at) {
  ++stats_.signals;
  const ActivityId activity = ctx_.log.begin(packet.activity, packet.offered, packet.source,
                                             UnitId::network_interface, ctx_.log[packet.activity].tag);
  const std::uint64_t bytes = std::uint64_t{packet.offset} + packet.payload_bytes;
  ctx_.log.extend(activity, split(packet.written - packet.offered, packet.latency, bytes, packet.causes));
  ctx_.log.extend(activity, Cause::sram, at);
  if (trace_)
    trace_->arrived(packet.source, packet.tail, at, activity,
                    "data, event " + std::to_string(packet.signal_event));
  control_receiver->signal(packet.signal_event, packet.signal_add, activity);
}

// --- requests of other dies

void NetworkInterface::drain_requests() {
  std::deque<Packet*>& queue = waiting(PacketClass::request);
  while (!queue.empty() && serving_ < served_places_.size()) {
    Packet& packet = *queue.front();
    queue.pop_front();
    ++serving_;
    drop_buffer(packet);
    if (refuse_request(packet)) continue;
    const std::size_t place = free_place(served_places_);
    served_places_[place] = &packet;
    if (packet.kind == PacketKind::read_request) {
      send_local(packet.train.address,
                 local_access(tlm::TLM_READ_COMMAND, packet, packet.train, kServes | place));
      continue;
    }
    // A write is acknowledged as a whole: remember how much of it is on its way to the memory.
    const auto same = [&](const OpenWrite& w) {
      return w.source == packet.source && w.transaction == packet.transaction;
    };
    auto open = std::find_if(open_writes_.begin(), open_writes_.end(), same);
    if (open == open_writes_.end())
      open = open_writes_.insert(open, {packet.source, packet.transaction, 0, false, packet, CauseTimes{},
                                        false, tlm::TLM_OK_RESPONSE});
    ++open->outstanding;
    open->last_seen = packet.last;
    send_local(packet.address,
               local_access(tlm::TLM_WRITE_COMMAND, packet,
                            Train::block(packet.address, packet.payload_bytes), kServes | place));
  }
}

// True when this die has no memory for the packet to go to: a fault, and an error for the requester.
bool NetworkInterface::refuse_request(Packet& packet) {
  const bool read = packet.kind == PacketKind::read_request;
  const std::uint64_t address = read ? packet.train.address : packet.address;
  if (Address::unit(address) != AddressUnit::memory || memory_out.socket.size() > 0) return false;
  if (packet.last) {
    ctx_.faults.report({packet.source, UnitId::network_interface, ctx_.log[packet.activity].tag, now(),
                        "a remote access goes to the memory of die " + std::to_string(index_of(node_)) +
                            ", which has none"});
    answer(read ? PacketKind::read_data : PacketKind::write_acknowledge, packet, CauseTimes{},
           tlm::TLM_ADDRESS_ERROR_RESPONSE, false, nullptr);
  } else {
    --serving_;
  }
  PacketPool::release(packet);
  return true;
}

void NetworkInterface::send_local(std::uint64_t address, tlm::tlm_generic_payload& payload) {
  (Address::unit(address) == AddressUnit::sram ? sram_out : memory_out).send(payload);
}

void NetworkInterface::responded(unsigned, tlm::tlm_generic_payload& payload) {
  const std::uint64_t cookie = train_of(payload).cookie;
  if ((cookie & kServes) == 0) {
    Packet& packet = *sram_places_[cookie];
    sram_places_[cookie] = nullptr;
    stream_written(packet, train_of(payload));
    drain_stream();
    return;
  }
  Packet& packet = *served_places_[cookie & ~kServes];
  served_places_[cookie & ~kServes] = nullptr;
  if (packet.kind == PacketKind::read_request) {
    read_served(packet, payload);
  } else {
    write_served(packet, payload);
  }
  PacketPool::release(packet);
  drain_requests();
}

// Why a request took from its arrival until now: what the memory says of itself, which begins with the offer,
// and before that the wait for a place at the memory.
CauseTimes NetworkInterface::causes_since_arrival(const Packet& packet, const CauseTimes& served) const {
  CauseTimes causes = served;
  Tick known = 0;
  for (const Tick part : served) known += part;
  causes[static_cast<std::size_t>(Cause::memory_queue)] += now() - packet.tail - known;
  return causes;
}

void NetworkInterface::read_served(Packet& packet, tlm::tlm_generic_payload& payload) {
  const bool ok = payload.get_response_status() == tlm::TLM_OK_RESPONSE;
  answer(PacketKind::read_data, packet, causes_since_arrival(packet, train_of(payload).causes),
         payload.get_response_status(), train_of(payload).poisoned, ok ? &payload : nullptr);
}

void NetworkInterface::write_served(Packet& packet, tlm::tlm_generic_payload& payload) {
  const auto open = std::find_if(open_writes_.begin(), open_writes_.end(), [&](const OpenWrite& w) {
    return w.source == packet.source && w.transaction == packet.transaction;
  });
  // 1. The write that ends last is what the acknowledgement waited for.
  --open->outstanding;
  open->header = packet;
  open->causes = causes_since_arrival(packet, train_of(payload).causes);
  open->poisoned = open->poisoned || train_of(payload).poisoned;
  if (open->status == tlm::TLM_OK_RESPONSE) open->status = payload.get_response_status();
  // 2. Its place among the served goes over to the acknowledgement, or becomes free.
  if (open->outstanding > 0 || !open->last_seen) {
    --serving_;
    return;
  }
  const OpenWrite done = *open;
  open_writes_.erase(open);
  answer(PacketKind::write_acknowledge, done.header, done.causes, done.status, done.poisoned, nullptr);
}

void NetworkInterface::answer(PacketKind kind, const PacketHeader& request, const CauseTimes& causes,
                              tlm::tlm_response_status status, bool poisoned,
                              tlm::tlm_generic_payload* data) {
  Message message;
  message.header.kind = kind;
  message.header.source = node_;
  message.header.destination = request.source;
  message.header.transaction = request.transaction;
  message.header.activity = request.activity;
  message.header.offered = now();
  message.header.latency = request.latency;
  message.header.status = status;
  message.header.poisoned = poisoned;
  message.causes = causes;
  // The data stay in the memory's payload until the last packet has left.
  if (data != nullptr) {
    data->acquire();
    message.payload = data;
    message.train = Train::block(0, data->get_data_length());
    if (ctx_.pool.functional()) message.data = data->get_data_ptr();
  }
  inject_wake_.arm(core_.push(now(), std::move(message)));
}

}  // namespace moesaic
