// SPDX-License-Identifier: Apache-2.0
// Placing of tensors: what is refused, what is missing, and that contents do not depend on placement.
#include "sc_main/workload/tensor_map.h"

#include <chrono>
#include <cstring>
#include <set>

#include "sc_main/workload/procedural.h"
#include "tests/catch.h"

using namespace moesaic;
using Catch::Matchers::Contains;

namespace {

ModelParams small_model() {
  ModelParams m;
  m.name = "small";
  m.hidden = 24;
  m.expert_width = 5;
  m.experts = 2;
  m.shared_experts = 1;
  m.top_k = 1;
  m.layers = 1;
  return m;
}

constexpr std::uint64_t kCapacity = 1 << 16;

TensorMap small_map(std::uint64_t seed = 1) {
  return TensorMap(small_model(), 1, 3, seed, {kCapacity, 0, kCapacity});
}

moesaic_tensor tensor(std::uint16_t kind, std::uint16_t expert, std::uint32_t begin, std::uint32_t rows,
                      std::uint16_t node, std::uint64_t offset) {
  moesaic_tensor t{};
  t.kind = kind;
  t.expert = expert;
  t.row_begin = begin;
  t.rows = rows;
  t.address = Address::make(NodeId(node), AddressUnit::memory, offset);
  return t;
}

/// Places everything on one die, behind one another from `offset` on.
std::uint64_t place_all(TensorMap& map, std::uint16_t node, std::uint64_t offset) {
  const auto put = [&](std::uint16_t kind, std::uint16_t expert, std::uint32_t rows,
                       std::uint64_t row_bytes) {
    REQUIRE(map.place(tensor(kind, expert, 0, rows, node, offset)).empty());
    offset += rows * row_bytes;
  };
  for (std::uint16_t expert = 0; expert < 3; ++expert)
    for (std::uint16_t kind = MOESAIC_GATE_WEIGHTS; kind <= MOESAIC_DOWN_WEIGHTS; ++kind)
      put(kind, expert, 5, 24);
  put(MOESAIC_ACTIVATIONS, 0, 3, 24);
  put(MOESAIC_OUTPUT, 0, 3, 96);
  return offset;
}

std::vector<std::uint8_t> bytes_at(const TensorMap& map, std::uint16_t node, std::uint64_t offset,
                                   std::size_t size) {
  std::vector<std::uint8_t> out(size);
  map.fill(NodeId(node), offset, out.data(), size);
  return out;
}

}  // namespace

TEST_CASE("a complete placement seals without complaint", "[workload]") {
  TensorMap map = small_map();
  const std::uint64_t end = place_all(map, 0, 0);
  CHECK(map.seal().empty());
  CHECK(map.placed_bytes(NodeId(0)) == end);
  CHECK(map.placements() == 11);
  CHECK(map.describe(NodeId(0), 24 * 7) == "layer 0, expert 0, up weights, row 2");
  CHECK(map.describe(NodeId(0), end) == "nothing placed");
  const std::uint64_t output = 3 * 3 * 5 * 24 + 3 * 24;
  CHECK(map.output_address(0, 2) == Address::make(NodeId(0), AddressUnit::memory, output + 2 * 96));
  CHECK_FALSE(map.output_address(0, 3).has_value());
}

TEST_CASE("what is missing is listed row by row", "[workload]") {
  TensorMap map = small_map();
  CHECK(map.place(tensor(MOESAIC_UP_WEIGHTS, 1, 1, 2, 0, 0)).empty());
  CHECK(map.place(tensor(MOESAIC_ACTIVATIONS, 0, 0, 2, 0, 4096)).empty());
  const std::string missing = map.seal();
  CHECK_THAT(missing, Contains("layer 0, expert 0, gate weights: rows 0 to 4 of 5 are not placed\n"));
  CHECK_THAT(missing, Contains("layer 0, expert 1, up weights: rows 0 to 0 of 5 are not placed\n"));
  CHECK_THAT(missing, Contains("layer 0, expert 1, up weights: rows 3 to 4 of 5 are not placed\n"));
  CHECK_THAT(missing, Contains("layer 0, activations: rows 2 to 2 of 3 are not placed\n"));
  CHECK_THAT(missing, Contains("layer 0, output: rows 0 to 2 of 3 are not placed"));
}

TEST_CASE("a long list of what is missing is cut", "[workload]") {
  ModelParams model = small_model();
  model.experts = 100;
  TensorMap map(model, 1, 3, 1, {kCapacity});
  CHECK_THAT(map.seal(), Contains("and 293 more"));  // 3 x 101 weights + 2, of which 12 are named
}

TEST_CASE("impossible placements are refused in words", "[workload]") {
  TensorMap map = small_map();
  CHECK_THAT(map.place(tensor(9, 0, 0, 1, 0, 0)), Contains("kind 9 is unknown"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 3, 0, 1, 0, 0)), Contains("expert 3 does not exist"));
  moesaic_tensor layer = tensor(MOESAIC_UP_WEIGHTS, 0, 0, 1, 0, 0);
  layer.layer = 1;
  CHECK_THAT(map.place(layer), Contains("layer 1 does not exist"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 4, 2, 0, 0)), Contains("rows 4 to 6 do not exist"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 0, 0, 0)), Contains("do not exist"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0xFFFFFFFF, 2, 0, 0)), Contains("do not exist"));
  CHECK_THAT(map.place(tensor(MOESAIC_ACTIVATIONS, 0, 3, 1, 0, 0)), Contains("do not exist"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 1, 1, 0)), Contains("die 1 has no memory"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 1, 3, 0)),
             Contains("die 3 does not exist, there are 3"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 5, 0, kCapacity - 100)), Contains("which has 65536"));
  CHECK(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 5, 0, kCapacity - 120)).empty());
  moesaic_tensor sram = tensor(MOESAIC_UP_WEIGHTS, 0, 0, 1, 0, 0);
  sram.address = Address::make(NodeId(0), AddressUnit::sram, 0);
  CHECK_THAT(map.place(sram), Contains("not in the memory unit"));
}

TEST_CASE("overlapping placements are refused, touching ones are not", "[workload]") {
  TensorMap map = small_map();
  REQUIRE(map.place(tensor(MOESAIC_GATE_WEIGHTS, 0, 0, 5, 0, 1000)).empty());  // bytes 1000 to 1119
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 1, 0, 1119)),
             Contains("bytes 1119 to 1119 of die 0 already hold layer 0, expert 0, gate weights"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 1, 0, 977)), Contains("bytes 1000 to 1000"));
  CHECK_THAT(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 1, 0, 1010)), Contains("already hold"));
  CHECK_THAT(map.place(tensor(MOESAIC_OUTPUT, 0, 0, 3, 0, 990)), Contains("already hold"));
  CHECK(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 0, 1, 0, 1120)).empty());
  CHECK(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 1, 1, 0, 976)).empty());
  CHECK(map.place(tensor(MOESAIC_UP_WEIGHTS, 0, 2, 1, 2, 1000)).empty());  // another die
}

TEST_CASE("weights may be placed several times, activations and outputs once", "[workload]") {
  TensorMap map = small_map();
  CHECK(map.place(tensor(MOESAIC_GATE_WEIGHTS, 0, 0, 5, 0, 0)).empty());
  CHECK(map.place(tensor(MOESAIC_GATE_WEIGHTS, 0, 0, 5, 2, 0)).empty());
  CHECK(map.place(tensor(MOESAIC_ACTIVATIONS, 0, 0, 2, 0, 1024)).empty());
  CHECK_THAT(map.place(tensor(MOESAIC_ACTIVATIONS, 0, 1, 2, 2, 1024)), Contains("token 1 is already placed"));
  CHECK(map.place(tensor(MOESAIC_OUTPUT, 0, 0, 3, 0, 2048)).empty());
  CHECK_THAT(map.place(tensor(MOESAIC_OUTPUT, 0, 0, 1, 2, 2048)), Contains("token 0 is already placed"));
}

TEST_CASE("the bytes of a row do not depend on where it lies", "[workload]") {
  TensorMap a = small_map(), b = small_map(), other_seed = small_map(2);
  const std::uint64_t size = place_all(a, 0, 0);
  place_all(b, 2, 1003);
  place_all(other_seed, 0, 0);
  REQUIRE(a.seal().empty());
  REQUIRE(b.seal().empty());
  REQUIRE(other_seed.seal().empty());
  const std::size_t procedural = size - 3 * 96;  // all but the output rows
  const auto bytes = bytes_at(a, 0, 0, procedural);
  CHECK(bytes == bytes_at(b, 2, 1003, procedural));
  CHECK(bytes != bytes_at(other_seed, 0, 0, procedural));
  CHECK(bytes_at(a, 0, procedural, 96) != bytes_at(b, 2, 1003 + procedural, 96));
}

TEST_CASE("a read gives the same bytes however it is cut", "[workload]") {
  TensorMap map = small_map();
  const std::uint64_t end = place_all(map, 0, 100) + 50;
  REQUIRE(map.seal().empty());
  const auto whole = bytes_at(map, 0, 0, end);
  for (const std::size_t part : {1u, 3u, 7u, 8u, 64u, 100u}) {
    std::vector<std::uint8_t> cut;
    for (std::uint64_t at = 0; at < end; at += part) {
      const auto bytes = bytes_at(map, 0, at, std::min<std::uint64_t>(part, end - at));
      cut.insert(cut.end(), bytes.begin(), bytes.end());
    }
    CHECK(cut == whole);
  }
}

TEST_CASE("rows of a tensor placed in parts have the bytes of the tensor placed whole", "[workload]") {
  TensorMap whole = small_map(), parts = small_map();
  REQUIRE(whole.place(tensor(MOESAIC_DOWN_WEIGHTS, 2, 0, 5, 0, 0)).empty());
  REQUIRE(parts.place(tensor(MOESAIC_DOWN_WEIGHTS, 2, 3, 2, 0, 0)).empty());
  REQUIRE(parts.place(tensor(MOESAIC_DOWN_WEIGHTS, 2, 0, 3, 2, 500)).empty());
  CHECK_FALSE(whole.seal().empty());
  CHECK_FALSE(parts.seal().empty());
  CHECK(bytes_at(whole, 0, 0, 72) == bytes_at(parts, 2, 500, 72));
  CHECK(bytes_at(whole, 0, 72, 48) == bytes_at(parts, 0, 0, 48));
}

TEST_CASE("placed bytes are symmetric int8, and no two rows are alike", "[workload]") {
  std::set<std::vector<std::uint8_t>> rows;
  bool low = false, high = false;
  for (std::uint8_t kind = 0; kind < 4; ++kind)
    for (std::uint16_t layer = 0; layer < 4; ++layer)
      for (std::uint16_t expert = 0; expert < 4; ++expert)
        for (std::uint32_t row = 0; row < 16; ++row) {
          std::vector<std::uint8_t> bytes(256);
          fill_row(row_key(1, {kind, layer, expert, row}), 0, bytes.data(), bytes.size());
          for (const std::uint8_t byte : bytes) {
            const auto value = static_cast<std::int8_t>(byte);
            CHECK_FALSE(value == -128);
            low = low || value == -127;
            high = high || value == 127;
          }
          CHECK(rows.insert(bytes).second);
        }
  CHECK(low);
  CHECK(high);
}

TEST_CASE("contents are made faster than a gigabyte per second", "[.][speed]") {
  std::vector<std::uint8_t> bytes(2048);
  const auto start = std::chrono::steady_clock::now();
  constexpr int kRows = 500'000;
  for (int row = 0; row < kRows; ++row)
    fill_row(row_key(1, {0, 0, 0, static_cast<std::uint32_t>(row)}), 0, bytes.data(), bytes.size());
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  WARN(kRows * 2048.0 / time.count() / 1e9 << " GB/s");
}
