// SPDX-License-Identifier: Apache-2.0
// What leaves a die on the control class of the fabric: event signals and mailbox messages. Their bytes are
// control data and are carried in both run modes.
#pragma once

#include <systemc>

#include <array>
#include <cstdint>

#include "tlm/address_map.h"
#include "tlm/causal_log.h"

namespace moesaic {

struct ControlMessage {
  enum class Kind : std::uint8_t { signal, mail };
  Kind kind = Kind::signal;
  NodeId source = kNoNode;
  NodeId destination = kNoNode;
  std::uint16_t event = 0;  ///< signal
  std::uint16_t add = 0;    ///< signal
  std::array<std::uint8_t, 64> mail{};
  ActivityId cause = kRootActivity;  ///< what sent it; the network extends it with its own time on the way
};

/// Contract: offered by the network interface to the command processor of its die.
class ControlNetwork : public virtual sc_core::sc_interface {
 public:
  /// False when the injection queue is full; the network then calls ControlReceiver::network_ready() once it
  /// is not.
  virtual bool try_send(const ControlMessage& message) = 0;
  /// The receiver has space again: offers what it had refused.
  virtual void retry_delivery() = 0;
};

/// Contract: offered by the command processor to the network interface of its die. Called at the instant of
/// arrival; the message's `cause` ends at that instant.
class ControlReceiver : public virtual sc_core::sc_interface {
 public:
  /// False when the mailbox is full: the message keeps its place (and its credits) in the network.
  virtual bool deliver(const ControlMessage& message) = 0;
  /// A data packet with a signal has been written to this die's SRAM.
  virtual void signal(std::uint16_t event, std::uint16_t add, ActivityId cause) = 0;
  virtual void network_ready() = 0;
};

}  // namespace moesaic
