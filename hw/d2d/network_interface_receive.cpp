// SPDX-License-Identifier: Apache-2.0
// The receiving half of the network interface.
#include <algorithm>

#include "hw/d2d/network_interface.h"
#include "tlm/divide.h"

namespace moesaic {

// Packets that are on their last way; looked at when they are here.
void NetworkInterface::arrives(const Arrival& arrival) {
  MessagePart& part = *arrival.part;
  PacketBatch batch;
  batch.arrival = arrival;
  const auto take_at_once = [&] {
    for (std::uint32_t i = 0; i < arrival.count; ++i)
      free_buffer(part, arrival.first + i, arrival.vc, arrival.tail_of(i));
    batch.arrival.tail = arrival.last_tail;
    arrivals_.push_back(batch);
  };
  if (part.destination != node_) {
    take_at_once();
    arrive_wake_.arm(std::max(now(), arrivals_.front().arrival.tail));
    return;
  }
  count(arrival);
  switch (part.kind) {
    case PacketClass::stream:
      arrivals_.push_back(batch);
      break;
    case PacketClass::response:
      // The requester takes data; the transaction ends with the last of them.
      take_at_once();
      break;
    default:
      // One by one.
      for (std::uint32_t i = 0; i < arrival.count; ++i) {
        const Tick tail = arrival.tail_of(i);
        batch.arrival = {&part, arrival.first + i, 1, arrival.vc, tail, arrival.period, tail};
        arrivals_.push_back(batch);
      }
  }
  arrive_wake_.arm(std::max(now(), arrivals_.front().arrival.tail));
}

void NetworkInterface::arrive(Tick at) {
  // 1. Everything that is here.
  while (!arrivals_.empty() && arrivals_.front().arrival.tail <= at) {
    const PacketBatch batch = arrivals_.front();
    arrivals_.pop_front();
    MessagePart& part = *batch.arrival.part;
    if (part.destination != node_) {
      for_each_copy(part, [&](MessagePart& copy) { turn_back(copy, batch.arrival.count); });
      continue;
    }
    switch (part.kind) {
      case PacketClass::stream: {
        std::deque<PacketBatch>& order = stream_order_[index_of(part.source)];
        order.push_back(batch);
        stream_waiting_.push_back(&order.back());
        break;
      }
      case PacketClass::response:
        if (batch.last()) answered(*part.message, at);
        done_with(*part.message, batch.arrival.count);
        break;
      case PacketClass::request:
        request_waiting_.push_back({&part, batch.arrival.first, batch.arrival.vc, batch.arrival.tail});
        break;
      default:
        control_waiting_.push_back(batch);
    }
  }
  // 2. What of it can go on.
  drain_control();
  drain_stream();
  drain_requests();
  // 3. The next.
  if (!arrivals_.empty()) arrive_wake_.arm(arrivals_.front().arrival.tail);
}

void NetworkInterface::count(const Arrival& arrival) {
  const MessagePart& part = *arrival.part;
  const auto kind = static_cast<std::size_t>(part.kind);
  stats_.packets_received[kind] += arrival.count;
  stats_.bytes_received[kind] += part.payload(arrival.first + arrival.count) - part.payload(arrival.first);
  stats_.flits_received +=
      part.packet_end((arrival.first + arrival.count - 1) * part.flits) - arrival.first * part.flits;
  stats_.packets_by_hops[std::min<std::size_t>(hops_[index_of(part.source)], kMostHops - 1)] += arrival.count;
  const Tick offered = part.message->offered;
  const Tick first = arrival.count > 1 ? arrival.tail - offered : 0;
  stats_.latency[kind].add(first, arrival.count, arrival.period, arrival.last_tail - offered);
}

// The buffer of a packet is free a cycle after it has found its place, or after its tail.
void NetworkInterface::free_buffer(const MessagePart& part, std::uint32_t packet, unsigned vc, Tick tail) {
  const std::uint32_t begin = packet * part.flits;
  fabric_out->release(node_, vc, part.packet_end(begin) - begin,
                      std::max(tail, now()) + format_.router_cycle());
}

void NetworkInterface::done_with(Message& message, std::uint32_t packets) {
  message.packets_left -= packets;
  if (message.packets_left == 0) MessagePool::release(message);
}

// --- responses to the local DMA

void NetworkInterface::answered(const Message& message, Tick at) {
  const bool failed = message.kind == PacketKind::undeliverable;
  if (failed)
    undelivered(message.failed_kind, node_, message.failed_destination, message.source, message.activity);
  const PacketKind asked = failed ? message.failed_kind : PacketKind::read_request;
  if (asked == PacketKind::read_request || asked == PacketKind::write_data)
    complete(pending_[message.transaction], message, at);
}

void NetworkInterface::complete(PendingAccess& pending, const Message& message, Tick at) {
  tlm::tlm_generic_payload& payload = *pending.payload;
  TrainExtension& extension = train_of(payload);
  if (!message.data.empty()) std::copy(message.data.begin(), message.data.end(), payload.get_data_ptr());
  payload.set_response_status(message.status);
  extension.poisoned = message.poisoned;
  extension.causes =
      split(at - pending.offered, latency_of(message), payload.get_data_length(), message.causes);
  pending.payload = nullptr;
  dma_in.respond(payload);
  dma_in.retry();
}

// --- mail and signals

void NetworkInterface::drain_control() {
  while (!control_waiting_.empty()) {
    PacketBatch& batch = control_waiting_.front();
    MessagePart& part = *batch.arrival.part;
    Message& message = *part.message;
    // 1. The message's way through the network becomes an activity that ends now.
    if (!batch.begun) {
      const ActivityId cause = message.control.cause;
      message.control.cause = ctx_.log.begin(cause, message.offered, message.source,
                                             UnitId::network_interface, ctx_.log[cause].tag);
      ctx_.log.extend(message.control.cause,
                      split(now() - message.offered, latency_of(message), part.total_bytes, CauseTimes{}));
      batch.begun = true;
    }
    ctx_.log.extend(message.control.cause, Cause::fabric_queue, now());
    // 2. It keeps its buffer while the mailbox is full.
    if (!control_receiver->deliver(message.control)) {
      ++stats_.refused_control;
      return;
    }
    if (trace_) {
      const bool mail = message.control.kind == ControlMessage::Kind::mail;
      trace_->arrived(message.source, batch.arrival.tail, now(), message.control.cause,
                      mail ? "mail" : "signal, event " + std::to_string(message.control.event));
    }
    free_buffer(part, batch.arrival.first, batch.arrival.vc, batch.arrival.tail);
    control_waiting_.pop_front();
    done_with(message, 1);
  }
}

// --- writes to the SRAM

tlm::tlm_generic_payload& NetworkInterface::local_access(tlm::tlm_command command, const Message& message,
                                                         const Train& train, std::uint64_t from,
                                                         std::uint64_t cookie) {
  tlm::tlm_generic_payload& payload = ctx_.pool.acquire(command, train);
  TrainExtension& extension = train_of(payload);
  extension.requester = message.source;
  extension.activity = message.activity;
  extension.accumulate = message.accumulate;
  extension.cookie = cookie;
  if (!message.data.empty())
    std::copy_n(message.data.begin() + static_cast<std::ptrdiff_t>(from), train.bytes(),
                payload.get_data_ptr());
  return payload;
}

std::uint32_t NetworkInterface::packets_per_access(const MessagePart& part) const {
  return divide_up(part.train.size, part.bytes);
}

// Where packets [first, first + count) go. REQUIRES: they are equal, and of one access or one access each.
Train NetworkInterface::packets_of(const MessagePart& part, std::uint32_t first, std::uint32_t count,
                                   Tick period) const {
  const std::uint32_t each = packets_per_access(part);
  const std::uint64_t address =
      part.train.address_of(first / each) + std::uint64_t{first % each} * part.bytes;
  const auto bytes = static_cast<std::uint32_t>(part.payload(first + 1) - part.payload(first));
  if (count == 1) return Train::block(address, bytes);
  return {address, bytes, count, each == 1 ? part.train.stride : bytes, period};
}

// Packets of the batch, from the next on, that can be one train.
std::uint32_t NetworkInterface::uniform(const PacketBatch& batch) const {
  const MessagePart& part = *batch.arrival.part;
  const std::uint32_t each = packets_per_access(part);
  const std::uint32_t first = batch.arrival.first + batch.next;
  std::uint32_t count = batch.arrival.count - batch.next;
  if (each == 1) return count;
  count = std::min(count, each - first % each);
  const std::uint32_t last = first + count;
  const bool shorter = part.payload(last) - part.payload(last - 1) != part.bytes;
  return shorter && count > 1 ? count - 1 : count;
}

// How many packets go to the SRAM now as one train, and at what period; 0: none is here.
std::uint32_t NetworkInterface::writable(const PacketBatch& batch, Tick* period) const {
  const Arrival& arrival = batch.arrival;
  *period = 0;
  std::uint32_t here = 0;
  const std::uint32_t most = uniform(batch);
  while (here < most && arrival.tail_of(batch.next + here) <= now()) ++here;
  // Those that follow without a gap are announced with the one that comes now.
  if (here == 1 && arrival.tail_of(batch.next) == now()) {
    *period = arrival.period;
    here = most;
    // The last of a part may come early: by itself.
    if (here > 1 && arrival.tail_of(batch.next + here - 1) != now() + (here - 1) * arrival.period) --here;
  }
  return std::min(here, params_.sram_outstanding - sram_packets_);
}

std::size_t NetworkInterface::free_sram_place() const {
  const auto place = std::find_if(sram_places_.begin(), sram_places_.end(),
                                  [](const SramWrite& write) { return write.batch == nullptr; });
  return static_cast<std::size_t>(place - sram_places_.begin());
}

void NetworkInterface::drain_stream() {
  while (!stream_waiting_.empty()) {
    PacketBatch& batch = *stream_waiting_.front();
    const Tick next_tail = batch.arrival.tail_of(batch.next);
    if (next_tail > now()) {
      arrive_wake_.arm(next_tail);
      return;
    }
    Tick period = 0;
    const std::uint32_t packets = writable(batch, &period);
    if (packets == 0) return;  // no place
    write_packets(batch, packets, period);
    if (batch.next == batch.arrival.count) stream_waiting_.pop_front();
  }
}

void NetworkInterface::write_packets(PacketBatch& batch, std::uint32_t packets, Tick period) {
  MessagePart& part = *batch.arrival.part;
  const std::uint32_t first = batch.arrival.first + batch.next;
  const std::size_t place = free_sram_place();
  sram_places_[place] = {&batch, packets, batch.arrival.tail_of(batch.next + packets - 1)};
  sram_packets_ += packets;
  for (std::uint32_t i = 0; i < packets; ++i)
    free_buffer(part, first + i, batch.arrival.vc, batch.arrival.tail_of(batch.next + i));
  batch.next += packets;
  sram_out.send(local_access(tlm::TLM_WRITE_COMMAND, *part.message, packets_of(part, first, packets, period),
                             part.offset + part.payload(first), place));
}

void NetworkInterface::packets_written(SramWrite write, const TrainExtension& extension) {
  PacketBatch& batch = *write.batch;
  sram_packets_ -= write.packets;
  batch.written += write.packets;
  batch.written_at = now();
  // Of the train's time at the SRAM, what came after its last packet.
  const auto sram = static_cast<std::size_t>(Cause::sram);
  batch.causes = extension.causes;
  const Tick since = now() - std::min(now(), write.last_tail);
  batch.causes[sram] = std::min(batch.causes[sram], since);
  // A signal is raised when everything before it from the same die is written too.
  std::deque<PacketBatch>& order = stream_order_[index_of(batch.arrival.part->source)];
  while (!order.empty() && order.front().written == order.front().arrival.count) {
    const PacketBatch& first = order.front();
    Message& message = *first.arrival.part->message;
    if (first.last() && message.signal_event != TrainExtension::kNoSignal && !message.turned_back)
      raise_signal(first, now());
    done_with(message, first.arrival.count);
    order.pop_front();
  }
}

void NetworkInterface::raise_signal(const PacketBatch& batch, Tick at) {
  ++stats_.signals;
  const Message& message = *batch.arrival.part->message;
  const ActivityId activity = ctx_.log.begin(message.activity, message.offered, message.source,
                                             UnitId::network_interface, ctx_.log[message.activity].tag);
  ctx_.log.extend(activity, split(batch.written_at - message.offered, latency_of(message),
                                  message.train.bytes(), batch.causes));
  ctx_.log.extend(activity, Cause::sram, at);
  if (trace_)
    trace_->arrived(message.source, batch.arrival.last_tail, at, activity,
                    "data, event " + std::to_string(message.signal_event));
  control_receiver->signal(message.signal_event, message.signal_add, activity);
}

}  // namespace moesaic
