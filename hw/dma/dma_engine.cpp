// SPDX-License-Identifier: Apache-2.0
#include "hw/dma/dma_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <tuple>

#include "tlm/diagnostics.h"
#include "tlm/sc_tick.h"

namespace moesaic {

namespace {

// What a request is for. Its cookie holds the sequence number of its chunk, the channel and this.
enum class Step : std::uint64_t { list, read, write };
std::uint64_t cookie_of(std::uint64_t sequence, unsigned channel, Step step) {
  return (sequence << 16) | (std::uint64_t{channel} << 8) | static_cast<std::uint64_t>(step);
}

// The order in which the causes of one transaction are laid behind each other: waiting for others first,
// moving our own bytes last, so that in a full pipeline the time between two chunks is what it took to move a
// chunk.
constexpr std::array<Cause, kCauseCount> kLaidOut{Cause::memory_queue,
                                                  Cause::fabric_queue,
                                                  Cause::command,
                                                  Cause::dma,
                                                  Cause::fabric_latency,
                                                  Cause::memory_latency,
                                                  Cause::sram,
                                                  Cause::memory_row,
                                                  Cause::memory_refresh,
                                                  Cause::memory_turnaround,
                                                  Cause::fabric_transfer,
                                                  Cause::memory_transfer,
                                                  Cause::firmware,
                                                  Cause::interrupt,
                                                  Cause::timer,
                                                  Cause::engine_compute,
                                                  Cause::engine_fill,
                                                  Cause::engine_vector};

unsigned copies_of(const Transfer& multicast) {
  return static_cast<unsigned>(std::bitset<kMostNodes>(multicast.destinations).count());
}

}  // namespace

DmaEngine::DmaEngine(const sc_core::sc_module_name& name, NodeId node, const DmaParams& params,
                     HwContext& ctx, bool network_copies)
    : sc_module(name),
      commands("commands"),
      done_out("done_out"),
      sram_out("sram_out", *this, 0),
      memory_out("memory_out", *this, 1),
      fabric_out("fabric_out", *this, 2),
      node_(node),
      params_(params),
      ctx_(ctx),
      clock_(Clock::from_hz(params.hz)),
      network_copies_(network_copies),
      channels_(params.channels) {
  commands.bind(*this);
  if (ctx.trace) trace_ = std::make_unique<DmaTrace>(ctx, node, sc_module::name(), params.channels);
}

bool DmaEngine::can_issue() const {
  return std::any_of(channels_.begin(), channels_.end(), [](const Channel& c) { return !c.busy; });
}

void DmaEngine::issue(Command command) {
  const auto free =
      std::find_if(channels_.begin(), channels_.end(), [](const Channel& c) { return !c.busy; });
  if (free == channels_.end())
    panic(sc_module::name(), now_tick(), "a command was issued to a busy DMA engine");
  const Tick now = now_tick();
  Channel& channel = *free;
  channel.busy = true;
  channel.command = std::move(command);
  channel.status = CommandStatus::ok;
  channel.next_sequence = 0;
  channel.started = now;
  start_activity(ctx_.log, channel.command, now, node_, UnitId::dma, channel.free_since,
                 channel.last_activity);
  const unsigned busy = static_cast<unsigned>(
      std::count_if(channels_.begin(), channels_.end(), [](const Channel& c) { return c.busy; }));
  stats_.peak_channels = std::max(stats_.peak_channels, busy);
  const unsigned index = static_cast<unsigned>(free - channels_.begin());
  if (trace_) trace_->begin(now, index, channel.command);
  ctx_.wheel.schedule(clock_.after(now, params_.setup_cycles), Phase::deliver,
                      component_id(node_, UnitId::dma, index), *this, index);
}

void DmaEngine::on_wheel(Tick now, Phase, std::uint64_t cookie) {
  begin_transfer(static_cast<unsigned>(cookie), now);
}

void DmaEngine::begin_transfer(unsigned index, Tick now) {
  Channel& channel = channels_[index];
  ctx_.log.extend(channel.command.activity, Cause::dma, now);
  Transfer& transfer = std::get<Transfer>(channel.command.body);
  if (channel.command.kind == CommandKind::load && ctx_.injector) ctx_.injector->load(node_, transfer.source);
  if (transfer.list != kNoOffset && transfer.rows > 0) {
    read_list(index);
  } else {
    make_plan(index, {});
  }
}

void DmaEngine::read_list(unsigned index) {
  Channel& channel = channels_[index];
  const Transfer& transfer = transfer_of(channel);
  const std::uint32_t bytes = transfer.rows * static_cast<std::uint32_t>(sizeof(ListEntry));
  auto& payload = ctx_.pool.acquire(
      tlm::TLM_READ_COMMAND, Train::block(Address::make(node_, AddressUnit::sram, transfer.list), bytes));
  TrainExtension& train = train_of(payload);
  train.requester = node_;
  train.list = true;
  train.activity = channel.command.activity;
  train.cookie = cookie_of(0, index, Step::list);
  sram_out.send(payload, transfer.priority);
}

void DmaEngine::make_plan(unsigned index, std::vector<ListEntry> list) {
  Channel& channel = channels_[index];
  const Transfer& transfer = transfer_of(channel);
  if (const auto error = check(transfer, list)) {
    channel.status = CommandStatus::misuse;
    ctx_.faults.report({node_, UnitId::dma, channel.command.tag, now_tick(), *error});
  }
  channel.plan = std::make_unique<TransferPlan>(transfer, std::move(list), params_.chunk_bytes);
  pump(index, now_tick());
  finish_if_done(index, now_tick());
}

// What the targets cannot see: that there is none, or that a row's offset runs into the other bits of its
// address.
std::optional<std::string> DmaEngine::check(const Transfer& t, const std::vector<ListEntry>& list) const {
  for (const std::uint64_t address : {t.source, t.destination}) {
    const bool own_memory = Address::node(address) == node_ && Address::unit(address) == AddressUnit::memory;
    if (own_memory && memory_out.socket.size() == 0)
      return fmt::format("die {} has no memory", index_of(node_));
  }
  std::uint64_t in_row = list.empty() && t.rows > 0 ? t.rows - 1 : 0;
  std::uint64_t out_row = in_row;
  for (const ListEntry& entry : list) {
    in_row = std::max<std::uint64_t>(in_row, entry.in_row);
    out_row = std::max<std::uint64_t>(out_row, entry.out_row);
  }
  const auto fits = [&](std::uint64_t address, std::uint64_t row, std::uint64_t stride) {
    const auto end = static_cast<unsigned __int128>(row) * stride + Address::offset(address) + t.row_bytes;
    return end <= Address::kOffsetMask;
  };
  if (fits(t.source, in_row, t.source_stride) && fits(t.destination, out_row, t.destination_stride))
    return std::nullopt;
  return fmt::format(
      "row {} of the source, {} bytes apart, or row {} of the destination, {} bytes apart, "
      "leaves the address range of its unit",
      in_row, t.source_stride, out_row, t.destination_stride);
}

// Issues reads while the buffer has room.
void DmaEngine::pump(unsigned index, Tick now) {
  Channel& channel = channels_[index];
  while (channel.status == CommandStatus::ok && channel.chunks.size() < params_.outstanding_chunks) {
    const std::optional<Chunk> chunk = channel.plan->next();
    if (!chunk) return;
    issue_read(index, *chunk, now);
  }
}

RequestPort& DmaEngine::port_for(std::uint64_t address) {
  if (Address::node(address) != node_) return fabric_out;
  return Address::unit(address) == AddressUnit::memory ? memory_out : sram_out;
}

void DmaEngine::issue_read(unsigned index, Chunk chunk, Tick now) {
  Channel& channel = channels_[index];
  auto& payload = ctx_.pool.acquire(tlm::TLM_READ_COMMAND, chunk.read);
  TrainExtension& train = train_of(payload);
  train.requester = node_;
  train.activity = channel.command.activity;
  train.cookie = cookie_of(channel.next_sequence, index, Step::read);
  InFlight in_flight;
  in_flight.sequence = channel.next_sequence++;
  in_flight.write = chunk.write;
  in_flight.read_begin = now;
  channel.chunks.push_back(in_flight);
  ++stats_.chunks;
  port_for(chunk.read.address).send(payload, transfer_of(channel).priority);
}

void DmaEngine::responded(unsigned, tlm::tlm_generic_payload& payload) {
  const std::uint64_t cookie = train_of(payload).cookie;
  const unsigned index = static_cast<unsigned>((cookie >> 8) & 0xFF);
  const Tick now = now_tick();
  Channel& channel = channels_[index];
  if (!payload.is_response_ok()) channel.status = CommandStatus::misuse;
  if (train_of(payload).poisoned) channel.status = CommandStatus::poisoned;
  switch (static_cast<Step>(cookie & 0xFF)) {
    case Step::list: {
      ctx_.log.extend(channel.command.activity, Cause::sram, now);
      std::vector<ListEntry> list(transfer_of(channel).rows);
      if (channel.status == CommandStatus::ok) {
        // The time was paid by the train; the bytes are control data and real in both modes.
        tlm::tlm_generic_payload peek;
        peek.set_read();
        peek.set_address(payload.get_address());
        peek.set_data_ptr(reinterpret_cast<unsigned char*>(list.data()));
        peek.set_data_length(payload.get_data_length());
        peek.set_streaming_width(payload.get_data_length());
        sram_out.socket->transport_dbg(peek);
      }
      make_plan(index, std::move(list));
      break;
    }
    case Step::read:
      read_responded(index, payload, now);
      break;
    case Step::write:
      write_responded(index, payload, now);
      break;
  }
}

// Responses may overtake each other; chunks leave the buffer from the front only.
DmaEngine::InFlight& DmaEngine::chunk_of(Channel& channel, std::uint64_t cookie) {
  return channel.chunks[(cookie >> 16) - channel.chunks.front().sequence];
}

void DmaEngine::read_responded(unsigned index, tlm::tlm_generic_payload& payload, Tick now) {
  Channel& channel = channels_[index];
  // 1. Keep the bytes.
  InFlight& chunk = chunk_of(channel, train_of(payload).cookie);
  chunk.read_done = true;
  chunk.read_end = now;
  chunk.read_causes = train_of(payload).causes;
  payload.acquire();
  chunk.data = &payload;
  // 2. Issue the writes that have become possible, in order.
  while (channel.writes_issued < channel.chunks.size() && channel.chunks[channel.writes_issued].read_done) {
    InFlight& next = channel.chunks[channel.writes_issued];
    const bool last = channel.plan->finished() && channel.writes_issued + 1 == channel.chunks.size();
    ++channel.writes_issued;
    issue_write(index, next, last, now);
  }
}

void DmaEngine::issue_write(unsigned index, InFlight& chunk, bool last, Tick now) {
  const Transfer& transfer = transfer_of(channels_[index]);
  chunk.write_begin = now;
  if (!transfer.multicast()) {
    issue_copy(index, chunk, chunk.write, last);
  } else if (network_copies_ && copies_of(transfer) > 1) {
    issue_copy(index, chunk, chunk.write, last, transfer.destinations);
  } else {
    // Counted before the first leaves.
    chunk.writes_left = copies_of(transfer);
    for (unsigned node = 0; node < kMostNodes; ++node) {
      if (!transfer.goes_to(node)) continue;
      Train write = chunk.write;
      write.address = Address::make(NodeId(node), AddressUnit::sram, Address::offset(write.address));
      issue_copy(index, chunk, write, last);
    }
  }
  chunk.data->release();
  chunk.data = nullptr;
}

// `dies`: to which the network copies it; 0: to the address alone.
void DmaEngine::issue_copy(unsigned index, const InFlight& chunk, const Train& write, bool last,
                           std::uint64_t dies) {
  Channel& channel = channels_[index];
  tlm::tlm_generic_payload& source = *chunk.data;
  auto& payload = ctx_.pool.acquire(tlm::TLM_WRITE_COMMAND, write);
  if (ctx_.pool.functional()) {
    std::memcpy(payload.get_data_ptr(), source.get_data_ptr(), source.get_data_length());
  }
  TrainExtension& train = train_of(payload);
  train.requester = node_;
  train.activity = channel.command.activity;
  train.cookie = cookie_of(chunk.sequence, index, Step::write);
  train.accumulate = transfer_of(channel).accumulate;
  train.destinations = dies;
  train.poisoned = train_of(source).poisoned;
  if (train.poisoned && channel.command.kind == CommandKind::store)
    ctx_.faults.report({node_, UnitId::dma, channel.command.tag, now_tick(),
                        "a store of data that come from a memory read with an uncorrectable error"});
  const Signal& signal = channel.command.signal;
  if (last && channel.command.kind == CommandKind::send && signal.present()) {
    train.signal_event = signal.event;
    train.signal_add = signal.add;
  }
  port_for(write.address).send(payload, transfer_of(channel).priority);
}

void DmaEngine::write_responded(unsigned index, tlm::tlm_generic_payload& payload, Tick now) {
  Channel& channel = channels_[index];
  const std::uint64_t bytes = train_of(payload).train.bytes();
  InFlight& chunk = chunk_of(channel, train_of(payload).cookie);
  // 1. Account.
  const Transfer& transfer = transfer_of(channel);
  const bool remote = Address::node(transfer.source) != Address::node(transfer.destination);
  switch (channel.command.kind) {
    case CommandKind::load:
      stats_.loaded_bytes += bytes;
      break;
    case CommandKind::store:
      stats_.stored_bytes += bytes;
      if (payload.is_response_ok())
        ctx_.work.stored({node_, channel.command.tag, now, train_of(payload).train});
      break;
    default:
      if (train_of(payload).destinations != 0) {
        stats_.sent_bytes += copies_of(transfer) * bytes;
        stats_.copied_bytes += (copies_of(transfer) - 1) * bytes;
        break;
      }
      stats_.sent_bytes += bytes;
      if (chunk.writes_left > 1) stats_.copied_bytes += bytes;
      break;
  }
  if (remote && channel.command.kind != CommandKind::send) stats_.remote_bytes += bytes;
  if (--chunk.writes_left > 0) return;
  attribute(channel, chunk, train_of(payload).causes, now);
  // 2. Its place in the buffer is free, once those before it are.
  while (!channel.chunks.empty() && channel.chunks.front().writes_left == 0) {
    channel.chunks.pop_front();
    --channel.writes_issued;
  }
  pump(index, now);
  finish_if_done(index, now);
}

// The stretch from the activity's end to now, laid out backwards along this chunk's life: write, read, and
// before that the wait for its place in the buffer.
void DmaEngine::attribute(Channel& channel, const InFlight& chunk, const CauseTimes& write_causes, Tick now) {
  CausalLog& log = ctx_.log;
  const ActivityId activity = channel.command.activity;
  Tick at = chunk.read_begin;
  const auto lay = [&](const CauseTimes& causes, Tick until) {
    for (const Cause cause : kLaidOut) {
      const Tick time = causes[static_cast<std::size_t>(cause)];
      at = std::min(at + time, until);
      if (at > log.end(activity)) log.extend(activity, cause, at);
    }
    at = until;
    if (at > log.end(activity)) log.extend(activity, Cause::dma, at);
  };
  if (at > log.end(activity)) log.extend(activity, Cause::dma, at);
  lay(chunk.read_causes, chunk.read_end);
  lay({}, chunk.write_begin);
  lay(write_causes, now);
}

void DmaEngine::finish_if_done(unsigned index, Tick now) {
  Channel& channel = channels_[index];
  if (!channel.chunks.empty()) return;
  if (!channel.plan->finished() && channel.status == CommandStatus::ok) return;
  ctx_.log.extend(channel.command.activity, Cause::dma, now);
  switch (channel.command.kind) {
    case CommandKind::load:
      ++stats_.loads;
      break;
    case CommandKind::store:
      ++stats_.stores;
      break;
    default:
      ++stats_.sends;
      if (transfer_of(channel).multicast()) ++stats_.multicasts;
      break;
  }
  stats_.channel_busy += now - channel.started;
  if (trace_) trace_->end(now, index, channel.command);
  channel.busy = false;
  channel.free_since = now;
  channel.last_activity = channel.command.activity;
  const Command command = channel.command;
  done_out->done(command, channel.status);
}

void DmaEngine::report_waits(std::vector<std::string>& lines) const {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const Channel& channel = channels_[i];
    if (!channel.busy) continue;
    const auto unread = std::count_if(channel.chunks.begin(), channel.chunks.end(),
                                      [](const InFlight& c) { return !c.read_done; });
    lines.push_back(fmt::format(
        "{}: channel {} (command tag {}) waits for {} reads and {} writes; requests not accepted: sram "
        "{}, memory {}, fabric {}",
        name(), i, channel.command.tag, unread, channel.writes_issued, sram_out.waiting(),
        memory_out.waiting(), fabric_out.waiting()));
  }
}

}  // namespace moesaic
