// SPDX-License-Identifier: Apache-2.0
// Requests of memory-bench: Python's generator number for number, the reference traces, DRAMSys' trace
// syntax.
#include "sc_main/memory/traffic.h"

#include <algorithm>

#include "sc_main/memory/python_random.h"
#include "sc_main/memory/stl_trace.h"
#include "tests/catch.h"
#include "tests/unit/config_folder.h"

using namespace moesaic;
using namespace moesaic::test;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t kChannel = std::uint64_t{1} << 30;

std::vector<TrafficRequest> all_of(const TrafficChoice& choice) {
  std::vector<TrafficRequest> all;
  const TrafficSource source = make_traffic(choice, kChannel, 1000);
  for (TrafficRequest r; source(r);) all.push_back(r);
  return all;
}

std::string traffic_error(const TrafficChoice& choice) {
  return error_of([&] { make_traffic(choice, kChannel, 1000); });
}

/// FNV-1a over kind and address of every request: what a Python script computes over the same trace.
std::uint64_t digest(const std::vector<TrafficRequest>& all) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const TrafficRequest& r : all) hash = (hash ^ (r.address * 2 + (r.write ? 1 : 0))) * 0x100000001B3;
  return hash;
}

}  // namespace

TEST_CASE("Python's random numbers come out number for number", "[memory-bench]") {
  // random.Random(1): [randrange(1 << 24) for _ in range(3)], and so on; CPython 3.11.
  PythonRandom one(1);
  CHECK(one.randrange(1 << 24) == 4508515);
  CHECK(one.randrange(1 << 24) == 2117513);
  CHECK(one.randrange(1 << 24) == 8558696);
  PythonRandom three(3);
  CHECK(three.random() == 0.23796462709189137);
  CHECK(three.random() == 0.5442292252959519);
  PythonRandom blocks(40961);  // behind the first refill of the state
  for (int i = 0; i < 699; ++i) blocks.randrange(1 << 18);
  CHECK(blocks.randrange(1 << 18) == 189881);
  PythonRandom wide((std::uint64_t{1} << 40) + 5);  // two words of seed
  CHECK(wide.randrange(1000) == 516);
  CHECK(wide.random() == 0.516921470080349);
}

TEST_CASE("the reference traces are those of the measurements, request for request", "[memory-bench]") {
  // FNV-1a over (address * 2 + write) of every line that the measurements' script writes.
  struct Expected {
    const char* name;
    std::size_t requests;
    std::uint64_t digest;
  };
  const std::vector<Expected> expected{
      {"a_seq", 131072, 0x515AF184049A2325},      {"b_rand", 131072, 0x9A0EB76F190F66A5},
      {"c1_rand", 20000, 0xD06DAF6EE311AA25},     {"c2_rowhit", 20000, 0x0ED9E7EE21F20DA5},
      {"c3_conflict", 20000, 0x7DD5E6351E320DA5}, {"d_mix", 131072, 0x592ADEC3E8665C3A},
      {"e_4K_x1", 131072, 0x82730BD20A23A325},    {"e_4K_x2", 131072, 0x12880A35CD426325},
      {"e_4K_x4", 131072, 0xAC0853FAD4DA6325},    {"e_64K_x1", 131072, 0x447D3BD8385A2325},
      {"e_64K_x2", 131072, 0x0B1E3504B7FE2325},   {"e_64K_x4", 131072, 0x9568DEFAAF8E2325},
  };
  for (const Expected& e : expected) {
    INFO(e.name);
    const std::vector<TrafficRequest> all = all_of({e.name});
    CHECK(all.size() == e.requests);
    CHECK(digest(all) == e.digest);
    CHECK(all.back().size == 64);
    CHECK(all.back().at == 0);
  }
}

TEST_CASE("own traffic stays inside the channel and follows its seed", "[memory-bench]") {
  const auto stream = all_of({"stream", 3, 4096});
  CHECK(stream[2].address == 8192);
  CHECK(stream[2].size == 4096);
  const auto random = all_of({"random", 1000, 256, 7});
  for (const TrafficRequest& r : random) {
    REQUIRE(r.address % 256 == 0);
    REQUIRE(r.address + 256 <= kChannel);
  }
  CHECK(digest(random) == digest(all_of({"random", 1000, 256, 7})));
  CHECK(digest(random) != digest(all_of({"random", 1000, 256, 8})));
  const auto mix = all_of({"mix:70", 10000});
  const auto writes = std::count_if(mix.begin(), mix.end(), [](const TrafficRequest& r) { return r.write; });
  CHECK(writes > 2800);
  CHECK(writes < 3200);
  CHECK(std::none_of(mix.begin(), mix.end(), [](const TrafficRequest& r) { return r.at > 0; }));
}

TEST_CASE("a trace of DRAMSys is read as it is written", "[memory-bench]") {
  const Folder folder;
  folder.write("a.stl", "# a comment\n\n0: (64) read 0x40\n3:\twrite 0x1F80 // another\n3: (32) read 128\n");
  const auto all = read_stl_trace(folder.absolute("a.stl"), 64, 1000);
  REQUIRE(all.size() == 3);
  CHECK(all[0].address == 0x40);
  CHECK(all[0].size == 64);
  CHECK_FALSE(all[0].write);
  CHECK(all[1].at == 3000);
  CHECK(all[1].address == 0x1F80);
  CHECK(all[1].size == 64);
  CHECK(all[1].write);
  CHECK(all[2].size == 32);
  CHECK(all[2].address == 128);
  CHECK(all_of({folder.absolute("a.stl"), 2}).size() == 2);
}

TEST_CASE("every line of a trace that is wrong is named with its place", "[memory-bench]") {
  const Folder folder;
  folder.write("bad.stl",
               "0: (64) read 0x40\nread 0x40\n5: reed 0x40\n5: (64 read 0x40\n5: read 0xZZ\n"
               "5: read 0x40 tail\n2: read 0x40\n1: read 0x80\n7: (0) read 0x0\n");
  const std::string text = error_of([&] { read_stl_trace(folder.absolute("bad.stl"), 64, 1000); });
  CHECK_THAT(text, Contains("bad.stl:2:1: error: this is no request\n  expected a cycle"));
  CHECK_THAT(text, Contains("bad.stl:3:4: error: this is no request\n  expected read or write"));
  CHECK_THAT(text, Contains("bad.stl:4:") && Contains("expected ')' after the bytes"));
  CHECK_THAT(text, Contains("bad.stl:5:9: ") && Contains("expected an address"));
  CHECK_THAT(text, Contains("bad.stl:6:14: ") && Contains("the end of the line"));
  CHECK_THAT(text, Contains("bad.stl:8:1: ") && Contains("no earlier than that of the line before"));
  CHECK_THAT(text, Contains("bad.stl:9:") && Contains("at least one byte"));
  folder.write("empty.stl", "# nothing\n");
  CHECK_THAT(traffic_error({folder.absolute("empty.stl")}), Contains("no request in it"));
  CHECK_THAT(traffic_error({folder.absolute("none.stl")}), Contains("cannot be read"));
}

TEST_CASE("traffic that does not exist, or has no such option, is refused", "[memory-bench]") {
  CHECK_THAT(traffic_error({"b_rnd"}), Contains("did you mean \"b_rand\"?"));
  CHECK_THAT(traffic_error({"mix:101"}), Contains("no percentage of reads"));
  CHECK_THAT(traffic_error({"mix:"}), Contains("no percentage of reads"));
  CHECK_THAT(traffic_error({"a_seq", 0, 32}), Contains("size and seed are fixed"));
  CHECK_THAT(traffic_error({"b_rand", 0, 0, 4}), Contains("size and seed are fixed"));
}
