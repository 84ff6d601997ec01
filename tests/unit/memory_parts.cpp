// SPDX-License-Identifier: Apache-2.0
// Address decoder, walk over a train, contents: the parts of the memory that have no time.
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "hw/memory/address_decoder.h"
#include "hw/memory/contents.h"
#include "hw/memory/train_walk.h"
#include "tests/catch.h"
#include "tlm/diagnostics.h"

using namespace moesaic;

namespace {

DramAddressDecoder decoder(const char* bits) {
  return DramAddressDecoder({bits}, DramOrganisation{});
}

/// Bytes that say where they come from.
class Pattern final : public ContentSource {
 public:
  static std::uint8_t at(NodeId node, std::uint64_t offset) {
    return static_cast<std::uint8_t>(offset * 31 + (offset >> 12) * 7 + index_of(node));
  }
  void fill(NodeId node, std::uint64_t offset, std::uint8_t* out, std::uint64_t bytes) const override {
    for (std::uint64_t i = 0; i < bytes; ++i) out[i] = at(node, offset + i);
  }
};

}  // namespace

TEST_CASE("the decoder takes bank and row from the listed bits") {
  const DramAddressDecoder m2 = decoder("M2");
  CHECK(index_of(m2.decode(0).bank) == 0);
  CHECK(index_of(m2.decode(1 << 5).bank) == 0);   // column
  CHECK(index_of(m2.decode(1 << 6).bank) == 4);   // bank group, low bit
  CHECK(index_of(m2.decode(1 << 7).bank) == 8);   // bank group, high bit
  CHECK(index_of(m2.decode(1 << 13).bank) == 1);  // bank, low bit
  CHECK(index_of(m2.decode(1 << 14).bank) == 2);  // bank, high bit
  CHECK(m2.decode(std::uint64_t{5} << 15).row == 5);
  CHECK(index_of(decoder("M1").decode(1 << 5).bank) == 4);
  CHECK(index_of(decoder("M3").decode(1 << 11).bank) == 4);
  CHECK(m2.span_bytes() == std::uint64_t{1} << 40);
}

TEST_CASE("every map tells all bursts apart") {
  for (const char* bits : {"M1", "M2", "M2X", "M3"}) {
    const DramAddressDecoder d = decoder(bits);
    // Bursts per (bank, row) over 64 rows of every bank: exactly one row's worth.
    std::map<std::pair<unsigned, unsigned>, unsigned> bursts;
    for (std::uint64_t a = 0; a < 64 * 16 * 2048; a += 32) {
      const auto place = d.decode(a);
      ++bursts[{index_of(place.bank), place.row}];
    }
    CHECK(bursts.size() == 64 * 16);
    for (const auto& [place, n] : bursts) REQUIRE(n == 2048 / 32);
  }
}

TEST_CASE("the hashed map spreads equal distances over banks") {
  std::set<unsigned> plain, hashed;
  for (unsigned i = 0; i < 16; ++i) {
    plain.insert(index_of(decoder("M2").decode(i * 32768).bank));
    hashed.insert(index_of(decoder("M2X").decode(i * 32768).bank));
  }
  CHECK(plain.size() == 1);
  CHECK(hashed.size() == 16);
}

TEST_CASE("malformed maps are the user's error and name the map") {
  for (const char* bits :
       {"", "M4", "M2 BG=5", "BG=6,7 BA=13,14 CO=5,8-12 RO=15-14", "BG=6 BA=13,14 CO=5,7-12 RO=15-39",
        "BG=6,7 BA=13,14 CO=5,8-12 RO=16-39", "BG=6,x BA=13,14 CO=5,8-12 RO=15-39", "M2 XOR=6", "M2 XOR=6^6",
        "M2 XOR=6^50", "XX=3"}) {
    CHECK_THROWS_AS(decoder(bits), UserError);
  }
  std::string message;
  try {
    decoder("M4");
  } catch (const UserError& error) {
    message = error.what();
  }
  CHECK(message.find("\"M4\"") != std::string::npos);
}

TEST_CASE("channels partition the bursts of any train") {
  std::mt19937 random(1);
  for (unsigned round = 0; round < 300; ++round) {
    const Train train{random() % 5000, 1 + unsigned(random() % 3000), 1 + unsigned(random() % 5),
                      random() % 4000, 0};
    std::map<std::uint64_t, unsigned> seen;
    std::uint64_t bursts = 0, bytes = 0;
    for (unsigned channel = 0; channel < 4; ++channel) {
      const ChannelSlice slice{channel, 2, 8, 5};
      std::uint64_t mine = 0;
      for (TrainWalk walk(train, slice); !walk.ended(); walk.step(slice), ++mine) {
        REQUIRE(walk.at() / 256 % 4 == channel);
        REQUIRE(slice.local(walk.at()) == walk.at() / 1024 * 256 + walk.at() % 256);
        ++seen[walk.at()];
      }
      REQUIRE(mine == slice.bursts_of(train));
      bursts += mine;
      bytes += slice.bytes_of(train);
    }
    std::map<std::uint64_t, unsigned> expected;
    std::uint64_t total = 0;
    for (unsigned i = 0; i < train.count; ++i) {
      for (std::uint64_t a = train.address_of(i) / 32 * 32; a < train.address_of(i) + train.size;
           a += 32, ++total)
        ++expected[a];
    }
    REQUIRE(seen == expected);
    REQUIRE(bursts == total);
    REQUIRE(bytes == train.bytes());
  }
}

TEST_CASE("stores overlay the procedural contents, across pages and inside them") {
  const Pattern pattern;
  BackingStore store(NodeId{3}, pattern);
  std::vector<std::uint8_t> expected(20000), got(20000);
  pattern.fill(NodeId{3}, 0, expected.data(), expected.size());
  std::mt19937 random(5);
  for (unsigned i = 0; i < 50; ++i) {
    const std::uint64_t offset = random() % 15000;
    std::vector<std::uint8_t> bytes(1 + random() % 5000);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
    store.write(offset, bytes.data(), bytes.size());
    std::memcpy(expected.data() + offset, bytes.data(), bytes.size());
    store.read(0, got.data(), got.size());
    REQUIRE(got == expected);
  }
  CHECK(store.pages() == 5);
  std::uint8_t far = 0;
  store.read(std::uint64_t{1} << 33, &far, 1);
  CHECK(far == Pattern::at(NodeId{3}, std::uint64_t{1} << 33));
  CHECK(store.pages() == 5);
}
