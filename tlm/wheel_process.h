// SPDX-License-Identifier: Apache-2.0
// The one SystemC process that drives a package's event wheel.
//
// Models: nothing. Time: runs every event of the present instant, then sleeps until the next. When firmware
// is to run, it hands over with resume(): exactly one firmware thread runs in the delta cycle that follows,
// before the wheel goes on, so that the order of firmware does not depend on SystemC's order of processes.
#pragma once

#include <systemc>

#include "tlm/event_wheel.h"

namespace moesaic {

class WheelProcess : public sc_core::sc_module {
 public:
  WheelProcess(const sc_core::sc_module_name& name, EventWheel& wheel);

  /// From inside a wheel event of Phase::firmware: lets the thread waiting for `event` run next.
  void resume(sc_core::sc_event& event);

 private:
  void run();

  EventWheel& wheel_;
  sc_core::sc_event earlier_;
  bool started_ = false;
  bool running_ = false;
  bool handed_over_ = false;
};

}  // namespace moesaic
