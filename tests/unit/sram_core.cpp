// SPDX-License-Identifier: Apache-2.0
// The SRAM timing core against a model that steps every cycle and looks at every byte of every access.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "hw/sram/sram_core.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

constexpr unsigned kPorts = 3;

SramParams small_params() {
  SramParams p;
  p.banks = 8;
  p.bank_bytes_per_cycle = 4;
  p.port_bytes_per_cycle = 16;
  p.hz = 700'000'000;  // not a whole number of femtoseconds
  return p;
}

struct Arrival {
  Tick at;
  unsigned port;
  std::uint64_t id;
  Train train;
  SramAccess access;
};
using Finish = std::map<std::uint64_t, Tick>;

// Every access as a row of bytes, every cycle by itself.
class ReferenceSram {
 public:
  explicit ReferenceSram(const SramParams& p) : p_(p), clock_(Clock::from_hz(p.hz)) {}

  Finish run(const std::vector<Arrival>& arrivals) {
    for (const Arrival& a : arrivals) {
      for (std::uint32_t i = 0; i < a.train.count; ++i) {
        const std::uint64_t cycle = clock_.cycle_at_or_after(a.at + i * a.train.period);
        const bool last = i + 1 == a.train.count;
        queue_[a.port].push_back({a.train.address_of(i), a.train.size, cycle, a.access, a.id, last});
      }
    }
    Finish finish;
    for (std::uint64_t cycle = 0; pending(); ++cycle) step(cycle, finish);
    return finish;
  }
  std::uint64_t conflicts[kPorts] = {};
  std::uint64_t lost_to[kPorts][kPorts] = {};

 private:
  struct Access {
    std::uint64_t address;
    std::uint64_t left;
    std::uint64_t cycle;
    SramAccess kind;
    std::uint64_t id;
    bool last;
  };
  struct Use {
    bool read = false, write = false;
  };
  bool pending() const {
    return std::any_of(std::begin(queue_), std::end(queue_), [](const auto& q) { return !q.empty(); });
  }
  // Priorities as the names of the policies say.
  unsigned port_at(unsigned k) const {
    const std::string name = enum_names(p_.arbitration)[static_cast<std::size_t>(p_.arbitration)];
    if (name == "round_robin") return (first_ + k) % kPorts;
    std::size_t at = 0;
    for (unsigned i = 0; i < k; ++i) at = name.find('_', at) + 1;
    return name[at] == 'e' ? 0 : name[at] == 'd' ? 1 : 2;
  }
  void step(std::uint64_t cycle, Finish& finish) {
    // By bank: which port reads and which writes, and what else it may not do.
    struct Bank {
      unsigned reader = kPorts, writer = kPorts;
    };
    std::vector<Bank> taken(p_.banks);
    unsigned winner = kPorts;
    for (unsigned k = 0; k < kPorts; ++k) {
      const unsigned port = port_at(k);
      std::vector<Use> banks(p_.banks);
      auto after = queue_[port];
      std::vector<Access> complete;
      if (!move(after, cycle, banks, complete)) continue;
      // Of the ports that are in the way, the one that was served first.
      unsigned in_the_way = kPorts;
      for (unsigned j = 0; j < k && in_the_way == kPorts; ++j) {
        const unsigned other = port_at(j);
        const bool one = p_.bank_ports == BankPorts::read_or_write;
        for (unsigned b = 0; b < p_.banks; ++b) {
          const bool reads = banks[b].read && (taken[b].reader == other || (one && taken[b].writer == other));
          const bool writes =
              banks[b].write && (taken[b].writer == other || (one && taken[b].reader == other));
          if (reads || writes) in_the_way = other;
        }
      }
      if (in_the_way != kPorts) {
        ++conflicts[port];
        ++lost_to[port][in_the_way];
        continue;
      }
      for (unsigned b = 0; b < p_.banks; ++b) {
        if (banks[b].read) taken[b].reader = port;
        if (banks[b].write) taken[b].writer = port;
      }
      queue_[port] = after;
      if (winner == kPorts) winner = port;
      for (const Access& a : complete) {
        const bool read = a.kind == SramAccess::read;
        const Tick done = clock_.edge(cycle + (read ? p_.read_latency_cycles : p_.write_latency_cycles));
        last_done_[port] = std::max(last_done_[port], done);
        if (a.last) finish[a.id] = last_done_[port];
      }
    }
    if (winner != kPorts) first_ = (winner + 1) % kPorts;
  }
  // Byte by byte, as far as the beat and the arrivals go.
  bool move(std::vector<Access>& queue, std::uint64_t cycle, std::vector<Use>& banks,
            std::vector<Access>& complete) const {
    bool any = false;
    std::uint64_t beat = 0;
    SramAccess kind = SramAccess::read;
    while (!queue.empty()) {
      Access& a = queue.front();
      const std::uint64_t width = p_.port_bytes_per_cycle / (a.kind == SramAccess::accumulate ? 2 : 1);
      if (a.cycle > cycle) break;
      if (any && (a.kind != kind || a.address / width != beat)) break;
      any = true;
      kind = a.kind;
      beat = a.address / width;
      const std::uint64_t bank = a.address / p_.bank_bytes_per_cycle % p_.banks;
      const std::uint64_t half = p_.port_bytes_per_cycle / p_.bank_bytes_per_cycle / 2;
      if (a.kind != SramAccess::write) banks[bank].read = true;
      if (a.kind != SramAccess::read)
        banks[a.kind == SramAccess::accumulate ? bank ^ half : bank].write = true;
      ++a.address;
      if (--a.left > 0) continue;
      complete.push_back(a);
      queue.erase(queue.begin());
    }
    return any;
  }

  SramParams p_;
  Clock clock_;
  std::vector<Access> queue_[kPorts];
  Tick last_done_[kPorts] = {};
  unsigned first_ = 0;
};

// Wakes the core as its module does, and asks it at other times too.
Finish run_core(SramCore& core, const std::vector<Arrival>& arrivals, std::mt19937* nosy = nullptr) {
  Finish finish;
  std::vector<SramCore::Done> done;
  std::size_t next = 0;
  Tick now = 0;
  while (true) {
    const Tick arrival = next < arrivals.size() ? arrivals[next].at : kNever;
    const Tick wake = core.next_wake();
    Tick then = std::min(arrival, wake);
    if (then == kNever) break;
    if (nosy != nullptr && (*nosy)() % 4 == 0 && then > now) then = now + (*nosy)() % (then - now) + 1;
    now = then;
    done.clear();
    core.advance(now, done);
    for (const SramCore::Done& d : done) {
      REQUIRE(d.at == now);  // a wake-up is never too late
      finish[d.id] = d.at;
    }
    while (next < arrivals.size() && arrivals[next].at == now) {
      const Arrival& a = arrivals[next++];
      core.arrive(now, a.port, a.id, a.train, a.access);
    }
  }
  return finish;
}

Train random_train(std::mt19937& random) {
  Train t;
  t.address = random() % 256;
  switch (random() % 5) {
    case 0:  // one block
      t = Train::block(t.address, 1 + random() % 200);
      break;
    case 1:  // contiguous, several accesses per beat or several beats per access, or neither
      t.size = std::uint32_t{1} << (random() % 7);
      t.stride = t.size;
      t.count = 1 + random() % 20;
      break;
    case 2:
      t.size = 1 + random() % 50;
      t.stride = t.size;
      t.count = 1 + random() % 20;
      break;
    case 3:  // rows
      t.size = 1 + random() % 60;
      t.stride = 64 * (1 + random() % 4);
      t.count = 1 + random() % 12;
      break;
    default:
      t.size = 1 + random() % 30;
      t.stride = t.size + random() % 60;
      t.count = 1 + random() % 12;
  }
  if (random() % 3 != 0) t.period = random() % 4 == 0 ? 1 : random() % 6'000'000;
  if (t.count == 1) t.period = 0;
  return t;
}

std::vector<Arrival> random_arrivals(std::mt19937& random, unsigned ports) {
  std::vector<Arrival> arrivals;
  Tick at = 0;
  const unsigned n = 2 + random() % 14;
  for (unsigned i = 0; i < n; ++i) {
    if (random() % 2 == 0) at += random() % 30'000'000;
    arrivals.push_back({at, static_cast<unsigned>(random() % ports), i, random_train(random),
                        static_cast<SramAccess>(random() % 3)});
  }
  return arrivals;
}

}  // namespace

TEST_CASE("one port alone is served as the cycle-by-cycle model serves it", "[sram]") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const auto arrivals = random_arrivals(random, 1);
    SramCore core(small_params(), kPorts);
    ReferenceSram reference(small_params());
    INFO("seed " << seed);
    REQUIRE(run_core(core, arrivals, &random) == reference.run(arrivals));
    CHECK(core.conflict_cycles(0) == 0);
  }
}

TEST_CASE("contending ports are served as the cycle-by-cycle model serves them", "[sram]") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed + 10'000);
    const auto arrivals = random_arrivals(random, kPorts);
    SramCore core(small_params(), kPorts);
    ReferenceSram reference(small_params());
    INFO("seed " << seed);
    REQUIRE(run_core(core, arrivals, &random) == reference.run(arrivals));
    for (unsigned p = 0; p < kPorts; ++p) CHECK(core.conflict_cycles(p) == reference.conflicts[p]);
  }
}

TEST_CASE(
    "every width of port and bank, every arbitration and both kinds of bank agree with the cycle-by-cycle "
    "model",
    "[sram]") {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    std::mt19937 random(seed + 20'000);
    SramParams p = small_params();
    p.banks = 1u << (random() % 5);
    p.bank_bytes_per_cycle = 4u << (random() % 3);
    p.port_bytes_per_cycle = std::max(8u, p.bank_bytes_per_cycle << (random() % 5));
    p.port_bytes_per_cycle = std::min(p.port_bytes_per_cycle, p.banks * p.bank_bytes_per_cycle);
    if (p.port_bytes_per_cycle < 8) continue;
    p.read_latency_cycles = 1 + random() % 6;
    p.write_latency_cycles = 1 + random() % 3;
    p.arbitration = static_cast<SramArbitration>(random() % 7);
    p.bank_ports = static_cast<BankPorts>(random() % 2);
    const auto arrivals = random_arrivals(random, kPorts);
    SramCore core(p, kPorts);
    ReferenceSram reference(p);
    INFO("seed " << seed);
    REQUIRE(run_core(core, arrivals, &random) == reference.run(arrivals));
    for (unsigned port = 0; port < kPorts; ++port) {
      REQUIRE(core.conflict_cycles(port) == reference.conflicts[port]);
      for (unsigned to = 0; to < kPorts; ++to)
        REQUIRE(core.lost_cycles(port, to) == reference.lost_to[port][to]);
    }
  }
}

TEST_CASE("cutting a stream into trains does not change when its accesses are served", "[sram]") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed + 30'000);
    // Port 0 gets one long train, or the same accesses as several trains that begin when their first access
    // arrives; ports 1 and 2 disturb it.
    Train whole = random_train(random);
    whole.count = 24;
    if (whole.stride == 0) whole.stride = whole.size;
    const SramAccess access = static_cast<SramAccess>(random() % 3);
    std::vector<Arrival> disturbing;
    if (seed % 2 == 0) disturbing = random_arrivals(random, kPorts);
    disturbing.erase(
        std::remove_if(disturbing.begin(), disturbing.end(), [](auto& a) { return a.port == 0; }),
        disturbing.end());
    for (Arrival& a : disturbing) a.id += 1000;
    auto uncut = disturbing;
    uncut.push_back({0, 0, 23, whole, access});
    auto cut = disturbing;
    for (std::uint32_t i = 0; i < whole.count;) {
      const std::uint32_t n = std::min<std::uint32_t>(1 + random() % 6, whole.count - i);
      Train piece = whole;
      piece.address = whole.address_of(i);
      piece.count = n;
      cut.push_back({i * whole.period, 0, i + n - 1, piece, access});
      i += n;
    }
    const auto by_time = [](const Arrival& a, const Arrival& b) { return a.at < b.at; };
    std::stable_sort(uncut.begin(), uncut.end(), by_time);
    std::stable_sort(cut.begin(), cut.end(), by_time);
    SramCore one(small_params(), kPorts);
    SramCore many(small_params(), kPorts);
    const Finish expected = run_core(one, uncut);
    const Finish got = run_core(many, cut);
    INFO("seed " << seed);
    for (const auto& [id, at] : expected) REQUIRE(got.at(id) == at);
  }
}
