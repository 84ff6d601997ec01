// SPDX-License-Identifier: Apache-2.0
// The slot table and the storage of an SRAM, without SystemC.
#include <random>
#include <set>

#include "hw/sram/slot_table.h"
#include "hw/sram/storage.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {
constexpr NodeId kSelf{3};
constexpr NodeId kOther{1};

bool mentions(const std::optional<std::string>& error, const std::string& text) {
  return error && error->find(text) != std::string::npos;
}
}  // namespace

TEST_CASE("a slot table refuses what is no slot, and says why", "[sram]") {
  SlotTable table(4, 1000);
  CHECK_FALSE(table.allocate(0, 100, 200, kNoNode));
  CHECK(mentions(table.allocate(4, 0, 10, kNoNode), "slots 0 to 3"));
  CHECK(mentions(table.allocate(0, 500, 10, kNoNode), "already allocated"));
  CHECK(mentions(table.allocate(1, 900, 101, kNoNode), "1000 bytes"));
  CHECK(mentions(table.allocate(1, 0xFFFF'FFFF, 0xFFFF'FFFF, kNoNode), "1000 bytes"));
  CHECK(mentions(table.allocate(1, 50, 0, kNoNode), "empty"));
  CHECK(mentions(table.release(4), "does not exist"));
  CHECK(mentions(table.release(1), "was not allocated"));
  CHECK_FALSE(table.release(0));
  CHECK(mentions(table.release(0), "was not allocated"));
}

TEST_CASE("slots may touch but not overlap, not even by one byte", "[sram]") {
  SlotTable table(8, 1000);
  REQUIRE_FALSE(table.allocate(0, 100, 100, kNoNode));
  CHECK(mentions(table.allocate(1, 199, 1, kNoNode), "overlap slot 0"));
  CHECK(mentions(table.allocate(1, 0, 101, kNoNode), "overlap slot 0"));
  CHECK(mentions(table.allocate(1, 0, 1000, kNoNode), "overlap slot 0"));
  CHECK(mentions(table.allocate(1, 120, 10, kNoNode), "overlap slot 0"));
  CHECK_FALSE(table.allocate(1, 200, 800, kNoNode));
  CHECK_FALSE(table.allocate(2, 0, 100, kNoNode));
  CHECK(table.allocated_bytes() == 1000);
  CHECK_FALSE(table.release(0));
  CHECK(table.allocated_bytes() == 900);
  CHECK(table.peak_allocated_bytes() == 1000);
  CHECK(table.allocated(1));
  CHECK_FALSE(table.allocated(0));
}

TEST_CASE("a write must lie in one slot and come from this die or the granted one", "[sram]") {
  SlotTable table(8, 1000);
  REQUIRE_FALSE(table.allocate(0, 100, 100, kOther));
  REQUIRE_FALSE(table.allocate(1, 200, 100, kAnyNode));
  REQUIRE_FALSE(table.allocate(2, 300, 100, kNoNode));
  CHECK_FALSE(table.check_write(100, 100, kSelf, kSelf));
  CHECK_FALSE(table.check_write(100, 100, kOther, kSelf));
  CHECK_FALSE(table.check_write(299, 1, NodeId(7), kSelf));
  CHECK(mentions(table.check_write(100, 100, NodeId(2), kSelf), "granted to die 1"));
  CHECK(mentions(table.check_write(300, 1, kOther, kSelf), "granted to no other die"));
  CHECK(mentions(table.check_write(199, 2, kSelf, kSelf), "runs over the end of slot 0"));
  CHECK(mentions(table.check_write(99, 1, kSelf, kSelf), "no allocated slot"));
  CHECK(mentions(table.check_write(400, 1, kSelf, kSelf), "no allocated slot"));
  REQUIRE_FALSE(table.release(0));
  CHECK(mentions(table.check_write(100, 1, kSelf, kSelf), "no allocated slot"));
}

TEST_CASE("a slot that a command has accessed is released when that command is done, not before", "[sram]") {
  SlotTable table(8, 1000);
  REQUIRE_FALSE(table.allocate(0, 100, 100, kNoNode));
  REQUIRE_FALSE(table.allocate(1, 200, 100, kNoNode));
  REQUIRE_FALSE(table.allocate(2, 400, 100, kNoNode));
  table.use(7, 70, 199, 201);  // the last byte of slot 0, the first of slot 1
  table.use(8, 80, 250, 251);
  table.use(9, 90, 300, 400);  // between two slots
  CHECK(mentions(table.release(0), "slot 0 is released while command tag 70"));
  CHECK(mentions(table.release(1), "command tag 70"));
  CHECK(table.allocated(0));
  table.finished(7);
  CHECK_FALSE(table.release(0));
  CHECK(mentions(table.release(1), "command tag 80"));
  table.finished(8);
  CHECK_FALSE(table.release(1));
  CHECK_FALSE(table.release(2));
}

TEST_CASE("byte ranges agree with a set of bytes", "[sram]") {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    ByteRanges ranges;
    std::set<unsigned> bytes;
    for (int i = 0; i < 30; ++i) {
      const unsigned begin = random() % 60;
      const unsigned end = begin + random() % 20;
      const bool add = random() % 3 != 0;
      add ? ranges.add(begin, end) : ranges.remove(begin, end);
      for (unsigned b = begin; b < end; ++b) add ? (void)bytes.insert(b) : (void)bytes.erase(b);
      const unsigned from = random() % 70;
      const unsigned to = from + 1 + random() % 10;
      bool all = true;
      for (unsigned b = from; b < to; ++b) all = all && bytes.count(b) != 0;
      REQUIRE(ranges.covers(from, to) == all);
      REQUIRE(ranges.touches(from, to) == (bytes.lower_bound(from) != bytes.lower_bound(to)));
      REQUIRE(ranges.empty() == bytes.empty());
    }
  }
}

TEST_CASE("storage reads zero where nothing was written, and accumulates across pages with wrap-around",
          "[sram]") {
  Storage storage(20'000);
  std::vector<std::uint8_t> data(8, 0xFF);
  storage.read(4092, data.data(), 8);
  CHECK(data == std::vector<std::uint8_t>(8, 0));
  // Elements that straddle a page, at an offset that is no multiple of 4.
  const std::vector<std::uint8_t> big{0xFF, 0xFF, 0xFF, 0x7F, 1, 0, 0, 0};  // INT32_MAX, 1
  const std::vector<std::uint8_t> one{1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF};  // 1, -1
  storage.write(4094, big.data(), 8);
  storage.accumulate(4094, one.data(), 8);
  storage.read(4094, data.data(), 8);
  CHECK(data == std::vector<std::uint8_t>{0, 0, 0, 0x80, 0, 0, 0, 0});
}
