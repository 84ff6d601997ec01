// SPDX-License-Identifier: Apache-2.0
// The virtualization rules, and how a slice gets from one die to the next.
#include "firmware/images/fse_dp/agent.h"

namespace moesaic::firmware::fse_dp {

namespace {

/// Computes that are posted at once: while one runs, the engine has the next, and no gap for the firmware.
constexpr std::uint32_t kComputesAhead = 2;
/// Loads under way at once: while one ends, the next keeps the memory busy. More would only make each slower.
constexpr std::uint32_t kLoadsAhead = 2;

}  // namespace

// Arrivals come before own loads: what is already in the package should leave it first.
void Agent::apply_rules() {
  if (streaming_) {
    compute_slices();
    grant_asks(asks_past_seam_, true);
    grant_asks(asks_before_seam_, false);
    load_slices();
    if (visits_left_ == 0) store_results();
  }
  flush();
}

// Rules 1 and 2.
void Agent::compute_slices() {
  while (computing_ < kComputesAhead) {
    if (!arrived_.empty()) {
      compute(arrived_.front());  // asked for already, when it arrived
      arrived_.pop();
    } else if (!stored_.empty()) {
      const SlotId slot = take_stored();
      ask_next_die(slot);
      compute(slot);
    } else {
      return;
    }
  }
}

// "Any", says rule 2: the oldest.
SlotId Agent::take_stored() {
  return stored_.take(0);
}

void Agent::compute(SlotId slot) {
  hal_.charge(MOESAIC_OP_LOOKUP);
  const Visit& visit = slots_[slot];
  const std::uint16_t expert = items_[visit.item].expert;
  const TokenList& list = lists_[expert];
  const std::uint32_t columns = plan_.columns(visit.slice);
  moesaic_ffn body = ffn_of_model(hal_.info());
  body.x = plan_.x_base;
  body.y = plan_.y_base;
  body.gate_weights = plan_.slot_at(slot);
  body.up_weights = body.gate_weights + columns * plan_.hidden;
  body.down_weights = body.up_weights + columns * plan_.hidden;
  body.list = list.offset;
  body.list_count = static_cast<std::uint16_t>(list.entries.size());
  body.f_count = static_cast<std::uint16_t>(columns);
  body.f_begin = static_cast<std::uint16_t>(visit.slice * plan_.slices.columns);
  body.layer = static_cast<std::uint16_t>(layer_);
  body.expert = expert;
  queue(Queues::compute).post(ffn(body).accumulate().interrupt(tag(kComputed, slot)));
  ++computing_;
  decide("computes " + describe(slot));
}

void Agent::note_arrival(SlotId slot, std::uint32_t lane) {
  lanes_[lane].busy = false;
  slots_[slot].present = true;
  arrived_.push(slot);
  ask_next_die(slot);
}

void Agent::ask_next_die(SlotId slot) {
  const Visit& visit = slots_[slot];
  if (!visit.send_due) return;
  const Item& item = items_[visit.item];
  hal_.charge(MOESAIC_OP_LOOKUP);
  const std::uint16_t next = plan_.ring.die(plan_.ring.next(item.dies, place_));
  outbox_.send(ask_mail(next, {item.expert, visit.slice, visit.entry, slot, hal_.node()}));
}

void Agent::grant_asks(ChargedQueue<Ask>& asks, bool past_seam) {
  for (std::uint16_t lane = 0; lane < lanes_.size() && !asks.empty(); ++lane) {
    if (lanes_[lane].busy) continue;
    if (!slots_.admits(past_seam)) return;
    grant(asks.front(), past_seam, lane);
    asks.pop();
  }
}

void Agent::grant(const Ask& ask, bool past_seam, std::uint16_t lane) {
  // 1. The slot, and a lane that sees the data arrive in it.
  const SlotId slot = occupy(item_of_.at(ask.expert), ask.slice, ask.entry, past_seam);
  Lane& watch = lanes_[lane];
  watch.busy = true;
  queue(Queues::slots)
      .post(allocate(slot, ask.from).then_signal(ask.from, plan_.events.granted(hal_.node())));
  queue(Queues::first_lane + lane)
      .post(fence().wait(watch.arrived.event, watch.arrived.expect()).interrupt(tag(kArrived, slot)));
  decide("grants to die " + std::to_string(ask.from) + ": " + describe(slot));
  // 2. The asker may send as soon as the slot is allocated.
  outbox_.send(grant_mail(ask.from, {ask.slot, slot, lane, ++grants_given_[ask.from], hal_.node()}));
}

void Agent::send(const Grant& grant) {
  const SlotId slot = grant.asker_slot;
  hal_.charge(MOESAIC_OP_LOOKUP);
  const std::uint32_t bytes = 3 * plan_.columns(slots_[slot].slice) * plan_.hidden;
  queue(Queues::sends)
      .post(firmware::send(hal_.sram(plan_.slot_at(slot)),
                           sram_address(grant.from, plan_.slot_at(grant.slot)), block(bytes))
                .wait(plan_.events.granted(grant.from), grant.number)
                .then_signal(grant.from, plan_.events.arrived(grant.lane))
                .interrupt(tag(kSent, slot)));
  ++sends_;
}

// Rule 3: a slot is free when its slice has been computed and, if there is a next die, sent.
void Agent::release_if_done(SlotId slot) {
  const Visit& visit = slots_[slot];
  if (visit.compute_due || visit.send_due) return;
  queue(Queues::slots).post(slot_release(static_cast<std::uint16_t>(kFirstSliceSlot + slot)));
  slots_.release(slot);
  --visits_left_;
  ++visits_;
}

// Rule 4. The stream whose next slice comes first in load order goes first.
void Agent::load_slices() {
  while (slots_.admits(false)) {
    LoadStream* next = nullptr;
    for (LoadStream& stream : streams_) {
      if (stream.loading == kLoadsAhead || !find_load(stream)) continue;
      if (next == nullptr || stream.before(*next)) next = &stream;
    }
    if (next == nullptr) return;
    load_slice(*next);
  }
}

void Agent::load_slice(LoadStream& stream) {
  const std::uint16_t expert = items_[stream.item].expert;
  const SlotId slot = occupy(stream.item, stream.slice, place_, false);
  queue(Queues::slots).post(allocate(slot, MOESAIC_NO_NODE).then_local(allocated_.event));
  queue(Queues::loads)
      .post(load(storage_.slice(layer_, expert, stream.slice), hal_.sram(plan_.slot_at(slot)),
                 block(3 * plan_.columns(stream.slice) * plan_.hidden))
                .wait(allocated_.event, allocated_.expect())
                .interrupt(tag(kLoaded, slot)));
  ++stream.loading;
  ++loads_;
  decide("loads " + describe(slot));
  ++stream.slice;
}

// Moves a stream to its next slice that enters the ring here: its memory is this die's, or this die is the
// nearest of its trajectory.
bool Agent::find_load(LoadStream& stream) {
  for (; stream.item < items_.size(); ++stream.item, stream.slice = 0) {
    const Item& item = items_[stream.item];
    for (; stream.slice < plan_.slices.slices; ++stream.slice) {
      hal_.charge(MOESAIC_OP_LOOKUP);
      const RingPlace memory = storage_.memory(item.expert, stream.slice);
      if ((memory == place_) == stream.own && plan_.ring.entry(item.dies, memory) == place_) return true;
    }
  }
  return false;
}

SlotId Agent::occupy(std::uint16_t item, std::uint16_t slice, RingPlace entry, bool past_seam) {
  hal_.charge(MOESAIC_OP_LOOKUP);
  Visit visit;
  visit.item = item;
  visit.slice = slice;
  visit.entry = entry;
  visit.past_seam = past_seam;
  visit.send_due = plan_.ring.next(items_[item].dies, place_) != entry;
  return slots_.take(visit);
}

Command Agent::allocate(SlotId slot, std::uint16_t writer) const {
  return slot_allocate(static_cast<std::uint16_t>(kFirstSliceSlot + slot), plan_.slot_at(slot),
                       plan_.slot_bytes, writer);
}

std::string Agent::describe(SlotId slot) const {
  const Visit& visit = slots_[slot];
  return "slice " + std::to_string(visit.slice) + " of expert " + std::to_string(items_[visit.item].expert) +
         " in slot " + std::to_string(slot);
}

std::vector<std::string> Agent::waits() const {
  std::vector<std::string> lines;
  if (own_ > 0 && !streaming_ && visits_left_ == 0)
    lines.push_back("waits for the scheduler on die " + std::to_string(hal_.info().scheduler_node));
  for (SlotId slot = 0; slot < slots_.size(); ++slot) {
    if (!slots_.taken(slot)) continue;
    const Visit& visit = slots_[slot];
    const std::uint16_t next = plan_.ring.die(plan_.ring.next(items_[visit.item].dies, place_));
    if (!visit.present) {
      lines.push_back(describe(slot) + " has not arrived");
    } else if (visit.send_due) {
      lines.push_back(describe(slot) + (visit.compute_due ? "" : " is computed and") + " waits for die " +
                      std::to_string(next) + " to grant a slot");
    }
  }
  const std::size_t asked = asks_past_seam_.size() + asks_before_seam_.size();
  if (asked > 0)
    lines.push_back(std::to_string(asked) + " slices of other dies wait for a slot here; all " +
                    std::to_string(slots_.size()) + " are taken or reserved");
  return lines;
}

std::uint32_t Agent::tag(What what, SlotId slot) const {
  const Visit& visit = slots_[slot];
  return make_tag(what, slot, items_[visit.item].expert, visit.slice);
}

void Agent::flush() {
  for (Backlog& each : queues_) each.flush();
}

}  // namespace moesaic::firmware::fse_dp
