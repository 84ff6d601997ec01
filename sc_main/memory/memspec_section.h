// SPDX-License-Identifier: Apache-2.0
// One object of a memspec, with checked values.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tlm/diagnostics.h"

namespace moesaic {

/// One object of the file, which remembers what was asked of it.
class Section {
 public:
  using Keys = std::initializer_list<const char*>;

  Section(std::string file, std::string name, const nlohmann::ordered_json& json)
      : file_(std::move(file)), name_(std::move(name)), json_(json) {}

  bool has(const char* key) const { return json_.contains(key); }
  /// The value of the first of `keys` that the file has.
  double number(Keys keys) {
    const char* key = find(keys);
    if (key == nullptr) {
      std::vector<std::string> names(keys.begin(), keys.end());
      refuse(*keys.begin(), "missing", fmt::format("expected a number ({})", fmt::join(names, " or ")));
    }
    const nlohmann::ordered_json& value = json_.at(key);
    if (!value.is_number() || value.get<double>() < 0)
      refuse(key, value.dump() + " is not allowed", "expected a number of at least 0");
    used_.insert(key);
    return value.get<double>();
  }
  std::uint32_t whole(Keys keys) {
    const double value = number(keys);
    if (value != std::floor(value) || value > 1e9)
      refuse(find(keys), fmt::format("{} is not allowed", value), "expected a whole number up to 1e9");
    return static_cast<std::uint32_t>(value);
  }
  std::uint32_t whole(Keys keys, std::uint32_t otherwise) {
    return find(keys) != nullptr ? whole(keys) : otherwise;
  }
  void add_unused(std::vector<std::string>& out) const {
    for (const auto& [key, value] : json_.items())
      if (used_.count(key) == 0) out.push_back(name_ + "." + key);
  }
  [[noreturn]] void refuse(const std::string& key, const std::string& what, const std::string& remedy) const {
    throw UserError(fmt::format("{}: error: {}.{}: {}\n  {}", file_, name_, key, what, remedy));
  }

 private:
  const char* find(Keys keys) const {
    for (const char* key : keys)
      if (json_.contains(key)) return key;
    return nullptr;
  }

  std::string file_, name_;
  const nlohmann::ordered_json& json_;
  std::set<std::string> used_;
};

}  // namespace moesaic
