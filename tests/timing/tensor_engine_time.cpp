// SPDX-License-Identifier: Apache-2.0
// When commands of the engine end, over real sockets with the SRAM. Each test is one simulation.
#include "hw/tensor_engine/engine_timing.h"
#include "hw/tensor_engine/numerics.h"
#include "tests/catch.h"
#include "tests/support/engine_bench.h"

using namespace moesaic;

namespace {

constexpr std::uint32_t kHidden = 2048;
constexpr std::uint32_t kWidth = 48;
// Aligned to the width of a port: an access that straddles two beats takes two cycles.
constexpr std::uint32_t kY = 1200 * 512;
constexpr std::uint32_t kList = 6445 * 512;

FfnSlice slice(std::uint32_t tokens) {
  FfnSlice s;
  s.x = 0;
  s.y = kY;
  s.gate_weights = 5500 * 512;
  s.up_weights = s.gate_weights + kHidden * kWidth;
  s.down_weights = s.up_weights + kHidden * kWidth;
  s.list = kList;
  s.list_count = tokens;
  s.hidden = kHidden;
  s.f_count = kWidth;
  s.activation = static_cast<std::uint8_t>(Activation::silu);
  s.shift_pre = recommended_shift_pre(kHidden);
  s.shift_post = kRecommendedShiftPost;
  s.accumulate = true;
  return s;
}

std::vector<ListEntry> list(std::uint32_t tokens, std::uint16_t spread = 1) {
  std::vector<ListEntry> entries;
  for (std::uint16_t i = 0; i < tokens; ++i) {
    entries.push_back(
        {i, static_cast<std::uint16_t>(i * spread), static_cast<std::uint16_t>(i * spread), kGateOne, 0});
  }
  return entries;
}

void prepare(EngineBench& b, std::uint32_t tokens, std::uint16_t spread = 1) {
  REQUIRE_FALSE(b.sram.slots().allocate(0, kY, 2'200'000, kNoNode));
  b.sram.slots().wrote(0, b.sram.slots().size_bytes());  // operands that loads would have brought
  b.write_list(kList, list(tokens, spread));
}

// Set-up, list (one beat, read latency 2) and the closed forms.
std::uint64_t closed_form(const TensorEngineParams& p, std::uint32_t tokens) {
  const std::uint64_t list_cycles = (tokens * 12 + 511) / 512 + 1;
  const std::uint64_t vector = (std::uint64_t{tokens} * kWidth + p.vector_lanes - 1) / p.vector_lanes;
  return p.setup_cycles + list_cycles + 2 * gemm_time(p, {tokens, kHidden, kWidth}).cycles() + vector +
         gemm_time(p, {tokens, kWidth, kHidden}).cycles();
}

void require_exact_attribution(const EngineBench& b) {
  const auto& last = b.ended.back();
  const auto path = b.log.critical_path(last.activity, last.at);
  const CauseTimes times = CausalLog::sum(path);
  Tick sum = 0;
  for (const Tick t : times) sum += t;
  CHECK(sum == last.at);
  const TensorEngineStats& s = b.engine.stats();
  CHECK(times[static_cast<std::size_t>(Cause::engine_compute)] == s.compute);
  CHECK(times[static_cast<std::size_t>(Cause::engine_fill)] == s.fill);
  CHECK(times[static_cast<std::size_t>(Cause::engine_vector)] == s.vector);
  CHECK(times[static_cast<std::size_t>(Cause::sram)] == s.sram_stall);
  CHECK(s.busy == s.setup + s.compute + s.fill + s.vector + s.sram_stall);
}

}  // namespace

TEST_CASE("a slice takes the closed forms when SRAM keeps up, to the cycle", "[tensor_engine]") {
  const std::vector<std::uint32_t> sizes{1, 2, 7, 32, 33, 64, 256};
  std::vector<std::unique_ptr<EngineBench>> benches;
  for (const std::uint32_t n : sizes) {
    benches.push_back(std::make_unique<EngineBench>(RunMode::timing, TensorEngineParams{}, SramParams{},
                                                    "_" + std::to_string(n)));
  }
  elaborate();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    prepare(*benches[i], sizes[i]);
    benches[i]->enqueue(CommandKind::ffn, slice(sizes[i]));
    benches[i]->issue_next();
  }
  run_out();
  const Clock clock = Clock::from_hz(TensorEngineParams{}.hz);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    INFO(sizes[i] << " tokens");
    REQUIRE(benches[i]->ended.size() == 1);
    CHECK(benches[i]->ended[0].status == CommandStatus::ok);
    CHECK(clock.cycle_at_or_after(benches[i]->ended[0].at) == closed_form(TensorEngineParams{}, sizes[i]));
    require_exact_attribution(*benches[i]);
  }
}

TEST_CASE("every dataflow takes its closed forms when SRAM keeps up", "[tensor_engine]") {
  std::vector<TensorEngineParams> variants;
  for (unsigned dataflow = 0; dataflow < 4; ++dataflow) {
    for (const bool doubled : {false, true}) {
      TensorEngineParams p;
      p.dataflow = static_cast<Dataflow>(dataflow);
      p.double_buffered_weights = doubled;
      variants.push_back(p);
    }
  }
  std::vector<std::unique_ptr<EngineBench>> benches;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    benches.push_back(
        std::make_unique<EngineBench>(RunMode::timing, variants[i], SramParams{}, "_" + std::to_string(i)));
  }
  elaborate();
  for (auto& b : benches) {
    prepare(*b, 64);
    b->enqueue(CommandKind::ffn, slice(64));
    b->issue_next();
  }
  run_out();
  const Clock clock = Clock::from_hz(TensorEngineParams{}.hz);
  for (std::size_t i = 0; i < variants.size(); ++i) {
    INFO("variant " << i);
    CHECK(clock.cycle_at_or_after(benches[i]->ended.at(0).at) == closed_form(variants[i], 64));
    require_exact_attribution(*benches[i]);
  }
}

TEST_CASE("time does not depend on the run mode", "[tensor_engine]") {
  SramParams narrow;
  narrow.port_bytes_per_cycle = 64;  // so that SRAM matters
  narrow.banks = 8;
  EngineBench timing(RunMode::timing, {}, narrow, "_t");
  EngineBench functional(RunMode::functional, {}, narrow, "_f");
  elaborate();
  for (EngineBench* b : {&timing, &functional}) {
    prepare(*b, 20, 3);
    b->enqueue(CommandKind::ffn, slice(20));
    FfnSlice odd = slice(13);
    odd.hidden = 333;
    odd.f_count = 17;
    odd.accumulate = false;
    b->enqueue(CommandKind::ffn, odd);
    b->enqueue(CommandKind::gemm, Gemm{0, 100'000, kY, 9, 300, 500, true});
    b->enqueue(CommandKind::attention, AttentionStep{0, 100'000, 200'000, 700'000, 5, 77, 64, 8});
    b->issue_next();
    for (int i = 0; i < 30; ++i) {
      b->dma.write(Train::block(Address::make(NodeId(0), AddressUnit::sram, 2'700'000), 4096));
    }
  }
  run_out();
  REQUIRE(timing.ended.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(timing.ended[i].status == CommandStatus::ok);
    CHECK(timing.ended[i].at == functional.ended.at(i).at);
  }
  CHECK(timing.faults.faults.empty());
  require_exact_attribution(timing);
}

TEST_CASE("a slow SRAM lengthens a command, and contention lengthens it further", "[tensor_engine]") {
  SramParams slow;
  slow.banks = 4;
  slow.bank_bytes_per_cycle = 16;
  slow.port_bytes_per_cycle = 64;
  EngineBench fast(RunMode::timing, {}, {}, "_fast");
  EngineBench alone(RunMode::timing, {}, slow, "_alone");
  EngineBench shared(RunMode::timing, {}, slow, "_shared");
  elaborate();
  for (EngineBench* b : {&fast, &alone, &shared}) {
    prepare(*b, 64);
    b->enqueue(CommandKind::ffn, slice(64));
    b->issue_next();
  }
  for (int i = 0; i < 40; ++i) {
    shared.dma.read(Train::block(Address::make(NodeId(0), AddressUnit::sram, 0), 65536));
  }
  run_out();
  const Clock clock = Clock::from_hz(slow.hz);
  const auto cycles = [&](const EngineBench& b) { return clock.cycle_at_or_after(b.ended.at(0).at); };
  CHECK(cycles(fast) == closed_form({}, 64));
  // Its stall is the list alone: two beats and the read latency.
  CHECK(fast.engine.stats().sram_stall == clock.edge(19) - clock.edge(16));
  // Bytes through a port of 64 B per cycle: x twice, three matrices, y at double cost.
  const std::uint64_t port = (2 * 64 * kHidden + 3 * kHidden * kWidth + 2 * 64 * kHidden * 4) / 64;
  CHECK(cycles(alone) > cycles(fast));
  CHECK(cycles(alone) >= port);
  // The accumulation dominates and is bound by the port: gate, up and vector keep their closed forms.
  const std::uint64_t down_at_least = (kHidden * kWidth + 2 * 64 * kHidden * 4) / 64;
  CHECK(cycles(alone) < closed_form({}, 64) + down_at_least);
  CHECK(cycles(shared) > cycles(alone) + 1000);
  CHECK(shared.sram.stats().ports[0].conflict_cycles > 0);
  require_exact_attribution(shared);
}

TEST_CASE("a command waits for the one before it, and a third is not taken", "[tensor_engine]") {
  EngineBench b(RunMode::timing);
  elaborate();
  prepare(b, 4);
  for (int i = 0; i < 3; ++i) b.enqueue(CommandKind::ffn, slice(4));
  b.issue_next();
  CHECK(b.waiting.size() == 1);
  CHECK_FALSE(b.engine.can_issue());
  std::vector<std::string> waits;
  b.engine.report_waits(waits);
  CHECK(waits.size() == 1);
  run_out();
  REQUIRE(b.ended.size() == 3);
  const Clock clock = Clock::from_hz(TensorEngineParams{}.hz);
  const std::uint64_t each = closed_form({}, 4);
  for (std::uint64_t i = 0; i < 3; ++i) CHECK(b.ended[i].at == clock.edge((i + 1) * each));
  // Each was caused by the one before it: the critical path has no gap.
  CHECK(b.log[b.ended[2].activity].cause == b.ended[1].activity);
  CHECK(b.log[b.ended[1].activity].cause == b.ended[0].activity);
  require_exact_attribution(b);
}

TEST_CASE("a command starts at the clock edge at or after its issue", "[tensor_engine]") {
  EngineBench b(RunMode::timing);
  elaborate();
  prepare(b, 1);
  const Clock clock = Clock::from_hz(TensorEngineParams{}.hz);
  sc_core::sc_start(to_sc_time(clock.edge(100) + 1));
  b.enqueue(CommandKind::ffn, slice(1));
  b.issue_next();
  run_out();
  CHECK(b.ended.at(0).at == clock.edge(101 + closed_form({}, 1)));
}
