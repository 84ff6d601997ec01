// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sc_main/report/fabric_text.h"
#include "sc_main/report/html_parts.h"
#include "sc_main/report/units.h"

namespace moesaic {

namespace {

const char* colour_of(const std::string& family) {
  if (family == "memory") return "#0072b2";
  if (family == "engine") return "#009e73";
  if (family == "fabric") return "#cc79a7";
  if (family == "control") return "#d55e00";
  return "#999999";
}

/// One bar, as long as the makespan, cut by cause; colour by family.
std::string cause_bar(const Report& r) {
  constexpr double kWidth = 1000.0;
  std::string text = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} 60\" width=\"100%\" role=\"img\" aria-label=\"critical path by cause\">\n",
      kWidth);
  double x = 0.0;
  for (const CauseRow& c : r.causes) {
    if (c.time == 0) continue;
    const double width = c.share * kWidth;
    text += fmt::format(
        "<rect x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"36\" fill=\"{}\" stroke=\"#fff\"><title>{}: "
        "{}, {}"
        "</title></rect>\n",
        x, width, colour_of(c.family), c.cause, time_text(c.time), percent(c.share));
    if (c.share > 0.1) text += fmt::format("<text x=\"{:.2f}\" y=\"54\">{}</text>\n", x + 2, c.cause);
    x += width;
  }
  return text + "</svg>\n";
}

std::string head_section(const Report& r) {
  const IdentityRow& id = r.identity;
  std::string text =
      fmt::format("<h1>{} on {}, image {}</h1>\n<p>{} dies, {} tokens, {} layers, seed {}. Routing: {}</p>\n",
                  escaped(id.model), escaped(id.package), escaped(id.image), id.dies, count_text(id.tokens),
                  id.layers, id.seed, escaped(id.routing_source));
  if (id.synthetic) text += "<p class=\"label\">SYNTHETIC routing: made by a generator, not recorded</p>\n";
  if (id.oracle) text += "<p class=\"label\">ORACLE: every core knows the whole routing for free</p>\n";
  if (id.outcome != "ok") text += fmt::format("<p class=\"bad\">The run failed: {}</p>\n", id.outcome);
  for (const std::string& message : id.messages) text += "<pre>" + escaped(message) + "</pre>\n";
  return text;
}

std::string time_sections(const Report& r) {
  if (!r.identity.finished())
    return fmt::format("<h2>Time</h2><p>stopped at {}</p>\n", time_text(r.summary.makespan));
  std::string text = fmt::format("<h2>Time</h2><p>{} in all, {} a layer; {:.2f} times the lower bound.</p>\n",
                                 time_text(r.summary.makespan), time_text(r.summary.time_per_layer),
                                 r.summary.distance_to_bound);
  text += "<h2>Why</h2><p>" + escaped(r.summary.why) + "</p>\n" + cause_bar(r);
  std::vector<std::vector<std::string>> causes, bounds;
  for (const CauseRow& c : r.causes) {
    if (c.time > 0) causes.push_back({c.cause, time_text(c.time), percent(c.share), c.sentence});
  }
  for (const BoundRow& b : r.bounds) {
    bounds.push_back({b.resource, count_text(b.work) + " " + b.unit, time_text(b.time), percent(b.share)});
  }
  return text + html_table({"cause", "time", "share", "meaning"}, causes) + "<h2>Bounds</h2>\n" +
         html_table({"resource", "least work", "time", "of makespan"}, bounds);
}

std::string link_sections(const Report& r) {
  if (r.links.empty()) return "<h2>Links</h2><p>One die: no links.</p>\n";
  std::vector<std::vector<std::string>> links, packets, hops;
  for (const LinkRow& l : r.links) {
    const LinkStats& s = l.stats;
    links.push_back({fmt::format("{} to {}", l.from, l.to), rate_text(l.bytes_per_s),
                     rate_text(s.peak_bytes_per_s), percent(l.share), percent(l.busy_share),
                     fmt::format("{:.2f}", l.buffered_mean), time_text(s.stall_credit), time_text(s.stall_vc),
                     time_text(s.stall_switch), time_text(s.stall_link), time_text(s.stall_retry),
                     count_text(s.retries)});
  }
  for (const PacketRow& p : r.packets) {
    std::vector<std::string> row{p.kind, count_text(p.packets), time_text(p.mean), time_text(p.max)};
    for (const std::uint64_t count : p.histogram.counts) row.push_back(count_text(count));
    packets.push_back(std::move(row));
  }
  for (const HopRow& h : r.hops)
    hops.push_back({std::to_string(h.hops), count_text(h.packets), percent(h.share)});
  std::vector<std::string> head{"packets", "received", "mean", "longest"};
  for (const std::uint32_t bound : LatencyHistogram::kBounds) head.push_back(fmt::format("< {}", bound));
  head.push_back("ns, or more");
  return "<h2>Links: busy share, percent</h2>\n" +
         link_map_svg(r.identity.rows, r.identity.columns, r.links) +
         html_table({"link", "achieved", "peak", "of peak", "busy", "flits buffered", "no credit",
                     "no channel", "lost switch", "busy link", "repeating", "retries"},
                    links) +
         "<h2>Packets</h2>\n" + html_table(head, packets) + html_table({"hops", "packets", "share"}, hops);
}

std::string node_sections(const Report& r) {
  std::vector<std::vector<std::string>> dies, channels;
  for (const NodeRow& n : r.nodes) {
    dies.push_back({std::to_string(n.node), percent(n.tensor_engine.busy_share),
                    percent(n.tensor_engine.macs_share), percent(n.agent.busy_share),
                    bytes_text(n.sram.peak_slot_bytes), bytes_text(n.dma.loaded_bytes),
                    bytes_text(n.dma.sent_bytes)});
    for (std::size_t c = 0; c < n.memory.size(); ++c) {
      channels.push_back({fmt::format("die {} channel {}", n.node, c),
                          bytes_text(n.memory[c].stats.read_bytes), bytes_text(n.memory[c].stats.write_bytes),
                          rate_text(n.memory[c].bytes_per_s),
                          rate_text(n.memory[c].stats.peak_bytes_per_second), percent(n.memory[c].share)});
    }
  }
  return "<h2>Dies</h2>\n" +
         html_table({"die", "engine busy", "MACs of peak", "agent busy", "SRAM slots", "loaded", "sent"},
                    dies) +
         "<h2>Memory channels</h2>\n" +
         html_table({"channel", "read", "written", "achieved", "peak", "of peak"}, channels) +
         link_sections(r);
}

std::string energy_section(const Report& r) {
  std::vector<std::vector<std::string>> rows;
  for (const EnergyRow& e : r.energy) {
    rows.push_back({e.component, energy_text(e.joules), percent(e.share),
                    fmt::format("{:g} {}", e.constant, e.constant_unit), e.evidence, e.source});
  }
  rows.push_back(
      {"all", energy_text(r.summary.joules), "", fmt::format("{:.3f} W", r.summary.watts), "", ""});
  return "<h2>Energy</h2>\n" +
         html_table({"component", "energy", "share", "constant", "evidence", "source"}, rows);
}

std::string statistic_section(const Report& r) {
  if (r.image_statistics.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const ImageStatisticRow& s : r.image_statistics)
    rows.push_back({fmt::format("{} of die {}", s.core, s.node), s.name, number_text(s.value), s.unit});
  return "<h2>What the image says of itself</h2>\n" +
         html_table({"core", "statistic", "value", "unit"}, rows);
}

std::string check_section(const Report& r) {
  if (!r.identity.finished()) return "<h2>Checks</h2><p>none: the run did not finish</p>\n";
  std::string text = "<h2>Checks</h2><ul>\n";
  text += fmt::format("<li>conservation: {} pairs, {} violations</li>\n", count_text(r.work.pairs),
                      r.work.violation_count);
  text += r.work.checked ? fmt::format("<li>functional: {} values, {} differ</li>\n",
                                       count_text(r.work.values), r.work.mismatches)
                         : "<li>functional: not checked</li>\n";
  for (const DeviationRow& d : r.deviations)
    text += fmt::format("<li>deviation: {} of {} pairs</li>\n", d.kind, d.tokens);
  for (const std::string& a : r.identity.assumptions) text += "<li>assumed: " + escaped(a) + "</li>\n";
  return text + "</ul>\n";
}

}  // namespace

std::string html_report(const Report& r) {
  return html_head("moesaic report") + head_section(r) + time_sections(r) + node_sections(r) +
         energy_section(r) + statistic_section(r) + check_section(r) +
         fmt::format("<p>moesaic {}</p>\n</body></html>\n", r.identity.version);
}

}  // namespace moesaic
