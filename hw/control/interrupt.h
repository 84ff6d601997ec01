// SPDX-License-Identifier: Apache-2.0
// Between a command processor and the control core of one context: the interrupt line one way, and what made
// the core's news the other way (for the causal log only; firmware never sees it).
#pragma once

#include <systemc>

#include "tlm/causal_log.h"
#include "tlm/tick.h"

namespace moesaic {

/// When something happened, and which activity made it happen.
struct Happening {
  Tick at = 0;
  ActivityId cause = kRootActivity;
};

/// Contract: called at every change of the level, at that instant.
class InterruptLine : public virtual sc_core::sc_interface {
 public:
  virtual void level(bool high, Happening since) = 0;
};

/// Contract: after a core has popped a completion or a message, or seen the timer or mail space cause.
class InterruptSource : public virtual sc_core::sc_interface {
 public:
  virtual Happening last_news(unsigned context) const = 0;
};

}  // namespace moesaic
