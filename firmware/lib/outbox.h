// SPDX-License-Identifier: Apache-2.0
// Messages that wait for mailbox space, in order. Call pump() from Core::on_mail_space.
#pragma once

#include "../sdk/charged.h"

namespace moesaic::firmware {

class Outbox {
 public:
  explicit Outbox(Hal& hal) : hal_(hal), waiting_(hal) {}
  void send(const moesaic_mail& mail) {
    if (waiting_.empty() && hal_.try_send(mail)) return;
    waiting_.push(mail);
  }
  void pump() {
    while (!waiting_.empty() && hal_.try_send(waiting_.front())) waiting_.pop();
  }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  Hal& hal_;
  ChargedQueue<moesaic_mail> waiting_;
};

}  // namespace moesaic::firmware
