// SPDX-License-Identifier: Apache-2.0
// Packets that nobody is in the way of: found before anybody is collected, and passed by a router in one go,
// with the outcome that fabric_router.cpp would reach in several steps.
#include <algorithm>

#include "hw/d2d/fabric_core.h"

namespace moesaic {

// Bit per input with a head that wants something now. Without a branch: nobody can foresee it.
std::uint64_t FabricCore::due_heads(const Unit& u, Cycle at) {
  std::uint64_t due = 0;
  for (std::uint64_t ins = u.heads; ins != 0; ins &= ins - 1) {
    const std::uint64_t now = u.inputs[static_cast<unsigned>(__builtin_ctzll(ins))].due <= at;
    due |= (ins & -ins) & -now;
  }
  return due;
}

// Heads that nobody is in the way of pass in one go, with the same outcome. Returns the inputs of the others.
std::uint64_t FabricCore::pass_alone(Unit& u, std::uint64_t due, Cycle at) {
  if ((due & (due - 1)) == 0) return pass_head(u, static_cast<unsigned>(__builtin_ctzll(due)), at) ? 0 : due;
  // Several, one of each input, that want different outputs do not meet.
  std::uint64_t outs = 0;
  for (std::uint64_t ins = due; ins != 0; ins &= ins - 1) {
    const auto in = static_cast<unsigned>(__builtin_ctzll(ins));
    const std::uint32_t vcs = u.inputs[in].heads;
    const PacketTrain& train = *u.buffer(in, static_cast<unsigned>(__builtin_ctz(vcs))).train;
    const std::uint64_t out = std::uint64_t{1} << way(u, train);
    if ((vcs & (vcs - 1)) != 0 || (outs & out) != 0) return due;
    outs |= out;
  }
  std::uint64_t others = 0;
  for (; due != 0; due &= due - 1) {
    if (!pass_head(u, static_cast<unsigned>(__builtin_ctzll(due)), at)) others |= due & -due;
  }
  return others;
}

// Flits here want the switch for the same port.
bool FabricCore::has_rivals(const Unit& u, unsigned in, unsigned out) {
  for (std::uint64_t ins = u.asking; ins != 0; ins &= ins - 1) {
    const auto other = static_cast<unsigned>(__builtin_ctzll(ins));
    if (u.inputs[other].port == in) return true;
    for (std::uint32_t vcs = u.inputs[other].asking; vcs != 0; vcs &= vcs - 1) {
      if (u.buffer(other, static_cast<unsigned>(__builtin_ctz(vcs))).out == out) return true;
    }
  }
  return false;
}

// A head whose whole packet is here or announced, and which is the only one of its input that is due, gets
// its virtual channel, and passes when it is ready. False: it cannot be decided by itself.
bool FabricCore::pass_head(Unit& u, unsigned in, Cycle at) {
  // 1. Which is it?
  Input& input = u.inputs[in];
  unsigned vc = u.vcs;
  Cycle next = kNoCycle;
  for (std::uint32_t vcs = input.heads; vcs != 0; vcs &= vcs - 1) {
    const auto head = static_cast<unsigned>(__builtin_ctz(vcs));
    const Cycle from = u.buffer(in, head).allocate;
    if (from > at) {
      next = std::min(next, from);
    } else if (vc == u.vcs) {
      vc = head;
    } else {
      return false;
    }
  }
  if (vc == u.vcs) {  // the one that was due has been taken back
    input.due = next;
    return true;
  }
  // 2. Is anything in its way?
  if (input.port != in || input.busy > at) return false;
  Buffer& buffer = u.buffer(in, vc);
  const PacketTrain& train = *buffer.train;
  const Stretch& flits = buffer.flits.front();
  if (flits.count != train.total || !train.single()) return false;
  const unsigned out = way(u, train);
  Channel& channel = u.outputs[out];
  if (channel.run.end() > at || !channel.plain || (u.asking != 0 && has_rivals(u, in, out))) return false;
  const int out_vc = pick_vc(buffer, out, free_vcs(channel, vcs_for(u, out, train), at));
  if (out_vc < 0) return false;
  OutputVc& places = channel.vcs[static_cast<unsigned>(out_vc)];
  const Cycle start = send_from(flits.first, at);
  if (places.held < flits.count && affordable(places, places.held, start, flits.count) < flits.count)
    return false;
  // 3. No.
  if (buffer.state == State::waiting) --u.waiters;
  u.clear_head(buffer);
  input.due = next;
  stall(channel, buffer, -1, at);
  buffer.asked = static_cast<std::int16_t>(out * vcs_ + static_cast<unsigned>(out_vc));
  places.granted = static_cast<int>(in * vcs_ + vc);
  pass_packet(u, channel, buffer, static_cast<Index>(out_vc), start);
  return true;
}

}  // namespace moesaic
