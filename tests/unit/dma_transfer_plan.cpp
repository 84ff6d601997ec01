// SPDX-License-Identifier: Apache-2.0
// hw/dma/transfer_plan: every byte of a transfer is moved exactly once, in order, in legal chunks.
#include <cstdint>
#include <random>
#include <vector>

#include "hw/dma/transfer_plan.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

struct Move {
  std::uint64_t from, to;
  bool operator==(const Move& other) const { return from == other.from && to == other.to; }
};

std::vector<Move> moves_of(const Chunk& chunk) {
  std::vector<Move> moves;
  for (std::uint32_t i = 0; i < chunk.read.count; ++i) {
    for (std::uint32_t b = 0; b < chunk.read.size; ++b) {
      moves.push_back({chunk.read.address_of(i) + b, chunk.write.address_of(i) + b});
    }
  }
  return moves;
}

std::vector<Move> wanted(const Transfer& t, const std::vector<ListEntry>& list) {
  std::vector<Move> moves;
  for (std::uint32_t i = 0; i < t.rows; ++i) {
    const std::uint64_t in = list.empty() ? i : list[i].in_row;
    const std::uint64_t out = list.empty() ? i : list[i].out_row;
    for (std::uint32_t b = 0; b < t.row_bytes; ++b) {
      moves.push_back({t.source + in * t.source_stride + b, t.destination + out * t.destination_stride + b});
    }
  }
  return moves;
}

void check(const Transfer& t, const std::vector<ListEntry>& list, std::uint32_t chunk_bytes) {
  TransferPlan plan(t, list, chunk_bytes);
  std::vector<Move> moved;
  while (const auto chunk = plan.next()) {
    REQUIRE(chunk->read.size == chunk->write.size);
    REQUIRE(chunk->read.count == chunk->write.count);
    REQUIRE(chunk->read.bytes() <= chunk_bytes);
    const auto moves = moves_of(*chunk);
    moved.insert(moved.end(), moves.begin(), moves.end());
  }
  REQUIRE(plan.finished());
  REQUIRE(moved == wanted(t, list));
}

}  // namespace

TEST_CASE("a packed transfer becomes blocks of the chunk size") {
  Transfer t;
  t.source = 1000;
  t.destination = 50;
  t.row_bytes = t.source_stride = t.destination_stride = 100;
  t.rows = 10;
  TransferPlan plan(t, {}, 512);
  const auto first = plan.next();
  REQUIRE(first->read.count == 1);
  REQUIRE(first->read.size == 500);
  REQUIRE(plan.next()->read.size == 500);
  REQUIRE(!plan.next());
}

TEST_CASE("a strided transfer becomes one train of rows per chunk") {
  Transfer t;
  t.row_bytes = 64;
  t.source_stride = 256;
  t.destination_stride = 64;
  t.rows = 6;
  TransferPlan plan(t, {}, 256);
  const auto first = plan.next();
  REQUIRE(first->read.count == 4);
  REQUIRE(first->read.stride == 256);
  REQUIRE(first->write.stride == 64);
  REQUIRE(plan.next()->read.count == 2);
}

TEST_CASE("a transfer without rows has no chunks") {
  Transfer t;
  t.row_bytes = 64;
  TransferPlan plan(t, {}, 256);
  REQUIRE(plan.finished());
  REQUIRE(!plan.next());
}

TEST_CASE("random transfers move every byte once and in order, with and without lists") {
  std::mt19937 random(7);
  const auto draw = [&](std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random() % (high - low + 1));
  };
  for (int i = 0; i < 300; ++i) {
    Transfer t;
    t.row_bytes = draw(1, 300);
    t.rows = draw(0, 20);
    t.source = draw(0, 10000);
    t.destination = draw(0, 10000);
    t.source_stride = t.row_bytes + (draw(0, 1) ? draw(0, 100) : 0);
    t.destination_stride = t.row_bytes + (draw(0, 1) ? draw(0, 100) : 0);
    std::vector<ListEntry> list;
    if (draw(0, 1)) {
      for (std::uint32_t r = 0; r < t.rows; ++r) {
        list.push_back({r, static_cast<std::uint16_t>(draw(0, 1) ? r : draw(0, 30)),
                        static_cast<std::uint16_t>(r), 0, 0});
      }
    }
    check(t, list, 1u << draw(6, 10));
  }
}
