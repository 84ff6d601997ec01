// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/fabric_rows.h"

#include <algorithm>

#include "sc_main/report/units.h"
#include "sc_main/run/run_result.h"

namespace moesaic {

LinkRow link_row(const LinkResult& link, Tick time) {
  const auto of_time = [&](Tick part) { return ratio(static_cast<double>(part), static_cast<double>(time)); };
  LinkRow row;
  row.from = index_of(link.from);
  row.to = index_of(link.to);
  row.stats = link.stats;
  row.down = link.stats.down_since <= time;
  row.bytes_per_s = ratio(static_cast<double>(link.stats.wire_bytes), seconds(time));
  row.share = ratio(row.bytes_per_s, link.stats.peak_bytes_per_s);
  row.busy_share = of_time(link.stats.busy);
  row.buffered_mean = of_time(link.stats.buffered);
  return row;
}

std::vector<PacketRow> packet_rows(const std::vector<NodeResult>& nodes) {
  std::vector<PacketRow> rows(kPacketClasses);
  for (std::size_t kind = 0; kind < kPacketClasses; ++kind) {
    PacketRow& row = rows[kind];
    row.kind = kPacketClassNames[kind];
    Tick sum = 0;
    for (const NodeResult& node : nodes) {
      const ClassLatency& latency = node.network.latency[kind];
      row.packets += latency.count;
      row.max = std::max(row.max, latency.max);
      row.histogram.add(latency.histogram);
      sum += latency.sum;
    }
    row.mean = row.packets == 0 ? 0 : sum / row.packets;
  }
  return rows;
}

std::vector<HopRow> hop_rows(const std::vector<NodeResult>& nodes) {
  std::vector<HopRow> rows;
  std::uint64_t all = 0;
  for (std::size_t hops = 0; hops < kMostHops; ++hops) {
    std::uint64_t packets = 0;
    for (const NodeResult& node : nodes) packets += node.network.packets_by_hops[hops];
    if (packets > 0) rows.push_back({hops, packets, 0.0});
    all += packets;
  }
  for (HopRow& row : rows) row.share = ratio(static_cast<double>(row.packets), static_cast<double>(all));
  return rows;
}

}  // namespace moesaic
