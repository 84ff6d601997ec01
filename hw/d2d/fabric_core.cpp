// SPDX-License-Identifier: Apache-2.0
// Construction, calendar and sources of the fabric; routers are in fabric_router.cpp, runs in
// fabric_runs.cpp.
#include "hw/d2d/fabric_core.h"

#include <algorithm>

#include "tlm/diagnostics.h"

namespace moesaic {

FabricCore::FabricCore(const Topology& topology, const FabricParams& params, Owner& owner)
    : topology_(topology),
      params_(params),
      owner_(owner),
      nodes_(topology.nodes()),
      vcs_(static_cast<unsigned>(params.depths.size())),
      certain_(params.switch_alloc + std::min(params.traversal, params.credit) + params.link),
      units_(2 * std::size_t{nodes_}),
      slots_(kSlots),
      occupied_(kSlots / 64, 0) {
  // 1. Routers and sources.
  for (unsigned n = 0; n < nodes_; ++n) {
    const unsigned ports = topology_.ports(NodeId(n));
    units_[n].inputs.resize(ports);
    for (Input& in : units_[n].inputs) in.vcs.resize(vcs_);
    units_[n].outputs.resize(ports);
    units_[nodes_ + n].inputs.resize(kPacketClasses);
    for (Input& in : units_[nodes_ + n].inputs) in.vcs.resize(1);
    units_[nodes_ + n].outputs.resize(1);
  }
  // 2. Between dies and routers, and between routers.
  for (unsigned n = 0; n < nodes_; ++n) {
    connect(units_[nodes_ + n].outputs[0], nodes_ + n, 0, n, kLocalPort, params_.local);
    units_[nodes_ + n].outputs[0].forward = 1 + params_.local;
    units_[nodes_ + n].outputs[0].backward = params_.switch_alloc + params_.local;
    connect(units_[n].outputs[kLocalPort], n, kLocalPort, kNoUnit, 0, params_.local);
    units_[n].outputs[kLocalPort].backward = 1 + params_.local;
  }
  for (const FabricLink& link : topology_.links())
    connect(units_[index_of(link.from)].outputs[link.out], index_of(link.from), link.out, index_of(link.to),
            link.in, params_.link);
  for (std::size_t i = 0; i < topology_.links().size(); ++i) {
    const FabricLink& link = topology_.links()[i];
    Channel& channel = units_[index_of(link.from)].outputs[link.out];
    channel.interval = topology_.interval(i);
    if (params_.replay_flits < params_.replay_round_trip())
      channel.replay.held = channel.replay.depth = params_.replay_flits;
    if (params_.flit_error > 0) channel.errors = LinkErrors(params_.flit_error, params_.error_seed, i);
  }
  // 3. Readers.
  for (Unit& unit : units_) {
    for (unsigned in = 0; in < unit.inputs.size(); ++in) unit.inputs[in].port = in;
  }
  if (params_.multicast) add_copy_inputs();
  // 4. Links that go down.
  for (const Outage& outage : topology_.outages()) {
    const FabricLink& link = topology_.links()[outage.link];
    Unit& unit = units_[index_of(link.from)];
    unit.broken = true;
    unit.outputs[link.out].down_at = (outage.at + params_.cycle - 1) / params_.cycle;
  }
}

void FabricCore::connect(Channel& channel, unsigned from, unsigned from_out, unsigned to, unsigned to_in,
                         Cycle latency) {
  channel.to = to;
  channel.to_in = to_in;
  channel.forward = params_.switch_alloc + params_.traversal + latency;
  channel.backward = params_.switch_alloc + latency + params_.credit;
  channel.vcs.resize(vcs_);
  for (unsigned vc = 0; vc < vcs_; ++vc) {
    channel.vcs[vc].depth = params_.depths[vc];
    channel.vcs[vc].held = params_.depths[vc];
  }
  if (to == kNoUnit) return;
  units_[to].inputs[to_in].from = from;
  units_[to].inputs[to_in].from_out = from_out;
}

void FabricCore::Owner::turned_back(PacketTrain&, std::uint32_t, std::uint32_t, Cycle, Cycle tail, unsigned,
                                    NodeId) {
  panic("d2d fabric", tail, "a packet is turned back and nobody takes it");
}

void FabricCore::submit(PacketTrain& train, Cycle ready) {
  if (ready < now_) panic("d2d fabric", ready, "a train is submitted in the past");
  if (train.source == train.destination) certain_ = 1;  // the source is not a link latency away
  append_arrivals(nodes_ + index_of(train.source), static_cast<unsigned>(train.kind), 0, train, 0,
                  {ready, train.total, 0});
}

void FabricCore::release(NodeId node, unsigned vc, std::uint32_t flits, Cycle at) {
  if (at < now_) panic("d2d fabric", at, "credits return in the past");
  add_credits(index_of(node), kLocalPort, vc, {at, flits, 0});
}

// --- calendar

void FabricCore::wake(unsigned unit, Cycle at) {
  if (at <= now_) {
    if (unit == stepping_) return;  // it is looking already
    if (at < now_) panic("d2d fabric", at, "a step in the past");
  }
  const unsigned kind = is_source(unit) ? 1 : 0;
  const std::uint64_t bit = std::uint64_t{1} << (unit - kind * nodes_);
  if (at - now_ >= kSlots) {
    far_[at][kind] |= bit;
    return;
  }
  const std::uint64_t slot = at % kSlots;
  slots_[slot][kind] |= bit;
  occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

Cycle FabricCore::next_cycle() const {
  Cycle next = far_.empty() ? kNoCycle : far_.begin()->first;
  for (std::uint64_t ahead = 0; ahead < kSlots;) {
    const std::uint64_t slot = (now_ + ahead) % kSlots;
    const std::uint64_t word = occupied_[slot / 64] >> (slot % 64);
    if (word != 0) return std::min(next, now_ + ahead + static_cast<Cycle>(__builtin_ctzll(word)));
    ahead += 64 - slot % 64;
  }
  return next;
}

void FabricCore::advance(Cycle limit) {
  for (Cycle at = next_cycle(); at < limit; at = next_cycle()) {
    now_ = at;
    while (!far_.empty() && far_.begin()->first == at) {
      for (unsigned kind = 0; kind < 2; ++kind) slots_[at % kSlots][kind] |= far_.begin()->second[kind];
      far_.erase(far_.begin());
    }
    std::array<std::uint64_t, 2>& due = slots_[at % kSlots];
    for (unsigned kind = 0; kind < 2; ++kind) {
      while (due[kind] != 0) {
        const auto n = static_cast<unsigned>(__builtin_ctzll(due[kind]));
        due[kind] &= due[kind] - 1;
        step(kind * nodes_ + n, at);
      }
    }
    occupied_[(at % kSlots) / 64] &= ~(std::uint64_t{1} << (at % kSlots % 64));
    now_ = at + 1;
  }
  if (limit != kNoCycle) now_ = std::max(now_, limit);
}

void FabricCore::step(unsigned unit, Cycle at) {
  ++steps_;
  stepping_ = unit;
  Unit& u = units_[unit];
  for (std::uint64_t running = u.running; running != 0; running &= running - 1) {
    const auto out = static_cast<unsigned>(__builtin_ctzll(running));
    if (u.outputs[out].start + u.outputs[out].count <= at) end_run(unit, out, at);
  }
  if (is_source(unit)) {
    step_source(unit, at);
  } else {
    step_router(unit, at);
  }
  stepping_ = kNoUnit;
}

// Virtual channels of output `out` that a packet may take.
std::uint32_t FabricCore::vcs_for(unsigned unit, unsigned out, const PacketTrain& train) const {
  const FabricParams::ClassVcs& all = params_.classes[static_cast<std::size_t>(train.kind)];
  unsigned first = all.first;
  unsigned count = all.count;
  if (topology_.vc_sets() > 1 && !is_source(unit) && out != kLocalPort) {
    count /= topology_.vc_sets();
    first += count * topology_.vc_set(NodeId(unit), out, train.source);
  }
  // Neighbouring destinations get different channels; multicasts one, so that they keep their order.
  if (!params_.any_vc)
    return 1u << (train.multicast ? first
                                  : first + (index_of(train.destination) / topology_.columns() +
                                             index_of(train.destination) % topology_.columns()) %
                                                count);
  return ((1u << count) - 1) << first;
}

// --- sources

// The virtual channel on which the class can send a flit now, -1 if there is none.
int FabricCore::source_vc(unsigned unit, unsigned kind, Cycle at) {
  Unit& u = units_[unit];
  Channel& channel = u.outputs[0];
  InputVc& from = u.inputs[kind].vcs[0];
  if (from.stays.empty()) return -1;
  if (from.arrivals.front().first > at) {
    wake(unit, from.arrivals.front().first);
    return -1;
  }
  // A packet that has begun keeps its channel; a new one asks those of its class in turn.
  std::uint32_t possible = 1u << from.out_vc;
  if (from.state != State::active) possible = vcs_for(unit, 0, *from.stays.front().train);
  Cycle credits = kNoCycle;
  for (unsigned i = 1; i <= vcs_; ++i) {
    const unsigned vc = (from.out_vc + i) % vcs_;
    if ((possible >> vc & 1u) == 0) continue;
    OutputVc& to = channel.vcs[vc];
    settle_credits(to, at);
    if (to.held > 0) return static_cast<int>(vc);
    if (!to.due.empty()) credits = std::min(credits, to.due.front().first);
  }
  stall(channel, from, static_cast<int>(Stall::credit), at);
  if (credits != kNoCycle) wake(unit, credits);
  return -1;
}

void FabricCore::step_source(unsigned unit, Cycle at) {
  Unit& u = units_[unit];
  Channel& channel = u.outputs[0];
  // 1. Who can send? A packet that is being sent goes on, then classes take turns.
  unsigned ready = 0;
  unsigned chosen = ~0u;
  unsigned vc = 0;
  for (unsigned i = 0; i < kPacketClasses; ++i) {
    const unsigned kind = (u.next + i) % kPacketClasses;
    if (channel.running && channel.in == kind) continue;
    const int possible = source_vc(unit, kind, at);
    if (possible < 0) continue;
    ++ready;
    if (chosen != ~0u && u.current != static_cast<int>(kind)) continue;
    chosen = kind;
    vc = static_cast<unsigned>(possible);
  }
  if (ready == 0) return;
  // 2. A train gives way behind the packet that is being sent.
  if (channel.running) {
    const std::uint32_t flit = channel.flit + static_cast<std::uint32_t>(at - channel.start);
    const std::uint32_t end = channel.train->at_boundary(flit) ? flit : channel.train->packet_end(flit);
    const std::uint32_t last = channel.flit + channel.count;
    if (last > end) shorten(unit, 0, last - end, at);
    if (end != flit) return;
    end_run(unit, 0, at);
    return step_source(unit, at);
  }
  // 3. Away with it.
  InputVc& from = u.inputs[chosen].vcs[0];
  from.state = State::active;
  from.out_vc = vc;
  start_run(unit, 0, chosen, 0, ~0u, ready == 1 && !params_.any_vc, at);
}

// --- diagnostics

bool FabricCore::settled() {
  bool all = true;
  for (Unit& unit : units_) {
    for (Input& in : unit.inputs) all = all && in.waiting == 0;
    for (Channel& channel : unit.outputs) {
      all = all && !channel.running;
      for (OutputVc& vc : channel.vcs) {
        settle_credits(vc, kNoCycle - 1);
        all = all && vc.owner < 0 && vc.held == vc.depth;
      }
    }
  }
  return all;
}

}  // namespace moesaic
