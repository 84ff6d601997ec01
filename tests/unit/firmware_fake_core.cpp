// SPDX-License-Identifier: Apache-2.0
// What a core of the fake package calls: the HAL's table, and the bus with the registers behind it.
#include <algorithm>
#include <cstring>

#include "tests/unit/firmware_fake_fields.h"

namespace moesaic::fake {

namespace {
std::uint32_t row_bytes_of(const moesaic_tensor& t, std::uint32_t hidden) {
  return t.kind == MOESAIC_OUTPUT ? 4 * hidden : hidden;
}

CoreState& core_of(void* context) {
  return *static_cast<CoreState*>(context);
}
}  // namespace

// The HAL's table.
moesaic_hal Package::hal_of(CoreState& state) {
  moesaic_hal h{};
  h.struct_size = sizeof h;
  h.abi_version = MOESAIC_ABI_VERSION;
  h.context = &state;
  h.bus_read = [](void* c, std::uint64_t a, void* d, std::uint32_t n) {
    core_of(c).package->read_bus(core_of(c), a, d, n);
  };
  h.bus_write = [](void* c, std::uint64_t a, const void* d, std::uint32_t n) {
    core_of(c).package->write_bus(core_of(c), a, d, n);
  };
  h.charge = [](void* c, std::uint64_t cycles) { core_of(c).charged += cycles; };
  h.memory_bytes = [](void* c, std::uint32_t n) -> std::uint64_t {
    return n < core_of(c).package->memory_.size() ? core_of(c).package->memory_[n] : 0;
  };
  h.gate_results = [](void* c, std::uint32_t layer, std::uint32_t token, moesaic_choice* out,
                      std::uint32_t room) -> std::uint32_t {
    Package& p = *core_of(c).package;
    const bool own = std::uint64_t{token} * p.nodes_ / p.config_.tokens == core_of(c).die &&
                     core_of(c).role == MOESAIC_AGENT;
    if (!own && !p.config_.oracle)
      p.fault("gate results of token " + std::to_string(token) + " are not known to this core");
    if (!p.batch_.reached(token, layer))
      p.fault("gate results of token " + std::to_string(token) + ", which is not there");
    const auto choices = p.routing(layer, token);
    std::copy_n(choices.begin(), std::min<std::size_t>(room, choices.size()), out);
    core_of(c).charged += 2 * choices.size();
    return static_cast<std::uint32_t>(choices.size());
  };
  h.tokens = [](void* c, moesaic_token* out, std::uint32_t room) -> std::uint32_t {
    const auto tokens = core_of(c).package->batch_.tokens_of(core_of(c).die);
    std::copy_n(tokens.begin(), std::min<std::size_t>(room, tokens.size()), out);
    core_of(c).charged += 2 * tokens.size();
    return static_cast<std::uint32_t>(tokens.size());
  };
  h.defer = [](void* c, std::uint32_t request) {
    Package& p = *core_of(c).package;
    if (core_of(c).layer_finished) p.fault("defer() after layer_done()");
    if (const std::string wrong = p.batch_.defer(core_of(c).die, request); !wrong.empty()) p.fault(wrong);
  };
  h.place = [](void* c, const moesaic_tensor* t) {
    Package& p = *core_of(c).package;
    if (!p.booting_) p.fault("place() after boot");
    const std::uint64_t bytes = std::uint64_t{t->rows} * row_bytes_of(*t, p.config_.hidden);
    if (unit_of(t->address) != 2 || offset_of(t->address) + bytes > p.memory_.at(node_of(t->address)))
      p.fault("a tensor lies outside of memory");
    const auto after = p.tensors_.lower_bound(t->address);
    if (after != p.tensors_.end() && after->first < t->address + bytes) p.fault("tensors overlap");
    if (after != p.tensors_.begin()) {
      const moesaic_tensor& before = std::prev(after)->second;
      if (before.address + std::uint64_t{before.rows} * row_bytes_of(before, p.config_.hidden) > t->address)
        p.fault("tensors overlap");
    }
    p.tensors_[t->address] = *t;
  };
  h.deviate = [](void* c, const moesaic_deviation* d) {
    Package& p = *core_of(c).package;
    if (d->kind == MOESAIC_DROP) p.dropped_.insert({d->layer, d->expert, d->token});
    if (d->kind == MOESAIC_PAD) p.declared_padding_ += d->token;
  };
  h.log = [](void* c, std::uint32_t, const char* text, std::uint32_t n) {
    core_of(c).package->log_.emplace_back(text, n);
  };
  h.layer_done = [](void* c) {
    if (core_of(c).layer_finished) core_of(c).package->fault("layer_done() twice");
    core_of(c).layer_finished = true;
  };
  h.fail = [](void* c, const char* text, std::uint32_t n) {
    core_of(c).package->fault("fail: " + std::string(text, n));
  };
  h.cost_of = [](void*, std::uint32_t) -> std::uint32_t { return 1; };
  return h;
}

void Package::read_bus(CoreState& core, std::uint64_t address, void* data, std::uint32_t bytes) {
  std::memset(data, 0, bytes);
  core.charged += 1;
  if (node_of(address) != core.die || unit_of(address) > 1) return fault("bus access to another die");
  Die& die = dies_[core.die];
  std::uint64_t at = offset_of(address);
  if (unit_of(address) == 1) {
    if (at + bytes > die.sram.size()) return fault("bus access beyond SRAM");
    std::memcpy(data, &die.sram[at], bytes);
    return;
  }
  at -= core.role * MOESAIC_CONTEXT_STRIDE;
  const auto put = [&](auto value) { std::memcpy(data, &value, std::min<std::size_t>(bytes, sizeof value)); };
  if (at == MOESAIC_REG_IDENT) {
    put(std::uint32_t{MOESAIC_IDENT});
  } else if (at == MOESAIC_REG_CYCLE) {
    put(steps_);
  } else if (at == MOESAIC_REG_MAIL_SPACE) {
    const auto space = static_cast<std::uint32_t>(config_.mail_depth - core.outbox.size());
    if (space == 0) core.space_wanted = true;
    put(space);
  } else if (at >= MOESAIC_REG_QUEUE_SPACE && at < MOESAIC_REG_QUEUE_SPACE + 64) {
    const auto& queue = core.queues.at((at - MOESAIC_REG_QUEUE_SPACE) / 4);
    put(static_cast<std::uint32_t>(config_.queue_depth - queue.started.size() - queue.staged.size()));
  } else if (at >= MOESAIC_REG_EVENT && at < MOESAIC_REG_EVENT + 4096) {
    put(die.events.at((at - MOESAIC_REG_EVENT) / 4));
  } else {
    fault("read of an unknown register");
  }
}

void Package::write_bus(CoreState& core, std::uint64_t address, const void* data, std::uint32_t bytes) {
  core.charged += (bytes + 7) / 8;
  if (node_of(address) != core.die || unit_of(address) > 1) return fault("bus access to another die");
  Die& die = dies_[core.die];
  std::uint64_t at = offset_of(address);
  if (unit_of(address) == 1) {
    if (at + bytes > die.sram.size()) return fault("bus access beyond SRAM");
    for (const Claim& c : claims_)
      if (c.die == core.die && c.range.first < at + bytes && at < c.range.second)
        return fault("a core writes bytes that a command is using");
    std::memcpy(&die.sram[at], data, bytes);
    std::fill_n(die.core_written.begin() + static_cast<std::ptrdiff_t>(at), bytes, true);
    return;
  }
  at -= core.role * MOESAIC_CONTEXT_STRIDE;
  const auto word = [&] {
    std::uint32_t value = 0;
    std::memcpy(&value, data, std::min<std::size_t>(bytes, sizeof value));
    return value;
  };
  if (at == MOESAIC_REG_TIMER) {
    std::memcpy(&core.timer, data, 8);
  } else if (at == MOESAIC_REG_MAIL_PUSH) {
    if (core.outbox.size() >= config_.mail_depth) return fault("MAIL_PUSH without space");
    moesaic_mail letter;
    std::memcpy(&letter, data, sizeof letter);
    letter.source_node = static_cast<std::uint16_t>(core.die);
    letter.source_context = static_cast<std::uint8_t>(core.role);
    if (letter.kind == 0 || letter.node >= nodes_) return fault("a bad message");
    core.outbox.push_back(letter);
  } else if (at >= MOESAIC_REG_QUEUE_PUSH && at < MOESAIC_REG_QUEUE_PUSH + 1024) {
    auto& queue = core.queues.at((at - MOESAIC_REG_QUEUE_PUSH) / 64);
    if (queue.staged.size() + queue.started.size() >= config_.queue_depth)
      return fault("a command queue overflows");
    moesaic_descriptor descriptor;
    std::memcpy(&descriptor, data, sizeof descriptor);
    queue.staged.push_back(descriptor);
  } else if (at >= MOESAIC_REG_QUEUE_DOORBELL && at < MOESAIC_REG_QUEUE_DOORBELL + 64) {
    ring(core, static_cast<unsigned>((at - MOESAIC_REG_QUEUE_DOORBELL) / 4), word());
  } else if (at >= MOESAIC_REG_EVENT && at < MOESAIC_REG_EVENT + 4096) {
    die.events.at((at - MOESAIC_REG_EVENT) / 4) = word();
  } else {
    fault("write of an unknown register");
  }
}

void Package::ring(CoreState& core, unsigned number, std::uint32_t count) {
  auto& queue = core.queues.at(number);
  if (count > queue.staged.size()) return fault("a doorbell for commands that were not staged");
  Die& die = dies_[core.die];
  for (std::uint32_t i = 0; i < count; ++i) {
    Started started;
    started.descriptor = queue.staged[i];
    const moesaic_descriptor& d = started.descriptor;
    if (d.header.kind < MOESAIC_LOAD || d.header.kind > MOESAIC_FENCE) return fault("a bad kind");
    for (const unsigned event : {d.header.wait_event, d.header.signal_event, d.header.local_event})
      if (event != MOESAIC_NO_EVENT && event >= config_.events) return fault("an event that does not exist");
    const std::uint32_t at = list_offset(d);
    if (at != MOESAIC_NO_OFFSET) {
      const std::size_t bytes = list_count(d) * sizeof(moesaic_list_entry);
      if (at + bytes > die.sram.size()) return fault("a list beyond SRAM");
      const auto begin = die.core_written.begin() + at;
      if (!std::all_of(begin, begin + static_cast<std::ptrdiff_t>(bytes), [](bool w) { return w; }))
        return fault("a list that was not written");
      started.list.resize(list_count(d));
      std::memcpy(started.list.data(), &die.sram[at], bytes);
    }
    queue.started.push_back(std::move(started));
  }
  queue.staged.erase(queue.staged.begin(), queue.staged.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace moesaic::fake
