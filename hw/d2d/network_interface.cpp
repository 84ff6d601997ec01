// SPDX-License-Identifier: Apache-2.0
// The sending half; the receiving half is in network_interface_receive.cpp.
#include "hw/d2d/network_interface.h"

#include <algorithm>
#include <string>

#include "tlm/diagnostics.h"

namespace moesaic {

NetworkInterface::NetworkInterface(const sc_core::sc_module_name& name, NodeId node, const Topology& topology,
                                   const D2dParams& params, HwContext& ctx)
    : sc_module(name),
      dma_in("dma_in", *this),
      sram_out("sram_out", *this, 0),
      memory_out("memory_out", *this, 1),
      control_network("control_network"),
      control_receiver("control_receiver"),
      fabric_out("fabric_out"),
      fabric_in("fabric_in"),
      ctx_(ctx),
      node_(node),
      topology_(topology),
      format_(params),
      params_(params),
      arrive_wake_(ctx.wheel, Phase::deliver, component_id(node, UnitId::network_interface), *this, kArrive),
      respond_wake_(ctx.wheel, Phase::deliver, component_id(node, UnitId::network_interface), *this,
                    kRespond),
      pending_(params.reads_outstanding),
      sequences_(std::size_t{topology.nodes()} * (kPacketClasses + 1), 0),
      stream_order_(topology.nodes()),
      sram_places_(params.sram_outstanding),
      served_places_(params.served_requests) {
  control_network.bind(*this);
  fabric_in.bind(*this);
  for (unsigned n = 0; n < topology_.nodes(); ++n) hops_.push_back(topology_.hops(NodeId(n), node));
  if (ctx.trace) trace_ = std::make_unique<NetworkTrace>(ctx, node, sc_module::name(), topology.nodes());
}

void NetworkInterface::on_wheel(Tick at, Phase, std::uint64_t cookie) {
  if (cookie == kArrive) {
    if (arrive_wake_.take(at)) arrive(at);
  } else if (respond_wake_.take(at)) {
    respond_due(at);
  }
}

// --- from the DMA engine

bool NetworkInterface::offer(unsigned, tlm::tlm_generic_payload& payload) {
  const bool again = withheld_ == &payload;
  const Tick offered = again ? withheld_since_ : now();
  if (refuse_misuse(payload)) return true;
  if (accept(payload, offered)) {
    withheld_ = nullptr;
    return true;
  }
  if (!again) ++stats_.refused_offers;
  withheld_ = &payload;
  withheld_since_ = offered;
  return false;
}

// A response keeps the place of the request that it answers: no more are ever waiting than are served.
bool NetworkInterface::full(PacketClass kind) const {
  return queued_[static_cast<std::size_t>(kind)] >= params_.injection_queue_depth;
}

// False while the queue of its class, or the table of open transactions, is full.
bool NetworkInterface::accept(tlm::tlm_generic_payload& payload, Tick offered) {
  const std::uint64_t address = payload.get_address();
  const TrainExtension& extension = train_of(payload);
  // 1. What it becomes.
  MessageHeader header;
  header.kind = PacketKind::read_request;
  if (payload.is_write())
    header.kind =
        Address::unit(address) == AddressUnit::sram ? PacketKind::stream_data : PacketKind::write_data;
  if (full(class_of(header.kind))) return false;
  // 2. What waits for a response takes a place.
  if (header.kind != PacketKind::stream_data) {
    const auto place = std::find_if(pending_.begin(), pending_.end(),
                                    [](const PendingAccess& p) { return p.payload == nullptr; });
    if (place == pending_.end()) return false;
    *place = {&payload, offered};
    header.transaction = static_cast<std::uint32_t>(place - pending_.begin());
  }
  // 3. Into the queue.
  header.source = node_;
  header.destination = Address::node(address);
  header.accumulate = extension.accumulate;
  header.signal_event = extension.signal_event;
  header.signal_add = extension.signal_add;
  header.activity = extension.activity;
  header.offered = offered;
  Message& message = messages_.acquire(header);
  message.train = extension.train;
  message.payload = &payload;
  if (payload.is_write() && ctx_.pool.functional())
    message.data.assign(payload.get_data_ptr(), payload.get_data_ptr() + payload.get_data_length());
  const std::uint64_t dies = extension.destinations;
  const bool several = (dies & (dies - 1)) != 0;
  submit(message, several ? dies : 0);
  return true;
}

bool NetworkInterface::refuse_misuse(tlm::tlm_generic_payload& payload) {
  const std::uint64_t address = payload.get_address();
  const NodeId destination = Address::node(address);
  const AddressUnit unit = Address::unit(address);
  const TrainExtension& extension = train_of(payload);
  std::string what;
  if (!topology_.contains(destination) || Address::package(address) != 0) {
    what = "a remote access goes to die " + std::to_string(index_of(destination)) +
           "; the package has dies 0 to " + std::to_string(topology_.nodes() - 1);
  } else if (destination == node_) {
    what = "a remote access goes to the die's own address; local accesses do not use the network";
  } else if (unit != AddressUnit::sram && unit != AddressUnit::memory) {
    what = "a remote access goes to unit " + std::to_string(static_cast<unsigned>(unit)) +
           " of another die; only SRAM (1) and memory (2) can be reached";
  } else if (payload.get_data_length() == 0 || extension.train.bytes() != payload.get_data_length()) {
    what = "a remote access moves " + std::to_string(payload.get_data_length()) + " bytes, its train " +
           std::to_string(extension.train.bytes());
  } else {
    return false;
  }
  ctx_.faults.report({node_, UnitId::network_interface, ctx_.log[extension.activity].tag, now(), what});
  payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  train_of(payload).causes[static_cast<std::size_t>(Cause::fabric_latency)] = format_.router_cycle();
  respond_at(now() + format_.router_cycle(), payload);
  return true;
}

// --- into the network

void NetworkInterface::add_part(Message& message, const Train& train, std::uint64_t offset,
                                std::uint64_t bytes) {
  message.parts.emplace_back();
  MessagePart& part = message.parts.back();
  part.message = &message;
  part.number = static_cast<std::uint32_t>(message.parts.size()) - 1;
  part.multicast = message.carrier != nullptr;
  const std::size_t to = index_of(message.destination);
  part.sequence =
      sequences_[part.multicast ? topology_.nodes() * kPacketClasses + to
                                : to * kPacketClasses + static_cast<std::size_t>(class_of(message.kind))]++;
  part.source = message.source;
  part.destination = message.destination;
  part.kind = class_of(message.kind);
  part.offset = offset;
  part.train = train;
  // Accesses of less than a packet are a packet each, else they are cut into full ones.
  const bool small = train.count > 1 && train.size < format_.max_payload();
  part.bytes =
      small ? train.size : static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, format_.max_payload()));
  part.total_bytes = bytes;
  part.flits = format_.flits(part.bytes);
  const std::uint64_t full = part.bytes == 0 ? 0 : bytes / part.bytes;
  const std::uint64_t rest = part.bytes == 0 ? 0 : bytes % part.bytes;
  part.total =
      static_cast<std::uint32_t>(full * part.flits + (rest > 0 || full == 0 ? format_.flits(rest) : 0));
}

void NetworkInterface::cut_into_parts(Message& message) {
  const Train& train = message.train;
  if (!carries_data(message.kind)) return add_part(message, Train{}, 0, message.control_bytes);
  // Contiguous accesses are packed across their borders.
  if (train.contiguous() && train.period == 0)
    return add_part(message, Train::block(train.address, static_cast<std::uint32_t>(train.bytes())), 0,
                    train.bytes());
  const bool whole_packets = train.size <= format_.max_payload() || train.size % format_.max_payload() == 0;
  if (train.period == 0 && whole_packets) return add_part(message, train, 0, train.bytes());
  for (std::uint32_t i = 0; i < train.count; ++i)
    add_part(message, Train::block(train.address_of(i), train.size), std::uint64_t{i} * train.size,
             train.size);
}

// `dies`: of a multicast that routers copy, two or more; 0: to the message's destination.
void NetworkInterface::submit(Message& message, std::uint64_t dies) {
  const Tick ready = now() + format_.ni_latency();
  message.latency += format_.ni_latency();
  if (dies == 0) {
    cut_into_parts(message);
  } else {
    make_copies(message, dies);
    join_parts(message, dies);
  }
  message.parts_left = static_cast<std::uint32_t>(message.parts.size());
  message.packets_left = 0;
  for (const MessagePart& part : message.parts) message.packets_left += part.packets();
  ++queued_[static_cast<std::size_t>(class_of(message.kind))];
  const auto kind = static_cast<std::size_t>(class_of(message.kind));
  for (MessagePart& part : message.parts) {
    stats_.packets_sent[kind] += part.packets();
    stats_.bytes_sent[kind] += part.total_bytes;
    // Access i of a train becomes known at its period.
    fabric_out->submit(part, ready + (carries_data(message.kind) ? part.number * message.train.period : 0));
  }
}

void NetworkInterface::left(MessagePart& part, Tick at) {
  Message& message = *part.message;
  if (--message.parts_left == 0) schedule(std::max(at, now()), nullptr, &message);
}

void NetworkInterface::message_left(Message& message, Tick at) {
  --queued_[static_cast<std::size_t>(class_of(message.kind))];
  switch (message.kind) {
    case PacketKind::stream_data: {
      tlm::tlm_generic_payload& payload = *message.payload;
      payload.set_response_status(tlm::TLM_OK_RESPONSE);
      train_of(payload).causes =
          split(at - message.offered, message.latency, message.train.bytes(), CauseTimes{});
      dma_in.respond(payload);
      dma_in.retry();
      break;
    }
    case PacketKind::read_request:
    case PacketKind::write_data:
      dma_in.retry();
      break;
    case PacketKind::read_data:
    case PacketKind::write_acknowledge:
      --serving_;
      drain_requests();
      break;
    case PacketKind::undeliverable:
      break;
    case PacketKind::control_message:
      if (!control_refused_) break;
      control_refused_ = false;
      control_receiver->network_ready();
  }
}

void NetworkInterface::schedule(Tick at, tlm::tlm_generic_payload* payload, Message* message) {
  due_[{at, due_scheduled_++}] = {payload, message};
  respond_wake_.arm(at);
}

void NetworkInterface::respond_at(Tick at, tlm::tlm_generic_payload& payload) {
  schedule(at, &payload, nullptr);
}

void NetworkInterface::respond_due(Tick at) {
  while (!due_.empty() && due_.begin()->first.first <= at) {
    const DueEvent due = due_.begin()->second;
    due_.erase(due_.begin());
    if (due.payload != nullptr) {
      dma_in.respond(*due.payload);
    } else {
      message_left(*due.message, at);
    }
  }
  if (!due_.empty()) respond_wake_.arm(due_.begin()->first.first);
}

// `total` by cause: what the far unit says, the fixed latencies, the time the bytes take on a link, and the
// rest was waiting. Exact: the parts do not overlap on the way of the last packet.
CauseTimes NetworkInterface::split(Tick total, Tick latency, std::uint64_t bytes,
                                   const CauseTimes& remote) const {
  CauseTimes times = remote;
  Tick known = latency;
  for (const Tick part : remote) known += part;
  if (known > total) panic(name(), now(), "the causes of a transaction exceed its time");
  const Tick transfer = std::min(total - known, format_.link_time(bytes));
  times[static_cast<std::size_t>(Cause::fabric_latency)] += latency;
  times[static_cast<std::size_t>(Cause::fabric_transfer)] += transfer;
  times[static_cast<std::size_t>(Cause::fabric_queue)] += total - known - transfer;
  return times;
}

// --- from the command processor

bool NetworkInterface::try_send(const ControlMessage& control) {
  if (!topology_.contains(control.destination) || control.destination == node_) {
    ctx_.faults.report({node_, UnitId::network_interface, ctx_.log[control.cause].tag, now(),
                        "a control message goes to die " + std::to_string(index_of(control.destination)) +
                            "; expected another die of the " + std::to_string(topology_.nodes()) +
                            " in the package"});
    return true;  // dropped
  }
  if (full(PacketClass::control)) {
    control_refused_ = true;
    return false;
  }
  MessageHeader header;
  header.kind = PacketKind::control_message;
  header.source = node_;
  header.destination = control.destination;
  header.activity = control.cause;
  header.offered = now();
  Message& message = messages_.acquire(header);
  message.control = control;
  // A signal fits into the header of its flit; mail is payload.
  if (control.kind == ControlMessage::Kind::mail)
    message.control_bytes = static_cast<std::uint32_t>(control.mail.size());
  submit(message);
  return true;
}

// --- diagnostics

bool NetworkInterface::idle() const {
  const auto is_empty = [](const auto& queue) { return queue.empty(); };
  const bool queues_empty = queued_ == std::array<std::uint32_t, kPacketClasses>{};
  return queues_empty && arrivals_.empty() && due_.empty() && serving_ == 0 && withheld_ == nullptr &&
         control_waiting_.empty() && request_waiting_.empty() && stream_waiting_.empty() &&
         std::all_of(stream_order_.begin(), stream_order_.end(), is_empty) &&
         std::all_of(pending_.begin(), pending_.end(),
                     [](const PendingAccess& p) { return p.payload == nullptr; });
}

void NetworkInterface::report_waits(std::vector<std::string>& lines) const {
  const std::string me = name();
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    if (queued_[kind] > 0)
      lines.push_back(me + ": " + std::to_string(queued_[kind]) + " transactions in the " +
                      kPacketClassNames[kind] + " queue have not left");
  }
  if (withheld_ != nullptr)
    lines.push_back(me + ": a DMA transaction waits for space in a full injection queue");
  const auto waiting = [&](std::size_t count, PacketClass kind, NodeId source, const char* what) {
    lines.push_back(me + ": " + std::to_string(count) + " arrived " +
                    kPacketClassNames[static_cast<std::size_t>(kind)] + " packets, first from die " +
                    std::to_string(index_of(source)) + ", wait for " + what);
  };
  if (!control_waiting_.empty())
    waiting(control_waiting_.size(), PacketClass::control, control_waiting_.front().arrival.part->source,
            "space in the mailbox of its die");
  if (!request_waiting_.empty())
    waiting(request_waiting_.size(), PacketClass::request, request_waiting_.front().part->source,
            "a place among the requests being served");
  std::size_t stream = 0;
  for (const PacketBatch* batch : stream_waiting_) stream += batch->arrival.count - batch->next;
  if (stream > 0)
    waiting(stream, PacketClass::stream, stream_waiting_.front()->arrival.part->source,
            "a place at the SRAM");
  const auto open = std::count_if(pending_.begin(), pending_.end(),
                                  [](const PendingAccess& p) { return p.payload != nullptr; });
  if (open > 0)
    lines.push_back(me + ": " + std::to_string(open) + " remote accesses wait for their response");
  if (sram_packets_ > 0)
    lines.push_back(me + ": " + std::to_string(sram_packets_) + " packets wait for the SRAM");
  const auto served = std::count_if(served_places_.begin(), served_places_.end(),
                                    [](const ServedRequest& s) { return s.part != nullptr; });
  if (served > 0)
    lines.push_back(me + ": " + std::to_string(served) + " requests of other dies wait for the memory");
}

}  // namespace moesaic
