// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/memory_controller.h"

#include <fmt/format.h>

#include <algorithm>

#include "tlm/diagnostics.h"

namespace moesaic {

using tlm::tlm_generic_payload;

MemoryController::MemoryController(const sc_core::sc_module_name& name, NodeId node,
                                   const MemoryParams& params, HwContext& ctx, const ContentSource& contents)
    : sc_module(name),
      dma_in("dma_in", *this, 0),
      fabric_in("fabric_in", *this, 1),
      node_(node),
      params_(params),
      ctx_(ctx),
      contents_(node, contents),
      wake_up_(ctx.wheel, Phase::arbitrate, component_id(node, UnitId::memory), *this) {
  channels_.reserve(params.channels);
  for (unsigned i = 0; i < params.channels; ++i) channels_.emplace_back(params, i);
  first_offer_.fill(kNever);
  if (ctx.trace == nullptr) return;
  // One entry per data bus: the pseudo channels of a channel follow each other.
  const unsigned buses = params.organisation.pseudo_channels;
  trace_ = std::make_unique<MemoryTrace>(ctx, node, sc_module::name(), params.channels * buses,
                                         Clock(params.timing.clock_period_fs, 2));
  for (unsigned i = 0; i < params.channels * buses; ++i)
    channels_[i / buses].show(&trace_->channel(i), i % buses);
}

// --- requests ---------------------------------------------------------------------------------------------

bool MemoryController::offer(unsigned port, tlm_generic_payload& payload) {
  const Tick now = ctx_.wheel.now();
  // 1. Back-pressure: a full port withholds END_REQ until one of its transactions is answered.
  if (first_offer_[port] == kNever) first_offer_[port] = now;
  if (in_flight_[port] == params_.controller.port_requests) return false;
  MemoryPortStats& stats = port_stats_[port];
  Transaction transaction{&payload, next_id_++, first_offer_[port], now, port, 0, {}};
  first_offer_[port] = kNever;
  stats.peak = std::max<std::uint64_t>(stats.peak, ++in_flight_[port]);
  ++stats.requests;
  if (trace_) trace_->queue(now, port, in_flight_[port]);
  stats.withheld += now - transaction.offered;
  // 2. A request that cannot be served is answered at once, without touching a channel.
  std::string why;
  const tlm::tlm_response_status status = check(payload, why);
  if (status != tlm::TLM_OK_RESPONSE) {
    reject(transaction, status, why);
    return true;
  }
  // 3. Its parts, one per channel it touches.
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  Train train = train_of(payload).train;
  train.address = Address::offset(train.address);
  for (DramChannel& channel : channels_) {
    if (!channel.touches(train)) continue;
    channel.arrive(now, train, payload.is_write(), transaction.id, port);
    ++transaction.parts;
  }
  transactions_.push_back(transaction);
  arm();
  return true;
}

tlm::tlm_response_status MemoryController::check(const tlm_generic_payload& payload, std::string& why) const {
  const TrainExtension* extension = payload.get_extension<TrainExtension>();
  const Train& train = extension->train;
  const std::uint64_t from = Address::offset(train.address);
  if (Address::node(train.address) != node_ || Address::unit(train.address) != AddressUnit::memory) {
    why = fmt::format("address {:#x} is not in the memory of die {}", train.address, index_of(node_));
    return tlm::TLM_ADDRESS_ERROR_RESPONSE;
  }
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND || train.size == 0 || train.count == 0) {
    why = "a memory access moves no bytes";
    return tlm::TLM_COMMAND_ERROR_RESPONSE;
  }
  if (extension->accumulate) {
    why = "memory cannot accumulate; only writes to SRAM can";
    return tlm::TLM_COMMAND_ERROR_RESPONSE;
  }
  const auto last = static_cast<unsigned __int128>(train.stride) * (train.count - 1);
  if (from + last + train.size > params_.capacity_bytes) {
    why = fmt::format("offset {:#x}, {} x {} bytes every {} bytes, ends beyond the memory's {} bytes", from,
                      train.count, train.size, train.stride, params_.capacity_bytes);
    return tlm::TLM_ADDRESS_ERROR_RESPONSE;
  }
  return tlm::TLM_OK_RESPONSE;
}

void MemoryController::reject(Transaction& transaction, tlm::tlm_response_status status,
                              const std::string& why) {
  const Tick now = ctx_.wheel.now();
  const ActivityId activity = train_of(*transaction.payload).activity;
  ctx_.faults.report({node_, UnitId::memory, ctx_.log[activity].tag, now, why});
  transaction.payload->set_response_status(status);
  transactions_.push_back(transaction);
  wake_up_.arm(now);
}

// --- responses --------------------------------------------------------------------------------------------

void MemoryController::arm() {
  Tick next = kNever;
  for (const DramChannel& channel : channels_) next = std::min(next, channel.next_wake());
  if (next != kNever) wake_up_.arm(std::max(next, ctx_.wheel.now()));
}

void MemoryController::on_wheel(Tick now, Phase, std::uint64_t) {
  if (!wake_up_.take(now)) return;
  // 1. Decisions up to now; the transactions that are done with it.
  done_.clear();
  collect(now, done_);
  // 2. Answers, in order of acceptance. They may bring new requests.
  for (Transaction& transaction : done_) {
    --in_flight_[transaction.port];
    if (trace_) trace_->queue(now, transaction.port, in_flight_[transaction.port]);
    respond(now, transaction);
  }
  // 3. Room for withheld requests.
  for (unsigned i = 0; i < kPorts; ++i) port(i).retry();
  arm();
}

// Moves transactions without pending parts from transactions_ to `done`.
void MemoryController::collect(Tick now, std::vector<Transaction>& done) {
  for (DramChannel& channel : channels_) {
    channel.advance(now);
    DramChannel::Done part;
    while (channel.pop_done(part)) {
      const auto owner = std::find_if(transactions_.begin(), transactions_.end(),
                                      [&](const Transaction& t) { return t.id == part.id; });
      if (owner == transactions_.end() || part.at != now) panic(name(), now, "a channel is done out of turn");
      // A transaction ends with its last part, whose causes are its own; parts that end together sum to the
      // same.
      --owner->parts;
      owner->causes = part.causes;
    }
  }
  const auto pending = [](const Transaction& t) { return t.parts > 0; };
  const auto first = std::stable_partition(transactions_.begin(), transactions_.end(), pending);
  done.assign(first, transactions_.end());
  transactions_.erase(first, transactions_.end());
}

void MemoryController::respond(Tick now, Transaction& transaction) {
  tlm_generic_payload& payload = *transaction.payload;
  transaction.causes[static_cast<std::size_t>(Cause::memory_queue)] +=
      transaction.accepted - transaction.offered;
  train_of(payload).causes = transaction.causes;
  if (trace_) trace_->answered(now, train_of(payload).train.bytes());
  if (ctx_.pool.functional() && payload.is_response_ok()) move_bytes(payload);
  port_stats_[transaction.port].latency += now - transaction.offered;
  port(transaction.port).respond(payload);
}

void MemoryController::move_bytes(tlm_generic_payload& payload) {
  const Train& train = train_of(payload).train;
  std::uint8_t* data = payload.get_data_ptr();
  for (std::uint32_t i = 0; i < train.count; ++i, data += train.size) {
    const std::uint64_t offset = Address::offset(train.address_of(i));
    if (payload.is_read()) {
      contents_.read(offset, data, train.size);
    } else {
      contents_.write(offset, data, train.size);
    }
  }
  if (payload.is_read() && ctx_.injector != nullptr)
    ctx_.injector->pass(InjectionPoint::memory_read, node_, payload.get_data_ptr(), train.bytes());
}

unsigned MemoryController::debug(unsigned, tlm_generic_payload& payload) {
  const std::uint64_t offset = Address::offset(payload.get_address());
  if (offset >= params_.capacity_bytes) return 0;
  const std::uint64_t bytes =
      std::min<std::uint64_t>(payload.get_data_length(), params_.capacity_bytes - offset);
  if (payload.is_read()) contents_.read(offset, payload.get_data_ptr(), bytes);
  if (payload.is_write()) contents_.write(offset, payload.get_data_ptr(), bytes);
  return static_cast<unsigned>(bytes);
}

void MemoryController::report_waits(std::vector<std::string>& lines) const {
  static constexpr std::array<const char*, kPorts> kNames{"dma_in", "fabric_in"};
  for (unsigned i = 0; i < kPorts; ++i) {
    if (in_flight_[i] > 0)
      lines.push_back(fmt::format("{}.{}: {} of {} transactions wait for their channels", name(), kNames[i],
                                  in_flight_[i], params_.controller.port_requests));
    if (first_offer_[i] != kNever)
      lines.push_back(fmt::format("{}.{}: a request is withheld since {}", name(), kNames[i],
                                  format_time(first_offer_[i])));
  }
}

}  // namespace moesaic
