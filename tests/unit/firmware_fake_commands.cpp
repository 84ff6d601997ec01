// SPDX-License-Identifier: Apache-2.0
// Commands of the fake package, from their queue to their last event.
#include <algorithm>
#include <cstring>

#include "tests/unit/firmware_fake_fields.h"

namespace moesaic::fake {

bool Package::issuable(const CoreState& core, const CoreState::CommandQueue& queue) const {
  if (queue.started.empty()) return false;
  const moesaic_header& h = queue.started.front().descriptor.header;
  const Die& die = dies_[core.die];
  if (h.wait_event != MOESAIC_NO_EVENT && die.events[h.wait_event] < h.wait_value) return false;
  if (h.kind == MOESAIC_FENCE) return queue.unfinished == 0;
  if (is_transfer(h.kind)) return die.dma.size() < 4;
  if (is_engine(h.kind)) return die.engine.size() < 2;
  return true;
}

void Package::issue(CoreState& core, unsigned number) {
  auto& queue = core.queues[number];
  InFlight flight;
  flight.id = next_id_++;
  flight.die = core.die;
  flight.context = core.role;
  flight.queue = number;
  flight.command = std::move(queue.started.front());
  queue.started.pop_front();
  ++queue.unfinished;
  const moesaic_descriptor& d = flight.command.descriptor;
  Die& die = dies_[core.die];
  const std::uint32_t at = list_offset(d);
  if (at != MOESAIC_NO_OFFSET &&
      std::memcmp(flight.command.list.data(), &die.sram[at], flight.command.list.size() * 12) != 0)
    return fault("a list was changed before its command ran");
  if (is_transfer(d.header.kind)) {
    begin(flight);
    die.dma.push_back(std::move(flight));
  } else if (is_engine(d.header.kind)) {
    die.engine.push_back(std::move(flight));
    if (die.engine.size() == 1) begin(die.engine.front());
  } else {
    if (d.header.kind == MOESAIC_SLOT_ALLOCATE) {
      const moesaic_slot& s = d.body.slot;
      if (s.slot >= config_.slots || die.slots.count(s.slot) != 0 || s.bytes == 0 ||
          std::uint64_t{s.offset} + s.bytes > die.sram.size())
        return fault("a bad slot");
      for (const auto& [n, other] : die.slots)
        if (s.offset < other.offset + other.bytes && other.offset < s.offset + s.bytes)
          return fault("slots overlap");
      die.slots[s.slot] = {s.offset, s.bytes, s.granted};
    } else if (d.header.kind == MOESAIC_SLOT_RELEASE) {
      if (die.slots.erase(d.body.slot.slot) == 0) return fault("release of a slot that is not allocated");
    }
    done(flight);
  }
}

void Package::claim(const InFlight& flight, unsigned die, std::uint64_t offset, std::uint64_t bytes,
                    Access access) {
  if (bytes == 0) return;
  if (offset + bytes > dies_[die].sram.size()) return fault("a command reaches beyond SRAM");
  for (const Claim& other : claims_) {
    if (other.owner == flight.id || other.die != die || other.range.first >= offset + bytes ||
        offset >= other.range.second)
      continue;
    const bool harmless = (access == Access::read && other.access == Access::read) ||
                          (access == Access::accumulate && other.access == Access::accumulate);
    if (!harmless)
      fault("commands race for SRAM of die " + std::to_string(die) + ": kind " +
            std::to_string(flight.command.descriptor.header.kind) + " of die " + std::to_string(flight.die) +
            " at " + std::to_string(offset));
  }
  claims_.push_back({flight.id, die, {offset, offset + bytes}, access});
}

void Package::release(std::uint64_t id) {
  claims_.erase(std::remove_if(claims_.begin(), claims_.end(), [&](const Claim& c) { return c.owner == id; }),
                claims_.end());
}

// Claims what the command touches, and reads what it reads.
void Package::begin(InFlight& flight) {
  const moesaic_descriptor& d = flight.command.descriptor;
  Die& die = dies_[flight.die];
  flight.executing = true;
  const std::uint32_t list = list_offset(d);
  if (list != MOESAIC_NO_OFFSET)
    claim(flight, flight.die, list, flight.command.list.size() * 12, Access::read);
  if (is_transfer(d.header.kind)) {
    const moesaic_transfer& t = d.body.transfer;
    const bool accumulate = (d.header.flags & MOESAIC_FLAG_ACCUMULATE) != 0;
    for (std::uint32_t i = 0; i < t.rows && fault_.empty(); ++i) {
      const std::uint64_t from = t.source + std::uint64_t{source_row(flight.command, i)} * t.source_stride;
      const std::uint64_t to =
          t.destination + std::uint64_t{destination_row(flight.command, i)} * t.destination_stride;
      if (unit_of(from) == 1) claim(flight, node_of(from), offset_of(from), t.row_bytes, Access::read);
      if (unit_of(to) == 1)
        claim(flight, node_of(to), offset_of(to), t.row_bytes,
              accumulate ? Access::accumulate : Access::write);
      if (!fault_.empty()) return;
      std::vector<std::uint8_t> row(t.row_bytes);
      for (std::uint32_t b = 0; b < t.row_bytes; ++b)
        row[b] = unit_of(from) == 1 ? die.sram[offset_of(from) + b] : memory_byte(from + b);
      flight.data.push_back(std::move(row));
    }
    return;
  }
  if (d.header.kind == MOESAIC_FFN) {
    const moesaic_ffn& f = d.body.ffn;
    const std::uint64_t weights = std::uint64_t{f.f_count} * f.hidden;
    for (const std::uint32_t at : {f.gate_weights, f.up_weights, f.down_weights})
      claim(flight, flight.die, at, weights, Access::read);
    for (const auto& e : flight.command.list) {
      claim(flight, flight.die, f.x + std::uint64_t{e.in_row} * f.hidden, f.hidden, Access::read);
      claim(flight, flight.die, f.y + std::uint64_t{e.out_row} * f.hidden * 4, f.hidden * 4u, Access::write);
    }
    if (fault_.empty()) compute(flight);
  } else if (d.header.kind == MOESAIC_VECTOR && d.body.vector.op == 0) {
    claim(flight, flight.die, d.body.vector.y, std::uint64_t{d.body.vector.rows} * d.body.vector.width * 4,
          Access::write);
  } else if (d.header.kind == MOESAIC_VECTOR) {
    const moesaic_vector& v = d.body.vector;
    const std::uint64_t bytes = std::uint64_t{v.width} * 4;
    for (std::uint32_t i = 0; i < v.rows; ++i) {
      const std::uint64_t from = v.x + source_row(flight.command, i) * bytes;
      claim(flight, flight.die, from, bytes, Access::read);
      claim(flight, flight.die, v.y + destination_row(flight.command, i) * bytes, bytes, Access::write);
      if (!fault_.empty()) return;
      const auto begin = die.sram.begin() + static_cast<std::ptrdiff_t>(from);
      flight.data.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(bytes));
    }
  } else {
    fault("the fake engine does not know this command");
  }
}

// The result rows, as they will be written when the command is done.
void Package::compute(InFlight& flight) {
  const moesaic_ffn& f = flight.command.descriptor.body.ffn;
  const auto& sram = dies_[flight.die].sram;
  const moesaic_core_info info = info_of(flight.die, MOESAIC_AGENT);
  if (f.hidden != info.hidden || f.activation != info.activation || f.shift_pre != info.shift_pre ||
      f.shift_post != info.shift_post || f.f_begin + f.f_count > info.expert_width)
    fault("an ffn that is not of this model");
  ++computes_;
  const auto at = [&](std::uint64_t offset) {
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<std::int8_t>(sram[offset])));
  };
  for (const auto& e : flight.command.list) {
    std::vector<std::uint8_t> row(f.hidden * 4u);
    const std::uint64_t y = f.y + std::uint64_t{e.out_row} * f.hidden * 4;
    if (flight.command.descriptor.header.flags & MOESAIC_FLAG_ACCUMULATE)
      std::memcpy(row.data(), &sram[y], row.size());
    for (std::uint32_t c = 0; c < f.f_count; ++c) {
      std::uint32_t gate = 0, up = 0;
      for (std::uint32_t h = 0; h < f.hidden; ++h) {
        const std::uint32_t x = at(f.x + std::uint64_t{e.in_row} * f.hidden + h);
        gate += x * at(f.gate_weights + std::uint64_t{c} * f.hidden + h);
        up += x * at(f.up_weights + std::uint64_t{c} * f.hidden + h);
      }
      const std::uint32_t value = gate * up * e.gate;
      for (std::uint32_t h = 0; h < f.hidden; ++h) {
        std::uint32_t sum;
        std::memcpy(&sum, &row[4 * h], 4);
        sum += value * at(f.down_weights + std::uint64_t{c} * f.hidden + h);
        std::memcpy(&row[4 * h], &sum, 4);
      }
      if (e.token == MOESAIC_NO_TOKEN) {
        ++padding_columns_;
        continue;
      }
      ++work_[{f.layer, f.expert, e.token, f.f_begin + c}];
      if (!batch_.running(e.token))
        fault("token " + std::to_string(e.token) + " is computed where it is not");
    }
    flight.data.push_back(std::move(row));
  }
}

void Package::finish_engine(InFlight flight) {
  const moesaic_descriptor& d = flight.command.descriptor;
  auto& sram = dies_[flight.die].sram;
  if (d.header.kind == MOESAIC_FFN) {
    for (std::size_t i = 0; i < flight.command.list.size(); ++i) {
      const std::uint64_t y =
          d.body.ffn.y + std::uint64_t{flight.command.list[i].out_row} * d.body.ffn.hidden * 4;
      check_write(flight.die, flight.die, y, flight.data[i].size());
      std::memcpy(&sram[y], flight.data[i].data(), flight.data[i].size());
    }
  } else if (d.body.vector.op == 1) {
    const moesaic_vector& v = d.body.vector;
    for (std::uint32_t i = 0; i < v.rows; ++i) {
      const std::uint64_t y = v.y + std::uint64_t{destination_row(flight.command, i)} * v.width * 4;
      check_write(flight.die, flight.die, y, std::uint64_t{v.width} * 4);
      for (std::uint32_t b = 0; b < v.width * 4; b += 4) {
        std::uint32_t sum, add;
        std::memcpy(&sum, &sram[y + b], 4);
        std::memcpy(&add, &flight.data[i][b], 4);
        sum += add;
        std::memcpy(&sram[y + b], &sum, 4);
      }
    }
  } else {
    const moesaic_vector& v = d.body.vector;
    check_write(flight.die, flight.die, v.y, std::uint64_t{v.rows} * v.width * 4);
    for (std::uint64_t i = 0; i < std::uint64_t{v.rows} * v.width; ++i)
      std::memcpy(&sram[v.y + 4 * i], &v.value, 4);
  }
  release(flight.id);
  done(flight);
  if (!dies_[flight.die].engine.empty()) begin(dies_[flight.die].engine.front());
}

void Package::finish_transfer(InFlight flight) {
  const moesaic_header& h = flight.command.descriptor.header;
  const moesaic_transfer& t = flight.command.descriptor.body.transfer;
  if (h.kind == MOESAIC_SEND) {
    // It has left; what it read may change, what it will write not yet.
    claims_.erase(std::remove_if(claims_.begin(), claims_.end(),
                                 [&](const Claim& c) { return c.owner == flight.id && c.die == flight.die; }),
                  claims_.end());
    packets_.push_back({flight.id, flight});
    done(flight);
    return;
  }
  for (std::uint32_t i = 0; i < t.rows; ++i) {
    const std::uint64_t to =
        t.destination + std::uint64_t{destination_row(flight.command, i)} * t.destination_stride;
    if (h.kind == MOESAIC_LOAD) {
      check_write(flight.die, flight.die, offset_of(to), t.row_bytes);
      std::memcpy(&dies_[flight.die].sram[offset_of(to)], flight.data[i].data(), t.row_bytes);
    } else {
      for (std::uint32_t b = 0; b < t.row_bytes; ++b) stored_[to + b] = flight.data[i][b];
    }
  }
  release(flight.id);
  done(flight);
}

void Package::arrive(const Packet& packet) {
  const moesaic_header& h = packet.from.command.descriptor.header;
  const moesaic_transfer& t = packet.from.command.descriptor.body.transfer;
  const unsigned die = node_of(t.destination);
  for (std::uint32_t i = 0; i < t.rows; ++i) {
    const std::uint64_t to = offset_of(
        t.destination + std::uint64_t{destination_row(packet.from.command, i)} * t.destination_stride);
    check_write(die, packet.from.die, to, t.row_bytes);
    if (h.flags & MOESAIC_FLAG_ACCUMULATE) {
      for (std::uint32_t b = 0; b + 4 <= t.row_bytes; b += 4) {
        std::uint32_t sum, add;
        std::memcpy(&sum, &dies_[die].sram[to + b], 4);
        std::memcpy(&add, &packet.from.data[i][b], 4);
        sum += add;
        std::memcpy(&dies_[die].sram[to + b], &sum, 4);
      }
    } else {
      std::memcpy(&dies_[die].sram[to], packet.from.data[i].data(), t.row_bytes);
    }
  }
  release(packet.id);
  if (h.signal_event != MOESAIC_NO_EVENT) add_event(die, h.signal_event, h.signal_add);
}

void Package::done(const InFlight& flight) {
  const moesaic_header& h = flight.command.descriptor.header;
  for (auto& core : cores_) {
    if (core->die != flight.die || static_cast<unsigned>(core->role) != flight.context) continue;
    --core->queues[flight.queue].unfinished;
    if (h.flags & MOESAIC_FLAG_INTERRUPT)
      core->completions.push_back({h.tag, 0, 1, static_cast<std::uint8_t>(flight.queue), steps_});
  }
  if (h.local_event != MOESAIC_NO_EVENT) add_event(flight.die, h.local_event, h.local_add);
  if (h.signal_event == MOESAIC_NO_EVENT) return;
  if (h.kind == MOESAIC_SEND) {
    if (h.signal_node != node_of(flight.command.descriptor.body.transfer.destination))
      fault("the signal of a send goes elsewhere than its data");
    return;
  }
  if (h.signal_node == flight.die) {
    add_event(flight.die, h.signal_event, h.signal_add);
  } else {
    signals_.emplace_back(h.signal_node, h.signal_event, h.signal_add);
  }
}

void Package::add_event(unsigned die, std::uint16_t event, std::uint16_t add) {
  dies_.at(die).events.at(event) += add;
}

void Package::check_write(unsigned die, unsigned writer, std::uint64_t offset, std::uint64_t bytes) {
  if (bytes == 0) return;
  for (const auto& [number, slot] : dies_[die].slots) {
    if (offset < slot.offset || offset + bytes > std::uint64_t{slot.offset} + slot.bytes) continue;
    if (writer != die && slot.granted != MOESAIC_ANY_NODE && slot.granted != writer)
      fault("die " + std::to_string(writer) + " writes slot " + std::to_string(number) + " without a grant");
    return;
  }
  fault("a write to die " + std::to_string(die) + " at " + std::to_string(offset) + " is in no slot");
}

}  // namespace moesaic::fake
