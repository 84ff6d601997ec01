// SPDX-License-Identifier: Apache-2.0
// Flits that pass an output: one, or a run of them, one per cycle. A run is decided ahead: its flits leave
// the buffer, are counted and announced at once, and its end needs no step where nobody waits for it. Where a
// competitor comes, those that have not passed yet go back.
#include <algorithm>

#include "hw/d2d/fabric_core.h"
#include "tlm/diagnostics.h"

namespace moesaic {

// Flits of the front packet, or train, that can follow each other without a gap from `at` on; of the first
// stretch.
std::uint32_t FabricCore::contiguous(const Buffer& buffer, Cycle at, bool over_packets) const {
  const PacketTrain& train = *buffer.train;
  const Stretch& flits = buffer.flits.front();
  const std::uint32_t end = train.packet_end(buffer.next);
  if (flits.end() <= end || !over_packets) return std::min(flits.end(), end) - buffer.next;
  // Heads that come later than the pipeline before their turn would leave a gap.
  const Cycle lead = at - flits.first + (flits.step == 0 ? end - buffer.next : 0);
  return (lead < params_.route + params_.vc_alloc ? end : flits.end()) - buffer.next;
}

// Nothing keeps a run from going on with the next packets of its train.
bool FabricCore::may_go_on(const Unit& u, const Channel& channel) const {
  return over_packets_ && u.waiters == 0 && channel.down_at == kNoCycle;
}

// Flits of the front packet of a buffer pass an output from `at` on: one, or, where it is alone, as many as
// can follow it.
void FabricCore::pass(Unit& u, Channel& channel, Buffer& buffer, bool alone, bool over_packets, Cycle at) {
  OutputVc& places = channel.vcs[buffer.out_vc];
  stall(channel, buffer, -1, at);
  places.starved = false;
  std::uint32_t count = alone ? contiguous(buffer, at, over_packets) : 1;
  if (count > places.held) count = affordable(places, places.held, at, count);
  Cycle leaves = at;
  if (!channel.plain) count = take_link(channel, count, at, leaves);
  places.held -= count;
  if (count == 1) {
    pass_flit(u, channel, buffer, at, leaves);
  } else {
    start_run(u, channel, buffer, count, at);
  }
}

// Announces flits to the far end of an output, and their places to what sent them. The first `leaves` for
// good when the link has stopped to repeat it.
inline void FabricCore::send(Unit& u, Channel& channel, const Buffer& buffer, const Run& flits,
                             Cycle leaves) {
  if (channel.to != nullptr) {
    append_arrivals(*channel.to, channel.to->buffer(channel.to_in, flits.out_vc),
                    {flits.train, leaves + channel.forward, flits.flit, flits.count, 1});
  } else if (params_.automatic_sinks) {
    add_credits(u, channel.vcs[flits.out_vc],
                {flits.start + channel.forward + channel.backward, flits.count, 1});
  }
  const Input& input = *buffer.input;
  if (input.from != nullptr) {
    add_credits(*input.from, input.feed->vcs[flits.vc], {flits.start + input.feed->backward, flits.count, 1});
  } else if (input.port != input.in) {
    free_copied(u, buffer, flits.start);
  }
}

// Round robin goes on behind who has won.
inline void FabricCore::take_turns(Unit& u, Channel& channel, const Buffer& buffer) {
  Input& input = *buffer.input;
  channel.last_in = input.in;
  input.last_out = channel.out;
  input.next_vc = buffer.vc + 1u < u.vcs ? buffer.vc + 1u : 0;
  if (params_.multicast) [[unlikely]]
    pass_port_turn(u, input);
}

// Nothing stops a flit that passes now.
void FabricCore::pass_flit(Unit& u, Channel& channel, Buffer& buffer, Cycle at, Cycle leaves) {
  const Input& input = *buffer.input;
  PacketTrain& train = *buffer.train;
  const Index out_vc = buffer.out_vc;
  const Run run{&train, at, buffer.next, 1, input.in, buffer.vc, out_vc, 1, buffer.flits.front().first};
  const std::uint32_t flit = buffer.next++;
  take_turns(u, channel, buffer);
  const bool tail = train.at_boundary(flit + 1);
  // 1. It is counted, and leaves the buffer.
  if (observer_ != nullptr) {
    tell(u, channel, at);
    observer_->passed(passage(u, channel, run));
  }
  Stretch& stretch = buffer.flits.front();
  const std::uint32_t packet = tail ? train.packets_before(flit + 1) - 1 : 0;
  channel.stats.add(
      train.kind,
      {1, tail ? 1u : 0u, tail ? train.payload(packet + 1) - train.payload(packet) : 0, at - run.first});
  stretch.take(1);
  if (stretch.count == 0) buffer.flits.pop_front();
  // 2. What the neighbours will see.
  send(u, channel, buffer, run, leaves);
  // 3. What comes next.
  u.free = at + 1;
  if (!tail) {
    u.current = static_cast<int>(input.in);
    buffer.send = at + 1;
    if (buffer.flits.empty()) return u.clear_asking(buffer);
    u.set_asking(buffer);
    return wake(u, std::max(at + 1, buffer.flits.front().first));
  }
  u.current = -1;
  u.next = fabric::class_after(input.in);
  channel.vcs[out_vc].owner = -1;
  channel.vcs[out_vc].free = at + 1;
  if (u.waiters > 0) wake(u, at + 1);
  u.clear_asking(buffer);
  next_packet(u, buffer, at + 1);
  if (input.port != input.in) copy_left(u, buffer, at + 1);
  if (is_source(u)) {
    if (flit + 1 == train.total) owner_.left(train, at + 1);
    if (u.heads != 0) wake(u, at + 1);
  } else if (channel.to == nullptr) {
    hand_over(u, train, packet, 1, at + channel.forward, at + channel.forward, out_vc);
  }
}

// --- runs

// The whole packet at the front of a buffer passes from `start` on.
inline void FabricCore::pass_packet(Unit& u, Channel& channel, Buffer& buffer, Index out_vc, Cycle start) {
  OutputVc& places = channel.vcs[out_vc];
  const std::uint32_t count = buffer.flits.front().count;
  const Cycle end = start + count;
  places.held -= count;
  places.free = end;
  places.starved = false;
  begin_run(u, channel, buffer, out_vc, count, start);
  buffer.flits.pop_front();
  send(u, channel, buffer, channel.run, start);
  next_packet(u, buffer, end);
  if (u.waiters > 0) [[unlikely]]
    wake(u, end);
  if (channel.to == nullptr) announce_or_wake(u);
}

// The first `count` flits of a buffer are on record, counted, and their input and output are busy.
inline void FabricCore::begin_run(Unit& u, Channel& channel, const Buffer& buffer, Index out_vc,
                                  std::uint32_t count, Cycle start) {
  Input& input = *buffer.input;
  const Stretch& flits = buffer.flits.front();
  if (observer_ != nullptr) [[unlikely]] {
    tell(u, channel, start);
    untold_.push_back({&u, &channel});
  }
  Run& run = channel.run;
  run.turns = {channel.last_in, input.last_out, input.next_vc, u.next, input.next_copy};
  run.train = flits.train;
  run.start = start;
  run.flit = run.announced = flits.flit;
  run.count = count;
  run.first = flits.first;
  run.step = flits.step;
  run.in = input.in;
  run.vc = buffer.vc;
  run.out_vc = out_vc;
  run.told = 0;
  take_turns(u, channel, buffer);
  input.run_out = channel.out;
  input.busy = run.end();
  channel.stats.add(run.train->kind, run.passed(0, count));
}

// From `start` on, `count` flits of the first stretch of a buffer pass.
void FabricCore::start_run(Unit& u, Channel& channel, Buffer& buffer, std::uint32_t count, Cycle start) {
  const Index in = buffer.input->in;
  PacketTrain& train = *buffer.train;
  const Index out_vc = buffer.out_vc;
  const std::uint32_t flit = buffer.next;
  const std::uint32_t end_flit = flit + count;
  const Cycle end = start + count;
  const bool source = is_source(u);
  begin_run(u, channel, buffer, out_vc, count, start);
  Run& run = channel.run;
  const bool told = channel.to == nullptr || (source && end_flit == train.total);
  if (told) u.open = true;
  // 1. They leave the buffer.
  Stretch& flits = buffer.flits.front();
  flits.take(count);
  buffer.next = end_flit;
  if (flits.count == 0) buffer.flits.pop_front();
  // 2. What the neighbours will see.
  send(u, channel, buffer, run, start);
  // 3. What comes next, and who waits for the end.
  u.free = start + 1;
  if (told || source || u.waiters > 0) wake(u, end);
  if (source && end_flit >= train.packet_end(flit)) u.next = fabric::class_after(in);
  if (train.at_boundary(end_flit)) {
    u.current = -1;
    channel.vcs[out_vc].owner = -1;
    channel.vcs[out_vc].free = end;
    u.clear_asking(buffer);
    return next_packet(u, buffer, end);
  }
  u.current = static_cast<int>(in);
  buffer.send = end;
  if (buffer.flits.empty()) return u.clear_asking(buffer);
  u.set_asking(buffer);
  wake(u, std::max(end, buffer.flits.front().first));
}

// The last `by` flits of a run do not pass: they are in the buffer again.
void FabricCore::give_back(Unit& u, Channel& channel, std::uint32_t by) {
  Run& run = channel.run;
  Buffer& buffer = u.buffer(run.in, run.vc);
  Input& input = *buffer.input;
  OutputVc& places = channel.vcs[run.out_vc];
  const std::uint32_t left = run.count - by;
  channel.stats.subtract(run.train->kind, run.passed(left, run.count));
  // 1. Who stood behind them waits again.
  if (buffer.state == State::forked) unfork(u, buffer);
  if (is_source(u)) {
    u.set_head(buffer, 0);
  } else {
    u.clear_head(buffer);
  }
  const Stretch flits{run.train, run.first + std::uint64_t{run.step} * left, run.flit + left, by, run.step};
  if (!buffer.flits.empty() && flits.meets(buffer.flits.front())) {
    buffer.flits.front().first = flits.first;
    buffer.flits.front().flit = flits.flit;
    buffer.flits.front().count += by;
  } else {
    buffer.flits.push_front(flits);
  }
  buffer.train = run.train;
  buffer.next = flits.flit;
  u.set_present(buffer);
  const Cycle end = run.start + left;
  run.count = left;
  if (is_source(u) && run.end_flit() < run.train->total) u.open = false;
  places.held += by;
  if (channel.errors.possible()) channel.clear += by;
  if (channel.replay.depth > 0) {
    channel.replay.held += by;
    fabric::trim(channel.replay.due, by);
  }
  // 2. The turns are those behind the packets that remain; or it has not begun.
  if (run.end_flit() < run.train->packet_end(run.flit)) u.next = run.turns.next;
  if (left == 0) {
    channel.last_in = run.turns.last_in;
    input.last_out = run.turns.last_out;
    input.next_vc = run.turns.next_vc;
    input.next_copy = run.turns.next_copy;
    run.start = 0;
  }
  input.busy = run.end();
  // 3. The packet goes on, or the next one of the train begins.
  if (left > 0 && run.train->at_boundary(flits.flit)) {
    u.current = -1;
    places.owner = -1;
    places.free = end;
    u.clear_asking(buffer);
    return head_to_front(u, buffer, end);
  }
  u.current = static_cast<int>(run.in);
  places.owner = static_cast<int>(run.in * u.vcs + run.vc);
  buffer.state = State::active;
  buffer.out = channel.out;
  buffer.out_vc = run.out_vc;
  buffer.send = end;
  u.set_asking(buffer);
  wake(u, std::max(end, flits.first));
}

void FabricCore::shorten(Unit& u, Channel& channel, std::uint32_t by, Cycle at) {
  give_back(u, channel, by);
  const Run& run = channel.run;
  if (run.announced > run.end_flit()) panic("d2d fabric", at, "a packet that was announced does not come");
  if (run.end() > at) wake(u, run.end());
  if (channel.to != nullptr) {
    take_back_arrivals(channel, by, at);
  } else if (params_.automatic_sinks) {
    fabric::trim(channel.vcs[run.out_vc].due, by);
  }
  const Input& input = u.inputs[run.in];
  if (input.from != nullptr) take_back_credits(*input.from, *input.feed, run.vc, by, at);
}

// Ends the run with the flit of the cycle before `at`. `keep_vc`: nobody else asks for its virtual channel in
// this cycle, so a train goes on with it.
void FabricCore::cut_run(Unit& u, Channel& channel, bool keep_vc, Cycle at) {
  const Run& run = channel.run;
  shorten(u, channel, run.count - run.before(at), at);
  if (observer_ != nullptr) tell(u, channel, at);
  if (u.open && channel.out == 0 && run.end() <= at) finish_run(u);
  Buffer& buffer = u.buffer(run.in, run.vc);
  if (!keep_vc || buffer.state != State::routing || buffer.allocate > at) return;
  buffer.state = State::active;
  buffer.out = channel.out;
  buffer.out_vc = run.out_vc;
  buffer.send = at;
  channel.vcs[run.out_vc].owner = static_cast<int>(run.in * u.vcs + run.vc);
  u.clear_head(buffer);
  u.set_asking(buffer);
}

// Tells the die of what the run that has ended brought it, or that a train has left.
void FabricCore::finish_run(Unit& u) {
  const Run& run = u.outputs[0].run;
  u.open = false;
  if (is_source(u)) {
    owner_.left(*run.train, run.end());
  } else {
    announce(u, run.end_flit());
  }
}

FabricCore::Passage FabricCore::passage(const Unit& u, const Channel& channel, const Run& run) const {
  const auto node = NodeId(is_source(u) ? u.id - nodes_ : u.id);
  const unsigned port = is_source(u) ? kNoPort : channel.out;
  return {node, run.in, run.vc, port, run.out_vc, *run.train, run.flit, run.count, run.start};
}

// Tells the observer of what has passed before `at`.
void FabricCore::tell(const Unit& u, Channel& channel, Cycle at) {
  Run& run = channel.run;
  const std::uint32_t passed = run.before(at);
  if (passed <= run.told) return;
  Run part = run;
  part.start += run.told;
  part.flit += run.told;
  part.count = passed - run.told;
  observer_->passed(passage(u, channel, part));
  run.told = passed;
}

// The same, of all runs. It takes no steps, so that observing changes nothing.
void FabricCore::tell_all(Cycle at) {
  const auto whole = [&](const std::pair<const Unit*, Channel*>& output) {
    tell(*output.first, *output.second, at);
    return output.second->run.told == output.second->run.count;
  };
  untold_.erase(std::remove_if(untold_.begin(), untold_.end(), whole), untold_.end());
}

}  // namespace moesaic
