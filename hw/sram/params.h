// SPDX-License-Identifier: Apache-2.0
// Parameters of a die's SRAM. Defaults: 3.25 MiB, what the area model of the FSE-DP authors gives one compute
// die (about 3.3 MB; the paper does not state it), as 64 macros of 52 KiB, 128 bits wide, at the clock of
// the engine: 819 GB/s in all, 410 GB/s through one port. One port feeds the default 32x64 array (64 B
// weights, 32 B activations and 256 B int32 results per cycle at most) without being its limit. Data that is
// aligned to the port width is moved in fewer cycles: an access pays for every port-wide block it touches.
#pragma once

#include <array>
#include <cstdint>

#include "tlm/field.h"

namespace moesaic {

/// Which port is served first in a cycle in which several want the same bank: in turns, or always in one
/// order.
enum class SramArbitration : std::uint8_t {
  round_robin,
  engine_dma_fabric,
  engine_fabric_dma,
  dma_engine_fabric,
  dma_fabric_engine,
  fabric_engine_dma,
  fabric_dma_engine
};
constexpr std::array<const char*, 7> enum_names(SramArbitration) {
  return {"round_robin",       "engine_dma_fabric", "engine_fabric_dma", "dma_engine_fabric",
          "dma_fabric_engine", "fabric_engine_dma", "fabric_dma_engine"};
}

/// What one bank does in a cycle: one access (1RW macros), or a read and a write (1R1W macros, larger).
enum class BankPorts : std::uint8_t { read_or_write, read_and_write };
constexpr std::array<const char*, 2> enum_names(BankPorts) {
  return {"read_or_write", "read_and_write"};
}

struct SramParams {
  std::uint64_t size_bytes = 3328 * 1024;
  std::uint32_t banks = 64;
  std::uint32_t bank_bytes_per_cycle = 16;
  std::uint32_t port_bytes_per_cycle = 512;
  SramArbitration arbitration = SramArbitration::round_robin;
  BankPorts bank_ports = BankPorts::read_or_write;
  std::uint64_t hz = 800'000'000;
  std::uint32_t read_latency_cycles = 2;
  std::uint32_t write_latency_cycles = 1;
  std::uint32_t port_queue_depth = 16;
  std::uint32_t slots = 64;
};

template <class V>
void describe_fields(V& v, SramParams& p) {
  v(Field{"size_bytes", "bytes", "capacity", 4096, 4294967296.0}, p.size_bytes);
  v(Field{"banks", "count", "banks, interleaved by address", 1, 64, true}, p.banks);
  v(Field{"bank_bytes_per_cycle", "bytes", "what one bank reads or writes per cycle; interleaving granule", 4,
          1024, true},
    p.bank_bytes_per_cycle);
  v(Field{"port_bytes_per_cycle", "bytes",
          "width of a port (engine, DMA, fabric); at least one bank, at most all of them", 8, 65536, true},
    p.port_bytes_per_cycle);
  v(Field{"arbitration", "",
          "port that goes first where several want a bank: in turns, or a fixed order, which can starve the "
          "last"},
    p.arbitration);
  v(Field{"bank_ports", "", "what a bank does in a cycle: one access, or one read and one write"},
    p.bank_ports);
  v(Field{"hz", "Hz", "clock", 1e6, 1e10}, p.hz);
  v(Field{"read_latency_cycles", "cycles", "from the last bank access of a read to its response", 1, 100},
    p.read_latency_cycles);
  v(Field{"write_latency_cycles", "cycles", "from the last bank access of a write to its response", 1, 100},
    p.write_latency_cycles);
  v(Field{"port_queue_depth", "count", "transactions a port accepts before it withholds the next", 1, 1024},
    p.port_queue_depth);
  v(Field{"slots", "count", "entries of the slot table", 1, 4096}, p.slots);
}

}  // namespace moesaic
