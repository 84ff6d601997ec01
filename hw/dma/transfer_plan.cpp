// SPDX-License-Identifier: Apache-2.0
#include "hw/dma/transfer_plan.h"

#include <algorithm>

namespace moesaic {

TransferPlan::TransferPlan(const Transfer& transfer, std::vector<ListEntry> list, std::uint32_t chunk_bytes)
    : transfer_(transfer), list_(std::move(list)), chunk_bytes_(chunk_bytes), rows_(transfer.rows) {}

std::uint64_t TransferPlan::source_row(std::uint32_t i) const {
  const std::uint64_t row = list_.empty() ? i : list_[i].in_row;
  return transfer_.source + row * transfer_.source_stride;
}

std::uint64_t TransferPlan::destination_row(std::uint32_t i) const {
  const std::uint64_t row = list_.empty() ? i : list_[i].out_row;
  return transfer_.destination + row * transfer_.destination_stride;
}

std::uint32_t TransferPlan::even_rows(std::uint32_t limit) const {
  const std::uint32_t left = std::min(limit, rows_ - row_);
  if (list_.empty() || left < 2) return left;
  // Unsigned differences: a step backwards never equals a forward one, and ends the run.
  const std::uint64_t source_step = source_row(row_ + 1) - source_row(row_);
  const std::uint64_t destination_step = destination_row(row_ + 1) - destination_row(row_);
  std::uint32_t n = 2;
  while (n < left && source_row(row_ + n) - source_row(row_ + n - 1) == source_step &&
         destination_row(row_ + n) - destination_row(row_ + n - 1) == destination_step) {
    ++n;
  }
  const bool forward =
      source_row(row_ + 1) >= source_row(row_) && destination_row(row_ + 1) >= destination_row(row_);
  return forward ? n : 1;
}

std::optional<Chunk> TransferPlan::next() {
  if (finished()) return std::nullopt;
  const std::uint32_t size = transfer_.row_bytes;
  const std::uint64_t source = source_row(row_) + offset_;
  const std::uint64_t destination = destination_row(row_) + offset_;
  // 1. A run of whole rows that fits a chunk, or that lies packed and is cut like one long row.
  const std::uint32_t run = offset_ == 0 ? even_rows(std::max(1u, chunk_bytes_ / size)) : 1;
  if (run > 1) {
    const std::uint64_t source_step = source_row(row_ + 1) - source;
    const std::uint64_t destination_step = destination_row(row_ + 1) - destination;
    row_ += run;
    if (source_step == size && destination_step == size) {
      return Chunk{Train::block(source, size * run), Train::block(destination, size * run)};
    }
    return Chunk{Train{source, size, run, source_step, 0},
                 Train{destination, size, run, destination_step, 0}};
  }
  // 2. A row, or what is left of it.
  const std::uint32_t bytes = std::min(size - offset_, chunk_bytes_);
  offset_ += bytes;
  if (offset_ == size) {
    offset_ = 0;
    ++row_;
  }
  return Chunk{Train::block(source, bytes), Train::block(destination, bytes)};
}

}  // namespace moesaic
