// SPDX-License-Identifier: Apache-2.0
// What joins the dies instead of routers and links where a study assumes it away.
//
// Models: every packet is at its destination a fixed time after its network interface has it ready, by class.
// Does not model: bandwidth, distance, contention, buffers, errors.
// Time: exact; packets are announced as long before they come as an interface takes to form them.
// Debug: under_way() counts what has not come.
#pragma once

#include <map>
#include <utility>

#include "hw/context.h"
#include "hw/d2d/format.h"
#include "hw/d2d/message.h"

namespace moesaic {

class FixedDelay : private WheelClient {
 public:
  class Owner {
   public:
    /// All packets of the part are there at `at`, now or later.
    virtual void comes(MessagePart& part, Tick at) = 0;
    /// The part has left its source at `at`.
    virtual void gone(MessagePart& part, Tick at) = 0;

   protected:
    ~Owner() = default;
  };

  FixedDelay(const D2dFormat& format, HwContext& ctx, Owner& owner);
  void submit(MessagePart& part, Tick ready);
  std::size_t under_way() const { return under_way_.size(); }

 private:
  void on_wheel(Tick now, Phase, std::uint64_t) override;
  void arm();

  HwContext& ctx_;
  const D2dFormat& format_;
  Owner& owner_;
  WakeUp wake_;
  std::map<std::pair<Tick, std::uint64_t>, MessagePart*> under_way_;  // by arrival, then order
  std::uint64_t submitted_ = 0;
};

}  // namespace moesaic
