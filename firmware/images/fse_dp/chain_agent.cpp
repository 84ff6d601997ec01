// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/fse_dp/chain_agent.h"

#include <stdexcept>

namespace moesaic::firmware::fse_dp {

namespace {

/// Queues of chains that agents with interrupts use otherwise: credits go out through the queue of slots,
/// loads through two, each with one slice under way.
constexpr unsigned kCredits = Queues::slots;
constexpr unsigned kMoreLoads = Queues::first_lane;
constexpr std::uint32_t kVisitsPerDoorbell = 4;

}  // namespace

ChainAgent::ChainAgent(Hal& hal, const Settings& settings)
    : WaveAgent(hal, settings),
      taken_(plan_.nodes, 0),
      sent_to_(plan_.nodes, 0),
      filled_(plan_.slots, 0),
      used_(plan_.slots, 0) {}

void ChainAgent::allocate_slots() {
  for (std::uint32_t slot = 0; slot < plan_.slots; ++slot)
    queue(Queues::slots)
        .post(slot_allocate(static_cast<std::uint16_t>(kFirstSliceSlot + slot), plan_.slot_at(slot),
                            plan_.slot_bytes, MOESAIC_ANY_NODE));
  queue(kMoreLoads).post(fence().wait(plan_.events.ready, 1));
}

// Dies that are in a wave know all of its slices, and perhaps not those of the wave before: all begin at slot
// 0.
void ChainAgent::begin_wave() {
  posted_ = false;
  taken_.assign(plan_.nodes, 0);
}

void ChainAgent::proceed() {
  if (!active_ || posted_ || !table_complete()) return;
  posted_ = true;
  for (Item& item : items_) {
    for (std::uint32_t slice = 0; slice < plan_.slices.slices; ++slice) {
      if (mine(item)) post_visit(item, slice);
      hal_.charge(MOESAIC_OP_SCAN_ITEM, plan_.nodes);
      for (RingPlace p = 0; p < plan_.nodes; ++p)
        if (holds(item.dies, p)) ++taken_[p];
      if (taken_[place_] % kVisitsPerDoorbell == 0) flush();
    }
    visits_ += item.left;
    visits_left_ -= item.left;
    item.left = 0;
  }
  queue(Queues::compute).post(fence().interrupt(make_tag(kChainDone, 0, 0, 0)));
}

void ChainAgent::post_visit(const Item& item, std::uint32_t slice) {
  hal_.charge(MOESAIC_OP_LOOKUP, 3);
  const std::uint32_t slot = taken_[place_] % plan_.slots;
  const RingPlace first = plan_.ring.first(item.dies);
  const bool last = Ring::descends(place_, item.next);
  // 1. Into the slot, when its last user needs it no more.
  if (first == place_) {
    post_load(item, slice, slot);
  } else {
    RingPlace before = place_;
    do --before;
    while (!holds(item.dies, before));
    const std::uint16_t from = plan_.ring.die(before);
    queue(kCredits).post(fence()
                             .wait(plan_.events.used(slot), used_[slot])
                             .then_signal(from, plan_.events.credit(hal_.node())));
    ++filled_[slot];
  }
  // 2. Compute, and go on.
  if (has_tokens(item)) {
    queue(Queues::compute)
        .post(compute_command(item, slice, slot)
                  .wait(plan_.events.filled(slot), filled_[slot])
                  .then_local(plan_.events.used(slot))
                  .tag(make_tag(kComputed, slot, item.expert, slice)));
    ++used_[slot];
  }
  if (!last) post_send(item, slice, slot);
  // 3. What has only come by ends here.
  if (last && !has_tokens(item))
    queue(kCredits).post(
        fence().wait(plan_.events.filled(slot), filled_[slot]).then_local(plan_.events.used(slot))),
        ++used_[slot];
}

void ChainAgent::post_load(const Item& item, std::uint32_t slice, std::uint32_t slot) {
  Backlog& loads = queue(loads_ % 2 == 0 ? Queues::loads : kMoreLoads);
  loads.post(fence().wait(plan_.events.used(slot), used_[slot]));
  for (Command& command : load_commands(item, slice, slot)) {
    loads.post(
        command.then_local(plan_.events.filled(slot)).tag(make_tag(kLoaded, slot, item.expert, slice)));
    ++filled_[slot];
  }
  ++loads_;
}

void ChainAgent::post_send(const Item& item, std::uint32_t slice, std::uint32_t slot) {
  const std::uint16_t to = plan_.ring.die(item.next);
  const std::uint32_t slot_there = taken_[item.next] % plan_.slots;
  Backlog& sends = queue(Queues::sends);
  sends.post(fence().wait(plan_.events.filled(slot), filled_[slot]));
  sends.post(send(hal_.sram(plan_.slot_at(slot)), sram_address(to, plan_.slot_at(slot_there)),
                  block(plan_.bytes(slice)))
                 .priority(1)
                 .wait(plan_.events.credit(to), ++sent_to_[item.next])
                 .then_signal(to, plan_.events.filled(slot_there))
                 .then_local(plan_.events.used(slot))
                 .tag(make_tag(kSent, slot, item.expert, slice)));
  ++used_[slot];
  ++sends_;
}

void ChainAgent::completed(const moesaic_completion& entry) {
  if (what_of(entry.tag) == kChainDone) store_results();  // else only room in a queue
}

void ChainAgent::received(const moesaic_mail& mail) {
  throw std::runtime_error("a message of unknown kind " + std::to_string(mail.kind));
}

std::vector<std::string> ChainAgent::waits() const {
  if (active_ && !posted_)
    return {"waits for the scheduler on die " + std::to_string(hal_.info().scheduler_node)};
  return {};
}

}  // namespace moesaic::firmware::fse_dp
