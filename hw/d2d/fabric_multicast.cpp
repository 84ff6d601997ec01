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

namespace {
// Behind the last flit of the front packet that a buffer has been told of.
std::uint32_t told(const fabric::Buffer& buffer) {
  std::uint32_t end = buffer.next;
  for (std::uint32_t i = 0; i < buffer.flits.size(); ++i) {
    if (buffer.flits[i].train == buffer.train && buffer.flits[i].flit == end) end = buffer.flits[i].end();
  }
  return std::min(end, buffer.train->packet_end(buffer.next));
}
}  // namespace

// Inputs for copies stand behind those of the ports; they are fed by nobody.
void FabricCore::add_copy_inputs() {
  if (!multicast_problems(topology_).empty())
    panic("d2d fabric", 0, "a multicast fabric whose routers cannot copy packets");
  const std::vector<std::vector<unsigned>> copies = copies_by_input(topology_);
  for (unsigned n = 0; n < nodes_; ++n) {
    std::vector<Input>& inputs = units_[n].inputs;
    for (Index port = 0; port < copies[n].size(); ++port) {
      inputs[port].first_copy = static_cast<Index>(inputs.size());
      inputs[port].copies = static_cast<Index>(copies[n][port]);
      for (unsigned i = 0; i < copies[n][port]; ++i) {
        inputs.emplace_back();
        inputs.back().port = port;
      }
    }
  }
}

bool FabricCore::forks_at(const PacketTrain& train, const Unit& u) {
  return train.fork != nullptr && index_of(train.fork->at) == u.id;
}

// The packet at the front of a buffer may be looked at from `front` on: so may its copies.
void FabricCore::fork(Unit& u, Buffer& buffer, Cycle front) {
  const Input& input = *buffer.input;
  const std::vector<PacketTrain*>& branches = buffer.train->fork->branches;
  if (branches.size() > input.copies) panic("d2d fabric", front, "a packet has more copies than outputs");
  buffer.state = State::forked;
  buffer.copies = static_cast<std::uint8_t>(branches.size());
  buffer.freed = buffer.next;
  for (unsigned i = 0; i < branches.size(); ++i) {
    Buffer& copy = u.buffer(input.first_copy + i, buffer.vc);
    copy.train = branches[i];
    copy.next = buffer.next;
    u.set_present(copy);
  }
  for (std::uint32_t i = 0; i < buffer.flits.size(); ++i) extend_copies(u, buffer, buffer.flits[i]);
  for (unsigned i = 0; i < branches.size(); ++i)
    head_to_front(u, u.buffer(input.first_copy + i, buffer.vc), front);
}

// `flits` follow what the copies of the front packet have: as many of them as belong to that packet.
void FabricCore::extend_copies(Unit& u, const Buffer& buffer, const Stretch& flits) {
  const std::uint32_t end = buffer.train->packet_end(buffer.next);
  for (unsigned i = 0; i < buffer.train->fork->branches.size(); ++i) {
    Buffer& copy = u.buffer(buffer.input->first_copy + i, buffer.vc);
    if (copy.train == nullptr) continue;  // it has left
    const bool empty = copy.flits.empty();
    const std::uint32_t next = empty ? copy.next : copy.flits.back().end();
    const std::uint32_t count = std::min(flits.count, end - next);
    if (count == 0) continue;
    copy.flits.push_back({copy.train, flits.first, next, count, flits.step});
    if (copy.state != State::active || !empty) continue;
    u.set_asking(copy);
    wake(u, flits.first);
  }
}

// The buffer's flits have become fewer.
void FabricCore::shorten_copies(Unit& u, const Buffer& buffer) {
  const std::uint32_t end = told(buffer);
  for (unsigned i = 0; i < buffer.train->fork->branches.size(); ++i) {
    Buffer& copy = u.buffer(buffer.input->first_copy + i, buffer.vc);
    if (copy.train == nullptr) continue;
    const std::uint32_t has = told(copy);
    fabric::trim(copy.flits, has - std::min(has, end));
    if (copy.flits.empty()) u.clear_asking(copy);
    if (buffer.next != end) continue;
    // Nothing of the packet is there.
    copy.train = nullptr;
    copy.state = State::idle;
    u.clear_present(copy);
    u.clear_head(copy);
  }
}

// The packet at the front is not to be looked at yet.
void FabricCore::unfork(Unit& u, const Buffer& buffer) {
  for (unsigned i = 0; i < buffer.copies; ++i) {
    Buffer& copy = u.buffer(buffer.input->first_copy + i, buffer.vc);
    while (!copy.flits.empty()) copy.flits.pop_front();
    copy.train = nullptr;
    copy.state = State::idle;
    u.clear_present(copy);
    u.clear_head(copy);
  }
}

// A flit of a copy passes at `at`: when it is the last to take it, its place is free.
void FabricCore::free_copied(Unit& u, const Buffer& copied, Cycle at) {
  const Input& input = u.inputs[copied.input->port];
  Buffer& buffer = u.buffer(input.in, copied.vc);
  std::uint32_t passed = buffer.train->packet_end(buffer.next);
  for (unsigned i = 0; i < buffer.train->fork->branches.size(); ++i) {
    const Buffer& copy = u.buffer(input.first_copy + i, buffer.vc);
    if (copy.train != nullptr) passed = std::min(passed, copy.next);
  }
  if (passed == buffer.freed) return;
  const std::uint32_t count = passed - buffer.freed;
  buffer.freed = passed;
  if (observer_ != nullptr) observer_->freed(NodeId(u.id), input.in, buffer.vc, count, at);
  add_credits(*input.from, input.feed->vcs[buffer.vc], {at + input.feed->backward, count, 1});
}

// The tail of a copy has left; behind the last one, the next packet may be looked at from `next` on.
void FabricCore::copy_left(Unit& u, const Buffer& copy, Cycle next) {
  Buffer& buffer = u.buffer(copy.input->port, copy.vc);
  if (--buffer.copies > 0) return;
  std::uint32_t left = buffer.train->packet_end(buffer.next) - buffer.next;
  while (left > 0) {
    Stretch& flits = buffer.flits.front();
    const std::uint32_t taken = std::min(left, flits.count);
    left -= taken;
    flits.take(taken);
    if (flits.count == 0) buffer.flits.pop_front();
  }
  next_packet(u, buffer, next);
}

// Of the requests that the inputs have picked, drops those that would read a second flit from a port.
void FabricCore::read_ports(Unit& u, std::array<int, kMostPorts>& picked) {
  for (unsigned port = 0; port < u.inputs.size() && u.inputs[port].port == port; ++port) {
    const Input& input = u.inputs[port];
    if (input.copies == 0) continue;
    // 1. The one next in turn; certain requests before speculative.
    const auto member = [&](unsigned i) { return i == 0 ? port : input.first_copy + i - 1; };
    const fabric::Request* chosen = nullptr;
    for (unsigned k = 0; k <= input.copies; ++k) {
      const int pick = picked[member((input.next_copy + k) % (input.copies + 1))];
      if (pick < 0) continue;
      const fabric::Request& r = requests_[static_cast<std::size_t>(pick)];
      if (chosen == nullptr || (chosen->speculative && !r.speculative)) chosen = &r;
    }
    if (chosen == nullptr) continue;
    // 2. With it, other copies of the same flit.
    const auto next_flit = [&](const fabric::Request& r) { return u.buffer(r.in, r.vc).next; };
    for (unsigned i = 0; i <= input.copies; ++i) {
      int& pick = picked[member(i)];
      if (pick < 0) continue;
      const fabric::Request& r = requests_[static_cast<std::size_t>(pick)];
      const bool same_flit =
          r.in != port && chosen->in != port && r.vc == chosen->vc && next_flit(r) == next_flit(*chosen);
      if (&r != chosen && !same_flit) pick = -1;
    }
  }
}

// The turn at the port passes on from the input that has won.
void FabricCore::pass_port_turn(Unit& u, const Input& input) {
  Input& port = u.inputs[input.port];
  if (port.copies == 0) return;
  const int member = input.in == port.in ? 0 : input.in - port.first_copy + 1;
  port.next_copy = static_cast<Index>((member + 1) % (port.copies + 1));
}

}  // namespace moesaic
