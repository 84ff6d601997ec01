// SPDX-License-Identifier: Apache-2.0
// The timing core of a router: input-buffered virtual channels, credits, virtual cut-through at packet
// granularity.
//
// Models: a packet is ready `pipeline` after its head arrived; it moves on when its output and its input port
// are idle and the whole packet's credits are held downstream; both are then busy for its serialisation time.
// An input port nominates one ready packet, round robin over its virtual channels; an output takes one
// nomination, round robin over the input ports; losers nominate again as long as anything matches. XY
// routing. Its buffer is free again when its last byte has left. Does not model: flit interleaving of packets
// on a link, adaptive routing, virtual channel reallocation. Time: packets and credits are announced ahead of
// their times; advance(t) must run at every time it or receive() or credit() asked for. All times at which
// something is decided are later than the event they follow from, so the order of calls inside an instant
// does not matter.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "hw/d2d/sender.h"
#include "hw/d2d/stats.h"
#include "hw/d2d/trace.h"

namespace moesaic {

class RouterCore {
 public:
  /// Contract: called from advance(). The packet's buffer at `in` is free at `at`; then the packet goes out
  /// at `out` with head and tail set.
  class Wires {
   public:
    virtual void credit(Port in, Packet& packet, Tick at) = 0;
    virtual void forward(Port out, Packet& packet) = 0;

   protected:
    ~Wires() = default;
  };

  RouterCore(const Mesh& mesh, NodeId here, const D2dParams& params, Wires& wires);

  /// A packet arrives with its head at packet.head. Returns when advance() has to run, kNever if a call
  /// already asked for suffices.
  Tick receive(Port in, Packet& packet);
  /// Credits of an output return at `at`. Returns as receive().
  Tick credit(Port out, unsigned vc, std::uint32_t flits, Tick at);
  /// Decides everything that can be decided at `now`. Returns when it has to run next.
  Tick advance(Tick now);

  /// The core shows itself to `trace` from now on.
  void show(RouterTrace* trace) { trace_ = trace; }

  /// The direction to the own die; the links keep the others' statistics.
  const LinkStats& local_stats() const { return local_stats_; }
  const Sender& sender(Port out) const { return outputs_[index_of(out)].sender; }
  /// Packets in all buffers.
  std::size_t occupancy() const;
  void report_waits(const std::string& name, std::vector<std::string>& lines) const;

 private:
  struct Entry {
    Packet* packet;
    Tick ready;
    Tick tail_ready;
    Port out;
    Tick blocked_since;  // wanted nothing but credits since then; kNever: has not been looked at
  };
  struct Input {
    Tick free_at = 0;
    std::uint32_t waiting = 0;  // bit per virtual channel that holds a packet
    unsigned next_vc = 0;
    std::vector<std::deque<Entry>> vcs;
  };
  struct Output {
    Sender sender;
    unsigned next_input;
    std::uint32_t nominated;  // bit per input, inside match()
  };

  bool match(Tick now);
  int nominate(Input& input, Tick now);
  void grant(unsigned in, unsigned vc, Tick now);
  Tick next_time(Tick now) const;

  Mesh mesh_;
  NodeId here_;
  D2dFormat format_;
  Wires& wires_;
  std::array<Input, kPorts> inputs_;
  std::vector<Output> outputs_;
  LinkStats local_stats_;
  RouterTrace* trace_ = nullptr;  // null: nothing is recorded
};

/// Adds a packet that is leaving to the statistics of its direction.
void record(LinkStats& stats, const Packet& packet);

}  // namespace moesaic
