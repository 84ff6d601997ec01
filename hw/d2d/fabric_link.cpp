// SPDX-License-Identifier: Apache-2.0
// Links that are slow or fail, and the port of a router to its own die.
#include <algorithm>

#include "hw/d2d/fabric_core.h"

namespace moesaic {

// --- the link

// From when on the link takes flits: not while it repeats others, is busy with the last, or its replay buffer
// is full.
Cycle FabricCore::link_free(Channel& channel, Cycle at) {
  if (channel.plain) return at;
  Cycle free = std::max(channel.free_at, at);
  if (at >= channel.lost_until) free = std::max(free, channel.repeat);
  if (channel.replay.depth == 0) return free;
  OutputVc& places = channel.replay;
  settle_credits(places, at);
  // What the run has taken ahead is still there.
  const std::int64_t ahead = channel.run.count - channel.run.before(at);
  return places.held + ahead > 0 ? free : std::max(free, places.due.front().first);
}

// How many of `count` flits the link takes one per cycle from `at` on; the first `leaves` later where it
// fails.
std::uint32_t FabricCore::take_link(Channel& channel, std::uint32_t count, Cycle at, Cycle& leaves) {
  if (channel.replay.depth > 0) count = affordable(channel.replay, channel.replay.held, at, count);
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
    channel.replay.due.push_back({leaves + params_.replay_round_trip(), count, 1});
  }
  return count;
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

void FabricCore::hand_over(Unit& u, PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                           Cycle last_tail, unsigned vc) {
  // Its flits have passed everything but this port, and its owner may forget the train.
  if (observer_ != nullptr) {
    tell_all(now_);
    Channel& channel = u.outputs[kLocalPort];
    tell(u, channel, last_tail - channel.forward + 1);
  }
  if (index_of(train.destination) == u.id) {
    owner_.arrived(train, first, count, tail, last_tail, vc);
  } else {
    owner_.turned_back(train, first, count, tail, last_tail, vc, NodeId(u.id));
  }
}

// Tells of packets that end before flit `before` of the run.
void FabricCore::announce(Unit& u, std::uint32_t before) {
  const Channel& channel = u.outputs[kLocalPort];
  Run& run = u.outputs[kLocalPort].run;
  PacketTrain& train = *run.train;
  const auto tail = [&](std::uint32_t end) { return run.start + (end - 1 - run.flit) + channel.forward; };
  const std::uint32_t first = run.announced;
  std::uint32_t count = 0;
  Cycle first_tail = 0;
  for (std::uint32_t end = 0; run.announced < before; run.announced = end) {
    end = train.packet_end(run.announced);
    if (end > before) break;
    if (count++ == 0) first_tail = tail(end);
  }
  if (count == 0) return;
  if (run.announced == run.end_flit()) u.open = false;
  hand_over(u, train, train.packets_before(first), count, first_tail, tail(run.announced), run.out_vc);
}

// The own die is told of a run to it now, where nothing can stop it, or at its end.
void FabricCore::announce_or_wake(Unit& u) {
  Run& run = u.outputs[kLocalPort].run;
  u.open = true;
  if (!run.train->single() || run.end() > now_ + certain_ || may_compete(u)) return wake(u, run.end());
  announce(u, run.end_flit());
}

// Of a run to the own die, announces what nothing can stop any more: what competes for its ports later than
// now is decided elsewhere, and needs certain_ cycles to show here.
void FabricCore::look_ahead(Unit& u, Cycle at) {
  const Run& run = u.outputs[kLocalPort].run;
  if (run.train->single()) return;  // its end is a step
  if (run.train->packet_end(run.announced) < run.end_flit()) {
    announce(u, run.flit + run.before(at));
    if (u.open && !may_compete(u)) announce(u, run.flit + run.before(at + certain_));
  }
  if (!u.open) return;  // its owner may have forgotten the train
  // Again before the next tail arrives.
  const std::uint32_t next = run.train->packet_end(run.announced);
  if (next < run.end_flit()) wake(u, run.start + (next - 1 - run.flit) + u.outputs[kLocalPort].forward);
}

// Something that is here already may want a port of the run to the own die.
bool FabricCore::may_compete(const Unit& u) {
  if (u.broken) return true;  // what comes may be turned back
  const Run& run = u.outputs[kLocalPort].run;
  const auto wants = [&](const PacketTrain& train) {
    return index_of(train.destination) == u.id || forks_at(train, u);
  };
  for (std::uint64_t ins = u.present; ins != 0; ins &= ins - 1) {
    const auto in = static_cast<unsigned>(__builtin_ctzll(ins));
    for (std::uint32_t present = u.inputs[in].present; present != 0; present &= present - 1) {
      const auto vc = static_cast<unsigned>(__builtin_ctz(present));
      const Buffer& buffer = u.buffer(in, vc);
      if (in == run.in && vc == run.vc) continue;  // behind the run
      if (u.inputs[in].port == run.in || wants(*buffer.train)) return true;
      for (std::uint32_t i = 0; i < buffer.flits.size(); ++i) {
        if (wants(*buffer.flits[i].train)) return true;
      }
    }
  }
  return false;
}

}  // namespace moesaic
