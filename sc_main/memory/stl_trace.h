// SPDX-License-Identifier: Apache-2.0
// Reader of DRAMSys' trace syntax (.stl): one request a line, "cycle: (bytes) read|write 0xaddress".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sc_main/memory/traffic.h"

namespace moesaic {

/// Requests of the file in its order; `size` where a line gives none. Cycles are of `period`; they may not
/// fall. Throws UserError with every line that is wrong (up to a few), and when there is no request.
std::vector<TrafficRequest> read_stl_trace(const std::string& file, std::uint32_t size, Tick period);

}  // namespace moesaic
