// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/format.h"

#include <algorithm>

#include "hw/d2d/multicast_tree.h"
#include "tlm/divide.h"

namespace moesaic {

namespace {

const VcParams& vc_params(const D2dParams& p, std::size_t kind) {
  const std::array<const VcParams*, kPacketClasses> all{&p.control, &p.request, &p.response, &p.stream};
  return *all[kind];
}

double delay_ns(const D2dParams& p, std::size_t kind) {
  const FixedDelayParams& d = p.fixed_delay;
  return std::array{d.control_ns, d.request_ns, d.response_ns, d.stream_ns}[kind];
}

Tick ticks(double ns) {
  return static_cast<Tick>(ns * static_cast<double>(kNanosecond) + 0.5);
}

Tick flit_cycle(const D2dParams& p) {
  const FlitShape shape = shape_of(p.flit_format);
  const auto wire = static_cast<unsigned __int128>((kFlowFlitBytes + p.flit_header_bytes) * shape.bytes);
  const auto rate = static_cast<unsigned __int128>(link_bytes_per_s(p)) * shape.payload;
  return std::max<Tick>(1, static_cast<Tick>((2 * wire * kSecond + rate) / (2 * rate)));
}

}  // namespace

D2dFormat::D2dFormat(const D2dParams& p)
    : header_(p.flit_header_bytes),
      max_payload_(p.max_packet_payload_bytes),
      shape_(shape_of(p.flit_format)),
      cycle_(flit_cycle(p)),
      router_cycle_(Clock::from_hz(p.router.hz).edge(1)),
      ni_latency_(Clock::from_hz(p.router.hz).edge(p.ni_cycles)),
      fixed_(p.model == FabricModel::fixed_delay) {
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) delays_[kind] = ticks(delay_ns(p, kind));
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    const VcParams& vcs = vc_params(p, kind);
    fabric_.classes[kind] = {static_cast<unsigned>(fabric_.depths.size()), vcs.vcs};
    fabric_.depths.insert(fabric_.depths.end(), vcs.vcs, vcs.depth_flits);
  }
  const auto rounded = [&](Tick time) { return (time + cycle_ / 2) / cycle_; };
  const auto stage = [&](std::uint32_t cycles) {
    const Cycle flits = rounded(Clock::from_hz(p.router.hz).edge(cycles));
    return cycles > 0 ? std::max<Cycle>(1, flits) : 0;
  };
  const Tick link = ticks(p.link_latency_ns);
  fabric_.route = stage(p.router.route_cycles);
  fabric_.vc_alloc = stage(p.router.vc_alloc_cycles);
  fabric_.switch_alloc = stage(p.router.switch_alloc_cycles);
  fabric_.traversal = stage(p.router.traversal_cycles);
  fabric_.credit = stage(p.router.credit_cycles);
  fabric_.local = stage(p.router.local_cycles);
  fabric_.link = std::max<Cycle>(1, rounded(link));
  fabric_.cycle = cycle_;
  // A CRC is known when all of its flit is there: of 256 bytes, three flow-control flits later.
  fabric_.check = divide_up(shape_.payload, kFlowFlitBytes + header_) - 1;
  fabric_.replay_flits = p.replay_buffer_flits;
  // Small rates: the probability of a flit is that of its bits.
  fabric_.flit_error = p.bit_error_rate * 8.0 * static_cast<double>(wire_bytes(1));
  fabric_.error_seed = p.error_seed;
  fabric_.speculative = p.router.speculative;
  fabric_.overlap = p.router.overlap_heads;
  fabric_.any_vc = p.router.vc_choice == VcChoice::any_free;
  fabric_.multicast = p.router.multicast;
}

Tick D2dFormat::link_time(std::uint64_t payload_bytes) const {
  const std::uint64_t full = payload_bytes / max_payload_;
  const std::uint64_t rest = payload_bytes % max_payload_;
  const std::uint64_t flits =
      full * this->flits(max_payload_) + (rest > 0 || full == 0 ? this->flits(rest) : 0);
  return flits * cycle_;
}

Tick D2dFormat::path_latency(unsigned hops) const {
  const FabricParams& f = fabric_;
  const Cycle router = f.route + (f.speculative ? 0 : f.vc_alloc) + f.switch_alloc + f.traversal;
  return (1 + 2 * f.local + (hops + 1) * router + hops * f.link) * cycle_;
}

double link_payload_bytes_per_s(const D2dParams& p) {
  const D2dFormat format(p);
  return p.max_packet_payload_bytes * static_cast<double>(kSecond) /
         static_cast<double>(format.link_time(p.max_packet_payload_bytes));
}

namespace {

// Where nothing is joined by links, nothing may be said of them, and the other way round.
void check_model(const D2dParams& p, std::vector<std::string>& problems) {
  if (p.model == FabricModel::routers) {
    for (std::size_t kind = 0; kind < kPacketClasses; ++kind)
      if (delay_ns(p, kind) != 0)
        problems.push_back(std::string("fixed_delay.") + kPacketClassNames[kind] +
                           "_ns is set, but model is routers; say model: fixed_delay");
    return;
  }
  const auto refuse = [&](bool set, const char* what) {
    if (set)
      problems.push_back(std::string(what) + " is set, but with model: fixed_delay there are no links");
  };
  refuse(p.bit_error_rate != 0, "bit_error_rate");
  refuse(p.router.multicast, "router.multicast");
  refuse(!p.topology.slow_links.empty(), "topology.slow_links");
  refuse(!p.topology.down_links.empty(), "topology.down_links");
}

}  // namespace

std::vector<std::string> check(const D2dParams& p, unsigned rows, unsigned columns) {
  std::vector<std::string> problems;
  check_model(p, problems);
  for (const std::string& problem : Topology::check(p.topology, rows, columns))
    problems.push_back("topology." + problem);
  if (!problems.empty()) return problems;
  const Topology topology(p.topology, rows, columns);
  const D2dFormat format(p);
  unsigned vcs = 0;
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    vcs += vc_params(p, kind).vcs;
    const bool control = kind == static_cast<std::size_t>(PacketClass::control);
    const std::uint32_t largest =
        control ? format.flits(kFlowFlitBytes) : format.flits(p.max_packet_payload_bytes);
    if (vc_params(p, kind).depth_flits < largest)
      problems.push_back(std::string(kPacketClassNames[kind]) +
                         ".depth_flits: " + std::to_string(vc_params(p, kind).depth_flits) +
                         " does not hold the largest packet of the class, " + std::to_string(largest) +
                         " flits; dies free buffers packet by packet");
    if (vc_params(p, kind).vcs % topology.vc_sets() == 0) continue;
    problems.push_back(std::string(kPacketClassNames[kind]) +
                       ".vcs: " + std::to_string(vc_params(p, kind).vcs) +
                       " cannot be halved; rings and tori need two sets of virtual channels, or packets wait "
                       "for each other in a circle");
  }
  if (p.router.multicast) {
    for (const std::string& problem : multicast_problems(topology))
      problems.push_back("router.multicast: " + problem);
  }
  if (vcs > 32) problems.push_back("more than 32 virtual channels in all classes together");
  return problems;
}

}  // namespace moesaic
