// SPDX-License-Identifier: Apache-2.0
#include "sc_main/workload/routing_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

namespace moesaic {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxProblems = 20;  // of one trace: a wrong column is wrong in every line
constexpr std::uint32_t kMaxExpert = 65534;
constexpr std::uint32_t kMaxToken = 1'000'000;
constexpr std::uint32_t kMaxTopK = 64;

/// Adds a problem; stops when a file has so many that they are one and the same.
void complain(Problems& problems, const Place& place, const std::string& what,
              const std::string& remedy = "") {
  problems.add(place, what, remedy);
  if (problems.count() >= kMaxProblems) problems.raise();
}

std::string read_text(const fs::path& path) {
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (fs::is_regular_file(path, ignored) && in) text << in.rdbuf();
  if (text.tellp() > 0) return text.str();
  Problems problems;
  const bool exists = fs::is_regular_file(path, ignored) && in;
  problems.add({shown_path(path), 0, 0, ""},
               exists ? "the trace is empty" : "the trace does not exist or cannot be read");
  problems.raise();
}

std::optional<std::uint32_t> whole_number(std::string_view text, std::uint32_t limit) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > limit) return std::nullopt;
  return value;
}

void check_distinct(const RoutingTrace::Row& row, Problems& problems) {
  for (std::size_t i = 0; i < row.choices.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (row.choices[i].expert == row.choices[j].expert) {
        complain(problems, row.place, fmt::format("expert {} is chosen twice", row.choices[i].expert),
                 "expected distinct experts for a token");
        return;
      }
}

// --- CSV

struct Cell {
  std::string_view text;
  int column;
};

std::vector<Cell> split(std::string_view line) {
  std::vector<Cell> cells;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = std::min(line.find(',', begin), line.size());
    cells.push_back({line.substr(begin, comma - begin), static_cast<int>(begin) + 1});
    if (comma == line.size()) return cells;
    begin = comma + 1;
  }
}

class CsvReader {
 public:
  CsvReader(const fs::path& path, RoutingTrace& trace) : file_(shown_path(path)), trace_(trace) {}

  void read(std::string_view text) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    for (int line = 1; !text.empty(); ++line) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view content = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (!content.empty() && content.back() == '\r') content.remove_suffix(1);
      if (line == 1)
        read_header(content);
      else
        read_row(content, line);
    }
    if (trace_.layers.empty() && problems_.empty())
      problems_.add({file_, 1, 1, ""}, "the trace has a header and nothing else");
    problems_.raise_if_any();
  }

 private:
  /// The header decides everything else; a wrong one is the only problem reported.
  void read_header(std::string_view line) {
    const std::vector<Cell> cells = split(line);
    std::uint32_t experts = 0, weights = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string_view name = cells[i].text;
      const bool key = (i == 0 && name == "layer") || (i == 1 && name == "token");
      if (i >= 2 && weights == 0 && name == fmt::format("expert_{}", experts + 1))
        ++experts;
      else if (i >= 2 && name == fmt::format("weight_{}", weights + 1))
        ++weights;
      else if (!key)
        bad_header(cells[i]);
    }
    if (experts == 0 || experts > kMaxTopK || (weights != 0 && weights != experts)) bad_header(cells.back());
    trace_.top_k = experts;
    trace_.weighted = weights != 0;
  }

  [[noreturn]] void bad_header(const Cell& cell) {
    problems_.add({file_, 1, cell.column, ""}, fmt::format("the header does not fit at \"{}\"", cell.text),
                  "expected layer,token,expert_1,...,expert_k or the same with weight_1,...,weight_k");
    problems_.raise();
  }

  void read_row(std::string_view line, int number) {
    const std::vector<Cell> cells = split(line);
    const std::size_t columns = 2 + std::size_t{trace_.top_k} * (trace_.weighted ? 2 : 1);
    const Place start{file_, number, 1, ""};
    if (cells.size() != columns) {
      complain(problems_, start,
               line.empty() ? "the line is empty" : fmt::format("the line has {} columns", cells.size()),
               fmt::format("expected {}, as the header has", columns));
      return;
    }
    const auto layer = read_number(cells[0], number, "layer", 65535);
    const auto token = read_number(cells[1], number, "token", kMaxToken);
    RoutingTrace::Row row{0, start, {}};
    row.choices.reserve(trace_.top_k);
    bool good = layer && token;
    for (std::uint32_t rank = 0; rank < trace_.top_k; ++rank) {
      const auto expert = read_number(cells[2 + rank], number, "expert", kMaxExpert);
      good = good && expert;
      if (expert) row.choices.push_back({static_cast<std::uint16_t>(*expert), 0});
      if (trace_.weighted && expert)
        row.choices.back().gate_q15 = read_weight(cells[2 + trace_.top_k + rank], number);
    }
    if (!good) return;
    row.token = *token;
    check_distinct(row, problems_);
    for (const Choice& choice : row.choices)
      trace_.highest_expert = std::max<std::uint32_t>(trace_.highest_expert, choice.expert);
    trace_.layers[*layer].push_back(std::move(row));
  }

  std::optional<std::uint32_t> read_number(const Cell& cell, int line, const char* what,
                                           std::uint32_t limit) {
    const auto value = whole_number(cell.text, limit);
    if (!value)
      complain(problems_, {file_, line, cell.column, ""},
               fmt::format("{} \"{}\" is not allowed", what, cell.text),
               fmt::format("expected a whole number from 0 to {}", limit));
    return value;
  }

  std::uint16_t read_weight(const Cell& cell, int line) {
    double value = -1.0;
    const char* end = cell.text.data() + cell.text.size();
    const auto [at, error] = std::from_chars(cell.text.data(), end, value);
    if (error == std::errc() && at == end && value >= 0.0 && value <= 1.0)
      return static_cast<std::uint16_t>(value * kFullGate + 0.5);
    complain(problems_, {file_, line, cell.column, ""},
             fmt::format("weight \"{}\" is not allowed", cell.text), "expected a number from 0 to 1");
    return 0;
  }

  std::string file_;
  RoutingTrace& trace_;
  Problems problems_;
};

// --- JSON

/// Counts what the parser has consumed, which gives every value a place.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* consumed) : at_(at), consumed_(consumed) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*consumed_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  std::size_t* consumed_;
};

class JsonReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonReader(const fs::path& path, std::uint32_t layer, RoutingTrace& trace)
      : file_(shown_path(path)), rows_(trace.layers[layer]), trace_(trace) {}

  void read(const std::string& text) {
    text_ = &text;
    nlohmann::json::sax_parse(CountingIterator(text.data(), &consumed_),
                              CountingIterator(text.data() + text.size(), &consumed_), this);
    if (rows_.empty() && problems_.empty()) problems_.add({file_, 1, 1, ""}, "the trace has no tokens");
    problems_.raise_if_any();
  }

  bool null() override { return misplaced("null"); }
  bool boolean(bool) override { return misplaced("a truth value"); }
  bool number_integer(number_integer_t value) override {
    const std::string text = fmt::format("{}", value);
    return misplaced(text, text.size());
  }
  bool number_float(number_float_t, const string_t& text) override { return misplaced(text, text.size()); }
  bool string(string_t& value) override {
    return misplaced(fmt::format("the text \"{}\"", value), value.size() + 1);
  }
  bool binary(binary_t&) override { return misplaced("binary data"); }
  bool number_unsigned(number_unsigned_t value) override {
    const std::string text = fmt::format("{}", value);
    if (depth_ != 2) return misplaced(text, text.size());
    if (value > kMaxExpert)
      complain(problems_, here(text.size()), fmt::format("expert {} is not allowed", value),
               fmt::format("expected a whole number from 0 to {}", kMaxExpert));
    else
      rows_.back().choices.push_back({static_cast<std::uint16_t>(value), 0});
    return true;
  }
  bool start_object(std::size_t) override { return depth_++ == 0 || misplaced("a map"); }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override { return depth_++ == 1 || misplaced("a list"); }
  bool end_array() override {
    --depth_;
    finish_row(rows_.back());
    return true;
  }
  bool key(string_t& name) override {
    const auto token = whole_number(name, kMaxToken);
    if (!token)
      complain(problems_, here(name.size() + 1), fmt::format("token \"{}\" is not allowed", name),
               fmt::format("expected a whole number from 0 to {}", kMaxToken));
    rows_.push_back({token.value_or(0), here(name.size() + 1), {}});
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    // nlohmann's sentence begins with its own name and place: "[...] parse error at ...: what".
    const std::string what = error.what();
    const std::size_t colon = what.find(": ");
    problems_.add(here(), "not JSON: " + (colon == std::string::npos ? what : what.substr(colon + 2)));
    return false;
  }

 private:
  /// The place `back` characters before the last one consumed. Behind a number one more has been consumed, so
  /// that its length leads to its first digit; the closing quote of a text leads to the opening one.
  Place here(std::size_t back = 0) const {
    const std::size_t at = std::min(consumed_ < 1 + back ? 0 : consumed_ - 1 - back, text_->size());
    const auto begin = text_->begin();
    const auto end = begin + static_cast<std::ptrdiff_t>(at);
    const auto line = std::count(begin, end, '\n') + 1;
    const auto newline = at == 0 ? std::string::npos : text_->rfind('\n', at - 1);
    const std::size_t column = newline == std::string::npos ? at + 1 : at - newline;
    return {file_, static_cast<int>(line), static_cast<int>(column), ""};
  }

  bool misplaced(const std::string& what, std::size_t back = 0) {
    problems_.add(here(back), what + " is not allowed here", "expected {\"<token>\": [expert ids], ...}");
    return false;
  }

  void finish_row(RoutingTrace::Row& row) {
    if (trace_.top_k == 0) trace_.top_k = static_cast<std::uint32_t>(row.choices.size());
    if (row.choices.size() != trace_.top_k || trace_.top_k == 0 || trace_.top_k > kMaxTopK)
      complain(problems_, row.place, fmt::format("token {} has {} experts", row.token, row.choices.size()),
               trace_.top_k == 0 ? "expected at least one"
                                 : fmt::format("expected {}, as the first token has", trace_.top_k));
    check_distinct(row, problems_);
    for (const Choice& choice : row.choices)
      trace_.highest_expert = std::max<std::uint32_t>(trace_.highest_expert, choice.expert);
  }

  std::string file_;
  std::vector<RoutingTrace::Row>& rows_;
  RoutingTrace& trace_;
  const std::string* text_ = nullptr;
  std::size_t consumed_ = 0;
  int depth_ = 0;
  Problems problems_;
};

/// L of "layer_<L>_token_experts.json".
std::optional<std::uint32_t> layer_in_name(const fs::path& path) {
  constexpr std::string_view kBefore = "layer_", kAfter = "_token_experts.json";
  const std::string name = path.filename().string();
  if (name.size() <= kBefore.size() + kAfter.size() || name.compare(0, kBefore.size(), kBefore) != 0 ||
      name.compare(name.size() - kAfter.size(), kAfter.size(), kAfter) != 0)
    return std::nullopt;
  return whole_number(
      std::string_view(name).substr(kBefore.size(), name.size() - kBefore.size() - kAfter.size()), 65535);
}

void read_folder(const fs::path& folder, RoutingTrace& trace) {
  std::map<std::uint32_t, fs::path> files;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (const auto layer = layer_in_name(entry.path())) files.emplace(*layer, entry.path());
  for (const auto& [layer, file] : files) JsonReader(file, layer, trace).read(read_text(file));
  if (!files.empty()) return;
  Problems problems;
  problems.add({shown_path(folder), 0, 0, ""}, "the folder has no layer_<L>_token_experts.json");
  problems.raise();
}

// --- fitting to model and workload

class Fitter {
 public:
  Fitter(const RoutingTrace& trace, const ModelParams& model, const WorkloadParams& workload,
         const MatchingModels& matching_models)
      : trace_(trace), model_(model), workload_(workload), matching_models_(matching_models) {}

  Routing fit() {
    check_model();
    Routing routing;
    routing.source = trace_.source;
    routing.top_k = trace_.top_k;
    routing.experts = model_.experts;
    choose_layers(routing);
    problems_.raise_if_any();
    const auto& first = trace_.layers.at(routing.trace_layers.front());
    batch_ = workload_.tokens != 0 ? workload_.tokens : static_cast<std::uint32_t>(first.size());
    recorded_ = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(first.size()) / std::max(1u, batch_));
    routing.iterations = workload_.planned_iterations();
    routing.tokens = batch_ * routing.iterations;
    if (recorded_ < routing.iterations)
      routing.source += fmt::format(" (REPEATED: {} recorded iteration{} of {} tokens for {})", recorded_,
                                    recorded_ == 1 ? "" : "s", batch_, routing.iterations);
    routing.choices.resize(std::size_t{routing.layers} * routing.tokens * routing.top_k);
    for (std::uint32_t layer = 0; layer < routing.layers; ++layer) copy_layer(routing, layer);
    problems_.raise_if_any();
    return routing;
  }

 private:
  Place whole() const { return {trace_.source, 0, 0, ""}; }

  std::string remedy() const {
    std::vector<std::string> names;
    if (matching_models_) names = matching_models_(trace_.top_k, trace_.highest_expert);
    if (names.empty())
      return fmt::format("expected {} of {} experts per token", model_.top_k, model_.experts);
    return "use a model that fits this trace: --model " + join_alternatives(names);
  }

  void check_model() {
    if (trace_.top_k != model_.top_k)
      problems_.add(whole(),
                    fmt::format("the trace has {} experts per token, model {} uses {}", trace_.top_k,
                                model_.name, model_.top_k),
                    remedy());
    problems_.raise_if_any();
    if (trace_.highest_expert < model_.experts) return;
    for (const auto& [layer, rows] : trace_.layers)
      for (const RoutingTrace::Row& row : rows)
        for (const Choice& choice : row.choices)
          if (choice.expert >= model_.experts)
            complain(problems_, row.place,
                     fmt::format("layer {} token {}: model {} has no expert {} (it has {}, from 0)", layer,
                                 row.token, model_.name, choice.expert, model_.experts),
                     remedy());
    problems_.raise();
  }

  void choose_layers(Routing& routing) {
    routing.layers = workload_.layers;
    routing.trace_layers = workload_.trace_layers;
    if (routing.trace_layers.empty())
      for (const auto& entry : trace_.layers)
        if (routing.trace_layers.size() < routing.layers) routing.trace_layers.push_back(entry.first);
    if (routing.trace_layers.size() != routing.layers)
      problems_.add(whole(),
                    fmt::format("the experiment asks for {} layers, {} are {}", routing.layers,
                                routing.trace_layers.size(),
                                workload_.trace_layers.empty() ? "in the trace" : "in workload.trace_layers"),
                    fmt::format("set workload.layers to {}", routing.trace_layers.size()));
    std::vector<std::string> known;
    for (const auto& entry : trace_.layers) known.push_back(std::to_string(entry.first));
    for (const std::uint32_t layer : routing.trace_layers)
      if (trace_.layers.count(layer) == 0)
        problems_.add(whole(), fmt::format("the trace has no layer {}", layer),
                      "it has " + join_alternatives(known));
  }

  void copy_layer(Routing& routing, std::uint32_t layer) {
    const std::uint32_t number = routing.trace_layers[layer];
    std::vector<const RoutingTrace::Row*> by_token(std::min(routing.tokens, batch_ * recorded_), nullptr);
    std::map<std::uint32_t, const RoutingTrace::Row*> all;
    for (const RoutingTrace::Row& row : trace_.layers.at(number)) {
      const auto [first, fresh] = all.emplace(row.token, &row);
      if (!fresh)
        complain(problems_, row.place, fmt::format("layer {} token {} is given twice", number, row.token),
                 "first at " + first->second->place.text());
      if (row.token < by_token.size()) by_token[row.token] = &row;
    }
    // A trace that is too short for all iterations begins again at an iteration's end.
    for (std::uint32_t n = 0; n < routing.tokens; ++n) {
      const std::uint32_t token = n % (batch_ * recorded_);
      if (by_token[token] != nullptr) {
        std::copy(by_token[token]->choices.begin(), by_token[token]->choices.end(),
                  routing.mutable_row(layer, n));
        continue;
      }
      complain(problems_, whole(), fmt::format("layer {} has no token {}", number, token),
               fmt::format("it has {} tokens; tokens count from 0 without a gap", all.size()));
    }
  }

  const RoutingTrace& trace_;
  const ModelParams& model_;
  const WorkloadParams& workload_;
  const MatchingModels& matching_models_;
  std::uint32_t batch_ = 0;     // tokens of an iteration
  std::uint32_t recorded_ = 0;  // iterations of that size in the trace
  Problems problems_;
};

}  // namespace

RoutingTrace read_trace_file(const std::string& path) {
  RoutingTrace trace;
  trace.source = shown_path(path);
  std::error_code ignored;
  const std::string suffix = fs::path(path).extension().string();
  if (fs::is_directory(path, ignored)) {
    read_folder(path, trace);
  } else if (suffix == ".csv") {
    CsvReader(path, trace).read(read_text(path));
  } else if (suffix == ".json") {
    JsonReader(path, layer_in_name(path).value_or(0), trace).read(read_text(path));
  } else {
    Problems problems;
    problems.add({trace.source, 0, 0, ""}, "this kind of trace is unknown",
                 "expected a .csv file, a .json file or a folder of layer_<L>_token_experts.json files");
    problems.raise();
  }
  return trace;
}

Routing read_routing_trace(const ModelParams& model, const WorkloadParams& workload, std::uint64_t seed,
                           const MatchingModels& matching_models) {
  const RoutingTrace trace = read_trace_file(workload.routing.trace);
  Routing routing = Fitter(trace, model, workload, matching_models).fit();
  if (!trace.weighted) assign_procedural_gates(routing, seed);
  return routing;
}

}  // namespace moesaic
