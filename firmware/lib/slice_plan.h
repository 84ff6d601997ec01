// SPDX-License-Identifier: Apache-2.0
// How wide a weight slice may be, and how many token rows a wave may have, so that both fit in SRAM.
// Models: bytes. Does not model: time. The rule: as few waves as possible, since each streams the weights
// again, with slices of at least kNarrowestColumns, below which the engine becomes the limit (half of that,
// and so on, where SRAM is too small). Then slices no wider than 1/kSlicesWanted of the expert, because the
// first load and the last compute overlap with nothing, of whole widths of the engine, and all equal where
// that is possible. Offline: no charge.
#pragma once

#include <cstdint>
#include <optional>

namespace moesaic::firmware {

inline constexpr std::uint32_t kNarrowestColumns = 32;
inline constexpr std::uint32_t kEngineColumns = 64;  ///< of the default 32x64 tensor engine
inline constexpr std::uint32_t kNarrowStep = 16;     ///< widths below kEngineColumns are multiples of this
inline constexpr std::uint32_t kSlicesWanted = 8;
inline constexpr std::uint32_t kSramAlignment = 64;

struct SliceDemand {
  std::uint64_t sram_bytes = 0;
  std::uint64_t fixed_bytes = 0;  ///< used whatever the plan
  std::uint64_t row_bytes = 0;    ///< used per row of a wave
  std::uint32_t rows_wanted = 0;  ///< of one wave, if all fit
  std::uint32_t row_limit = 65535;
  std::uint32_t hidden = 0;
  std::uint32_t expert_width = 0;
  std::uint32_t buffers = 2;
  std::uint32_t columns = 0;                    ///< 0: derive
  std::uint32_t narrowest = kNarrowestColumns;  ///< more waves rather than narrower slices, when derived
  std::uint32_t fewest_slices = 1;  ///< per expert, when derived; unless they were narrower than that
};

struct SlicePlan {
  std::uint32_t columns = 0;  ///< F columns of a slice; the last one of an expert may have fewer
  std::uint32_t slices = 0;   ///< per expert
  std::uint32_t rows = 0;     ///< per wave
  std::uint32_t waves = 0;
};

/// Bytes of one slice buffer: `columns` rows of gate, up and down, aligned.
std::uint64_t slice_bytes(std::uint32_t hidden, std::uint32_t columns);

/// Nothing when not even one row and the narrowest slices fit.
std::optional<SlicePlan> plan_slices(const SliceDemand& demand);

/// SRAM with which plan_slices finds something: one row, one column (or the demanded columns).
std::uint64_t minimum_sram(const SliceDemand& demand);

}  // namespace moesaic::firmware
