// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/firmware_fake.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "firmware/sdk/address.h"

namespace moesaic::fake {

namespace {

unsigned node_of(std::uint64_t address) {
  return static_cast<unsigned>((address >> 44) & 0xFFF);
}
unsigned unit_of(std::uint64_t address) {
  return static_cast<unsigned>((address >> 40) & 0xF);
}
std::uint64_t offset_of(std::uint64_t address) {
  return address & ((std::uint64_t{1} << 40) - 1);
}

std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

std::uint32_t row_bytes_of(const moesaic_tensor& t, std::uint32_t hidden) {
  return t.kind == MOESAIC_OUTPUT ? 4 * hidden : hidden;
}

RequestPlan plan_of(const Config& config) {
  RequestPlan plan;
  plan.batch = config.tokens;
  plan.iterations = config.iterations;
  plan.requests = (config.tokens + config.tokens_of_request - 1) / config.tokens_of_request;
  for (std::uint32_t i = 0; i < config.iterations; ++i)
    for (std::uint32_t place = 0; place < config.tokens; ++place)
      plan.tokens.push_back({place / config.tokens_of_request, TokenPhase::decode});
  return plan;
}

bool is_engine(unsigned kind) {
  return kind >= MOESAIC_FFN && kind <= MOESAIC_VECTOR;
}
bool is_transfer(unsigned kind) {
  return kind >= MOESAIC_LOAD && kind <= MOESAIC_SEND;
}

std::uint32_t list_offset(const moesaic_descriptor& d) {
  switch (d.header.kind) {
    case MOESAIC_FFN:
      return d.body.ffn.list;
    case MOESAIC_VECTOR:
      return d.body.vector.list;
    default:
      return is_transfer(d.header.kind) ? d.body.transfer.list : MOESAIC_NO_OFFSET;
  }
}
std::uint32_t list_count(const moesaic_descriptor& d) {
  switch (d.header.kind) {
    case MOESAIC_FFN:
      return d.body.ffn.list_count;
    case MOESAIC_VECTOR:
      return d.body.vector.rows;
    default:
      return d.body.transfer.rows;
  }
}

std::uint32_t source_row(const Started& c, std::uint32_t i) {
  return list_offset(c.descriptor) == MOESAIC_NO_OFFSET ? i : c.list[i].in_row;
}
std::uint32_t destination_row(const Started& c, std::uint32_t i) {
  return list_offset(c.descriptor) == MOESAIC_NO_OFFSET ? i : c.list[i].out_row;
}

}  // namespace

// --- the C table
// --------------------------------------------------------------------------------------------

struct HalFunctions {
  static CoreState& core(void* c) { return *static_cast<CoreState*>(c); }
  static moesaic_hal table(CoreState& state) {
    moesaic_hal h{};
    h.struct_size = sizeof h;
    h.abi_version = MOESAIC_ABI_VERSION;
    h.context = &state;
    h.bus_read = [](void* c, std::uint64_t a, void* d, std::uint32_t n) {
      core(c).package->read_bus(core(c), a, d, n);
    };
    h.bus_write = [](void* c, std::uint64_t a, const void* d, std::uint32_t n) {
      core(c).package->write_bus(core(c), a, d, n);
    };
    h.charge = [](void* c, std::uint64_t cycles) { core(c).charged += cycles; };
    h.memory_bytes = [](void* c, std::uint32_t n) -> std::uint64_t {
      return n < core(c).package->memory_.size() ? core(c).package->memory_[n] : 0;
    };
    h.gate_results = [](void* c, std::uint32_t layer, std::uint32_t token, moesaic_choice* out,
                        std::uint32_t room) -> std::uint32_t {
      Package& p = *core(c).package;
      const bool own =
          std::uint64_t{token} * p.nodes_ / p.config_.tokens == core(c).die && core(c).role == MOESAIC_AGENT;
      if (!own && !p.config_.oracle)
        p.fault("gate results of token " + std::to_string(token) + " are not known to this core");
      if (!p.batch_.reached(token, layer))
        p.fault("gate results of token " + std::to_string(token) + ", which is not there");
      const auto choices = p.routing(layer, token);
      std::copy_n(choices.begin(), std::min<std::size_t>(room, choices.size()), out);
      core(c).charged += 2 * choices.size();
      return static_cast<std::uint32_t>(choices.size());
    };
    h.tokens = [](void* c, moesaic_token* out, std::uint32_t room) -> std::uint32_t {
      const auto tokens = core(c).package->batch_.tokens_of(core(c).die);
      std::copy_n(tokens.begin(), std::min<std::size_t>(room, tokens.size()), out);
      core(c).charged += 2 * tokens.size();
      return static_cast<std::uint32_t>(tokens.size());
    };
    h.defer = [](void* c, std::uint32_t request) {
      Package& p = *core(c).package;
      if (core(c).layer_finished) p.fault("defer() after layer_done()");
      if (const std::string wrong = p.batch_.defer(core(c).die, request); !wrong.empty()) p.fault(wrong);
    };
    h.place = [](void* c, const moesaic_tensor* t) {
      Package& p = *core(c).package;
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
      Package& p = *core(c).package;
      if (d->kind == MOESAIC_DROP) p.dropped_.insert({d->layer, d->expert, d->token});
      if (d->kind == MOESAIC_PAD) p.declared_padding_ += d->token;
    };
    h.log = [](void* c, std::uint32_t, const char* text, std::uint32_t n) {
      core(c).package->log_.emplace_back(text, n);
    };
    h.layer_done = [](void* c) {
      if (core(c).layer_finished) core(c).package->fault("layer_done() twice");
      core(c).layer_finished = true;
    };
    h.fail = [](void* c, const char* text, std::uint32_t n) {
      core(c).package->fault("fail: " + std::string(text, n));
    };
    h.cost_of = [](void*, std::uint32_t) -> std::uint32_t { return 1; };
    return h;
  }
};

// --- construction and the run
// -------------------------------------------------------------------------------

Package::Package(const moesaic_image& image, const Config& config)
    : config_(config),
      random_(config.seed),
      nodes_(config.rows * config.columns),
      memory_(config.memory.empty() ? std::vector<std::uint64_t>(nodes_, std::uint64_t{1} << 32)
                                    : config.memory),
      dies_(nodes_),
      batch_(plan_of(config), nodes_, config.layers) {
  for (Die& die : dies_) {
    die.sram.assign(config.sram_bytes, 0xA5);
    die.core_written.assign(config.sram_bytes, false);
    die.events.assign(config.events, 0);
  }
  const auto add = [&](unsigned die, moesaic_role role) {
    auto core = std::make_unique<CoreState>();
    core->package = this;
    core->die = die;
    core->role = role;
    core->queues.resize(config.command_queues);
    cores_.push_back(std::move(core));
  };
  for (unsigned n = 0; n < nodes_; ++n)
    if (image.roles & (1u << MOESAIC_AGENT)) add(n, MOESAIC_AGENT);
  if (config.scheduler != MOESAIC_NO_NODE) add(config.scheduler, MOESAIC_SCHEDULER);
  std::vector<const char*> values;
  for (std::uint32_t i = 0; i < image.option_count; ++i)
    values.push_back(i < config.options.size() ? config_.options[i].c_str() : image.options[i].default_value);
  for (auto& core : cores_) {
    const moesaic_core_info info = info_of(core->die, core->role);
    const moesaic_hal hal = HalFunctions::table(*core);
    char message[300] = "";
    core->firmware.struct_size = sizeof core->firmware;
    if (image.create(&info, &hal, values.data(), &core->firmware, message, sizeof message) == 0)
      throw std::runtime_error(std::string("create: ") + message);
  }
}

Package::~Package() {
  for (auto& core : cores_)
    if (core->firmware.destroy != nullptr) core->firmware.destroy(core->firmware.self);
}

moesaic_core_info Package::info_of(unsigned die, moesaic_role role) const {
  moesaic_core_info i{};
  i.struct_size = sizeof i;
  i.node = static_cast<std::uint16_t>(die);
  i.rows = static_cast<std::uint16_t>(config_.rows);
  i.columns = static_cast<std::uint16_t>(config_.columns);
  i.nodes = static_cast<std::uint16_t>(nodes_);
  i.role = static_cast<std::uint16_t>(role);
  i.scheduler_node = config_.scheduler;
  i.sram_bytes = config_.sram_bytes;
  i.command_queues = config_.command_queues;
  i.queue_depth = config_.queue_depth;
  i.events = config_.events;
  i.slots = config_.slots;
  i.mail_depth = config_.mail_depth;
  i.dma_channels = 4;
  i.control_hz = 800'000'000;
  i.hidden = config_.hidden;
  i.expert_width = config_.expert_width;
  i.experts = config_.experts;
  i.shared_experts = config_.shared_experts;
  i.top_k = config_.top_k;
  i.layers = config_.layers;
  i.tokens = config_.tokens;
  i.activation = 2;
  i.shift_pre = 3;
  i.shift_post = 4;
  i.oracle = config_.oracle ? 1 : 0;
  return i;
}

std::vector<moesaic_choice> Package::routing(std::uint32_t layer, std::uint32_t token) const {
  std::vector<moesaic_choice> out;
  std::uint64_t state = mix(layer * 1000003u + token);
  while (out.size() < config_.top_k) {
    state = mix(state);
    // Squaring makes low experts popular.
    const std::uint64_t r = state % 1000;
    auto expert = static_cast<std::uint16_t>(r * r * config_.experts / 1000000);
    if (config_.sticky_routing) expert = static_cast<std::uint16_t>(out.size());
    if (std::any_of(out.begin(), out.end(), [&](const moesaic_choice& c) { return c.expert == expert; })) {
      if (state % 3 != 0) continue;
      while (std::any_of(out.begin(), out.end(), [&](const moesaic_choice& c) { return c.expert == expert; }))
        expert = static_cast<std::uint16_t>((expert + 1) % config_.experts);
    }
    out.push_back({expert, static_cast<std::uint16_t>(1 + state % 32768)});
  }
  return out;
}

void Package::run() {
  for (auto& core : cores_)
    if (core->firmware.boot != nullptr) core->firmware.boot(core->firmware.self);
  booting_ = false;
  do {
    do {
      if (!fault_.empty()) throw std::runtime_error(fault_);
      for (auto& core : cores_) core->layer_pending = true, core->layer_finished = false;
      const auto finished = [](const auto& core) { return core->layer_finished; };
      while (!std::all_of(cores_.begin(), cores_.end(), finished)) {
        const bool moved = step();
        if (!fault_.empty()) throw std::runtime_error(fault_);
        if (!moved) throw std::runtime_error("hang: " + who_waits());
      }
      if (const std::string wrong = batch_.end_layer(); !wrong.empty()) throw std::runtime_error(wrong);
    } while (batch_.next_layer());
    deferrals_ += batch_.count().deferred_requests;
  } while (batch_.next_iteration());
  while (step()) {
  }
  if (!fault_.empty()) throw std::runtime_error(fault_);
  for (const auto& core : cores_)
    for (const auto& queue : core->queues)
      if (!queue.started.empty() || queue.unfinished != 0 || !queue.staged.empty())
        throw std::runtime_error("commands are left at the end");
}

// One happening out of all that could come next.
bool Package::step() {
  enum What { handler, issue_head, end_dma, end_engine, packet, remote_signal, mail };
  struct Action {
    What what;
    std::size_t a, b;
  };
  std::vector<Action> actions;
  for (std::size_t c = 0; c < cores_.size(); ++c) {
    CoreState& core = *cores_[c];
    if (core.layer_pending) actions.push_back({handler, c, 0});
    if (!core.completions.empty()) actions.push_back({handler, c, 1});
    if (!core.inbox.empty()) actions.push_back({handler, c, 2});
    if (core.space_news) actions.push_back({handler, c, 3});
    if (core.timer != 0) actions.push_back({handler, c, 4});
    for (std::size_t q = 0; q < core.queues.size(); ++q)
      if (issuable(core, core.queues[q])) actions.push_back({issue_head, c, q});
    for (std::size_t m = 0; m < core.outbox.size(); ++m) actions.push_back({mail, c, m});
  }
  for (std::size_t d = 0; d < dies_.size(); ++d) {
    for (std::size_t i = 0; i < dies_[d].dma.size(); ++i) actions.push_back({end_dma, d, i});
    if (!dies_[d].engine.empty()) actions.push_back({end_engine, d, 0});
  }
  for (std::size_t i = 0; i < packets_.size(); ++i) actions.push_back({packet, i, 0});
  for (std::size_t i = 0; i < signals_.size(); ++i) actions.push_back({remote_signal, i, 0});
  ++steps_;
  std::size_t refused = 0;
  while (refused < actions.size()) {
    const std::size_t at = refused + pick(actions.size() - refused);
    const Action action = actions[at];
    switch (action.what) {
      case handler:
        run_handler(*cores_[action.a], static_cast<unsigned>(action.b));
        return true;
      case issue_head:
        issue(*cores_[action.a], static_cast<unsigned>(action.b));
        return true;
      case end_dma: {
        auto& dma = dies_[action.a].dma;
        InFlight flight = std::move(dma[action.b]);
        dma.erase(dma.begin() + static_cast<std::ptrdiff_t>(action.b));
        finish_transfer(std::move(flight));
        return true;
      }
      case end_engine: {
        InFlight flight = std::move(dies_[action.a].engine.front());
        dies_[action.a].engine.pop_front();
        finish_engine(std::move(flight));
        return true;
      }
      case packet: {
        const Packet arriving = packets_[action.a];
        packets_.erase(packets_.begin() + static_cast<std::ptrdiff_t>(action.a));
        arrive(arriving);
        return true;
      }
      case remote_signal: {
        const auto [die, event, add] = signals_[action.a];
        signals_.erase(signals_.begin() + static_cast<std::ptrdiff_t>(action.a));
        add_event(die, event, add);
        return true;
      }
      case mail: {
        auto& outbox = cores_[action.a]->outbox;
        const moesaic_mail letter = outbox[action.b];
        for (auto& to : cores_) {
          if (to->die != letter.node || to->role != letter.context || to->inbox.size() >= config_.mail_depth)
            continue;
          to->inbox.push_back(letter);
          outbox.erase(outbox.begin() + static_cast<std::ptrdiff_t>(action.b));
          CoreState& from = *cores_[action.a];
          if (from.space_wanted) from.space_news = true, from.space_wanted = false;
          return true;
        }
        std::swap(actions[at], actions[refused++]);  // its inbox is full: something else
        break;
      }
    }
  }
  return false;
}

void Package::run_handler(CoreState& core, unsigned which) {
  void* self = core.firmware.self;
  switch (which) {
    case 0:
      core.layer_pending = false;
      if (core.firmware.layer_start != nullptr)
        core.firmware.layer_start(self, batch_.iteration(), batch_.layer());
      return;
    case 1: {
      const moesaic_completion entry = core.completions.front();
      core.completions.pop_front();
      if (core.firmware.completion != nullptr) core.firmware.completion(self, &entry);
      return;
    }
    case 2: {
      const moesaic_mail letter = core.inbox.front();
      core.inbox.pop_front();
      if (core.firmware.message != nullptr) core.firmware.message(self, &letter);
      return;
    }
    case 3:
      core.space_news = false;
      if (core.firmware.mail_space != nullptr) core.firmware.mail_space(self);
      return;
    default:
      core.timer = 0;
      if (core.firmware.timer != nullptr) core.firmware.timer(self);
  }
}

std::string Package::who_waits() const {
  std::string text;
  for (const auto& core : cores_) {
    if (!core->layer_finished) text += "core " + std::to_string(core->die) + " has not finished; ";
    if (core->firmware.waits != nullptr)
      core->firmware.waits(core->firmware.self, &text, [](void* t, const char* line, std::uint32_t length) {
        *static_cast<std::string*>(t) += std::string(line, length) + "; ";
      });
    for (std::size_t q = 0; q < core->queues.size(); ++q) {
      const auto& queue = core->queues[q];
      if (queue.started.empty()) continue;
      const moesaic_header& h = queue.started.front().descriptor.header;
      text += "die " + std::to_string(core->die) + " queue " + std::to_string(q) + " kind " +
              std::to_string(h.kind) + " tag " + std::to_string(h.tag) + " waits for event " +
              std::to_string(h.wait_event) + " >= " + std::to_string(h.wait_value);
      if (h.wait_event != MOESAIC_NO_EVENT)
        text += " (it is " + std::to_string(dies_[core->die].events[h.wait_event]) + ")";
      text += "; ";
    }
  }
  return text;
}

std::uint64_t Package::charged_cycles() const {
  std::uint64_t sum = 0;
  for (const auto& core : cores_) sum += core->charged;
  return sum;
}

// --- the bus
// ------------------------------------------------------------------------------------------------

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

// --- commands
// -----------------------------------------------------------------------------------------------

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

// --- memory and results
// -------------------------------------------------------------------------------------

std::int32_t Package::weight(unsigned kind, unsigned layer, unsigned expert, unsigned row,
                             unsigned column) const {
  std::uint64_t h = mix(kind);
  for (const std::uint64_t part : {layer, expert, row, column}) h = mix(h ^ part);
  return static_cast<std::int8_t>(h & 0xFF);
}

std::uint8_t Package::memory_byte(std::uint64_t address) {
  if (const auto stored = stored_.find(address); stored != stored_.end()) return stored->second;
  auto found = tensors_.upper_bound(address);
  if (found == tensors_.begin()) return fault("a load from memory that holds nothing"), std::uint8_t{0};
  const moesaic_tensor& t = (--found)->second;
  const std::uint64_t inside = address - t.address;
  if (t.kind == MOESAIC_OUTPUT || inside >= std::uint64_t{t.rows} * config_.hidden)
    return fault("a load from memory that holds nothing"), std::uint8_t{0};
  const auto row = static_cast<unsigned>(t.row_begin + inside / config_.hidden);
  const auto column = static_cast<unsigned>(inside % config_.hidden);
  const unsigned expert = t.kind == MOESAIC_ACTIVATIONS ? 0 : t.expert;
  return static_cast<std::uint8_t>(weight(t.kind, t.layer, expert, row, column));
}

std::string Package::wrong_results() const {
  std::map<Work, unsigned> expected_work;
  const std::uint32_t hidden = config_.hidden;
  for (std::uint32_t layer = 0; layer < config_.layers; ++layer) {
    for (std::uint32_t token = 0; token < config_.tokens; ++token) {
      // 1. What the output should be.
      std::vector<std::uint32_t> y(hidden, 0);
      auto choices = routing(layer, token);
      for (std::uint32_t s = 0; s < config_.shared_experts; ++s)
        choices.push_back({static_cast<std::uint16_t>(config_.experts + s), 32768});
      for (const auto& choice : choices) {
        if (dropped_.count({layer, choice.expert, token}) > 0) continue;
        for (std::uint32_t f = 0; f < config_.expert_width; ++f) {
          std::uint32_t gate = 0, up = 0;
          for (std::uint32_t h = 0; h < hidden; ++h) {
            const auto x = static_cast<std::uint32_t>(weight(MOESAIC_ACTIVATIONS, layer, 0, token, h));
            gate += x * static_cast<std::uint32_t>(weight(MOESAIC_GATE_WEIGHTS, layer, choice.expert, f, h));
            up += x * static_cast<std::uint32_t>(weight(MOESAIC_UP_WEIGHTS, layer, choice.expert, f, h));
          }
          for (std::uint32_t h = 0; h < hidden; ++h)
            y[h] += gate * up * choice.gate *
                    static_cast<std::uint32_t>(weight(MOESAIC_DOWN_WEIGHTS, layer, choice.expert, f, h));
          expected_work[{layer, choice.expert, token, f}] += config_.iterations;
        }
      }
      // 2. What was stored.
      for (const auto& [address, t] : tensors_) {
        if (t.kind != MOESAIC_OUTPUT || t.layer != layer || token < t.row_begin ||
            token >= t.row_begin + t.rows)
          continue;
        for (std::uint32_t b = 0; b < 4 * hidden; ++b) {
          const auto at = stored_.find(address + std::uint64_t{token - t.row_begin} * 4 * hidden + b);
          if (at == stored_.end()) return "output of token " + std::to_string(token) + " was not stored";
          if (at->second != static_cast<std::uint8_t>(y[b / 4] >> (8 * (b % 4))))
            return "output of token " + std::to_string(token) + " is wrong";
        }
        y.clear();
        break;
      }
      if (!y.empty()) return "no output tensor holds token " + std::to_string(token);
    }
  }
  if (padding_columns_ != declared_padding_ * config_.expert_width) return "padding is not what was declared";
  return work_ == expected_work ? "" : "work was not done exactly once";
}

const moesaic_image& load_image(const std::string& directory, const std::string& name) {
  void* library = dlopen((directory + "/" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto entry = reinterpret_cast<moesaic_image_entry_fn>(dlsym(library, MOESAIC_IMAGE_ENTRY));
  if (entry == nullptr) throw std::runtime_error(name + " has no " MOESAIC_IMAGE_ENTRY);
  return *entry();
}

}  // namespace moesaic::fake
