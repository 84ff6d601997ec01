// SPDX-License-Identifier: Apache-2.0
// What a command processor holds for one control core (context 0: the agent, context 1: the scheduler):
// command queues, completion queue, inbox and outbox, timer, interrupt state. Plain C++, no time of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "firmware/sdk/abi.h"
#include "hw/command.h"
#include "hw/control/interrupt.h"
#include "hw/control/params.h"
#include "tlm/bounded_queue.h"

namespace moesaic {

/// A started descriptor, waiting in its command queue.
struct QueuedDescriptor {
  moesaic_descriptor descriptor;
  Happening doorbell;
};

struct CommandQueue {
  CommandQueue(const std::string& name, std::size_t depth) : started(name, depth) {}

  BoundedQueue<QueuedDescriptor> started;
  std::vector<moesaic_descriptor> staged;  ///< pushed, doorbell not yet rung
  std::optional<Command> head;             ///< the decoded front of `started`
  bool head_blocked = false;               ///< seen waiting for its unit or, a fence, for earlier commands
  std::uint64_t unfinished = 0;            ///< issued to a unit, not done
  Happening last_issue;                    ///< when the previous command left the queue
  Happening last_done;                     ///< of the commands issued from here; what a fence waits for

  std::size_t space() const { return started.capacity() - started.size() - staged.size(); }
};

struct CompletionNews {
  moesaic_completion entry;
  Happening happening;
};

struct MailNews {
  moesaic_mail mail;
  Happening happening;
};

struct ControlContext {
  ControlContext(const std::string& name, const ControlParams& params);

  std::vector<CommandQueue> queues;
  std::deque<CompletionNews> completions;       ///< at most completion_depth visible to the core
  std::deque<CompletionNews> held_completions;  ///< done, waiting for a place in the completion queue
  BoundedQueue<MailNews> inbox;
  BoundedQueue<MailNews> outbox;
  std::uint64_t timer_cycle = 0;  ///< 0: disarmed
  bool timer_fired = false;
  bool space_wanted = false;  ///< MAIL_SPACE was read as 0
  bool space_news = false;
  std::uint32_t irq_enable = 0xF;
  bool irq_high = false;
  Happening timer_armed;  ///< who armed the timer
  Happening news;         ///< of the last pop or cause seen

  std::uint32_t irq_status() const;
};

}  // namespace moesaic
