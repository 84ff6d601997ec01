// SPDX-License-Identifier: Apache-2.0
// Parameters of the die-to-die fabric: links, routers and network interfaces.
#pragma once

#include <array>
#include <cstdint>

#include "tlm/field.h"

namespace moesaic {

/// Message classes, on disjoint virtual channels so that no class can block another.
enum class PacketClass : std::uint8_t {
  control,   ///< event signals and mail
  request,   ///< remote memory reads, and remote memory writes with their data
  response,  ///< data of remote reads, acknowledgements of remote writes
  stream,    ///< DMA writes to another die's SRAM
  count
};
inline constexpr std::size_t kPacketClasses = static_cast<std::size_t>(PacketClass::count);
inline constexpr std::array<const char*, kPacketClasses> kPacketClassNames{"control", "request", "response",
                                                                           "stream"};
inline const std::array<const char*, kPacketClasses>& enum_names(PacketClass) {
  return kPacketClassNames;
}

/// How bytes are framed on the link (UCIe 1.1 section 3.3). Packets are packed back to back into flits.
enum class FlitFormat : std::uint8_t {
  raw_64,    ///< 64 B, no overhead
  flit_68,   ///< 64 B payload, 2 B header, 2 B CRC: 94.1 %
  flit_256,  ///< 236 B payload, 6 B DLP, 14 B CRC and reserved: 92.2 %
};
inline constexpr std::array<const char*, 3> kFlitFormatNames{"raw_64", "flit_68", "flit_256"};
inline const std::array<const char*, 3>& enum_names(FlitFormat) {
  return kFlitFormatNames;
}

struct VcParams {
  std::uint32_t vcs = 1;
  std::uint32_t depth_flits = 16;
};

template <class V>
void describe_fields(V& v, VcParams& p) {
  v(Field{"vcs", "count", "virtual channels of this class", 1, 8}, p.vcs);
  v(Field{"depth_flits", "flits", "buffer of one virtual channel, in flow-control flits of 64 bytes", 1,
          4096},
    p.depth_flits);
}

/// Defaults: the UCIe link of the FSE-DP test chip (arXiv 2603.27624 Tab. I): 288 GB/s read as per link and
/// direction, three x32 modules at 24 Gb/s; 4.02 ns FDI to FDI. One credit round trip is 2 x 4.02 ns + 3 ns
/// router + 1 ns serialisation = 12 ns or 68 flits: 80 flits let a single stream fill the link.
struct D2dParams {
  std::uint32_t modules = 3;
  std::uint32_t lanes = 32;
  std::uint32_t gbit_per_s_per_lane = 24;
  FlitFormat flit_format = FlitFormat::flit_68;
  double link_latency_ns = 4.02;

  std::uint64_t router_hz = 1'000'000'000;
  std::uint32_t router_pipeline_cycles = 3;
  std::uint32_t local_flits_per_cycle = 5;
  std::uint32_t ni_cycles = 2;

  std::uint32_t packet_header_bytes = 16;
  std::uint32_t max_packet_payload_bytes = 256;
  VcParams control{1, 16};
  VcParams request{1, 40};
  VcParams response{1, 80};
  VcParams stream{2, 80};

  std::uint32_t injection_queue_depth = 8;
  std::uint32_t reads_outstanding = 32;
  std::uint32_t sram_outstanding = 16;
  std::uint32_t served_requests = 8;
};

template <class V>
void describe_fields(V& v, D2dParams& p) {
  v(Field{"modules", "count", "UCIe modules per link and direction", 1, 64}, p.modules);
  v(Field{"lanes", "count", "data lanes of one module and direction", 1, 64}, p.lanes);
  v(Field{"gbit_per_s_per_lane", "Gb/s", "data rate of one lane", 1, 128}, p.gbit_per_s_per_lane);
  v(Field{"flit_format", "", "framing on the link"}, p.flit_format);
  v(Field{"link_latency_ns", "ns", "adapter, PHY and wire, from one die's FDI to the other's", 0.001, 10000},
    p.link_latency_ns);
  v(Field{"router_hz", "Hz", "clock of routers and network interfaces", 1e6, 1e11}, p.router_hz);
  v(Field{"router_pipeline_cycles", "cycles", "from the head of a packet at an input to the output", 1, 64},
    p.router_pipeline_cycles);
  v(Field{"local_flits_per_cycle", "flits", "rate between a router and its die, per direction", 1, 64},
    p.local_flits_per_cycle);
  v(Field{"ni_cycles", "cycles", "a network interface forms the first packet of a transaction", 1, 64},
    p.ni_cycles);
  v(Field{"packet_header_bytes", "bytes", "route, address and transaction number, in front of a payload", 0,
          64},
    p.packet_header_bytes);
  v(Field{"max_packet_payload_bytes", "bytes", "largest payload of one packet", 64, 4096, true},
    p.max_packet_payload_bytes);
  v.group("control", "virtual channels of event signals and mail", p.control);
  v.group("request", "virtual channels of remote memory reads and writes", p.request);
  v.group("response", "virtual channels of read data and write acknowledgements", p.response);
  v.group("stream", "virtual channels of writes to another die's SRAM", p.stream);
  v(Field{"injection_queue_depth", "count", "transactions waiting per class in a network interface", 1, 1024},
    p.injection_queue_depth);
  v(Field{"reads_outstanding", "count", "remote memory transactions of a die in flight", 1, 4096},
    p.reads_outstanding);
  v(Field{"sram_outstanding", "count", "SRAM writes of arriving packets in flight", 1, 1024},
    p.sram_outstanding);
  v(Field{"served_requests", "count", "remote requests a die serves at once", 1, 1024}, p.served_requests);
}

}  // namespace moesaic
