// SPDX-License-Identifier: Apache-2.0
// The SRAM module over real sockets. Each test is one simulation.
#include "tests/catch.h"
#include "tests/support/engine_bench.h"

using namespace moesaic;

namespace {

Train at(std::uint64_t offset, std::uint32_t bytes) {
  return Train::block(Address::make(NodeId(0), AddressUnit::sram, offset), bytes);
}
std::vector<std::uint8_t> ramp(std::size_t n) {
  std::vector<std::uint8_t> data(n);
  for (std::size_t i = 0; i < n; ++i) data[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return data;
}

}  // namespace

TEST_CASE("bytes written by DMA and fabric are read back, packed in train order", "[sram]") {
  SramBench b(RunMode::functional);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 4096, 8192, NodeId(1)));
  const auto data = ramp(300);
  Train rows = at(5000, 100);
  rows.count = 3;
  rows.stride = 1000;
  b.dma.write(rows, data);
  run_out();
  b.fabric.write(at(4096, 4), {9, 0, 0, 0}, false, NodeId(1));
  run_out();
  b.fabric.write(at(4096, 4), {250, 255, 255, 255}, true, NodeId(1));  // -6
  run_out();
  b.dma.read(rows);
  b.fabric.read(at(4096, 4));
  b.fabric.read(at(6000, 100));
  run_out();
  REQUIRE(b.faults.faults.empty());
  CHECK(b.dma.answers.at(1).data == data);
  CHECK(b.fabric.answers.at(2).data == std::vector<std::uint8_t>{3, 0, 0, 0});
  CHECK(b.fabric.answers.at(3).data == std::vector<std::uint8_t>(data.begin() + 100, data.begin() + 200));
  CHECK(b.core.peek(7000, 100) == std::vector<std::uint8_t>(data.begin() + 200, data.end()));
  CHECK(b.sram.stats().ports[1].bytes_written == 300);
  CHECK(b.sram.stats().ports[2].bytes_accumulated == 4);
  CHECK(b.sram.stats().bytes_read() == 404);
  CHECK(b.pool.live() == 0);
}

TEST_CASE("writes outside a slot, without a grant, or beyond the SRAM are refused and leave no byte",
          "[sram]") {
  SramBench b(RunMode::functional);
  elaborate();
  const std::uint64_t size = SramParams{}.size_bytes;
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, 100, NodeId(1)));
  b.dma.write(at(90, 11), ramp(11));                    // over the end of the slot
  b.fabric.write(at(0, 4), ramp(4), false, NodeId(2));  // not granted
  b.fabric.write(at(0, 6), ramp(6), true, NodeId(1));   // not whole int32
  b.dma.read(at(size - 1, 2));                          // beyond the SRAM
  std::uint8_t last = 5;
  b.core.access(tlm::TLM_WRITE_COMMAND, size - 1, &last, 1);
  b.dma.read(at(size - 1, 1));  // the last byte
  run_out();
  REQUIRE(b.faults.faults.size() == 4);
  for (const Fault& fault : b.faults.faults) CHECK(fault.unit == UnitId::sram);
  CHECK(b.core.peek(0, 101) == std::vector<std::uint8_t>(101, 0));
  CHECK_FALSE(b.dma.answers.at(0).ok);
  CHECK_FALSE(b.dma.answers.at(1).ok);
  CHECK(b.dma.answers.at(2).ok);
  CHECK(b.sram.stats().misuses == 4);
}

TEST_CASE("a slot released while a write is on its way refuses it", "[sram]") {
  SramBench b(RunMode::timing);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, 65536, kNoNode));
  b.dma.write(at(0, 65536));  // 128 cycles
  sc_core::sc_start(sc_core::sc_time(10, sc_core::SC_NS));
  REQUIRE_FALSE(b.sram.slots().release(0));
  run_out();
  REQUIRE(b.faults.faults.size() == 1);
  CHECK(b.faults.faults[0].what.find("no allocated slot") != std::string::npos);
}

TEST_CASE("a token list must have been written by a control core, in timing mode too", "[sram]") {
  SramBench b(RunMode::timing);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, 1000, kNoNode));
  auto list = ramp(24);
  b.core.access(tlm::TLM_WRITE_COMMAND, 100, list.data(), 12);
  b.core.access(tlm::TLM_WRITE_COMMAND, 112, list.data() + 12, 12);
  b.dma.read(at(100, 24), true);
  run_out();
  CHECK(b.faults.faults.empty());
  CHECK(b.core.peek(100, 24) == list);
  b.dma.read(at(100, 25), true);  // one byte more
  run_out();
  CHECK(b.faults.faults.size() == 1);
  b.dma.write(at(111, 1));  // the data plane overwrites one byte
  run_out();
  b.dma.read(at(100, 24), true);
  run_out();
  CHECK(b.faults.faults.size() == 2);
  CHECK_FALSE(b.dma.answers.back().ok);
}

TEST_CASE("a port accepts as many requests as its queue holds, and the waiting time is in the causes",
          "[sram]") {
  SramParams p;
  p.port_queue_depth = 2;
  SramBench b(RunMode::timing, p);
  elaborate();
  for (int i = 0; i < 4; ++i) b.dma.read(at(0, 5120));  // ten cycles each
  CHECK(b.dma.accepted_at.size() == 2);
  run_out();
  const Clock clock = Clock::from_hz(p.hz);
  // Cycles 0-9 and 10-19; the third is accepted with the first response at cycle 9 + 2.
  REQUIRE(b.dma.answers.size() == 4);
  CHECK(b.dma.answers[0].at == clock.edge(11));
  CHECK(b.dma.answers[1].at == clock.edge(21));
  CHECK(b.dma.accepted_at[2] == clock.edge(11));
  CHECK(b.dma.answers[2].at == clock.edge(31));
  // The third was offered at 0, the fourth when the third was accepted.
  CHECK(b.dma.answers[2].causes[static_cast<std::size_t>(Cause::sram)] == clock.edge(31));
  CHECK(b.dma.answers[3].causes[static_cast<std::size_t>(Cause::sram)] ==
        b.dma.answers[3].at - b.dma.accepted_at[2]);
  CHECK(b.sram.stats().withheld == 2);
  std::vector<std::string> waits;
  b.sram.report_waits(waits);
  CHECK(waits.empty());
}

TEST_CASE("a control core's access costs the latency and a cycle per further bank word", "[sram]") {
  SramBench b(RunMode::timing);
  elaborate();
  const Clock clock = Clock::from_hz(SramParams{}.hz);
  auto data = ramp(64);
  CHECK(b.core.access(tlm::TLM_WRITE_COMMAND, 0, data.data(), 16) == clock.edge(1));
  CHECK(b.core.access(tlm::TLM_READ_COMMAND, 0, data.data(), 16) == clock.edge(2));
  CHECK(b.core.access(tlm::TLM_READ_COMMAND, 0, data.data(), 64) == clock.edge(5));
  CHECK(b.core.ok);
  b.core.access(tlm::TLM_READ_COMMAND, SramParams{}.size_bytes, data.data(), 1);
  CHECK_FALSE(b.core.ok);
  CHECK(b.faults.faults.size() == 1);
}

TEST_CASE("an injector sees every data-plane write before it is stored", "[sram]") {
  struct Flip : Injector {
    void pass(InjectionPoint point, NodeId, std::uint8_t* data, std::uint64_t) override {
      if (point == InjectionPoint::sram_write) data[3] ^= 0x10;
    }
    WordErrors memory_read(NodeId, std::uint8_t*, std::uint64_t) override { return {}; }
    void load(NodeId, std::uint64_t&) override {}
  } flip;
  SramBench b(RunMode::functional);
  b.context.injector = &flip;
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, 1000, kNoNode));
  b.dma.write(at(0, 8), std::vector<std::uint8_t>(8, 0));
  run_out();
  CHECK(b.core.peek(0, 8) == std::vector<std::uint8_t>{0, 0, 0, 0x10, 0, 0, 0, 0});
}

TEST_CASE("what is read must have been written, by whomever, since its slot was allocated", "[sram]") {
  SramBench b(RunMode::timing);
  elaborate();
  const auto faults_after = [&](auto access) {
    access();
    run_out();
    return b.faults.faults.size();
  };
  REQUIRE_FALSE(b.sram.slots().allocate(0, 4096, 4096, kAnyNode));
  std::uint8_t word[4] = {};
  CHECK(faults_after([&] { b.dma.read(at(4096, 1)); }) == 1);
  CHECK(b.faults.faults.back().what.find("bytes 4096 to 4096 are read") != std::string::npos);
  CHECK(faults_after([&] { b.dma.write(at(4096, 100)); }) == 1);
  CHECK(faults_after([&] { b.dma.read(at(4096, 100)); }) == 1);
  CHECK(faults_after([&] { b.dma.read(at(4096, 101)); }) == 2);  // one byte more
  CHECK(faults_after([&] { b.fabric.write(at(4196, 100)); }) == 2);
  CHECK(faults_after([&] { b.dma.read(at(4096, 200)); }) == 2);  // DMA and fabric together
  b.core.access(tlm::TLM_WRITE_COMMAND, 4296, word, 4);
  CHECK(faults_after([&] { b.dma.read(at(4096, 204)); }) == 2);
  CHECK(faults_after([&] { b.dma.write(at(4100, 4), {}, true); }) == 2);
  CHECK(faults_after([&] { b.dma.write(at(4300, 4), {}, true); }) == 3);  // a sum needs something to add to
  CHECK(b.faults.faults.back().what.find("bytes 4300 to 4303 are added to") != std::string::npos);
  // Rows between which nothing was written.
  Train rows = at(5000, 10);
  rows.count = 3;
  rows.stride = 50;
  CHECK(faults_after([&] { b.dma.write(rows); }) == 3);
  CHECK(faults_after([&] { b.dma.read(rows); }) == 3);
  CHECK(faults_after([&] { b.dma.read(at(5000, 110)); }) == 4);
  // A released slot holds nothing, and a new one neither.
  REQUIRE_FALSE(b.sram.slots().release(0));
  CHECK(faults_after([&] { b.dma.read(at(4096, 4)); }) == 5);
  REQUIRE_FALSE(b.sram.slots().allocate(1, 4096, 64, kNoNode));
  CHECK(faults_after([&] { b.dma.read(at(4096, 4)); }) == 6);
}

TEST_CASE("a refused write leaves nothing to read", "[sram]") {
  SramBench b(RunMode::timing);
  elaborate();
  b.dma.write(at(0, 16));  // no slot
  run_out();
  b.dma.read(at(0, 16));
  run_out();
  CHECK(b.faults.faults.size() == 2);
}

TEST_CASE("poisoned bytes stay so until they are overwritten, and every reader hears of it") {
  SramBench b(RunMode::timing);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, 4096, kNoNode));
  const auto at = [](std::uint64_t offset) { return Address::make(NodeId(0), AddressUnit::sram, offset); };
  b.dma.write(Train::block(at(0), 1024), {}, false, NodeId(0), true);
  run_out();
  b.dma.write(Train::block(at(256), 256));           // clean over poisoned
  b.dma.write(Train::block(at(512), 64), {}, true);  // adding does not clean
  run_out();
  const auto poisoned = [&](std::uint64_t offset, std::uint64_t bytes) {
    b.dma.read(Train::block(at(offset), bytes));
    run_out();
    return b.dma.answers.back().poisoned;
  };
  CHECK(poisoned(0, 256));
  CHECK_FALSE(poisoned(256, 256));
  CHECK(poisoned(255, 2));
  CHECK(poisoned(511, 2));
  CHECK(poisoned(512, 64));
  CHECK(poisoned(1023, 1));
}
