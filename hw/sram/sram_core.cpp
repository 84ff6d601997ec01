// SPDX-License-Identifier: Apache-2.0
#include "hw/sram/sram_core.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace moesaic {

namespace {
// A stretch with one active port shorter than this is stepped: the closed form costs a few cycles' work.
constexpr std::uint64_t kLoneWorthwhile = 4;
constexpr std::uint64_t kNoCycle = kNever;

// Ports (0 engine, 1 DMA, 2 fabric) by priority.
std::vector<unsigned> fixed_order(SramArbitration arbitration) {
  switch (arbitration) {
    case SramArbitration::round_robin:
      break;
    case SramArbitration::engine_dma_fabric:
      return {0, 1, 2};
    case SramArbitration::engine_fabric_dma:
      return {0, 2, 1};
    case SramArbitration::dma_engine_fabric:
      return {1, 0, 2};
    case SramArbitration::dma_fabric_engine:
      return {1, 2, 0};
    case SramArbitration::fabric_engine_dma:
      return {2, 0, 1};
    case SramArbitration::fabric_dma_engine:
      return {2, 1, 0};
  }
  return {};
}
}  // namespace

SramCore::SramCore(const SramParams& params, unsigned ports)
    : clock_(Clock::from_hz(params.hz)),
      geometry_(params),
      read_latency_(params.read_latency_cycles),
      write_latency_(params.write_latency_cycles),
      ports_(ports),
      fixed_(fixed_order(params.arbitration)) {
  for (Port& port : ports_) port.lost_to.resize(ports);
}

std::uint64_t SramCore::conflict_cycles(unsigned port) const {
  const std::vector<std::uint64_t>& lost = ports_[port].lost_to;
  return std::accumulate(lost.begin(), lost.end(), std::uint64_t{0});
}

unsigned SramCore::port_in_turn(unsigned k) const {
  return fixed_.empty() ? (first_ + k) % static_cast<unsigned>(ports_.size()) : fixed_[k];
}

void SramCore::arrive(Tick at, unsigned port, std::uint64_t id, const Train& train, SramAccess access) {
  commit_before(at);
  Stream stream;
  stream.id = id;
  stream.train = train;
  if (train.count == 1 || (train.contiguous() && train.period == 0)) {
    // All of it arrives together: one access.
    stream.train = {train.address, static_cast<std::uint32_t>(train.bytes()), 1, train.bytes(), 0};
  }
  stream.access = access;
  stream.arrival = at;
  stream.first_cycle = clock_.cycle_at_or_after(at);
  Port& p = ports_[port];
  if (p.queue.empty()) p.ready = stream.first_cycle;
  p.queue.push_back(stream);
}

void SramCore::advance(Tick now, std::vector<Done>& done) {
  commit_before(now);
  std::size_t n = 0;
  while (n < finishing_.size() && finishing_[n].at <= now) done.push_back(finishing_[n++]);
  finishing_.erase(finishing_.begin(), finishing_.begin() + static_cast<std::ptrdiff_t>(n));
}

Tick SramCore::next_wake() const {
  Tick wake = finishing_.empty() ? kNever : finishing_.front().at;
  for (const Port& port : ports_) {
    if (port.queue.empty()) continue;
    const Stream& head = port.queue.front();
    const BeatPlan plan(head, geometry_.beat_bytes(head.access), clock_);
    wake = std::min(wake, done_time(port, head.access, plan.last_served(cycle_)));
  }
  return wake;
}

Tick SramCore::done_time(const Port& port, SramAccess access, std::uint64_t last_cycle) const {
  const std::uint32_t latency = access == SramAccess::read ? read_latency_ : write_latency_;
  return std::max(clock_.edge(last_cycle + latency), port.last_done);
}

// Decides every cycle whose edge lies before `now`.
void SramCore::commit_before(Tick now) {
  const std::uint64_t end = clock_.cycle_at_or_after(now);
  while (cycle_ < end) {
    // 1. The port that can be served first, and when the next one joins.
    unsigned lone = 0;
    std::uint64_t ready = kNoCycle;
    std::uint64_t joins = kNoCycle;
    for (unsigned p = 0; p < ports_.size(); ++p) {
      const std::uint64_t r = ports_[p].queue.empty() ? kNoCycle : std::max(ports_[p].ready, cycle_);
      joins = std::min(joins, std::max(r, ready));
      if (r < ready) {
        ready = r;
        lone = p;
      }
    }
    // 2. Skip cycles in which nothing can happen.
    if (ready >= end) {
      cycle_ = end;
      return;
    }
    cycle_ = ready;
    // 3. Alone for a while, or cycle by cycle.
    if (joins - ready > kLoneWorthwhile) {
      advance_lone(lone, std::min(joins, end) - 1);
    } else {
      step_cycle();
    }
  }
}

void SramCore::step_cycle() {
  const unsigned count = static_cast<unsigned>(ports_.size());
  served_.clear();
  for (unsigned k = 0; k < count; ++k) {
    const unsigned p = port_in_turn(k);
    Place end;
    BankUse use;
    if (!collect(ports_[p], cycle_, end, use)) continue;
    const auto taken = std::find_if(served_.begin(), served_.end(),
                                    [&](const auto& other) { return geometry_.conflict(use, other.second); });
    if (taken != served_.end()) {
      ++ports_[p].lost_to[taken->first];
      continue;
    }
    served_.emplace_back(p, use);
    move_to(p, end, cycle_);
  }
  if (!served_.empty()) first_ = (served_.front().first + 1) % count;
  ++cycle_;
}

// What the port can move in `cycle`: all that has arrived of the beat at the head of its queue. False when
// nothing has.
bool SramCore::collect(const Port& port, std::uint64_t cycle, Place& end, BankUse& use) const {
  if (port.queue.empty() || port.ready > cycle) return false;
  const Stream& head = port.queue.front();
  const std::uint64_t beat = geometry_.beat_bytes(head.access);
  const std::uint64_t key = head.address() / beat;
  end = {0, head.index, head.offset};
  while (end.stream < port.queue.size()) {
    const Stream& stream = port.queue[end.stream];
    const std::uint64_t begin = stream.train.address_of(end.access) + end.offset;
    if (stream.access != head.access || begin / beat != key) break;
    if (stream.arrival_cycle(end.access, clock_) > cycle) break;
    const std::uint64_t bytes = std::min(stream.train.size - end.offset, (key + 1) * beat - begin);
    use.add(geometry_.use(head.access, begin, begin + bytes));
    end.offset += bytes;
    if (end.offset < stream.train.size) break;
    end.offset = 0;
    if (++end.access == stream.train.count) end = {end.stream + 1, 0, 0};
  }
  return true;
}

// Everything before `place` was served, the last of it in `cycle`.
void SramCore::move_to(unsigned port, const Place& place, std::uint64_t cycle) {
  Port& p = ports_[port];
  for (std::size_t i = 0; i < place.stream; ++i) finish_head(port, cycle);
  if (p.queue.empty()) return;
  Stream& head = p.queue.front();
  if (place.stream == 0 || place.access != 0 || place.offset != 0) {
    head.index = place.access;
    head.offset = place.offset;
  }
  p.ready = head.arrival_cycle(head.index, clock_);
}

void SramCore::finish_head(unsigned port, std::uint64_t cycle) {
  Port& p = ports_[port];
  const Stream& head = p.queue.front();
  p.last_done = done_time(p, head.access, cycle);
  const Done done{p.last_done, port, head.id};
  const auto later = [](const Done& a, const Done& b) {
    return std::tie(a.at, a.port) < std::tie(b.at, b.port);
  };
  finishing_.insert(std::upper_bound(finishing_.begin(), finishing_.end(), done, later), done);
  p.queue.pop_front();
}

bool SramCore::serve(unsigned port, std::uint64_t cycle) {
  Place end;
  BankUse use;
  if (!collect(ports_[port], cycle, end, use)) return false;
  move_to(port, end, cycle);
  return true;
}

// Only `port` can be served in the cycles from cycle_ to `limit`.
void SramCore::advance_lone(unsigned port, std::uint64_t limit) {
  Port& p = ports_[port];
  bool served = false;
  std::uint64_t first = cycle_;
  while (!p.queue.empty() && first <= limit) {
    Stream& head = p.queue.front();
    const std::uint64_t beat = geometry_.beat_bytes(head.access);
    const BeatPlan plan(head, beat, clock_);
    // 1. A shape without closed form: beat by beat.
    if (!plan.regular()) {
      const std::uint64_t cycle = std::max(first, p.ready);
      if (cycle > limit) break;
      served |= serve(port, cycle);
      first = cycle + 1;
      continue;
    }
    // 2. It ends within the limit. Its last beat is served together with what follows in the same beat.
    const std::uint64_t last = plan.last_served(first);
    if (last <= limit) {
      const std::uint64_t beats = plan.count() - 1;
      plan.skip(head, beats);
      p.ready = 0;  // its accesses have arrived by `last`
      served |= serve(port, last);
      first = last + 1;
      continue;
    }
    // 3. It does not: whole beats, then what has arrived of the next one.
    const std::uint64_t beats = plan.served_by(limit, first);
    const std::uint64_t behind = beats == 0 ? first : plan.served(beats - 1, first) + 1;
    plan.skip(head, beats);
    p.ready = head.arrival_cycle(head.index, clock_);
    served |= beats > 0;
    if (behind <= limit) served |= serve(port, limit);
    break;
  }
  if (served) first_ = (port + 1) % static_cast<unsigned>(ports_.size());
  cycle_ = limit + 1;
}

}  // namespace moesaic
