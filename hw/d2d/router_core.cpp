// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/router_core.h"

#include <algorithm>

namespace moesaic {

void record(LinkStats& stats, const Packet& packet) {
  ++stats.packets;
  stats.flits += packet.flits;
  stats.payload_bytes += packet.payload_bytes;
  stats.wire_bytes += packet.wire_bytes;
  stats.payload_bytes_by_class[static_cast<std::size_t>(class_of(packet.kind))] += packet.payload_bytes;
  stats.busy += packet.tail - packet.head;
  stats.stall_credit += packet.stall_credit;
  stats.stall_vc += packet.stall_vc;
}

RouterCore::RouterCore(const Mesh& mesh, NodeId here, const D2dParams& params, Wires& wires)
    : mesh_(mesh), here_(here), format_(params), wires_(wires) {
  for (Input& input : inputs_) input.vcs.resize(format_.vcs());
  for (std::size_t port = 0; port < kPorts; ++port) {
    const bool local = port == index_of(Port::local);
    outputs_.push_back({Sender(local ? Sender::Medium::local : Sender::Medium::link, format_), 0, 0});
  }
  local_stats_.peak_bytes_per_s = static_cast<double>(params.router_hz) * params.local_flits_per_cycle *
                                  static_cast<double>(kFlowFlitBytes);
}

Tick RouterCore::receive(Port in, Packet& packet) {
  const Port out = mesh_.route(here_, packet.destination);
  if (out == in || (out != Port::local && mesh_.neighbour(here_, out) == kNoNode))
    panic("d2d router", packet.head, "a packet has no way on");
  Input& input = inputs_[index_of(in)];
  std::deque<Entry>& channel = input.vcs[packet.vc];
  const Tick ready = packet.head + format_.pipeline();
  channel.push_back({&packet, ready, packet.tail + format_.pipeline(), out, kNever});
  input.waiting |= 1u << packet.vc;
  return channel.size() == 1 ? ready : kNever;
}

Tick RouterCore::credit(Port out, unsigned vc, std::uint32_t flits, Tick at) {
  outputs_[index_of(out)].sender.give_back(vc, flits, at);
  if (trace_) trace_->returned(out, vc, flits, at);
  for (const Input& input : inputs_) {
    const std::deque<Entry>& channel = input.vcs[vc];
    if (!channel.empty() && channel.front().out == out && channel.front().blocked_since != kNever) return at;
  }
  return kNever;
}

Tick RouterCore::advance(Tick now) {
  while (match(now)) {
  }
  return next_time(now);
}

// One round of nominations and grants. False when nothing could be granted.
bool RouterCore::match(Tick now) {
  std::array<int, kPorts> nominee{};
  // 1. Every idle input nominates one packet.
  bool any = false;
  for (unsigned in = 0; in < kPorts; ++in) {
    nominee[in] = nominate(inputs_[in], now);
    if (nominee[in] < 0) continue;
    any = true;
    const Port out = inputs_[in].vcs[static_cast<unsigned>(nominee[in])].front().out;
    outputs_[index_of(out)].nominated |= 1u << in;
  }
  if (!any) return false;
  // 2. Every output that was chosen takes one of them.
  for (Output& output : outputs_) {
    if (output.nominated == 0) continue;
    unsigned in = output.next_input;
    while ((output.nominated >> in & 1u) == 0) in = (in + 1) % kPorts;
    output.nominated = 0;
    output.next_input = (in + 1) % kPorts;
    grant(in, static_cast<unsigned>(nominee[in]), now);
  }
  return true;
}

// The virtual channel whose first packet could leave now, -1 if there is none.
int RouterCore::nominate(Input& input, Tick now) {
  if (input.waiting == 0 || input.free_at > now) return -1;
  int chosen = -1;
  // Round robin: channels from next_vc on, then those before it.
  std::uint32_t later = input.waiting & ~((1u << input.next_vc) - 1);
  std::uint32_t earlier = input.waiting & ~later;
  while ((later | earlier) != 0) {
    std::uint32_t& group = later != 0 ? later : earlier;
    const auto vc = static_cast<unsigned>(__builtin_ctz(group));
    group &= group - 1;
    Entry& entry = input.vcs[vc].front();
    Sender& sender = outputs_[index_of(entry.out)].sender;
    if (entry.ready > now || sender.free_at() > now) continue;
    if (sender.credits(vc, now) >= entry.packet->flits) {
      if (chosen < 0) chosen = static_cast<int>(vc);
    } else if (entry.blocked_since == kNever) {
      entry.blocked_since = now;
    }
  }
  return chosen;
}

void RouterCore::grant(unsigned in, unsigned vc, Tick now) {
  Input& input = inputs_[in];
  const Entry entry = input.vcs[vc].front();
  input.vcs[vc].pop_front();
  if (input.vcs[vc].empty()) input.waiting &= ~(1u << vc);
  input.next_vc = (vc + 1) % format_.vcs();
  Packet& packet = *entry.packet;
  Sender& sender = outputs_[index_of(entry.out)].sender;
  // 1. Why had the output stood idle although this packet was ready?
  const Tick idle_from = std::max(entry.ready, sender.free_at());
  const Tick blocked_from = std::min(std::max(entry.blocked_since, idle_from), now);
  packet.stall_credit = now - blocked_from;
  packet.stall_vc = blocked_from - idle_from;
  packet.latency += format_.pipeline();
  // 2. The packet occupies output and input until its last byte has left.
  sender.send(packet, now, entry.tail_ready);
  if (trace_) trace_->taken(entry.out, packet.vc, packet.flits, now);
  input.free_at = packet.tail;
  if (entry.out == Port::local) record(local_stats_, packet);
  // 3. Its buffer is then free; credits first, since the next hop changes head and tail.
  wires_.credit(Port(in), packet, packet.tail);
  wires_.forward(entry.out, packet);
}

// A lower bound of the next time at which a packet can leave. REQUIRES: nothing can leave at `now`.
Tick RouterCore::next_time(Tick now) const {
  Tick next = kNever;
  for (const Input& input : inputs_) {
    for (std::uint32_t waiting = input.waiting; waiting != 0; waiting &= waiting - 1) {
      const auto vc = static_cast<unsigned>(__builtin_ctz(waiting));
      const Entry& entry = input.vcs[vc].front();
      const Sender& sender = outputs_[index_of(entry.out)].sender;
      Tick at = std::max({entry.ready, input.free_at, sender.free_at()});
      // What is not held up by anything else now waits for credits.
      if (at <= now) at = sender.credits_by(vc, entry.packet->flits);
      next = std::min(next, at);
    }
  }
  return next;
}

std::size_t RouterCore::occupancy() const {
  std::size_t packets = 0;
  for (const Input& input : inputs_) {
    for (const std::deque<Entry>& channel : input.vcs) packets += channel.size();
  }
  return packets;
}

void RouterCore::report_waits(const std::string& name, std::vector<std::string>& lines) const {
  for (unsigned in = 0; in < kPorts; ++in) {
    for (unsigned vc = 0; vc < format_.vcs(); ++vc) {
      const std::deque<Entry>& channel = inputs_[in].vcs[vc];
      if (channel.empty()) continue;
      const Entry& entry = channel.front();
      const unsigned out = index_of(entry.out);
      lines.push_back(name + ": " + std::to_string(channel.size()) + " packets at input " + kPortNames[in] +
                      " VC " + std::to_string(vc) + ", first from die " +
                      std::to_string(index_of(entry.packet->source)) + " to die " +
                      std::to_string(index_of(entry.packet->destination)) + ", wait for " +
                      std::to_string(entry.packet->flits) + " credits of output " + kPortNames[out] +
                      ", which has " + std::to_string(outputs_[out].sender.held_at_end(vc)) + " of " +
                      std::to_string(outputs_[out].sender.depth(vc)));
    }
  }
}

}  // namespace moesaic
