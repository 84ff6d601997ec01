// SPDX-License-Identifier: Apache-2.0
// Dies that wait for each other: a request, when it has come a response, then the next request, a few at a
// time, with trains, and sinks that are full for a while. What the dies submit follows from what the
// event-driven fabric tells them, and when; the plain one is given the same trains in the same order. A
// wake-up that is lost shows as packets that are missing.
#include <queue>

#include "tests/support/fabric_cases.h"

using namespace moesaic;
using namespace moesaic::test;

namespace {

constexpr Cycle kLastRequest = 1500;
constexpr Cycle kEnd = 12000;

class Dies : public Collector {
 public:
  std::deque<PacketTrain> trains;
  std::vector<Cycle> ready;  // of each train
  std::uint64_t responses = 0;

  explicit Dies(unsigned seed) : choose_{boost::random::mt19937(seed)} {}
  void start(FabricCore& fabric) {
    core = &fabric;
    if (choose_.below(2) == 0) fabric.observe(this);
    nodes_ = fabric.topology().nodes();
    late_ = choose_.below(2) == 0;
    ahead_ = choose_.between(1, 20);
    sink_delay = 20;
    sink_period = choose_.below(2) == 0 ? 1 : choose_.between(2, 300);
    think_ = choose_.between(1, 60);
    most_packets_ = choose_.below(2) == 0 ? 1 : 8;
    last_ready_.resize(std::size_t{nodes_} * kPacketClasses);
    const unsigned contexts = choose_.between(1, 4);
    for (unsigned i = 0; i < contexts * nodes_; ++i) request(i / contexts, choose_.below(think_));
  }

  // In half of the cases what arrives is dealt with at its time, while the fabric has decided up to `ahead_`
  // cycles more.
  void run() {
    while (true) {
      const Cycle next = core->next_cycle();
      const Cycle event = events_.empty() ? kNoCycle : events_.top().at;
      if (std::min(next, event) >= kEnd) break;
      if (event <= next) {
        const Event e = events_.top();
        events_.pop();
        react(*e.train, e.packet, e.at, e.vc);
      } else {
        core->advance(next + (late_ ? ahead_ : 1));
      }
    }
    core->advance(kEnd);
  }

 private:
  struct Event {
    Cycle at;
    std::uint64_t number;
    PacketTrain* train;
    std::uint32_t packet;
    unsigned vc;
    bool operator<(const Event& o) const { return std::tie(o.at, o.number) < std::tie(at, number); }
  };

  void arrived(PacketTrain& train, std::uint32_t first, std::uint32_t count, Cycle tail, Cycle last_tail,
               unsigned vc) override {
    for (std::uint32_t i = 0; i < count; ++i) {
      const Cycle at = i + 1 == count ? last_tail : tail + i * train.flits;
      late = late || at < core->now();
      tails.push_back({&train, first + i, at, vc});
      if (late_) {
        events_.push({at, events_seen_++, &train, first + i, vc});
      } else {
        react(train, first + i, at, vc);
      }
    }
  }
  void react(const PacketTrain& train, std::uint32_t packet, Cycle at, unsigned vc) {
    if (!core->params().automatic_sinks) release(train, packet, at, vc);
    if (packet + 1 < train.packets()) return;
    const unsigned here = index_of(train.destination);
    if (train.kind == PacketClass::response) {
      ++responses;
      return request(here, at + 20 + choose_.below(think_));
    }
    const unsigned flits = choose_.between(1, 6);
    submit(here, index_of(train.source), PacketClass::response, flits,
           flits * choose_.between(1, most_packets_) - choose_.below(flits), at + 20 + choose_.below(3));
  }
  void request(unsigned source, Cycle at) {
    if (at > kLastRequest) return;
    const unsigned flits = choose_.between(1, 2);
    submit(source, (source + 1 + choose_.below(nodes_ - 1)) % nodes_, PacketClass::request, flits, flits, at);
  }
  void submit(unsigned source, unsigned destination, PacketClass kind, unsigned flits, unsigned total,
              Cycle at) {
    PacketTrain train;
    train.source = NodeId(static_cast<std::uint16_t>(source));
    train.destination = NodeId(static_cast<std::uint16_t>(destination));
    train.kind = kind;
    train.flits = flits;
    train.total = total;
    Cycle& last = last_ready_[source * kPacketClasses + static_cast<std::size_t>(kind)];
    last = std::max(last, at);
    trains.push_back(train);
    ready.push_back(last);
    core->submit(trains.back(), last);
  }

  Choice choose_;
  unsigned nodes_ = 0;
  bool late_ = false;
  Cycle ahead_ = 1;
  unsigned think_ = 1;
  unsigned most_packets_ = 1;
  std::vector<Cycle> last_ready_;
  std::priority_queue<Event> events_;
  std::uint64_t events_seen_ = 0;
};

}  // namespace

TEST_CASE("requests and responses that wait for each other are equal to the fabric stepped flit by flit") {
  std::uint64_t responses = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    Case c = random_case(seed);
    c.shape.down_links.clear();  // every request is to be answered
    INFO(c.text);
    const Topology topology(c.shape, c.rows, c.columns);
    Dies dies(seed);
    FabricCore core(topology, c.params, dies);
    dies.start(core);
    dies.run();
    CycleFabric slow(topology, c.params);
    slow.sink_delay = dies.sink_delay;
    slow.sink_period = dies.sink_period;
    for (std::size_t i = 0; i < dies.trains.size(); ++i) slow.submit(dies.trains[i], dies.ready[i]);
    slow.run(kEnd);
    require_equal(dies, slow, dies.trains);
    responses += dies.responses;
  }
  CHECK(responses > 20'000);
}
