// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/ep_stream.h"

namespace moesaic::firmware::ep {

void WeightStream::load_expert(std::uint32_t layer, std::uint32_t expert) {
  for (std::uint32_t s = 0; s < plan_.slices.slices; ++s) load_slice(layer, expert, s);
}

void WeightStream::compute_expert(std::uint32_t layer, std::uint32_t expert, const TileRows& rows) {
  for (std::uint32_t s = 0; s < plan_.slices.slices; ++s) compute_slice(layer, expert, s, rows);
}

// The n-th use of a buffer is loaded when it has been freed n times.
void WeightStream::load_slice(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice) {
  const std::uint32_t buffer = loads_ % plan_.prefetch;
  const std::uint32_t use = loads_ / plan_.prefetch;
  ++loads_;
  const std::uint32_t columns = storage_.columns(slice) * plan_.hidden;
  for (const WeightPiece& piece : storage_.pieces(layer, expert, slice)) {
    const std::uint32_t bytes = piece.columns * plan_.hidden;
    Command command = load(piece.address, hal_.sram(plan_.buffer(buffer) + piece.begin * plan_.hidden),
                           Rows{bytes, 3, bytes, columns, MOESAIC_NO_OFFSET});
    command.then_local(plan_.events.loaded(buffer)).tag(tag(1, expert, slice));
    if (use > 0) command.wait(plan_.events.freed(buffer), use);
    weights_.post(command);
    ++pieces_[buffer];
  }
  uses_.push_back(pieces_[buffer]);
}

void WeightStream::compute_slice(std::uint32_t layer, std::uint32_t expert, std::uint32_t slice,
                                 const TileRows& rows) {
  const std::uint32_t buffer = computes_ % plan_.prefetch;
  ++computes_;
  const std::uint32_t columns = storage_.columns(slice);
  moesaic_ffn body = ffn_of_model(hal_.info());
  body.x = rows.x;
  body.y = rows.y;
  body.gate_weights = plan_.buffer(buffer);
  body.up_weights = body.gate_weights + columns * plan_.hidden;
  body.down_weights = body.up_weights + columns * plan_.hidden;
  body.list = rows.list;
  body.list_count = static_cast<std::uint16_t>(rows.count);
  body.f_count = static_cast<std::uint16_t>(columns);
  body.f_begin = static_cast<std::uint16_t>(slice * plan_.slices.columns);
  body.layer = static_cast<std::uint16_t>(layer);
  body.expert = static_cast<std::uint16_t>(expert);
  Command command = ffn(body);
  if (slice > 0) command.accumulate();  // the first one overwrites what an earlier tile has left
  compute_.post(command.wait(plan_.events.loaded(buffer), uses_.front())
                    .then_local(plan_.events.freed(buffer))
                    .tag(tag(2, expert, slice)));
  uses_.pop_front();
}

}  // namespace moesaic::firmware::ep
