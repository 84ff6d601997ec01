// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "sc_main/report/json.h"
#include "sc_main/report/report.h"

namespace moesaic {

namespace {

struct Owner {
  const char* prefix;
  const char* room;
};

/// Longest prefix first where one contains another.
constexpr std::array<Owner, 12> kOwners{{{"nodes[].tensor_engine.", "hw/tensor_engine"},
                                         {"nodes[].sram.", "hw/sram"},
                                         {"nodes[].memory[].", "hw/memory"},
                                         {"nodes[].dma.", "hw/dma"},
                                         {"nodes[].command_processor.", "hw/control"},
                                         {"nodes[].agent.", "hw/control"},
                                         {"nodes[].scheduler.", "hw/control"},
                                         {"nodes[].network.", "hw/d2d"},
                                         {"links[].", "hw/d2d"},
                                         {"packets[].", "hw/d2d"},
                                         {"hops[].", "hw/d2d"},
                                         {"image_statistics[].", "firmware"}}};

std::string owner_of(const std::string& path) {
  for (const Owner& owner : kOwners) {
    if (path.rfind(owner.prefix, 0) == 0) return owner.room;
  }
  for (const char* prefix : {"work.", "iterations[]", "layers[]", "deviations[]"}) {
    if (path.rfind(prefix, 0) == 0) return "sc_main/run";
  }
  return "sc_main/report";
}

class DictionaryVisitor {
 public:
  template <class T>
  void operator()(const Field& field, const T&) {
    const std::string path = prefix_ + field.name;
    infos.push_back({path, json_unit(field.unit), field.help, owner_of(path)});
  }
  template <class S>
  void group(const char* name, const S& value) {
    inside(fmt::format("{}.", name), value);
  }
  /// The entries of a list are alike: one default entry stands for all.
  template <class S>
  void list(const char* name, const std::vector<S>&) {
    inside(fmt::format("{}[].", name), S{});
  }

  std::vector<MetricInfo> infos;

 private:
  template <class S>
  void inside(const std::string& name, const S& value) {
    const std::string outer = prefix_;
    prefix_ += name;
    describe_metrics(*this, value);
    prefix_ = outer;
  }
  std::string prefix_;
};

/// "nodes[].dma" of "nodes[].dma.loads".
std::string table_of(const std::string& path) {
  return path.substr(0, path.rfind('.'));
}
std::string leaf_of(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

constexpr const char* kIntroduction = R"(# What a run writes

<!-- Made from the declarations in sc_main/report and hw/*/stats.h; `moesaic list metrics --markdown` prints it,
     and a test compares. Do not edit. -->

A run prints a summary for people and writes its folder (`--out`, by default `results/<experiment>-<image>`):

| file | for |
|---|---|
| `summary.txt` | the summary that was printed, without colours |
| `results.json` | every number below, and the effective configuration |
| `report.html` | the same for a browser; one file, needs no network |
| `experiment.yaml` | the effective configuration; `moesaic run` of this file repeats the run |
| `firmware.log` | what the image logged, up to the level of `--log` |

`moesaic compare` writes one such folder for each image, and beside them `comparison.txt` and `comparison.json`
(`{{"runs": [{{"label": image, "results": results.json}}]}}`).

Two runs of the same input with the same seed write the same bytes. Wall-clock time and the speed of the simulator
therefore go to the terminal (stderr) only.

## results.json

Schema version {}. The top level holds `schema`, `schema_version`, the tables below, and `configuration`: the
effective configuration by key path as text, as `moesaic show` prints it (its fields: `moesaic list fields`).

* Times are integers in femtoseconds (`fs`) of simulated time, counted from the start of the run.
* Shares and distances are plain ratios (unit `ratio`); 0.25 is 25 %.
* `bytes/s` are bytes of 8 bits per second; 25.6e9 is 25.6 GB/s.
* Achieved rates divide by the whole makespan, idle time included. Their peak stands beside them.
* Bytes of a link are counted on every link they cross; bytes of a network interface once, where they are sent
  and where they are received.
* An entry `name[]` is a list; the path stands for each of its entries.

## The tables
)";

}  // namespace

std::vector<MetricInfo> metric_dictionary() {
  DictionaryVisitor visitor;
  describe_metrics(visitor, Report{});
  return std::move(visitor.infos);
}

std::string metric_listing() {
  std::string text;
  std::string table;
  for (const MetricInfo& info : metric_dictionary()) {
    if (table_of(info.path) != table) {
      table = table_of(info.path);
      text += fmt::format("{}{}  ({})\n", text.empty() ? "" : "\n", table, info.owner);
    }
    text += fmt::format("  {:<24} {:<8} {}\n", leaf_of(info.path), info.unit, info.sentence);
  }
  return text;
}

std::string metric_document() {
  std::string text = fmt::format(kIntroduction, kSchemaVersion);
  std::string table;
  for (const MetricInfo& info : metric_dictionary()) {
    if (table_of(info.path) != table) {
      table = table_of(info.path);
      text += fmt::format("\n### {}\n\nCounted by `{}`.\n\n| name | unit | meaning |\n|---|---|---|\n", table,
                          info.owner);
    }
    text += fmt::format("| `{}` | {} | {} |\n", leaf_of(info.path), info.unit, info.sentence);
  }
  return text;
}

}  // namespace moesaic
