// SPDX-License-Identifier: Apache-2.0
#include "sc_main/report/vcd_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "sc_main/config/quantity.h"
#include "sc_main/report/atomic_file.h"
#include "sc_main/report/output_folder.h"
#include "sc_main/report/signal_listing.h"
#include "tlm/diagnostics.h"

namespace moesaic {

namespace {

constexpr double kQuarterPowerOfTwo = 1.189207115002721;

Tick parse_time(const std::string& text, const std::string& whole) {
  const auto refuse = [&](const char* why) {
    throw UserError(fmt::format(
        "command line: error: --vcd-window {}: {} {}\n  expected FROM..TO, each a time with a unit, such as "
        "10us..25us; either may be left out",
        whole, text.empty() ? "the text" : "\"" + text + "\"", why));
  };
  const auto quantity = parse_quantity(text, "fs");
  if (!quantity) refuse("is not a time");
  const auto ticks = quantity->whole();
  if (!ticks || *ticks < 0 || *ticks >= static_cast<WideInteger>(kNever)) refuse("is not a whole time");
  const bool unit = text.find_first_not_of("0123456789.eE+- ") != std::string::npos;
  if (!unit && *ticks != 0) refuse("has no unit");
  return static_cast<Tick>(*ticks);
}

bool fits(const char* pattern, const char* text, const char* end) {
  for (; *pattern != '\0'; ++pattern, ++text) {
    if (*pattern == '*') {
      for (const char* rest = text; rest <= end; ++rest) {
        if (fits(pattern + 1, rest, end)) return true;
      }
      return false;
    }
    if (text == end || (*pattern != '?' && *pattern != *text)) return false;
  }
  return text == end;
}

// Parts of a hierarchical name; "die10" behind "die9".
std::vector<std::pair<std::string, unsigned long>> sort_key(const std::string& scope) {
  std::vector<std::pair<std::string, unsigned long>> key;
  for (std::size_t at = 0; at <= scope.size();) {
    const std::size_t dot = std::min(scope.find('.', at), scope.size());
    std::string part = scope.substr(at, dot - at);
    at = dot + 1;
    while (!part.empty()) {
      const std::size_t digits = std::min(part.find_first_of("0123456789"), part.size());
      const std::size_t end = std::min(part.find_first_not_of("0123456789", digits), part.size());
      const std::string number = part.substr(digits, end - digits);
      key.emplace_back(part.substr(0, digits), number.empty() ? 0 : std::stoul(number));
      part = part.substr(end);
    }
    key.emplace_back("", 0);
  }
  return key;
}

std::string code_of(std::size_t index) {
  std::string code;
  for (++index; index > 0; index /= 94) code += static_cast<char>('!' + --index % 94);
  return code;
}

std::string binary(std::uint64_t value) {
  std::string text;
  do text.insert(text.begin(), static_cast<char>('0' + (value & 1)));
  while (value >>= 1);
  return text;
}

std::string value_line(const TraceSignal& what, std::uint64_t value, const std::string& code) {
  if (what.kind == TraceSignal::Kind::thousand) {
    const auto number = static_cast<std::int64_t>(value);
    const std::uint64_t size = static_cast<std::uint64_t>(number < 0 ? -number : number);
    return fmt::format("r{}{}.{:03} {}\n", number < 0 ? "-" : "", size / 1000, size % 1000, code);
  }
  if (what.width == 1) return fmt::format("{}{}\n", value & 1, code);
  const std::uint64_t mask = what.width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << what.width) - 1;
  return fmt::format("b{} {}\n", binary(value & mask), code);
}

// The order of blocks in the viewer: what is done first, then what it waits for.
std::size_t rank_of(const std::string& scope) {
  static constexpr std::array<const char*, 7> kBlocks{"_core", ".tensor_engine", ".dma",    ".sram",
                                                      ".link", ".memory",        ".command"};
  const auto found = std::find_if(kBlocks.begin(), kBlocks.end(),
                                  [&](const char* block) { return scope.find(block) != std::string::npos; });
  return static_cast<std::size_t>(found - kBlocks.begin());
}

std::vector<std::string> parts_of(const std::string& scope) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= scope.size();) {
    const std::size_t dot = std::min(scope.find('.', at), scope.size());
    parts.push_back(scope.substr(at, dot - at));
    at = dot + 1;
  }
  return parts;
}

}  // namespace

std::pair<Tick, Tick> parse_window(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) parse_time("", text);
  const std::string from = text.substr(0, dots);
  const std::string to = text.substr(dots + 2);
  const std::pair<Tick, Tick> window{from.empty() ? 0 : parse_time(from, text),
                                     to.empty() ? kNever : parse_time(to, text)};
  if (window.first < window.second) return window;
  throw UserError(fmt::format(
      "command line: error: --vcd-window {}: the window ends before it has begun\n  expected FROM..TO with "
      "FROM before TO",
      text));
}

bool scope_matches(const std::string& pattern, const std::string& name) {
  for (std::size_t end = name.size(); end != std::string::npos; end = name.rfind('.', end - 1)) {
    if (fits(pattern.c_str(), name.c_str(), name.c_str() + end)) return true;
    if (end == 0) break;
  }
  return false;
}

// --- recording

VcdWriter::VcdWriter(VcdOptions options, std::size_t run_length)
    : options_(std::move(options)),
      matched_(options_.scopes.size(), false),
      store_(std::filesystem::absolute(options_.file).parent_path(), run_length) {
  check_writable(options_.file, "the waveform", "--vcd");
}

SignalId VcdWriter::declare(NodeId node, const std::string& scope, const TraceSignal& what) {
  const std::string name = scope + "." + what.name;
  bool wanted = options_.scopes.empty();
  for (std::size_t i = 0; i < options_.scopes.size(); ++i) {
    if (!scope_matches(options_.scopes[i], name)) continue;
    matched_[i] = true;
    wanted = true;
  }
  if (!wanted) {
    if (!what.rare) examples_.push_back(name);
    return kNoSignal;
  }
  signals_.push_back({node, scope, what, "", what.initial});
  return SignalId(signals_.size() - 1);
}

void VcdWriter::check_scopes() const {
  for (std::size_t i = 0; i < matched_.size(); ++i) {
    if (matched_[i]) continue;
    std::string text = fmt::format(
        "command line: error: --vcd-scope {}: no signal of this package has such a name\n  there are, for "
        "example:\n",
        options_.scopes[i]);
    // One of each kind: the names with their numbers taken for the same.
    std::set<std::string> kinds;
    for (const std::string& name : examples_) {
      const std::string scope = name.substr(0, name.rfind('.'));
      if (kinds.size() < 8 && kinds.insert(without_numbers(scope)).second)
        text += fmt::format("    {}\n", name);
    }
    throw UserError(text + "  * stands for any characters; all names: moesaic list signals");
  }
}

// What lies before the window only moves the value with which it begins.
void VcdWriter::put(const Change& change) {
  Declared& signal = signals_[change.signal];
  const bool differs = change.added ? change.value != 0 : change.value != signal.what.initial;
  signal.changed = signal.changed || differs;
  if (change.at > options_.from) {
    if (change.at <= options_.to) store_.put(change);
  } else if (change.added) {
    signal.value += change.value;
  } else if (change.at >= signal.value_at) {
    signal.value = change.value;
    signal.value_at = change.at;
  }
}

void VcdWriter::change(Tick at, SignalId signal, std::uint64_t value) {
  if (signal == kNoSignal) return;
  put({at, value, static_cast<std::uint32_t>(signal), false});
}

void VcdWriter::add(Tick at, SignalId signal, std::int64_t amount) {
  if (signal == kNoSignal) return;
  put({at, static_cast<std::uint64_t>(amount), static_cast<std::uint32_t>(signal), true});
}

void VcdWriter::text(Tick at, SignalId signal, std::string_view text) {
  if (signal == kNoSignal) return;
  const auto [known, first] = numbers_.try_emplace(std::string(text), texts_.size());
  if (first) texts_.push_back(known->first);
  change(at, signal, known->second);
}

// --- the dump

// By name, not by order of construction; within a scope as the block declares them.
std::vector<std::size_t> VcdWriter::choose_order() {
  std::set<std::string> alive;  // scopes in which anything has changed
  for (const Declared& signal : signals_) {
    if (signal.changed) alive.insert(signal.scope);
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < signals_.size(); ++i) {
    if (!signals_[i].what.rare || alive.count(signals_[i].scope) > 0) order.push_back(i);
  }
  std::map<std::string, std::vector<std::pair<std::string, unsigned long>>> keys;
  for (const std::size_t i : order) keys.try_emplace(signals_[i].scope, sort_key(signals_[i].scope));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return keys[signals_[a].scope] < keys[signals_[b].scope];
  });
  for (std::size_t i = 0; i < order.size(); ++i) signals_[order[i]].code = code_of(i);
  return order;
}

std::string VcdWriter::header(const std::vector<std::size_t>& order) const {
  std::string text = "$version moesaic $end\n$timescale 1 fs $end\n";
  std::vector<std::string> open;
  const auto close_to = [&](std::size_t depth) {
    for (; open.size() > depth; open.pop_back()) text += "$upscope $end\n";
  };
  for (const std::size_t i : order) {
    const Declared& signal = signals_[i];
    const std::vector<std::string> parts = parts_of(signal.scope);
    std::size_t common = 0;
    while (common < open.size() && common < parts.size() && open[common] == parts[common]) ++common;
    close_to(common);
    for (; common < parts.size(); ++common) {
      text += fmt::format("$scope module {} $end\n", parts[common]);
      open.push_back(parts[common]);
    }
    const TraceSignal& what = signal.what;
    if (what.kind == TraceSignal::Kind::thousand) {
      text += fmt::format("$var real 64 {} {} $end\n", signal.code, what.name);
    } else if (what.width == 1) {
      text += fmt::format("$var wire 1 {} {} $end\n", signal.code, what.name);
    } else {
      text +=
          fmt::format("$var wire {} {} {} [{}:0] $end\n", what.width, signal.code, what.name, what.width - 1);
    }
  }
  close_to(0);
  return text + "$enddefinitions $end\n";
}

void VcdWriter::write_changes(AtomicFile& file, const std::vector<std::size_t>& order, Tick end) {
  // 1. Values when the window begins.
  file.write(fmt::format("#{}\n$dumpvars\n", options_.from));
  for (const std::size_t i : order) {
    Declared& signal = signals_[i];
    signal.written = signal.value;
    file.write(value_line(signal.what, signal.value, signal.code));
  }
  file.write("$end\n");
  // 2. Changes, all of one time together.
  Tick now = options_.from;
  std::set<std::uint32_t> touched;
  const auto flush = [&] {
    std::vector<const Declared*> differ;
    for (const std::uint32_t i : touched) {
      Declared& signal = signals_[i];
      if (signal.value == signal.written || signal.code.empty()) continue;
      signal.written = signal.value;
      differ.push_back(&signal);
    }
    touched.clear();
    if (differ.empty()) return;
    // In the order of the header, whatever the order of declaration was.
    std::sort(differ.begin(), differ.end(), [](const Declared* a, const Declared* b) {
      return std::make_tuple(a->code.size(), std::string(a->code.rbegin(), a->code.rend())) <
             std::make_tuple(b->code.size(), std::string(b->code.rbegin(), b->code.rend()));
    });
    file.write(fmt::format("#{}\n", now));
    for (const Declared* signal : differ) file.write(value_line(signal->what, signal->value, signal->code));
  };
  Tick written = options_.from;
  store_.merge([&](const Change& change) {
    if (change.at > end) return;
    if (change.at != now) {
      flush();
      now = change.at;
    }
    written = change.at;
    Declared& signal = signals_[change.signal];
    signal.value = change.added ? signal.value + change.value : change.value;
    touched.insert(change.signal);
  });
  flush();
  // 3. How long the last values hold.
  const Tick last = std::min(end, options_.to);
  if (last > written) file.write(fmt::format("#{}\n", last));
}

void VcdWriter::write(Tick end) {
  const std::vector<std::size_t> order = choose_order();
  AtomicFile file(options_.file);
  file.write(header(order));
  write_changes(file, order, end);
  write_enums(order);
  AtomicFile save(options_.file.string() + ".gtkw");
  save.write(save_file(order, end));
  save.commit();
  file.commit();
}

// --- for GTKWave

std::string VcdWriter::enum_file(const Declared& signal) const {
  if (signal.what.kind == TraceSignal::Kind::text) return "mark.txt";
  std::string name = without_numbers(signal.name());
  return name.substr(name.find('.') + 1) + ".txt";
}

void VcdWriter::write_enums(const std::vector<std::size_t>& order) const {
  // What is not work is grey, what is waited for is brown; the viewer's own colour for the rest.
  static const std::set<std::string> kGrey{"idle", "empty"};
  static const std::set<std::string> kBrown{"stall", "row",  "turnaround", "refresh",
                                            "event", "unit", "fence"};
  std::map<std::string, std::string> files;
  for (const std::size_t i : order) {
    const TraceSignal& what = signals_[i].what;
    std::string& text = files[enum_file(signals_[i])];
    if (!text.empty()) continue;
    for (std::size_t v = 0; v < what.values; ++v) {
      const std::string name = what.value_names[v];
      const char* colour = kGrey.count(name) > 0 ? "?gray25?" : kBrown.count(name) > 0 ? "?sienna4?" : "";
      text += fmt::format("{} {}{}\n", v, colour, name);
    }
    if (what.kind != TraceSignal::Kind::text) continue;
    for (std::size_t t = 0; t < texts_.size(); ++t) text += fmt::format("{} {}\n", t, texts_[t]);
  }
  const OutputFolder folder(options_.file.string() + ".enums");
  for (const auto& [name, text] : files) {
    if (!text.empty()) folder.write(name, text);
  }
}

// Names, texts and counters as rows, and the numbers that say what a unit works on.
// "+{command_processor agent queue3 head} package.die0.command_processor.agent.queue3.head[2:0]": the name
// beside the curve, and what it is in the dump.
std::string VcdWriter::alias_of(const Declared& signal) const {
  const TraceSignal& what = signal.what;
  const std::string name = signal.name();
  const std::size_t first = name.find('.') + 1;
  const bool in_die = name.compare(first, 3, "die") == 0;
  std::string alias = name.substr(in_die ? name.find('.', first) + 1 : first);
  // The viewer shows what is behind the last dot.
  std::replace(alias.begin(), alias.end(), '.', ' ');
  const bool bare = what.width == 1 || what.kind == TraceSignal::Kind::thousand;
  return fmt::format("+{{{}}} {}{}", alias, name, bare ? "" : fmt::format("[{}:0]", what.width - 1));
}

std::string VcdWriter::save_row(const Declared& signal) const {
  using Kind = TraceSignal::Kind;
  const TraceSignal& what = signal.what;
  static const std::set<std::string> kShown{"layer", "expert", "f_begin", "interrupt"};
  const bool unit = what.name == std::string("tag") && rank_of(signal.scope) <= 2;
  const bool decoded = what.kind == Kind::names || what.kind == Kind::text;
  const std::string name = alias_of(signal);
  const std::string enums = options_.file.string() + ".enums/";
  if (decoded) return fmt::format("[color] 4\n@2024\n^1 {}{}\n{}\n", enums, enum_file(signal), name);
  // Counters as curves over two rows.
  const char* format = what.kind == Kind::thousand ? "c8420" : "88424";
  if (what.counter) return fmt::format("[color] 3\n@{}\n{}\n@20000\n-\n", format, name);
  if (unit || kShown.count(what.name) > 0)
    return fmt::format("[color] 6\n@{}\n{}\n", what.width == 1 ? "28" : "24", name);
  return "";
}

std::string VcdWriter::save_file(const std::vector<std::size_t>& order, Tick end) const {
  // Everything of a die together: what lies in its scope, its router, the links that leave it.
  std::map<unsigned, std::map<std::pair<std::size_t, std::size_t>, std::string>> dies;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Declared& signal = signals_[order[i]];
    const std::string row = save_row(signal);
    if (!row.empty()) dies[index_of(signal.node)][{rank_of(signal.scope), i}] = row;
  }
  // The whole window: the zoom is the power of two of the units in a frame of 200 pixels, of which four fit.
  const Tick span = std::min(end, options_.to) - std::min(options_.from, end);
  unsigned quarters = 0;
  for (double units = 4.0; units < static_cast<double>(span); units *= kQuarterPowerOfTwo) ++quarters;
  std::string text = fmt::format(
      "[*] moesaic\n[dumpfile] \"{}\"\n[timestart] {}\n[size] 1400 900\n[pos] -1 -1\n*-{}.{:02} {} -1 -1 -1 "
      "-1 "
      "-1 -1 "
      "-1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1\n[treeopen] package.\n[sst_width] "
      "200\n[signals_width] 400\n[sst_expanded] 0\n",
      options_.file.string(), options_.from, quarters / 4, quarters % 4 * 25, options_.from);
  for (const auto& [die, rows] : dies) {
    // The first die is open, the others are folded.
    const bool folded = die != dies.begin()->first;
    text += fmt::format("@{}\n-die {}\n", folded ? "c00200" : "800200", die);
    for (const auto& [place, row] : rows) text += row;
    text += fmt::format("@{}\n-die {}\n", folded ? "1401200" : "1000200", die);
  }
  return text;
}

}  // namespace moesaic
