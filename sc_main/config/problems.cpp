// SPDX-License-Identifier: Apache-2.0
#include "sc_main/config/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <system_error>

#include "tlm/diagnostics.h"

namespace moesaic {

std::string Place::text() const {
  if (line == 0) return file;
  return fmt::format("{}:{}:{}", file, line, column);
}

Place place_of(const Places& places, const std::string& path) {
  std::string prefix = path;
  while (true) {
    const auto found = places.find(prefix);
    if (found != places.end()) {
      Place place = found->second;
      const std::string rest = path.substr(std::min(path.size(), prefix.empty() ? 0 : prefix.size() + 1));
      if (!rest.empty()) place.key += (place.key.empty() ? "" : ".") + rest;
      return place;
    }
    if (prefix.empty()) return Place{"configuration", 0, 0, path};
    const std::size_t dot = prefix.rfind('.');
    prefix = dot == std::string::npos ? "" : prefix.substr(0, dot);
  }
}

void Problems::add(const Place& place, const std::string& what, const std::string& remedy) {
  std::string text = place.text() + ": error: ";
  if (!place.key.empty()) text += place.key + ": ";
  text += what;
  if (!remedy.empty()) text += "\n  " + remedy;
  problems_.push_back({place, std::move(text)});
}

void Problems::raise() const {
  std::vector<std::string> files;
  for (const Problem& problem : problems_)
    if (std::find(files.begin(), files.end(), problem.place.file) == files.end())
      files.push_back(problem.place.file);
  std::vector<const Problem*> order;
  for (const std::string& file : files) {
    const std::size_t first = order.size();
    for (const Problem& problem : problems_)
      if (problem.place.file == file) order.push_back(&problem);
    std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(first), order.end(),
                     [](const Problem* a, const Problem* b) {
                       return std::pair(a->place.line, a->place.column) <
                              std::pair(b->place.line, b->place.column);
                     });
  }
  std::string message;
  for (const Problem* problem : order) message += problem->text + "\n";
  message += fmt::format("{} error{}; nothing was simulated.", count(), count() == 1 ? "" : "s");
  throw UserError(message);
}

void Problems::raise_if_any() const {
  if (!empty()) raise();
}

std::string shown_path(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::filesystem::path here = std::filesystem::current_path(ignored);
  const std::filesystem::path full = std::filesystem::absolute(path, ignored).lexically_normal();
  const std::filesystem::path relative = full.lexically_relative(here);
  // Below the working directory, or beside it: results must not depend on where a checkout lies.
  const auto climbs = std::count(relative.begin(), relative.end(), std::filesystem::path(".."));
  return !relative.empty() && climbs <= 2 ? relative.string() : full.string();
}

namespace {

/// Levenshtein distance, with the exchange of two neighbours counted as one.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest_word(const std::string& word, const std::vector<std::string>& candidates) {
  if (word.size() > 200) return "";
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    std::size_t distance = edit_distance(word, candidate);
    // "sram" for "sram_bytes": what the user typed is a whole part of the name.
    if (word.size() >= 3 && candidate.find(word) != std::string::npos)
      distance = std::min<std::size_t>(distance, 1);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string join_alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace moesaic
