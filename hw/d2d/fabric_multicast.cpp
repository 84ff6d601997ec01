// SPDX-License-Identifier: Apache-2.0
// Packets that a router copies. The copies of a packet that has come to the front of its buffer wait, are
// allocated and leave each by itself, as if each stood in a buffer of its own behind the same input port; a
// flit's place is free when its last copy has left, and the next packet comes to the front behind the last
// tail. A port reads one flit of its buffers in a cycle, and the switch may pass it to several outputs.
//
// Deadlock: a copy waits for nothing that a packet of the same route would not wait for. Its flits come
// whether or not the other copies move, since the buffer behind the front holds a whole packet (check() in
// format.cpp), and no copy holds a virtual channel while it waits for another one.
#include <algorithm>

#include "hw/d2d/fabric_core.h"
#include "hw/d2d/multicast_tree.h"
#include "tlm/diagnostics.h"

namespace moesaic {

// Inputs for copies stand behind those of the ports; they are fed by nobody.
void FabricCore::add_copy_inputs() {
  if (!multicast_problems(topology_).empty())
    panic("d2d fabric", 0, "a multicast fabric whose routers cannot copy packets");
  const std::vector<std::vector<unsigned>> copies = copies_by_input(topology_);
  for (unsigned n = 0; n < nodes_; ++n) {
    std::vector<Input>& inputs = units_[n].inputs;
    for (unsigned port = 0; port < copies[n].size(); ++port) {
      inputs[port].first_copy = static_cast<unsigned>(inputs.size());
      inputs[port].copies = copies[n][port];
      for (unsigned i = 0; i < copies[n][port]; ++i) {
        inputs.emplace_back();
        inputs.back().vcs.resize(vcs_);
        inputs.back().port = port;
      }
    }
  }
}

bool FabricCore::forks_at(const PacketTrain& train, unsigned unit) {
  return train.fork != nullptr && index_of(train.fork->at) == unit;
}

// The packet at the front of a buffer may be looked at from `front` on: so may its copies.
void FabricCore::fork(unsigned unit, unsigned in, unsigned vc, Cycle front) {
  Input& input = units_[unit].inputs[in];
  InputVc& buffer = input.vcs[vc];
  const Stay& stay = buffer.stays.front();
  const std::vector<PacketTrain*>& branches = stay.train->fork->branches;
  if (branches.size() > input.copies) panic("d2d fabric", front, "a packet has more copies than outputs");
  buffer.state = State::forked;
  buffer.allocate = kNoCycle;
  buffer.copies = static_cast<unsigned>(branches.size());
  buffer.freed = stay.next;
  for (unsigned i = 0; i < branches.size(); ++i) {
    Input& reader = units_[unit].inputs[input.first_copy + i];
    InputVc& copy = reader.vcs[vc];
    copy.stays.push_back({branches[i], stay.next, stay.next});
    reader.waiting |= 1u << vc;
  }
  for (std::size_t i = 0; i < buffer.arrivals.size(); ++i) extend_copies(unit, in, vc, buffer.arrivals[i]);
  for (unsigned i = 0; i < branches.size(); ++i) head_to_front(unit, input.first_copy + i, vc, front);
}

// `flow` follows what the copies of the front packet have: as much of it as belongs to that packet.
void FabricCore::extend_copies(unsigned unit, unsigned in, unsigned vc, Flow flow) {
  Input& input = units_[unit].inputs[in];
  const InputVc& buffer = input.vcs[vc];
  const Stay& stay = buffer.stays.front();
  const std::uint32_t end = stay.train->packet_end(stay.next);
  for (unsigned i = 0; i < stay.train->fork->branches.size(); ++i) {
    InputVc& copy = units_[unit].inputs[input.first_copy + i].vcs[vc];
    if (copy.stays.empty()) continue;  // it has left
    const std::uint32_t count = std::min(flow.count, end - copy.stays.front().end);
    if (count == 0) continue;
    copy.arrivals.push_back({flow.first, count, flow.step});
    copy.stays.front().end += count;
    if (copy.state == State::active && !copy.running) wake(unit, flow.first);
  }
}

// The buffer's flits have become fewer.
void FabricCore::shorten_copies(unsigned unit, unsigned in, unsigned vc) {
  Input& input = units_[unit].inputs[in];
  InputVc& buffer = input.vcs[vc];
  const Stay& stay = buffer.stays.front();
  const std::uint32_t end = std::min(stay.end, stay.train->packet_end(stay.next));
  for (unsigned i = 0; i < stay.train->fork->branches.size(); ++i) {
    Input& reader = units_[unit].inputs[input.first_copy + i];
    InputVc& copy = reader.vcs[vc];
    if (copy.stays.empty()) continue;
    Stay& own = copy.stays.front();
    trim(copy.arrivals, own.end - std::min(own.end, end));
    own.end = std::min(own.end, end);
    if (stay.next != end) continue;
    // Nothing of the packet is there.
    copy.stays.pop_back();
    copy.state = State::idle;
    reader.waiting &= ~(1u << vc);
  }
}

// A copy's next flit passes at `at`: when it is the last to take it, its place is free.
void FabricCore::free_copied(unsigned unit, unsigned in, unsigned vc, Cycle at) {
  const unsigned port = units_[unit].inputs[in].port;
  Input& input = units_[unit].inputs[port];
  InputVc& buffer = input.vcs[vc];
  const Stay& stay = buffer.stays.front();
  std::uint32_t passed = stay.train->packet_end(stay.next);
  for (unsigned i = 0; i < stay.train->fork->branches.size(); ++i) {
    const InputVc& copy = units_[unit].inputs[input.first_copy + i].vcs[vc];
    if (!copy.stays.empty()) passed = std::min(passed, copy.stays.front().next + (copy.running ? 1 : 0));
  }
  if (passed == buffer.freed) return;
  const std::uint32_t count = passed - buffer.freed;
  buffer.freed = passed;
  if (observer_ != nullptr) observer_->freed(NodeId(unit), port, vc, count, at);
  const Channel& before = units_[input.from].outputs[input.from_out];
  add_credits(input.from, input.from_out, vc, {at + before.backward, count, 1});
}

// The tail of a copy has left; behind the last one, the next packet may be looked at from `next` on.
void FabricCore::copy_left(unsigned unit, unsigned in, unsigned vc, Cycle next) {
  const unsigned port = units_[unit].inputs[in].port;
  InputVc& buffer = units_[unit].inputs[port].vcs[vc];
  if (--buffer.copies > 0) return;
  Stay& stay = buffer.stays.front();
  std::uint32_t count = stay.train->packet_end(stay.next) - stay.next;
  stay.next += count;
  while (count > 0) {
    Flow& flow = buffer.arrivals.front();
    const std::uint32_t taken = std::min(count, flow.count);
    flow.first += std::uint64_t{flow.step} * taken;
    flow.count -= taken;
    count -= taken;
    if (flow.count == 0) buffer.arrivals.pop_front();
  }
  packet_left(unit, port, vc, next);
}

// Of the requests that the inputs have picked, drops those that would read a second flit from a port.
void FabricCore::read_ports(unsigned unit, std::array<int, kMostPorts>& picked) {
  Unit& u = units_[unit];
  for (unsigned port = 0; port < u.inputs.size() && u.inputs[port].port == port; ++port) {
    const Input& input = u.inputs[port];
    if (input.copies == 0) continue;
    // 1. The one next in turn; certain requests before speculative.
    const auto member = [&](unsigned i) { return i == 0 ? port : input.first_copy + i - 1; };
    const Request* chosen = nullptr;
    for (unsigned k = 0; k <= input.copies; ++k) {
      const int pick = picked[member((input.next_copy + k) % (input.copies + 1))];
      if (pick < 0) continue;
      const Request& r = requests_[static_cast<std::size_t>(pick)];
      if (chosen == nullptr || (chosen->speculative && !r.speculative)) chosen = &r;
    }
    if (chosen == nullptr) continue;
    // 2. With it, other copies of the same flit.
    const auto next_flit = [&](const Request& r) { return u.inputs[r.in].vcs[r.vc].stays.front().next; };
    for (unsigned i = 0; i <= input.copies; ++i) {
      int& pick = picked[member(i)];
      if (pick < 0) continue;
      const Request& r = requests_[static_cast<std::size_t>(pick)];
      const bool same_flit =
          r.in != port && chosen->in != port && r.vc == chosen->vc && next_flit(r) == next_flit(*chosen);
      if (&r != chosen && !same_flit) pick = -1;
    }
  }
}

// The turn at the port passes on from the input that has won.
void FabricCore::pass_port_turn(Unit& unit, unsigned in) {
  Input& input = unit.inputs[unit.inputs[in].port];
  if (input.copies == 0) return;
  const unsigned member = in == unit.inputs[in].port ? 0 : in - input.first_copy + 1;
  input.next_copy = (member + 1) % (input.copies + 1);
}

}  // namespace moesaic
