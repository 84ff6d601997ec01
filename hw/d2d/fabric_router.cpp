// SPDX-License-Identifier: Apache-2.0
// One cycle of a router: virtual-channel allocation, then switch allocation, both separable, input first,
// round robin, one iteration, after Dally and Towles, "Principles and Practices of Interconnection Networks",
// chapters 16 and 19.
#include <algorithm>

#include "hw/d2d/fabric_core.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {
// The first of `from`, `from` + 1, ... that is in `set`. REQUIRES: set != 0.
unsigned in_turn(std::uint64_t set, unsigned from) {
  const std::uint64_t later = from < 64 ? set >> from << from : 0;
  return static_cast<unsigned>(__builtin_ctzll(later != 0 ? later : set));
}
}  // namespace

void FabricCore::step_router(unsigned unit, Cycle at) {
  Unit& u = units_[unit];
  // 1. Heads ask for a virtual channel downstream.
  heads_.clear();
  requests_.clear();
  collect_heads(unit, at);
  if (!heads_.empty()) allocate_vcs(unit, at);
  // 2. Flits ask for the switch; runs in their way end here.
  collect_flits(unit, at);
  if (!requests_.empty()) {
    cut_rivals(unit, at);
    allocate_switch(unit, at);
  }
  // 3. What is certain to reach the die.
  if (u.outputs[kLocalPort].running) look_ahead(unit, at);
}

// --- virtual channels

void FabricCore::collect_heads(unsigned unit, Cycle at) {
  Unit& u = units_[unit];
  const auto head = [&](unsigned in, unsigned vc) {
    InputVc& channel = u.inputs[in].vcs[vc];
    if (channel.running || channel.allocate > at) return;
    if (u.broken && must_turn_back(unit, channel, at)) {
      channel.state = State::routing;
      --u.waiters;
    }
    if (channel.state == State::routing) choose_output(unit, in, vc, at);
    if (channel.state == State::waiting) heads_.push_back({in, vc, channel.out});
  };
  for (unsigned in = 0; in < u.inputs.size(); ++in) {
    for (std::uint32_t waiting = u.inputs[in].waiting; waiting != 0; waiting &= waiting - 1)
      head(in, static_cast<unsigned>(__builtin_ctz(waiting)));
  }
  // A train whose next packet begins now takes part.
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const Channel& channel = u.outputs[heads_[i].out];
    if (!channel.running || channel.start == at) continue;
    if (!channel.train->at_boundary(channel.flit + static_cast<std::uint32_t>(at - channel.start))) continue;
    cut_run(unit, heads_[i].out, false, at);
    head(channel.in, channel.vc);
  }
}

// Route computation. Of several ways, the one with the most credits; the preferred one of equals.
void FabricCore::choose_output(unsigned unit, unsigned in, unsigned vc, Cycle at) {
  Unit& u = units_[unit];
  InputVc& channel = u.inputs[in].vcs[vc];
  const PacketTrain& train = *channel.stays.front().train;
  const Topology::Choice ways = topology_.routes(NodeId(unit), train.source, train.destination);
  channel.out = ways.ports[0];
  std::int64_t best = -1;
  for (unsigned i = 0; ways.count > 1 && i < ways.count; ++i) {
    Channel& out = u.outputs[ways.ports[i]];
    if (out.down_at <= at) continue;
    std::int64_t held = 0;
    for (std::uint32_t vcs = vcs_for(unit, ways.ports[i], train); vcs != 0; vcs &= vcs - 1) {
      OutputVc& to = out.vcs[static_cast<unsigned>(__builtin_ctz(vcs))];
      settle_credits(to, at);
      held += to.held;
      // What its run has taken ahead is still there.
      if (out.running && &out.vcs[out.out_vc] == &to)
        held += static_cast<std::int64_t>(out.start + out.count - at);
    }
    if (held <= best) continue;
    best = held;
    channel.out = ways.ports[i];
  }
  if (u.outputs[channel.out].down_at <= at) channel.out = kLocalPort;
  channel.state = State::waiting;
  ++u.waiters;
}

// The link of a head that waits has gone down.
bool FabricCore::must_turn_back(unsigned unit, const InputVc& head, Cycle at) const {
  return head.state == State::waiting && units_[unit].outputs[head.out].down_at <= at;
}

// The free channel that comes next in turn; the turn counts all channels of all outputs.
int FabricCore::pick_vc(const VcRequest& request, unsigned out, unsigned last) const {
  const unsigned from = last / vcs_ == out && last != ~0u ? last % vcs_ + 1 : 0;
  return static_cast<int>(in_turn(request.free, from));
}

void FabricCore::allocate_vcs(unsigned unit, Cycle at) {
  Unit& u = units_[unit];
  // 1. Each head picks one of the free channels.
  for (VcRequest& head : heads_) {
    InputVc& from = u.inputs[head.in].vcs[head.vc];
    const Channel& channel = u.outputs[head.out];
    for (std::uint32_t vcs = vcs_for(unit, head.out, *from.stays.front().train); vcs != 0; vcs &= vcs - 1) {
      const auto vc = static_cast<unsigned>(__builtin_ctz(vcs));
      if (channel.vcs[vc].owner < 0) head.free |= 1u << vc;
    }
    if (head.free != 0) head.picked = pick_vc(head, head.out, static_cast<unsigned>(from.asked));
  }
  // 2. Each channel takes the next in turn of those that picked it.
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    if (heads_[i].picked < 0) continue;
    OutputVc& to = u.outputs[heads_[i].out].vcs[static_cast<unsigned>(heads_[i].picked)];
    if (to.owner >= 0) continue;  // granted in this loop
    std::size_t best = i;
    const auto distance = [&](const VcRequest& h) {
      const int index = static_cast<int>(h.in * vcs_ + h.vc);
      return index > to.granted ? index : index + (1 << 16);
    };
    for (std::size_t j = i + 1; j < heads_.size(); ++j) {
      if (heads_[j].out == heads_[i].out && heads_[j].picked == heads_[i].picked &&
          distance(heads_[j]) < distance(heads_[best]))
        best = j;
    }
    grant_vc(unit, heads_[best], static_cast<unsigned>(heads_[i].picked), at);
  }
  // 3. The others try again.
  for (const VcRequest& head : heads_) {
    InputVc& from = u.inputs[head.in].vcs[head.vc];
    if (from.state == State::active) continue;
    stall(u.outputs[head.out], from, static_cast<int>(Stall::vc), at);
    if (head.free != 0) wake(unit, at + 1);
    if (u.outputs[head.out].down_at != kNoCycle) wake(unit, std::max(at + 1, u.outputs[head.out].down_at));
    limit_to_packet(unit, head, at);
  }
}

void FabricCore::grant_vc(unsigned unit, const VcRequest& head, unsigned vc, Cycle at) {
  Unit& u = units_[unit];
  InputVc& from = u.inputs[head.in].vcs[head.vc];
  OutputVc& to = u.outputs[head.out].vcs[vc];
  to.owner = to.granted = static_cast<int>(head.in * vcs_ + head.vc);
  from.asked = static_cast<int>(head.out * vcs_ + vc);
  from.out_vc = vc;
  from.state = State::active;
  --u.waiters;
  const Cycle done = params_.speculative ? at + 1 : params_.overlap ? at : at + params_.vc_alloc;
  from.send = std::max(from.send, done);
  stall(u.outputs[head.out], from, -1, at);
}

// A train that holds what `loser` waits for lets go of it behind the packet that is passing.
void FabricCore::limit_to_packet(unsigned unit, const VcRequest& loser, Cycle at) {
  Channel& channel = units_[unit].outputs[loser.out];
  if (!channel.running) return;
  const PacketTrain& train = *units_[unit].inputs[loser.in].vcs[loser.vc].stays.front().train;
  if ((vcs_for(unit, loser.out, train) >> channel.out_vc & 1u) == 0) return;
  const std::uint32_t end =
      channel.train->packet_end(channel.flit + static_cast<std::uint32_t>(at - channel.start));
  const std::uint32_t last = channel.flit + channel.count;
  if (last > end) shorten(unit, loser.out, last - end, at);
}

// --- switch

void FabricCore::collect_flits(unsigned unit, Cycle at) {
  Unit& u = units_[unit];
  for (unsigned in = 0; in < u.inputs.size(); ++in) {
    for (std::uint32_t waiting = u.inputs[in].waiting; waiting != 0; waiting &= waiting - 1) {
      const auto vc = static_cast<unsigned>(__builtin_ctz(waiting));
      InputVc& from = u.inputs[in].vcs[vc];
      if (from.running || from.state != State::active) continue;
      const Stay& stay = from.stays.front();
      if (stay.next == stay.end) continue;  // append_arrivals() wakes
      const Cycle ready = std::max(from.send, from.arrivals.front().first);
      if (ready > at) {
        wake(unit, ready);
        continue;
      }
      const Cycle free = link_free(u.outputs[from.out], at);
      if (free > at) {
        const Stall cause = free > u.outputs[from.out].free_at ? Stall::retry : Stall::link;
        stall(u.outputs[from.out], from, static_cast<int>(cause), at);
        wake(unit, free);
        continue;
      }
      OutputVc& to = u.outputs[from.out].vcs[from.out_vc];
      settle_credits(to, at);
      if (to.held > 0) {
        requests_.push_back({in, vc, from.out, false});
        continue;
      }
      stall(u.outputs[from.out], from, static_cast<int>(Stall::credit), at);
      if (!to.due.empty()) wake(unit, to.due.front().first);
    }
  }
  if (!params_.speculative) return;
  // Heads that asked for a free virtual channel in this cycle ask for the switch at the same time.
  for (const VcRequest& head : heads_) {
    if (head.free != 0 && link_free(u.outputs[head.out], at) <= at)
      requests_.push_back({head.in, head.vc, head.out, true});
  }
}

void FabricCore::cut_rivals(unsigned unit, Cycle at) {
  Unit& u = units_[unit];
  const auto cut = [&](unsigned out) {
    const Channel& channel = u.outputs[out];
    cut_run(unit, out, true, at);
    requests_.push_back({channel.in, channel.vc, out, false});
  };
  const std::size_t rivals = requests_.size();
  for (std::size_t i = 0; i < rivals && u.running != 0; ++i) {
    const Request request = requests_[i];
    if (u.outputs[request.out].running) cut(request.out);
    const Input& port = u.inputs[u.inputs[request.in].port];
    if (port.run_vc != ~0u) cut(port.vcs[port.run_vc].out);
  }
}

void FabricCore::allocate_switch(unsigned unit, Cycle at) {
  Unit& u = units_[unit];
  const auto ports = static_cast<unsigned>(u.inputs.size());
  const auto port_of = [&](unsigned in) { return u.inputs[in].port; };
  // 1. For each input and output, the virtual channel next in turn; certain requests before speculative.
  std::array<int, kMostPorts> picked;
  std::uint64_t asked_outs = 0;
  std::uint64_t asked_ins = 0;
  std::uint64_t busy_outs = 0;  // asked for by more than one
  std::uint64_t busy_ins = 0;
  for (const Request& r : requests_) {
    busy_ins |= asked_ins & std::uint64_t{1} << port_of(r.in);
    busy_outs |= asked_outs & std::uint64_t{1} << r.out;
    asked_ins |= std::uint64_t{1} << port_of(r.in);
    asked_outs |= std::uint64_t{1} << r.out;
  }
  const auto better = [&](const Request& a, const Request& b, unsigned from_a, unsigned from_b) {
    return a.speculative != b.speculative ? b.speculative : from_a < from_b;
  };
  const auto vc_turn = [&](const Request& r) { return (r.vc + vcs_ - u.inputs[r.in].next_vc) % vcs_; };
  const auto out_turn = [&](const Request& r) {
    return (r.out + ports - (u.inputs[r.in].last_out + 1) % ports) % ports;
  };
  // 2. Each input takes one of the outputs it asks for.
  for (unsigned in = 0; in < ports; ++in) picked[in] = -1;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const Request& r = requests_[i];
    int& best = picked[r.in];
    if (best < 0) {
      best = static_cast<int>(i);
      continue;
    }
    const Request& b = requests_[static_cast<std::size_t>(best)];
    const bool wins =
        r.out == b.out ? better(r, b, vc_turn(r), vc_turn(b)) : better(r, b, out_turn(r), out_turn(b));
    if (wins) best = static_cast<int>(i);
  }
  if (params_.multicast) read_ports(unit, picked);
  // 3. Each output takes one of the inputs that chose it.
  for (std::uint64_t outs = asked_outs; outs != 0; outs &= outs - 1) {
    const auto out = static_cast<unsigned>(__builtin_ctzll(outs));
    Channel& channel = u.outputs[out];
    const auto in_turn_of = [&](unsigned in) { return (in + ports - (channel.last_in + 1) % ports) % ports; };
    int best = -1;
    for (unsigned in = 0; in < ports; ++in) {
      if (picked[in] < 0 || requests_[static_cast<std::size_t>(picked[in])].out != out) continue;
      const Request& r = requests_[static_cast<std::size_t>(picked[in])];
      if (best < 0 || better(r, requests_[static_cast<std::size_t>(best)], in_turn_of(in),
                             in_turn_of(requests_[static_cast<std::size_t>(best)].in)))
        best = picked[in];
    }
    if (best < 0) continue;
    const Request& winner = requests_[static_cast<std::size_t>(best)];
    InputVc& from = u.inputs[winner.in].vcs[winner.vc];
    u.inputs[winner.in].last_out = out;
    channel.last_in = winner.in;
    u.inputs[winner.in].next_vc = (winner.vc + 1) % vcs_;
    pass_port_turn(u, winner.in);
    if (winner.speculative) {
      // Wasted where the virtual channel was not granted or has no credit.
      if (from.state != State::active) continue;
      settle_credits(channel.vcs[from.out_vc], at);
      if (channel.vcs[from.out_vc].held < 1) continue;
    }
    const bool alone =
        port_of(winner.in) == winner.in && (busy_ins >> winner.in & 1u) == 0 && (busy_outs >> out & 1u) == 0;
    const bool over_packets = params_.overlap && !params_.any_vc && !params_.speculative &&
                              !topology_.adaptive() && u.waiters == 0 && channel.down_at == kNoCycle;
    start_run(unit, out, winner.in, winner.vc, alone ? ~0u : 1, over_packets, at);
  }
  // 4. The others try again.
  for (const Request& r : requests_) {
    InputVc& from = u.inputs[r.in].vcs[r.vc];
    if (from.running) continue;
    if (from.state == State::active) stall(u.outputs[r.out], from, static_cast<int>(Stall::switch_port), at);
    wake(unit, at + 1);
  }
}

void FabricCore::stall(Channel& channel, InputVc& in, int cause, Cycle at) {
  if (in.stall == cause) return;
  if (in.stall >= 0) channel.stats.stalls[static_cast<std::size_t>(in.stall)] += at - in.stalled;
  in.stall = static_cast<std::int8_t>(cause);
  in.stalled = at;
}

}  // namespace moesaic
