// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/summary.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "sc_main/report/fabric_text.h"
#include "sc_main/report/ink.h"
#include "sc_main/report/table.h"
#include "sc_main/report/units.h"

namespace moesaic {

namespace {

constexpr std::size_t kPlacesPrinted = 5;
constexpr std::size_t kLayersPrinted = 12;
constexpr std::size_t kNodesPrinted = 16;
constexpr std::size_t kLinksPrinted = 8;

std::uint64_t integer(double value) {
  return static_cast<std::uint64_t>(value);
}

std::string labels(const IdentityRow& id, const Ink& ink) {
  std::string text;
  if (id.synthetic) text += "  " + ink.warning("SYNTHETIC routing: made by a generator, not recorded") + "\n";
  if (id.oracle) text += "  " + ink.warning("ORACLE: every core knows the whole routing for free") + "\n";
  return text;
}

std::string what(const Report& r, const Ink& ink) {
  const IdentityRow& id = r.identity;
  std::string text = ink.bold(fmt::format("{} on {}, image {}", id.model, id.package, id.image)) + "\n";
  text += fmt::format("  {} dies, {} tokens, {} layer{}, seed {}, {} mode, experiment {}\n", id.dies,
                      count_text(id.tokens), id.layers, id.layers == 1 ? "" : "s", id.seed,
                      id.functional ? "functional" : "timing", id.experiment);
  text += fmt::format("  {} active (layer, expert) pairs; routing: {}\n", count_text(r.work.active_experts),
                      id.routing_source);
  if (id.iterations + id.warmup_iterations > 1)
    text += fmt::format("  {} iterations measured behind {} of warm-up; {}\n", id.iterations,
                        id.warmup_iterations, id.requests);
  return text + labels(id, ink);
}

std::string outcome(const Report& r, const Ink& ink) {
  if (r.identity.outcome == "ok") return "";
  std::string text = "\n" + ink.bad(fmt::format("The run failed: {}", r.identity.outcome)) + "\n";
  for (const std::string& message : r.identity.messages) text += "  " + message + "\n";
  return text;
}

std::string iterations_text(const Report& r) {
  const SummaryRow& s = r.summary;
  std::string text =
      fmt::format("  measured iterations: {} each, {} tokens/s through all layers\n",
                  time_text(s.time_per_iteration), count_text(integer(s.measured_tokens_per_s)));
  if (s.deferred_requests > 0)
    text += fmt::format("  {} deferrals of requests to the next iteration, of {} tokens in all\n",
                        count_text(s.deferred_requests), count_text(s.deferred_tokens));
  Table table({"iteration", "time", "tokens", "of prompts", "deferred", ""});
  table.last_is_prose();
  for (std::size_t i = 0; i < std::min(r.iterations.size(), kLayersPrinted); ++i) {
    const IterationRow& it = r.iterations[i];
    table.add({std::to_string(it.number), time_text(it.time), count_text(it.tokens),
               count_text(it.prefill_tokens), count_text(it.deferred_tokens), it.kind});
  }
  text += table.text();
  if (r.iterations.size() > kLayersPrinted)
    text += fmt::format("  ... {} more iterations in results.json\n", r.iterations.size() - kLayersPrinted);
  return text;
}

std::string time_section(const Report& r, const Ink& ink) {
  const SummaryRow& s = r.summary;
  std::string text = "\n" + ink.head("Time");
  if (!r.identity.finished()) return text + fmt::format("  stopped at {}\n", time_text(s.makespan));
  text += fmt::format("  {} in all, {} a layer, {} tokens/s through one layer\n", time_text(s.makespan),
                      time_text(s.time_per_layer), count_text(integer(s.tokens_per_s)));
  const auto bound = std::max_element(r.bounds.begin(), r.bounds.end(),
                                      [](const BoundRow& a, const BoundRow& b) { return a.time < b.time; });
  text += fmt::format("  {:.2f} times the lower bound: {} for {} ({} {} at peak)\n", s.distance_to_bound,
                      time_text(bound->time), bound->resource, count_text(bound->work), bound->unit);
  if (r.iterations.size() > 1) return text + iterations_text(r);
  if (r.layers.size() < 2) return text;
  Table table({"layer", "begin", "end", "time"});
  for (std::size_t i = 0; i < std::min(r.layers.size(), kLayersPrinted); ++i) {
    const LayerRow& l = r.layers[i];
    table.add({std::to_string(l.layer), time_text(l.begin), time_text(l.end), time_text(l.time)});
  }
  text += table.text();
  if (r.layers.size() > kLayersPrinted) {
    text += fmt::format("  ... {} more layers in results.json\n", r.layers.size() - kLayersPrinted);
  }
  return text;
}

std::string why_section(const Report& r, const Ink& ink) {
  std::string text = "\n" + ink.head("Why") + wrapped(r.summary.why);
  std::vector<CauseRow> causes;
  std::copy_if(r.causes.begin(), r.causes.end(), std::back_inserter(causes),
               [](const CauseRow& c) { return c.time > 0; });
  if (causes.empty()) return text;
  std::stable_sort(causes.begin(), causes.end(),
                   [](const CauseRow& a, const CauseRow& b) { return a.time > b.time; });
  Table table({"critical path", "time", "share", ""});
  table.last_is_prose();
  for (const CauseRow& c : causes) table.add({c.cause, time_text(c.time), percent(c.share), c.sentence});
  table.add({"makespan", time_text(r.summary.makespan), percent(1.0), ""});
  text += table.text() + "  most of it at:\n";
  Table places({"place", "unit", "cause", "time", "share"}, 3);
  for (std::size_t i = 0; i < std::min(r.critical_path.size(), kPlacesPrinted); ++i) {
    const PlaceRow& p = r.critical_path[i];
    places.add({p.place, p.unit, p.cause, time_text(p.time), percent(p.share)});
  }
  return text + places.text(4);
}

std::string bounds_section(const Report& r, const Ink& ink) {
  if (!r.identity.finished()) return "";
  Table table({"lower bound", "work", "peak", "time", "of makespan"});
  for (const BoundRow& b : r.bounds) {
    const bool none = b.time == 0;
    const std::string peak =
        b.unit == "bytes" ? rate_text(b.peak_per_s) : fmt::format("{:.3f} TMAC/s", b.peak_per_s / 1e12);
    table.add({b.resource, none ? "-" : fmt::format("{} {}", count_text(b.work), b.unit), none ? "-" : peak,
               none ? "-" : time_text(b.time), none ? "-" : percent(b.share)});
  }
  return "\n" + ink.head("Bounds") + table.text();
}

std::string die_section(const Report& r, const Ink& ink) {
  Table table({"die", "engine busy", "array busy", "MACs of peak", "agent busy", "SRAM slots", "loaded",
               "sent", "commands"});
  for (std::size_t i = 0; i < std::min(r.nodes.size(), kNodesPrinted); ++i) {
    const NodeRow& n = r.nodes[i];
    std::uint64_t commands = 0;
    for (const std::uint64_t count : n.command_processor.commands) commands += count;
    table.add({std::to_string(n.node), percent(n.tensor_engine.busy_share),
               percent(n.tensor_engine.compute_share), percent(n.tensor_engine.macs_share),
               percent(n.agent.busy_share), bytes_text(n.sram.peak_slot_bytes),
               bytes_text(n.dma.loaded_bytes), bytes_text(n.dma.sent_bytes), count_text(commands)});
  }
  std::string text = "\n" + ink.head("Dies") + table.text();
  if (r.nodes.size() > kNodesPrinted) {
    text += fmt::format("  ... {} more dies in results.json\n", r.nodes.size() - kNodesPrinted);
  }
  const SummaryRow& s = r.summary;
  text += fmt::format("  engines: {:.3f} of {:.3f} TMAC/s ({}); SRAM: at most {} of {} in slots on one die\n",
                      s.macs_per_s / 1e12, s.peak_macs_per_s / 1e12, percent(s.engine_macs_share),
                      bytes_text(s.peak_slot_bytes), bytes_text(s.sram_size_bytes));
  for (const NodeRow& n : r.nodes) {
    if (n.scheduler.stats.handlers == 0) continue;
    text += fmt::format("  package scheduler on die {}: busy {}, {} handlers\n", n.node,
                        percent(n.scheduler.busy_share), count_text(n.scheduler.stats.handlers));
  }
  return text;
}

std::string memory_section(const Report& r, const Ink& ink) {
  Table table({"memory", "read", "written", "achieved", "peak", "of peak", "row hits"});
  for (std::size_t i = 0; i < std::min(r.nodes.size(), kNodesPrinted); ++i) {
    std::uint64_t read = 0, written = 0, hits = 0, bursts = 0;
    double achieved = 0.0, peak = 0.0;
    for (const ChannelRow& c : r.nodes[i].memory) {
      read += c.stats.read_bytes;
      written += c.stats.write_bytes;
      hits += c.stats.row_hits;
      bursts += c.stats.read_bursts + c.stats.write_bursts;
      achieved += c.bytes_per_s;
      peak += c.stats.peak_bytes_per_second;
    }
    if (r.nodes[i].memory.empty()) continue;
    table.add({fmt::format("die {}", r.nodes[i].node), bytes_text(read), bytes_text(written),
               rate_text(achieved), rate_text(peak), percent(ratio(achieved, peak)), percent(hits, bursts)});
  }
  const SummaryRow& s = r.summary;
  table.add({"all", bytes_text(s.memory_read_bytes), bytes_text(s.memory_write_bytes),
             rate_text(s.memory_bytes_per_s), rate_text(s.peak_memory_bytes_per_s), percent(s.memory_share),
             ""});
  return "\n" + ink.head("Memory") + table.text();
}

std::string link_section(const Report& r, const Ink& ink) {
  if (r.links.empty()) return "";
  const auto hottest =
      std::max_element(r.links.begin(), r.links.end(),
                       [](const LinkRow& a, const LinkRow& b) { return a.busy_share < b.busy_share; });
  const SummaryRow& s = r.summary;
  std::string text = "\n" + ink.head("Links");
  text += fmt::format("  busiest {}->{}: busy {}, {} of {}; mean busy {} over {} directions\n", hottest->from,
                      hottest->to, percent(hottest->busy_share), rate_text(hottest->bytes_per_s),
                      rate_text(hottest->stats.peak_bytes_per_s), percent(s.link_busy_mean), r.links.size());
  text += fmt::format("  payload sent: stream {}, request {}, response {}, control {}; on the wire {}\n",
                      bytes_text(s.d2d_payload.values[3]), bytes_text(s.d2d_payload.values[1]),
                      bytes_text(s.d2d_payload.values[2]), bytes_text(s.d2d_payload.values[0]),
                      bytes_text(s.d2d_wire_bytes));
  text += "  busy share in percent, by direction:\n";
  text += link_map_text(r.identity.rows, r.identity.columns, r.links, ink);
  return text + link_table(r.links, kLinksPrinted) + packet_table(r.packets) + hop_line(r.hops);
}

std::string energy_section(const Report& r, const Ink& ink) {
  Table table({"energy", "joules", "share", "constant", "evidence"});
  table.last_is_prose();
  for (const EnergyRow& e : r.energy) {
    table.add({e.component, energy_text(e.joules), percent(e.share),
               fmt::format("{:g} {}", e.constant, e.constant_unit), e.evidence});
  }
  table.add(
      {"all", energy_text(r.summary.joules), percent(1.0), "", fmt::format("{:.3f} W", r.summary.watts)});
  return "\n" + ink.head("Energy") + table.text();
}

std::string budget_section(const Report& r, const Ink& ink) {
  std::string text = "\n" + ink.head("Budget");
  Table table({"estimate", "D2D", "SRAM", "memory", "rest", "all", "limit"});
  for (const BudgetRow& b : r.budget) {
    const auto number = [&](double value) { return fmt::format("{:.2f} {}", value, b.unit); };
    table.add({b.quantity, number(b.d2d), number(b.sram), number(b.memory), number(b.rest), number(b.all),
               b.limit > 0.0 ? number(b.limit) : "none"});
  }
  text += table.text();
  for (const BudgetRow& b : r.budget)
    if (b.exceeded)
      text += "  " +
              ink.warning(fmt::format("{} of {:.2f} {} exceeds the package's budget of {:.2f} {}", b.quantity,
                                      b.all, b.unit, b.limit, b.unit)) +
              "\n";
  return text;
}

/// Statistics of one name over all cores that published it.
struct StatisticSpread {
  std::string name, unit;
  std::uint64_t cores = 0;
  double least = 0.0, sum = 0.0, greatest = 0.0;
};

std::string statistic_section(const Report& r, const Ink& ink) {
  std::vector<StatisticSpread> all;
  for (const ImageStatisticRow& s : r.image_statistics) {
    auto entry = std::find_if(all.begin(), all.end(),
                              [&](const StatisticSpread& a) { return a.name == s.name && a.unit == s.unit; });
    if (entry == all.end()) entry = all.insert(all.end(), {s.name, s.unit, 0, s.value, 0.0, s.value});
    ++entry->cores;
    entry->sum += s.value;
    entry->least = std::min(entry->least, s.value);
    entry->greatest = std::max(entry->greatest, s.value);
  }
  if (all.empty()) return "";
  Table table({"statistic", "unit", "cores", "least", "mean", "greatest"}, 2);
  for (const StatisticSpread& a : all) {
    table.add({a.name, a.unit, std::to_string(a.cores), number_text(a.least),
               number_text(a.sum / static_cast<double>(a.cores)), number_text(a.greatest)});
  }
  return "\n" + ink.head(fmt::format("What image {} says of itself", r.identity.image)) + table.text();
}

std::string check_section(const Report& r, const Ink& ink) {
  const WorkRow& w = r.work;
  std::string text = "\n" + ink.head("Checks");
  if (!r.identity.finished()) return text + "  none: the run did not finish\n";
  text +=
      fmt::format("  conservation: {} (token, expert) pairs, {} slice computes, {} result rows stored: {}\n",
                  count_text(w.pairs), count_text(w.slices), count_text(w.outputs),
                  w.violation_count == 0 ? ink.good("each exactly once")
                                         : ink.bad(fmt::format("{} violations", w.violation_count)));
  for (const std::string& violation : w.violations) text += "    " + violation + "\n";
  if (!w.checked) {
    text += "  functional: not checked (--functional)\n";
  } else if (w.mismatches == 0) {
    text += fmt::format("  functional: {} values: {}\n", count_text(w.values),
                        ink.good("all equal the reference"));
  } else {
    text +=
        fmt::format("  functional: {}; {}\n",
                    ink.bad(fmt::format("{} of {} values differ", w.mismatches, w.values)), w.first_mismatch);
  }
  if (r.deviations.empty()) text += "  deviations declared by the image: none\n";
  for (const DeviationRow& d : r.deviations) {
    text += "  " + ink.warning(fmt::format("deviation: {} of {} pairs", d.kind, count_text(d.tokens))) + "\n";
  }
  for (const std::string& assumption : r.identity.assumptions) text += "  assumed: " + assumption + "\n";
  return text;
}

}  // namespace

std::string summary_text(const Report& report, const SummaryStyle& style) {
  const Ink ink(style.colours);
  std::string text = what(report, ink) + outcome(report, ink);
  text += time_section(report, ink) + why_section(report, ink) + bounds_section(report, ink);
  text += die_section(report, ink) + memory_section(report, ink) + link_section(report, ink);
  text += energy_section(report, ink) + budget_section(report, ink);
  text += statistic_section(report, ink) + check_section(report, ink);
  if (!style.results_folder.empty()) text += fmt::format("\nWritten to {}\n", style.results_folder);
  return text;
}

bool wants_colours(int descriptor) {
  const char* off = std::getenv("NO_COLOR");  // no-color.org: set and not empty
  return (off == nullptr || *off == '\0') && isatty(descriptor) == 1;
}

}  // namespace moesaic
