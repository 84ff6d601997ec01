// SPDX-License-Identifier: Apache-2.0
// A whole fabric for tests: routers, links and network interfaces of an R x C package, a checker between each
// die and the fabric, and fake dies around it.
#pragma once

#include <systemc>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hw/d2d/d2d_checker.h"
#include "hw/d2d/d2d_fabric.h"
#include "hw/d2d/network_interface.h"

namespace moesaic::d2d_test {

/// Runs functions at stated times, as `component` in the deliver phase.
class Script : private WheelClient {
 public:
  explicit Script(EventWheel& wheel) : wheel_(wheel) {}
  void at(Tick time, ComponentId component, std::function<void()> action) {
    actions_.push_back(std::move(action));
    wheel_.schedule(time, Phase::deliver, component, *this, actions_.size() - 1);
  }

 private:
  void on_wheel(Tick, Phase, std::uint64_t cookie) override { actions_[cookie](); }
  EventWheel& wheel_;
  std::deque<std::function<void()>> actions_;  // an action may add actions
};

struct Faults : FaultSink {
  void report(Fault fault) override { all.push_back(std::move(fault)); }
  std::vector<Fault> all;
};
struct NoWork : WorkObserver {
  void retired(const RetiredSlice&) override {}
};

/// A memory or SRAM with a fixed service time per access, bounded, stoppable, with bytes.
class FakeTarget : public sc_core::sc_module, private Server {
 public:
  ServicePort in;
  Tick service = 10 * kNanosecond;
  std::size_t capacity = 64;
  bool stopped = false;
  tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
  bool poison = false;
  std::function<Tick(const tlm::tlm_generic_payload&)> service_of;  // overrides `service`
  struct Access {
    Tick at, done;
    bool write;
    std::uint64_t offset;
    Train train;
    bool accumulate;
    NodeId requester;
  };
  std::vector<Access> accesses;
  std::map<std::uint64_t, std::uint8_t> bytes;  // by offset
  Cause cause = Cause::sram;

  FakeTarget(const sc_core::sc_module_name& name, HwContext& ctx, Script& script, ComponentId id)
      : sc_module(name), in("in", *this), ctx_(ctx), script_(script), id_(id) {}
  void restart() {
    stopped = false;
    in.retry();
  }

 private:
  bool offer(unsigned, tlm::tlm_generic_payload& payload) override {
    if (stopped || busy_ >= capacity) return false;
    ++busy_;
    const Tick now = ctx_.wheel.now();
    Tick done = now + (service_of ? service_of(payload) : service);
    TrainExtension& extension = train_of(payload);
    const Train& train = extension.train;
    // Every write of a train is an access, at its own time.
    const std::uint32_t count = payload.is_write() ? train.count : 1;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Tick at = now + i * train.period;
      const Tick end = i == 0 ? done : at + service;
      const Train one = count == 1 ? train : Train::block(train.address_of(i), train.size);
      accesses.push_back({at, end, payload.is_write(), Address::offset(one.address), one,
                          extension.accumulate, extension.requester});
      done = std::max(done, end);
    }
    extension.causes[static_cast<std::size_t>(cause)] = done - now;
    extension.poisoned = poison && !payload.is_write();
    move_bytes(payload, extension.train);
    script_.at(done, id_, [this, &payload] {
      --busy_;
      payload.set_response_status(status);
      in.respond(payload);
      in.retry();
    });
    return true;
  }
  void move_bytes(tlm::tlm_generic_payload& payload, const Train& train) {
    if (!ctx_.pool.functional()) return;
    for (std::uint64_t i = 0; i < train.bytes(); ++i) {
      const std::uint64_t offset =
          Address::offset(train.address_of(static_cast<std::uint32_t>(i / train.size)) + i % train.size);
      if (payload.is_write()) {
        bytes[offset] = payload.get_data_ptr()[i];
      } else {
        payload.get_data_ptr()[i] = bytes[offset];
      }
    }
  }
  unsigned debug(unsigned, tlm::tlm_generic_payload&) override { return 0; }
  HwContext& ctx_;
  Script& script_;
  ComponentId id_;
  std::size_t busy_ = 0;
};

/// DMA and command processor of a die: sends what it is told, writes down what comes.
class FakeDie : public sc_core::sc_module, public ControlReceiver, private Requester {
 public:
  RequestPort dma;
  sc_core::sc_port<ControlNetwork> network;
  sc_core::sc_export<ControlReceiver> receiver;
  std::size_t mailbox = 1'000'000;  // free places

  struct Response {
    Tick at, offered;
    std::uint64_t cookie;
    tlm::tlm_response_status status;
    bool poisoned;
    CauseTimes causes;
    std::vector<std::uint8_t> data;
  };
  struct Arrival {
    Tick at;
    ControlMessage message;
  };
  struct SignalSeen {
    Tick at;
    std::uint16_t event, add;
    ActivityId cause;
  };
  std::vector<Response> responses;
  std::vector<Arrival> mails;
  std::vector<SignalSeen> signals;
  unsigned network_readies = 0;

  FakeDie(const sc_core::sc_module_name& name, HwContext& ctx)
      : sc_module(name), dma("dma", *this), network("network"), receiver("receiver"), ctx_(ctx) {
    receiver.bind(*this);
  }
  /// Now. The payload's bytes are `fill(i)`.
  tlm::tlm_generic_payload& transfer(tlm::tlm_command command, const Train& train, std::uint64_t cookie = 0,
                                     std::function<void(TrainExtension&)> with = {}, std::uint8_t seed = 0) {
    tlm::tlm_generic_payload& payload = ctx_.pool.acquire(command, train);
    train_of(payload).cookie = cookie;
    if (with) with(train_of(payload));
    if (ctx_.pool.functional() && payload.is_write()) {
      for (unsigned i = 0; i < payload.get_data_length(); ++i)
        payload.get_data_ptr()[i] = static_cast<std::uint8_t>(seed + i * 7);
    }
    offered_[&payload] = ctx_.wheel.now();
    dma.send(payload);
    return payload;
  }
  void write(std::uint64_t address, std::uint32_t bytes, std::uint64_t cookie = 0,
             std::function<void(TrainExtension&)> with = {}, std::uint8_t seed = 0) {
    transfer(tlm::TLM_WRITE_COMMAND, Train::block(address, bytes), cookie, std::move(with), seed);
  }
  void read(std::uint64_t address, std::uint32_t bytes, std::uint64_t cookie = 0) {
    transfer(tlm::TLM_READ_COMMAND, Train::block(address, bytes), cookie);
  }

 private:
  // BEGIN_REQ comes when it is sent or when the request before it has been accepted.
  void accepted(unsigned, tlm::tlm_generic_payload& payload) override {
    offered_[&payload] = std::max(offered_[&payload], previous_accepted_);
    previous_accepted_ = ctx_.wheel.now();
  }
  void responded(unsigned, tlm::tlm_generic_payload& payload) override {
    const TrainExtension& extension = train_of(payload);
    Response response{ctx_.wheel.now(),
                      offered_[&payload],
                      extension.cookie,
                      payload.get_response_status(),
                      extension.poisoned,
                      extension.causes,
                      {}};
    if (ctx_.pool.functional())
      response.data.assign(payload.get_data_ptr(), payload.get_data_ptr() + payload.get_data_length());
    responses.push_back(std::move(response));
  }
  bool deliver(const ControlMessage& message) override {
    if (mailbox == 0) return false;
    --mailbox;
    mails.push_back({ctx_.wheel.now(), message});
    return true;
  }
  void signal(std::uint16_t event, std::uint16_t add, ActivityId cause) override {
    signals.push_back({ctx_.wheel.now(), event, add, cause});
  }
  void network_ready() override { ++network_readies; }

  HwContext& ctx_;
  std::map<tlm::tlm_generic_payload*, Tick> offered_;
  Tick previous_accepted_ = 0;
};

struct FabricOptions {
  RunMode mode = RunMode::timing;
  bool reverse_construction = false;
  std::string name = "f";
  bool check_protocol = true;
  unsigned without_memory = ~0u;  // this die has none
};

class Fabric {
 public:
  Fabric(unsigned rows, unsigned columns, const D2dParams& params, FabricOptions options = {})
      : process((options.name + "_wheel").c_str(), wheel),
        pool(options.mode),
        ctx{wheel, process, pool, log, faults, work},
        script(wheel),
        mesh(params.topology, rows, columns),
        format(params),
        check_protocol_(options.check_protocol) {
    const unsigned n = mesh.nodes();
    nis.resize(n), dies.resize(n), srams.resize(n), memories.resize(n);
    if (!options.reverse_construction) build_fabric(options, params);
    for (unsigned i = 0; i < n; ++i) build_die(options, options.reverse_construction ? n - 1 - i : i, params);
    if (options.reverse_construction) build_fabric(options, params);
    for (unsigned i = 0; i < n; ++i) connect(options, i, params);
  }
  /// Statistics of the link from one die to the next.
  LinkStats link(unsigned from, unsigned to) const {
    for (const FabricLink& l : mesh.links()) {
      if (l.from == NodeId(from) && l.to == NodeId(to)) return fabric->stats(l.from, l.out);
    }
    return {};
  }

  std::uint64_t sram(unsigned node, std::uint64_t offset) const {
    return Address::make(NodeId(node), AddressUnit::sram, offset);
  }
  std::uint64_t memory(unsigned node, std::uint64_t offset) const {
    return Address::make(NodeId(node), AddressUnit::memory, offset);
  }
  void at(Tick time, unsigned node, std::function<void()> action) {
    script.at(time, component_id(NodeId(node), UnitId::dma), std::move(action));
  }
  /// Until nothing is pending.
  void run() { sc_core::sc_start(); }

  /// Nothing is left anywhere: packets, credits, payloads.
  bool settled() const {
    bool all = pool.live() == 0;
    for (const auto& ni : nis) all = all && ni->idle() && ni->messages().live() == 0;
    all = all && fabric->core().settled();
    for (const auto& checker : checkers) all = all && checker->settled() && checker->violations().empty();
    return all;
  }
  Tick causes_sum(const CauseTimes& causes) const {
    Tick sum = 0;
    for (const Tick part : causes) sum += part;
    return sum;
  }

  EventWheel wheel;
  WheelProcess process;
  PayloadPool pool;
  CausalLog log;
  Faults faults;
  NoWork work;
  HwContext ctx;
  Script script;
  Topology mesh;
  D2dFormat format;
  std::unique_ptr<D2dFabric> fabric;
  std::vector<std::unique_ptr<NetworkInterface>> nis;
  std::vector<std::unique_ptr<FakeDie>> dies;
  std::vector<std::unique_ptr<FakeTarget>> srams, memories;
  std::vector<std::unique_ptr<D2dChecker>> checkers;

 private:
  void build_fabric(const FabricOptions& o, const D2dParams& params) {
    fabric = std::make_unique<D2dFabric>((o.name + "_fabric").c_str(), mesh, params, ctx, o.name);
  }
  void connect(const FabricOptions& o, unsigned n, const D2dParams& params) {
    if (!check_protocol_) {
      nis[n]->fabric_out.bind(fabric->network);
      fabric->dies[n].bind(nis[n]->fabric_in);
      return;
    }
    const std::string name = o.name + std::to_string(n) + "_checker";
    checkers.push_back(std::make_unique<D2dChecker>(name.c_str(), static_cast<NodeId>(n), mesh, params));
    nis[n]->fabric_out.bind(checkers.back()->network);
    checkers.back()->network_out.bind(fabric->network);
    fabric->dies[n].bind(checkers.back()->die);
    checkers.back()->die_out.bind(nis[n]->fabric_in);
  }
  void build_die(const FabricOptions& o, unsigned n, const D2dParams& params) {
    const std::string id = o.name + std::to_string(n);
    const auto node = static_cast<NodeId>(n);
    nis[n] = std::make_unique<NetworkInterface>((id + "_ni").c_str(), node, mesh, params, ctx);
    dies[n] = std::make_unique<FakeDie>((id + "_die").c_str(), ctx);
    srams[n] =
        std::make_unique<FakeTarget>((id + "_sram").c_str(), ctx, script, component_id(node, UnitId::sram));
    memories[n] = std::make_unique<FakeTarget>((id + "_memory").c_str(), ctx, script,
                                               component_id(node, UnitId::memory));
    memories[n]->cause = Cause::memory_transfer;
    dies[n]->dma.socket.bind(nis[n]->dma_in.socket);
    dies[n]->network.bind(nis[n]->control_network);
    nis[n]->control_receiver.bind(dies[n]->receiver);
    nis[n]->sram_out.socket.bind(srams[n]->in.socket);
    if (n != o.without_memory) nis[n]->memory_out.socket.bind(memories[n]->in.socket);
  }
  bool check_protocol_;
};

/// A fabric in round numbers: 4 ps per byte on a link (250 GB/s raw), a flit cycle of 256 ps, 4.096 ns or 16
/// cycles of latency, routers of 3 stages of 4 cycles, no header; a full packet of 256 bytes takes 4 flits.
inline D2dParams round_params() {
  D2dParams p;
  p.modules = 1;
  p.lanes = 50;
  p.gbit_per_s_per_lane = 40;
  p.flit_format = FlitFormat::raw_64;
  p.link_latency_ns = 4.096;
  p.router.hz = 976'562'500;  // 1.024 ns
  p.ni_cycles = 2;
  p.flit_header_bytes = 0;
  return p;
}

}  // namespace moesaic::d2d_test
