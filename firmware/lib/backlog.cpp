// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/backlog.h"

#include <algorithm>

namespace moesaic::firmware {

Backlog::Backlog(Hal& hal, unsigned queue)
    : queue_(hal.queue(queue)), every_(std::max(1u, hal.info().queue_depth / 2)), waiting_(hal) {}

void Backlog::post(const Command& command) {
  if (waiting_.empty() && stage(command)) return;
  queue_.ring();  // what is staged must run, or there would never be room
  waiting_.push(command);
}

void Backlog::pump() {
  if (waiting_.empty()) return;
  while (!waiting_.empty() && stage(waiting_.front())) waiting_.pop();
  queue_.ring();
}

bool Backlog::stage(Command command) {
  const bool mark = since_ + 1 >= every_;
  if (mark) command.interrupt();
  if (!queue_.try_push(command)) return false;
  since_ = mark ? 0 : since_ + 1;
  return true;
}

}  // namespace moesaic::firmware
