// SPDX-License-Identifier: Apache-2.0
// What is announced to a router or source: flits that come, credits that return, and what is taken back of
// them.
#include <algorithm>

#include "hw/d2d/fabric_core.h"
#include "tlm/diagnostics.h"

namespace moesaic {

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

// Those at the front, if all of them have returned. Without a branch: nobody can foresee it.
void FabricCore::settle_front(OutputVc& vc, Cycle at) {
  const Flow& flow = vc.due.front();
  const std::uint32_t returned = !vc.due.empty() & (flow.first + flow.count <= at);
  vc.held += returned * flow.count;
  vc.due.drop_front(returned);
}

bool FabricCore::has_credit(OutputVc& vc, Cycle at) {
  if (vc.held > 0) return true;
  settle_credits(vc, at);
  return vc.held > 0;
}

// How many of `wanted` flits could be sent, one per cycle from `at` on, with `held` credits and those due.
std::uint32_t FabricCore::affordable(const OutputVc& vc, std::int64_t held, Cycle at, std::uint32_t wanted) {
  std::int64_t flits = held;
  for (std::uint32_t i = 0; flits < wanted && i < vc.due.size(); ++i) {
    if (vc.due[i].first > at + static_cast<Cycle>(flits)) break;
    flits += vc.due[i].count;
  }
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(flits, 0, wanted));
}

// `places`: of a virtual channel of an output of `u`.
void FabricCore::add_credits(const Unit& u, OutputVc& places, Flow flow) {
  settle_front(places, now_);
  Ring<Flow, 2>& due = places.due;
  if (!due.empty() && flow.step == 1 && due.back().step == 1 &&
      due.back().first + due.back().count == flow.first) {
    due.back().count += flow.count;
  } else {
    due.push_back(flow);
  }
  // Whoever had to stop for them looks again.
  if (places.starved) wake(u, flow.first);
}

void FabricCore::take_back_credits(Unit& u, Channel& channel, unsigned vc, std::uint32_t by, Cycle at) {
  OutputVc& places = channel.vcs[vc];
  fabric::trim(places.due, by);
  const Run& run = channel.run;
  if (run.end() <= at || run.out_vc != vc) return;
  const Cycle from = std::max(at, run.start);
  const auto left = static_cast<std::uint32_t>(run.end() - from);
  settle_credits(places, at);
  const std::uint32_t possible = affordable(places, places.held + left, from, left);
  if (possible < left) shorten(u, channel, left - possible, at);
}

// --- flits

// `buffer`: of an input of `u`.
inline void FabricCore::append_arrivals(Unit& u, Buffer& buffer, const Stretch& flits) {
  const bool empty = buffer.flits.empty();
  if (!empty && flits.step == 1 && buffer.flits.back().meets(flits)) {
    buffer.flits.back().count += flits.count;
  } else {
    buffer.flits.push_back(flits);
  }
  if (buffer.train == nullptr) {
    buffer.train = flits.train;
    buffer.next = flits.flit;
    u.set_present(buffer);
    head_to_front(u, buffer, buffer.front);
  } else if (buffer.state == State::active) {
    if (!empty) return;
    u.set_asking(buffer);
    wake(u, std::max(buffer.send, flits.first));
  } else if (buffer.state == State::forked && buffer.train == flits.train) {
    extend_copies(u, buffer, flits);
  }
}

// The last flits that were announced to the far end of an output do not come.
void FabricCore::take_back_arrivals(const Channel& channel, std::uint32_t by, Cycle at) {
  Unit& u = *channel.to;
  Buffer& buffer = u.buffer(channel.to_in, channel.run.out_vc);
  // 1. A run that has taken some ends earlier.
  const std::uint32_t there = buffer.announced();
  if (there < by) shorten(u, u.outputs[buffer.input->run_out], by - there, at);
  fabric::trim(buffer.flits, by);
  if (buffer.state == State::forked) shorten_copies(u, buffer);
  // 2. A packet of which nothing has come is not there.
  if (!buffer.flits.empty()) return;
  if (buffer.state == State::active) return u.clear_asking(buffer);
  buffer.train = nullptr;
  buffer.state = State::idle;
  u.clear_present(buffer);
  u.clear_head(buffer);
}

// The packet at the front of a buffer may be looked at from `front` on, or when its head comes.
inline void FabricCore::head_to_front(Unit& u, Buffer& buffer, Cycle front) {
  buffer.front = front;
  if (forks_at(*buffer.train, u)) return fork(u, buffer, front);
  const Cycle arrival = buffer.flits.front().first;
  if (is_source(u)) {
    buffer.state = State::idle;
    u.set_head(buffer, 0);
    return wake(u, std::max(front, arrival));
  }
  buffer.state = State::routing;
  buffer.allocate =
      params_.overlap ? std::max(arrival + params_.route, front) : std::max(arrival, front) + params_.route;
  u.set_head(buffer, buffer.allocate);
  wake(u, buffer.allocate);
}

// The tail of the front packet has left, or will; the next may be looked at from `front` on.
inline void FabricCore::next_packet(Unit& u, Buffer& buffer, Cycle front) {
  if (!buffer.flits.empty()) {
    buffer.train = buffer.flits.front().train;
    buffer.next = buffer.flits.front().flit;
    return head_to_front(u, buffer, front);
  }
  buffer.front = front;
  buffer.train = nullptr;
  buffer.state = State::idle;
  u.clear_present(buffer);
  if (is_source(u)) u.clear_head(buffer);
}

}  // namespace moesaic
