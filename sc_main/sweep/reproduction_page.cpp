// SPDX-License-Identifier: Apache-2.0
#include "sc_main/sweep/reproduction_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "sc_main/report/html_parts.h"
#include "sc_main/report/units.h"
#include "sc_main/sweep/chart.h"
#include "sc_main/sweep/csv.h"

namespace moesaic {

namespace {

using Rows = std::vector<std::vector<std::string>>;

struct TextTable {
  std::vector<std::string> head;
  Rows rows;
};

constexpr std::size_t kReasons = 3;

std::string label_of(const std::vector<std::string>& row) {
  return fmt::format("{}", fmt::join(row, ", "));
}

std::string reasons_of(const Figures& f) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kReasons, f.reasons.size()); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", f.reasons[i].first, percent(f.reasons[i].second));
  return text;
}

std::string bytes_of(const SeedFigures& f) {
  return f.slot_bytes.samples == 0 ? "-" : bytes_text(static_cast<std::uint64_t>(f.slot_bytes.mean));
}

std::string time_cell(const PartResult& part, std::size_t row, std::size_t column) {
  const Spread& time = part.time(row, column);
  const std::string& status = part.at(row, column).status;
  if (time.samples == 0) return status;
  std::string text = spread_text(time);
  const Spread& reference = part.time(row, part.reference());
  if (column != part.reference() && reference.samples > 0)
    text += fmt::format(" ({:.2f}x)", reference.mean / time.mean);
  return status == "ok" ? text : text + " " + status;
}

TextTable times(const PartResult& part) {
  TextTable table{part.row_axes, {}};
  table.head.insert(table.head.end(), part.columns.begin(), part.columns.end());
  for (std::size_t r = 0; r < part.rows.size(); ++r) {
    std::vector<std::string> cells = part.rows[r];
    for (std::size_t c = 0; c < part.columns.size(); ++c) cells.push_back(time_cell(part, r, c));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

TextTable details(const PartResult& part) {
  TextTable table{part.row_axes, {}};
  for (const char* head : {part.column_axis.c_str(), "to bound", "bound by", "critical path", "SRAM slots",
                           "busiest core", "engines", "memory"})
    table.head.emplace_back(head);
  for (std::size_t r = 0; r < part.rows.size(); ++r) {
    for (std::size_t c = 0; c < part.columns.size(); ++c) {
      const SeedFigures& f = part.at(r, c);
      std::vector<std::string> cells = part.rows[r];
      cells.push_back(part.columns[c]);
      const bool any = f.to_bound.samples > 0;
      cells.push_back(any ? fmt::format("{:.2f}", f.to_bound.mean) : f.status);
      cells.push_back(any ? f.first.bound : "-");
      cells.push_back(any ? reasons_of(f.first) : "-");
      cells.push_back(bytes_of(f));
      cells.push_back(any ? percent(f.first.control_share) : "-");
      cells.push_back(any ? percent(f.first.engine_share) : "-");
      cells.push_back(any ? percent(f.first.memory_share) : "-");
      table.rows.push_back(std::move(cells));
    }
  }
  return table;
}

const PartResult* part_named(const std::vector<PartResult>& parts, const std::string& name) {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const PartResult& p) { return p.part.name == name; });
  return name.empty() || found == parts.end() ? nullptr : &*found;
}

std::string measured(const ClaimParams& claim, const std::vector<PartResult>& parts,
                     const std::string& name) {
  const PartResult* part = part_named(parts, name);
  const Range range = part == nullptr ? Range{} : range_of(claim, *part);
  if (range.cells == 0) return "not run";
  return fmt::format("{:.2f} to {:.2f}, mean {:.2f} ({} cell{})", range.least, range.greatest, range.mean,
                     range.cells, range.cells == 1 ? "" : "s");
}

TextTable claims(const ReproductionParams& r, const std::vector<PartResult>& parts) {
  TextTable table{{"claim", "paper", "source", "authors' assumptions", "fair"}, {}};
  for (const ClaimParams& c : r.claims)
    table.rows.push_back(
        {c.claim, c.paper, c.source, measured(c, parts, c.authors), measured(c, parts, c.fair)});
  return table;
}

std::string markdown(const TextTable& table) {
  std::string text = "|";
  for (const std::string& cell : table.head) text += " " + cell + " |";
  text += "\n|";
  for (std::size_t i = 0; i < table.head.size(); ++i) text += "---|";
  text += "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const std::string& cell : row) text += " " + cell + " |";
    text += "\n";
  }
  return text;
}

std::string caption(const PartResult& part) {
  std::string text = part.part.text.empty() ? "" : part.part.text + " ";
  text += fmt::format("Assumptions: {}. Time of {}", part.part.assumptions,
                      part.part.per_token ? "a token through all layers" : "an iteration");
  if (part.columns.size() > 1)
    text += fmt::format("; in brackets how many times faster than {}", part.columns[part.reference()]);
  return text + ".";
}

// --- charts

template <class Value>
Chart chart_of(const PartResult& part, const char* y_label, Value value) {
  Chart chart;
  chart.title = part.part.title;
  chart.y_label = y_label;
  chart.bars = !part.part.lines;
  for (const auto& row : part.rows) chart.x.push_back(label_of(row));
  for (std::size_t c = 0; c < part.columns.size(); ++c) {
    Chart::Series series{part.columns[c], {}};
    for (std::size_t r = 0; r < part.rows.size(); ++r) series.y.push_back(value(r, c));
    chart.series.push_back(std::move(series));
  }
  return chart;
}

Chart speed_chart(const PartResult& part) {
  Chart chart = chart_of(part, "times as fast as the reference", [&](std::size_t r, std::size_t c) {
    const Spread& time = part.time(r, c);
    const Spread& reference = part.time(r, part.reference());
    return time.samples > 0 && reference.samples > 0 ? std::optional(reference.mean / time.mean)
                                                     : std::nullopt;
  });
  chart.title += ": speed over " + part.columns[part.reference()];
  chart.mark = 1.0;
  return chart;
}

Chart time_chart(const PartResult& part) {
  Chart chart = chart_of(part, part.part.per_token ? "ms a token" : "ms an iteration",
                         [&](std::size_t r, std::size_t c) {
                           const Spread& time = part.time(r, c);
                           return time.samples > 0 ? std::optional(time.mean * 1e3) : std::nullopt;
                         });
  chart.title += ": time";
  return chart;
}

Chart memory_chart(const PartResult& part) {
  Chart chart = chart_of(part, "MiB of the fullest die", [&](std::size_t r, std::size_t c) {
    const SeedFigures& f = part.at(r, c);
    return f.slot_bytes.samples > 0 ? std::optional(f.slot_bytes.mean / 1048576.0) : std::nullopt;
  });
  chart.title += ": peak SRAM in slots";
  return chart;
}

std::string charts_of(const PartResult& part) {
  std::vector<Chart> charts{part.part.lines ? time_chart(part) : speed_chart(part), memory_chart(part)};
  std::string text;
  for (std::size_t i = 0; i < charts.size(); ++i) {
    const auto svg = draw(charts[i], fmt::format("{}_{}", part.part.name, i));
    if (svg) text += "<div class=\"chart\">" + *svg + "</div>\n";
  }
  return text.empty() ? "<p class=\"label\">gnuplot is not installed: no charts</p>\n" : text;
}

}  // namespace

std::string reproduction_markdown(const ReproductionParams& r, const std::vector<PartResult>& parts) {
  std::string text;
  if (!r.claims.empty())
    text += "### What the paper says, and what was measured\n\n" + markdown(claims(r, parts));
  for (const PartResult& part : parts) {
    text += fmt::format("\n### {}\n\n{}\n\n{}", part.part.title, caption(part), markdown(times(part)));
    text +=
        "\nDistance to the lower bound, and what the critical path is made of:\n\n" + markdown(details(part));
  }
  return text;
}

std::string part_csv(const PartResult& part) {
  std::vector<std::string> head = part.row_axes;
  for (const char* name : {part.column_axis.c_str(),
                           "outcome",
                           "seeds",
                           "iteration_s",
                           "iteration_s_95",
                           "tokens_per_s",
                           "to_bound",
                           "bound",
                           "slot_bytes",
                           "memory_share",
                           "engine_share",
                           "link_share",
                           "control_share",
                           "joules",
                           "deferred_requests",
                           "reason_1",
                           "share_1",
                           "reason_2",
                           "share_2",
                           "reason_3",
                           "share_3",
                           "deviations"})
    head.emplace_back(name);
  std::string text = csv_line(head);
  const auto number = [](double value) { return fmt::format("{:.9g}", value); };
  for (std::size_t r = 0; r < part.rows.size(); ++r) {
    for (std::size_t c = 0; c < part.columns.size(); ++c) {
      const SeedFigures& f = part.at(r, c);
      std::vector<std::string> cells = part.rows[r];
      cells.push_back(part.columns[c]);
      cells.push_back(f.status);
      cells.push_back(std::to_string(f.iteration_s.samples));
      for (const double value :
           {f.iteration_s.mean, f.iteration_s.half_width, f.tokens_per_s.mean, f.to_bound.mean})
        cells.push_back(number(value));
      cells.push_back(f.first.bound);
      for (const double value :
           {f.slot_bytes.mean, f.first.memory_share, f.first.engine_share, f.first.link_share,
            f.first.control_share, f.first.joules, f.first.deferred_requests})
        cells.push_back(number(value));
      for (std::size_t i = 0; i < kReasons; ++i) {
        const bool there = i < f.first.reasons.size();
        cells.push_back(there ? f.first.reasons[i].first : "");
        cells.push_back(there ? number(f.first.reasons[i].second) : "");
      }
      cells.push_back(fmt::format("{}", fmt::join(f.first.deviations, "; ")));
      text += csv_line(cells);
    }
  }
  return text;
}

std::string reproduction_html(const ReproductionParams& r, const std::vector<PartResult>& parts,
                              const std::string& command) {
  std::string text = html_head(r.title);
  text += fmt::format("<h1>{}</h1>\n<p>{}</p>\n<p>{}</p>\n<p>Made by <code>{}</code>.</p>\n",
                      escaped(r.title), escaped(r.source), escaped(r.text), escaped(command));
  if (!r.claims.empty()) {
    const TextTable table = claims(r, parts);
    text += "<h2>What the paper says, and what was measured</h2>\n" + html_table(table.head, table.rows);
  }
  for (const PartResult& part : parts) {
    const TextTable time = times(part), detail = details(part);
    text += fmt::format("<h2>{}</h2>\n<p>{}</p>\n", escaped(part.part.title), escaped(caption(part)));
    text += charts_of(part) + html_table(time.head, time.rows);
    text +=
        "<details><summary>Distance to the lower bound, and what the critical path is made of</summary>\n" +
        html_table(detail.head, detail.rows) + "</details>\n";
  }
  return text + fmt::format("<p>moesaic {}</p>\n</body></html>\n", MOESAIC_VERSION);
}

}  // namespace moesaic
