// SPDX-License-Identifier: Apache-2.0
// Parameters of a die's command processor and control cores.
#pragma once

#include <cstdint>

#include "tlm/field.h"

namespace moesaic {

struct ControlParams {
  std::uint64_t hz = 800'000'000;
  unsigned command_queues = 8;
  unsigned queue_depth = 64;
  unsigned events = 256;
  unsigned mail_depth = 64;
  unsigned completion_depth = 256;
  unsigned decode_cycles = 4;
  unsigned register_cycles = 4;
  unsigned interrupt_cycles = 20;
  unsigned handler_cycles = 10;
  unsigned gate_result_cycles = 2;
  unsigned lookup_cycles = 4;
  unsigned scan_cycles = 1;
  unsigned sort_cycles = 4;
  unsigned queue_cycles = 2;
};

template <class V>
void describe_fields(V& v, ControlParams& p) {
  v(Field{"hz", "Hz", "clock of command processor and control cores", 1e6, 1e10}, p.hz);
  v(Field{"command_queues", "count", "command queues of each control core", 1, 16}, p.command_queues);
  v(Field{"queue_depth", "count", "descriptors a command queue holds", 2, 4096}, p.queue_depth);
  v(Field{"events", "count", "event counters of a die", 1, 1024}, p.events);
  v(Field{"mail_depth", "count", "messages an inbox holds", 1, 4096}, p.mail_depth);
  v(Field{"completion_depth", "count", "entries a completion queue holds", 1, 4096}, p.completion_depth);
  v(Field{"decode_cycles", "cycles", "fetch, decode and issue of one descriptor", 1, 1000}, p.decode_cycles);
  v(Field{"register_cycles", "cycles", "one access of a control core to a register of its die, per 8 bytes",
          1, 1000},
    p.register_cycles);
  v(Field{"interrupt_cycles", "cycles", "from the interrupt line to the first instruction", 1, 100000},
    p.interrupt_cycles);
  v(Field{"handler_cycles", "cycles", "entry and exit of one handler", 1, 100000}, p.handler_cycles);
  v(Field{"gate_result_cycles", "cycles", "reading one gate result (expert, weight)", 0, 10000},
    p.gate_result_cycles);
  v(Field{"lookup_cycles", "cycles", "one table look-up of an SDK container", 0, 10000}, p.lookup_cycles);
  v(Field{"scan_cycles", "cycles", "one item of an SDK scan", 0, 10000}, p.scan_cycles);
  v(Field{"sort_cycles", "cycles", "one compare-and-move of an SDK sort", 0, 10000}, p.sort_cycles);
  v(Field{"queue_cycles", "cycles", "one push or pop of an SDK queue", 0, 10000}, p.queue_cycles);
}

}  // namespace moesaic
