// SPDX-License-Identifier: Apache-2.0
// The plainest placement: expert e with the memory of die e modulo dies, shared experts with die 0, tokens
// with their home. For images that do not care, such as those that only exist to be tested against.
#pragma once

#include "../sdk/hal.h"

namespace moesaic::firmware {

/// Registers this die's part; from boot of every agent. Throws when a memory is too small.
void place_everything(Hal& hal);

}  // namespace moesaic::firmware
