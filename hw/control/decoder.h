// SPDX-License-Identifier: Apache-2.0
// From the 64 bytes of a descriptor (firmware/sdk/descriptors.h) to an internal command. With this header's
// folder the knowledge of the descriptor format ends.
#pragma once

#include <string>
#include <variant>

#include "firmware/sdk/abi.h"
#include "hw/command.h"
#include "hw/control/params.h"

namespace moesaic {

/// What the decoder checks operands against.
struct DecodeLimits {
  NodeId self{};
  unsigned nodes = 1;
  unsigned events = 1;
  std::uint64_t sram_bytes = std::uint64_t{1} << 32;
};

/// True when one continuation descriptor belongs to `descriptor`.
bool is_continued(const moesaic_descriptor& descriptor);
/// Priority of a load, store or send; 0 for everything else.
std::uint8_t priority_of(const moesaic_descriptor& descriptor);

/// The command, or one sentence that says what is wrong with the descriptor. `continuation` is null without
/// one. Operands that no list picks are checked against the SRAM here, the rows of a list where they are
/// used.
std::variant<Command, std::string> decode(const moesaic_descriptor& descriptor,
                                          const moesaic_descriptor* continuation, const DecodeLimits& limits);

}  // namespace moesaic
