// SPDX-License-Identifier: Apache-2.0
// Routing and weights of the fake package, drawn from hashes, its memory, and the results that they give.
#include <algorithm>

#include "firmware/sdk/commands.h"
#include "tests/unit/firmware_fake_fields.h"

namespace moesaic::fake {

namespace {
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}
}  // namespace

std::vector<moesaic_choice> Package::routing(std::uint32_t layer, std::uint32_t token) const {
  std::vector<moesaic_choice> out;
  std::uint64_t state = mix(layer * 1000003u + token);
  while (out.size() < config_.top_k) {
    state = mix(state);
    // Squaring makes low experts popular.
    const std::uint64_t r = state % 1000;
    auto expert = static_cast<std::uint16_t>(r * r * config_.experts / 1000000);
    if (config_.sticky_routing) expert = static_cast<std::uint16_t>(out.size());
    if (std::any_of(out.begin(), out.end(), [&](const moesaic_choice& c) { return c.expert == expert; })) {
      if (state % 3 != 0) continue;
      while (std::any_of(out.begin(), out.end(), [&](const moesaic_choice& c) { return c.expert == expert; }))
        expert = static_cast<std::uint16_t>((expert + 1) % config_.experts);
    }
    out.push_back({expert, static_cast<std::uint16_t>(1 + state % firmware::kGateOne)});
  }
  return out;
}

std::int32_t Package::weight(unsigned kind, unsigned layer, unsigned expert, unsigned row,
                             unsigned column) const {
  std::uint64_t h = mix(kind);
  for (const std::uint64_t part : {layer, expert, row, column}) h = mix(h ^ part);
  return static_cast<std::int8_t>(h & 0xFF);
}

std::uint8_t Package::memory_byte(std::uint64_t address) {
  if (const auto stored = stored_.find(address); stored != stored_.end()) return stored->second;
  auto found = tensors_.upper_bound(address);
  if (found == tensors_.begin()) return fault("a load from memory that holds nothing"), std::uint8_t{0};
  const moesaic_tensor& t = (--found)->second;
  const std::uint64_t inside = address - t.address;
  if (t.kind == MOESAIC_OUTPUT || inside >= std::uint64_t{t.rows} * config_.hidden)
    return fault("a load from memory that holds nothing"), std::uint8_t{0};
  const auto row = static_cast<unsigned>(t.row_begin + inside / config_.hidden);
  const auto column = static_cast<unsigned>(inside % config_.hidden);
  const unsigned expert = t.kind == MOESAIC_ACTIVATIONS ? 0 : t.expert;
  return static_cast<std::uint8_t>(weight(t.kind, t.layer, expert, row, column));
}

std::string Package::wrong_results() const {
  std::map<Work, unsigned> expected_work;
  const std::uint32_t hidden = config_.hidden;
  for (std::uint32_t layer = 0; layer < config_.layers; ++layer) {
    for (std::uint32_t token = 0; token < config_.tokens; ++token) {
      // 1. What the output should be.
      std::vector<std::uint32_t> y(hidden, 0);
      auto choices = routing(layer, token);
      for (std::uint32_t s = 0; s < config_.shared_experts; ++s)
        choices.push_back({static_cast<std::uint16_t>(config_.experts + s), firmware::kGateOne});
      for (const auto& choice : choices) {
        if (dropped_.count({layer, choice.expert, token}) > 0) continue;
        for (std::uint32_t f = 0; f < config_.expert_width; ++f) {
          std::uint32_t gate = 0, up = 0;
          for (std::uint32_t h = 0; h < hidden; ++h) {
            const auto x = static_cast<std::uint32_t>(weight(MOESAIC_ACTIVATIONS, layer, 0, token, h));
            gate += x * static_cast<std::uint32_t>(weight(MOESAIC_GATE_WEIGHTS, layer, choice.expert, f, h));
            up += x * static_cast<std::uint32_t>(weight(MOESAIC_UP_WEIGHTS, layer, choice.expert, f, h));
          }
          for (std::uint32_t h = 0; h < hidden; ++h)
            y[h] += gate * up * choice.gate *
                    static_cast<std::uint32_t>(weight(MOESAIC_DOWN_WEIGHTS, layer, choice.expert, f, h));
          expected_work[{layer, choice.expert, token, f}] += config_.iterations;
        }
      }
      // 2. What was stored.
      for (const auto& [address, t] : tensors_) {
        if (t.kind != MOESAIC_OUTPUT || t.layer != layer || token < t.row_begin ||
            token >= t.row_begin + t.rows)
          continue;
        for (std::uint32_t b = 0; b < 4 * hidden; ++b) {
          const auto at = stored_.find(address + std::uint64_t{token - t.row_begin} * 4 * hidden + b);
          if (at == stored_.end()) return "output of token " + std::to_string(token) + " was not stored";
          if (at->second != static_cast<std::uint8_t>(y[b / 4] >> (8 * (b % 4))))
            return "output of token " + std::to_string(token) + " is wrong";
        }
        y.clear();
        break;
      }
      if (!y.empty()) return "no output tensor holds token " + std::to_string(token);
    }
  }
  if (padding_columns_ != declared_padding_ * config_.expert_width) return "padding is not what was declared";
  return work_ == expected_work ? "" : "work was not done exactly once";
}

}  // namespace moesaic::fake
