// SPDX-License-Identifier: Apache-2.0
// The messages by which a token's home tells an expert's owner what to do with the rows it sends.
//
// Layout of the body (28 little-endian 16-bit words): 0..1 wave of the run; 2 number, among the rows sent, of
// the first one below; 3 rows sent in the wave; 4..5 choices in all messages of the wave; 6.. per row: its
// row at home, then its choices as pairs (expert, gate), the last with bit 15 of the expert set. Rows follow
// each other; 0xFFFF ends the list. Every message stands for itself: they may arrive in any order.
#pragma once

#include <vector>

#include "firmware/lib/outbox.h"

namespace moesaic::firmware::ep {

inline constexpr std::uint16_t kRoutesMail = 1;

/// A token row and one expert it needs.
struct Route {
  std::uint16_t home_row;
  std::uint16_t expert;
  std::uint16_t gate;
};

/// Sends the routes of one wave to one owner; those of a row follow each other. Sends one message if there
/// are none.
void send_routes(Outbox& outbox, std::uint16_t owner, std::uint32_t wave, const std::vector<Route>& routes);

/// Rows that these routes need, each once: their numbers at home.
std::vector<std::uint16_t> distinct_rows(const std::vector<Route>& routes);

struct RoutesMail {
  struct Item {
    std::uint16_t number;  ///< among the rows sent
    Route route;
  };
  std::uint32_t wave = 0;
  std::uint32_t rows = 0;     ///< sent in the wave
  std::uint32_t choices = 0;  ///< in all messages of the wave
  std::vector<Item> items;
};
std::uint32_t wave_of(const moesaic_mail& mail);
RoutesMail read_routes(const moesaic_mail& mail);

}  // namespace moesaic::firmware::ep
