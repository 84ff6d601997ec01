// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/fabric_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sc_main/report/table.h"
#include "sc_main/report/units.h"

namespace moesaic {

namespace {

constexpr std::size_t kFarLinksPrinted = 16;

// From which share on a link is shown as hot.
constexpr double kWarm = 0.3;
constexpr double kHot = 0.7;

/// The busiest of the links from one die to another; null: there is none.
const LinkRow* link_between(const std::vector<LinkRow>& links, unsigned from, unsigned to) {
  const LinkRow* busiest = nullptr;
  for (const LinkRow& link : links) {
    if (link.from != from || link.to != to) continue;
    if (busiest == nullptr || link.busy_share > busiest->busy_share) busiest = &link;
  }
  return busiest;
}

std::string heated(const std::string& text, double share, const Ink& ink) {
  return share >= kHot ? ink.bad(text) : share >= kWarm ? ink.warning(text) : text;
}

std::string mark_of(const LinkRow& link) {
  return link.down ? "x" : fmt::format("{:.0f}", link.busy_share * 100.0);
}

/// Both directions between two neighbours in nine columns: " 41> <7  ", "  41v ^7 ".
std::string pair_text(const LinkRow* there, const LinkRow* back, char there_mark, char back_mark,
                      const Ink& ink) {
  if (there == nullptr && back == nullptr) return std::string(9, ' ');
  const std::string left = there == nullptr ? "" : fmt::format("{}{}", mark_of(*there), there_mark);
  const std::string right = back == nullptr ? "" : fmt::format("{}{}", back_mark, mark_of(*back));
  const std::string before(4 - std::min<std::size_t>(4, left.size()), ' ');
  const std::string behind(4 - std::min<std::size_t>(4, right.size()), ' ');
  return before + (there ? heated(left, there->busy_share, ink) : left) + " " +
         (back ? heated(right, back->busy_share, ink) : right) + behind;
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

bool neighbours(unsigned columns, std::uint64_t a, std::uint64_t b) {
  if (a > b) std::swap(a, b);
  return b == a + columns || (b == a + 1 && b % columns != 0);
}

std::string far_links(unsigned columns, const std::vector<LinkRow>& links, const Ink& ink) {
  std::vector<const LinkRow*> far;
  for (const LinkRow& link : links) {
    if (!neighbours(columns, link.from, link.to)) far.push_back(&link);
  }
  if (far.empty()) return "";
  std::stable_sort(far.begin(), far.end(),
                   [](const LinkRow* a, const LinkRow* b) { return a->busy_share > b->busy_share; });
  std::string text = "  others:";
  for (std::size_t i = 0; i < std::min(far.size(), kFarLinksPrinted); ++i) {
    text += fmt::format(" {}->{} ", far[i]->from, far[i]->to);
    text += heated(mark_of(*far[i]), far[i]->busy_share, ink);
  }
  if (far.size() > kFarLinksPrinted) text += fmt::format(" and {} less busy", far.size() - kFarLinksPrinted);
  return text + "\n";
}

// --- SVG

constexpr double kPitch = 120.0;
constexpr double kDie = 52.0;

struct Point {
  double x, y;
};

Point centre(unsigned columns, std::uint64_t die) {
  return {kPitch / 2 + kPitch * static_cast<double>(die % columns),
          kPitch / 2 + kPitch * static_cast<double>(die / columns)};
}

/// Light grey at 0, red at 1.
std::string heat_colour(double share) {
  const double s = std::clamp(share, 0.0, 1.0);
  const auto mix = [s](double cold, double hot) { return static_cast<int>(cold + s * (hot - cold) + 0.5); };
  return fmt::format("rgb({},{},{})", mix(225, 213), mix(225, 40), mix(225, 0));
}

/// A direction of a link: to the right of its way, in a bow around the dies between.
std::string svg_link(unsigned columns, const LinkRow& link) {
  const Point a = centre(columns, link.from);
  const Point b = centre(columns, link.to);
  const double length = std::hypot(b.x - a.x, b.y - a.y);
  const double along_x = (b.x - a.x) / length, along_y = (b.y - a.y) / length;
  const bool near = neighbours(columns, link.from, link.to);
  const double side = 9.0;
  const double bow = near ? side : side + length / 5;
  const double from_edge = near ? kDie / 2 : kDie / 3;
  const auto point = [&](double distance, double aside) {
    return Point{a.x + along_x * distance - along_y * aside, a.y + along_y * distance + along_x * aside};
  };
  const Point begin = point(from_edge, side), end = point(length - from_edge, side);
  const Point middle = point(length / 2, bow);
  const Point label = point(length / 2, (near ? side : (side + bow) / 2) + 8.0);
  std::string text = fmt::format(
      "<path d=\"M{:.1f} {:.1f} Q{:.1f} {:.1f} {:.1f} {:.1f}\" fill=\"none\" stroke=\"{}\" "
      "stroke-width=\"7\"><title>{} to {}: busy {}, {} of {}, {} retries</title></path>\n",
      begin.x, begin.y, middle.x, middle.y, end.x, end.y, heat_colour(link.busy_share), link.from, link.to,
      link.down ? std::string("down") : percent(link.busy_share), rate_text(link.bytes_per_s),
      rate_text(link.stats.peak_bytes_per_s), link.stats.retries);
  text += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", label.x,
                      label.y + 4.0, mark_of(link));
  return text;
}

}  // namespace

std::string link_map_text(unsigned rows, unsigned columns, const std::vector<LinkRow>& links,
                          const Ink& ink) {
  std::string text;
  for (unsigned row = 0; row < rows; ++row) {
    std::string dies = "  ";
    std::string below = "  ";
    for (unsigned column = 0; column < columns; ++column) {
      const unsigned here = row * columns + column;
      dies += fmt::format("{:^9}", fmt::format("[{}]", here));
      if (column + 1 < columns) {
        dies += pair_text(link_between(links, here, here + 1), link_between(links, here + 1, here), '>', '<',
                          ink);
      }
      below += pair_text(link_between(links, here, here + columns), link_between(links, here + columns, here),
                         'v', '^', ink) +
               std::string(9, ' ');
    }
    text += without_trailing_spaces(dies) + "\n";
    if (row + 1 < rows) text += without_trailing_spaces(below) + "\n";
  }
  return text + far_links(columns, links, ink);
}

std::string link_map_svg(unsigned rows, unsigned columns, const std::vector<LinkRow>& links) {
  const double width = kPitch * columns, height = kPitch * rows;
  std::string text = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" role=\"img\" aria-label=\"busy share of links, "
      "percent\">\n",
      width, height, width);
  for (const LinkRow& link : links) text += svg_link(columns, link);
  for (unsigned die = 0; die < rows * columns; ++die) {
    const Point at = centre(columns, die);
    text += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.0f}\" fill=\"#fff\" "
        "stroke=\"#222\"/><text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">die {}</text>\n",
        at.x - kDie / 2, at.y - kDie / 2, kDie, kDie, at.x, at.y + 4.0, die);
  }
  return text + "</svg>\n";
}

std::string link_table(const std::vector<LinkRow>& links, std::size_t most) {
  std::vector<const LinkRow*> busiest;
  for (const LinkRow& link : links) {
    if (link.stats.flits > 0) busiest.push_back(&link);
  }
  if (busiest.empty()) return "";
  std::stable_sort(busiest.begin(), busiest.end(),
                   [](const LinkRow* a, const LinkRow* b) { return a->busy_share > b->busy_share; });
  if (busiest.size() > most) busiest.resize(most);
  Table table({"link", "achieved", "peak", "of peak", "buffered", "no credit", "no channel", "lost switch",
               "busy link", "repeating", "retries"});
  for (const LinkRow* link : busiest) {
    const LinkStats& s = link->stats;
    table.add({fmt::format("{}->{}", link->from, link->to), rate_text(link->bytes_per_s),
               rate_text(s.peak_bytes_per_s), percent(link->share),
               fmt::format("{:.2f} flits", link->buffered_mean), time_text(s.stall_credit),
               time_text(s.stall_vc), time_text(s.stall_switch), time_text(s.stall_link),
               time_text(s.stall_retry), count_text(s.retries)});
  }
  return table.text();
}

std::string packet_table(const std::vector<PacketRow>& packets) {
  Table table({"packets", "received", "mean", "50 % are", "99 % are", "longest"});
  const auto bound = [](const LatencyHistogram& h, double share) {
    const std::size_t bin = h.bin_of(share);
    return bin < LatencyHistogram::kBounds.size()
               ? fmt::format("below {} ns", LatencyHistogram::kBounds[bin])
               : fmt::format("{} ns or more", LatencyHistogram::kBounds.back());
  };
  for (const PacketRow& row : packets) {
    if (row.packets == 0) continue;
    table.add({row.kind, count_text(row.packets), time_text(row.mean), bound(row.histogram, 0.5),
               bound(row.histogram, 0.99), time_text(row.max)});
  }
  return table.empty() ? "" : table.text();
}

std::string hop_line(const std::vector<HopRow>& hops) {
  std::string text;
  for (const HopRow& row : hops)
    text += fmt::format("{} {}: {}", text.empty() ? "  links on the way of a packet:" : ",", row.hops,
                        percent(row.share));
  return text.empty() ? "" : text + "\n";
}

}  // namespace moesaic
