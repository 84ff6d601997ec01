// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/memory_plan.h"

#include <cstdlib>
#include <tuple>

namespace moesaic::firmware {

namespace {

constexpr std::uint64_t kAlignment = 64;

unsigned hops(const moesaic_core_info& info, int a, int b) {
  const int columns = info.columns;
  return static_cast<unsigned>(std::abs(a / columns - b / columns) + std::abs(a % columns - b % columns));
}

}  // namespace

std::vector<std::uint16_t> memory_nodes(const Hal& hal) {
  const moesaic_core_info& info = hal.info();
  std::vector<std::uint16_t> chosen(info.nodes, MOESAIC_NO_NODE);
  std::vector<unsigned> users(info.nodes, 0);
  for (std::uint16_t n = 0; n < info.nodes; ++n)
    if (hal.memory_bytes(n) != 0) chosen[n] = n, users[n] = 1;
  const std::vector<std::uint16_t> own = chosen;
  for (std::uint16_t n = 0; n < info.nodes; ++n) {
    if (own[n] == n) continue;
    for (std::uint16_t m = 0; m < info.nodes; ++m) {
      if (own[m] != m) continue;
      const std::uint16_t best = chosen[n];
      if (best == MOESAIC_NO_NODE ||
          std::make_tuple(hops(info, n, m), users[m]) < std::make_tuple(hops(info, n, best), users[best]))
        chosen[n] = m;
    }
    if (chosen[n] == MOESAIC_NO_NODE) throw std::runtime_error("no die of the package has memory");
    ++users[chosen[n]];
  }
  return chosen;
}

MemoryRegion::MemoryRegion(const Hal& hal, const std::vector<std::uint64_t>& bytes_of, std::uint16_t die) {
  const std::vector<std::uint16_t> nodes = memory_nodes(hal);
  node_ = nodes.at(die);
  std::uint64_t total = 0;
  next_ = end_ = 0;
  for (std::uint16_t n = 0; n < nodes.size(); ++n) {
    if (nodes[n] != node_) continue;
    if (n == die) next_ = total;
    total += bytes_of[n];
    if (n == die) end_ = total;
  }
  if (total > hal.memory_bytes(node_))
    throw std::runtime_error("the memory of die " + std::to_string(node_) + " has " +
                             std::to_string(hal.memory_bytes(node_)) + " bytes; weights and tokens need " +
                             std::to_string(total));
}

std::uint64_t MemoryRegion::take(std::uint64_t bytes) {
  const std::uint64_t at = next_;
  next_ += memory_footprint(bytes);
  if (next_ > end_) throw std::logic_error("a die takes more memory than it had announced");
  return memory_address(node_, at);
}

std::uint64_t memory_footprint(std::uint64_t bytes) {
  return round_up(bytes, kAlignment);
}

}  // namespace moesaic::firmware
