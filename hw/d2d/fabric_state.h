// SPDX-License-Identifier: Apache-2.0
// What routers and sources of the fabric's timing core remember. Who wants something is a bit in a mask, so
// that a step looks at nothing else.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "hw/d2d/fabric_params.h"
#include "hw/d2d/link_errors.h"
#include "hw/d2d/packet_train.h"
#include "hw/d2d/ring.h"

namespace moesaic::fabric {

inline constexpr unsigned kNoUnit = ~0u;

/// Number of an input, an output or a virtual channel. What a packet touches at a router fits few cache
/// lines.
using Index = std::uint16_t;
inline constexpr Index kNoIndex = 0xffff;

struct Channel;
struct Input;
struct Unit;

/// `count` credits that come one per cycle from `first` on (step 1), or all at once (step 0).
struct Flow {
  Cycle first = 0;
  std::uint32_t count = 0;
  std::uint32_t step = 1;
};

/// Flits of a train that are in a buffer or announced: `flit` is there from `first` on, the next `step`
/// cycles later, and so on.
struct Stretch {
  PacketTrain* train = nullptr;
  Cycle first = 0;
  std::uint32_t flit = 0;
  std::uint32_t count = 0;
  std::uint16_t step = 1;
  std::uint32_t end() const { return flit + count; }
  /// Its first `taken` flits are gone.
  void take(std::uint32_t taken) {
    first += std::uint64_t{step} * taken;
    flit += taken;
    count -= taken;
  }
  /// `next` goes on with its flits and its cycles.
  bool meets(const Stretch& next) const {
    return next.train == train && next.flit == end() && step == 1 && first + count == next.first;
  }
};

/// Takes `count` off the end of what was announced.
template <class T, std::uint32_t N>
void trim(Ring<T, N>& announced, std::uint32_t count) {
  while (count > 0) {
    const std::uint32_t taken = std::min(count, announced.back().count);
    announced.back().count -= taken;
    count -= taken;
    if (announced.back().count == 0) announced.pop_back();
  }
}

/// idle: empty. routing, waiting: a head that wants an output, or a virtual channel of it. active: its packet
/// has both. forked: its packet is being copied. Buffers of a source are idle or active.
enum class State : std::uint8_t { idle, routing, waiting, active, forked };

/// A virtual channel of an input. What a run has taken is no longer in it.
struct alignas(64) Buffer {
  Input* input = nullptr;        // whose it is
  PacketTrain* train = nullptr;  // of the packet at the front; null: there is none
  Cycle allocate = 0;            // first cycle of virtual-channel allocation
  Ring<Stretch, 1> flits;        // of all packets, in order
  Cycle front = 0;               // the packet at the front may be looked at from then on
  Cycle send = 0;                // first cycle of switch allocation
  Cycle stalled = 0;             // since when, for the cause `stall`
  std::uint32_t next = 0;        // flit of the front packet that passes next
  unsigned out = 0;
  Index out_vc = 0;
  std::int16_t asked = -1;  // round robin: output * vcs + virtual channel granted last
  Index vc = 0;             // its number
  State state = State::idle;
  std::int8_t stall = -1;
  // Forked: copies of the front packet that have not left, and its first flit that not all of them passed.
  std::uint8_t copies = 0;
  std::uint32_t freed = 0;

  /// Flits of all packets.
  std::uint32_t announced() const {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < flits.size(); ++i) count += flits[i].count;
    return count;
  }
};

/// A port of a router, or what reads its packets to copy them; a class of a source.
struct alignas(64) Input {
  Index in = 0;  // its number
  // Bit per virtual channel: has a packet; its head wants something; its flits want the switch.
  std::uint32_t present = 0;
  std::uint32_t heads = 0;
  std::uint32_t asking = 0;
  Index next_vc = 0;
  Index last_out = kNoIndex;
  Index run_out = 0;     // output of its last run
  Cycle busy = 0;        // end of that run
  Cycle due = kNoCycle;  // none of its heads wants something before that; kNoCycle: there is none
  // What sends to it, and through which of its outputs.
  Unit* from = nullptr;
  Channel* feed = nullptr;
  // Itself; an input for copies: that whose packets it copies. Those of a port stand behind each other.
  Index port = 0;
  Index first_copy = 0, copies = 0;
  Index next_copy = 0;  // round robin: itself, then its copies
};

/// A virtual channel of an output: the places in the buffer at the far end.
struct OutputVc {
  int owner = -1;         // input * vcs + virtual channel; -1: nobody from `free` on
  int granted = -1;       // round robin: the owner before
  Cycle free = 0;         // a packet that will have passed holds it until then
  std::int64_t held = 0;  // credits; a run has taken all of its own
  std::uint32_t depth = 0;
  bool starved = false;  // somebody has stopped for credits
  Ring<Flow, 2> due;     // credits that return

  bool available(Cycle at) const { return owner < 0 && free <= at; }
};

/// The last flits that passed an output as a run, or will: one per cycle from `start` on.
struct Run {
  PacketTrain* train = nullptr;
  Cycle start = 0;
  std::uint32_t flit = 0;  // the first
  std::uint32_t count = 0;
  Index in = 0, vc = 0, out_vc = 0;
  std::uint16_t step = 1;  // as they arrived, the first in cycle `first`
  Cycle first = 0;
  std::uint32_t told = 0;       // how many the observer knows
  std::uint32_t announced = 0;  // to the own die: first flit of the train not announced
  // Round robin before it.
  struct Turns {
    Index last_in = 0, last_out = 0, next_vc = 0, next = 0, next_copy = 0;
  };
  Turns turns{};

  Cycle end() const { return start + count; }
  std::uint32_t end_flit() const { return flit + count; }
  /// How many have passed before `at`.
  std::uint32_t before(Cycle at) const {
    return at <= start ? 0 : at - start < count ? static_cast<std::uint32_t>(at - start) : count;
  }
  /// Of its flits [from, to).
  PassedFlits passed(std::uint32_t from, std::uint32_t to) const {
    const std::uint64_t n = to - from;
    const std::uint64_t occupancy =
        (start - first) * n + (step == 0 ? n * (std::uint64_t{from} + to - 1) / 2 : 0);
    if (to - from == train->total) [[likely]]
      return {to, train->packets(), train->total_bytes, occupancy};
    const std::uint32_t tails = train->packets_before(flit + to);
    const std::uint32_t before = train->packets_before(flit + from);
    return {to - from, tails - before, train->payload(tails) - train->payload(before), occupancy};
  }
};

/// An output, and the link behind it.
struct alignas(64) Channel {
  std::vector<OutputVc> vcs;
  Unit* to = nullptr;  // null: the own die
  Index out = 0;       // its number
  Index to_in = 0;
  Cycle forward = 0;   // from the grant to the arrival
  Cycle backward = 0;  // from the grant behind it to the credit
  Index last_in = kNoIndex;
  bool plain = true;     // a link that takes a flit in every cycle and never fails
  bool failing = false;  // the transmission behind the `clear` ones fails
  Run run;
  ChannelStats stats;
  Cycle down_at = kNoCycle;  // takes no more packets
  // How long the link takes for a flit, and go-back-n. Flits that leave before `lost_until` are discarded at
  // the far end and repeated from there on, one per cycle; `repeat` is the next such cycle.
  std::uint32_t interval = 1;
  std::uint32_t clear = 0;  // transmissions until the next one that may fail is looked at
  LinkErrors errors;
  Cycle free_at = 0;
  Cycle lost_until = 0;
  Cycle repeat = 0;
  OutputVc replay;  // places in the replay buffer; depth 0: as many as it needs
};

/// A router, or the source of a die: one input per class, and one output.
struct Unit {
  unsigned id = 0;
  unsigned kind = 0;      // 0: router, 1: source
  std::uint64_t bit = 0;  // in masks of its kind
  std::vector<Input> inputs;
  std::vector<Buffer> buffers;  // by input and virtual channel
  std::vector<Channel> outputs;
  std::vector<std::uint8_t> ways;  // router: output by destination; empty: adaptive
  unsigned vcs = 1;                // of an input
  // Bit per input that has any.
  std::uint64_t present = 0;
  std::uint64_t heads = 0;
  std::uint64_t asking = 0;
  unsigned waiters = 0;  // packets that wait for a virtual channel
  int current = -1;      // source: input in the middle of a packet
  Index next = 0;        // source: input that is asked first
  Cycle free = 0;        // source: it has sent in the cycles before that
  bool broken = false;   // a link is down, or will be
  bool open = false;     // somebody is to be told of the end of the run of output 0

  Buffer& buffer(unsigned in, unsigned vc) { return buffers[in * vcs + vc]; }
  const Buffer& buffer(unsigned in, unsigned vc) const { return buffers[in * vcs + vc]; }
  void set_present(const Buffer& buffer) {
    buffer.input->present |= 1u << buffer.vc;
    present |= std::uint64_t{1} << buffer.input->in;
  }
  void clear_present(const Buffer& buffer) {
    if ((buffer.input->present &= ~(1u << buffer.vc)) == 0)
      present &= ~(std::uint64_t{1} << buffer.input->in);
  }
  void set_head(const Buffer& buffer, Cycle from) {
    Input& input = *buffer.input;
    input.due = std::min(input.due, from);
    input.heads |= 1u << buffer.vc;
    heads |= std::uint64_t{1} << input.in;
  }
  void clear_head(const Buffer& buffer) {
    Input& input = *buffer.input;
    if ((input.heads &= ~(1u << buffer.vc)) != 0) [[unlikely]]
      return;
    heads &= ~(std::uint64_t{1} << input.in);
    input.due = kNoCycle;
  }
  void set_asking(const Buffer& buffer) {
    buffer.input->asking |= 1u << buffer.vc;
    asking |= std::uint64_t{1} << buffer.input->in;
  }
  void clear_asking(const Buffer& buffer) {
    if ((buffer.input->asking &= ~(1u << buffer.vc)) == 0) asking &= ~(std::uint64_t{1} << buffer.input->in);
  }
};

/// The class that a source asks first when `kind` has sent.
inline Index class_after(Index kind) {
  return static_cast<Index>(kind + 1u < kPacketClasses ? kind + 1u : 0);
}

/// A flit that wants to pass the switch.
struct Request {
  unsigned in, vc, out;
  bool speculative;
  bool granted = false;
};
/// A head that wants a virtual channel.
struct VcRequest {
  unsigned in, vc, out;
  std::uint32_t free = 0;  // bit per virtual channel of the output
  int picked = -1;
  bool granted = false;
};

}  // namespace moesaic::fabric
