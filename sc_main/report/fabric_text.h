// SPDX-License-Identifier: Apache-2.0
// The fabric for people: a heat map of the package, the busiest links, packets by class and hops. The
// summary, the HTML report and `moesaic fabric-bench` print the same.
#pragma once

#include <string>
#include <vector>

#include "sc_main/report/fabric_rows.h"
#include "sc_main/report/ink.h"

namespace moesaic {

/// The array of dies with the busy share of each link, in percent, between them; `>` `<` `v` `^` show the
/// direction, `x` a link that is down. Links between dies that are not neighbours in the array stand below.
/// Lines end with a newline.
std::string link_map_text(unsigned rows, unsigned columns, const std::vector<LinkRow>& links, const Ink& ink);
/// The same as one SVG element.
std::string link_map_svg(unsigned rows, unsigned columns, const std::vector<LinkRow>& links);

/// Achieved, peak, occupancy, stalls by cause and retries of the `most` busiest link directions.
std::string link_table(const std::vector<LinkRow>& links, std::size_t most);
/// Latency by class: mean, and the bins that 50 % and 99 % of the packets do not exceed.
std::string packet_table(const std::vector<PacketRow>& packets);
/// "hops: 1: 60.0 %, 2: 40.0 %".
std::string hop_line(const std::vector<HopRow>& hops);

}  // namespace moesaic
