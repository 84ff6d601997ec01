// SPDX-License-Identifier: Apache-2.0
// One cycle of a router: virtual-channel allocation, then switch allocation, both separable, input first,
// round robin, one iteration, after Dally and Towles, "Principles and Practices of Interconnection Networks",
// chapters 16 and 19. Where one alone asks, there is nothing to choose.
#include <algorithm>

#include "hw/d2d/fabric_core.h"
#include "hw/d2d/turns.h"

namespace moesaic {

using fabric::in_turn;
using fabric::Request;

void FabricCore::step_router(Unit& u, Cycle at) {
  std::uint64_t due = due_heads(u, at);
  if (due != 0 && may_pass_alone_ && !u.broken) due = pass_alone(u, due, at);
  if (due != 0 || u.asking != 0) [[unlikely]]
    allocate(u, due, at);
  // What is certain to reach the die.
  if (u.open) [[unlikely]]
    look_ahead(u, at);
}

void FabricCore::allocate(Unit& u, std::uint64_t due, Cycle at) {
  heads_.clear();
  requests_.clear();
  // 1. Heads ask for a virtual channel downstream.
  if (due != 0) {
    collect_heads(u, due, at);
    allocate_vcs(u, at);
  }
  // 2. Flits ask for the switch; runs in their way end here.
  collect_flits(u, at);
  if (requests_.empty()) return;
  cut_rivals(u, at);
  allocate_switch(u, at);
}

// --- virtual channels

// Of the heads that are due, and of trains whose next packet begins.
void FabricCore::collect_heads(Unit& u, std::uint64_t due, Cycle at) {
  for (; due != 0; due &= due - 1) {
    const auto in = static_cast<unsigned>(__builtin_ctzll(due));
    Cycle next = kNoCycle;
    for (std::uint32_t vcs = u.inputs[in].heads; vcs != 0; vcs &= vcs - 1) {
      const auto vc = static_cast<unsigned>(__builtin_ctz(vcs));
      const Cycle from = u.buffer(in, vc).allocate;
      next = std::min(next, from);
      if (from <= at) add_head(u, in, vc, at);
    }
    u.inputs[in].due = next;
  }
  // A train whose next packet begins now takes part.
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    Channel& channel = u.outputs[heads_[i].out];
    const Run& run = channel.run;
    if (run.end() <= at || run.start >= at || !run.train->at_boundary(run.flit + run.before(at))) continue;
    cut_run(u, channel, false, at);
    const bool head = (u.inputs[run.in].heads >> run.vc & 1u) != 0;
    if (head && u.buffer(run.in, run.vc).allocate <= at) add_head(u, run.in, run.vc, at);
  }
}

void FabricCore::add_head(Unit& u, unsigned in, unsigned vc, Cycle at) {
  Buffer& head = u.buffer(in, vc);
  // The link that it waits for may have gone down.
  if (head.state == State::waiting && u.broken && u.outputs[head.out].down_at <= at) {
    head.state = State::routing;
    --u.waiters;
  }
  if (head.state == State::routing) choose_output(u, head, at);
  heads_.push_back({in, vc, head.out});
}

void FabricCore::choose_output(Unit& u, Buffer& head, Cycle at) {
  if (u.ways.empty()) {
    choose_way(u, head, at);
  } else {
    head.out = way(u, *head.train);
  }
  if (u.broken && u.outputs[head.out].down_at <= at) head.out = kLocalPort;
  head.state = State::waiting;
  ++u.waiters;
}

// Of several ways, the one with the most credits; the preferred one of equals.
void FabricCore::choose_way(Unit& u, Buffer& head, Cycle at) {
  const PacketTrain& train = *head.train;
  const Topology::Choice ways = topology_.routes(NodeId(u.id), train.source, train.destination);
  head.out = ways.ports[0];
  std::int64_t best = -1;
  for (unsigned i = 0; ways.count > 1 && i < ways.count; ++i) {
    Channel& out = u.outputs[ways.ports[i]];
    if (out.down_at <= at) continue;
    std::int64_t held = 0;
    for (std::uint32_t vcs = vcs_for(u, ways.ports[i], train); vcs != 0; vcs &= vcs - 1) {
      OutputVc& to = out.vcs[static_cast<unsigned>(__builtin_ctz(vcs))];
      settle_credits(to, at);
      held += to.held;
      // What its run has taken ahead is still there.
      if (&out.vcs[out.run.out_vc] == &to) held += out.run.count - out.run.before(at);
    }
    if (held <= best) continue;
    best = held;
    head.out = ways.ports[i];
  }
}

void FabricCore::allocate_vcs(Unit& u, Cycle at) {
  // 1. Each head picks one of the free channels.
  for (VcRequest& head : heads_) {
    const Buffer& buffer = u.buffer(head.in, head.vc);
    const Channel& channel = u.outputs[head.out];
    head.free = free_vcs(channel, vcs_for(u, head.out, *buffer.train), at);
    head.picked = pick_vc(buffer, head.out, head.free);
  }
  if (heads_.size() == 1) {
    VcRequest& head = heads_[0];
    return head.picked < 0 ? await_vc(u, head, at)
                           : grant_vc(u, head, static_cast<unsigned>(head.picked), at);
  }
  // 2. Each channel takes the next in turn of those that picked it.
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    if (heads_[i].picked < 0) continue;
    const OutputVc& to = u.outputs[heads_[i].out].vcs[static_cast<unsigned>(heads_[i].picked)];
    if (!to.available(at)) continue;  // granted in this loop
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
    grant_vc(u, heads_[best], static_cast<unsigned>(heads_[i].picked), at);
  }
  // 3. The others try again.
  for (const VcRequest& head : heads_) {
    if (!head.granted) await_vc(u, head, at);
  }
}

std::uint32_t FabricCore::free_vcs(const Channel& channel, std::uint32_t possible, Cycle at) {
  std::uint32_t free = 0;
  for (; possible != 0; possible &= possible - 1) {
    const auto vc = static_cast<unsigned>(__builtin_ctz(possible));
    if (channel.vcs[vc].available(at)) free |= 1u << vc;
  }
  return free;
}

// Of the free channels the one that comes next in turn, which counts all channels of all outputs; -1: none.
int FabricCore::pick_vc(const Buffer& buffer, unsigned out, std::uint32_t free) const {
  if ((free & (free - 1)) == 0) return free == 0 ? -1 : __builtin_ctz(free);
  const unsigned first = out * vcs_;
  const auto last = static_cast<unsigned>(buffer.asked);
  const bool same_output = buffer.asked >= 0 && last >= first && last < first + vcs_;
  return static_cast<int>(in_turn(free, same_output ? last - first + 1 : 0));
}

// A head that got none looks again in the next cycle, or when a channel that it may take is free; who holds
// one without an end in sight wakes it.
void FabricCore::await_vc(Unit& u, const VcRequest& head, Cycle at) {
  Buffer& buffer = u.buffer(head.in, head.vc);
  Channel& channel = u.outputs[head.out];
  stall(channel, buffer, static_cast<int>(Stall::vc), at);
  if (channel.down_at != kNoCycle) wake(u, std::max(at + 1, channel.down_at));
  limit_to_packet(u, head, at);
  if (head.free != 0) return wake(u, at + 1);
  for (std::uint32_t vcs = vcs_for(u, head.out, *buffer.train); vcs != 0; vcs &= vcs - 1) {
    const OutputVc& vc = channel.vcs[static_cast<unsigned>(__builtin_ctz(vcs))];
    if (vc.owner < 0) wake(u, std::max(vc.free, at + 1));
  }
}

// When a packet that arrives at `arrival` and gets its virtual channel at `at` may ask for the switch.
Cycle FabricCore::send_from(Cycle arrival, Cycle at) const {
  if (params_.speculative) return at + 1;
  return params_.overlap ? std::max(arrival + params_.route + params_.vc_alloc, at) : at + params_.vc_alloc;
}

void FabricCore::grant_vc(Unit& u, VcRequest& head, unsigned vc, Cycle at) {
  Buffer& buffer = u.buffer(head.in, head.vc);
  Channel& channel = u.outputs[head.out];
  OutputVc& to = channel.vcs[vc];
  to.owner = to.granted = static_cast<int>(head.in * vcs_ + head.vc);
  buffer.asked = static_cast<std::int16_t>(head.out * vcs_ + vc);
  buffer.out_vc = static_cast<Index>(vc);
  buffer.state = State::active;
  head.granted = true;
  --u.waiters;
  u.clear_head(buffer);
  buffer.send = send_from(buffer.flits.front().first, at);
  stall(channel, buffer, -1, at);
  u.set_asking(buffer);
  wake(u, std::max(buffer.send, buffer.flits.front().first));
}

// A train that holds what `loser` waits for lets go of it behind the packet that is passing.
void FabricCore::limit_to_packet(Unit& u, const VcRequest& loser, Cycle at) {
  Channel& channel = u.outputs[loser.out];
  const Run& run = channel.run;
  if (run.end() <= at) return;
  const PacketTrain& train = *u.buffer(loser.in, loser.vc).train;
  if ((vcs_for(u, loser.out, train) >> run.out_vc & 1u) == 0) return;
  const std::uint32_t end = run.train->packet_end(run.flit + run.before(at));
  if (run.end_flit() > end) shorten(u, channel, run.end_flit() - end, at);
}

// --- switch

void FabricCore::collect_flits(Unit& u, Cycle at) {
  for (std::uint64_t ins = u.asking; ins != 0; ins &= ins - 1) {
    const auto in = static_cast<unsigned>(__builtin_ctzll(ins));
    for (std::uint32_t vcs = u.inputs[in].asking; vcs != 0; vcs &= vcs - 1) {
      const auto vc = static_cast<unsigned>(__builtin_ctz(vcs));
      Buffer& buffer = u.buffer(in, vc);
      if (buffer.send > at || buffer.flits.front().first > at) continue;
      Channel& channel = u.outputs[buffer.out];
      const Cycle free = link_free(channel, at);
      if (free > at) {
        const Stall cause = free > channel.free_at ? Stall::retry : Stall::link;
        stall(channel, buffer, static_cast<int>(cause), at);
        wake(u, free);
        continue;
      }
      OutputVc& to = channel.vcs[buffer.out_vc];
      if (has_credit(to, at)) {
        requests_.push_back({in, vc, buffer.out, false});
        continue;
      }
      stall(channel, buffer, static_cast<int>(Stall::credit), at);
      to.starved = true;
      if (!to.due.empty()) wake(u, to.due.front().first);
    }
  }
  if (!params_.speculative) return;
  // Heads that asked for a free virtual channel in this cycle ask for the switch at the same time.
  for (const VcRequest& head : heads_) {
    if (head.free != 0 && link_free(u.outputs[head.out], at) <= at)
      requests_.push_back({head.in, head.vc, head.out, true});
  }
}

void FabricCore::cut_rivals(Unit& u, Cycle at) {
  const auto cut = [&](Channel& channel) {
    const Run run = channel.run;
    cut_run(u, channel, true, at);
    if (run.start <= at) requests_.push_back({run.in, run.vc, channel.out, false});
  };
  const std::size_t rivals = requests_.size();
  for (std::size_t i = 0; i < rivals; ++i) {
    const Request request = requests_[i];
    if (u.outputs[request.out].run.end() > at) cut(u.outputs[request.out]);
    const Input& port = u.inputs[u.inputs[request.in].port];
    if (port.busy > at) cut(u.outputs[port.run_out]);
  }
}

void FabricCore::allocate_switch(Unit& u, Cycle at) {
  if (requests_.size() > 1 || requests_[0].speculative || u.inputs[requests_[0].in].port != requests_[0].in)
    return choose_winners(u, at);
  const Request& r = requests_[0];
  Channel& channel = u.outputs[r.out];
  pass(u, channel, u.buffer(r.in, r.vc), true, may_go_on(u, channel), at);
}

void FabricCore::choose_winners(Unit& u, Cycle at) {
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
  const auto turn = [](unsigned of, unsigned first, unsigned all) {
    return of >= first ? of - first : of + all - first;
  };
  const auto after = [&](unsigned last) { return last + 1 < ports ? last + 1 : 0; };
  const auto vc_turn = [&](const Request& r) { return turn(r.vc, u.inputs[r.in].next_vc, vcs_); };
  const auto out_turn = [&](const Request& r) { return turn(r.out, after(u.inputs[r.in].last_out), ports); };
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
  if (params_.multicast) read_ports(u, picked);
  // 3. Each output takes one of the inputs that chose it.
  for (std::uint64_t outs = asked_outs; outs != 0; outs &= outs - 1) {
    const auto out = static_cast<unsigned>(__builtin_ctzll(outs));
    Channel& channel = u.outputs[out];
    const unsigned first = after(channel.last_in);
    Request* winner = nullptr;
    for (unsigned in = 0; in < ports; ++in) {
      if (picked[in] < 0) continue;
      Request& r = requests_[static_cast<std::size_t>(picked[in])];
      if (r.out != out) continue;
      if (winner == nullptr || better(r, *winner, turn(in, first, ports), turn(winner->in, first, ports)))
        winner = &r;
    }
    if (winner == nullptr) continue;
    const Request r = *winner;
    Buffer& buffer = u.buffer(r.in, r.vc);
    if (r.speculative && (buffer.state != State::active || !has_credit(channel.vcs[buffer.out_vc], at))) {
      // Wasted: the virtual channel was not granted or has no credit.
      take_turns(u, channel, buffer);
      continue;
    }
    winner->granted = true;
    const bool alone = port_of(r.in) == r.in && (busy_ins >> r.in & 1u) == 0 && (busy_outs >> out & 1u) == 0;
    pass(u, channel, buffer, alone, may_go_on(u, channel), at);
  }
  // 4. The others try again.
  for (const Request& r : requests_) {
    if (r.granted) continue;
    Buffer& buffer = u.buffer(r.in, r.vc);
    if (buffer.state == State::active)
      stall(u.outputs[r.out], buffer, static_cast<int>(Stall::switch_port), at);
    wake(u, at + 1);
  }
}

void FabricCore::stall(Channel& channel, Buffer& buffer, int cause, Cycle at) {
  if (buffer.stall == cause) return;
  if (buffer.stall >= 0) channel.stats.stalls[static_cast<std::size_t>(buffer.stall)] += at - buffer.stalled;
  buffer.stall = static_cast<std::int8_t>(cause);
  buffer.stalled = at;
}

}  // namespace moesaic
