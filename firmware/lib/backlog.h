// SPDX-License-Identifier: Apache-2.0
// A command queue without a bound: what does not fit in hardware waits in software, in order. Every
// (depth/2)-th command of the hardware queue raises an interrupt when done, so that a full queue always calls
// back before it runs dry. Contract: call flush() at the end of a handler that posted, pump() from
// Core::on_completion.
#pragma once

#include "../sdk/charged.h"

namespace moesaic::firmware {

/// Tag of interrupts that only say "there is room again".
inline constexpr std::uint32_t kBacklogTag = 0;

class Backlog {
 public:
  Backlog(Hal& hal, unsigned queue);
  void post(const Command& command);
  /// Rings for what has been staged.
  void flush() { queue_.ring(); }
  /// Refills the hardware queue from software.
  void pump();
  std::size_t waiting() const { return waiting_.size(); }

 private:
  bool stage(Command command);

  Queue& queue_;
  unsigned every_;  ///< commands per refill interrupt
  unsigned since_ = 0;
  ChargedQueue<Command> waiting_;
};

}  // namespace moesaic::firmware
