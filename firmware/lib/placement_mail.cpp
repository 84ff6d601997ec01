// SPDX-License-Identifier: Apache-2.0
#include "firmware/lib/placement_mail.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace moesaic::firmware {

namespace {

constexpr std::size_t kWords = sizeof(moesaic_mail::body) / 2;
constexpr std::size_t kCountsHead = 3, kOwnersHead = 4;
constexpr std::size_t kCountsRoom = kWords - kCountsHead, kOwnersRoom = (kWords - kOwnersHead) / 2;
using Words = std::array<std::uint16_t, kWords>;

Words words_of(const moesaic_mail& mail) {
  Words words;
  std::memcpy(words.data(), mail.body, sizeof words);
  return words;
}

std::uint32_t layer_of(const Words& words) {
  return words[0] | (std::uint32_t{words[1]} << 16);
}

Words head(std::uint32_t layer) {
  Words words{};
  words[0] = static_cast<std::uint16_t>(layer);
  words[1] = static_cast<std::uint16_t>(layer >> 16);
  return words;
}

void post(Outbox& outbox, std::uint16_t node, moesaic_role role, PlacementMail kind, const Words& words) {
  moesaic_mail mail{};
  mail.node = node;
  mail.context = role;
  mail.kind = kind;
  std::memcpy(mail.body, words.data(), sizeof words);
  outbox.send(mail);
}

}  // namespace

std::uint32_t counts_mails(std::uint32_t experts) {
  return static_cast<std::uint32_t>(divide_up(experts, kCountsRoom));
}

void send_counts(Outbox& outbox, std::uint16_t scheduler, std::uint32_t layer,
                 const std::vector<std::uint32_t>& counts) {
  for (std::size_t first = 0; first < counts.size(); first += kCountsRoom) {
    Words words = head(layer);
    words[2] = static_cast<std::uint16_t>(first);
    const std::size_t end = std::min(counts.size(), first + kCountsRoom);
    for (std::size_t e = first; e < end; ++e)
      words[kCountsHead + e - first] = static_cast<std::uint16_t>(counts[e]);
    post(outbox, scheduler, MOESAIC_SCHEDULER, kCountsMail, words);
  }
}

Counts read_counts(const moesaic_mail& mail, std::uint32_t experts) {
  const Words words = words_of(mail);
  Counts out{layer_of(words), words[2], {}};
  const std::size_t n = std::min<std::size_t>(kCountsRoom, experts - out.first);
  out.counts.assign(words.begin() + kCountsHead,
                    words.begin() + static_cast<std::ptrdiff_t>(kCountsHead + n));
  return out;
}

void send_owners(Outbox& outbox, std::uint16_t die, std::uint32_t layer,
                 const std::vector<OwnedExpert>& entries) {
  std::size_t first = 0;
  do {
    Words words = head(layer);
    words[2] = static_cast<std::uint16_t>(first);
    words[3] = static_cast<std::uint16_t>(entries.size());
    const std::size_t end = std::min(entries.size(), first + kOwnersRoom);
    for (std::size_t i = first; i < end; ++i) {
      words[kOwnersHead + 2 * (i - first)] = entries[i].expert;
      words[kOwnersHead + 2 * (i - first) + 1] = entries[i].die;
    }
    post(outbox, die, MOESAIC_AGENT, kOwnersMail, words);
    first = end;
  } while (first < entries.size());
}

Owners read_owners(const moesaic_mail& mail) {
  const Words words = words_of(mail);
  Owners out{layer_of(words), words[2], words[3], {}};
  const std::size_t end = std::min<std::size_t>(out.total, out.first + kOwnersRoom);
  for (std::size_t i = out.first; i < end; ++i)
    out.entries.push_back(
        {words[kOwnersHead + 2 * (i - out.first)], words[kOwnersHead + 2 * (i - out.first) + 1]});
  return out;
}

}  // namespace moesaic::firmware
