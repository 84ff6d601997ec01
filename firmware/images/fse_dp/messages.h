// SPDX-License-Identifier: Apache-2.0
// The messages of FSE-DP, each complete in itself, so that they may arrive in any order. Words of a body are
// little-endian, 16 bits.
//
//   counts  agent -> scheduler   word 0 first expert; then a byte per expert: own tokens that chose it, at
//   most
//                                255 (only whether there are any matters for the result, the rest for order)
//   table   scheduler -> agent   word 0 number of the first entry, word 1 entries in all; then per entry a
//   word
//                                for the expert and a bit per place of the ring for the dies of its
//                                trajectory
//   ask     die -> next die      expert, slice, place of entry, own slot: "I have this for you"
//   grant   next die -> die      own slot of the asker, granted slot, lane, words 3..4 number of the grant:
//   "send"
#pragma once

#include <optional>
#include <vector>

#include "firmware/lib/outbox.h"
#include "firmware/lib/ring.h"

namespace moesaic::firmware::fse_dp {

enum MailKind : std::uint16_t { kCountsMail = 1, kTableMail = 2, kAskMail = 3, kGrantMail = 4 };

/// A trajectory: the dies that hold tokens for an expert.
struct Trajectory {
  std::uint16_t expert;
  DieSet dies;
};

struct CountsMail {
  static constexpr std::uint32_t kRoom = sizeof(moesaic_mail::body) - 2;
  static constexpr std::uint8_t kMost = 255;
  static std::uint32_t mails(std::uint32_t experts) { return (experts + kRoom - 1) / kRoom; }
  std::uint16_t first;
  std::vector<std::uint8_t> counts;  ///< kRoom of them, or up to the last expert
};
void send_counts(Outbox& outbox, std::uint16_t scheduler, const std::vector<std::uint32_t>& counts);
CountsMail read_counts(const moesaic_mail& mail, std::uint32_t experts);

struct TableMail {
  std::uint16_t first, total;
  std::vector<Trajectory> entries;
};
/// Entries that one message holds.
std::uint32_t table_room(std::uint32_t dies);
/// The message with the entries from `first` on.
moesaic_mail table_mail(std::uint16_t die, const std::vector<Trajectory>& table, std::uint32_t first,
                        std::uint32_t dies);
TableMail read_table(const moesaic_mail& mail, std::uint32_t dies);

struct Ask {
  std::uint16_t expert, slice, entry, slot;
  std::uint16_t from;  ///< die
};
moesaic_mail ask_mail(std::uint16_t to, const Ask& ask);
Ask read_ask(const moesaic_mail& mail);

struct Grant {
  std::uint16_t asker_slot, slot, lane;
  std::uint32_t number;  ///< of the grants by this die to that one
  std::uint16_t from;    ///< die
};
moesaic_mail grant_mail(std::uint16_t to, const Grant& grant);
Grant read_grant(const moesaic_mail& mail);

}  // namespace moesaic::firmware::fse_dp
