// SPDX-License-Identifier: Apache-2.0
// Rule 5: the memory of a die deals its slices, in load order, to that die of the trajectory which has most
// free slots. Dies tell the memories how many they have by mail, so what a memory knows is a little old. And
// what an agent says when the run hangs.
#include "firmware/images/fse_dp/agent.h"

namespace moesaic::firmware::fse_dp {

namespace {

constexpr std::uint32_t kGiftsAhead = 2;  ///< loads from one memory under way at once

}  // namespace

void RuleAgent::give_slices() {
  room_[place_] = room_here();
  while (gift_.loading < kGiftsAhead && find_gift()) {
    const Item& item = items_[gift_.item];
    RingPlace to = plan_.ring.nearest(item.dies, place_);
    hal_.charge(MOESAIC_OP_SCAN_ITEM, plan_.nodes);
    for (RingPlace p = 0; p < plan_.nodes; ++p)
      if (holds(item.dies, p) && room_[p] > room_[to]) to = p;
    if (room_[to] == 0) break;
    --room_[to];
    ++gift_.loading;
    decide("gives slice " + std::to_string(gift_.slice) + " of expert " + std::to_string(item.expert) +
           " to die " + std::to_string(plan_.ring.die(to)));
    if (to == place_)
      given_.push_back({item.expert, gift_.slice});
    else
      outbox_.send(words_mail(plan_.ring.die(to), MOESAIC_AGENT, kEnterMail, item.expert, gift_.slice));
    ++gift_.slice;
  }
  take_given();
}

bool RuleAgent::all_given() {
  return !settings_.rules.to_most_free || !find_gift();
}

bool RuleAgent::find_gift() {
  if (!serves_others()) return false;
  for (; gift_.item < items_.size(); ++gift_.item, gift_.slice = 0) {
    for (; gift_.slice < plan_.slices.slices; ++gift_.slice) {
      hal_.charge(MOESAIC_OP_LOOKUP);
      if (storage_.memory(items_[gift_.item].expert, gift_.slice) == place_) return true;
    }
  }
  return false;
}

void RuleAgent::take_given() {
  while (!given_.empty() && may_load()) {
    const Entering next = given_.items().front();
    if (!knows(next.expert)) return;
    given_.take(0);
    load_slice(item_of_[next.expert], next.slice);
  }
}

std::uint32_t RuleAgent::room_here() const {
  const std::uint32_t room = slots_.room(0);
  return room - std::min<std::uint32_t>(room, static_cast<std::uint32_t>(given_.size()));
}

void RuleAgent::tell_room() {
  const std::uint32_t room = room_here();
  if (room == room_told_) return;
  room_told_ = room;
  for (const std::uint16_t die : storage_.memories())
    if (die != hal_.node())
      outbox_.send(words_mail(die, MOESAIC_AGENT, kRoomMail, static_cast<std::uint16_t>(room)));
}

void RuleAgent::publish_counts() {}

std::string RuleAgent::describe(SlotId slot) const {
  const Visit& visit = slots_[slot];
  return "slice " + std::to_string(visit.slice) + " of expert " + std::to_string(items_[visit.item].expert) +
         " in slot " + std::to_string(slot);
}

std::vector<std::string> RuleAgent::waits() const {
  std::vector<std::string> lines;
  if (active_ && !table_complete())
    lines.push_back("waits for the scheduler on die " + std::to_string(hal_.info().scheduler_node));
  for (SlotId slot = 0; slot < slots_.size(); ++slot) {
    if (!slots_.taken(slot)) continue;
    const Visit& visit = slots_[slot];
    const std::uint16_t next = plan_.ring.die(items_[visit.item].next);
    if (!visit.present) {
      lines.push_back(describe(slot) + " has not arrived");
    } else if (visit.send_due) {
      lines.push_back(describe(slot) + (visit.compute_due ? "" : " is computed and") + " waits for die " +
                      std::to_string(next) + " to grant a slot");
    }
  }
  std::size_t asked = 0;
  for (const ChargedQueue<Ask>& asks : asks_) asked += asks.size();
  if (asked > 0)
    lines.push_back(std::to_string(asked) + " slices of other dies wait for a slot here; all " +
                    std::to_string(slots_.size()) + " are taken or reserved");
  return lines;
}

}  // namespace moesaic::firmware::fse_dp
