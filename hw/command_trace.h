// SPDX-License-Identifier: Apache-2.0
// How the timeline names a command and what it says about it; the same words for every unit.
#pragma once

#include <array>
#include <string>

#include "hw/command.h"
#include "tlm/trace.h"

namespace moesaic {

inline constexpr std::array<const char*, 10> kCommandKindNames{
    "load", "store", "send", "ffn", "gemm", "attention", "vector", "slot_allocate", "slot_release", "fence"};

/// "ffn layer 0 expert 17 f 96", "send to die 2", "send to dies 1 2 3".
std::string title_of(const Command& command);
/// Tag, and what the body says: bytes and places, or layer, expert, columns and tokens.
TraceArgs args_of(const Command& command);
/// Bytes that a transfer reads.
std::uint64_t bytes_of(const Transfer& transfer);

}  // namespace moesaic
