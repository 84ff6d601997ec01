// SPDX-License-Identifier: Apache-2.0
#include "hw/control/control_context.h"

namespace moesaic {

ControlContext::ControlContext(const std::string& name, const ControlParams& params)
    : inbox(name + ".inbox", params.mail_depth), outbox(name + ".outbox", params.mail_depth) {
  for (unsigned q = 0; q < params.command_queues; ++q) {
    queues.emplace_back(name + ".queue" + std::to_string(q), params.queue_depth);
  }
}

std::uint32_t ControlContext::irq_status() const {
  std::uint32_t status = 0;
  if (!completions.empty()) status |= MOESAIC_IRQ_COMPLETION;
  if (!inbox.empty()) status |= MOESAIC_IRQ_MAIL;
  if (space_news) status |= MOESAIC_IRQ_MAIL_SPACE;
  if (timer_fired) status |= MOESAIC_IRQ_TIMER;
  return status;
}

}  // namespace moesaic
