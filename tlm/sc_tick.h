// SPDX-License-Identifier: Apache-2.0
// Between ticks and sc_time. REQUIRES: the SystemC time resolution is one femtosecond
// (set_tick_resolution()).
#pragma once

#include <systemc>

#include "tlm/tick.h"

namespace moesaic {

/// Call once, before the first sc_time object of the process.
inline void set_tick_resolution() {
  sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
}
inline sc_core::sc_time to_sc_time(Tick t) {
  return sc_core::sc_time::from_value(t);
}
inline Tick to_tick(const sc_core::sc_time& t) {
  return t.value();
}
inline Tick now_tick() {
  return sc_core::sc_time_stamp().value();
}

}  // namespace moesaic
