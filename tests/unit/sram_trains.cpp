// SPDX-License-Identifier: Apache-2.0
// Packets that follow each other without a gap are one access for the SRAM, announced with the first: nothing
// is served at another time than if every packet came by itself, neither of them nor of the DMA beside them.
#include <random>
#include <vector>

#include "tests/catch.h"
#include "tests/support/engine_bench.h"
#include "tests/unit/d2d_harness.h"

using namespace moesaic;

namespace {

constexpr std::uint32_t kPacket = 256;

struct Batch {
  Tick at;
  std::uint32_t packets;
  Tick period;
  std::uint64_t offset;
  bool accumulate;
};
struct DmaAccess {
  Tick at;
  Train train;
  bool write;
};

Train in_sram(std::uint64_t offset, std::uint32_t size, std::uint32_t count, Tick period) {
  return {Address::make(NodeId(0), AddressUnit::sram, offset), size, count, size, period};
}

/// An SRAM of its own, its traffic, and what came of it.
struct Side {
  SramBench bench;
  d2d_test::Script script;
  Side(const SramParams& params, const std::string& suffix)
      : bench(RunMode::timing, params, suffix), script(bench.wheel) {}

  void schedule(const std::vector<Batch>& batches, const std::vector<DmaAccess>& accesses, bool as_trains) {
    for (const Batch& b : batches) {
      const std::uint32_t each = as_trains ? b.packets : 1;
      for (std::uint32_t i = 0; i < b.packets; i += each) {
        const Train train = in_sram(b.offset + i * kPacket, kPacket, each, b.period);
        script.at(b.at + i * b.period, component_id(NodeId(0), UnitId::network_interface),
                  [this, train, b] { bench.fabric.write(train, {}, b.accumulate, NodeId(1)); });
      }
    }
    for (const DmaAccess& a : accesses) {
      script.at(a.at, component_id(NodeId(0), UnitId::dma),
                [this, a] { a.write ? bench.dma.write(a.train) : bench.dma.read(a.train); });
    }
  }
};

}  // namespace

TEST_CASE("packets of a train are served as packets by themselves, and so is what they meet", "[sram]") {
  SramParams params;
  params.port_bytes_per_cycle = 256;
  params.banks = 32;
  std::mt19937 random(11);
  std::vector<Batch> batches;
  std::vector<DmaAccess> accesses;
  Tick at = 0;
  for (unsigned i = 0; i < 400; ++i) {
    Batch b;
    b.at = at;
    b.packets = 1 + random() % 12;
    b.period = (1000 + random() % 1500) * kPicosecond;
    b.offset = (random() % 2000) * kPacket;
    b.accumulate = false;
    batches.push_back(b);
    at += b.packets * b.period + random() % (6 * kNanosecond);
  }
  for (Tick t = 0; t < at; t += random() % (90 * kNanosecond)) {
    const std::uint32_t count = 1 + random() % 20;
    accesses.push_back(
        {t, in_sram((random() % 1000) * 64, 64 + 64 * (random() % 8), count, 0), random() % 2 == 0});
  }
  Side trains(params, "_a"), packets(params, "_b");
  elaborate();
  // Reads find what was written.
  for (Side* side : {&trains, &packets}) {
    REQUIRE_FALSE(side->bench.sram.slots().allocate(0, 0, 1 << 20, kAnyNode));
    side->bench.dma.write(in_sram(0, 1 << 19, 2, 0));
  }
  run_out();
  const Tick start = std::max(trains.bench.wheel.now(), packets.bench.wheel.now()) + kMicrosecond;
  for (Batch& b : batches) b.at += start;
  for (DmaAccess& a : accesses) a.at += start;
  trains.schedule(batches, accesses, true);
  packets.schedule(batches, accesses, false);
  run_out();
  REQUIRE(packets.bench.sram.stats().withheld == 0);
  REQUIRE(trains.bench.fabric.answers.size() == batches.size());
  std::size_t single = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    single += batches[i].packets;
    REQUIRE(trains.bench.fabric.answers[i].at == packets.bench.fabric.answers[single - 1].at);
  }
  REQUIRE(packets.bench.fabric.answers.size() == single);
  REQUIRE(trains.bench.dma.answers.size() == packets.bench.dma.answers.size());
  for (std::size_t i = 0; i < trains.bench.dma.answers.size(); ++i)
    REQUIRE(trains.bench.dma.answers[i].at == packets.bench.dma.answers[i].at);
  // They did meet.
  CHECK(trains.bench.sram.stats().ports[1].conflict_cycles > 100);
  CHECK(trains.bench.sram.stats().ports[1].conflict_cycles ==
        packets.bench.sram.stats().ports[1].conflict_cycles);
  CHECK(trains.bench.sram.stats().ports[2].conflict_cycles ==
        packets.bench.sram.stats().ports[2].conflict_cycles);
}
