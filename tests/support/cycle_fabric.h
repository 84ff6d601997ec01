// SPDX-License-Identifier: Apache-2.0
// A fabric in the simplest words: every flit an object, every buffer a queue, every router looked at in every
// cycle. What hw/d2d/fabric_core.h must be equal to, cycle for cycle. Shares only the topology, the
// parameters and the description of a train with it.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <tuple>
#include <vector>

#include "hw/d2d/fabric_core.h"
#include "hw/d2d/multicast_tree.h"

namespace moesaic::test {

class CycleFabric {
 public:
  struct Tail {
    const PacketTrain* train;
    std::uint32_t packet;
    Cycle at;
    unsigned vc;
    bool operator==(const Tail& o) const {
      return train == o.train && packet == o.packet && at == o.at && vc == o.vc;
    }
    bool operator<(const Tail& o) const {
      return std::tie(at, train, packet) < std::tie(o.at, o.train, o.packet);
    }
  };
  /// Every flit that passes a router: cycle, router, output, train, flit.
  using Pass = std::tuple<Cycle, unsigned, unsigned, const PacketTrain*, std::uint32_t>;
  std::vector<Pass> passes;
  std::vector<Tail> tails;
  std::map<const PacketTrain*, Cycle> left;

  CycleFabric(const Topology& topology, const FabricParams& params)
      : t_(topology),
        p_(params),
        vcs_(static_cast<unsigned>(params.depths.size())),
        routers_(topology.nodes()),
        sources_(topology.nodes()) {
    for (unsigned n = 0; n < t_.nodes(); ++n) {
      routers_[n].in.assign(t_.ports(NodeId(n)), std::vector<Vc>(vcs_));
      routers_[n].ins.resize(t_.ports(NodeId(n)));
      routers_[n].out.resize(t_.ports(NodeId(n)));
      for (Out& out : routers_[n].out) reset(out);
      reset(sources_[n].out);
      for (unsigned i = 0; i < t_.ports(NodeId(n)); ++i) routers_[n].ins[i].port = i;
    }
    if (p_.multicast) add_copy_inputs();
    for (const Outage& o : t_.outages())
      routers_[index_of(t_.links()[o.link].from)].out[t_.links()[o.link].out].down_at =
          (o.at + p_.cycle - 1) / p_.cycle;
    for (std::size_t i = 0; i < t_.links().size(); ++i) {
      Out& out = routers_[index_of(t_.links()[i].from)].out[t_.links()[i].out];
      out.interval = t_.interval(i);
      if (p_.flit_error > 0) out.errors = LinkErrors(p_.flit_error, p_.error_seed, i);
    }
  }
  void submit(const PacketTrain& train, Cycle ready) {
    auto& queue = sources_[index_of(train.source)].queue[static_cast<std::size_t>(train.kind)];
    for (std::uint32_t i = 0; i < train.total; ++i)
      queue.push_back({&train, i, train.at_boundary(i), train.packet_end(i) == i + 1, ready});
  }
  /// Sinks that are not automatic free a packet's buffers this long after its tail, and then at the next
  /// multiple of `sink_period`.
  Cycle sink_delay = 1;
  Cycle sink_period = 1;

  void run(Cycle cycles) {
    for (now_ = 0; now_ < cycles; ++now_) {
      for (unsigned n = 0; n < t_.nodes(); ++n) {
        source(n);
        router(n);
      }
    }
  }

 private:
  struct Flit {
    const PacketTrain* train;
    std::uint32_t index;
    bool head, tail;
    Cycle at;  // in its buffer from this cycle on
  };
  enum class State { idle, waiting, active };
  struct Vc {
    std::deque<Flit> flits;
    State state = State::idle;
    Cycle front = 0, allocate = 0, send = 0;
    unsigned out = 0, vc = 0;
    int last_pick = -1;
    // A packet whose flits go on to inputs for copies.
    unsigned copies = 0;                 // whose tail has not left
    bool whole = false;                  // all of it has gone on
    std::vector<PacketTrain*> branches;  // what they are
    std::map<std::uint32_t, unsigned> taken;
  };
  struct In {
    unsigned next_vc = 0;
    unsigned last_out = ~0u;
    unsigned port = 0, first_copy = 0, copies = 0;  // of a port: the inputs for copies of its packets
    unsigned turn = 0;                              // itself, then its copies
    unsigned member(unsigned i) const { return i == 0 ? port : first_copy + i - 1; }
  };
  struct Out {
    std::vector<long> credits;
    std::vector<std::multimap<Cycle, long>> due;
    std::vector<int> owner, last_owner;
    unsigned last_in = ~0u;
    std::uint32_t interval = 1;
    LinkErrors errors;
    Cycle free_at = 0, lost_until = 0, repeat = 0, down_at = kNoCycle;
    std::deque<Cycle> unacknowledged;  // when the acknowledgements come
  };
  struct Router {
    std::vector<std::vector<Vc>> in;
    std::vector<In> ins;
    std::vector<Out> out;
  };
  struct Source {
    std::array<std::deque<Flit>, kPacketClasses> queue;
    std::array<bool, kPacketClasses> open{};
    std::array<unsigned, kPacketClasses> vc{};
    int current = -1;
    unsigned next = 0;
    Out out;
  };
  void reset(Out& out) {
    out.credits.assign(p_.depths.begin(), p_.depths.end());
    out.due.resize(vcs_);
    out.owner.assign(vcs_, -1);
    out.last_owner.assign(vcs_, -1);
  }
  bool credit(Out& out, unsigned vc) {
    while (!out.due[vc].empty() && out.due[vc].begin()->first <= now_) {
      out.credits[vc] += out.due[vc].begin()->second;
      out.due[vc].erase(out.due[vc].begin());
    }
    return out.credits[vc] > 0;
  }
  bool may_take(unsigned n, bool from_source, unsigned out, unsigned vc, const PacketTrain& train) {
    const auto& c = p_.classes[static_cast<std::size_t>(train.kind)];
    unsigned first = c.first, count = c.count;
    if (t_.vc_sets() > 1 && !from_source && out != kLocalPort) {
      count /= t_.vc_sets();
      first += count * t_.vc_set(NodeId(n), out, train.source);
    }
    if (vc < first || vc >= first + count) return false;
    const unsigned d = index_of(train.destination);
    if (train.multicast && !p_.any_vc) return vc == first;
    return p_.any_vc || vc == first + (d / t_.columns() + d % t_.columns()) % count;
  }

  bool link_takes(Out& out) {
    while (!out.unacknowledged.empty() && out.unacknowledged.front() <= now_) out.unacknowledged.pop_front();
    if (p_.replay_flits > 0 && out.unacknowledged.size() >= p_.replay_flits) return false;
    return now_ >= out.free_at && (now_ < out.lost_until || now_ >= out.repeat);
  }
  // When a flit leaves for the last time: one that fails, and all behind it, are sent again a round trip
  // later.
  Cycle leaves(Out& out) {
    out.free_at = now_ + out.interval;
    if (!out.errors.possible()) return now_;
    const bool lost = now_ < out.lost_until;
    Cycle at = lost ? out.repeat : now_;
    bool again = lost;
    while (out.errors.fails()) {
      if (!again) out.lost_until = now_ + p_.replay_round_trip();
      again = true;
      at += p_.replay_round_trip();
    }
    if (again) out.repeat = at + 1;
    return at;
  }

  void source(unsigned n) {
    Source& s = sources_[n];
    const auto can = [&](unsigned k, unsigned& vc) {
      if (s.queue[k].empty() || s.queue[k].front().at > now_) return false;
      for (unsigned i = 1; i <= vcs_; ++i) {
        vc = (s.vc[k] + i) % vcs_;
        const bool mine = s.open[k] ? vc == s.vc[k] : may_take(n, true, 0, vc, *s.queue[k].front().train);
        if (mine && credit(s.out, vc)) return true;
      }
      return false;
    };
    int chosen = -1;
    unsigned vc = 0, v = 0;
    for (unsigned i = 0; i < kPacketClasses; ++i) {
      const unsigned k = (s.next + i) % kPacketClasses;
      if (!can(k, v)) continue;
      if (chosen < 0 || s.current == static_cast<int>(k)) chosen = static_cast<int>(k), vc = v;
    }
    if (chosen < 0) return;
    const auto k = static_cast<unsigned>(chosen);
    Flit f = s.queue[k].front();
    s.queue[k].pop_front();
    s.vc[k] = vc;
    s.open[k] = !f.tail;
    s.current = f.tail ? -1 : chosen;
    if (f.tail) s.next = (k + 1) % kPacketClasses;
    if (f.index + 1 == f.train->total) left[f.train] = now_ + 1;
    --s.out.credits[vc];
    f.at = now_ + 1 + p_.local;
    routers_[n].in[kLocalPort][vc].flits.push_back(f);
  }

  void add_copy_inputs() {
    const auto copies = copies_by_input(t_);
    for (unsigned n = 0; n < t_.nodes(); ++n) {
      Router& r = routers_[n];
      for (unsigned i = 0; i < t_.ports(NodeId(n)); ++i) {
        r.ins[i].first_copy = static_cast<unsigned>(r.ins.size());
        r.ins[i].copies = copies[n][i];
        r.in.insert(r.in.end(), copies[n][i], std::vector<Vc>(vcs_));
        In copy;
        copy.port = i;
        r.ins.insert(r.ins.end(), copies[n][i], copy);
      }
    }
  }
  // Flits of a packet that is copied here go on to the inputs for copies.
  void copy_flits(unsigned n) {
    Router& r = routers_[n];
    for (unsigned i = 0; i < t_.ports(NodeId(n)); ++i) {
      for (unsigned v = 0; v < vcs_; ++v) {
        Vc& q = r.in[i][v];
        if (q.flits.empty()) continue;
        const PacketFork* fork = q.flits.front().train->fork;
        if (q.copies == 0 && q.flits.front().head && fork != nullptr && index_of(fork->at) == n) {
          q.branches = fork->branches;
          q.copies = static_cast<unsigned>(q.branches.size());
          q.whole = false;
          q.taken.clear();
          for (unsigned b = 0; b < q.branches.size(); ++b) r.in[r.ins[i].first_copy + b][v].front = q.front;
        }
        while (q.copies > 0 && !q.whole && !q.flits.empty()) {
          Flit f = q.flits.front();
          q.flits.pop_front();
          q.whole = f.tail;
          for (unsigned b = 0; b < q.branches.size(); ++b) {
            f.train = q.branches[b];
            r.in[r.ins[i].first_copy + b][v].flits.push_back(f);
          }
        }
      }
    }
  }

  void router(unsigned n) {
    if (p_.multicast) copy_flits(n);
    Router& r = routers_[n];
    struct Head {
      unsigned in, vc;
      std::vector<unsigned> free;
      int pick = -1;
      bool won = false;
    };
    std::vector<Head> heads;
    const auto ports = static_cast<unsigned>(r.in.size());
    const auto outs = static_cast<unsigned>(r.out.size());
    // 1. Packets that have come to the front.
    for (unsigned i = 0; i < ports; ++i) {
      for (unsigned v = 0; v < vcs_; ++v) {
        Vc& q = r.in[i][v];
        if (q.copies > 0 || q.flits.empty() || q.flits.front().at > now_) continue;
        const Flit& f = q.flits.front();
        if (q.state == State::waiting && r.out[q.out].down_at <= now_) q.state = State::idle;
        if (q.state == State::idle) {
          q.allocate = p_.overlap ? std::max(f.at + p_.route, q.front) : std::max(f.at, q.front) + p_.route;
          if (now_ < q.allocate) continue;
          const auto ways = t_.routes(NodeId(n), f.train->source, f.train->destination);
          long best = -1;
          q.out = ways.ports[0];
          for (unsigned w = 0; w < ways.count; ++w) {
            if (r.out[ways.ports[w]].down_at <= now_) continue;
            long held = 0;
            for (unsigned c = 0; c < vcs_; ++c) {
              credit(r.out[ways.ports[w]], c);
              if (may_take(n, false, ways.ports[w], c, *f.train)) held += r.out[ways.ports[w]].credits[c];
            }
            if (held > best) best = held, q.out = ways.ports[w];
          }
          if (r.out[q.out].down_at <= now_) q.out = kLocalPort;  // turned back, to the die here
          q.state = State::waiting;
        }
        if (q.state == State::waiting) heads.push_back({i, v, {}, -1, false});
      }
    }
    // 2. Virtual channels.
    for (Head& h : heads) {
      Vc& q = r.in[h.in][h.vc];
      for (unsigned c = 0; c < vcs_; ++c) {
        if (may_take(n, false, q.out, c, *q.flits.front().train) && r.out[q.out].owner[c] < 0)
          h.free.push_back(c);
      }
      long best = 1L << 30;
      for (const unsigned c : h.free) {
        const int index = static_cast<int>(q.out * vcs_ + c);
        const long turn = index > q.last_pick ? index : index + 100000;
        if (turn < best) best = turn, h.pick = static_cast<int>(c);
      }
    }
    for (unsigned o = 0; o < outs; ++o) {
      for (unsigned c = 0; c < vcs_; ++c) {
        Head* winner = nullptr;
        long best = 1L << 30;
        for (Head& h : heads) {
          if (r.in[h.in][h.vc].out != o || h.pick != static_cast<int>(c)) continue;
          const int index = static_cast<int>(h.in * vcs_ + h.vc);
          const long turn = index > r.out[o].last_owner[c] ? index : index + 100000;
          if (turn < best) best = turn, winner = &h;
        }
        if (winner == nullptr) continue;
        Vc& q = r.in[winner->in][winner->vc];
        winner->won = true;
        r.out[o].owner[c] = r.out[o].last_owner[c] = static_cast<int>(winner->in * vcs_ + winner->vc);
        q.last_pick = static_cast<int>(o * vcs_ + c);
        q.vc = c;
        q.state = State::active;
        q.send = p_.speculative ? now_ + 1
                 : p_.overlap   ? std::max(now_, q.flits.front().at + p_.route + p_.vc_alloc)
                                : now_ + p_.vc_alloc;
      }
    }
    // 3. The switch: per input and output one virtual channel, per input one output, per output one input.
    struct Wish {
      int vc = -1;
      bool spec = false;
    };
    std::vector<std::vector<Wish>> wish(ports, std::vector<Wish>(outs));
    const auto ask = [&](unsigned i, unsigned v, bool spec) {
      Wish& w = wish[i][r.in[i][v].out];
      const auto turn = [&](unsigned x) { return (x + vcs_ - r.ins[i].next_vc) % vcs_; };
      if (w.vc < 0 || (w.spec && !spec) || (w.spec == spec && turn(v) < turn(static_cast<unsigned>(w.vc))))
        w = {static_cast<int>(v), spec};
    };
    for (unsigned i = 0; i < ports; ++i) {
      for (unsigned v = 0; v < vcs_; ++v) {
        Vc& q = r.in[i][v];
        if (q.state != State::active || now_ < q.send || q.flits.empty() || q.flits.front().at > now_)
          continue;
        if (link_takes(r.out[q.out]) && credit(r.out[q.out], q.vc)) ask(i, v, false);
      }
    }
    if (p_.speculative) {
      for (const Head& h : heads) {
        if (!h.free.empty() && link_takes(r.out[r.in[h.in][h.vc].out])) ask(h.in, h.vc, true);
      }
    }
    std::vector<int> choice(ports, -1);
    for (unsigned i = 0; i < ports; ++i) {
      for (unsigned k = 0; k < outs; ++k) {
        const unsigned o = (r.ins[i].last_out + 1 + k) % outs;
        if (wish[i][o].vc < 0) continue;
        if (choice[i] < 0 || (wish[i][static_cast<unsigned>(choice[i])].spec && !wish[i][o].spec))
          choice[i] = static_cast<int>(o);
      }
    }
    // A port reads one flit, perhaps for several copies.
    for (unsigned i = 0; i < t_.ports(NodeId(n)); ++i) {
      const In& in = r.ins[i];
      int read = -1;
      const auto spec = [&](unsigned m) { return wish[m][static_cast<unsigned>(choice[m])].spec; };
      const auto vc_of = [&](unsigned m) {
        return static_cast<unsigned>(wish[m][static_cast<unsigned>(choice[m])].vc);
      };
      for (unsigned k = 0; k <= in.copies; ++k) {
        const unsigned m = in.member((in.turn + k) % (in.copies + 1));
        if (choice[m] >= 0 && (read < 0 || (spec(static_cast<unsigned>(read)) && !spec(m))))
          read = static_cast<int>(m);
      }
      for (unsigned k = 0; read >= 0 && k <= in.copies; ++k) {
        const unsigned m = in.member(k);
        const auto chosen = static_cast<unsigned>(read);
        if (m == chosen || choice[m] < 0) continue;
        const bool with = m != i && chosen != i && vc_of(m) == vc_of(chosen) &&
                          r.in[m][vc_of(m)].flits.front().index == r.in[chosen][vc_of(m)].flits.front().index;
        if (!with) choice[m] = -1;
      }
    }
    for (unsigned o = 0; o < outs; ++o) {
      int winner = -1;
      for (unsigned k = 1; k <= ports; ++k) {
        const unsigned i = (r.out[o].last_in + k) % ports;
        if (choice[i] != static_cast<int>(o)) continue;
        if (winner < 0 || (wish[static_cast<unsigned>(winner)][o].spec && !wish[i][o].spec))
          winner = static_cast<int>(i);
      }
      if (winner >= 0)
        pass(n, static_cast<unsigned>(winner), wish[static_cast<unsigned>(winner)][o].vc, o,
             wish[static_cast<unsigned>(winner)][o].spec);
    }
  }

  void pass(unsigned n, unsigned i, int wished, unsigned o, bool spec) {
    Router& r = routers_[n];
    const auto v = static_cast<unsigned>(wished);
    r.ins[i].next_vc = (v + 1) % vcs_;
    r.ins[i].last_out = o;
    r.out[o].last_in = i;
    const unsigned port = r.ins[i].port;
    for (unsigned k = 0; k <= r.ins[port].copies; ++k) {
      if (r.ins[port].member(k) == i) r.ins[port].turn = (k + 1) % (r.ins[port].copies + 1);
    }
    Vc& q = r.in[i][v];
    if (spec && (q.state != State::active || !credit(r.out[o], q.vc))) return;
    Flit f = q.flits.front();
    passes.push_back({now_, n, o, f.train, f.index});
    q.flits.pop_front();
    --r.out[o].credits[q.vc];
    // The buffer behind is free.
    Vc& buffer = r.in[port][v];
    if (i != port && ++buffer.taken[f.index] < buffer.branches.size()) {
      // Other copies of it are still there.
    } else if (port == kLocalPort) {
      sources_[n].out.due[v].insert({now_ + p_.switch_alloc + p_.local, 1});
    } else {
      const Topology::Peer& before = t_.peer(NodeId(n), port);
      routers_[index_of(before.node)].out[before.port].due[v].insert(
          {now_ + p_.switch_alloc + p_.link + p_.credit, 1});
    }
    // On its way.
    const Cycle stages = p_.switch_alloc + p_.traversal;
    if (o == kLocalPort) {
      const Cycle at = now_ + stages + p_.local;
      if (f.tail) tails.push_back({f.train, f.index / f.train->flits, at, q.vc});
      if (p_.automatic_sinks) {
        r.out[o].due[q.vc].insert({at + 1 + p_.local, 1});
      } else if (f.tail) {
        const long flits = f.index % f.train->flits + 1;
        const Cycle freed = (at + sink_delay + sink_period - 1) / sink_period * sink_period;
        r.out[o].due[q.vc].insert({freed, flits});
      }
    } else {
      const Topology::Peer& next = t_.peer(NodeId(n), o);
      const Cycle last = leaves(r.out[o]);
      r.out[o].unacknowledged.push_back(last + p_.replay_round_trip());
      f.at = last + stages + p_.link;
      routers_[index_of(next.node)].in[next.port][q.vc].flits.push_back(f);
    }
    if (!f.tail) return;
    r.out[o].owner[q.vc] = -1;
    q.state = State::idle;
    q.front = now_ + 1;
    if (i != port && --buffer.copies == 0) buffer.front = now_ + 1;
  }

  Topology t_;
  FabricParams p_;
  unsigned vcs_;
  std::vector<Router> routers_;
  std::vector<Source> sources_;
  Cycle now_ = 0;
};

}  // namespace moesaic::test
