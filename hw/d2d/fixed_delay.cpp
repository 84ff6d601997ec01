// SPDX-License-Identifier: Apache-2.0
#include "hw/d2d/fixed_delay.h"

#include <algorithm>

namespace moesaic {

FixedDelay::FixedDelay(const D2dFormat& format, HwContext& ctx, Owner& owner)
    : ctx_(ctx),
      format_(format),
      owner_(owner),
      wake_(ctx.wheel, Phase::arbitrate, component_id(NodeId(0), UnitId::router), *this) {}

void FixedDelay::submit(MessagePart& part, Tick ready) {
  under_way_[{ready + format_.way(part.kind, 0), submitted_++}] = &part;
  arm();
  owner_.gone(part, ready);
}

// An interface takes packets in the order in which they are announced, whatever their class: all are
// announced the same time before they come. What is submitted later is ready later than that.
void FixedDelay::on_wheel(Tick now, Phase, std::uint64_t) {
  if (!wake_.take(now)) return;
  while (!under_way_.empty() && under_way_.begin()->first.first <= now + format_.ni_latency()) {
    const auto next = under_way_.begin();
    MessagePart& part = *next->second;
    const Tick at = next->first.first;
    under_way_.erase(next);
    owner_.comes(part, at);
  }
  arm();
}

void FixedDelay::arm() {
  if (under_way_.empty()) return;
  const Tick at = under_way_.begin()->first.first;
  wake_.arm(std::max(ctx_.wheel.now(), at - std::min(at, format_.ni_latency())));
}

}  // namespace moesaic
