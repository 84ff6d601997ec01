// SPDX-License-Identifier: Apache-2.0
// Runs an image on the package without time (firmware_fake.h), under many orders of events.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/effort.h"
#include "tests/unit/firmware_fake.h"

namespace moesaic::fake {

using OptionMap = std::map<std::string, std::string>;

/// Values in the image's order.
inline std::vector<std::string> option_values(const moesaic_image& image, const OptionMap& options) {
  std::vector<std::string> values;
  std::size_t known = 0;
  for (std::uint32_t i = 0; i < image.option_count; ++i) {
    const auto given = options.find(image.options[i].name);
    known += given != options.end();
    values.push_back(given != options.end() ? given->second : image.options[i].default_value);
  }
  if (known != options.size()) throw std::runtime_error("an option that the image does not have");
  return values;
}

/// What the image says it needs; `config.options` are its option values, those left out at the end have
/// defaults.
inline std::uint32_t minimum_sram(const moesaic_image& image, const Config& config) {
  moesaic_core_info info{};
  info.struct_size = sizeof info;
  info.nodes = static_cast<std::uint16_t>(config.rows * config.columns);
  info.hidden = config.hidden;
  info.expert_width = config.expert_width;
  info.experts = config.experts;
  info.shared_experts = config.shared_experts;
  info.top_k = config.top_k;
  info.tokens = config.tokens;
  std::vector<const char*> values;
  for (std::uint32_t i = 0; i < image.option_count; ++i)
    values.push_back(i < config.options.size() ? config.options[i].c_str() : image.options[i].default_value);
  return static_cast<std::uint32_t>(image.minimum_sram(&info, values.data()));
}

/// What an image left out and added, of the last order.
struct Declared {
  std::size_t dropped = 0;
  std::uint64_t padding_rows = 0;
};

/// Runs a configuration under `seeds` orders; the first complaint, or nothing.
inline std::string complaint(const moesaic_image& image, Config config, unsigned seeds,
                             Declared* declared = nullptr) {
  for (unsigned seed = 1; seed <= seeds; seed += test::kCasesApart) {
    config.seed = seed;
    try {
      Package package(image, config);
      package.run();
      const std::string wrong = package.wrong_results();
      if (!wrong.empty()) return wrong + " (seed " + std::to_string(seed) + ")";
      if (declared != nullptr) *declared = {package.dropped(), package.padding_rows()};
    } catch (const std::exception& error) {
      return std::string(error.what()) + " (seed " + std::to_string(seed) + ")";
    }
  }
  return "";
}

}  // namespace moesaic::fake
