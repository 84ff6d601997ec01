// SPDX-License-Identifier: Apache-2.0
// `moesaic list signals`: every signal that a waveform may hold, from the tables beside the blocks.
#pragma once

#include <string>

namespace moesaic {

/// "package.dieN.dma.channelN.kind": how the listing names "package.die0.dma.channel3.kind".
std::string without_numbers(const std::string& name);

/// As text for people, or as the table in docs/waveform.md.
std::string signal_listing();
std::string signal_document();

}  // namespace moesaic
