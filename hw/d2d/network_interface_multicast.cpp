// SPDX-License-Identifier: Apache-2.0
// Multicasts that routers copy: one transaction leaves, and one arrives at each of its dies.
#include "hw/d2d/network_interface.h"

namespace moesaic {

// One message for each die, with the parts that arrive there.
void NetworkInterface::make_copies(Message& carrier, std::uint64_t dies) {
  carrier.multicast = std::make_unique<MulticastState>();
  MulticastState& state = *carrier.multicast;
  for (std::uint64_t left = dies; left != 0; left &= left - 1) {
    MessageHeader header = carrier;
    header.destination = NodeId(static_cast<unsigned>(__builtin_ctzll(left)));
    Message& copy = messages_.acquire(header);
    copy.carrier = &carrier;
    copy.data = carrier.data;
    copy.train = carrier.train;
    copy.train.address =
        Address::make(header.destination, AddressUnit::sram, Address::offset(copy.train.address));
    cut_into_parts(copy);
    for (const MessagePart& part : copy.parts) copy.packets_left += part.packets();
    state.copies.push_back(&copy);
  }
  state.under_way = state.copies.size();
}

// Joins the parts of all dies, number by number: what leaves the source, and what runs between forks.
void NetworkInterface::join_parts(Message& carrier, std::uint64_t dies) {
  MulticastState& state = *carrier.multicast;
  const std::vector<MulticastStretch> tree = multicast_tree(topology_, node_, dies);
  for (std::size_t number = 0; number < state.copies.front()->parts.size(); ++number) {
    // 1. The train of each stretch.
    std::vector<MessagePart*> trains;
    for (const MulticastStretch& stretch : tree) {
      if (stretch.fork == kNoNode) {
        for (Message* copy : state.copies) {
          if (copy->destination == stretch.toward()) trains.push_back(&copy->parts[number]);
        }
        continue;
      }
      std::deque<MessagePart>& home = trains.empty() ? carrier.parts : state.inner;
      home.push_back(state.copies.front()->parts[number]);
      home.back().message = &carrier;
      home.back().destination = stretch.toward();
      trains.push_back(&home.back());
    }
    // 2. What follows what.
    for (std::size_t i = 0; i < tree.size(); ++i) {
      if (tree[i].fork == kNoNode) continue;
      state.forks.emplace_back();
      state.forks.back().at = tree[i].fork;
      for (const std::size_t branch : tree[i].branches) state.forks.back().branches.push_back(trains[branch]);
      trains[i]->fork = &state.forks.back();
    }
  }
}

// The parts of single dies that a part stands for.
void NetworkInterface::for_each_copy(MessagePart& part, const std::function<void(MessagePart&)>& action) {
  if (part.fork == nullptr) return action(part);
  for (PacketTrain* branch : part.fork->branches) for_each_copy(static_cast<MessagePart&>(*branch), action);
}

}  // namespace moesaic
