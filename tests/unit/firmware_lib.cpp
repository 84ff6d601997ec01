// SPDX-License-Identifier: Apache-2.0
// Policy parts that images share: homes, owners, slice plans, memory plans, the messages of ep.
#include "firmware/lib/homes.h"
#include "firmware/lib/slice_plan.h"
#include "tests/catch.h"

using namespace moesaic::firmware;

TEST_CASE("Tokens are split as floor(t * dies / tokens) says") {
  for (std::uint32_t dies = 1; dies <= 9; ++dies) {
    for (std::uint32_t tokens = 1; tokens <= 40; ++tokens) {
      const EvenSplit split(dies, tokens);
      std::uint32_t sum = 0, largest = 0;
      for (std::uint32_t d = 0; d < dies; ++d) {
        sum += split.count(d);
        largest = std::max(largest, split.count(d));
        for (std::uint32_t t = split.first(d); t < split.first(d + 1); ++t) REQUIRE(t * dies / tokens == d);
      }
      REQUIRE(sum == tokens);
      REQUIRE(largest == split.largest());
    }
  }
}

TEST_CASE("Every expert has one owner, and its number there leads back to it") {
  for (const auto rule : {ExpertOwners::Rule::round_robin, ExpertOwners::Rule::contiguous}) {
    for (std::uint32_t dies = 1; dies <= 9; ++dies) {
      for (std::uint32_t experts = 1; experts <= 30; ++experts) {
        const ExpertOwners owners(rule, dies, experts);
        std::vector<std::uint32_t> counts(dies, 0);
        for (std::uint32_t e = 0; e < experts; ++e) {
          const std::uint32_t owner = owners.owner(e);
          ++counts.at(owner);
          REQUIRE(owners.local(e) < owners.count(owner));
          REQUIRE(owners.global(owner, owners.local(e)) == e);
        }
        for (std::uint32_t d = 0; d < dies; ++d) REQUIRE(counts[d] == owners.count(d));
      }
    }
  }
}

namespace {

// Qwen3-30B-A3B on two by two dies of 3.25 MiB.
SliceDemand qwen3(std::uint32_t rows) {
  SliceDemand d;
  d.sram_bytes = 3328 * 1024;
  d.row_bytes = 4 * 2048 * 5;
  d.rows_wanted = rows;
  d.hidden = 2048;
  d.expert_width = 768;
  return d;
}

std::uint64_t used(const SliceDemand& d, const SlicePlan& p) {
  return d.fixed_bytes + p.rows * d.row_bytes + d.buffers * slice_bytes(d.hidden, p.columns);
}

}  // namespace

TEST_CASE("Few rows leave room for an eighth of the expert, in whole widths of the engine") {
  const auto plan = plan_slices(qwen3(16));
  REQUIRE(plan);
  CHECK(plan->columns == 128);
  CHECK(plan->slices == 6);
  CHECK(plan->waves == 1);
}

TEST_CASE("More rows narrow the slices before they take another wave, down to half the engine's width") {
  // 3407872 bytes: beside 12288 bytes per column in two buffers there are 40960 per row.
  CHECK(plan_slices(qwen3(64))->columns == 64);  // limit 64
  CHECK(plan_slices(qwen3(65))->columns == 48);  // limit 60
  CHECK(plan_slices(qwen3(65))->waves == 1);
  CHECK(plan_slices(qwen3(73))->columns == 32);  // limit 33
  CHECK(plan_slices(qwen3(73))->waves == 1);
  const auto more = plan_slices(qwen3(74));  // limit 30
  CHECK(more->waves == 2);
  CHECK(more->rows == 37);
  CHECK(more->columns == 128);
}

TEST_CASE("Slices are equal where a multiple of the engine's width divides the expert") {
  SliceDemand deepseek = qwen3(4);
  deepseek.expert_width = 1408;  // an eighth is 176, in whole widths 192; 1408 = 11 * 128
  CHECK(plan_slices(deepseek)->columns == 128);
  deepseek.expert_width = 1300;
  CHECK(plan_slices(deepseek)->columns == 192);
}

TEST_CASE("A plan fits, covers the expert and all rows, and one byte less than the minimum does not") {
  for (std::uint32_t hidden : {1u, 7u, 64u}) {
    for (std::uint32_t width : {1u, 5u, 64u, 100u, 768u}) {
      for (std::uint32_t rows : {0u, 1u, 9u, 1000u}) {
        for (std::uint32_t columns : {0u, 3u, 1000u}) {
          SliceDemand d;
          d.hidden = hidden;
          d.expert_width = width;
          d.rows_wanted = rows;
          d.row_bytes = 5 * hidden + 12;
          d.columns = columns;
          d.fixed_bytes = 192;
          d.sram_bytes = minimum_sram(d) - 1;
          REQUIRE_FALSE(plan_slices(d));
          for (const std::uint64_t more : {0, 1, 100, 5000, 1000000}) {
            d.sram_bytes = minimum_sram(d) + more;
            const auto p = plan_slices(d);
            REQUIRE(p);
            REQUIRE(used(d, *p) <= d.sram_bytes);
            REQUIRE(p->columns >= 1);
            REQUIRE(p->columns <= width);
            REQUIRE(p->slices * p->columns >= width);
            REQUIRE((p->slices - 1) * p->columns < width);
            REQUIRE(p->rows * p->waves >= rows);
            REQUIRE(p->rows >= 1);
            REQUIRE(p->waves >= 1);
          }
        }
      }
    }
  }
}

TEST_CASE("Rows of a wave stay within the 16 bits of a token list") {
  SliceDemand d = qwen3(100000);
  d.sram_bytes = std::uint64_t{1} << 40;
  d.row_limit = 1000;
  const auto plan = plan_slices(d);
  REQUIRE(plan);
  CHECK(plan->rows <= 1000);
  CHECK(plan->waves == 100);
}
