// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/signal_listing.h"

#include <fmt/format.h>

#include <vector>

#include "hw/control/trace.h"
#include "hw/d2d/trace.h"
#include "hw/dma/trace.h"
#include "hw/memory/trace.h"
#include "hw/sram/trace.h"
#include "hw/tensor_engine/trace.h"
#include "sc_main/report/table.h"

namespace moesaic {

namespace {

struct Row {
  std::string scope;
  TraceSignal what;
};

std::string values_of(const TraceSignal& what) {
  if (what.kind == TraceSignal::Kind::text) return "text";
  if (what.kind == TraceSignal::Kind::thousand) return std::string("real, ") + what.unit;
  if (what.kind == TraceSignal::Kind::bits) {
    const bool plain = what.unit[0] == '\0';
    return fmt::format("{} bit{}{}{}", what.width, what.width == 1 ? "" : "s", plain ? "" : ", ", what.unit);
  }
  std::string text;
  for (std::size_t i = 0; i < what.values; ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", what.value_names[i]);
  return text;
}

// Visits a table whose lists have one element.
class Lister {
 public:
  Lister(std::vector<Row>& rows, std::string scope) : rows_(rows), scope_(std::move(scope)) {}

  void operator()(const TraceSignal& what, SignalId) { rows_.push_back({scope_, what}); }
  template <class S>
  void group(const char* name, S& signals) {
    Lister inner(rows_, scope_ + "." + name);
    describe_signals(inner, signals);
  }
  template <class S>
  void list(const char* name, std::vector<S>& all) {
    for (S& one : all) group((std::string(name) + "N").c_str(), one);
  }

 private:
  std::vector<Row>& rows_;
  std::string scope_;
};

template <class S>
void add(std::vector<Row>& rows, const std::string& scope, S signals) {
  Lister lister(rows, scope);
  describe_signals(lister, signals);
}

// The names are those of the modules (hw/chiplet/chiplet.cpp, hw/package/package.cpp); a test compares them
// with a run's.
std::vector<Row> all_rows() {
  std::vector<Row> rows;
  const std::string die = "package.dieN.";
  add(rows, die + "agent_core", ControlCoreSignals{});
  add(rows, die + "scheduler_core", ControlCoreSignals{});
  CommandProcessorSignals control;
  for (ContextSignals& context : control.contexts) context.queues.resize(1);
  control.events.resize(1);
  add(rows, die + "command_processor", control);
  add(rows, die + "tensor_engine", TensorEngineSignals{});
  DmaSignals dma;
  dma.channels.resize(1);
  add(rows, die + "dma", dma);
  SramSignals sram;
  sram.slots.resize(1);
  add(rows, die + "sram", sram);
  MemorySignals memory;
  memory.channels.resize(1);
  add(rows, die + "memory", memory);
  add(rows, die + "network", NetworkSignals{});
  add(rows, "package.link_N_N", LinkSignals{});
  RouterSignals router;
  router.names = {"local", "north", "east", "south", "west"};
  router.outputs.resize(router.names.size());
  for (OutputSignals& output : router.outputs) output.vcs.resize(1);
  add(rows, "package.routerN", router);
  return rows;
}

}  // namespace

std::string without_numbers(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) text += c;
    if (digit && (text.empty() || text.back() != 'N')) text += 'N';
  }
  return text;
}

std::string signal_listing() {
  std::string text;
  std::string scope;
  Table table({"signal", "values", "meaning"}, 3);
  table.last_is_prose();
  for (const Row& row : all_rows())
    table.add({row.scope + "." + row.what.name, values_of(row.what), row.what.sentence});
  return table.text(0) +
         "\nN stands for a number. Choose with `moesaic run --vcd FILE --vcd-scope PATTERN` "
         "(docs/waveform.md).\n";
}

std::string signal_document() {
  std::string text = "| signal | values | meaning |\n|---|---|---|\n";
  for (const Row& row : all_rows()) {
    text += fmt::format("| `{}.{}`{} | {} | {} |\n", row.scope, row.what.name, row.what.rare ? " *" : "",
                        values_of(row.what), row.what.sentence);
  }
  return text;
}

}  // namespace moesaic
