// SPDX-License-Identifier: Apache-2.0
#include "firmware/images/ep/weight_stream.h"

namespace moesaic::firmware::ep {

void WeightStream::load_expert(std::uint32_t layer, std::uint32_t held) {
  for (std::uint32_t s = 0; s < plan_.slices.slices; ++s) load_slice(layer, held, s);
}

void WeightStream::compute_expert(std::uint32_t layer, std::uint32_t held, PlacedList list) {
  for (std::uint32_t s = 0; s < plan_.slices.slices; ++s) compute_slice(layer, held, s, list);
}

// The n-th use of a buffer is loaded when it has been freed n times.
void WeightStream::load_slice(std::uint32_t layer, std::uint32_t held, std::uint32_t slice) {
  const std::uint32_t buffer = loads_ % plan_.prefetch;
  const std::uint32_t use = loads_ / plan_.prefetch;
  ++loads_;
  Command command = load(storage_.slice(layer, held, slice), hal_.sram(plan_.buffer(buffer)),
                         block(3 * storage_.columns(slice) * plan_.hidden));
  command.then_local(plan_.events.loaded(buffer)).tag(tag(1, storage_.expert(held), slice));
  if (use > 0) command.wait(plan_.events.freed(buffer), use);
  weights_.post(command);
}

void WeightStream::compute_slice(std::uint32_t layer, std::uint32_t held, std::uint32_t slice,
                                 PlacedList list) {
  const std::uint32_t buffer = computes_ % plan_.prefetch;
  const std::uint32_t use = computes_ / plan_.prefetch;
  ++computes_;
  const std::uint32_t columns = storage_.columns(slice);
  moesaic_ffn body = ffn_of_model(hal_.info());
  body.x = plan_.x_base;
  body.y = plan_.y_base;
  body.gate_weights = plan_.buffer(buffer);
  body.up_weights = body.gate_weights + columns * plan_.hidden;
  body.down_weights = body.up_weights + columns * plan_.hidden;
  body.list = list.offset;
  body.list_count = static_cast<std::uint16_t>(list.count);
  body.f_count = static_cast<std::uint16_t>(columns);
  body.f_begin = static_cast<std::uint16_t>(slice * plan_.slices.columns);
  body.layer = static_cast<std::uint16_t>(layer);
  body.expert = storage_.expert(held);
  compute_.post(ffn(body)
                    .accumulate()
                    .wait(plan_.events.loaded(buffer), use + 1)
                    .then_local(plan_.events.freed(buffer))
                    .tag(tag(2, body.expert, slice)));
}

}  // namespace moesaic::firmware::ep
