// SPDX-License-Identifier: Apache-2.0
// Runs: flits that pass an output one per cycle, and what is announced of them ahead.
#include <algorithm>

#include "hw/d2d/fabric_core.h"
#include "tlm/diagnostics.h"

namespace moesaic {

void trim(Ring<FabricFlow>& flows, std::uint32_t count) {
  while (count > 0) {
    FabricFlow& last = flows.back();
    const std::uint32_t taken = std::min(count, last.count);
    last.count -= taken;
    count -= taken;
    if (last.count == 0) flows.pop_back();
  }
}

namespace {
void append(Ring<FabricFlow>& flows, const FabricFlow& flow) {
  if (!flows.empty() && flow.step == 1) {
    FabricFlow& last = flows.back();
    if (last.step == 1 && last.first + last.count == flow.first) {
      last.count += flow.count;
      return;
    }
  }
  flows.push_back(flow);
}
}  // namespace

// --- credits

void FabricCore::settle_credits(OutputVc& vc, Cycle at) {
  while (!vc.due.empty()) {
    Flow& flow = vc.due.front();
    if (flow.first > at) return;
    const Cycle passed = flow.step == 0 ? flow.count : at - flow.first + 1;
    const auto returned = static_cast<std::uint32_t>(std::min<Cycle>(flow.count, passed));
    vc.held += returned;
    flow.first += returned;
    flow.count -= returned;
    if (flow.count > 0) return;
    vc.due.pop_front();
  }
}

// How many of `wanted` flits could be sent, one per cycle from `at` on, with `held` credits and those due.
std::uint32_t FabricCore::affordable(const OutputVc& vc, std::int64_t held, Cycle at, std::uint32_t wanted) {
  std::int64_t flits = held;
  for (std::size_t i = 0; flits < wanted && i < vc.due.size(); ++i) {
    if (vc.due[i].first > at + static_cast<Cycle>(flits)) break;
    flits += vc.due[i].count;
  }
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(flits, 0, wanted));
}

void FabricCore::add_credits(unsigned unit, unsigned out, unsigned vc, Flow flow) {
  Unit& u = units_[unit];
  OutputVc& channel = u.outputs[out].vcs[vc];
  append(channel.due, flow);
  // Whoever had to stop for them looks again.
  if (is_source(unit)) {
    for (const Input& in : u.inputs) {
      if (in.vcs[0].stall == static_cast<int>(Stall::credit)) return wake(unit, flow.first);
    }
  } else if (channel.owner >= 0) {
    const auto owner = static_cast<unsigned>(channel.owner);
    if (u.inputs[owner / vcs_].vcs[owner % vcs_].stall == static_cast<int>(Stall::credit))
      wake(unit, flow.first);
  }
}

void FabricCore::take_back_credits(unsigned unit, unsigned out, unsigned vc, std::uint32_t by, Cycle at) {
  Channel& channel = units_[unit].outputs[out];
  OutputVc& credits = channel.vcs[vc];
  trim(credits.due, by);
  if (!channel.running || channel.out_vc != vc) return;
  const Cycle end = channel.start + channel.count;
  if (end <= at) return;
  const auto left = static_cast<std::uint32_t>(end - at);
  settle_credits(credits, at);
  const std::uint32_t possible = affordable(credits, credits.held + left, at, left);
  if (possible < left) shorten(unit, out, left - possible, at);
}

// --- arrivals

void FabricCore::append_arrivals(unsigned unit, unsigned in, unsigned vc, PacketTrain& train,
                                 std::uint32_t flit, Flow flow) {
  Input& input = units_[unit].inputs[in];
  InputVc& channel = input.vcs[vc];
  append(channel.arrivals, flow);
  if (!channel.stays.empty() && channel.stays.back().train == &train && channel.stays.back().end == flit) {
    channel.stays.back().end += flow.count;
    if (channel.stays.size() == 1 && channel.state == State::active && !channel.running)
      wake(unit, flow.first);
    if (channel.stays.size() == 1 && channel.state == State::forked) extend_copies(unit, in, vc, flow);
    return;
  }
  channel.stays.push_back({&train, flit, flit + flow.count});
  input.waiting |= 1u << vc;
  if (channel.stays.size() == 1) head_to_front(unit, in, vc, 0);
}

void FabricCore::take_back_arrivals(const Channel& channel, std::uint32_t by, Cycle at) {
  Unit& unit = units_[channel.to];
  Input& input = unit.inputs[channel.to_in];
  InputVc& vc = input.vcs[channel.out_vc];
  Stay& stay = vc.stays.back();
  stay.end -= by;
  // 1. A run that was to pass them on ends earlier.
  if (vc.running && vc.stays.size() == 1) {
    const Channel& next = unit.outputs[vc.out];
    const std::uint32_t end = next.flit + next.count;
    if (end > stay.end) shorten(channel.to, vc.out, end - stay.end, at);
  }
  trim(vc.arrivals, by);
  if (vc.state == State::forked && vc.stays.size() == 1)
    shorten_copies(channel.to, channel.to_in, channel.out_vc);
  // 2. A packet of which nothing has come is not there.
  if (vc.running || stay.next != stay.end || !stay.train->at_boundary(stay.next)) return;
  if (vc.stays.size() == 1) {
    if (vc.state == State::active) return;  // its end is being dealt with
    vc.state = State::idle;
    input.waiting &= ~(1u << channel.out_vc);
  }
  vc.stays.pop_back();
}

// The packet at the front of a buffer may be looked at from `front` on, or when its head comes.
void FabricCore::head_to_front(unsigned unit, unsigned in, unsigned vc, Cycle front) {
  InputVc& channel = units_[unit].inputs[in].vcs[vc];
  if (forks_at(*channel.stays.front().train, unit)) return fork(unit, in, vc, front);
  const Cycle arrival = channel.arrivals.front().first;
  if (is_source(unit)) {
    channel.state = State::idle;
    wake(unit, std::max(front, arrival));
    return;
  }
  channel.state = State::routing;
  if (params_.overlap) {
    channel.allocate = std::max(arrival + params_.route, front);
    channel.send = params_.speculative ? 0 : arrival + params_.route + params_.vc_alloc;
  } else {
    channel.allocate = std::max(arrival, front) + params_.route;
    channel.send = 0;
  }
  wake(unit, channel.allocate);
}

// --- runs

// Flits of the front packet, or train, that can follow each other without a gap from `at` on.
std::uint32_t FabricCore::contiguous(const InputVc& in, Cycle at, bool over_packets) const {
  const Stay& stay = in.stays.front();
  std::uint32_t most = stay.end - stay.next;
  if (!over_packets) most = std::min(most, stay.train->packet_end(stay.next) - stay.next);
  const Cycle pipeline = params_.route + params_.vc_alloc;
  std::uint32_t flits = 0;
  for (std::size_t i = 0; flits < most && i < in.arrivals.size(); ++i) {
    const Flow& flow = in.arrivals[i];
    if (flow.first > at + flits) break;
    const std::uint32_t count = std::min(flow.count, most - flits);
    // Heads that come later than the pipeline before their turn would leave a gap.
    const std::uint32_t flit = stay.next + flits;
    const std::uint32_t head =
        flits > 0 && stay.train->at_boundary(flit) ? flit : stay.train->packet_end(flit);
    const Cycle lead = at + flits - flow.first + (flow.step == 0 ? head - flit : 0);
    if (head < flit + count && lead < pipeline) return head - stay.next;
    flits += count;
  }
  return flits;
}

void FabricCore::start_run(unsigned unit, unsigned out, unsigned in, unsigned vc, std::uint32_t most,
                           bool over_packets, Cycle at) {
  Unit& u = units_[unit];
  Channel& channel = u.outputs[out];
  Input& input = u.inputs[in];
  InputVc& from = input.vcs[vc];
  const Stay& stay = from.stays.front();
  OutputVc& credits = channel.vcs[from.out_vc];
  stall(channel, from, -1, at);
  // 1. How far it goes.
  std::uint32_t count = most == 1 ? 1 : std::min(most, contiguous(from, at, over_packets));
  count = affordable(credits, credits.held, at, count);
  if (channel.replay.depth > 0) count = affordable(channel.replay, channel.replay.held, at, count);
  Cycle leaves = at;
  if (channel.interval > 1) {
    count = 1;
    channel.free_at = at + channel.interval;
  }
  if (channel.errors.possible()) {
    look_for_errors(channel);
    if (at < channel.lost_until || channel.clear == 0) {
      count = 1;
      leaves = transmit(channel, at);
    } else {
      count = std::min(count, channel.clear);
      channel.clear -= count;
    }
  }
  if (channel.replay.depth > 0) {
    channel.replay.held -= count;
    append(channel.replay.due, {leaves + params_.replay_round_trip(), count, 1});
  }
  // 2. The turns.
  channel.last_in = in;
  input.last_out = out;
  input.next_vc = (vc + 1) % static_cast<unsigned>(input.vcs.size());
  input.run_vc = vc;
  from.running = true;
  u.running |= std::uint64_t{1} << out;
  channel.running = true;
  channel.in = in;
  channel.vc = vc;
  channel.out_vc = from.out_vc;
  channel.train = stay.train;
  channel.flit = channel.announced = stay.next;
  channel.count = count;
  channel.done = 0;
  channel.start = at;
  credits.held -= count;
  wake(unit, at + count);
  // 3. What the neighbours will see.
  if (channel.to != kNoUnit) {
    append_arrivals(channel.to, channel.to_in, channel.out_vc, *stay.train, stay.next,
                    {leaves + channel.forward, count, 1});
  } else if (params_.automatic_sinks) {
    add_credits(unit, out, channel.out_vc, {at + channel.forward + channel.backward, count, 1});
  }
  if (input.from != kNoUnit) {
    const Channel& before = units_[input.from].outputs[input.from_out];
    add_credits(input.from, input.from_out, vc, {at + before.backward, count, 1});
  } else if (input.port != in) {
    free_copied(unit, in, vc, at);
  }
}

// Accounts for what the run has sent before `at`.
void FabricCore::settle(unsigned unit, unsigned out, Cycle at) {
  Channel& channel = units_[unit].outputs[out];
  const auto sent = static_cast<std::uint32_t>(std::min<Cycle>(channel.count, at - channel.start));
  const std::uint32_t count = sent - channel.done;
  if (count == 0) return;
  const std::uint32_t flit = channel.flit + channel.done;
  const std::uint32_t end = flit + count;
  InputVc& from = units_[unit].inputs[channel.in].vcs[channel.vc];
  channel.done = sent;
  if (observer_ != nullptr)
    observer_->passed({NodeId(is_source(unit) ? unit - nodes_ : unit), channel.in, channel.vc,
                       is_source(unit) ? kNoPort : out, channel.out_vc, *channel.train, flit, count,
                       channel.start + sent - count});
  const auto kind = static_cast<std::size_t>(channel.train->kind);
  channel.stats.flits += count;
  channel.stats.by_class[kind] += count;
  const std::uint32_t size = channel.train->flits;
  const std::uint32_t tails = end == channel.train->total ? (end + size - 1) / size : end / size;
  channel.stats.packets[kind] += tails - flit / size;
  channel.stats.payload_bytes[kind] += channel.train->payload(tails) - channel.train->payload(flit / size);
  consume(channel, from, count);
  if (channel.to == kNoUnit) announce(unit, end);
}

// The flits leave the buffer, one per cycle up to now.
void FabricCore::consume(Channel& channel, InputVc& in, std::uint32_t count) {
  Cycle leaves = channel.start + channel.done - count;
  in.stays.front().next += count;
  while (count > 0) {
    Flow& flow = in.arrivals.front();
    const std::uint32_t taken = std::min(count, flow.count);
    channel.stats.occupancy += (leaves - flow.first) * taken;
    if (flow.step == 0) channel.stats.occupancy += std::uint64_t{taken} * (taken - 1) / 2;
    leaves += taken;
    flow.first += std::uint64_t{flow.step} * taken;
    flow.count -= taken;
    count -= taken;
    if (flow.count == 0) in.arrivals.pop_front();
  }
}

void FabricCore::shorten(unsigned unit, unsigned out, std::uint32_t by, Cycle at) {
  Unit& u = units_[unit];
  Channel& channel = u.outputs[out];
  channel.count -= by;
  channel.vcs[channel.out_vc].held += by;
  if (channel.errors.possible()) channel.clear += by;
  if (channel.replay.depth > 0) {
    channel.replay.held += by;
    trim(channel.replay.due, by);
  }
  if (channel.announced > channel.flit + channel.count)
    panic("d2d fabric", at, "a packet that was announced does not come");
  if (channel.start + channel.count > at) wake(unit, channel.start + channel.count);
  if (channel.to != kNoUnit) {
    take_back_arrivals(channel, by, at);
  } else if (params_.automatic_sinks) {
    trim(channel.vcs[channel.out_vc].due, by);
  }
  const Input& input = u.inputs[channel.in];
  if (input.from != kNoUnit) take_back_credits(input.from, input.from_out, channel.vc, by, at);
}

// The run has ended before `at`.
void FabricCore::end_run(unsigned unit, unsigned out, Cycle at) {
  Unit& u = units_[unit];
  Channel& channel = u.outputs[out];
  settle(unit, out, at);
  channel.running = false;
  u.running &= ~(std::uint64_t{1} << out);
  Input& input = u.inputs[channel.in];
  input.run_vc = ~0u;
  input.vcs[channel.vc].running = false;
  const bool between_packets = channel.train->at_boundary(channel.flit + channel.count);
  u.current = between_packets ? -1 : static_cast<int>(channel.in);
  if (!between_packets) return;
  u.next = (channel.in + 1) % static_cast<unsigned>(u.inputs.size());
  channel.vcs[channel.out_vc].owner = -1;
  if (u.waiters > 0) wake(unit, at);
  packet_left(unit, channel.in, channel.vc, channel.start + channel.count);
}

// The tail of the front packet has left; the next may be looked at from `next` on.
void FabricCore::packet_left(unsigned unit, unsigned in, unsigned vc, Cycle next) {
  Input& input = units_[unit].inputs[in];
  InputVc& channel = input.vcs[vc];
  const Stay stay = channel.stays.front();
  if (stay.next == stay.end) channel.stays.pop_front();
  if (channel.stays.empty()) {
    channel.state = State::idle;
    input.waiting &= ~(1u << vc);
  } else {
    head_to_front(unit, in, vc, next);
  }
  if (is_source(unit) && stay.next == stay.train->total) owner_.left(*stay.train, next);
  if (input.port != in) copy_left(unit, in, vc, next);
}

// Ends the run with the flit of the cycle before `at`. `keep_vc`: nobody else asks for its virtual channel in
// this cycle, so a train goes on with it.
void FabricCore::cut_run(unsigned unit, unsigned out, bool keep_vc, Cycle at) {
  Unit& u = units_[unit];
  Channel& channel = u.outputs[out];
  const auto sent = static_cast<std::uint32_t>(at - channel.start);
  const int owner = channel.vcs[channel.out_vc].owner;
  shorten(unit, out, channel.count - sent, at);
  end_run(unit, out, at);
  InputVc& from = u.inputs[channel.in].vcs[channel.vc];
  if (!keep_vc || from.state != State::routing || from.allocate > at) return;
  from.state = State::active;
  from.out = out;
  from.out_vc = channel.out_vc;
  channel.vcs[channel.out_vc].owner = owner;
}

// --- the link

// From when on the link takes flits: not while it repeats others, is busy with the last, or its replay buffer
// is full.
Cycle FabricCore::link_free(Channel& channel, Cycle at) {
  Cycle free = std::max(channel.free_at, at);
  if (at >= channel.lost_until) free = std::max(free, channel.repeat);
  if (channel.replay.depth == 0) return free;
  OutputVc& places = channel.replay;
  settle_credits(places, at);
  // What the run has taken ahead is still there.
  const Cycle end = channel.start + channel.count;
  const auto ahead = channel.running && end > at ? static_cast<std::int64_t>(end - at) : 0;
  return places.held + ahead > 0 ? free : std::max(free, places.due.front().first);
}

// Draws for transmissions ahead, up to a failing one. The draws are those that each would have made.
void FabricCore::look_for_errors(Channel& channel) {
  constexpr std::uint32_t kAhead = 4096;
  while (!channel.failing && channel.clear < kAhead) {
    channel.failing = channel.errors.fails();
    if (!channel.failing) ++channel.clear;
  }
}

// A flit that fails, or that follows one that did: when it leaves for the last time.
Cycle FabricCore::transmit(Channel& channel, Cycle at) {
  const Cycle round_trip = params_.replay_round_trip();
  Cycle leaves = at;
  ++channel.stats.repeated;
  if (at >= channel.lost_until) {
    channel.lost_until = at + round_trip;
    leaves = at + round_trip;
    ++channel.stats.retries;
    channel.failing = false;
  } else {
    leaves = channel.repeat;
    if (channel.clear > 0) {
      --channel.clear;
      channel.repeat = leaves + 1;
      return leaves;
    }
    channel.failing = false;
    leaves += round_trip;
    ++channel.stats.retries;
  }
  // The repetition is a transmission too.
  for (look_for_errors(channel); channel.clear == 0; look_for_errors(channel)) {
    channel.failing = false;
    leaves += round_trip;
    ++channel.stats.retries;
    ++channel.stats.repeated;
  }
  --channel.clear;
  channel.repeat = leaves + 1;
  return leaves;
}

// --- the port to the own die

// Tells of packets that end before flit `before` of the run.
void FabricCore::announce(unsigned unit, std::uint32_t before) {
  Channel& channel = units_[unit].outputs[kLocalPort];
  PacketTrain& train = *channel.train;
  const std::uint32_t first = channel.announced / train.flits;
  const auto tail = [&](std::uint32_t end) {
    return channel.start + (end - 1 - channel.flit) + channel.forward;
  };
  Cycle first_tail = 0;
  Cycle last_tail = 0;
  std::uint32_t count = 0;
  while (channel.announced < before) {
    const std::uint32_t end = train.packet_end(channel.announced);
    if (end > before) break;
    last_tail = tail(end);
    if (count++ == 0) first_tail = last_tail;
    channel.announced = end;
  }
  if (count == 0) return;
  if (index_of(train.destination) == unit) {
    owner_.arrived(train, first, count, first_tail, last_tail, channel.out_vc);
  } else {
    owner_.turned_back(train, first, count, first_tail, last_tail, channel.out_vc, NodeId(unit));
  }
}

// Of a run to the own die, announces what nothing can stop any more: what competes for its ports later than
// now is decided elsewhere, and needs certain_ cycles to show here.
void FabricCore::look_ahead(unsigned unit, Cycle at) {
  Unit& u = units_[unit];
  const Channel& channel = u.outputs[kLocalPort];
  const std::uint32_t end = channel.flit + channel.count;
  if (channel.train->packet_end(channel.announced) < end) {
    settle(unit, kLocalPort, at);
    if (!may_compete(unit)) {
      const Cycle sure = std::min<Cycle>(at + certain_ - channel.start, channel.count);
      announce(unit, channel.flit + static_cast<std::uint32_t>(sure));
    }
  }
  // Again before the next tail arrives.
  const std::uint32_t next = channel.train->packet_end(channel.announced);
  if (next < end) wake(unit, channel.start + (next - 1 - channel.flit) + channel.forward);
}

// Something that is here already may want a port of the run to the own die.
bool FabricCore::may_compete(unsigned unit) const {
  const Unit& u = units_[unit];
  if (u.broken) return true;  // what comes may be turned back
  for (unsigned in = 0; in < u.inputs.size(); ++in) {
    for (std::uint32_t waiting = u.inputs[in].waiting; waiting != 0; waiting &= waiting - 1) {
      const InputVc& vc = u.inputs[in].vcs[static_cast<unsigned>(__builtin_ctz(waiting))];
      if (vc.running && vc.out == kLocalPort) continue;
      if (u.inputs[in].port == u.inputs[u.outputs[kLocalPort].in].port) return true;
      for (std::size_t i = 0; i < vc.stays.size(); ++i) {
        const PacketTrain& train = *vc.stays[i].train;
        if (index_of(train.destination) == unit || forks_at(train, unit)) return true;
      }
    }
  }
  return false;
}

}  // namespace moesaic
