// SPDX-License-Identifier: Apache-2.0
// Cuts a transfer into chunks: pairs of trains of equal shape, one read and one written, each at most
// `chunk_bytes`.
//
// Models: nothing in time. Rows that advance evenly on both sides become one train; rows that lie packed on
// both sides become one block; long rows are cut. The bytes of chunk i are moved before those of chunk i+1.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hw/command.h"
#include "tlm/train.h"

namespace moesaic {

struct Chunk {
  Train read;
  Train write;
};

class TransferPlan {
 public:
  /// `list` empty: rows 0..rows-1. REQUIRES: row_bytes > 0.
  TransferPlan(const Transfer& transfer, std::vector<ListEntry> list, std::uint32_t chunk_bytes);

  /// The next chunk, nothing when all rows are done.
  std::optional<Chunk> next();
  bool finished() const { return row_ >= rows_; }

 private:
  std::uint64_t source_row(std::uint32_t i) const;
  std::uint64_t destination_row(std::uint32_t i) const;
  /// How many rows from `row_` on advance evenly on both sides, at most `limit`.
  std::uint32_t even_rows(std::uint32_t limit) const;

  Transfer transfer_;
  std::vector<ListEntry> list_;
  std::uint32_t chunk_bytes_;
  std::uint32_t rows_;
  std::uint32_t row_ = 0;
  std::uint32_t offset_ = 0;  // inside the present row
};

}  // namespace moesaic
