// SPDX-License-Identifier: Apache-2.0
#include "sc_main/cli/list_command.h"

#include <fmt/format.h>

#include <filesystem>

#include "sc_main/cli/command_line.h"
#include "sc_main/cli/experiment_choice.h"
#include "sc_main/config/documents.h"
#include "sc_main/config/yaml_reader.h"
#include "sc_main/report/attribution.h"
#include "sc_main/report/metrics.h"
#include "sc_main/report/signal_listing.h"
#include "sc_main/report/table.h"
#include "sc_main/report/units.h"
#include "sc_main/run/image_loader.h"
#include "sc_main/run/register_map.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

[[noreturn]] void refuse(const std::string& verb, const std::string& word,
                         const std::vector<std::string>& known) {
  const std::string near = nearest_word(word, known);
  throw UserError(fmt::format("command line: error: {} {}: unknown{}\n  expected one of {}", verb, word,
                              near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near),
                              join_alternatives(known)));
}

std::string firmware() {
  std::string text;
  for (const ImageInfo& image : list_images()) {
    if (!image.problem.empty()) {
      text += fmt::format("{}  (cannot be used)\n  {}\n\n", image.name, image.problem);
      continue;
    }
    text += fmt::format("{}  ({})\n  {}\n  {}\n", image.name, image.roles, image.summary, image.path);
    Table table({"option", "type", "default", "allowed", "meaning"}, 4);
    table.last_is_prose();
    for (const ImageInfo::Option& o : image.options)
      table.add({o.name, o.type, o.default_value, o.allowed, o.help});
    text += (image.options.empty() ? "    no options\n" : table.text(4)) + "\n";
  }
  if (!text.empty()) {
    return text +
           "Choose with --firmware NAME or --firmware PATH.so, set options with -o NAME=VALUE; for a "
           "comparison\n"
           "each image takes its own: --firmware NAME:OPTION=VALUE,OPTION=VALUE.\n"
           "Write your own: moesaic new firmware NAME (docs/firmware.md).\n";
  }
  std::string places;
  for (const std::filesystem::path& folder : image_search_path()) places += "  " + folder.string() + "\n";
  return "No image was found. Looked in:\n" + places;
}

std::string models(const Library& library) {
  Table table({"model", "hidden", "expert width", "experts", "shared", "top k", "layers", "expert bytes"});
  for (const std::string& name : library.names("models")) {
    const ModelParams m = load_model(name, library);
    table.add({name, std::to_string(m.hidden), std::to_string(m.expert_width), std::to_string(m.experts),
               std::to_string(m.shared_experts), std::to_string(m.top_k), std::to_string(m.layers),
               bytes_text(m.expert_bytes())});
  }
  return table.text(0);
}

std::string packages(const Library& library) {
  Table table({"package", "dies", "MACs/die", "SRAM/die", "memory", "sites", "all sites"});
  for (const std::string& name : library.names("packages")) {
    const PackageParams p = load_package(name, library);
    unsigned sites = 0;
    for (unsigned n = 0; n < p.nodes(); ++n) sites += p.has_memory(NodeId(n));
    const TensorEngineParams& engine = p.chiplet.tensor_engine;
    table.add({name, fmt::format("{}x{}", p.rows, p.columns),
               count_text(std::uint64_t{engine.rows} * engine.columns), bytes_text(p.chiplet.sram.size_bytes),
               p.memory.device, std::to_string(sites), rate_text(p.memory.bytes_per_second() * sites)});
  }
  return table.text(0);
}

std::string memories(const Library& library) {
  Table table({"memory", "channels", "peak of a channel", "capacity", "assumed", "device"});
  table.last_is_prose();
  for (const std::string& name : library.names("memories")) {
    const MemoryParams m = load_memory(name, library);
    table.add({name, std::to_string(m.channels), rate_text(m.channel_bytes_per_second()),
               bytes_text(m.capacity_bytes), m.assumed.empty() ? "-" : std::to_string(m.assumed.size()),
               m.device});
  }
  return table.text(0) +
         "\n`assumed` counts what nobody has sourced; it is printed with every result. The configurations of "
         "other\n"
         "simulators: platforms/memories/peers. What one channel gives: moesaic memory-bench NAME.\n";
}

std::string routing(const Library& library) {
  Table table({"profile", "source"});
  table.last_is_prose();
  for (const std::string& name : library.names("routing")) {
    RoutingParams params;
    FieldNode tree = FieldTree::make(Field{"", "", ""}, params);
    Problems problems;
    Places places;
    YamlReader reader(library, problems, places);
    reader.read_file(library.resolve(name, "routing", std::filesystem::current_path()), tree, "", Place{});
    problems.raise_if_any();
    table.add({name, params.source});
  }
  return table.text(0) +
         "\nA profile generates synthetic routing. A recorded one: --routing FILE (docs/configuration.md).\n";
}

std::string causes() {
  Table table({"cause", "family", "meaning"}, 2);
  table.last_is_prose();
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    const auto cause = static_cast<Cause>(i);
    table.add({describe(cause).name, family_of(cause), describe(cause).sentence});
  }
  return table.text(0);
}

std::string document(const std::string& path) {
  for (const GeneratedFile& file : configuration_documents()) {
    if (file.path == path) return file.text;
  }
  panic("cli.list", 0, "no generated file " + path);
}

}  // namespace

int list_command(const std::string& topic, bool markdown) {
  std::string text;
  if (topic == "firmware") text = firmware();
  if (topic == "models") text = models(Library::find());
  if (topic == "packages") text = packages(Library::find());
  if (topic == "memories") text = memories(Library::find());
  if (topic == "routing") text = routing(Library::find());
  if (topic == "metrics") text = markdown ? metric_document() : metric_listing();
  if (topic == "registers") text = register_map_markdown();
  if (topic == "fields") text = document("docs/configuration.md");
  if (topic == "causes") text = causes();
  if (topic == "signals") text = markdown ? signal_document() : signal_listing();
  if (text.empty()) refuse("list", topic, list_topics());
  fmt::print("{}", text);
  return kExitOk;
}

int schema_command(const std::string& kind) {
  for (const std::string& known : schema_kinds()) {
    if (kind != known) continue;
    fmt::print("{}", document("platforms/schema/" + kind + ".json"));
    return kExitOk;
  }
  refuse("schema", kind, schema_kinds());
}

}  // namespace moesaic
