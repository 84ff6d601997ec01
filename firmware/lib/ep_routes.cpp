// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/ep_routes.h"

#include <array>
#include <cstring>

namespace moesaic::firmware::ep {

namespace {

constexpr std::size_t kWords = sizeof(moesaic_mail::body) / 2;
constexpr std::size_t kFirst = 4;
constexpr std::uint16_t kEnd = 0xFFFF;
constexpr std::uint16_t kLast = 0x8000;
using Words = std::array<std::uint16_t, kWords>;
static_assert(sizeof(Words) == sizeof(moesaic_mail::body), "the body is 28 words");

std::uint32_t wide(const Words& words, std::size_t at) {
  return words[at] | (std::uint32_t{words[at + 1]} << 16);
}
void put_wide(Words& words, std::size_t at, std::uint32_t value) {
  words[at] = static_cast<std::uint16_t>(value);
  words[at + 1] = static_cast<std::uint16_t>(value >> 16);
}

Words words_of(const moesaic_mail& mail) {
  Words words;
  std::memcpy(words.data(), mail.body, sizeof mail.body);
  return words;
}

void post(Outbox& outbox, std::uint16_t owner, std::uint16_t kind, const Words& words) {
  moesaic_mail mail{};
  mail.context = MOESAIC_AGENT;
  mail.node = owner;
  mail.kind = kind;
  std::memcpy(mail.body, words.data(), sizeof mail.body);
  outbox.send(mail);
}

}  // namespace

void send_routes(Outbox& outbox, std::uint16_t owner, std::uint32_t layer, const std::vector<Route>& routes,
                 std::optional<std::uint32_t> most) {
  Words head;
  head.fill(kEnd);
  put_wide(head, 0, layer);
  put_wide(head, 2, static_cast<std::uint32_t>(routes.size()));
  if (most) head[kFirst] = static_cast<std::uint16_t>(*most);
  const std::uint16_t kind = most ? kPaddedRoutesMail : kRoutesMail;
  const std::size_t first = most ? kFirst + 1 : kFirst;

  Words words = head;
  std::size_t at = first;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const bool same_token = i > 0 && routes[i - 1].token == routes[i].token;
    const bool full = at + (same_token ? 2 : 4) > kWords;
    if (full) {
      post(outbox, owner, kind, words);
      words = head;
      at = first;
    }
    // A token that goes on in this message takes back its end mark; one that goes on in the next starts anew.
    if (same_token && !full) {
      words[at - 2] = static_cast<std::uint16_t>(words[at - 2] & ~kLast);
    } else {
      words[at++] = routes[i].token;
      words[at++] = routes[i].place;
    }
    words[at++] = static_cast<std::uint16_t>(routes[i].expert | kLast);
    words[at++] = routes[i].gate;
  }
  post(outbox, owner, kind, words);
}

std::uint32_t layer_of(const moesaic_mail& mail) {
  return wide(words_of(mail), 0);
}

RoutesMail read_routes(const moesaic_mail& mail) {
  const Words words = words_of(mail);
  RoutesMail out;
  out.layer = wide(words, 0);
  out.choices = wide(words, 2);
  const bool padded = mail.kind == kPaddedRoutesMail;
  if (padded) out.most = words[kFirst];
  for (std::size_t at = kFirst + (padded ? 1 : 0); at + 4 <= kWords && words[at] != kEnd;) {
    const std::uint16_t token = words[at++];
    std::uint16_t place = words[at++];
    bool last = false;
    for (; !last && at + 2 <= kWords; at += 2) {
      last = (words[at] & kLast) != 0;
      const auto expert = static_cast<std::uint16_t>(words[at] & ~kLast);
      out.routes.push_back({token, place++, expert, words[at + 1]});
    }
  }
  return out;
}

}  // namespace moesaic::firmware::ep
