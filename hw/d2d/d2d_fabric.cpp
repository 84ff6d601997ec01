// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/d2d_fabric.h"

#include <algorithm>

namespace moesaic {

D2dFabric::D2dFabric(const sc_core::sc_module_name& name, const Topology& topology, const D2dParams& params,
                     HwContext& ctx, const std::string& scope)
    : sc_module(name),
      network("network"),
      dies("dies", topology.nodes()),
      ctx_(ctx),
      format_(params),
      params_(params),
      core_(topology, format_.fabric(), *this),
      ahead_(std::max<Cycle>(1, std::min(format_.ni_latency(), format_.router_cycle()) / format_.cycle())),
      wake_(ctx.wheel, Phase::arbitrate, component_id(NodeId(0), UnitId::router), *this) {
  network.bind(*this);
  if (format_.fixed())
    delays_ = std::make_unique<FixedDelay>(format_, ctx, static_cast<FixedDelay::Owner&>(*this));
  if (ctx.trace == nullptr) return;
  trace_ = std::make_unique<FabricTrace>(ctx, scope, topology, format_);
  core_.observe(trace_.get());
}

// --- from the dies

void D2dFabric::submit(MessagePart& part, Tick ready) {
  if (delays_) return delays_->submit(part, ready);
  core_.submit(part, format_.cycle_at_or_after(ready));
  arm();
}

void D2dFabric::release(NodeId node, unsigned vc, std::uint32_t flits, Tick at) {
  if (delays_) return;  // no buffers
  const Cycle usable = format_.cycle_at_or_after(at);
  core_.release(node, vc, flits, usable);
  if (trace_) trace_->returned(node, kLocalPort, vc, flits, format_.time_of(usable));
  arm();
}

// --- time

void D2dFabric::arm() {
  const Cycle next = core_.next_cycle();
  if (next == kNoCycle) return;
  const Cycle early = next + 1 > ahead_ ? next + 1 - ahead_ : 0;
  wake_.arm(std::max(ctx_.wheel.now(), format_.time_of(early)));
}

void D2dFabric::on_wheel(Tick now, Phase, std::uint64_t) {
  if (!wake_.take(now)) return;
  core_.advance(now / format_.cycle() + ahead_);
  arm();
}

// --- to the dies

void D2dFabric::arrived(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                        Cycle last_tail, unsigned vc) {
  auto& part = static_cast<MessagePart&>(train);
  if (ctx_.injector != nullptr && !part.message->data.empty()) inject(part, first, count);
  hand_over(train.destination, train, first, count, tail, last_tail, vc);
}

void D2dFabric::turned_back(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                            Cycle last_tail, unsigned vc, NodeId at) {
  hand_over(at, train, first, count, tail, last_tail, vc);
}

void D2dFabric::hand_over(NodeId die, PacketTrain& train, std::uint32_t first, std::uint32_t count,
                          Cycle tail, Cycle last_tail, unsigned vc) {
  dies[index_of(die)]->arrives({&static_cast<MessagePart&>(train), first, count, vc, format_.time_of(tail),
                                train.flits * format_.cycle(), format_.time_of(last_tail)});
}

void D2dFabric::comes(MessagePart& part, Tick at) {
  if (ctx_.injector != nullptr && !part.message->data.empty()) inject(part, 0, part.packets());
  const unsigned vc = format_.fabric().classes[static_cast<std::size_t>(part.kind)].first;
  dies[index_of(part.destination)]->arrives({&part, 0, part.packets(), vc, at, 0, at});
}

void D2dFabric::report_waits(std::vector<std::string>& lines) const {
  if (delays_ == nullptr) return core_.report_waits(name(), lines);
  if (delays_->under_way() > 0)
    lines.push_back(std::string(name()) + ": " + std::to_string(delays_->under_way()) +
                    " trains of packets are on their way");
}

void D2dFabric::left(PacketTrain& train, Cycle at) {
  dies[index_of(train.source)]->left(static_cast<MessagePart&>(train), format_.time_of(at));
}

// The bytes of each packet, on each link of its way.
void D2dFabric::inject(MessagePart& part, std::uint32_t first, std::uint32_t count) {
  const Topology& topology = core_.topology();
  for (NodeId here = part.source; here != part.destination;) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      const std::uint64_t from = part.payload(i);
      ctx_.injector->pass(InjectionPoint::link, here, part.message->data.data() + part.offset + from,
                          part.payload(i + 1) - from);
    }
    here = topology.peer(here, topology.routes(here, part.source, part.destination).ports[0]).node;
  }
}

LinkStats D2dFabric::stats(NodeId node, unsigned out) const {
  const Topology& topology = core_.topology();
  const std::uint32_t interval = out == kLocalPort ? 1 : topology.interval(topology.peer(node, out).link);
  LinkStats stats = link_stats(core_.stats(node, out), format_, params_, interval);
  for (const Outage& outage : topology.outages()) {
    const FabricLink& link = topology.links()[outage.link];
    if (link.from == node && link.out == out) stats.down_since = outage.at;
  }
  return stats;
}

LinkStats link_stats(const ChannelStats& channel, const D2dFormat& format, const D2dParams& params,
                     std::uint32_t interval) {
  LinkStats stats;
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    stats.packets += channel.classes[kind].packets;
    stats.payload_bytes += channel.classes[kind].payload_bytes;
    stats.payload_bytes_by_class[kind] = channel.classes[kind].payload_bytes;
  }
  const Tick cycle = format.cycle();
  stats.flits = channel.flits;
  stats.wire_bytes = format.wire_bytes(channel.flits + channel.repeated);
  stats.busy = (channel.flits + channel.repeated) * interval * cycle;
  stats.stall_credit = channel.stalls[static_cast<std::size_t>(Stall::credit)] * cycle;
  stats.stall_vc = channel.stalls[static_cast<std::size_t>(Stall::vc)] * cycle;
  stats.stall_switch = channel.stalls[static_cast<std::size_t>(Stall::switch_port)] * cycle;
  stats.stall_link = channel.stalls[static_cast<std::size_t>(Stall::link)] * cycle;
  stats.stall_retry = channel.stalls[static_cast<std::size_t>(Stall::retry)] * cycle;
  stats.retries = channel.retries;
  stats.repeated = channel.repeated;
  stats.buffered = channel.occupancy * cycle;
  stats.peak_bytes_per_s = static_cast<double>(link_bytes_per_s(params)) / interval;
  return stats;
}

}  // namespace moesaic
