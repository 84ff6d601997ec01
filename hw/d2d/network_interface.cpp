// SPDX-License-Identifier: Apache-2.0
// The sending half; the receiving half is in network_interface_receive.cpp.
#include "hw/d2d/network_interface.h"

#include <algorithm>
#include <string>

namespace moesaic {

NetworkInterface::NetworkInterface(const sc_core::sc_module_name& name, NodeId node, const Mesh& mesh,
                                   const D2dParams& params, HwContext& ctx)
    : sc_module(name),
      dma_in("dma_in", *this),
      sram_out("sram_out", *this, 0),
      memory_out("memory_out", *this, 1),
      control_network("control_network"),
      control_receiver("control_receiver"),
      router_out("router_out"),
      router_in("router_in"),
      ctx_(ctx),
      node_(node),
      mesh_(mesh),
      format_(params),
      core_(mesh, params, *this),
      inject_wake_(ctx.wheel, Phase::arbitrate, component_id(node, UnitId::network_interface), *this,
                   kInject),
      arrive_wake_(ctx.wheel, Phase::deliver, component_id(node, UnitId::network_interface), *this, kArrive),
      respond_wake_(ctx.wheel, Phase::deliver, component_id(node, UnitId::network_interface), *this,
                    kRespond),
      pending_(params.reads_outstanding),
      stream_order_(mesh.nodes()),
      sram_places_(params.sram_outstanding, nullptr),
      served_places_(params.served_requests, nullptr) {
  control_network.bind(*this);
  router_out.set_owner(*this, 0);
  router_in.set_owner(*this, 0);
  if (ctx.trace) trace_ = std::make_unique<NetworkTrace>(ctx, node, sc_module::name(), mesh.nodes());
}

void NetworkInterface::on_wheel(Tick at, Phase, std::uint64_t cookie) {
  switch (cookie) {
    case kInject:
      if (inject_wake_.take(at)) inject_wake_.arm(core_.advance(at));
      break;
    case kArrive:
      if (arrive_wake_.take(at)) arrive(at);
      break;
    default:
      if (respond_wake_.take(at)) respond_due(at);
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

// False while the queue of its class, or the table of open transactions, is full.
bool NetworkInterface::accept(tlm::tlm_generic_payload& payload, Tick offered) {
  const std::uint64_t address = payload.get_address();
  const TrainExtension& extension = train_of(payload);
  // 1. What it becomes.
  Message message;
  PacketHeader& header = message.header;
  header.kind = PacketKind::read_request;
  if (payload.is_write())
    header.kind =
        Address::unit(address) == AddressUnit::sram ? PacketKind::stream_data : PacketKind::write_data;
  if (core_.full(class_of(header.kind))) return false;
  // 2. What waits for a response takes a place.
  if (header.kind != PacketKind::stream_data) {
    const auto place =
        std::find_if(pending_.begin(), pending_.end(), [](const Pending& p) { return p.payload == nullptr; });
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
  message.train = extension.train;
  message.payload = &payload;
  if (payload.is_write() && ctx_.pool.functional()) message.data = payload.get_data_ptr();
  inject_wake_.arm(core_.push(now(), std::move(message)));
  return true;
}

bool NetworkInterface::refuse_misuse(tlm::tlm_generic_payload& payload) {
  const std::uint64_t address = payload.get_address();
  const NodeId destination = Address::node(address);
  const AddressUnit unit = Address::unit(address);
  const TrainExtension& extension = train_of(payload);
  std::string what;
  if (!mesh_.contains(destination) || Address::package(address) != 0) {
    what = "a remote access goes to die " + std::to_string(index_of(destination)) +
           "; the package has dies 0 to " + std::to_string(mesh_.nodes() - 1);
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

void NetworkInterface::inject(Packet& packet) {
  const auto kind = static_cast<std::size_t>(class_of(packet.kind));
  ++stats_.packets_sent[kind];
  stats_.bytes_sent[kind] += packet.payload_bytes;
  router_out.send(packet);
}

void NetworkInterface::left(const Message& message, Tick tail) {
  switch (message.header.kind) {
    case PacketKind::stream_data: {
      tlm::tlm_generic_payload& payload = *message.payload;
      payload.set_response_status(tlm::TLM_OK_RESPONSE);
      train_of(payload).causes =
          split(tail - message.header.offered, message.header.latency, message.train.bytes(), CauseTimes{});
      respond_at(tail, payload);
      dma_in.retry();
      break;
    }
    case PacketKind::read_request:
    case PacketKind::write_data:
      dma_in.retry();
      break;
    case PacketKind::read_data:
    case PacketKind::write_acknowledge:
      if (message.payload != nullptr) message.payload->release();
      --serving_;
      drain_requests();
      break;
    case PacketKind::control_message:
      if (!control_refused_) break;
      control_refused_ = false;
      control_receiver->network_ready();
  }
}

void NetworkInterface::credit_returns(unsigned, Packet& packet, Tick at) {
  inject_wake_.arm(core_.credit(packet.vc, packet.flits, at));
}

void NetworkInterface::respond_at(Tick at, tlm::tlm_generic_payload& payload) {
  responses_[{at, responses_scheduled_++}] = &payload;
  respond_wake_.arm(at);
}

void NetworkInterface::respond_due(Tick at) {
  while (!responses_.empty() && responses_.begin()->first.first <= at) {
    tlm::tlm_generic_payload& payload = *responses_.begin()->second;
    responses_.erase(responses_.begin());
    dma_in.respond(payload);
  }
  if (!responses_.empty()) respond_wake_.arm(responses_.begin()->first.first);
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
  if (!mesh_.contains(control.destination) || control.destination == node_) {
    ctx_.faults.report({node_, UnitId::network_interface, ctx_.log[control.cause].tag, now(),
                        "a control message goes to die " + std::to_string(index_of(control.destination)) +
                            "; expected another die of the " + std::to_string(mesh_.nodes()) +
                            " in the package"});
    return true;  // dropped
  }
  if (core_.full(PacketClass::control)) {
    control_refused_ = true;
    return false;
  }
  Message message;
  message.header.kind = PacketKind::control_message;
  message.header.source = node_;
  message.header.destination = control.destination;
  message.header.activity = control.cause;
  message.header.offered = now();
  message.control = control;
  // A signal fits into the packet header; mail is payload.
  if (control.kind == ControlMessage::Kind::mail)
    message.control_bytes = static_cast<std::uint32_t>(control.mail.size());
  inject_wake_.arm(core_.push(now(), std::move(message)));
  return true;
}

// --- diagnostics

bool NetworkInterface::idle() const {
  const auto is_empty = [](const auto& queue) { return queue.empty(); };
  return core_.empty() && arrivals_.empty() && responses_.empty() && serving_ == 0 && withheld_ == nullptr &&
         open_writes_.empty() && std::all_of(waiting_.begin(), waiting_.end(), is_empty) &&
         std::all_of(stream_order_.begin(), stream_order_.end(), is_empty) &&
         std::all_of(pending_.begin(), pending_.end(), [](const Pending& p) { return p.payload == nullptr; });
}

void NetworkInterface::report_waits(std::vector<std::string>& lines) const {
  const std::string me = name();
  core_.report_waits(me, lines);
  if (withheld_ != nullptr)
    lines.push_back(me + ": a DMA transaction waits for space in a full injection queue");
  const std::array<const char*, kPacketClasses> what{"space in the mailbox of its die",
                                                     "a place among the requests being served", "the DMA",
                                                     "a place at the SRAM"};
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    if (waiting_[kind].empty()) continue;
    lines.push_back(me + ": " + std::to_string(waiting_[kind].size()) + " arrived " +
                    kPacketClassNames[kind] + " packets, first from die " +
                    std::to_string(index_of(waiting_[kind].front()->source)) + ", wait for " + what[kind]);
  }
  const auto count_taken = [](const std::vector<Packet*>& places) {
    return places.size() - static_cast<std::size_t>(std::count(places.begin(), places.end(), nullptr));
  };
  const auto open =
      std::count_if(pending_.begin(), pending_.end(), [](const Pending& p) { return p.payload != nullptr; });
  if (open > 0)
    lines.push_back(me + ": " + std::to_string(open) + " remote accesses wait for their response");
  if (count_taken(sram_places_) > 0)
    lines.push_back(me + ": " + std::to_string(count_taken(sram_places_)) + " packets wait for the SRAM");
  if (count_taken(served_places_) > 0)
    lines.push_back(me + ": " + std::to_string(count_taken(served_places_)) +
                    " requests of other dies wait for the memory");
}

}  // namespace moesaic
