// SPDX-License-Identifier: Apache-2.0
#include "sc_main/workload/reference.h"

#include <algorithm>

#include "firmware/sdk/abi.h"
#include "sc_main/workload/procedural.h"

namespace moesaic {

namespace {

// From docs/numerics.md with 60-digit decimal arithmetic, q = -128 .. 127.
constexpr std::array<std::int8_t, 256> kSilu{
    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
    0,   0,   0,   0,   0,   0,   0,   -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,
    -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -1,  -2,  -2,  -2,  -2,  -2,  -2,  -2,  -2,  -2,  -2,
    -2,  -2,  -2,  -3,  -3,  -3,  -3,  -3,  -3,  -3,  -3,  -3,  -3,  -4,  -4,  -4,  -4,  -4,  -4,  -4,
    -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -4,  -3,  -3,
    -3,  -3,  -2,  -2,  -2,  -1,  -1,  0,   0,   1,   1,   2,   2,   3,   4,   4,   5,   6,   7,   7,
    8,   9,   10,  11,  12,  13,  14,  15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25,  26,  27,
    28,  29,  30,  31,  33,  34,  35,  36,  37,  38,  39,  40,  41,  42,  44,  45,  46,  47,  48,  49,
    50,  51,  52,  53,  54,  55,  56,  58,  59,  60,  61,  62,  63,  64,  65,  66,  67,  68,  69,  70,
    71,  72,  73,  74,  75,  76,  77,  78,  79,  80,  82,  83,  84,  85,  86,  87,  88,  89,  90,  91,
    92,  93,  94,  95,  96,  97,  98,  99,  100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
    112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
};

std::int8_t requantise(std::int64_t value, unsigned shift) {
  if (shift != 0) value = (value + (std::int64_t{1} << (shift - 1))) >> shift;
  return static_cast<std::int8_t>(std::clamp<std::int64_t>(value, -128, 127));
}

std::int8_t activate(ModelActivation activation, std::int8_t q) {
  switch (activation) {
    case ModelActivation::identity:
      return q;
    case ModelActivation::relu:
      return std::max<std::int8_t>(q, 0);
    case ModelActivation::silu:
      break;
  }
  return kSilu[static_cast<std::size_t>(q + 128)];
}

/// Rows are widened to int16 once, so that the dot products below vectorise without further conversions.
using Row = std::vector<std::int16_t>;

void load_row(std::uint64_t seed, const RowIdentity& id, std::vector<std::uint8_t>& bytes, Row& row) {
  fill_row(row_key(seed, id), 0, bytes.data(), bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) row[i] = static_cast<std::int8_t>(bytes[i]);
}

std::int32_t dot(const std::int16_t* a, const std::int16_t* b, std::size_t size) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += static_cast<std::int32_t>(a[i]) * b[i];
  return sum;
}

/// A token that uses the expert at hand.
struct User {
  std::uint32_t token;
  std::uint32_t gate_q15;
};

/// Users of every expert, shared ones behind the routed.
std::vector<std::vector<User>> users_of_experts(const ModelParams& model, const Routing& routing,
                                                std::uint32_t layer,
                                                const std::vector<DroppedWork>& dropped) {
  const auto is_dropped = [&](std::uint32_t token, std::uint32_t expert) {
    return std::any_of(dropped.begin(), dropped.end(), [&](const DroppedWork& d) {
      return d.layer == layer && d.token == token && d.expert == expert;
    });
  };
  std::vector<std::vector<User>> users(model.all_experts());
  for (std::uint32_t token = 0; token < routing.tokens; ++token) {
    for (const Choice& choice : routing.row(layer, token))
      if (!is_dropped(token, choice.expert)) users[choice.expert].push_back({token, choice.gate_q15});
    for (std::uint32_t shared = model.experts; shared < model.all_experts(); ++shared)
      if (!is_dropped(token, shared)) users[shared].push_back({token, kFullGate});
  }
  return users;
}

}  // namespace

const std::array<std::int8_t, 256>& reference_silu() {
  return kSilu;
}

std::vector<std::int32_t> reference_layer(const ModelParams& model, const Routing& routing,
                                          std::uint32_t layer, std::uint64_t seed,
                                          const std::vector<DroppedWork>& dropped) {
  const std::size_t hidden = model.hidden;
  const unsigned shift_before = requantise_shift_before(model.hidden);
  const auto layer16 = static_cast<std::uint16_t>(layer);
  std::vector<std::uint8_t> bytes(hidden);
  std::vector<Row> x(routing.tokens, Row(hidden));
  for (std::uint32_t token = 0; token < routing.tokens; ++token)
    load_row(seed, {MOESAIC_ACTIVATIONS, layer16, 0, token}, bytes, x[token]);

  std::vector<std::int32_t> y(routing.tokens * hidden, 0);
  Row gate(hidden), up(hidden), down(hidden);
  const auto users = users_of_experts(model, routing, layer, dropped);
  for (std::uint16_t expert = 0; expert < users.size(); ++expert) {
    if (users[expert].empty()) continue;
    for (std::uint32_t f = 0; f < model.expert_width; ++f) {
      load_row(seed, {MOESAIC_GATE_WEIGHTS, layer16, expert, f}, bytes, gate);
      load_row(seed, {MOESAIC_UP_WEIGHTS, layer16, expert, f}, bytes, up);
      load_row(seed, {MOESAIC_DOWN_WEIGHTS, layer16, expert, f}, bytes, down);
      for (const User& user : users[expert]) {
        const std::int16_t* in = x[user.token].data();
        const std::int8_t g = requantise(dot(in, gate.data(), hidden), shift_before);
        const std::int8_t u = requantise(dot(in, up.data(), hidden), shift_before);
        const std::int64_t product = std::int64_t{activate(model.activation, g)} * u * user.gate_q15;
        const std::int16_t h = requantise(product, kRequantiseShiftAfter);
        std::int32_t* out = y.data() + user.token * hidden;
        for (std::size_t d = 0; d < hidden; ++d) out[d] += static_cast<std::int32_t>(h) * down[d];
      }
    }
  }
  return y;
}

}  // namespace moesaic
