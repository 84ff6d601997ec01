// SPDX-License-Identifier: Apache-2.0
// What a report says of the fabric: links, and packets of the whole package by class and by hops. How a
// declaration is used: metrics.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sc_main/report/block_metrics.h"

namespace moesaic {

struct LinkRow {
  std::uint64_t from = 0, to = 0;
  bool down = false;
  double bytes_per_s = 0.0, share = 0.0, busy_share = 0.0, buffered_mean = 0.0;
  LinkStats stats;
};
template <class V>
void describe_metrics(V& v, const LinkRow& r) {
  v(Field{"from", "", "sending die"}, r.from);
  v(Field{"to", "", "receiving die"}, r.to);
  v(Field{"down", "", "the link was down at the end of the run"}, r.down);
  v(Field{"bytes_per_s", "bytes/s", "wire bytes per time of the run"}, r.bytes_per_s);
  v(Field{"share", "ratio", "achieved divided by peak"}, r.share);
  v(Field{"busy_share", "ratio", "time in which bytes were on the link"}, r.busy_share);
  v(Field{"buffered_mean", "count", "flits in the buffers that they left for this link, mean over the run"},
    r.buffered_mean);
  describe_metrics(v, r.stats);
}

/// Packets of one class, from the offer of their transaction to the arrival of their last byte.
struct PacketRow {
  std::string kind;
  std::uint64_t packets = 0;
  Tick mean = 0, max = 0;
  LatencyHistogram histogram{"packets of this class that took so long, and no bin before", {}};
};
template <class V>
void describe_metrics(V& v, const PacketRow& r) {
  v(Field{"class", "", "control, request, response or stream"}, r.kind);
  v(Field{"packets", "count", "packets received, all dies"}, r.packets);
  v(Field{"mean", "ticks", "network time of a packet, from the offer of its transaction to its last byte"},
    r.mean);
  v(Field{"max", "ticks", "the longest of them"}, r.max);
  v.group("histogram", r.histogram);
}

struct HopRow {
  std::uint64_t hops = 0, packets = 0;
  double share = 0.0;
};
template <class V>
void describe_metrics(V& v, const HopRow& r) {
  v(Field{"hops", "count", "links on the way"}, r.hops);
  v(Field{"packets", "count", "packets received that crossed so many links, all dies"}, r.packets);
  v(Field{"share", "ratio", "of all packets"}, r.share);
}

struct LinkResult;
struct NodeResult;

/// Rates of a link over `time`.
LinkRow link_row(const LinkResult& link, Tick time);
/// One row for each class.
std::vector<PacketRow> packet_rows(const std::vector<NodeResult>& nodes);
/// One row for each number of hops that occurred.
std::vector<HopRow> hop_rows(const std::vector<NodeResult>& nodes);

}  // namespace moesaic
