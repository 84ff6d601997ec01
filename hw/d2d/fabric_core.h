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
// a constant number of steps however many they are; a packet that nobody is in the way of does so in one step
// per router, which gives it its virtual channel too. Arrivals and credits of a run are announced ahead, and
// taken back where a competitor cuts it short. Where flits compete, every cycle is allocated as the hardware
// would. Runs change no time: tests/reference/fabric_cycles.cpp compares with a model that knows none.
// Branches are marked by what a packet does that nobody is in the way of.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hw/d2d/fabric_params.h"
#include "hw/d2d/fabric_state.h"
#include "hw/d2d/packet_train.h"
#include "hw/d2d/topology.h"

namespace moesaic {

class FabricCore {
 public:
  /// Contract: called from advance(); may call submit() and release(). A train that has left and whose packets
  /// have all been told of is not looked at again, from that call on; nor are the trains of a multicast when
  /// that holds for all of them.
  class Owner {
   public:
    /// Packets [first, first + count) of `train` reach their destination on virtual channel `vc`: the tail of
    /// packet first + i in cycle `tail` + i * train.flits; the last of a train in its own cycle, `last_tail`.
    virtual void arrived(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                         Cycle last_tail, unsigned vc) = 0;
    /// The last flit of the train leaves its source in the cycle before `at`; told when nothing can stop it.
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
  /// Contract: told of everything that has passed, in the order of cycles at each output, some time later; of
  /// packets to their die, perhaps before, when nothing can stop them.
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
  /// params.multicast, and buffers that hold a whole packet; one to its own source params.to_self.
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
  /// Statistics of a router's output, of what was granted before now(), or its die has been told of.
  ChannelStats stats(NodeId node, unsigned out) const;
  /// No packet is left, and every credit has returned or is on its way.
  bool settled();
  /// Steps of routers and sources so far: what the simulation costs.
  std::uint64_t steps() const { return steps_; }
  /// Every packet that waits and for what, then packets that wait for each other in a circle, if any do.
  void report_waits(const std::string& name, std::vector<std::string>& lines) const;

 private:
  static constexpr std::uint64_t kSlots = 256;
  static constexpr std::size_t kMostPorts = 64;  // inputs of a router, those for copies included

  using Index = fabric::Index;
  using State = fabric::State;
  using Flow = fabric::Flow;
  using Run = fabric::Run;
  using Stretch = fabric::Stretch;
  using Buffer = fabric::Buffer;
  using Input = fabric::Input;
  using OutputVc = fabric::OutputVc;
  using Channel = fabric::Channel;
  using Unit = fabric::Unit;
  using VcRequest = fabric::VcRequest;

  void connect(Unit& from, unsigned out, Unit* to, unsigned in, Cycle latency);
  void fill_tables();
  static bool is_source(const Unit& u) { return u.kind != 0; }
  void wake(const Unit& u, Cycle at) {
    if (at - now_ - 1 >= kSlots - 1) [[unlikely]]
      return wake_otherwise(u, at);
    slots_[at % kSlots][u.kind] |= u.bit;
    occupied_[at % kSlots / 64] |= std::uint64_t{1} << (at % 64);
  }
  void wake_otherwise(const Unit& u, Cycle at);
  void fetch_far(Cycle at);
  void step(Unit& u, Cycle at);
  // Virtual channels of output `out` that a packet may take.
  std::uint32_t vcs_for(const Unit& u, unsigned out, const PacketTrain& train) const {
    if (vc_by_way_ || train.multicast) [[unlikely]]
      return vcs_on_way(u, out, train);
    return vc_choice_[static_cast<std::size_t>(train.kind) * nodes_ + index_of(train.destination)];
  }
  // The only output that a packet may take from a router. REQUIRES: not adaptive.
  static unsigned way(const Unit& u, const PacketTrain& train) { return u.ways[index_of(train.destination)]; }
  std::uint32_t vcs_on_way(const Unit& u, unsigned out, const PacketTrain& train) const;

  // Packets that nobody is in the way of (fabric_alone.cpp).
  static std::uint64_t due_heads(const Unit& u, Cycle at);
  std::uint64_t pass_alone(Unit& u, std::uint64_t due, Cycle at);
  bool pass_head(Unit& u, unsigned in, Cycle at);
  static bool has_rivals(const Unit& u, unsigned in, unsigned out);

  // One cycle of a router (fabric_router.cpp) or a source (fabric_core.cpp).
  void step_router(Unit& u, Cycle at);
  void allocate(Unit& u, std::uint64_t due, Cycle at);
  void collect_heads(Unit& u, std::uint64_t due, Cycle at);
  void add_head(Unit& u, unsigned in, unsigned vc, Cycle at);
  void choose_output(Unit& u, Buffer& head, Cycle at);
  void choose_way(Unit& u, Buffer& head, Cycle at);
  void allocate_vcs(Unit& u, Cycle at);
  static std::uint32_t free_vcs(const Channel& channel, std::uint32_t possible, Cycle at);
  int pick_vc(const Buffer& buffer, unsigned out, std::uint32_t free) const;
  Cycle send_from(Cycle arrival, Cycle at) const;
  void await_vc(Unit& u, const VcRequest& head, Cycle at);
  void grant_vc(Unit& u, VcRequest& head, unsigned vc, Cycle at);
  void limit_to_packet(Unit& u, const VcRequest& loser, Cycle at);
  void collect_flits(Unit& u, Cycle at);
  void cut_rivals(Unit& u, Cycle at);
  void allocate_switch(Unit& u, Cycle at);
  void choose_winners(Unit& u, Cycle at);
  void step_source(Unit& u, Cycle at);
  int source_vc(Unit& u, unsigned kind, Cycle at);

  // Packets that are copied (fabric_multicast.cpp).
  void add_copy_inputs();
  static bool forks_at(const PacketTrain& train, const Unit& u);
  void fork(Unit& u, Buffer& buffer, Cycle front);
  void extend_copies(Unit& u, const Buffer& buffer, const Stretch& flits);
  static void shorten_copies(Unit& u, const Buffer& buffer);
  static void unfork(Unit& u, const Buffer& buffer);
  void free_copied(Unit& u, const Buffer& copied, Cycle at);
  void copy_left(Unit& u, const Buffer& copy, Cycle next);
  void read_ports(Unit& u, std::array<int, kMostPorts>& picked);
  static void pass_port_turn(Unit& u, const Input& input);

  // What is announced: flits and credits on their way (fabric_flows.cpp).
  void append_arrivals(Unit& u, Buffer& buffer, const Stretch& flits);
  void take_back_arrivals(const Channel& channel, std::uint32_t by, Cycle at);
  void head_to_front(Unit& u, Buffer& buffer, Cycle front);
  void next_packet(Unit& u, Buffer& buffer, Cycle front);
  void add_credits(const Unit& u, OutputVc& places, Flow flow);
  void take_back_credits(Unit& u, Channel& channel, unsigned vc, std::uint32_t by, Cycle at);
  static void settle_credits(OutputVc& vc, Cycle at);
  static void settle_front(OutputVc& vc, Cycle at);
  static bool has_credit(OutputVc& vc, Cycle at);
  static std::uint32_t affordable(const OutputVc& vc, std::int64_t held, Cycle at, std::uint32_t wanted);
  static void stall(Channel& channel, Buffer& buffer, int cause, Cycle at);

  // Flits that pass an output, and runs of them (fabric_runs.cpp).
  void pass(Unit& u, Channel& channel, Buffer& buffer, bool alone, bool over_packets, Cycle at);
  void pass_flit(Unit& u, Channel& channel, Buffer& buffer, Cycle at, Cycle leaves);
  void take_turns(Unit& u, Channel& channel, const Buffer& buffer);
  void start_run(Unit& u, Channel& channel, Buffer& buffer, std::uint32_t count, Cycle start);
  void begin_run(Unit& u, Channel& channel, const Buffer& buffer, Index out_vc, std::uint32_t count,
                 Cycle start);
  void pass_packet(Unit& u, Channel& channel, Buffer& buffer, Index out_vc, Cycle start);
  std::uint32_t contiguous(const Buffer& buffer, Cycle at, bool over_packets) const;
  bool may_go_on(const Unit& u, const Channel& channel) const;
  void cut_run(Unit& u, Channel& channel, bool keep_vc, Cycle at);
  void shorten(Unit& u, Channel& channel, std::uint32_t by, Cycle at);
  void give_back(Unit& u, Channel& channel, std::uint32_t by);
  void finish_run(Unit& u);
  void send(Unit& u, Channel& channel, const Buffer& buffer, const Run& flits, Cycle leaves);
  Passage passage(const Unit& u, const Channel& channel, const Run& run) const;
  void tell(const Unit& u, Channel& channel, Cycle at);
  void tell_all(Cycle at);

  // The link, and the port to the own die (fabric_link.cpp).
  static Cycle link_free(Channel& channel, Cycle at);
  static void look_for_errors(Channel& channel);
  std::uint32_t take_link(Channel& channel, std::uint32_t count, Cycle at, Cycle& leaves);
  Cycle transmit(Channel& channel, Cycle at);
  void announce(Unit& u, std::uint32_t before);
  void hand_over(Unit& u, PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail,
                 Cycle last_tail, unsigned vc);
  void announce_or_wake(Unit& u);
  void look_ahead(Unit& u, Cycle at);
  static bool may_compete(const Unit& u);

  // Who waits for whom (fabric_waits.cpp).
  struct Place {
    unsigned unit, in, vc;
    bool operator==(const Place& o) const { return unit == o.unit && in == o.in && vc == o.vc; }
  };
  std::string place_name(const Place& place) const;
  std::string wait_text(const Place& place) const;
  std::vector<Place> waits_for(const Place& place) const;
  std::vector<Place> circle() const;

  Topology topology_;
  FabricParams params_;
  Owner& owner_;
  Observer* observer_ = nullptr;
  unsigned nodes_;
  unsigned vcs_;
  Cycle certain_;   // nothing that is decided elsewhere in a cycle shows in a router before so many later
  bool vc_by_way_;  // virtual channels depend on the link
  bool may_pass_alone_;  // heads need not be looked at together
  bool over_packets_;    // a run may go on with the next packets of its train
  // Bit per virtual channel that a packet may take, by class and destination: of all, then of the first set.
  std::vector<std::uint32_t> vc_choice_;
  std::vector<Unit> units_;                                   // routers, then sources
  std::array<std::array<std::uint64_t, 2>, kSlots> slots_{};  // by cycle: routers and sources to step
  std::array<std::uint64_t, kSlots / 64> occupied_{};         // bit per slot
  std::map<Cycle, std::array<std::uint64_t, 2>> far_;
  Cycle now_ = 0;
  std::uint64_t steps_ = 0;
  unsigned stepping_ = fabric::kNoUnit;
  std::vector<std::pair<Unit*, Channel*>> untold_;  // outputs with runs that the observer does not know whole
  // Scratch of a step.
  std::vector<VcRequest> heads_;
  std::vector<fabric::Request> requests_;
};

}  // namespace moesaic
