// SPDX-License-Identifier: Apache-2.0
// Parameters of the die-to-die fabric: links, routers and network interfaces.
#pragma once

#include <array>
#include <cstdint>
#include <string>

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

/// Who is joined to whom.
enum class TopologyKind : std::uint8_t { mesh, torus, ring, fully_connected, list };
constexpr std::array<const char*, 5> enum_names(TopologyKind) {
  return {"mesh", "torus", "ring", "fully_connected", "list"};
}

enum class FabricRouting : std::uint8_t { xy, yx, west_first, odd_even, table };
constexpr std::array<const char*, 5> enum_names(FabricRouting) {
  return {"xy", "yx", "west_first", "odd_even", "table"};
}

struct TopologyParams {
  TopologyKind kind = TopologyKind::mesh;
  FabricRouting routing = FabricRouting::xy;
  std::string links;
  std::string table;
  std::string slow_links;
  std::string down_links;
  bool allow_deadlock = false;
};

template <class V>
void describe_fields(V& v, TopologyParams& p) {
  v(Field{"kind", "", "who is joined to whom; list: the pairs in links"}, p.kind);
  v(Field{"routing", "",
          "ways of packets; west_first and odd_even are adaptive, table takes shortest ways and what table "
          "says; rings, lists and fully connected packages take shortest ways"},
    p.routing);
  v(Field{"links", "", "pairs of dies, such as \"0-1 1-2 1-2\"; a pair that stands twice has two links"},
    p.links);
  v(Field{"table", "",
          "exceptions from shortest ways (or those of a tree, where these could deadlock), such as "
          "\"0>3:1\": at die 0, packets to die 3 go to 1"},
    p.table);
  v(Field{"slow_links", "",
          "links with failed lanes, such as \"0-1:2\": both directions between dies 0 and 1 take twice the "
          "time"},
    p.slow_links);
  v(Field{"down_links", "",
          "links that are down, such as \"0-1 2-3@2500\": both directions between dies 0 and 1 from the "
          "start, "
          "those between 2 and 3 from 2500 ns on; tables avoid those of the start"},
    p.down_links);
  v(Field{"allow_deadlock", "", "accept ways on which packets can wait for each other in a circle"},
    p.allow_deadlock);
}

/// Which virtual channel of its class a packet takes at an output.
enum class VcChoice : std::uint8_t { by_destination, any_free };
constexpr std::array<const char*, 2> enum_names(VcChoice) {
  return {"by_destination", "any_free"};
}

/// Stages of a router, in cycles of its clock. Defaults: three stages, the route being computed one hop ahead
/// (Dally and Towles, chapter 16), and heads that are allocated while the packet before them leaves.
struct RouterParams {
  std::uint64_t hz = 1'000'000'000;
  std::uint32_t route_cycles = 0;
  std::uint32_t vc_alloc_cycles = 1;
  std::uint32_t switch_alloc_cycles = 1;
  std::uint32_t traversal_cycles = 1;
  std::uint32_t credit_cycles = 0;
  std::uint32_t local_cycles = 0;
  bool speculative = false;
  bool overlap_heads = true;
  VcChoice vc_choice = VcChoice::by_destination;
  bool multicast = false;
};

template <class V>
void describe_fields(V& v, RouterParams& p) {
  v(Field{"hz", "Hz", "clock of routers and network interfaces", 1e6, 1e11}, p.hz);
  v(Field{"route_cycles", "cycles", "route computation; 0: done one hop ahead", 0, 16}, p.route_cycles);
  v(Field{"vc_alloc_cycles", "cycles", "allocation of a virtual channel", 1, 16}, p.vc_alloc_cycles);
  v(Field{"switch_alloc_cycles", "cycles", "allocation of the switch", 1, 16}, p.switch_alloc_cycles);
  v(Field{"traversal_cycles", "cycles", "through the switch", 0, 16}, p.traversal_cycles);
  v(Field{"credit_cycles", "cycles", "from the arrival of a credit to its use", 0, 16}, p.credit_cycles);
  v(Field{"local_cycles", "cycles", "between a die and its router, one way", 0, 64}, p.local_cycles);
  v(Field{"speculative", "", "heads ask for the switch while they ask for a virtual channel"}, p.speculative);
  v(Field{"overlap_heads", "", "heads behind another packet pass the first stages while they wait"},
    p.overlap_heads);
  v(Field{"vc_choice", "",
          "virtual channel of a packet: the one of its destination, which keeps flows in order, or any that "
          "is "
          "free, which does not"},
    p.vc_choice);
  v(Field{"multicast", "",
          "routers copy the packets of a multicast where the ways to its dies part; false: its source sends "
          "a "
          "copy to each die"},
    p.multicast);
}

/// What joins the dies: routers and links, or the same delay for every packet of a class.
enum class FabricModel : std::uint8_t { routers, fixed_delay };
constexpr std::array<const char*, 2> enum_names(FabricModel) {
  return {"routers", "fixed_delay"};
}

/// fixed_delay: from the network interface of one die to that of any other.
struct FixedDelayParams {
  double control_ns = 0.0;
  double request_ns = 0.0;
  double response_ns = 0.0;
  double stream_ns = 0.0;
};

template <class V>
void describe_fields(V& v, FixedDelayParams& p) {
  v(Field{"control_ns", "ns", "event signals and mail", 0.0, 1e6}, p.control_ns);
  v(Field{"request_ns", "ns", "remote memory reads, and writes with their data", 0.0, 1e6}, p.request_ns);
  v(Field{"response_ns", "ns", "read data and write acknowledgements", 0.0, 1e6}, p.response_ns);
  v(Field{"stream_ns", "ns", "writes to another die's SRAM", 0.0, 1e6}, p.stream_ns);
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
/// direction, three x32 modules at 24 Gb/s; 4.02 ns FDI to FDI. A flow-control flit then takes 0.251 ns. One
/// credit round trip is 2 x 4.02 ns and the router's 3 ns, about 45 flits: 80 let a single stream fill the
/// link.
struct D2dParams {
  FabricModel model = FabricModel::routers;
  FixedDelayParams fixed_delay;
  std::uint32_t modules = 3;
  std::uint32_t lanes = 32;
  std::uint32_t gbit_per_s_per_lane = 24;
  FlitFormat flit_format = FlitFormat::flit_68;
  double link_latency_ns = 4.02;
  double bit_error_rate = 0.0;
  std::uint64_t error_seed = 1;
  std::uint32_t replay_buffer_flits = 0;

  TopologyParams topology;
  RouterParams router;
  std::uint32_t ni_cycles = 2;

  std::uint32_t flit_header_bytes = 4;
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
  v(Field{"model", "",
          "routers: everything below; fixed_delay: every packet of a class arrives the same time after it is "
          "sent, whatever its size, its way, and what else is on the way"},
    p.model);
  v.group("fixed_delay", "time of a packet by class, where model is fixed_delay", p.fixed_delay);
  v(Field{"modules", "count", "UCIe modules per link and direction", 1, 64}, p.modules);
  v(Field{"lanes", "count", "data lanes of one module and direction", 1, 64}, p.lanes);
  v(Field{"gbit_per_s_per_lane", "Gb/s", "data rate of one lane", 1, 128}, p.gbit_per_s_per_lane);
  v(Field{"flit_format", "", "framing on the link"}, p.flit_format);
  v(Field{"link_latency_ns", "ns", "adapter, PHY and wire, from one die's FDI to the other's", 0.001, 10000},
    p.link_latency_ns);
  v(Field{"bit_error_rate", "", "of a link; flits that fail are repeated, and those behind them (go-back-n)",
          0.0, 1e-4},
    p.bit_error_rate);
  v(Field{"error_seed", "", "of the errors"}, p.error_seed);
  v(Field{"replay_buffer_flits", "flits",
          "flow-control flits that a link keeps until they are acknowledged; fewer than a round trip of them "
          "slow "
          "it down; 0: a round trip",
          0, 65536},
    p.replay_buffer_flits);
  v.group("topology", "who is joined to whom, and the ways of packets", p.topology);
  v.group("router", "stages of a router", p.router);
  v(Field{"ni_cycles", "cycles", "a network interface forms the first packet of a transaction", 1, 64},
    p.ni_cycles);
  v(Field{"flit_header_bytes", "bytes",
          "route, channel and sequence number beside the 64 bytes of each flow-control flit", 0, 64},
    p.flit_header_bytes);
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
