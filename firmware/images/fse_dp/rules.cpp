// SPDX-License-Identifier: Apache-2.0
// The virtualization rules, and how a slice gets from one die to the next.
#include <stdexcept>

#include "firmware/images/fse_dp/agent.h"

namespace moesaic::firmware::fse_dp {

namespace {

/// Computes that are posted at once: while one runs, the engine has the next, and no gap for the firmware.
constexpr std::uint32_t kComputesAhead = 2;
/// Loads under way at once: while one ends, the next keeps the memory busy. More would only make each slower.
constexpr std::uint32_t kLoadsAhead = 2;

}  // namespace

RuleAgent::RuleAgent(Hal& hal, const Settings& settings)
    : WaveAgent(hal, settings),
      allocated_{plan_.events.allocated},
      grants_given_(plan_.nodes, 0),
      slots_(plan_.slots, plan_.levels),
      arrived_(hal),
      stored_(hal),
      asks_(plan_.levels, ChargedQueue<Ask>(hal)),
      room_(plan_.nodes, slots_.room(0)),
      room_told_(slots_.room(0)),
      given_(hal) {
  for (std::uint32_t lane = 0; lane < plan_.lanes; ++lane)
    lanes_.push_back({false, {plan_.events.arrived(lane)}});
}

void RuleAgent::begin_wave() {
  for (LoadStream* stream : {&streams_[0], &streams_[1], &gift_}) stream->item = stream->slice = 0;
  first_open_ = 0;
}

void RuleAgent::completed(const moesaic_completion& entry) {
  const SlotId slot = slot_of(entry.tag);
  switch (what_of(entry.tag)) {
    case kLoaded:
      if (--slots_[slot].pieces == 0) loaded(slot);
      break;
    case kArrived:
      arrived(slot, entry.queue - Queues::first_lane);
      break;
    case kComputed:
      --computing_;
      --computes_due_;
      slots_[slot].compute_due = false;
      release_if_done(slot);
      break;
    case kSent:
      slots_[slot].send_due = false;
      release_if_done(slot);
      break;
    default:
      break;
  }
}

void RuleAgent::received(const moesaic_mail& mail) {
  switch (mail.kind) {
    case kAskMail:
      return take_ask(read_ask(mail));
    case kGrantMail:
      return send(read_grant(mail));
    case kRoomMail:
      hal_.charge(MOESAIC_OP_LOOKUP);
      room_[plan_.ring.place(mail.source_node)] = mail_word(mail, 0);
      return;
    case kEnterMail:
      return given_.push_back({mail_word(mail, 0), mail_word(mail, 1)});
    case kEnteredMail:
      --gift_.loading;
      return;
    default:
      throw std::runtime_error("a message of unknown kind " + std::to_string(mail.kind));
  }
}

// Arrivals come before own loads: what is already in the package should leave it first.
void RuleAgent::proceed() {
  if (!active_) return;
  compute_slices();
  for (std::uint32_t level = plan_.levels; level > 0; --level) grant_asks(level - 1);
  if (settings_.rules.to_most_free) {
    take_given();
    give_slices();
    tell_room();
  } else {
    load_slices();
  }
  if (visits_left_ == 0 && table_complete() && all_given()) store_results();
}

// Rules 1 and 2. Without rule 2 the engine waits for what is under way to this die.
void RuleAgent::compute_slices() {
  bool expected = false;
  for (const Lane& lane : lanes_) expected = expected || lane.busy;
  while (computing_ < kComputesAhead) {
    if (!arrived_.empty()) {
      compute(arrived_.front());  // asked for already, when it arrived
      arrived_.pop();
    } else if (!stored_.empty() && (settings_.rules.any_stored || !expected)) {
      const SlotId slot = take_stored();
      ask_next_die(slot);
      compute(slot);
    } else {
      return;
    }
  }
}

// "Any", says rule 2: the oldest.
SlotId RuleAgent::take_stored() {
  return stored_.take(0);
}

void RuleAgent::compute(SlotId slot) {
  hal_.charge(MOESAIC_OP_LOOKUP);
  const Visit& visit = slots_[slot];
  queue(Queues::compute)
      .post(compute_command(items_[visit.item], visit.slice, slot).interrupt(tag(kComputed, slot)));
  ++computing_;
  decide("computes " + describe(slot));
}

void RuleAgent::loaded(SlotId slot) {
  const Visit& visit = slots_[slot];
  if (settings_.rules.to_most_free) {
    const std::uint16_t expert = items_[visit.item].expert;
    const std::uint16_t memory = plan_.ring.die(storage_.memory(expert, visit.slice));
    if (memory == hal_.node())
      --gift_.loading;
    else
      outbox_.send(words_mail(memory, MOESAIC_AGENT, kEnteredMail, expert, visit.slice));
  } else {
    --streams_[visit.own_stream ? 0 : 1].loading;
  }
  take_in(slot, false);
}

void RuleAgent::arrived(SlotId slot, std::uint32_t lane) {
  lanes_[lane].busy = false;
  take_in(slot, true);
}

// A die without tokens for the expert only passes it on. Without rule 1 an arrival is as good as a load.
void RuleAgent::take_in(SlotId slot, bool has_arrived) {
  Visit& visit = slots_[slot];
  visit.present = true;
  if (!visit.compute_due) {
    ask_next_die(slot);
    release_if_done(slot);
  } else if (has_arrived && settings_.rules.arrivals_first) {
    arrived_.push(slot);
    ask_next_die(slot);
  } else {
    stored_.push_back(slot);
  }
}

void RuleAgent::ask_next_die(SlotId slot) {
  const Visit& visit = slots_[slot];
  if (!visit.send_due) return;
  const Item& item = items_[visit.item];
  hal_.charge(MOESAIC_OP_LOOKUP);
  outbox_.send(ask_mail(plan_.ring.die(item.next), {item.expert, visit.slice, visit.entry, slot,
                                                    static_cast<std::uint16_t>(visit.level), hal_.node()}));
}

void RuleAgent::take_ask(const Ask& ask) {
  const bool descends = Ring::descends(plan_.ring.place(ask.from), place_);
  const std::uint32_t level = std::min<std::uint32_t>(plan_.levels - 1, ask.level + (descends ? 1 : 0));
  asks_[level].push(ask);
}

void RuleAgent::grant_asks(std::uint32_t level) {
  ChargedQueue<Ask>& asks = asks_[level];
  for (std::uint16_t lane = 0; lane < lanes_.size() && !asks.empty(); ++lane) {
    if (lanes_[lane].busy) continue;
    if (!slots_.admits(level) || !knows(asks.front().expert)) return;
    grant(asks.front(), level, lane);
    asks.pop();
  }
}

void RuleAgent::grant(const Ask& ask, std::uint32_t level, std::uint16_t lane) {
  // 1. The slot, and a lane that sees the data arrive in it.
  const SlotId slot = occupy(item_of_[ask.expert], ask.slice, ask.entry, level);
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

void RuleAgent::send(const Grant& grant) {
  const SlotId slot = grant.asker_slot;
  hal_.charge(MOESAIC_OP_LOOKUP);
  queue(Queues::sends)
      .post(firmware::send(hal_.sram(plan_.slot_at(slot)),
                           sram_address(grant.from, plan_.slot_at(grant.slot)),
                           block(plan_.bytes(slots_[slot].slice)))
                .wait(plan_.events.granted(grant.from), grant.number)
                .then_signal(grant.from, plan_.events.arrived(grant.lane))
                .interrupt(tag(kSent, slot)));
  ++sends_;
}

// Rule 3: a slot is free when its slice has been computed and, if there is a next die, sent. Without, slots
// are freed together, when all slices that the die has room for have been computed.
void RuleAgent::release_if_done(SlotId slot) {
  const Visit& visit = slots_[slot];
  if (visit.present && !visit.compute_due && !visit.send_due) {
    if (settings_.rules.eager_release)
      release(slot);
    else
      finished_.push_back(slot);
  }
  if (computes_due_ > 0) return;
  for (const SlotId each : finished_) release(each);
  finished_.clear();
}

void RuleAgent::release(SlotId slot) {
  queue(Queues::slots).post(slot_release(static_cast<std::uint16_t>(kFirstSliceSlot + slot)));
  visit_over(items_[slots_[slot].item]);
  slots_.release(slot);
}

// Rule 4; without, a die loads when it has nothing left to compute.
bool RuleAgent::may_load() const {
  return slots_.admits(0) && (settings_.rules.greedy_loads || computes_due_ == 0);
}

// Without fusing an expert is loaded when all before it have left this die.
bool RuleAgent::may_load(std::uint16_t item) {
  if (settings_.fuse) return true;
  while (first_open_ < items_.size() && items_[first_open_].left == 0) ++first_open_;
  return item <= first_open_;
}

// The stream whose next slice comes first in load order goes first.
void RuleAgent::load_slices() {
  while (may_load()) {
    LoadStream* next = nullptr;
    for (LoadStream& stream : streams_) {
      if (stream.loading == kLoadsAhead || !find_load(stream) || !may_load(stream.item)) continue;
      if (next == nullptr || stream.before(*next)) next = &stream;
    }
    if (next == nullptr) return;
    slots_[load_slice(next->item, next->slice)].own_stream = next->own;
    ++next->loading;
    ++next->slice;
  }
}

// Moves a stream to its next slice that enters the ring here.
bool RuleAgent::find_load(LoadStream& stream) {
  for (; stream.item < items_.size(); ++stream.item, stream.slice = 0) {
    const Item& item = items_[stream.item];
    for (; mine(item) && stream.slice < plan_.slices.slices; ++stream.slice) {
      hal_.charge(MOESAIC_OP_LOOKUP);
      const bool own = storage_.memory(item.expert, stream.slice) == place_;
      if (own == stream.own && entry_of(item, stream.slice) == place_) return true;
    }
  }
  return false;
}

SlotId RuleAgent::load_slice(std::uint16_t item, std::uint16_t slice) {
  const SlotId slot = occupy(item, slice, place_, 0);
  queue(Queues::slots).post(allocate(slot, MOESAIC_NO_NODE).then_local(allocated_.event));
  const std::uint32_t slots_allocated = allocated_.expect();
  for (Command& command : load_commands(items_[item], slice, slot)) {
    queue(Queues::loads).post(command.wait(allocated_.event, slots_allocated).interrupt(tag(kLoaded, slot)));
    ++slots_[slot].pieces;
  }
  ++loads_;
  decide("loads " + describe(slot));
  return slot;
}

SlotId RuleAgent::occupy(std::uint16_t item, std::uint16_t slice, RingPlace entry, std::uint32_t level) {
  hal_.charge(MOESAIC_OP_LOOKUP);
  Visit visit;
  visit.item = item;
  visit.slice = slice;
  visit.entry = entry;
  visit.level = level;
  visit.compute_due = has_tokens(items_[item]);
  visit.send_due = items_[item].next != entry;
  if (visit.compute_due) ++computes_due_;
  return slots_.take(visit);
}

Command RuleAgent::allocate(SlotId slot, std::uint16_t writer) const {
  return slot_allocate(static_cast<std::uint16_t>(kFirstSliceSlot + slot), plan_.slot_at(slot),
                       plan_.slot_bytes, writer);
}

std::uint32_t RuleAgent::tag(What what, SlotId slot) const {
  const Visit& visit = slots_[slot];
  return make_tag(what, slot, items_[visit.item].expert, visit.slice);
}

}  // namespace moesaic::firmware::fse_dp
