// SPDX-License-Identifier: Apache-2.0
// The timing core of the die-to-die fabric: all routers and links of a package, in flit cycles.
//
// Models: routers with input-buffered virtual channels, wormhole switching and credits. Per router: route
// computation, virtual-channel allocation and switch allocation (separable, input first, round robin), switch
// traversal, each of a stated number of cycles; speculation; one flit per cycle, input and output. A source
// sends the packets of one train after the other, its classes in turns. Links: latency, a flit every so many
// cycles, transmissions that fail and are repeated (go-back-n, as UCIe 1.1 section 3.8: no selective
// repetition, no buffer at the receiver; the replay buffer holds a round trip). A link that goes down
// finishes the packets that have its channel; those that come later leave the router to its own die. A packet
// for several dies is copied where their ways part (fabric_multicast.cpp).
// Does not model: virtual channels shared by classes; more than 64 routers.
// Time: advance() decides cycles in order. Flits that nobody contends for pass as a *run*, one per cycle, in
// a constant number of steps however many they are; arrivals and credits of a run are announced ahead, and
// taken back where a competitor cuts it short. Where flits compete, every cycle is allocated as the hardware
// would. Runs change no time: tests/reference/fabric_cycles.cpp compares with a model that knows none.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hw/d2d/fabric_params.h"
#include "hw/d2d/link_errors.h"
#include "hw/d2d/ring.h"
#include "hw/d2d/topology.h"

namespace moesaic {

struct PacketFork;

/// Consecutive packets of one transaction, all of `flits` flits but the last, which may have fewer.
struct PacketTrain {
  NodeId source = kNoNode;
  NodeId destination = kNoNode;
  PacketClass kind = PacketClass::stream;
  std::uint32_t flits = 1;        ///< of a full packet
  std::uint32_t total = 1;        ///< flits of all packets
  std::uint32_t bytes = 0;        ///< payload of a full packet
  std::uint64_t total_bytes = 0;  ///< payload of all packets
  /// Where its packets are copied; null: nowhere. `destination` is then any of those behind.
  const PacketFork* fork = nullptr;
  bool multicast = false;  ///< it, or a train that it is a copy of, has several destinations

  std::uint32_t packets() const { return (total + flits - 1) / flits; }
  /// Payload of the first packets.
  std::uint64_t payload(std::uint32_t packets_before) const {
    return packets_before >= packets() ? total_bytes : std::uint64_t{bytes} * packets_before;
  }
  /// The flit behind the packet that `flit` belongs to.
  std::uint32_t packet_end(std::uint32_t flit) const {
    const std::uint32_t end = (flit / flits + 1) * flits;
    return end < total ? end : total;
  }
  bool at_boundary(std::uint32_t flit) const { return flit == total || flit % flits == 0; }
};

/// At router `at`, each packet of a train leaves as one of each of these trains, by output; they differ from
/// it in `destination` and `fork` only.
struct PacketFork {
  NodeId at = kNoNode;
  std::vector<PacketTrain*> branches;
};

/// `count` flits or credits that come one per cycle from `first` on (step 1), or all at once (step 0).
struct FabricFlow {
  Cycle first = 0;
  std::uint32_t count = 0;
  std::uint32_t step = 1;
};
/// Takes `count` flits off the end of what was announced.
void trim(Ring<FabricFlow>& flows, std::uint32_t count);

class FabricCore {
 public:
  /// Contract: called from advance(); may call submit() and release().
  class Owner {
   public:
    /// Packets [first, first + count) of `train` reach their destination on virtual channel `vc`: the tail of
    /// packet first + i in cycle `tail` + i * train.flits; the last of a train in its own cycle, `last_tail`.
    virtual void arrived(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                         Cycle last_tail, unsigned vc) = 0;
    /// The last flit of the train has left its source before cycle `at`.
    virtual void left(PacketTrain& train, Cycle at) = 0;
    /// As arrived(), at the die `at` of the router that they could not leave because their link is down.
    virtual void turned_back(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                             Cycle last_tail, unsigned vc, NodeId at);

   protected:
    ~Owner() = default;
  };
  /// Flits [flit, flit + count) of a train that have been granted, one per cycle from `at` on, to an output
  /// of a router; of a source, when `out` is kNoPort. `in` beyond the ports: copies of a packet.
  struct Passage {
    NodeId node;
    unsigned in, in_vc, out, out_vc;
    const PacketTrain& train;
    std::uint32_t flit, count;
    Cycle at;
  };
  /// Contract: told of everything that has passed, in the order of cycles at each output, some time later.
  class Observer {
   public:
    virtual void passed(const Passage& passage) = 0;
    /// Of a packet that is copied, the last copies of `count` flits have been granted at `at`, or one by one
    /// from there on: their places at input `in` are free.
    virtual void freed(NodeId /*node*/, unsigned /*in*/, unsigned /*vc*/, std::uint32_t /*count*/,
                       Cycle /*at*/) {}

   protected:
    ~Observer() = default;
  };

  /// REQUIRES: topology.nodes() <= 64; where params.multicast: ways are not adaptive.
  FabricCore(const Topology& topology, const FabricParams& params, Owner& owner);

  /// The train joins the queue of its class at its source; it may leave from `ready` on. REQUIRES: `ready` >=
  /// now(), not before that of the train submitted last for this queue. A train with a fork needs
  /// params.multicast, and buffers that hold a whole packet.
  void submit(PacketTrain& train, Cycle ready);
  /// At the destination `node`, `flits` flits of `vc` are free again; usable from `at` on. REQUIRES: sinks
  /// are not automatic; `at` >= now(), and times of a channel do not decrease.
  void release(NodeId node, unsigned vc, std::uint32_t flits, Cycle at);
  /// Decides all cycles before `limit`.
  void advance(Cycle limit);
  /// The next cycle in which anything is decided; kNoCycle: none.
  Cycle next_cycle() const;
  /// The first cycle that is not decided.
  Cycle now() const { return now_; }

  void observe(Observer* observer) { observer_ = observer; }
  const FabricParams& params() const { return params_; }
  const Topology& topology() const { return topology_; }
  /// Statistics of a router's output, of what was granted before now().
  const ChannelStats& stats(NodeId node, unsigned out) const {
    return units_[index_of(node)].outputs[out].stats;
  }
  /// Nothing is under way and every credit has returned.
  bool settled();
  /// Steps of routers and sources so far: what the simulation costs.
  std::uint64_t steps() const { return steps_; }
  /// Every packet that waits and for what, then packets that wait for each other in a circle, if any do.
  void report_waits(const std::string& name, std::vector<std::string>& lines) const;

 private:
  static constexpr unsigned kNoUnit = ~0u;
  static constexpr std::uint64_t kSlots = 4096;
  static constexpr std::size_t kMostPorts = 64;  // inputs of a router, those for copies included

  enum class State : std::uint8_t { idle, routing, waiting, active, forked };
  using Flow = FabricFlow;
  // Flits [next, end) of a train that are in a buffer or announced.
  struct Stay {
    PacketTrain* train = nullptr;
    std::uint32_t next = 0;
    std::uint32_t end = 0;
  };
  struct InputVc {
    Ring<Stay> stays;
    Ring<Flow> arrivals;  // of the flits of all stays, in order
    State state = State::idle;
    bool running = false;  // its flits pass `out` as a run
    unsigned out = 0;
    unsigned out_vc = 0;
    Cycle allocate = 0;  // first cycle of virtual-channel allocation
    Cycle send = 0;      // first cycle of switch allocation
    int asked = -1;      // round robin: output * vcs + virtual channel granted last
    std::int8_t stall = -1;
    Cycle stalled = 0;  // since when, for the cause `stall`
    // Forked: copies of the front packet that have not left, and its first flit that not all of them passed.
    unsigned copies = 0;
    std::uint32_t freed = 0;
  };
  struct Input {
    std::uint32_t waiting = 0;  // bit per virtual channel with a stay
    unsigned next_vc = 0;
    unsigned last_out = ~0u;
    unsigned run_vc = ~0u;    // virtual channel whose flits pass as a run
    unsigned from = kNoUnit;  // what sends to it
    unsigned from_out = 0;
    // Itself; an input for copies: that whose packets it copies. Those of a port stand behind each other.
    unsigned port = 0;
    unsigned first_copy = 0, copies = 0;
    unsigned next_copy = 0;  // round robin: itself, then its copies
    std::vector<InputVc> vcs;
  };
  struct OutputVc {
    std::int64_t held = 0;  // credits; a run has taken all of its own
    std::uint32_t depth = 0;
    Ring<Flow> due;    // credits that return
    int owner = -1;    // input * vcs + virtual channel
    int granted = -1;  // round robin: the owner before
  };
  struct Channel {
    std::vector<OutputVc> vcs;
    unsigned to = kNoUnit;  // kNoUnit: the own die
    unsigned to_in = 0;
    Cycle forward = 0;   // from the grant to the arrival
    Cycle backward = 0;  // from the grant behind it to the credit
    unsigned last_in = ~0u;
    // The run.
    bool running = false;
    unsigned in = 0, vc = 0, out_vc = 0;
    PacketTrain* train = nullptr;
    std::uint32_t flit = 0;  // first of the run
    std::uint32_t count = 0;
    std::uint32_t done = 0;       // settled
    std::uint32_t announced = 0;  // to the own die: first flit of the train not announced
    Cycle start = 0;
    // The link: how long it takes for a flit, and go-back-n. Flits that leave before `lost_until` are
    // discarded at the far end and repeated from there on, one per cycle; `repeat` is the next such cycle.
    std::uint32_t interval = 1;
    Cycle free_at = 0;
    LinkErrors errors;
    std::uint32_t clear = 0;  // transmissions until the next one that may fail is looked at
    bool failing = false;     // it fails
    Cycle lost_until = 0;
    Cycle repeat = 0;
    Cycle down_at = kNoCycle;  // takes no more packets
    OutputVc replay;           // places in the replay buffer; depth 0: as many as it needs
    ChannelStats stats;
  };
  // A router, or the source of a die: one input per class, and one output.
  struct Unit {
    std::vector<Input> inputs;
    std::vector<Channel> outputs;
    std::uint64_t running = 0;  // bit per output
    unsigned waiters = 0;       // packets that wait for a virtual channel
    int current = -1;           // source: input in the middle of a packet
    unsigned next = 0;          // source: input that is asked first
    bool broken = false;        // a link is down, or will be
  };
  struct Request {
    unsigned in, vc, out;
    bool speculative;
  };
  struct VcRequest {
    unsigned in, vc, out;
    std::uint32_t free = 0;  // bit per virtual channel of the output
    int picked = -1;
  };

  // Who waits for whom (fabric_waits.cpp).
  struct Buffer {
    unsigned unit, in, vc;
    bool operator==(const Buffer& o) const { return unit == o.unit && in == o.in && vc == o.vc; }
  };
  std::string buffer_name(const Buffer& buffer) const;
  std::string wait_text(const Buffer& buffer) const;
  std::vector<Buffer> waits_for(const Buffer& buffer) const;
  std::vector<Buffer> circle() const;

  void connect(Channel& channel, unsigned from, unsigned from_out, unsigned to, unsigned to_in,
               Cycle latency);
  bool is_source(unsigned unit) const { return unit >= nodes_; }
  void wake(unsigned unit, Cycle at);
  void step(unsigned unit, Cycle at);
  std::uint32_t vcs_for(unsigned unit, unsigned out, const PacketTrain& train) const;

  // One cycle of a router (fabric_router.cpp) or a source (fabric_core.cpp).
  void step_router(unsigned unit, Cycle at);
  void collect_heads(unsigned unit, Cycle at);
  void choose_output(unsigned unit, unsigned in, unsigned vc, Cycle at);
  bool must_turn_back(unsigned unit, const InputVc& head, Cycle at) const;
  void allocate_vcs(unsigned unit, Cycle at);
  int pick_vc(const VcRequest& request, unsigned out, unsigned asked) const;
  void grant_vc(unsigned unit, const VcRequest& request, unsigned vc, Cycle at);
  void limit_to_packet(unsigned unit, const VcRequest& loser, Cycle at);
  void collect_flits(unsigned unit, Cycle at);
  void cut_rivals(unsigned unit, Cycle at);
  void allocate_switch(unsigned unit, Cycle at);
  void step_source(unsigned unit, Cycle at);
  int source_vc(unsigned unit, unsigned kind, Cycle at);

  // Packets that are copied (fabric_multicast.cpp).
  void add_copy_inputs();
  static bool forks_at(const PacketTrain& train, unsigned unit);
  void fork(unsigned unit, unsigned in, unsigned vc, Cycle front);
  void extend_copies(unsigned unit, unsigned in, unsigned vc, Flow flow);
  void shorten_copies(unsigned unit, unsigned in, unsigned vc);
  void free_copied(unsigned unit, unsigned in, unsigned vc, Cycle at);
  void copy_left(unsigned unit, unsigned in, unsigned vc, Cycle next);
  void read_ports(unsigned unit, std::array<int, kMostPorts>& picked);
  static void pass_port_turn(Unit& unit, unsigned in);

  // Runs and their announcements (fabric_runs.cpp).
  std::uint32_t contiguous(const InputVc& in, Cycle at, bool over_packets) const;
  void start_run(unsigned unit, unsigned out, unsigned in, unsigned vc, std::uint32_t most, bool over_packets,
                 Cycle at);
  void settle(unsigned unit, unsigned out, Cycle at);
  void end_run(unsigned unit, unsigned out, Cycle at);
  void cut_run(unsigned unit, unsigned out, bool keep_vc, Cycle at);
  void shorten(unsigned unit, unsigned out, std::uint32_t by, Cycle at);
  void packet_left(unsigned unit, unsigned in, unsigned vc, Cycle next);
  void head_to_front(unsigned unit, unsigned in, unsigned vc, Cycle front);
  void consume(Channel& channel, InputVc& in, std::uint32_t count);
  void announce(unsigned unit, std::uint32_t before);
  void look_ahead(unsigned unit, Cycle at);
  bool may_compete(unsigned unit) const;
  void append_arrivals(unsigned unit, unsigned in, unsigned vc, PacketTrain& train, std::uint32_t flit,
                       Flow flow);
  void take_back_arrivals(const Channel& channel, std::uint32_t by, Cycle at);
  void add_credits(unsigned unit, unsigned out, unsigned vc, Flow flow);
  void take_back_credits(unsigned unit, unsigned out, unsigned vc, std::uint32_t by, Cycle at);
  static void settle_credits(OutputVc& vc, Cycle at);
  static std::uint32_t affordable(const OutputVc& vc, std::int64_t held, Cycle at, std::uint32_t wanted);
  static void stall(Channel& channel, InputVc& in, int cause, Cycle at);
  // The link (fabric_runs.cpp).
  static Cycle link_free(Channel& channel, Cycle at);
  static void look_for_errors(Channel& channel);
  Cycle transmit(Channel& channel, Cycle at);

  Topology topology_;
  FabricParams params_;
  Owner& owner_;
  Observer* observer_ = nullptr;
  unsigned nodes_;
  unsigned vcs_;
  Cycle certain_;  // nothing that is decided elsewhere in a cycle shows in a router before so many later
  std::vector<Unit> units_;                          // routers, then sources
  std::vector<std::array<std::uint64_t, 2>> slots_;  // by cycle: routers and sources to step
  std::vector<std::uint64_t> occupied_;              // bit per slot
  std::map<Cycle, std::array<std::uint64_t, 2>> far_;
  Cycle now_ = 0;
  std::uint64_t steps_ = 0;
  unsigned stepping_ = kNoUnit;
  // Scratch of a step.
  std::vector<VcRequest> heads_;
  std::vector<Request> requests_;
};

}  // namespace moesaic
