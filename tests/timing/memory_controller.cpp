// SPDX-License-Identifier: Apache-2.0
// The memory controller over real sockets, protocol checkers in between: what two initiators see.
#include "hw/memory/memory_controller.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>

#include "tests/catch.h"
#include "tests/timing/memory_harness.h"
#include "tlm/protocol_checker.h"
#include "tlm/sc_tick.h"

using namespace moesaic;

namespace {

constexpr Tick kCk = 1'250'000;
constexpr NodeId kHere{2};

std::uint64_t at_offset(std::uint64_t offset) {
  return Address::make(kHere, AddressUnit::memory, offset);
}

struct Faults final : FaultSink {
  void report(Fault fault) override { all.push_back(std::move(fault)); }
  std::vector<Fault> all;
};
struct NoWork final : WorkObserver {
  void retired(const RetiredSlice&) override {}
};
struct FlipFirst final : Injector {
  void pass(InjectionPoint, NodeId, std::uint8_t*, std::uint64_t) override {}
  WordErrors memory_read(NodeId node, std::uint8_t* data, std::uint64_t) override {
    if (node != kHere) return {};
    for (std::uint64_t i = 0; data != nullptr && i < bits; ++i) data[0] ^= static_cast<std::uint8_t>(1u << i);
    return bits == 1 ? WordErrors{1, 0} : WordErrors{0, 1};
  }
  std::uint64_t bits = 1;
  void load(NodeId, std::uint64_t&) override {}
};
/// Bytes that say where they come from.
struct Pattern final : ContentSource {
  static std::uint8_t at(std::uint64_t offset) {
    return static_cast<std::uint8_t>(offset * 31 + (offset >> 8));
  }
  void fill(NodeId, std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const override {
    for (std::uint64_t i = 0; i < bytes; ++i) out[i] = at(offset + i);
  }
};

struct Answer {
  std::uint64_t cookie;
  unsigned port;
  Tick offered, accepted, responded;
  tlm::tlm_response_status status;
  CauseTimes causes;
  bool poisoned;
  std::vector<std::uint8_t> bytes;
};

// Two initiators that issue what a script tells them.
class Bench : public sc_core::sc_module, private Requester, private WheelClient {
 public:
  Bench(const sc_core::sc_module_name& name, RunMode mode, const MemoryParams& params = {},
        bool swapped = false)
      : sc_module(name),
        pool(mode),
        process("process", wheel),
        ctx{wheel, process, pool, log, faults, work},
        dma("dma", *this, 0),
        fabric("fabric", *this, 1),
        memory("memory", kHere, params, ctx, pattern) {
    // The order of binding must not matter.
    if (swapped) bind_ports("check_fabric", fabric, memory.fabric_in, &checkers);
    bind_ports("check_dma", dma, memory.dma_in, &checkers);
    if (!swapped) bind_ports("check_fabric", fabric, memory.fabric_in, &checkers);
  }

  void issue(Tick at, unsigned port, tlm::tlm_command command, const Train& train, std::uint64_t cookie,
             std::vector<std::uint8_t> bytes = {}, bool accumulate = false) {
    script.push_back({port, command, train, cookie, std::move(bytes), accumulate});
    wheel.schedule(at, Phase::deliver, 1 + port, *this, script.size() - 1);
  }
  void read(Tick at, unsigned port, const Train& train, std::uint64_t cookie) {
    issue(at, port, tlm::TLM_READ_COMMAND, train, cookie);
  }
  void simulate() {
    sc_core::sc_start();
    for (const auto& checker : checkers) checker->check_drained();
    REQUIRE(pool.live() == 0);
    REQUIRE(answers.size() == script.size());
    for (const Answer& a : answers) REQUIRE(memory_test::sum(a.causes) == a.responded - a.offered);
  }
  const Answer& answer(std::uint64_t cookie) const {
    return *std::find_if(answers.begin(), answers.end(), [&](const Answer& a) { return a.cookie == cookie; });
  }

  struct Order {
    unsigned port;
    tlm::tlm_command command;
    Train train;
    std::uint64_t cookie;
    std::vector<std::uint8_t> bytes;
    bool accumulate;
  };
  EventWheel wheel;
  PayloadPool pool;
  WheelProcess process;
  CausalLog log;
  Faults faults;
  NoWork work;
  Pattern pattern;
  HwContext ctx;
  RequestPort dma, fabric;
  MemoryController memory;
  std::vector<std::unique_ptr<ProtocolChecker>> checkers;
  std::vector<Order> script;
  std::vector<Answer> answers;
  std::map<std::uint64_t, Tick> accepted_at;
  std::map<std::uint64_t, Tick> offered_at;
  std::map<unsigned, std::deque<std::uint64_t>> queued;  // per port, front is offered

 private:
  void on_wheel(Tick now, Phase, std::uint64_t index) override {
    const Order& order = script[index];
    tlm::tlm_generic_payload& payload = pool.acquire(order.command, order.train);
    TrainExtension& extension = train_of(payload);
    extension.cookie = order.cookie;
    extension.accumulate = order.accumulate;
    std::copy(order.bytes.begin(), order.bytes.end(), payload.get_data_ptr());
    queued[order.port].push_back(order.cookie);
    if (queued[order.port].size() == 1) offered_at[order.cookie] = now;
    (order.port == 0 ? dma : fabric).send(payload);
  }
  void accepted(unsigned port, tlm::tlm_generic_payload& payload) override {
    accepted_at[train_of(payload).cookie] = wheel.now();
    queued[port].pop_front();
    if (!queued[port].empty()) offered_at[queued[port].front()] = wheel.now();
  }
  void responded(unsigned port, tlm::tlm_generic_payload& payload) override {
    const TrainExtension& extension = train_of(payload);
    Answer answer{extension.cookie,
                  port,
                  offered_at[extension.cookie],
                  accepted_at[extension.cookie],
                  wheel.now(),
                  payload.get_response_status(),
                  extension.causes,
                  extension.poisoned,
                  {}};
    if (pool.functional())
      answer.bytes.assign(payload.get_data_ptr(), payload.get_data_ptr() + payload.get_data_length());
    answers.push_back(std::move(answer));
  }
};

std::vector<std::uint8_t> debug_read(Bench& bench, std::uint64_t offset, unsigned bytes) {
  std::vector<std::uint8_t> data(bytes);
  tlm::tlm_generic_payload payload;
  payload.set_command(tlm::TLM_READ_COMMAND);
  payload.set_address(at_offset(offset));
  payload.set_data_ptr(data.data());
  payload.set_data_length(bytes);
  CHECK(bench.dma.socket->transport_dbg(payload) == bytes);
  return data;
}

void random_traffic(Bench& bench, unsigned n) {
  std::mt19937 random(9);
  Tick at = 0;
  for (unsigned i = 0; i < n; ++i) {
    at += random() % 200 * kNanosecond;
    Train train{at_offset(random() % (1u << 24)), 1 + std::uint32_t(random() % 900),
                1 + std::uint32_t(random() % 4), random() % 5000, random() % 2 * 10 * kNanosecond};
    const bool write = random() % 3 == 0;
    bench.issue(at, random() % 2, write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, train, i,
                std::vector<std::uint8_t>(train.bytes(), static_cast<std::uint8_t>(i)));
  }
}

}  // namespace

TEST_CASE("an unloaded read is answered after controller latency, activate, RL and its bursts") {
  Bench bench("bench", RunMode::timing);
  bench.read(kMicrosecond, 0, Train::block(at_offset(0), 32), 1);
  bench.simulate();
  CHECK(bench.answer(1).status == tlm::TLM_OK_RESPONSE);
  CHECK(bench.answer(1).accepted == kMicrosecond);
  CHECK(bench.answer(1).responded == kMicrosecond + (8 + 15 + 1 + 17 + 2 + 8) * kCk);
}

TEST_CASE("a block is spread over both channels by the interleave") {
  Bench bench("bench", RunMode::timing);
  bench.read(0, 0, Train::block(at_offset(0), 4096), 1);
  bench.read(0, 0, Train::block(at_offset(8192), 256), 2);
  bench.simulate();
  CHECK(bench.memory.stats(0).read_bytes == 2048 + 256);
  CHECK(bench.memory.stats(1).read_bytes == 2048);
  // 64 bursts per channel, two cycles each; the first a row miss; some rows open on the way.
  const Tick ideal = (8 + 15 + 17 + 64 * 2 + 8) * kCk;
  CHECK(bench.answer(1).responded >= ideal);
  CHECK(bench.answer(1).responded < ideal + 20 * kCk);
}

TEST_CASE("a write is answered when the device has its last data") {
  Bench bench("bench", RunMode::timing);
  bench.issue(kMicrosecond, 0, tlm::TLM_WRITE_COMMAND, Train::block(at_offset(0), 32), 1);
  bench.simulate();
  CHECK(bench.answer(1).responded == kMicrosecond + (8 + 15 + 1 + 9 + 2 + 8) * kCk);
}

TEST_CASE("a full port withholds END_REQ, and the wait counts as memory queue from the first offer") {
  MemoryParams params;
  params.controller.port_requests = 2;
  Bench bench("bench", RunMode::timing, params);
  for (unsigned i = 0; i < 5; ++i) bench.read(0, 0, Train::block(at_offset(i * 4096), 4096), i);
  bench.read(0, 1, Train::block(at_offset(1 << 20), 64), 9);
  bench.simulate();
  CHECK(bench.answer(1).accepted == 0);
  CHECK(bench.answer(2).offered == 0);
  CHECK(bench.answer(2).accepted == bench.answer(0).responded);  // not before room, and at once then
  CHECK(bench.answer(3).accepted == bench.answer(1).responded);
  CHECK(bench.answer(2).causes[static_cast<std::size_t>(Cause::memory_queue)] >= bench.answer(2).accepted);
  CHECK(bench.answer(9).accepted == 0);  // the other port has room of its own
  CHECK(bench.memory.port_stats(0).peak == 2);
  CHECK(bench.memory.port_stats(0).withheld > 0);
  CHECK(bench.memory.port_stats(1).withheld == 0);
}

TEST_CASE(
    "reads beyond the capacity, of another die and accumulating writes are faults, answered with an error") {
  Bench bench("bench", RunMode::timing);
  const std::uint64_t end = MemoryParams{}.capacity_bytes;
  bench.read(0, 0, Train::block(at_offset(end - 64), 64), 1);
  bench.read(0, 0, Train::block(at_offset(end - 63), 64), 2);
  bench.read(0, 0, Train{at_offset(0), 64, 3, end / 2, 0}, 3);
  bench.read(0, 1, Train::block(Address::make(NodeId{1}, AddressUnit::memory, 0), 64), 4);
  bench.read(0, 1, Train::block(Address::make(kHere, AddressUnit::sram, 0), 64), 5);
  bench.issue(0, 0, tlm::TLM_WRITE_COMMAND, Train::block(at_offset(0), 64), 6, {}, true);
  bench.simulate();
  CHECK(bench.answer(1).status == tlm::TLM_OK_RESPONSE);
  for (const unsigned i : {2u, 3u, 4u, 5u}) CHECK(bench.answer(i).status == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(bench.answer(6).status == tlm::TLM_COMMAND_ERROR_RESPONSE);
  REQUIRE(bench.faults.all.size() == 5);
  CHECK(bench.faults.all[0].node == kHere);
  CHECK(bench.faults.all[0].unit == UnitId::memory);
}

TEST_CASE("functional reads are packed in train order, stores stick, debug sees both at once") {
  Bench bench("bench", RunMode::functional);
  bench.read(0, 0, Train{at_offset(1000), 100, 3, 5000, 0}, 1);
  bench.issue(kMicrosecond, 1, tlm::TLM_WRITE_COMMAND, Train{at_offset(6000), 2, 2, 4096, 0}, 2,
              {11, 12, 13, 14});
  bench.read(2 * kMicrosecond, 0, Train::block(at_offset(5999), 4), 3);
  bench.simulate();
  const auto& bytes = bench.answer(1).bytes;
  REQUIRE(bytes.size() == 300);
  for (unsigned i = 0; i < 300; ++i) REQUIRE(bytes[i] == Pattern::at(1000 + i / 100 * 5000 + i % 100));
  const std::vector<std::uint8_t> overlaid{Pattern::at(5999), 11, 12, Pattern::at(6002)};
  CHECK(bench.answer(3).bytes == overlaid);
  CHECK(debug_read(bench, 5999, 4) == overlaid);
  CHECK(debug_read(bench, 6000 + 4096, 2) == std::vector<std::uint8_t>{13, 14});
}

TEST_CASE("an injector may change what a read returns, not what memory holds") {
  Bench bench("bench", RunMode::functional);
  FlipFirst flip;
  bench.ctx.injector = &flip;
  bench.read(0, 0, Train::block(at_offset(512), 8), 1);
  bench.simulate();
  CHECK(bench.answer(1).bytes[0] == (Pattern::at(512) ^ 1));
  CHECK(bench.answer(1).bytes[1] == Pattern::at(513));
  CHECK(debug_read(bench, 512, 1)[0] == Pattern::at(512));
}

TEST_CASE("a corrected word delays its response by the cycles of the correction, in both modes alike") {
  MemoryParams with_ecc;
  with_ecc.controller.ecc = MemoryEcc::sec_ded;
  with_ecc.controller.ecc_correct_cycles = 7;
  Bench plain("plain", RunMode::functional), clean("clean", RunMode::functional, with_ecc);
  Bench single_t("single_t", RunMode::timing, with_ecc), single_f("single_f", RunMode::functional, with_ecc);
  Bench twice_t("twice_t", RunMode::timing, with_ecc), twice_f("twice_f", RunMode::functional, with_ecc);
  FlipFirst one, two;
  two.bits = 2;
  single_t.ctx.injector = single_f.ctx.injector = &one;
  twice_t.ctx.injector = twice_f.ctx.injector = &two;
  for (Bench* bench : {&plain, &clean, &single_t, &single_f, &twice_t, &twice_f})
    bench->read(0, 0, Train::block(at_offset(512), 64), 1);
  plain.simulate();
  const Tick unhurt = plain.answer(1).responded;
  CHECK(clean.answer(1).responded == unhurt);
  for (const Bench* bench : {&single_t, &single_f}) {
    const Answer& answer = bench->answer(1);
    CHECK(answer.responded == unhurt + 7 * kCk);
    CHECK(memory_test::sum(answer.causes) == answer.responded - answer.offered);
    CHECK(answer.status == tlm::TLM_OK_RESPONSE);
    CHECK_FALSE(answer.poisoned);
    CHECK(bench->memory.errors().corrected_words == 1);
    CHECK(bench->memory.errors().uncorrectable_words == 0);
  }
  CHECK(single_f.answer(1).bytes[0] == Pattern::at(512));
  for (const Bench* bench : {&twice_t, &twice_f}) {
    CHECK(bench->answer(1).responded == unhurt);
    CHECK(bench->answer(1).status == tlm::TLM_GENERIC_ERROR_RESPONSE);
    CHECK(bench->answer(1).poisoned);
    CHECK(bench->memory.errors().corrected_words == 0);
    CHECK(bench->memory.errors().uncorrectable_words == 1);
  }
}

TEST_CASE("debug access works in timing mode, takes no time and respects the capacity") {
  Bench bench("bench", RunMode::timing);
  std::uint8_t data[4] = {1, 2, 3, 4};
  tlm::tlm_generic_payload payload;
  payload.set_command(tlm::TLM_WRITE_COMMAND);
  payload.set_address(at_offset(100));
  payload.set_data_ptr(data);
  payload.set_data_length(4);
  bench.simulate();
  CHECK(bench.fabric.socket->transport_dbg(payload) == 4);
  CHECK(debug_read(bench, 100, 5) == std::vector<std::uint8_t>{1, 2, 3, 4, Pattern::at(104)});
  payload.set_address(at_offset(MemoryParams{}.capacity_bytes - 3));
  CHECK(bench.fabric.socket->transport_dbg(payload) == 3);
  CHECK(bench.wheel.now() == 0);
}

namespace {

// What two runs are compared by. The process has only one simulation: the expected value is a digest.
std::uint64_t digest(const Bench& bench) {
  std::uint64_t hash = 14695981039346656037ull;
  std::vector<Answer> sorted = bench.answers;
  std::sort(sorted.begin(), sorted.end(),
            [](const Answer& a, const Answer& b) { return a.cookie < b.cookie; });
  for (const Answer& a : sorted) {
    for (const std::uint64_t x : {a.cookie, a.accepted, a.responded}) hash = (hash ^ x) * 1099511628211ull;
  }
  return hash;
}

// The same in every mode and order; a deliberate change of timing changes it.
constexpr std::uint64_t kRandomTraffic = 0x46544e96a39abf45;

void check_random_traffic(RunMode mode, bool swapped) {
  Bench bench("bench", mode, {}, swapped);
  random_traffic(bench, 2000);
  bench.simulate();
  for (unsigned c = 0; c < bench.memory.channels(); ++c) {
    CHECK(bench.memory.channel(c).trains() == 0);
    CHECK(bench.memory.stats(c).refreshes > 10);
  }
  std::vector<std::string> waits;
  bench.memory.report_waits(waits);
  CHECK(waits.empty());
  CHECK(digest(bench) == kRandomTraffic);
}

}  // namespace

TEST_CASE("random traffic of two ports drains, and every cause sum is exact") {
  check_random_traffic(RunMode::timing, false);
}
TEST_CASE("functional mode takes the same time as timing mode") {
  check_random_traffic(RunMode::functional, false);
}
TEST_CASE("the order in which ports are bound does not matter") {
  check_random_traffic(RunMode::timing, true);
}

TEST_CASE("the hang report names what waits") {
  MemoryParams params;
  params.controller.port_requests = 1;
  Bench bench("bench", RunMode::timing, params);
  bench.read(0, 0, Train::block(at_offset(0), 4096), 1);
  bench.read(0, 0, Train::block(at_offset(4096), 4096), 2);
  sc_core::sc_start(to_sc_time(20 * kNanosecond));
  std::vector<std::string> waits;
  bench.memory.report_waits(waits);
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].find("bench.memory.dma_in: 1 of 1 transactions") != std::string::npos);
  CHECK(waits[1].find("withheld since") != std::string::npos);
}
