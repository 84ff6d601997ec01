// SPDX-License-Identifier: Apache-2.0
// hw/control: the command processor with a fake unit and a bare bus: registers, queues, events, completions,
// mail, timer, interrupt, and the time each takes.
#include <cstring>
#include <functional>
#include <map>
#include <systemc>
#include <vector>

#include "hw/control/command_processor.h"
#include "tests/catch.h"
#include "tlm/sc_tick.h"

using namespace moesaic;

namespace {

struct Faults : FaultSink {
  std::vector<Fault> seen;
  void report(Fault fault) override { seen.push_back(std::move(fault)); }
};
struct NoWork : WorkObserver {
  void retired(const RetiredSlice&) override {}
};

// Takes `busy` ticks per command, one at a time.
struct FakeUnit : sc_core::sc_module, CommandUnit, WheelClient {
  FakeUnit(const sc_core::sc_module_name& name, HwContext& context, Tick busy_ticks)
      : sc_module(name), commands("commands"), done_out("done_out"), ctx(context), busy(busy_ticks) {
    commands.bind(*this);
  }
  bool can_issue() const override { return !executing; }
  void issue(Command command) override {
    start_activity(ctx.log, command, now_tick(), NodeId(0), UnitId::dma, freed, last);
    issued.push_back(now_tick());
    tags.push_back(command.tag);
    present = command;
    executing = true;
    ctx.wheel.schedule(now_tick() + busy, Phase::deliver, 4, *this);
  }
  void on_wheel(Tick now, Phase, std::uint64_t) override {
    ctx.log.extend(present.activity, Cause::dma, now);
    executing = false;
    freed = now;
    last = present.activity;
    const Command command = present;
    done_out->done(command, CommandStatus::ok);
  }
  sc_core::sc_export<CommandUnit> commands;
  sc_core::sc_port<CommandDone> done_out;
  HwContext& ctx;
  Tick busy;
  bool executing = false;
  Command present;
  Tick freed = 0;
  ActivityId last = kRootActivity;
  std::vector<Tick> issued;
  std::vector<std::uint32_t> tags;
};

struct FakeCore : sc_core::sc_module, InterruptLine, WheelClient {
  explicit FakeCore(const sc_core::sc_module_name& name) : sc_module(name), bus("bus"), irq("irq") {
    irq.bind(*this);
  }
  void level(bool high, Happening since) override { edges.push_back({high, since.at}); }
  void on_wheel(Tick, Phase, std::uint64_t cookie) override { scripts[cookie](); }

  template <typename T>
  T read(std::uint32_t offset) {
    T value{};
    access(offset, &value, sizeof value, tlm::TLM_READ_COMMAND);
    return value;
  }
  template <typename T>
  bool write(std::uint32_t offset, T value) {
    return access(offset, &value, sizeof value, tlm::TLM_WRITE_COMMAND);
  }
  bool access(std::uint32_t offset, void* data, std::size_t bytes, tlm::tlm_command command) {
    tlm::tlm_generic_payload payload;
    payload.set_command(command);
    payload.set_address(Address::make(NodeId(0), AddressUnit::registers, offset));
    payload.set_data_ptr(static_cast<unsigned char*>(data));
    payload.set_data_length(static_cast<unsigned>(bytes));
    payload.set_streaming_width(static_cast<unsigned>(bytes));
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    bus->b_transport(payload, delay);
    last_delay = to_tick(delay);
    return payload.is_response_ok();
  }
  void post(unsigned queue, const moesaic_descriptor& d) {
    write(MOESAIC_REG_QUEUE_PUSH + 64 * queue, d);
    write<std::uint32_t>(MOESAIC_REG_QUEUE_DOORBELL + 4 * queue, 1);
  }
  tlm_utils::simple_initiator_socket<FakeCore> bus;
  sc_core::sc_export<InterruptLine> irq;
  std::vector<std::pair<bool, Tick>> edges;
  std::vector<std::function<void()>> scripts;
  Tick last_delay = 0;
};

// One command processor at 1 GHz, decode 4 cycles; the fake DMA takes 100 ns, the fake engine 50 ns.
struct Bench {
  Bench() {
    cp.agent_irq.bind(core.irq);
    core.bus.bind(cp.bus_in.socket);
    cp.dma_out.bind(dma.commands);
    cp.engine_out.bind(engine.commands);
    dma.done_out.bind(cp.done_in);
    engine.done_out.bind(cp.done_in);
  }
  static ControlParams params() {
    ControlParams p;
    p.hz = 1'000'000'000;
    p.command_queues = 3;
    p.queue_depth = 4;
    p.events = 8;
    p.mail_depth = 2;
    p.completion_depth = 2;
    p.decode_cycles = 4;
    p.register_cycles = 5;
    return p;
  }
  void at(Tick when, std::function<void()> script) {
    core.scripts.push_back(std::move(script));
    wheel.schedule(when, Phase::firmware, 7, core, core.scripts.size() - 1);
  }
  void run() { sc_core::sc_start(); }

  EventWheel wheel;
  WheelProcess process{"wheel", wheel};
  PayloadPool pool{RunMode::timing};
  CausalLog log;
  Faults faults;
  NoWork work;
  HwContext ctx{wheel, process, pool, log, faults, work};
  SlotTable slots{8, 65536};
  CommandProcessor cp{"cp", NodeId(0), 1, params(), slots, ctx};
  FakeUnit dma{"dma", ctx, 100 * kNanosecond};
  FakeUnit engine{"engine", ctx, 50 * kNanosecond};
  FakeCore core{"core"};
};

moesaic_descriptor blank(moesaic_kind kind, std::uint32_t tag) {
  moesaic_descriptor d;
  std::memset(&d, 0, sizeof d);
  d.header.kind = static_cast<std::uint8_t>(kind);
  d.header.tag = tag;
  d.header.wait_event = d.header.signal_event = d.header.local_event = MOESAIC_NO_EVENT;
  return d;
}
moesaic_descriptor load(std::uint32_t tag) {
  moesaic_descriptor d = blank(MOESAIC_LOAD, tag);
  d.body.transfer.source = Address::make(NodeId(0), AddressUnit::memory, 0);
  d.body.transfer.destination = Address::make(NodeId(0), AddressUnit::sram, 0);
  d.body.transfer.row_bytes = 64;
  d.body.transfer.rows = 1;
  d.body.transfer.list = MOESAIC_NO_OFFSET;
  return d;
}
moesaic_descriptor fill(std::uint32_t tag) {
  moesaic_descriptor d = blank(MOESAIC_VECTOR, tag);
  d.body.vector.width = 1;
  return d;
}
constexpr Tick ns(std::uint64_t n) {
  return n * kNanosecond;
}

}  // namespace

TEST_CASE("a descriptor reaches its unit decode_cycles after its doorbell, and completes with an interrupt") {
  Bench bench;
  moesaic_completion entry{};
  bench.at(ns(10), [&] {
    moesaic_descriptor d = load(42);
    d.header.flags = MOESAIC_FLAG_INTERRUPT;
    bench.core.post(0, d);
    REQUIRE(bench.core.last_delay == ns(5));
  });
  bench.at(ns(200), [&] {
    REQUIRE(bench.core.read<std::uint32_t>(MOESAIC_REG_IRQ_STATUS) == MOESAIC_IRQ_COMPLETION);
    entry = bench.core.read<moesaic_completion>(MOESAIC_REG_COMPLETION_POP);
    REQUIRE(bench.core.read<moesaic_completion>(MOESAIC_REG_COMPLETION_POP).valid == 0);
  });
  bench.run();
  REQUIRE(bench.dma.issued == std::vector<Tick>{ns(14)});
  REQUIRE(entry.tag == 42);
  REQUIRE(entry.valid == 1);
  REQUIRE(entry.cycle == 114);
  REQUIRE(bench.core.edges == std::vector<std::pair<bool, Tick>>{{true, ns(114)}, {false, ns(114)}});
}

TEST_CASE("a command waits for its event until the counter reaches the value, not one earlier") {
  Bench bench;
  bench.at(ns(10), [&] {
    moesaic_descriptor d = load(1);
    d.header.wait_event = 2;
    d.header.wait_value = 3;
    bench.core.post(0, d);
  });
  bench.at(ns(50), [&] { bench.core.write<std::uint32_t>(MOESAIC_REG_EVENT + 8, 2); });
  bench.at(ns(90), [&] {
    REQUIRE(bench.dma.issued.empty());
    bench.core.write<std::uint32_t>(MOESAIC_REG_EVENT + 8, 3);
  });
  bench.run();
  REQUIRE(bench.dma.issued == std::vector<Tick>{ns(94)});
}

TEST_CASE("queues are in order in themselves and independent of each other") {
  Bench bench;
  bench.at(ns(0), [&] {
    moesaic_descriptor waits = load(1);
    waits.header.wait_event = 0;
    waits.header.wait_value = 1;
    bench.core.post(0, waits);
    bench.core.post(0, load(2));  // behind it
    moesaic_descriptor other = fill(3);
    other.header.local_event = 0;
    other.header.local_add = 1;
    bench.core.post(1, other);  // releases it
  });
  bench.run();
  REQUIRE(bench.engine.issued == std::vector<Tick>{ns(4)});
  REQUIRE(bench.dma.tags == std::vector<std::uint32_t>{1, 2});
  REQUIRE(bench.dma.issued ==
          std::vector<Tick>{ns(58), ns(162)});  // 54 + decode; unit busy until 158, + decode
}

TEST_CASE("a fence is done when all earlier commands of its queue are, and releases the next one") {
  Bench bench;
  bench.at(ns(0), [&] {
    bench.core.post(0, load(1));
    moesaic_descriptor fence = blank(MOESAIC_FENCE, 2);
    fence.header.flags = MOESAIC_FLAG_INTERRUPT;
    bench.core.post(0, fence);
    bench.core.post(0, fill(3));
  });
  bench.run();
  REQUIRE(bench.core.edges.size() == 1);
  REQUIRE(bench.core.edges[0].second == ns(108));  // load done at 104, fence decoded 4 later
  REQUIRE(bench.engine.issued == std::vector<Tick>{ns(112)});
}

namespace {
// Load 1 has the one channel when load 2 comes to queue 0, 3 to queue 1 and 4 to queue 2. The order of issue.
std::vector<std::uint32_t> order_of_loads(std::uint8_t second, std::uint8_t third, std::uint8_t fourth) {
  Bench bench;
  const auto with_priority = [](std::uint32_t tag, std::uint8_t priority) {
    moesaic_descriptor d = load(tag);
    d.body.transfer.priority = priority;
    return d;
  };
  bench.at(ns(0), [&] { bench.core.post(0, load(1)); });
  bench.at(ns(10), [&] {
    bench.core.post(0, with_priority(2, second));
    bench.core.post(1, with_priority(3, third));
    bench.core.post(2, with_priority(4, fourth));
  });
  bench.run();
  // Every load takes the channel for 100 ns, and 4 ns to decode the next.
  REQUIRE(bench.dma.issued == std::vector<Tick>{ns(4), ns(108), ns(212), ns(316)});
  return bench.dma.tags;
}
using Tags = std::vector<std::uint32_t>;
}  // namespace

TEST_CASE("loads of equal priority get the next free channel in turns of their queues") {
  CHECK(order_of_loads(3, 3, 3) == Tags{1, 3, 4, 2});
}
TEST_CASE("the load of highest priority gets the next free channel, then turns go on behind it") {
  CHECK(order_of_loads(0, 0, 5) == Tags{1, 4, 2, 3});
}
TEST_CASE("priorities order all loads that wait for a channel") {
  CHECK(order_of_loads(1, 2, 3) == Tags{1, 4, 3, 2});
}
TEST_CASE("a higher priority does not let a command pass those before it in its own queue, or its event") {
  Bench bench;
  bench.at(ns(0), [&] {
    bench.core.post(0, load(1));
    bench.core.post(0, load(2));
    moesaic_descriptor urgent = load(3);  // behind load 2
    urgent.body.transfer.priority = 7;
    bench.core.post(0, urgent);
    moesaic_descriptor waits = load(4);
    waits.body.transfer.priority = 7;
    waits.header.wait_event = 0;
    waits.header.wait_value = 1;
    bench.core.post(1, waits);
    bench.core.post(2, load(5));
  });
  bench.at(ns(150), [&] { bench.core.write<std::uint32_t>(MOESAIC_REG_EVENT, 1); });
  bench.run();
  // At 104 the channel is free: 5 (queue 2 is next in turn). At 208: 4 has its event, 2 has not the priority.
  CHECK(bench.dma.tags == Tags{1, 5, 4, 2, 3});
}

TEST_CASE("the critical path through a busy unit names what occupied it and sums exactly") {
  Bench bench;
  bench.at(ns(0), [&] {
    bench.core.post(0, load(1));
    bench.core.post(1, load(2));
  });
  bench.run();
  const auto path = bench.log.critical_path(bench.dma.last, bench.dma.freed);
  const auto sums = CausalLog::sum(path);
  Tick total = 0;
  for (const Tick t : sums) total += t;
  REQUIRE(total == bench.dma.freed);
  REQUIRE(sums[static_cast<std::size_t>(Cause::dma)] == ns(200));
  REQUIRE(sums[static_cast<std::size_t>(Cause::command)] == ns(8));
}

TEST_CASE("a full completion queue holds entries back and loses none") {
  Bench bench;
  std::vector<std::uint32_t> tags;
  bench.at(ns(0), [&] {
    for (std::uint32_t i = 0; i < 4; ++i) {
      moesaic_descriptor d = fill(i);
      d.header.flags = MOESAIC_FLAG_INTERRUPT;
      bench.core.post(0, d);
    }
  });
  bench.at(ns(1000), [&] {
    REQUIRE(bench.core.read<std::uint32_t>(MOESAIC_REG_COMPLETION_LEVEL) == 2);
    for (int i = 0; i < 4; ++i)
      tags.push_back(bench.core.read<moesaic_completion>(MOESAIC_REG_COMPLETION_POP).tag);
  });
  bench.run();
  REQUIRE(tags == std::vector<std::uint32_t>{0, 1, 2, 3});
}

TEST_CASE("misuse of queues, doorbells, mail and descriptors is reported and harms nothing else") {
  Bench bench;
  bench.at(ns(0), [&] {
    moesaic_descriptor blocked = load(9);
    blocked.header.wait_event = 0;
    blocked.header.wait_value = 1;
    for (int i = 0; i < 4; ++i) bench.core.write(MOESAIC_REG_QUEUE_PUSH, blocked);
    REQUIRE(bench.core.read<std::uint32_t>(MOESAIC_REG_QUEUE_SPACE) == 0);
    bench.core.write(MOESAIC_REG_QUEUE_PUSH, blocked);               // overflow
    bench.core.write<std::uint32_t>(MOESAIC_REG_QUEUE_DOORBELL, 5);  // more than staged
    bench.core.write(MOESAIC_REG_QUEUE_PUSH + 64 * 3, blocked);      // no such queue
    moesaic_mail mail{};
    mail.kind = 1;
    mail.node = 1;
    bench.core.write(MOESAIC_REG_MAIL_PUSH, mail);                // no such die
    bench.core.post(1, blank(static_cast<moesaic_kind>(12), 5));  // no such kind
    bench.core.post(1, fill(6));
  });
  bench.run();
  REQUIRE(bench.faults.seen.size() == 5);
  REQUIRE(bench.faults.seen[0].what.find("overflows") != std::string::npos);
  REQUIRE(bench.faults.seen[1].what.find("doorbell") != std::string::npos);
  REQUIRE(bench.faults.seen[2].what.find("queue 3 does not exist") != std::string::npos);
  REQUIRE(bench.faults.seen[3].what.find("die 1") != std::string::npos);
  REQUIRE(bench.faults.seen[4].what.find("kind 12") != std::string::npos);
  REQUIRE(bench.engine.tags == std::vector<std::uint32_t>{6});
}

TEST_CASE("a message to the own die arrives, and a full outbox is shown and announced when it has space") {
  Bench bench;
  moesaic_mail mail{};
  mail.kind = 7;
  mail.body[3] = 99;
  std::vector<std::uint16_t> kinds;
  bench.at(ns(0), [&] {
    for (int i = 0; i < 2; ++i) bench.core.write(MOESAIC_REG_MAIL_PUSH, mail);
    REQUIRE(bench.core.read<std::uint32_t>(MOESAIC_REG_MAIL_SPACE) == 0);
  });
  bench.at(ns(100), [&] {
    REQUIRE(bench.core.read<std::uint32_t>(MOESAIC_REG_MAIL_LEVEL) == 2);
    const auto status = bench.core.read<std::uint32_t>(MOESAIC_REG_IRQ_STATUS);
    REQUIRE(status == (MOESAIC_IRQ_MAIL | MOESAIC_IRQ_MAIL_SPACE));
    for (int i = 0; i < 3; ++i) {
      const auto got = bench.core.read<moesaic_mail>(MOESAIC_REG_MAIL_POP);
      kinds.push_back(got.kind);
      if (got.kind != 0) REQUIRE(got.body[3] == 99);
    }
  });
  bench.run();
  REQUIRE(kinds == std::vector<std::uint16_t>{7, 7, 0});
}

TEST_CASE("the timer fires at its cycle, once, and can be disarmed") {
  Bench bench;
  bench.at(ns(3), [&] { bench.core.write<std::uint64_t>(MOESAIC_REG_TIMER, 20); });
  bench.at(ns(30), [&] {
    REQUIRE(bench.core.read<std::uint32_t>(MOESAIC_REG_IRQ_STATUS) == MOESAIC_IRQ_TIMER);
    bench.core.write<std::uint64_t>(MOESAIC_REG_TIMER, 50);
  });
  bench.at(ns(40), [&] { bench.core.write<std::uint64_t>(MOESAIC_REG_TIMER, 0); });
  bench.run();
  REQUIRE(bench.core.edges == std::vector<std::pair<bool, Tick>>{{true, ns(20)}, {false, ns(20)}});
}

TEST_CASE("every register of the table answers with its width, and refuses another") {
  Bench bench;
  bench.at(ns(0), [&] {
    std::uint8_t data[64];
    const auto check_register = [&](std::uint32_t offset, std::uint32_t bytes, const std::string& policy) {
      REQUIRE(bench.core.access(offset, data, bytes, tlm::TLM_READ_COMMAND));
      REQUIRE(!bench.core.access(offset, data, bytes == 4 ? 8 : 4, tlm::TLM_READ_COMMAND));
      if (policy == "ro") REQUIRE(!bench.core.access(offset, data, bytes, tlm::TLM_WRITE_COMMAND));
    };
#define MOESAIC_CHECK(name, offset, bytes, count, step, policy, reset, sentence) \
  check_register(offset, bytes, policy);
    MOESAIC_REGISTERS(MOESAIC_CHECK)
#undef MOESAIC_CHECK
    REQUIRE(!bench.core.access(0x00C, data, 4, tlm::TLM_READ_COMMAND));
    REQUIRE(!bench.core.access(2 * MOESAIC_CONTEXT_STRIDE, data, 4, tlm::TLM_READ_COMMAND));
    REQUIRE(bench.core.read<std::uint32_t>(MOESAIC_REG_IDENT) == MOESAIC_IDENT);
    REQUIRE(bench.core.read<std::uint32_t>(MOESAIC_REG_ABI) == MOESAIC_ABI_VERSION);
  });
  bench.run();
}
