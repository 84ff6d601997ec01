// SPDX-License-Identifier: Apache-2.0
// The messages by which a token's home tells an expert's owner which of its tokens the expert is for.
//
// Layout of the body (28 little-endian 16-bit words): 0..1 layer of the run; 2..3 choices in all messages of
// the layer; 4.. per token: its number at home, the place of its first partial result there, then its choices
// as pairs (expert, gate), the last with bit 15 of the expert set; each choice's result has the place after
// that of the one before. Tokens follow each other; 0xFFFF ends the list. Every message stands for itself:
// they may arrive in any order. Padded routes have one word more in front of the tokens: the most tokens of
// the home for one expert, of any owner.
#pragma once

#include <optional>
#include <vector>

#include "outbox.h"

namespace moesaic::firmware::ep {

inline constexpr std::uint16_t kRoutesMail = 1, kPaddedRoutesMail = 2;

/// A token and one expert it needs.
struct Route {
  std::uint16_t token;  ///< counts from the first one of its home
  std::uint16_t place;  ///< of the partial result among those of the token
  std::uint16_t expert;
  std::uint16_t gate;
};

/// Sends the routes of one layer to one owner; those of a token follow each other, in adjacent places. Sends
/// one message if there are none. `most`: tokens of this die for one expert, where padding has to know.
void send_routes(Outbox& outbox, std::uint16_t owner, std::uint32_t layer, const std::vector<Route>& routes,
                 std::optional<std::uint32_t> most);

struct RoutesMail {
  std::uint32_t layer = 0;
  std::uint32_t choices = 0;  ///< in all messages of the layer
  std::uint32_t most = 0;
  std::vector<Route> routes;
};
std::uint32_t layer_of(const moesaic_mail& mail);
RoutesMail read_routes(const moesaic_mail& mail);

}  // namespace moesaic::firmware::ep
