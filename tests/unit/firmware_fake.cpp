// SPDX-License-Identifier: Apache-2.0
// The fake package and its run: one happening after the other, out of all that could come next.
#include "tests/unit/firmware_fake.h"

#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>

namespace moesaic::fake {

namespace {
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
}  // namespace

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
    const moesaic_hal hal = hal_of(*core);
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

const moesaic_image& load_image(const std::string& directory, const std::string& name) {
  void* library = dlopen((directory + "/" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto entry = reinterpret_cast<moesaic_image_entry_fn>(dlsym(library, MOESAIC_IMAGE_ENTRY));
  if (entry == nullptr) throw std::runtime_error(name + " has no " MOESAIC_IMAGE_ENTRY);
  return *entry();
}

}  // namespace moesaic::fake
