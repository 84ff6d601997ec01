// SPDX-License-Identifier: Apache-2.0
// Timing of a die's banked SRAM.
//
// Models: banks interleaved by address; ports of fixed width. A *beat* is an aligned block of one port width
// and one kind of access. Per cycle a port serves, in order, all that has arrived of its next beat; accesses
// into the same beat are served together. Every bank word touched is taken for that cycle, for one access or
// for one read and one write (bank_ports); a port whose words are taken waits. Priority rotates, so that the
// first port served in a cycle is the last in the next, or is fixed (arbitration). A read-modify-write moves
// half a port width per cycle and takes twice the banks (those it reads and those it writes back). Responses
// of a port are in order.
// Does not model: bytes; address decoding; repair and refresh.
// Time: lazily. Cycle c is decided once time is past edge(c), so an access that arrives at edge(c) takes part
// in it, whatever the order of work inside that instant. A train alone is advanced in closed form (O(log));
// cycles are stepped only while several ports have arrived accesses. How a stream is cut into trains does not
// change when its accesses are served.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "hw/sram/beats.h"
#include "hw/sram/params.h"
#include "tlm/tick.h"
#include "tlm/train.h"

namespace moesaic {

class SramCore {
 public:
  /// REQUIRES: 3 ports (engine, DMA, fabric) when the arbitration is a fixed order.
  SramCore(const SramParams& params, unsigned ports);

  struct Done {
    Tick at;
    unsigned port;
    std::uint64_t id;
  };

  /// A train arrives at `at`, the present. REQUIRES: train.bytes() > 0; times never decrease.
  void arrive(Tick at, unsigned port, std::uint64_t id, const Train& train, SramAccess access);
  /// Appends the trains that are done at or before `now`, by (time, port, order of arrival).
  void advance(Tick now, std::vector<Done>& done);
  /// A time before which no further train is done; kNever when none is left. Exact without contention.
  Tick next_wake() const;

  /// Cycles in which `port` had an access ready and `to`, served before it, had taken one of its bank words.
  std::uint64_t lost_cycles(unsigned port, unsigned to) const { return ports_[port].lost_to[to]; }
  std::uint64_t conflict_cycles(unsigned port) const;

 private:
  struct Port {
    std::deque<Stream> queue;
    std::uint64_t ready = 0;  // cycle in which the head of the queue arrives
    Tick last_done = 0;
    std::vector<std::uint64_t> lost_to;  // cycles, by the port that was served instead
  };
  // A place in a port's queue.
  struct Place {
    std::size_t stream = 0;
    std::uint32_t access = 0;
    std::uint64_t offset = 0;
  };

  void commit_before(Tick now);
  void step_cycle();
  void advance_lone(unsigned port, std::uint64_t limit);
  bool collect(const Port& port, std::uint64_t cycle, Place& end, BankUse& use) const;
  unsigned port_in_turn(unsigned k) const;
  bool serve(unsigned port, std::uint64_t cycle);
  void move_to(unsigned port, const Place& place, std::uint64_t cycle);
  void finish_head(unsigned port, std::uint64_t cycle);
  Tick done_time(const Port& port, SramAccess access, std::uint64_t last_cycle) const;

  Clock clock_;
  BeatGeometry geometry_;
  std::uint32_t read_latency_;
  std::uint32_t write_latency_;
  std::vector<Port> ports_;
  std::vector<Done> finishing_;                       // served, response ahead; ordered
  std::uint64_t cycle_ = 0;                           // first cycle that is not decided
  std::vector<std::pair<unsigned, BankUse>> served_;  // scratch of step_cycle()
  std::vector<unsigned> fixed_;                       // ports by priority; empty: it rotates
  unsigned first_ = 0;                                // port with the highest priority, if it rotates
};

}  // namespace moesaic
