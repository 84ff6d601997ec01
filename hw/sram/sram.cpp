// SPDX-License-Identifier: Apache-2.0
#include "hw/sram/sram.h"

#include <fmt/format.h>

#include <algorithm>

#include "tlm/diagnostics.h"
#include "tlm/divide.h"
#include "tlm/sc_tick.h"

namespace moesaic {

namespace {

constexpr std::array<const char*, kSramPorts> kPortNames{"engine", "DMA", "fabric"};
constexpr unsigned kFabricPort = 2;
constexpr unsigned kCorePort = 3;

// A train's last byte in the SRAM is before this. Trains with a stride touch a part of [begin, end) only.
std::uint64_t end_of(const Train& train) {
  return Address::offset(train.address_of(train.count - 1)) + train.size;
}

template <class Visit>
void for_each_range(const Train& train, Visit visit) {
  const std::uint64_t begin = Address::offset(train.address);
  if (train.contiguous()) {
    visit(begin, train.bytes());
    return;
  }
  for (std::uint32_t i = 0; i < train.count; ++i) visit(begin + i * train.stride, train.size);
}

}  // namespace

Sram::Sram(const sc_core::sc_module_name& name, NodeId node, const SramParams& params, HwContext& ctx)
    : sc_module(name),
      engine_in("engine_in", *this, 0),
      dma_in("dma_in", *this, 1),
      fabric_in("fabric_in", *this, kFabricPort),
      core_in("core_in", *this, kCorePort),
      scheduler_in("scheduler_in", *this, kCorePort),
      node_(node),
      params_(params),
      ctx_(ctx),
      clock_(Clock::from_hz(params.hz)),
      core_(params, kSramPorts),
      slots_(params.slots, params.size_bytes),
      storage_(params.size_bytes),
      wake_(ctx.wheel, Phase::deliver, component_id(node, UnitId::sram), *this) {
  withheld_since_.fill(kNever);
  if (ctx.trace) {
    trace_ = std::make_unique<SramTrace>(ctx, node, sc_module::name(), params.slots);
    slots_.watch(trace_.get());
  }
}

ServicePort& Sram::port_of(unsigned port) {
  return port == 0 ? engine_in : port == 1 ? dma_in : fabric_in;
}

std::uint64_t Sram::new_request() {
  if (free_requests_.empty()) {
    requests_.emplace_back();
    return requests_.size() - 1;
  }
  const std::uint64_t id = free_requests_.back();
  free_requests_.pop_back();
  return id;
}

bool Sram::offer(unsigned port, tlm::tlm_generic_payload& payload) {
  if (port >= kCorePort) panic(name(), now_tick(), "a control core's port takes b_transport only");
  const Tick now = now_tick();
  // 1. A place in the port's queue.
  if (outstanding_[port] >= params_.port_queue_depth) {
    if (withheld_since_[port] == kNever) {
      withheld_since_[port] = now;
      ++stats_.withheld;
    }
    return false;
  }
  ++outstanding_[port];
  if (trace_) trace_->queue(now, port, outstanding_[port]);
  // 2. Checked on arrival. What is refused takes the same time and leaves no trace.
  const std::uint64_t id = new_request();
  Request& request = requests_[id];
  request.payload = &payload;
  request.begin = std::min(withheld_since_[port], now);
  request.accepted = now;
  request.misuse = check(port, payload);
  request.generation = slots_.generation();
  withheld_since_[port] = kNever;
  const TrainExtension& extension = train_of(payload);
  if (!request.misuse) note_use(port, extension);
  // 3. Into the timing core.
  const SramAccess kind = payload.is_read()      ? SramAccess::read
                          : extension.accumulate ? SramAccess::accumulate
                                                 : SramAccess::write;
  Train train = extension.train;
  train.address = Address::offset(train.address);
  core_.arrive(now, port, id, train, kind);
  wake_.arm(core_.next_wake());
  return true;
}

void Sram::on_wheel(Tick now, Phase, std::uint64_t) {
  if (!wake_.take(now)) return;
  // 1. Responses that are due, in the order in which the core gives them.
  std::vector<SramCore::Done> done;
  core_.advance(now, done);
  for (const SramCore::Done& d : done) complete(d.port, d.id, now);
  // 2. Places have come free.
  for (unsigned port = 0; port < kSramPorts; ++port) {
    if (withheld_since_[port] != kNever && outstanding_[port] < params_.port_queue_depth)
      port_of(port).retry();
  }
  for (unsigned port = 0; port < kSramPorts; ++port) {
    stats_.ports[port].conflict_cycles = core_.conflict_cycles(port);
    for (unsigned to = 0; to < kSramPorts; ++to) stats_.ports[port].lost_to[to] = core_.lost_cycles(port, to);
  }
  // 3. The next time at which anything can be due.
  const Tick next = core_.next_wake();
  if (next != kNever) wake_.arm(next);
}

void Sram::complete(unsigned port, std::uint64_t id, Tick now) {
  Request request = requests_[id];
  free_requests_.push_back(id);
  --outstanding_[port];
  if (trace_) trace_->queue(now, port, outstanding_[port]);
  tlm::tlm_generic_payload& payload = *request.payload;
  TrainExtension& extension = train_of(payload);
  // 1. The rules that depend on the present.
  if (!request.misuse) request.misuse = check_now(port, request);
  // 2. The bytes.
  if (request.misuse) {
    refuse(request, now);
  } else {
    move_bytes(payload);
    move_poison(payload);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    account(port, request, now);
  }
  // 3. The response.
  extension.causes = CauseTimes{};
  extension.causes[static_cast<std::size_t>(Cause::sram)] = now - request.begin;
  port_of(port).respond(payload);
}

// Slots may have been released since the request came, and the bytes written only now.
std::optional<std::string> Sram::check_now(unsigned port, const Request& request) const {
  const TrainExtension& extension = train_of(*request.payload);
  if (request.payload->is_read())
    return extension.list ? check_list(extension.train) : check_data(extension.train, "read");
  if (request.generation != slots_.generation()) {
    if (auto error = check_slots(port, extension)) return error;
  }
  if (extension.accumulate) return check_data(extension.train, "added to");
  return std::nullopt;
}

std::optional<std::string> Sram::check_data(const Train& train, const char* what) const {
  const std::uint64_t begin = Address::offset(train.address);
  if (slots_.holds_data(begin, end_of(train))) return std::nullopt;
  std::optional<std::string> error;
  for_each_range(train, [&](std::uint64_t offset, std::uint64_t bytes) {
    if (error || slots_.holds_data(offset, offset + bytes)) return;
    error =
        fmt::format("bytes {} to {} are {}, but not all of them were written since their slot was allocated",
                    offset, offset + bytes - 1, what);
  });
  return error;
}

// Which slots a command of this die has accessed; commands of others are done when their data have left.
void Sram::note_use(unsigned port, const TrainExtension& extension) {
  if (port == kFabricPort || extension.activity == kRootActivity) return;
  const std::uint32_t tag = ctx_.log[extension.activity].tag;
  for_each_range(extension.train, [&](std::uint64_t offset, std::uint64_t bytes) {
    slots_.use(static_cast<std::uint32_t>(extension.activity), tag, offset, offset + bytes);
  });
}

void Sram::note_write(const Train& train) {
  const std::uint64_t begin = Address::offset(train.address);
  if (slots_.holds_data(begin, end_of(train))) return;
  for_each_range(train,
                 [&](std::uint64_t offset, std::uint64_t bytes) { slots_.wrote(offset, offset + bytes); });
}

void Sram::refuse(const Request& request, Tick now) {
  ++stats_.misuses;
  request.payload->set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
  const std::uint32_t tag = ctx_.log[train_of(*request.payload).activity].tag;
  ctx_.faults.report(Fault{node_, UnitId::sram, tag, now, *request.misuse});
}

void Sram::account(unsigned port, const Request& request, Tick now) {
  SramPortStats& stats = stats_.ports[port];
  const TrainExtension& extension = train_of(*request.payload);
  const std::uint64_t bytes = extension.train.bytes();
  ++stats.trains;
  stats.occupied += now - request.accepted;
  if (request.payload->is_read()) {
    stats.bytes_read += bytes;
  } else if (extension.accumulate) {
    stats.bytes_accumulated += bytes;
  } else {
    stats.bytes_written += bytes;
  }
}

void Sram::move_bytes(tlm::tlm_generic_payload& payload) {
  const TrainExtension& extension = train_of(payload);
  const Train& train = extension.train;
  if (payload.is_write()) {
    forget_control_data(train);
    note_write(train);
  }
  if (!ctx_.pool.functional()) return;
  std::uint8_t* data = payload.get_data_ptr();
  if (payload.is_write() && ctx_.injector) {
    ctx_.injector->pass(InjectionPoint::sram_write, node_, data, train.bytes());
  }
  for_each_range(train, [&](std::uint64_t offset, std::uint64_t bytes) {
    if (payload.is_read()) {
      storage_.read(offset, data, bytes);
    } else if (extension.accumulate) {
      storage_.accumulate(offset, data, bytes);
    } else {
      storage_.write(offset, data, bytes);
    }
    data += bytes;
  });
}

// Bytes that somebody could not read correctly stay marked until they are overwritten; whoever reads them
// hears of it.
void Sram::move_poison(tlm::tlm_generic_payload& payload) {
  TrainExtension& extension = train_of(payload);
  if (payload.is_read()) extension.poisoned = false;
  if (poisoned_.empty() && !extension.poisoned) return;
  for_each_range(extension.train, [&](std::uint64_t offset, std::uint64_t bytes) {
    if (payload.is_read()) {
      extension.poisoned = extension.poisoned || poisoned_.touches(offset, offset + bytes);
    } else if (extension.poisoned) {
      poisoned_.add(offset, offset + bytes);
    } else if (!extension.accumulate) {
      poisoned_.remove(offset, offset + bytes);
    }
  });
}

void Sram::forget_control_data(const Train& train) {
  if (control_data_.empty()) return;
  for_each_range(train, [&](std::uint64_t offset, std::uint64_t bytes) {
    control_data_.remove(offset, offset + bytes);
  });
}

std::optional<std::string> Sram::check(unsigned port, tlm::tlm_generic_payload& payload) const {
  const TrainExtension& extension = train_of(payload);
  const Train& train = extension.train;
  if (train.bytes() == 0) panic(name(), now_tick(), "a transaction without bytes");
  if (auto error = check_range(train)) return error;
  if (payload.is_read()) return std::nullopt;
  if (extension.accumulate && train.size % 4 != 0) {
    return fmt::format("an accumulating write of {} bytes is not a whole number of int32", train.size);
  }
  return check_slots(port, extension);
}

std::optional<std::string> Sram::check_range(const Train& train) const {
  const std::uint64_t end = end_of(train);
  const std::uint64_t begin = Address::offset(train.address);
  const std::uint64_t span = (train.count - 1) * train.stride + train.size;
  if (end <= params_.size_bytes && begin + span == end) return std::nullopt;
  return fmt::format("an access to bytes {} to {} is outside the SRAM, which has {} bytes", begin,
                     begin + span - 1, params_.size_bytes);
}

std::optional<std::string> Sram::check_slots(unsigned port, const TrainExtension& extension) const {
  const Train& train = extension.train;
  const NodeId writer = port == kFabricPort ? extension.requester : node_;
  const std::uint64_t begin = Address::offset(train.address);
  // Mostly one slot holds the whole train. If not, each access must lie in one.
  if (!slots_.check_write(begin, end_of(train) - begin, writer, node_)) return std::nullopt;
  std::optional<std::string> error;
  for_each_range(train, [&](std::uint64_t offset, std::uint64_t bytes) {
    if (!error) error = slots_.check_write(offset, bytes, writer, node_);
  });
  return error;
}

std::optional<std::string> Sram::check_list(const Train& train) const {
  std::optional<std::string> error;
  for_each_range(train, [&](std::uint64_t offset, std::uint64_t bytes) {
    if (error || control_data_.covers(offset, offset + bytes)) return;
    error = fmt::format(
        "the token list at bytes {} to {} was not written by a control core of this die (or was overwritten "
        "by DMA, engine or fabric since)",
        offset, offset + bytes - 1);
  });
  return error;
}

void Sram::access(unsigned port, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (port < kCorePort) panic(name(), now_tick(), "b_transport on a data-plane port");
  const Tick begin = now_tick() + to_tick(delay);
  const std::uint64_t offset = Address::offset(payload.get_address());
  const std::uint64_t bytes = payload.get_data_length();
  // 1. Time, also for what is refused.
  const std::uint64_t words = divide_up(bytes, params_.bank_bytes_per_cycle);
  const std::uint64_t latency =
      payload.is_read() ? params_.read_latency_cycles : params_.write_latency_cycles;
  delay = to_sc_time(clock_.after(begin, latency + std::max<std::uint64_t>(words, 1) - 1) - now_tick());
  // 2. Range.
  if (offset + bytes > params_.size_bytes) {
    ++stats_.misuses;
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    ctx_.faults.report(Fault{node_, UnitId::sram, 0, now_tick(),
                             fmt::format("a control core accesses bytes {} to {}; the SRAM has {} bytes",
                                         offset, offset + bytes - 1, params_.size_bytes)});
    return;
  }
  // 3. Bytes: control data is real in both modes.
  if (payload.is_read()) {
    storage_.read(offset, payload.get_data_ptr(), bytes);
  } else {
    storage_.write(offset, payload.get_data_ptr(), bytes);
    control_data_.add(offset, offset + bytes);
    slots_.wrote(offset, offset + bytes);
  }
  ++stats_.core_accesses;
  stats_.core_bytes += bytes;
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

unsigned Sram::debug(unsigned, tlm::tlm_generic_payload& payload) {
  const std::uint64_t offset = Address::offset(payload.get_address());
  if (offset >= params_.size_bytes) return 0;
  const std::uint64_t bytes = std::min<std::uint64_t>(payload.get_data_length(), params_.size_bytes - offset);
  if (payload.is_read()) {
    storage_.read(offset, payload.get_data_ptr(), bytes);
  } else if (payload.is_write()) {
    storage_.write(offset, payload.get_data_ptr(), bytes);
    slots_.wrote(offset, offset + bytes);
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  return static_cast<unsigned>(bytes);
}

void Sram::report_waits(std::vector<std::string>& lines) const {
  for (unsigned port = 0; port < kSramPorts; ++port) {
    if (outstanding_[port] == 0) continue;
    lines.push_back(fmt::format("{}: {} of {} requests of the {} port wait for their banks{}", name(),
                                outstanding_[port], params_.port_queue_depth, kPortNames[port],
                                withheld_since_[port] == kNever ? "" : "; the next waits for a place"));
  }
}

}  // namespace moesaic
