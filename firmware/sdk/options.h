// SPDX-License-Identifier: Apache-2.0
// The options of an image by name. The program has checked types, ranges and choices before; an unknown name
// or a value of another type is a bug of the image and throws.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "abi.h"

namespace moesaic::firmware {

class Options {
 public:
  Options(const moesaic_option* table, std::uint32_t count, const char* const* values)
      : table_(table), count_(count), values_(values) {}

  std::int64_t integer(std::string_view name) const { return std::stoll(text(name, MOESAIC_OPTION_INT)); }
  bool flag(std::string_view name) const {
    const std::string value = text(name, MOESAIC_OPTION_BOOL);
    return value == "true" || value == "1";
  }
  std::string name(std::string_view name) const { return text(name, MOESAIC_OPTION_NAME); }

 private:
  std::string text(std::string_view name, moesaic_option_type type) const {
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (name != table_[i].name || table_[i].type != static_cast<std::uint32_t>(type)) continue;
      const bool given = values_ != nullptr && values_[i] != nullptr;
      return given ? values_[i] : table_[i].default_value;
    }
    throw std::logic_error("the image has no option " + std::string(name) + " of this type");
  }

  const moesaic_option* table_;
  std::uint32_t count_;
  const char* const* values_;
};

}  // namespace moesaic::firmware
