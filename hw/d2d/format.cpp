// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/format.h"

namespace moesaic {

namespace {
const VcParams& vc_params(const D2dParams& p, std::size_t kind) {
  const std::array<const VcParams*, kPacketClasses> all{&p.control, &p.request, &p.response, &p.stream};
  return *all[kind];
}
}  // namespace

D2dFormat::D2dFormat(const D2dParams& p)
    : header_(p.packet_header_bytes),
      max_payload_(p.max_packet_payload_bytes),
      shape_(shape_of(p.flit_format)),
      link_clock_(byte_clock(link_bytes_per_s(p))),
      local_clock_(byte_clock(p.router_hz * p.local_flits_per_cycle * kFlowFlitBytes)),
      link_latency_(static_cast<Tick>(p.link_latency_ns * static_cast<double>(kNanosecond) + 0.5)),
      pipeline_(Clock::from_hz(p.router_hz).edge(p.router_pipeline_cycles)),
      ni_latency_(Clock::from_hz(p.router_hz).edge(p.ni_cycles)),
      router_cycle_(Clock::from_hz(p.router_hz).edge(1)) {
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    const VcParams& vcs = vc_params(p, kind);
    first_vc_[kind] = static_cast<unsigned>(depths_.size());
    vc_count_[kind] = vcs.vcs;
    depths_.insert(depths_.end(), vcs.vcs, vcs.depth_flits);
  }
}

Tick D2dFormat::link_time(std::uint64_t payload_bytes) const {
  const std::uint64_t full = payload_bytes / max_payload_;
  const auto rest = static_cast<std::uint32_t>(payload_bytes % max_payload_);
  std::uint64_t wire = full * wire_bytes(max_payload_);
  if (rest > 0 || full == 0) wire += wire_bytes(rest);
  return link_clock_.edge(wire);
}

unsigned D2dFormat::vc(PacketClass kind, const Mesh& mesh, NodeId destination) const {
  const auto k = static_cast<std::size_t>(kind);
  return first_vc_[k] + (mesh.row(destination) + mesh.column(destination)) % vc_count_[k];
}

double link_payload_bytes_per_s(const D2dParams& p) {
  const D2dFormat format(p);
  return static_cast<double>(link_bytes_per_s(p)) * p.max_packet_payload_bytes /
         format.wire_bytes(p.max_packet_payload_bytes);
}

std::vector<std::string> check(const D2dParams& p) {
  std::vector<std::string> problems;
  const D2dFormat format(p);
  const std::uint32_t mail = format.flits(kFlowFlitBytes);
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    const bool control = kind == static_cast<std::size_t>(PacketClass::control);
    const std::uint32_t largest = control ? mail : format.flits(p.max_packet_payload_bytes);
    if (vc_params(p, kind).depth_flits >= largest) continue;
    problems.push_back(std::string(kPacketClassNames[kind]) +
                       ".depth_flits: " + std::to_string(vc_params(p, kind).depth_flits) +
                       " does not hold the largest packet of the class, " + std::to_string(largest) +
                       " flits; packets move on as a whole (virtual cut-through)");
  }
  if (format.vcs() > 32) problems.push_back("more than 32 virtual channels in all classes together");
  return problems;
}

}  // namespace moesaic
