// SPDX-License-Identifier: Apache-2.0
// How fast the fabric is: remote reads on a 4x4 mesh, closed loop, and a bare timing wheel in the same run.
//
// Every die keeps four reads of 256 bytes under way to random dies: a request of a flit, a response of four
// flits. Contention, credits, statistics and energy counters are on. The wheel passes as many events as a
// transaction has hops, with nothing behind them: the limit of this machine.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <vector>

#include "hw/d2d/fabric_core.h"
#include "hw/d2d/format.h"

using namespace moesaic;

namespace {

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct Random {
  std::uint32_t state = 1;
  std::uint32_t next() { return state = state * 1664525u + 1013904223u; }
  unsigned below(unsigned n) { return static_cast<unsigned>(std::uint64_t{next()} * n >> 32); }
};

class Reads : FabricCore::Owner {
 public:
  Reads(const Topology& topology, const FabricParams& params, unsigned contexts)
      : core(topology, params, *this), contexts_(contexts * topology.nodes()) {
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
      contexts_[i].request.source = NodeId(static_cast<std::uint16_t>(i / contexts));
      issue(contexts_[i], 1 + i);
    }
  }
  FabricCore core;
  std::uint64_t done = 0;
  std::uint64_t latency = 0;

 private:
  struct Context {
    PacketTrain request, response;
    Cycle issued = 0;
  };
  void issue(Context& c, Cycle at) {
    const unsigned nodes = core.topology().nodes();
    const unsigned source = index_of(c.request.source);
    c.request.destination =
        NodeId(static_cast<std::uint16_t>((source + 1 + random_.below(nodes - 1)) % nodes));
    c.request.kind = PacketClass::request;
    c.response.source = c.request.destination;
    c.response.destination = c.request.source;
    c.response.kind = PacketClass::response;
    c.response.flits = c.response.total = 4;
    c.response.bytes = 256;
    c.response.total_bytes = 256;
    c.issued = at;
    core.submit(c.request, at);
  }
  void arrived(PacketTrain& train, std::uint32_t, std::uint32_t, Cycle, Cycle tail, unsigned) override {
    Context& c = *reinterpret_cast<Context*>(
        reinterpret_cast<char*>(&train) -
        (train.kind == PacketClass::request ? offsetof(Context, request) : offsetof(Context, response)));
    if (train.kind == PacketClass::request) return core.submit(c.response, tail + 20);
    ++done;
    latency += tail - c.issued;
    issue(c, tail + 1 + random_.below(16));
  }
  void left(PacketTrain&, Cycle) override {}

  std::vector<Context> contexts_;
  Random random_;
};

// Events of a slot in a vector, 1024 slots.
double bare_wheel(std::uint64_t events) {
  std::vector<std::vector<std::uint32_t>> slots(1024);
  Random random;
  for (unsigned i = 0; i < 64; ++i) slots[random.below(64)].push_back(i);
  std::uint64_t run = 0;
  std::vector<std::uint32_t> due;
  const double start = cpu_seconds();
  for (std::uint64_t now = 0; run < events; ++now) {
    due.swap(slots[now % 1024]);
    for (const std::uint32_t id : due) {
      ++run;
      slots[(now + 1 + random.below(64)) % 1024].push_back(id);
    }
    due.clear();
  }
  return static_cast<double>(run) / (cpu_seconds() - start);
}

}  // namespace

int main() {
  const Topology mesh = Topology::mesh(4, 4);
  D2dParams d2d;
  FabricParams params = D2dFormat(d2d).fabric();
  params.automatic_sinks = true;
  constexpr double kHops = 4.65;  // events of a transaction in an event-per-hop model of this mesh
  const double bare = bare_wheel(30'000'000) / kHops;
  std::printf("bare timing wheel: %.2f M transactions/s\n", bare / 1e6);
  for (const unsigned contexts : {1u, 4u, 8u}) {
    Reads reads(mesh, params, contexts);
    const double start = cpu_seconds();
    reads.core.advance(400'000);
    const double seconds = cpu_seconds() - start;
    const double rate = static_cast<double>(reads.done) / seconds;
    double energy_pj = 0;
    std::uint64_t flits = 0;
    for (const FabricLink& link : mesh.links()) flits += reads.core.stats(link.from, link.out).flits;
    energy_pj = static_cast<double>(flits) * 8 * 72.25 * 0.6;
    std::printf(
        "%u reads per die: %.2f M end-to-end transactions per CPU-second, ratio %.3f; latency %.1f cycles, "
        "links "
        "%.0f %% busy, %.1f nJ\n",
        contexts, rate / 1e6, rate / bare,
        static_cast<double>(reads.latency) / static_cast<double>(reads.done),
        100.0 * static_cast<double>(flits) / (400'000.0 * static_cast<double>(mesh.links().size())),
        energy_pj / 1e3);
  }
  return 0;
}
