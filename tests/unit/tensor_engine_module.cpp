// SPDX-License-Identifier: Apache-2.0
// Engine and SRAM over real sockets, functional mode: results against naive loops written here. Each test is
// one simulation.
#include <random>

#include "hw/tensor_engine/numerics.h"
#include "tests/catch.h"
#include "tests/support/engine_bench.h"

using namespace moesaic;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes random_bytes(std::mt19937& random, std::size_t n) {
  Bytes bytes(n);
  for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
  return bytes;
}
std::int8_t s8(const Bytes& bytes, std::size_t i) {
  return static_cast<std::int8_t>(bytes[i]);
}
std::int32_t s32(const Bytes& bytes, std::size_t i) {
  std::uint32_t v = 0;
  for (unsigned b = 0; b < 4; ++b) v |= std::uint32_t{bytes[4 * i + b]} << (8 * b);
  return static_cast<std::int32_t>(v);
}
void add(Bytes& bytes, std::size_t i, std::int32_t to_add) {
  const std::uint32_t v = static_cast<std::uint32_t>(s32(bytes, i)) + static_cast<std::uint32_t>(to_add);
  for (unsigned b = 0; b < 4; ++b) bytes[4 * i + b] = static_cast<std::uint8_t>(v >> (8 * b));
}

// Places operands one behind the other, at odd distances; the whole SRAM is one slot.
class Layout {
 public:
  explicit Layout(EngineBench& bench, std::uint32_t first = 1000) : bench_(bench), next_(first) {}
  std::uint32_t place(const Bytes& bytes) {
    const std::uint32_t at = next_;
    bench_.core.poke(at, bytes.data(), bytes.size());
    next_ += static_cast<std::uint32_t>(bytes.size()) + 13;
    return at;
  }

 private:
  EngineBench& bench_;
  std::uint32_t next_;
};

// One random FFN slice with its operands, and what y must be afterwards.
struct FfnCase {
  FfnSlice ffn;
  std::vector<ListEntry> list;
  Bytes y_expected;
};

FfnCase random_ffn(std::mt19937& random, EngineBench& bench) {
  FfnCase c;
  const std::uint32_t hidden = 1 + random() % 300, f = 1 + random() % 90;
  const std::uint32_t rows = 1 + random() % 12, entries = 1 + random() % rows;
  const bool has_up = random() % 4 != 0, bias = random() % 2 == 0;
  const Bytes x = random_bytes(random, rows * hidden), y = random_bytes(random, rows * hidden * 4);
  const Bytes wg = random_bytes(random, f * hidden), wu = random_bytes(random, f * hidden);
  const Bytes wd = random_bytes(random, f * hidden);
  const Bytes bg = random_bytes(random, f * 4), bu = random_bytes(random, f * 4);
  const Bytes bd = random_bytes(random, hidden * 4);
  std::vector<std::uint16_t> out_rows(rows);
  for (std::uint32_t i = 0; i < rows; ++i) out_rows[i] = static_cast<std::uint16_t>(i);
  if (random() % 2 == 0) std::shuffle(out_rows.begin(), out_rows.end(), random);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const auto in = static_cast<std::uint16_t>(random() % 3 == 0 ? random() % rows : i);
    c.list.push_back({1000 + i, in, out_rows[i], static_cast<std::uint16_t>(random() % 40000), 0});
  }
  Layout layout(bench);
  FfnSlice& s = c.ffn;
  s.x = layout.place(x);
  s.y = layout.place(y);
  s.gate_weights = layout.place(wg);
  s.up_weights = has_up ? layout.place(wu) : kNoOffset;
  s.down_weights = layout.place(wd);
  s.gate_bias = bias ? layout.place(bg) : kNoOffset;
  s.up_bias = bias && has_up ? layout.place(bu) : kNoOffset;
  s.down_bias = bias ? layout.place(bd) : kNoOffset;
  s.list = layout.place(Bytes(entries * 12));
  s.list_count = entries;
  s.hidden = hidden;
  s.f_count = f;
  s.activation = static_cast<std::uint8_t>(random() % 3);
  s.shift_pre = static_cast<std::uint8_t>(bias ? 26 : recommended_shift_pre(hidden));
  s.shift_post = kRecommendedShiftPost;
  s.accumulate = random() % 2 == 0;
  s.layer = 3;
  s.expert = 77;
  s.f_begin = 5;
  bench.write_list(s.list, c.list);
  // What must come out, by the definition.
  c.y_expected = y;
  for (const ListEntry& e : c.list) {
    if (!s.accumulate)
      std::fill_n(c.y_expected.begin() + e.out_row * hidden * 4, hidden * 4, std::uint8_t{0});
    for (std::uint32_t j = 0; j < f; ++j) {
      std::int32_t g = 0, u = 0;
      for (std::uint32_t i = 0; i < hidden; ++i) {
        g += s8(x, e.in_row * hidden + i) * s8(wg, j * hidden + i);
        u += s8(x, e.in_row * hidden + i) * s8(wu, j * hidden + i);
      }
      if (bias) {
        g = static_cast<std::int32_t>(static_cast<std::uint32_t>(g) + static_cast<std::uint32_t>(s32(bg, j)));
        u = static_cast<std::int32_t>(static_cast<std::uint32_t>(u) + static_cast<std::uint32_t>(s32(bu, j)));
      }
      std::int64_t act = requantise(g, s.shift_pre);
      if (s.activation == 1) act = std::max<std::int64_t>(act, 0);
      if (s.activation == 2) act = activate(Activation::silu, static_cast<std::int8_t>(act));
      const std::int64_t up = has_up ? requantise(u, s.shift_pre) : 1;
      const std::int8_t h = requantise(act * up * e.gate, s.shift_post);
      for (std::uint32_t i = 0; i < hidden; ++i)
        add(c.y_expected, e.out_row * hidden + i, h * s8(wd, j * hidden + i));
    }
    for (std::uint32_t i = 0; bias && i < hidden; ++i) add(c.y_expected, e.out_row * hidden + i, s32(bd, i));
  }
  return c;
}

}  // namespace

TEST_CASE("FFN slices of random shape equal naive loops, bit for bit", "[tensor_engine]") {
  EngineBench b(RunMode::functional);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, SramParams{}.size_bytes, kNoNode));
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const FfnCase c = random_ffn(random, b);
    b.enqueue(CommandKind::ffn, c.ffn);
    b.issue_next();
    run_out();
    INFO("seed " << seed);
    REQUIRE(b.faults.faults.empty());
    REQUIRE(b.ended.back().status == CommandStatus::ok);
    REQUIRE(b.core.peek(c.ffn.y, c.y_expected.size()) == c.y_expected);
    const RetiredSlice& slice = b.work.slices.back();
    CHECK(slice.layer == 3);
    CHECK(slice.expert == 77);
    CHECK(slice.f_begin == 5);
    CHECK(slice.f_count == c.ffn.f_count);
    REQUIRE(slice.tokens.size() == c.list.size());
    for (std::size_t i = 0; i < c.list.size(); ++i) CHECK(slice.tokens[i] == c.list[i].token);
  }
  CHECK(b.work.slices.size() == 60);
  CHECK(b.engine.stats().ffn_slices == 60);
  CHECK(b.pool.live() == 0);
}

TEST_CASE("an FFN cut into slices of F gives the same sums as one", "[tensor_engine]") {
  EngineBench b(RunMode::functional);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, SramParams{}.size_bytes, kNoNode));
  std::mt19937 random(7);
  FfnCase c = random_ffn(random, b);
  while (c.ffn.f_count < 20 || !c.ffn.accumulate || c.ffn.down_bias != kNoOffset) c = random_ffn(random, b);
  // Slices from the end to the beginning.
  for (std::uint32_t end = c.ffn.f_count; end > 0;) {
    const std::uint32_t n = std::min(end, 7u);
    FfnSlice part = c.ffn;
    part.f_count = n;
    const std::uint32_t skip = (end - n) * c.ffn.hidden;
    part.gate_weights += skip;
    if (part.up_weights != kNoOffset) part.up_weights += skip;
    part.down_weights += skip;
    b.enqueue(CommandKind::ffn, part);
    end -= n;
  }
  b.issue_next();
  run_out();
  REQUIRE(b.faults.faults.empty());
  CHECK(b.core.peek(c.ffn.y, c.y_expected.size()) == c.y_expected);
}

TEST_CASE("GEMM, attention and vector operations equal naive loops", "[tensor_engine]") {
  EngineBench b(RunMode::functional);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, SramParams{}.size_bytes, kNoNode));
  std::mt19937 random(9);
  for (int round = 0; round < 25; ++round) {
    Layout layout(b);
    // 1. GEMM.
    const std::uint32_t m = 1 + random() % 20, k = 1 + random() % 200, n = 1 + random() % 400;
    const Bytes x = random_bytes(random, m * k), w = random_bytes(random, n * k);
    const Bytes y = random_bytes(random, m * n * 4);
    Gemm gemm{layout.place(x), layout.place(w), layout.place(y), m, k, n, round % 2 == 0};
    Bytes y_expected = gemm.accumulate ? y : Bytes(y.size(), 0);
    for (std::uint32_t i = 0; i < m; ++i)
      for (std::uint32_t j = 0; j < n; ++j)
        for (std::uint32_t q = 0; q < k; ++q) add(y_expected, i * n + j, s8(x, i * k + q) * s8(w, j * k + q));
    b.enqueue(CommandKind::gemm, gemm);
    // 2. Attention: the kernel itself is tested elsewhere; here, that the right bytes reach it.
    const std::uint32_t queries = 1 + random() % 9, keys = 1 + random() % 60, d = 1 + random() % 64;
    const Bytes q_bytes = random_bytes(random, queries * d), k_bytes = random_bytes(random, keys * d);
    const Bytes v_bytes = random_bytes(random, keys * d);
    Bytes out_expected(queries * d);
    attention(reinterpret_cast<const std::int8_t*>(q_bytes.data()),
              reinterpret_cast<const std::int8_t*>(k_bytes.data()),
              reinterpret_cast<const std::int8_t*>(v_bytes.data()),
              reinterpret_cast<std::int8_t*>(out_expected.data()), queries, keys, d, 8);
    AttentionStep head{layout.place(q_bytes),
                       layout.place(k_bytes),
                       layout.place(v_bytes),
                       layout.place(Bytes(queries * d)),
                       queries,
                       keys,
                       d,
                       8};
    b.enqueue(CommandKind::attention, head);
    // 3. Add with and without a list, and fill.
    const std::uint32_t width = 1 + random() % 100, rows = 1 + random() % 10;
    const Bytes from = random_bytes(random, rows * width * 4), to = random_bytes(random, rows * width * 4);
    Vector sum;
    sum.op = VectorOp::add;
    sum.x = layout.place(from);
    sum.y = layout.place(to);
    sum.width = width;
    sum.rows = rows;
    Bytes sum_expected = to;
    std::vector<ListEntry> list;
    for (std::uint16_t i = 0; i < rows; ++i) {
      list.push_back({i, static_cast<std::uint16_t>(random() % rows),
                      static_cast<std::uint16_t>(random() % rows), kGateOne, 0});
      if (round % 2 == 1) list.back().in_row = list.back().out_row = i;
      for (std::uint32_t j = 0; j < width; ++j) {
        add(sum_expected, list.back().out_row * width + j, s32(from, list.back().in_row * width + j));
      }
    }
    if (round % 2 == 0) {
      sum.list = layout.place(Bytes(rows * 12));
      b.write_list(sum.list, list);
    }
    b.enqueue(CommandKind::vector, sum);
    Vector fill;
    fill.y = layout.place(from);
    fill.width = width;
    fill.rows = rows;
    fill.value = -123456;
    Bytes fill_expected(rows * width * 4, 0);
    for (std::uint32_t i = 0; i < rows * width; ++i) add(fill_expected, i, fill.value);
    b.enqueue(CommandKind::vector, fill);
    b.issue_next();
    run_out();
    INFO("round " << round);
    REQUIRE(b.faults.faults.empty());
    REQUIRE(b.core.peek(gemm.y, y_expected.size()) == y_expected);
    REQUIRE(b.core.peek(head.out, out_expected.size()) == out_expected);
    REQUIRE(b.core.peek(sum.y, sum_expected.size()) == sum_expected);
    REQUIRE(b.core.peek(fill.y, fill_expected.size()) == fill_expected);
  }
  CHECK(b.engine.stats().gemms == 25);
  CHECK(b.engine.stats().attentions == 25);
  CHECK(b.engine.stats().vectors == 50);
}

TEST_CASE("sums that arrive over the fabric while the engine accumulates are not lost", "[tensor_engine]") {
  EngineBench b(RunMode::functional);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, SramParams{}.size_bytes, kAnyNode));
  std::mt19937 random(11);
  FfnCase c = random_ffn(random, b);
  while (!c.ffn.accumulate) c = random_ffn(random, b);
  const std::size_t elements = c.y_expected.size() / 4;
  for (std::size_t i = 0; i < elements; ++i) add(c.y_expected, i, 10 * 5);
  const Bytes five = [] {
    Bytes bytes;
    for (int i = 0; i < 1'000'000; ++i) bytes.insert(bytes.end(), {5, 0, 0, 0});
    return bytes;
  }();
  b.enqueue(CommandKind::ffn, c.ffn);
  b.issue_next();
  for (int i = 0; i < 10; ++i) {
    const auto bytes = static_cast<std::uint32_t>(c.y_expected.size());
    b.fabric.write(Train::block(Address::make(NodeId(0), AddressUnit::sram, c.ffn.y), bytes),
                   Bytes(five.begin(), five.begin() + bytes), true, NodeId(1));
    sc_core::sc_start(sc_core::sc_time(300, sc_core::SC_NS));
  }
  REQUIRE(b.faults.faults.empty());
  CHECK(b.core.peek(c.ffn.y, c.y_expected.size()) == c.y_expected);
}

TEST_CASE("the engine computes from what SRAM holds: one flipped byte of any operand changes y",
          "[tensor_engine]") {
  EngineBench b(RunMode::functional);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 0, SramParams{}.size_bytes, kNoNode));
  std::mt19937 random(13);
  FfnCase c = random_ffn(random, b);
  while (c.ffn.accumulate || c.ffn.up_weights == kNoOffset || c.ffn.down_bias != kNoOffset ||
         c.ffn.activation != 0 || c.ffn.hidden < 100 || c.ffn.f_count < 30) {
    c = random_ffn(random, b);
  }
  c.ffn.shift_pre = recommended_shift_pre(c.ffn.hidden);
  c.ffn.shift_post = 14;  // so that a small change of one factor is not rounded away
  const auto run = [&] {
    b.enqueue(CommandKind::ffn, c.ffn);
    b.issue_next();
    run_out();
    return b.core.peek(c.ffn.y, c.y_expected.size());
  };
  const Bytes good = run();
  for (const std::uint32_t operand : {c.ffn.x + c.list[0].in_row * c.ffn.hidden, c.ffn.gate_weights,
                                      c.ffn.up_weights, c.ffn.down_weights}) {
    int changed = 0;
    for (std::uint32_t i = 0; i < 16; ++i) {
      const Bytes byte = b.core.peek(operand + i, 1);
      const Bytes flipped{static_cast<std::uint8_t>(byte[0] ^ 0x40)};
      b.core.poke(operand + i, flipped.data(), 1);
      changed += run() != good;
      b.core.poke(operand + i, byte.data(), 1);
    }
    CHECK(changed > 8);  // saturation may hide some
  }
  CHECK(run() == good);
}

TEST_CASE("misuse ends the command with a status and one fault, and the engine goes on", "[tensor_engine]") {
  EngineBench b(RunMode::timing);
  elaborate();
  REQUIRE_FALSE(b.sram.slots().allocate(0, 100'000, 1'000'000, kNoNode));
  b.sram.slots().wrote(0, 500'000);
  FfnSlice good;
  good.x = 0;
  good.y = 100'000;
  good.gate_weights = 200'000;
  good.up_weights = 300'000;
  good.down_weights = 400'000;
  good.list = 50'000;
  good.list_count = 2;
  good.hidden = 256;
  good.f_count = 16;
  b.write_list(50'000, {{1, 0, 0, kGateOne, 0}, {2, 1, 1, kGateOne, 0}});
  b.write_list(60'000, {{1, 0xFFFF, 0, kGateOne, 0}, {2, 1, 1, kGateOne, 0}});
  FfnSlice unwritten_list = good, row_outside = good, no_slot = good, bad_activation = good, empty = good;
  unwritten_list.list = 70'000;
  row_outside.list = 60'000;
  no_slot.y = 10'000;
  bad_activation.activation = 3;
  empty.list_count = 0;
  for (const FfnSlice& ffn : {unwritten_list, row_outside, no_slot, bad_activation, empty, good}) {
    b.enqueue(CommandKind::ffn, ffn);
  }
  // Row 65535 of 256 bytes is beyond the SRAM.
  b.issue_next();
  run_out();
  REQUIRE(b.ended.size() == 6);
  for (std::size_t i = 0; i < 4; ++i) CHECK(b.ended[i].status == CommandStatus::misuse);
  CHECK(b.ended[4].status == CommandStatus::ok);
  CHECK(b.ended[5].status == CommandStatus::ok);
  REQUIRE(b.faults.faults.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(b.faults.faults[i].tag == 100 + i);
  CHECK(b.faults.faults[0].what.find("token list") != std::string::npos);
  CHECK(b.faults.faults[1].what.find("outside the SRAM") != std::string::npos);
  CHECK(b.faults.faults[2].what.find("no allocated slot") != std::string::npos);
  CHECK(b.faults.faults[3].what.find("activation 3") != std::string::npos);
  CHECK(b.work.slices.size() == 1);  // the empty one did nothing
  CHECK(b.engine.stats().failed == 4);
}
