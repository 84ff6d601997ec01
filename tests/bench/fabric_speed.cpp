// SPDX-License-Identifier: Apache-2.0
// How fast the fabric is: remote reads of 256 bytes on a 4x4 mesh, closed loop, beside a bare C++ model of
// the same mesh in the same run.
//
// Every die keeps some reads under way to random dies. "data only": a packet of 256 bytes takes the XY way to
// the other die, a bank there, and the next begins after a think time, as in the bare model. "request and
// data": a request of one flit goes there, the packet comes back; twice the packets. A packet has 1, 4 or 8
// flits: the link moves 288 GB/s in all cases, and stages, latencies and buffers are the same in time and
// bytes, so that only the number of flits differs. Contention, credits, statistics and energy counters are
// on.
//
// The bare model reserves each link at the arrival of the head and does nothing else: no flits, virtual
// channels, credits, allocation or statistics. It is the limit of this machine; 4.65 events a transaction.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "hw/d2d/fabric_core.h"
#include "hw/d2d/format.h"

using namespace moesaic;

namespace {

constexpr unsigned kDies = 16;
constexpr unsigned kSide = 4;
constexpr unsigned kBanks = 4;
// In nanoseconds.
constexpr unsigned kBankTime = 10;
constexpr unsigned kThink = 16;  // the longest, and one more

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct Random {
  std::uint32_t state = 1;
  std::uint32_t next() { return state = state * 1664525u + 1013904223u; }
  unsigned below(unsigned n) { return static_cast<unsigned>(std::uint64_t{next()} * n >> 32); }
};

// A bank takes one read at a time.
struct Banks {
  std::array<Cycle, std::size_t{kDies} * kBanks> free_at{};
  Cycle serve(unsigned die, Random& random, Cycle at, Cycle takes) {
    Cycle& free = free_at[die * kBanks + random.below(kBanks)];
    free = (free > at ? free : at) + takes;
    return free;
  }
};

class Reads : FabricCore::Owner {
 public:
  /// `flits` of a packet, `unit` flit cycles in a nanosecond.
  Reads(const Topology& topology, const FabricParams& params, unsigned contexts, unsigned flits, bool request,
        unsigned unit)
      : core(topology, params, *this),
        request_(request),
        flits_(flits),
        unit_(unit),
        contexts_(std::size_t{contexts} * kDies) {
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
      contexts_[i].asks.source = NodeId(static_cast<std::uint16_t>(i / contexts));
      issue(contexts_[i], 1 + i);
    }
  }
  FabricCore core;
  std::uint64_t done = 0;
  std::uint64_t latency = 0;

 private:
  struct Context {
    PacketTrain asks, data;
    Cycle issued = 0;
  };
  void submit(PacketTrain& train, PacketClass kind, unsigned flits, Cycle at) {
    train.kind = kind;
    train.flits = train.total = flits;
    train.bytes = kind == PacketClass::response ? 256 : 0;
    train.total_bytes = train.bytes;
    core.submit(train, at);
  }
  void issue(Context& c, Cycle at) {
    const unsigned source = index_of(c.asks.source);
    c.asks.destination = NodeId(static_cast<std::uint16_t>((source + 1 + random_.below(kDies - 1)) % kDies));
    c.data.source = c.asks.destination;
    c.data.destination = c.asks.source;
    c.issued = at;
    if (request_) {
      submit(c.asks, PacketClass::request, 1, at);
    } else {
      submit(c.asks, PacketClass::response, flits_, at);
    }
  }
  void arrived(PacketTrain& train, std::uint32_t, std::uint32_t, Cycle, Cycle tail, unsigned) override {
    Context& c = contexts_[static_cast<std::size_t>(reinterpret_cast<char*>(&train) -
                                                    reinterpret_cast<char*>(contexts_.data())) /
                           sizeof(Context)];
    Cycle at = tail;
    if (&train == &c.asks) {
      at = banks_.serve(index_of(train.destination), random_, tail, Cycle{kBankTime} * unit_);
      // A queue of a source takes trains in the order of their times.
      if (request_) {
        Cycle& last = last_[index_of(c.data.source)];
        last = at > last ? at : last;
        return submit(c.data, PacketClass::response, flits_, last);
      }
    }
    ++done;
    latency += tail - c.issued;
    Cycle& next = next_[index_of(c.asks.source)];
    at += 1 + random_.below(kThink * unit_);
    next = at > next ? at : next;
    issue(c, next);
  }
  void left(PacketTrain&, Cycle) override {}

  bool request_;
  unsigned flits_;
  unsigned unit_;
  std::vector<Context> contexts_;
  std::array<Cycle, kDies> last_{}, next_{};
  Banks banks_;
  Random random_;
};

// Transactions per second of the bare model, four reads per die.
double bare_mesh(std::uint64_t transactions) {
  struct Context {
    unsigned source = 0, here = 0, destination = 0;
    bool served = false;
  };
  constexpr Cycle kHop = 8;     // router and link
  constexpr Cycle kPacket = 1;  // a packet on a link
  std::vector<std::vector<std::uint32_t>> slots(1024);
  std::vector<Context> contexts(std::size_t{4} * kDies);
  std::array<std::array<Cycle, 4>, kDies> links{};
  Banks banks;
  Random random;
  for (unsigned i = 0; i < contexts.size(); ++i) {
    contexts[i].source = contexts[i].here = i / 4;
    contexts[i].destination = (i / 4 + 1 + random.below(kDies - 1)) % kDies;
    slots[1 + i].push_back(i);
  }
  std::uint64_t done = 0;
  std::vector<std::uint32_t> due;
  const double start = cpu_seconds();
  for (Cycle now = 0; done < transactions; ++now) {
    due.swap(slots[now % slots.size()]);
    for (const std::uint32_t id : due) {
      Context& c = contexts[id];
      Cycle at = now;
      if (c.here != c.destination) {
        const unsigned x = c.here % kSide;
        const unsigned to = c.destination % kSide;
        const unsigned way = x < to ? 0 : x > to ? 1 : c.here < c.destination ? 2 : 3;
        Cycle& link = links[c.here][way];
        at = link > now ? link : now;
        link = at + kPacket;
        at += kHop;
        c.here = way == 0 ? c.here + 1 : way == 1 ? c.here - 1 : way == 2 ? c.here + kSide : c.here - kSide;
      } else if (!c.served) {
        c.served = true;
        at = banks.serve(c.here, random, now, kBankTime);
      } else {
        ++done;
        c.served = false;
        c.here = c.source;
        c.destination = (c.source + 1 + random.below(kDies - 1)) % kDies;
        at = now + 1 + random.below(kThink);
      }
      slots[at % slots.size()].push_back(id);
    }
    due.clear();
  }
  return static_cast<double>(done) / (cpu_seconds() - start);
}

// The default link with packets of 256 bytes cut into `flits` flits.
FabricParams cut(FabricParams params, unsigned flits) {
  const auto scaled = [&](Cycle cycles) { return cycles == 0 ? 0 : (cycles * flits + 3) / 4; };
  for (Cycle* stage : {&params.route, &params.vc_alloc, &params.switch_alloc, &params.traversal,
                       &params.credit, &params.link, &params.local})
    *stage = scaled(*stage);
  for (std::uint32_t& depth : params.depths) depth = static_cast<std::uint32_t>(scaled(depth));
  params.automatic_sinks = true;
  return params;
}

}  // namespace

/// SystemC's library asks for one; nothing of it runs here.
extern "C" int sc_main(int, char**) {
  return 0;
}

// Argument: transactions of a row, in thousands.
int main(int argc, char** argv) {
  const std::uint64_t wanted = 1000 * (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 400);
  const Topology mesh = Topology::mesh(kSide, kSide);
  const FabricParams params = D2dFormat(D2dParams{}).fabric();
  std::printf(
      "| transaction | flits of 256 bytes | reads per die | M transactions/s | of the bare model |"
      " steps each | latency, ns | links busy, %% | nJ each |\n|---|---|---|---|---|---|---|---|---|\n");
  for (const bool request : {false, true}) {
    for (const unsigned contexts : {4u, 16u}) {
      for (const unsigned flits : {1u, 4u, 8u}) {
        // Beside each row, as the machine is at that moment.
        const double bare = bare_mesh(10 * wanted);
        Reads reads(mesh, cut(params, flits), contexts, flits, request, flits);
        const double start = cpu_seconds();
        for (Cycle until = 0; reads.done < wanted;) reads.core.advance(until += 10'000);
        const double rate = static_cast<double>(reads.done) / (cpu_seconds() - start);
        const auto done = static_cast<double>(reads.done);
        double sent = 0;
        for (const FabricLink& link : mesh.links())
          sent += static_cast<double>(reads.core.stats(link.from, link.out).flits);
        const double cycles = static_cast<double>(reads.core.now());
        std::printf("| %s | %u | %u | %.2f | %.3f of %.1f | %.1f | %.1f | %.0f | %.2f |\n",
                    request ? "request and data" : "data only", flits, contexts, rate / 1e6, rate / bare,
                    bare / 1e6, static_cast<double>(reads.core.steps()) / done,
                    static_cast<double>(reads.latency) / done / flits,
                    100 * sent / cycles / static_cast<double>(mesh.links().size()),
                    sent / done / flits * 256 * 8 * 0.6 / 1e3);
      }
    }
  }
  return 0;
}
