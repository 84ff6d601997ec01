// SPDX-License-Identifier: Apache-2.0
// What the SRAM moves at most, against closed forms.
#include <vector>

#include "hw/sram/sram_core.h"
#include "tests/catch.h"

using namespace moesaic;

namespace {

const SramParams kParams;
const Clock kClock = Clock::from_hz(kParams.hz);

std::uint64_t last_cycle(SramCore& core) {
  std::vector<SramCore::Done> done;
  Tick last = 0;
  while (core.next_wake() != kNever) {
    const Tick at = core.next_wake();
    done.clear();
    core.advance(at, done);
    if (!done.empty()) last = at;
  }
  return kClock.cycle_at_or_after(last);
}

}  // namespace

TEST_CASE("one port moves its width per cycle", "[sram]") {
  SramCore core(kParams, 3);
  for (unsigned i = 0; i < 16; ++i) core.arrive(0, 0, i, Train::block(i * 65536, 65536), SramAccess::write);
  CHECK(last_cycle(core) == 16 * 65536 / 512);
  CHECK(core.conflict_cycles(0) == 0);
}

TEST_CASE("two streams fill all banks together: each gets its full width", "[sram]") {
  SramCore core(kParams, 3);
  core.arrive(0, 0, 0, Train::block(0, 65536), SramAccess::write);
  core.arrive(0, 1, 1, Train::block(65536, 65536), SramAccess::write);
  // They begin in the same half of the banks: one of them waits once, then they alternate.
  CHECK(last_cycle(core) == 65536 / 512 + 1);
}

TEST_CASE("three streams share the banks evenly and lose no cycle", "[sram]") {
  SramCore core(kParams, 3);
  for (unsigned p = 0; p < 3; ++p) {
    core.arrive(0, p, p, Train::block(p * 65536, 65536), SramAccess::write);
  }
  // 3 x 128 beats, two per cycle when they meet in different halves.
  const std::uint64_t cycles = last_cycle(core);
  CHECK(cycles >= 3 * 128 / 2);
  CHECK(cycles <= 3 * 128 / 2 + 4);
}

TEST_CASE("accumulation costs two accesses", "[sram]") {
  SramCore core(kParams, 3);
  core.arrive(0, 0, 0, Train::block(0, 65536), SramAccess::accumulate);
  CHECK(last_cycle(core) == 2 * 65536 / 512);
}
