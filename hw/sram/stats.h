// SPDX-License-Identifier: Apache-2.0
// Counters of a die's SRAM.
#pragma once

#include <array>
#include <cstdint>

#include "tlm/tick.h"

namespace moesaic {

inline constexpr unsigned kSramPorts = 3;  ///< engine, DMA, fabric; the control core's port is beside them

struct SramPortStats {
  std::uint64_t trains = 0;             ///< transactions completed
  std::uint64_t bytes_read = 0;         ///< bytes
  std::uint64_t bytes_written = 0;      ///< bytes overwritten
  std::uint64_t bytes_accumulated = 0;  ///< bytes added to by read-modify-write; each costs two accesses
  std::uint64_t conflict_cycles = 0;    ///< cycles in which the port had an access ready and a bank was taken
  std::array<std::uint64_t, kSramPorts> lost_to{};  ///< of these, by the port that had taken it
  Tick occupied = 0;  ///< ticks from acceptance to response, summed over transactions
};

struct SramStats {
  std::array<SramPortStats, kSramPorts> ports;  ///< engine, DMA, fabric
  std::uint64_t core_accesses = 0;              ///< b_transport calls of the control cores
  std::uint64_t core_bytes = 0;                 ///< bytes they moved
  std::uint64_t withheld = 0;                   ///< requests kept waiting by a full port queue
  std::uint64_t misuses = 0;                    ///< transactions refused: slot, range or list rule

  std::uint64_t bytes_read() const {
    std::uint64_t sum = 0;
    for (const SramPortStats& port : ports) sum += port.bytes_read;
    return sum;
  }
  /// Bytes written, accumulated ones included.
  std::uint64_t bytes_written() const {
    std::uint64_t sum = 0;
    for (const SramPortStats& port : ports) sum += port.bytes_written + port.bytes_accumulated;
    return sum;
  }
};

}  // namespace moesaic
