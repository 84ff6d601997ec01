// SPDX-License-Identifier: Apache-2.0
// Construction, calendar and sources of the fabric.
#include "hw/d2d/fabric_core.h"

#include <algorithm>

#include "hw/d2d/turns.h"
#include "tlm/diagnostics.h"
#include "tlm/divide.h"

namespace moesaic {

using fabric::in_turn;
using fabric::kNoUnit;

FabricCore::FabricCore(const Topology& topology, const FabricParams& params, Owner& owner)
    : topology_(topology),
      params_(params),
      owner_(owner),
      nodes_(topology.nodes()),
      vcs_(static_cast<unsigned>(params.depths.size())),
      certain_(params.switch_alloc + std::min(params.traversal, params.credit) + params.link),
      vc_by_way_(topology.vc_sets() > 1),
      may_pass_alone_(!params.speculative && !topology.adaptive()),
      over_packets_(params.overlap && !params.any_vc && !params.speculative && !topology.adaptive()),
      units_(2 * std::size_t{nodes_}) {
  // 1. Routers and sources.
  for (unsigned n = 0; n < nodes_; ++n) {
    const unsigned ports = topology_.ports(NodeId(n));
    units_[n].inputs.resize(ports);
    units_[n].outputs = std::vector<Channel>(ports);
    units_[n].vcs = vcs_;
    units_[nodes_ + n].inputs.resize(kPacketClasses);
    units_[nodes_ + n].outputs = std::vector<Channel>(1);
  }
  for (unsigned id = 0; id < units_.size(); ++id) {
    Unit& u = units_[id];
    u.id = id;
    u.kind = id < nodes_ ? 0 : 1;
    u.bit = std::uint64_t{1} << (id - u.kind * nodes_);
    for (Index in = 0; in < u.inputs.size(); ++in) u.inputs[in].port = in;
    for (Index out = 0; out < u.outputs.size(); ++out) u.outputs[out].out = out;
  }
  if (params_.to_self) certain_ = std::min(certain_, 1 + params_.local);
  if (params_.multicast) add_copy_inputs();
  for (Unit& u : units_) {
    u.buffers = std::vector<Buffer>(u.inputs.size() * u.vcs);
    for (Index in = 0; in < u.inputs.size(); ++in) {
      u.inputs[in].in = in;
      for (Index vc = 0; vc < u.vcs; ++vc) {
        u.buffer(in, vc).input = &u.inputs[in];
        u.buffer(in, vc).vc = vc;
      }
    }
  }
  // 2. Between dies and routers, and between routers.
  for (unsigned n = 0; n < nodes_; ++n) {
    connect(units_[nodes_ + n], 0, &units_[n], kLocalPort, params_.local);
    units_[nodes_ + n].outputs[0].forward = 1 + params_.local;
    units_[nodes_ + n].outputs[0].backward = params_.switch_alloc + params_.local;
    connect(units_[n], kLocalPort, nullptr, 0, params_.local);
    units_[n].outputs[kLocalPort].backward = 1 + params_.local;
  }
  for (const FabricLink& link : topology_.links())
    connect(units_[index_of(link.from)], link.out, &units_[index_of(link.to)], link.in, params_.link);
  for (std::size_t i = 0; i < topology_.links().size(); ++i) {
    const FabricLink& link = topology_.links()[i];
    Channel& channel = units_[index_of(link.from)].outputs[link.out];
    channel.interval = topology_.interval(i);
    if (params_.replay_flits < params_.replay_round_trip())
      channel.replay.held = channel.replay.depth = params_.replay_flits;
    if (params_.flit_error > 0) channel.errors = LinkErrors(params_.flit_error, params_.error_seed, i);
    channel.plain = channel.interval == 1 && channel.replay.depth == 0 && !channel.errors.possible();
  }
  // 3. Links that go down.
  for (const Outage& outage : topology_.outages()) {
    const FabricLink& link = topology_.links()[outage.link];
    Unit& u = units_[index_of(link.from)];
    u.broken = true;
    u.outputs[link.out].down_at = divide_up(outage.at, params_.cycle);
  }
  fill_tables();
}

void FabricCore::connect(Unit& from, unsigned out, Unit* to, unsigned in, Cycle latency) {
  Channel& channel = from.outputs[out];
  channel.to = to;
  channel.to_in = static_cast<Index>(in);
  channel.forward = params_.switch_alloc + params_.traversal + latency;
  channel.backward = params_.switch_alloc + latency + params_.credit;
  channel.vcs = std::vector<OutputVc>(vcs_);
  for (unsigned vc = 0; vc < vcs_; ++vc) {
    channel.vcs[vc].depth = params_.depths[vc];
    channel.vcs[vc].held = params_.depths[vc];
  }
  if (to == nullptr) return;
  to->inputs[in].from = &from;
  to->inputs[in].feed = &channel;
}

// Ways and virtual channels that do not depend on the source of a packet.
void FabricCore::fill_tables() {
  for (unsigned n = 0; !topology_.adaptive() && n < nodes_; ++n) {
    for (unsigned to = 0; to < nodes_; ++to)
      units_[n].ways.push_back(
          static_cast<std::uint8_t>(topology_.routes(NodeId(n), NodeId(n), NodeId(to)).ports[0]));
  }
  // Neighbouring destinations get different channels.
  for (const unsigned sets : {1u, topology_.vc_sets()}) {
    for (const FabricParams::ClassVcs& c : params_.classes) {
      const unsigned count = std::max(1u, c.count / sets);
      for (unsigned to = 0; to < nodes_; ++to) {
        const unsigned place = (to / topology_.columns() + to % topology_.columns()) % count;
        vc_choice_.push_back((params_.any_vc ? (1u << count) - 1 : 1u << place) << c.first);
      }
    }
  }
}

void FabricCore::Owner::turned_back(PacketTrain&, std::uint32_t, std::uint32_t, Cycle, Cycle tail, unsigned,
                                    NodeId) {
  panic("d2d fabric", tail, "a packet is turned back and nobody takes it");
}

void FabricCore::submit(PacketTrain& train, Cycle ready) {
  if (ready < now_) panic("d2d fabric", ready, "a train is submitted in the past");
  if (train.source == train.destination && !params_.to_self)
    panic("d2d fabric", ready, "a die sends to itself, which the parameters rule out");
  Unit& source = units_[nodes_ + index_of(train.source)];
  append_arrivals(source, source.buffer(static_cast<unsigned>(train.kind), 0),
                  {&train, ready, 0, train.total, 0});
}

void FabricCore::release(NodeId node, unsigned vc, std::uint32_t flits, Cycle at) {
  if (at < now_) panic("d2d fabric", at, "credits return in the past");
  Unit& u = units_[index_of(node)];
  add_credits(u, u.outputs[kLocalPort].vcs[vc], {at, flits, 0});
}

ChannelStats FabricCore::stats(NodeId node, unsigned out) const {
  const Channel& channel = units_[index_of(node)].outputs[out];
  ChannelStats stats = channel.stats;
  // A run is counted whole when it is decided.
  const Run& run = channel.run;
  const bool told = out == kLocalPort && !units_[index_of(node)].open;
  if (run.end() > now_ && !told) stats.subtract(run.train->kind, run.passed(run.before(now_), run.count));
  return stats;
}

// --- calendar

// Now, in the past, or farther away than the calendar reaches.
void FabricCore::wake_otherwise(const Unit& u, Cycle at) {
  if (at <= now_) {
    if (u.id == stepping_) return;  // it is looking already
    if (at < now_) panic("d2d fabric", at, "a step in the past");
    slots_[at % kSlots][u.kind] |= u.bit;
    occupied_[at % kSlots / 64] |= std::uint64_t{1} << (at % 64);
  } else {
    far_[at][u.kind] |= u.bit;
  }
}

Cycle FabricCore::next_cycle() const {
  Cycle next = far_.empty() ? kNoCycle : far_.begin()->first;
  for (std::uint64_t ahead = 0; ahead < kSlots;) {
    const std::uint64_t slot = (now_ + ahead) % kSlots;
    const std::uint64_t word = occupied_[slot / 64] >> (slot % 64);
    if (word != 0) [[likely]]
      return std::min(next, now_ + ahead + static_cast<Cycle>(__builtin_ctzll(word)));
    ahead += 64 - slot % 64;
  }
  return next;
}

void FabricCore::advance(Cycle limit) {
  // One turn of the loop is a step, not a cycle: how many units a cycle has cannot be foreseen.
  Cycle decided = now_;
  for (Cycle at = next_cycle(); at < limit; at = next_cycle()) {
    now_ = at;
    decided = at + 1;
    if (observer_ != nullptr) [[unlikely]]
      tell_all(at);
    if (!far_.empty() && far_.begin()->first == at) [[unlikely]]
      fetch_far(at);
    std::array<std::uint64_t, 2>& due = slots_[at % kSlots];
    const unsigned kind = due[0] == 0 ? 1 : 0;
    const auto n = static_cast<unsigned>(__builtin_ctzll(due[kind]));
    due[kind] &= due[kind] - 1;
    const std::uint64_t empty = (due[0] | due[1]) == 0;
    occupied_[at % kSlots / 64] &= ~(empty << (at % 64));
    step(units_[kind * nodes_ + n], at);
  }
  now_ = limit == kNoCycle ? decided : std::max(decided, limit);
  if (observer_ != nullptr) tell_all(now_);
}

// Units that are due at `at`, which was farther away than the calendar reaches.
void FabricCore::fetch_far(Cycle at) {
  for (unsigned kind = 0; kind < 2; ++kind) slots_[at % kSlots][kind] |= far_.begin()->second[kind];
  occupied_[at % kSlots / 64] |= std::uint64_t{1} << (at % 64);
  far_.erase(far_.begin());
}

void FabricCore::step(Unit& u, Cycle at) {
  ++steps_;
  stepping_ = u.id;
  if (u.open && u.outputs[0].run.end() <= at) [[unlikely]]
    finish_run(u);
  if (is_source(u)) {
    step_source(u, at);
  } else {
    step_router(u, at);
  }
  stepping_ = kNoUnit;
}

// Of one set, on links of a shape that has several; one for all multicasts, so that they keep their order.
std::uint32_t FabricCore::vcs_on_way(const Unit& u, unsigned out, const PacketTrain& train) const {
  const auto kind = static_cast<std::size_t>(train.kind);
  const FabricParams::ClassVcs& all = params_.classes[kind];
  std::size_t choice = kind * nodes_ + index_of(train.destination);
  unsigned set = 0;
  if (vc_by_way_ && !is_source(u) && out != kLocalPort) {
    choice += kPacketClasses * nodes_;
    set = all.count / topology_.vc_sets() * topology_.vc_set(NodeId(u.id), out, train.source);
  }
  if (train.multicast && !params_.any_vc) return 1u << (all.first + set);
  return vc_choice_[choice] << set;
}

// --- sources

// The virtual channel on which the class can send a flit now, -1 if there is none.
int FabricCore::source_vc(Unit& u, unsigned kind, Cycle at) {
  Channel& channel = u.outputs[0];
  Buffer& from = u.buffers[kind];
  const Cycle first = from.flits.front().first;
  if (first > at) {
    wake(u, first);
    return -1;
  }
  // A packet that has begun keeps its channel; a new one asks those of its class in turn.
  std::uint32_t possible = from.state == State::active ? 1u << from.out_vc : vcs_for(u, 0, *from.train);
  Cycle credits = kNoCycle;
  while (possible != 0) {
    const unsigned vc = in_turn(possible, from.out_vc + 1);
    OutputVc& to = channel.vcs[vc];
    if (has_credit(to, at)) return static_cast<int>(vc);
    if (!to.due.empty()) credits = std::min(credits, to.due.front().first);
    to.starved = true;
    possible &= ~(1u << vc);
  }
  stall(channel, from, static_cast<int>(Stall::credit), at);
  if (credits != kNoCycle) wake(u, credits);
  return -1;
}

void FabricCore::step_source(Unit& u, Cycle at) {
  if (u.free > at) return wake(u, u.free);
  Channel& channel = u.outputs[0];
  // 1. Who can send? A packet that is being sent goes on, then classes take turns.
  unsigned ready = 0;
  unsigned chosen = ~0u;
  Index vc = 0;
  std::uint64_t kinds = u.heads;
  const bool running = channel.run.end() > at;
  if (running) kinds &= ~(std::uint64_t{1} << channel.run.in);
  while (kinds != 0) {
    const unsigned kind = in_turn(kinds, u.next);
    kinds &= ~(std::uint64_t{1} << kind);
    const int possible = source_vc(u, kind, at);
    if (possible < 0) continue;
    ++ready;
    if (chosen != ~0u && u.current != static_cast<int>(kind)) continue;
    chosen = kind;
    vc = static_cast<Index>(possible);
  }
  if (ready == 0) return;
  // 2. A train gives way behind the packet that is being sent.
  if (running) {
    const Run& run = channel.run;
    const std::uint32_t flit = run.flit + run.before(at);
    const std::uint32_t end = run.train->at_boundary(flit) ? flit : run.train->packet_end(flit);
    if (run.end_flit() > end) shorten(u, channel, run.end_flit() - end, at);
    if (end != flit) return wake(u, run.end());
    if (u.open) finish_run(u);
    return step_source(u, at);
  }
  // 3. Away with it.
  Buffer& from = u.buffers[chosen];
  from.out_vc = vc;
  PacketTrain& train = *from.train;
  if (train.single() && from.flits.front().count == train.total && channel.vcs[vc].held >= train.total) {
    // Nothing stops it.
    stall(channel, from, -1, at);
    pass_packet(u, channel, from, vc, at);
    u.free = at + 1;
    u.next = fabric::class_after(from.input->in);
    if (ready > 1) wake(u, channel.run.end());
    return owner_.left(train, channel.run.end());
  }
  from.state = State::active;
  pass(u, channel, from, true, ready == 1 && !params_.any_vc, at);
  if (ready > 1) wake(u, std::max(channel.run.end(), at + 1));
}

// --- diagnostics

bool FabricCore::settled() {
  bool all = true;
  for (Unit& u : units_) {
    for (const Input& in : u.inputs) all = all && in.present == 0;
    for (Channel& channel : u.outputs) {
      for (OutputVc& vc : channel.vcs) {
        settle_credits(vc, kNoCycle - 1);
        all = all && vc.owner < 0 && vc.held == vc.depth;
      }
    }
  }
  return all;
}

}  // namespace moesaic
