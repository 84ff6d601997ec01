// SPDX-License-Identifier: Apache-2.0
#include "tlm/wheel_process.h"

#include "tlm/sc_tick.h"

namespace moesaic {

WheelProcess::WheelProcess(const sc_core::sc_module_name& name, EventWheel& wheel)
    : sc_module(name), wheel_(wheel) {
  SC_HAS_PROCESS(WheelProcess);
  SC_METHOD(run);
  wheel_.on_earlier([this] {
    if (!running_) earlier_.notify(sc_core::SC_ZERO_TIME);
  });
}

void WheelProcess::resume(sc_core::sc_event& event) {
  event.notify();
  handed_over_ = true;
}

void WheelProcess::run() {
  // 0. In the first delta cycle every thread reaches its first wait(); before that, resume() would be lost.
  if (!started_) {
    started_ = true;
    next_trigger(sc_core::SC_ZERO_TIME);
    return;
  }
  const Tick now = now_tick();
  running_ = true;
  handed_over_ = false;
  // 1. Everything that is due now, one firmware thread at a time.
  while (!handed_over_ && wheel_.next_time() <= now) wheel_.run_one();
  running_ = false;
  // 2. Sleep until the next event, the delta after a hand-over, or an earlier event scheduled by a thread.
  if (handed_over_) {
    next_trigger(sc_core::SC_ZERO_TIME);
  } else if (wheel_.empty()) {
    next_trigger(earlier_);
  } else {
    next_trigger(to_sc_time(wheel_.next_time() - now), earlier_);
  }
}

}  // namespace moesaic
